from odoo.tests import tagged

from .common import CreditNoteCommon


@tagged("post_install", "-at_install")
class TestSale(CreditNoteCommon):
    """Beside the Sales app: run with `dev/test --with sale :TestSale`."""

    def setUp(self):
        super().setUp()
        if "sale.order" not in self.env:
            self.skipTest("the Sales app is not in this database: --with sale")
        self.env.user.group_ids += self.env.ref("sales_team.group_sale_manager")

    def _order_and_invoice(self):
        order = self.env["sale.order"].create(
            {
                "partner_id": self.partner_a.id,
                "order_line": [
                    (
                        0,
                        0,
                        {
                            "product_id": self.product_a.id,
                            "product_uom_qty": 5,
                            "price_unit": 10.0,
                        },
                    )
                ],
            }
        )
        self.product_a.invoice_policy = "order"
        order.action_confirm()
        invoice = order._create_invoices()
        invoice.action_post()
        self.assertEqual(order.order_line.qty_invoiced, 5)
        return order, invoice

    def test_order_can_be_invoiced_again(self):
        order, invoice = self._order_and_invoice()
        wizard = self._wizard(invoice)
        self.assertTrue(wizard.has_order)
        wizard.action_issue()
        self.assertEqual(order.order_line.qty_invoiced, 0)
        self.assertEqual(order.invoice_status, "to invoice")

    def test_goodwill_leaves_the_order_invoiced(self):
        order, invoice = self._order_and_invoice()
        self._credit(invoice, reopen_order=False)
        self.assertEqual(order.order_line.qty_invoiced, 5)
        self.assertEqual(order.invoice_status, "invoiced")

    def test_part_of_the_quantity(self):
        order, invoice = self._order_and_invoice()
        self._credit(
            invoice,
            credit_method="lines",
            line_ids=[
                (0, 0, {"invoice_line_id": invoice.invoice_line_ids.id, "quantity": 2})
            ],
        )
        self.assertEqual(order.order_line.qty_invoiced, 3)

    def test_lower_price_leaves_the_order_invoiced(self):
        order, invoice = self._order_and_invoice()
        self._credit(invoice, credit_method="percentage", percentage=10)
        self.assertEqual(order.order_line.qty_invoiced, 5)

    def test_credit_note_of_the_order_credits_its_invoice(self):
        order, invoice = self._order_and_invoice()
        order.order_line.product_uom_qty = 3
        credit_note = order._create_invoices(final=True)
        self.assertEqual(credit_note.move_type, "out_refund")
        self.assertEqual(credit_note.reversed_entry_id, invoice)
        credit_note.action_post()
        self.assertLess(invoice.amount_creditable, invoice.amount_total)

    def test_reinvoice_keeps_the_order(self):
        order, invoice = self._order_and_invoice()
        action = self._wizard(invoice).modify_moves()
        new_invoice = self.env["account.move"].browse(action["res_id"])
        self.assertEqual(new_invoice.invoice_line_ids.sale_line_ids, order.order_line)
        self.assertEqual(new_invoice.invoice_origin, order.name)
        self.assertEqual(order.order_line.qty_invoiced, 5)
