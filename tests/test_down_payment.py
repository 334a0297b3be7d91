from odoo import Command
from odoo.tests import tagged

from .common import CreditNoteCommon


@tagged("post_install", "-at_install")
class TestDownPayment(CreditNoteCommon):
    """Down payments on a sales order: `dev/test --with sale :TestDownPayment`.

    An order of 10 at 100.0 with a tax of 15 %, and a down payment on it.
    """

    def setUp(self):
        super().setUp()
        if "sale.advance.payment.inv" not in self.env:
            self.skipTest("the Sales app is not in this database: --with sale")
        self.env.user.group_ids += self.env.ref("sales_team.group_sale_manager")
        self.product_a.invoice_policy = "order"
        self.order = self.env["sale.order"].create(
            {
                "partner_id": self.partner_a.id,
                "order_line": [
                    Command.create(
                        {
                            "product_id": self.product_a.id,
                            "product_uom_qty": 10,
                            "price_unit": 100.0,
                            "tax_ids": [Command.set(self.tax_sale_a.ids)],
                        }
                    )
                ],
            }
        )
        self.order.action_confirm()

    def _down_payment(self, **values):
        """:return: the posted invoice of a down payment, of 230.0 unless told"""
        wizard = self.env["sale.advance.payment.inv"].create(
            {
                "sale_order_ids": [Command.set(self.order.ids)],
                "advance_payment_method": "fixed",
                "fixed_amount": 230.0,
                **values,
            }
        )
        invoice = wizard._create_invoices(self.order)
        invoice.action_post()
        return invoice

    def _final_invoice(self, post=True):
        invoice = self.order._create_invoices(final=True)
        if post:
            invoice.action_post()
        return invoice

    def _deducted(self, invoice):
        """:return: what this invoice takes off for down payments, tax excluded"""
        return -sum(
            invoice.invoice_line_ids.filtered(
                lambda line: line.is_downpayment and line.display_type == "product"
            ).mapped("price_subtotal")
        )

    def _lines(self, line, quantity, **values):
        return {
            "credit_method": "lines",
            "line_ids": [
                Command.create(
                    {"invoice_line_id": line.id, "quantity": quantity, **values}
                )
            ],
        }

    def assertOrderPaidOnce(self):
        """Invoices less credit notes of the order's customer come to the order."""
        documents = self.env["account.move"].search(
            [
                ("partner_id", "=", self.partner_a.id),
                ("state", "=", "posted"),
                ("move_type", "in", ("out_invoice", "out_refund")),
            ]
        )
        self.assertAlmostEqual(
            sum(documents.mapped("amount_total_signed")), self.order.amount_total
        )

    # -------------------------------------------------------------------------
    # THE INVOICE OF THE DOWN PAYMENT
    # -------------------------------------------------------------------------

    def test_nothing_credited(self):
        self._down_payment()
        self.assertAlmostEqual(self._deducted(self._final_invoice()), 200.0)
        self.assertOrderPaidOnce()

    def test_whole(self):
        for values in (
            {},
            {"advance_payment_method": "percentage", "amount": 20.0},
        ):
            with self.subTest(values=values):
                invoice = self._down_payment(**values)
                self.assertAlmostEqual(invoice.amount_total, 230.0)
                self.assertBalanced(invoice + self._credit(invoice))
        self.assertEqual(self._deducted(self._final_invoice()), 0.0)
        self.assertOrderPaidOnce()

    def test_part(self):
        """Whatever the way, the order deducts what is left of the down payment."""
        for name, get_values in (
            ("amount", lambda line: {"credit_method": "amount", "amount": 92.0}),
            (
                "percentage",
                lambda line: {"credit_method": "percentage", "percentage": 40},
            ),
            ("price", lambda line: self._lines(line, 1, price_unit=80.0)),
            ("quantity", lambda line: self._lines(line, 0.4)),
        ):
            for method in ("fixed", "percentage"):
                with self.subTest(credited_by=name, down_payment=method):
                    order = self.order
                    self.order = order.copy()
                    self.order.action_confirm()
                    invoice = self._down_payment(
                        advance_payment_method=method, amount=20.0
                    )
                    values = get_values(invoice.invoice_line_ids)
                    credit_note = self._credit(invoice, **values)
                    self.assertAlmostEqual(credit_note.amount_total, 92.0)
                    final = self._final_invoice()
                    self.assertAlmostEqual(self._deducted(final), 120.0)
                    self.assertAlmostEqual(final.amount_total, 1150.0 - 138.0)
                    self.assertEqual(self.order.invoice_status, "invoiced")
                    self.order = order

    def test_part_saved_as_draft(self):
        invoice = self._down_payment()
        wizard = self._wizard(invoice, credit_method="amount", amount=92.0)
        wizard.action_save_draft()
        wizard.new_move_ids.action_post()
        self.assertAlmostEqual(self._deducted(self._final_invoice()), 120.0)
        self.assertOrderPaidOnce()

    def test_part_then_part_then_the_rest(self):
        invoice = self._down_payment()
        for _number in range(2):
            self._credit(invoice, credit_method="amount", amount=46.0)
        self.assertAlmostEqual(self._deducted(self._final_invoice(post=False)), 120.0)
        self.order.invoice_ids.filtered(lambda move: move.state == "draft").unlink()
        self._credit(invoice)
        self.assertEqual(self._deducted(self._final_invoice()), 0.0)
        self.assertOrderPaidOnce()

    def test_part_of_one_of_two(self):
        self._down_payment()
        second = self._down_payment(fixed_amount=115.0)
        self._credit(second, credit_method="amount", amount=23.0)
        self.assertAlmostEqual(self._deducted(self._final_invoice()), 280.0)
        self.assertOrderPaidOnce()

    def test_goodwill_is_still_deducted(self):
        invoice = self._down_payment()
        self._credit(invoice, reopen_order=False, credit_method="amount", amount=92.0)
        self.assertAlmostEqual(self._deducted(self._final_invoice()), 200.0)

    def test_goodwill_of_all_is_still_deducted(self):
        self._credit(self._down_payment(), reopen_order=False)
        self.assertAlmostEqual(self._deducted(self._final_invoice()), 200.0)

    def test_quantity_then_the_rest(self):
        invoice = self._down_payment()
        self._credit(invoice, **self._lines(invoice.invoice_line_ids, 0.4))
        self.assertBalanced(invoice + invoice.reversal_move_ids + self._credit(invoice))
        final = self._final_invoice()
        self.assertFalse(final.invoice_line_ids.filtered("is_downpayment"))
        self.assertOrderPaidOnce()

    # -------------------------------------------------------------------------
    # THE FINAL INVOICE, WITH THE DEDUCTION ON IT
    # -------------------------------------------------------------------------

    def _goods_and_deduction(self, invoice):
        lines = invoice.invoice_line_ids.filtered(
            lambda line: line.display_type == "product"
        )
        deduction = lines.filtered("is_downpayment")
        return lines - deduction, deduction

    def test_final_invoice_whole(self):
        self._down_payment()
        final = self._final_invoice()
        self.assertBalanced(final + self._credit(final))
        again = self._final_invoice()
        self.assertAlmostEqual(again.amount_total, final.amount_total)
        self.assertAlmostEqual(self._deducted(again), 200.0)
        self.assertOrderPaidOnce()

    def test_final_invoice_whole_after_part_of_the_down_payment(self):
        invoice = self._down_payment()
        self._credit(invoice, credit_method="amount", amount=92.0)
        final = self._final_invoice()
        self._credit(final)
        self.assertAlmostEqual(self._deducted(self._final_invoice()), 120.0)
        self.assertOrderPaidOnce()

    def test_final_invoice_part_of_the_goods(self):
        self._down_payment()
        final = self._final_invoice()
        goods, _deduction = self._goods_and_deduction(final)
        credit_note = self._credit(final, **self._lines(goods, 2))
        self.assertAlmostEqual(credit_note.amount_total, 230.0)
        again = self._final_invoice()
        self.assertAlmostEqual(again.amount_untaxed, 200.0)
        self.assertEqual(self._deducted(again), 0.0)
        self.assertOrderPaidOnce()

    def test_final_invoice_goods_and_deduction(self):
        self._down_payment()
        final = self._final_invoice()
        goods, deduction = self._goods_and_deduction(final)
        values = self._lines(goods, 5)
        values["line_ids"] += self._lines(deduction, -1)["line_ids"]
        credit_note = self._credit(final, **values)
        self.assertAlmostEqual(credit_note.amount_untaxed, 300.0)
        again = self._final_invoice()
        self.assertAlmostEqual(again.amount_untaxed, 300.0)
        self.assertAlmostEqual(self._deducted(again), 200.0)
        self.assertOrderPaidOnce()

    def test_final_invoice_amount(self):
        self._down_payment()
        final = self._final_invoice()
        self._credit(final, credit_method="amount", amount=100.0)
        self.assertEqual(self.order.order_line.filtered("product_id").qty_invoiced, 10)
        self.assertEqual(self.order.invoice_status, "invoiced")
        self.assertBalanced(final + final.reversal_move_ids + self._credit(final))
        again = self._final_invoice()
        self.assertAlmostEqual(again.amount_untaxed, 800.0)
        self.assertAlmostEqual(self._deducted(again), 200.0)
