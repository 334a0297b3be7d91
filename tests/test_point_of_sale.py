from odoo import Command
from odoo.exceptions import UserError
from odoo.tests import tagged

from .common import CreditNoteCommon


@tagged("post_install", "-at_install")
class TestPointOfSale(CreditNoteCommon):
    """Beside the till: `dev/test --with point_of_sale :TestPointOfSale`.

    The company locks and refuses over-crediting, as ever. An order of 2 at 50.0 with
    a tax of 15 %, paid by bank.
    """

    def setUp(self):
        super().setUp()
        if "pos.order" not in self.env:
            self.skipTest("no till in this database: --with point_of_sale")
        self.env.user.group_ids += self.env.ref("point_of_sale.group_pos_manager")
        company = self.env.company
        self.assertTrue(company.lock_posted_invoices)
        self.assertEqual(company.over_credit_policy, "block")
        receivable = self.company_data["default_account_receivable"]
        company.account_default_pos_receivable_account_id = receivable.copy(
            {"name": "till", "code": "POSREC"}
        )
        self.method = self.env["pos.payment.method"].create(
            {"name": "Bank", "journal_id": self.company_data["default_journal_bank"].id}
        )
        journal = self.company_data["default_journal_sale"]
        self.till = self.env["pos.config"].create(
            {
                "name": "Till",
                "journal_id": journal.id,
                "invoice_journal_id": journal.id,
                "payment_method_ids": [Command.set(self.method.ids)],
            }
        )
        self.till.open_ui()

    def _order(self):
        """:return: an order of the till that is neither paid nor invoiced"""
        order = self.env["pos.order"].create(
            {
                "amount_paid": 0,
                "amount_return": 0,
                "amount_tax": 0,
                "amount_total": 0,
                "company_id": self.env.company.id,
                "lines": [
                    Command.create(
                        {
                            "price_subtotal": 0,
                            "price_subtotal_incl": 0,
                            "price_unit": 50.0,
                            "product_id": self.product_a.id,
                            "qty": 2,
                            "tax_ids": [Command.set(self.tax_sale_a.ids)],
                        }
                    )
                ],
                "partner_id": self.partner_a.id,
                "session_id": self.till.current_session_id.id,
            }
        )
        order.lines._onchange_amount_line_all()
        order._compute_prices()
        return order

    def _pay(self, order):
        """Pay, and have the order invoiced by that."""
        order.to_invoice = True
        context = {"active_id": order.id, "active_ids": order.ids}
        self.env["pos.make.payment"].with_context(**context).create(
            {"payment_method_id": self.method.id}
        ).check()
        return order.account_move

    def _refund(self, order, quantity=2):
        refund = self.env["pos.order"].browse(order.refund()["res_id"])
        refund.lines.qty = -quantity
        refund.lines._onchange_amount_line_all()
        refund._compute_prices()
        return refund

    def _close(self):
        session = self.till.current_session_id
        session.action_pos_session_closing_control()
        self.assertEqual(session.state, "closed")
        return session.move_id

    def assertBooks(self, moves, revenue, receivable):
        """These documents come to this, and nothing of them can be changed."""
        for account, amount in (
            (self.company_data["default_account_revenue"], revenue),
            (self.company_data["default_account_receivable"], receivable),
        ):
            lines = moves.line_ids.filtered(
                lambda line, account=account: line.account_id == account
            )
            self.assertAlmostEqual(sum(lines.mapped("balance")), amount)
        for move in moves:
            for change in (
                lambda move=move: move.invoice_line_ids.write({"price_unit": 1.0}),
                lambda move=move: move.write({"state": "draft"}),
            ):
                with self.assertRaises(UserError) as refusal:
                    change()
                self.assertIn(move.name, str(refusal.exception))

    def test_invoice_of_an_order(self):
        invoice = self._pay(self._order())
        self.assertFalse(
            invoice._split_for_background(), "a till prints by itself what is asked for"
        )
        self.assertEqual(invoice.state, "posted")
        self.assertEqual(invoice.payment_state, "paid")
        self.assertBooks(invoice, -100.0, 115.0)
        self._close()
        self.assertEqual(invoice.payment_state, "paid")
        self.assertBooks(invoice, -100.0, 115.0)

    def test_invoice_after_the_session_was_closed(self):
        order = self._order()
        context = {"active_id": order.id, "active_ids": order.ids}
        self.env["pos.make.payment"].with_context(**context).create(
            {"payment_method_id": self.method.id}
        ).check()
        self.assertFalse(order.account_move)
        closing = self._close()
        order.action_pos_order_invoice()
        invoice = order.account_move
        self.assertEqual(invoice.payment_state, "paid")
        self.assertBooks(invoice, -100.0, 115.0)
        reversal = invoice.search([("reversed_pos_order_id", "=", order.id)])
        revenue = (closing + invoice + reversal).line_ids.filtered(
            lambda line: line.account_id.account_type == "income"
        )
        self.assertAlmostEqual(sum(revenue.mapped("balance")), -100.0)

    def test_refund_of_an_order(self):
        order = self._order()
        invoice = self._pay(order)
        credit_note = self._pay(self._refund(order))
        self.assertEqual(credit_note.move_type, "out_refund")
        self.assertEqual(credit_note.reversed_entry_id, invoice)
        self.assertBooks(invoice + credit_note, 0.0, 0.0)
        self.assertEqual(invoice.amount_creditable, 0.0)
        with self.assertRaises(UserError):
            invoice.action_credit_note()
        self._close()
        self.assertBooks(invoice + credit_note, 0.0, 0.0)

    def test_dialog_on_the_invoice(self):
        invoice = self._pay(self._order())
        credit_note = self._credit(invoice, user=self.clerk)
        self.assertEqual(credit_note.amount_total, 115.0)
        # Paid at the till: the payment stays, the credit is the customer's.
        self.assertEqual(invoice.payment_state, "paid")
        self.assertEqual(credit_note.amount_residual, 115.0)
        self._close()
        self.assertBooks(invoice + credit_note, 0.0, 0.0)

    def test_dialog_after_a_part_was_refunded_at_the_till(self):
        order = self._order()
        invoice = self._pay(order)
        at_till = self._pay(self._refund(order, quantity=1))
        self.assertEqual(at_till.amount_total, 57.5)
        self.assertAlmostEqual(invoice.amount_creditable, 57.5)
        rest = self._credit(invoice)
        self.assertAlmostEqual(rest.amount_total, 57.5)
        self.assertBooks(invoice + at_till + rest, 0.0, 0.0)
        self._close()

    def test_refund_at_the_till_of_what_is_credited(self):
        """The guard stops the till, too: nothing is refunded twice."""
        order = self._order()
        invoice = self._pay(order)
        credit_note = self._credit(invoice)
        refund = self._refund(order)
        with self.assertRaises(UserError) as refusal:
            self._pay(refund)
        self.assertIn(invoice.name, str(refusal.exception))
        self.assertEqual(invoice.reversal_move_ids, credit_note)
