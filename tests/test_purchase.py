from odoo import Command
from odoo.tests import tagged

from .common import CreditNoteCommon


@tagged("post_install", "-at_install")
class TestPurchase(CreditNoteCommon):
    """Vendor bills are reversed as ever: `dev/test --with purchase :TestPurchase`."""

    def setUp(self):
        super().setUp()
        if "purchase.order" not in self.env:
            self.skipTest("no Purchase app in this database: --with purchase")
        self.env.user.group_ids += self.env.ref("purchase.group_purchase_manager")
        self.product_a.purchase_method = "purchase"
        self.order = self.env["purchase.order"].create(
            {
                "partner_id": self.partner_b.id,
                "order_line": [
                    Command.create(
                        {
                            "product_id": self.product_a.id,
                            "product_qty": 5,
                            "price_unit": 10.0,
                            "tax_ids": [Command.set(self.tax_purchase_a.ids)],
                        }
                    )
                ],
            }
        )
        self.order.button_confirm()
        self.order.action_create_invoice()
        self.bill = self.order.invoice_ids
        self.bill.invoice_date = self.today
        self.bill.action_post()
        self.assertEqual(self.order.order_line.qty_invoiced, 5)

    def _reversal(self):
        return (
            self.env["account.move.reversal"]
            .with_context(active_model="account.move", active_ids=self.bill.ids)
            .create({"journal_id": self.bill.journal_id.id})
        )

    def assertOpposite(self, refund):
        """The refund books the bill the other way round, account by account."""
        for account in self.bill.line_ids.account_id | refund.line_ids.account_id:
            lines = (self.bill + refund).line_ids.filtered(
                lambda line, account=account: line.account_id == account
            )
            self.assertAlmostEqual(sum(lines.mapped("balance")), 0.0)

    def test_whole(self):
        wizard = self._reversal()
        self.assertFalse(wizard.is_credit_note)
        wizard.refund_moves()
        refund = wizard.new_move_ids
        self.assertEqual(refund.move_type, "in_refund")
        self.assertEqual(refund.state, "draft")
        self.assertFalse(refund.line_ids.credited_line_id)
        refund.action_post()
        self.assertOpposite(refund)
        self.assertEqual(self.order.order_line.qty_invoiced, 0)
        self.assertEqual(self.order.invoice_status, "to invoice")

    def test_part_edited_by_hand(self):
        wizard = self._reversal()
        wizard.refund_moves()
        refund = wizard.new_move_ids
        refund.invoice_line_ids.quantity = 2
        refund.action_post()
        self.assertEqual(self.order.order_line.qty_invoiced, 3)
        self.assertAlmostEqual(refund.amount_untaxed, 20.0)

    def test_twice(self):
        """What a vendor credits is not guarded."""
        for _number in range(2):
            wizard = self._reversal()
            wizard.refund_moves()
            wizard.new_move_ids.action_post()
        self.assertEqual(self.order.order_line.qty_invoiced, -5)

    def test_reverse_and_create_invoice(self):
        wizard = self._reversal()
        wizard.modify_moves()
        refund = self.bill.reversal_move_ids
        self.assertEqual(refund.state, "posted")
        self.assertOpposite(refund)
        self.assertEqual(self.bill.payment_state, "reversed")
        new_bill = self.order.invoice_ids - self.bill - refund
        self.assertEqual(new_bill.state, "draft")
        self.assertEqual(self.order.order_line.qty_invoiced, 5)

    def test_no_lock(self):
        self.bill.button_draft()
        self.bill.invoice_line_ids.price_unit = 11.0
        self.bill.action_post()
        self.assertAlmostEqual(self.bill.amount_untaxed, 55.0)
