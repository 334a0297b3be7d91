from odoo import Command
from odoo.exceptions import UserError
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

    def _partly_credited_down_payment(self):
        """Of 230.0, 92.0 is credited."""
        self._credit(self._down_payment(), credit_method="amount", amount=92.0)

    def _final_invoice_with_deduction(self):
        """:return: the posted final invoice, with a down payment of 230.0 on it"""
        self._down_payment()
        return self._final_invoice()

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
            sum(
                document.direction_sign * -document.amount_total
                for document in documents
            ),
            self.order.amount_total,
        )

    def assertDeductedAndPaidOnce(self, amount):
        """The next final invoice takes this amount off for down payments."""
        self.assertAlmostEqual(self._deducted(self._final_invoice()), amount)
        self.assertOrderPaidOnce()

    def _post_by_hand(self, draft):
        """As the button *Confirm* does, whose request then commits."""
        draft.action_post()
        self.env.cr.flush()

    def _make_order(self, *lines, **values):
        """:param lines: (price, taxes) of each line, of 10 pieces"""
        self.order = self.env["sale.order"].create(
            {
                "partner_id": self.partner_a.id,
                "order_line": [
                    Command.create(
                        {
                            "product_id": self.product_a.id,
                            "product_uom_qty": 10,
                            "price_unit": price,
                            "tax_ids": [Command.set(taxes.ids)],
                        }
                    )
                    for price, taxes in lines
                ],
                **values,
            }
        )
        self.order.action_confirm()

    # -------------------------------------------------------------------------
    # THE INVOICE OF THE DOWN PAYMENT
    # -------------------------------------------------------------------------

    def test_nothing_credited(self):
        self._down_payment()
        self.assertDeductedAndPaidOnce(200.0)

    def test_whole(self):
        for values in (
            {},
            {"advance_payment_method": "percentage", "amount": 20.0},
        ):
            with self.subTest(values=values):
                invoice = self._down_payment(**values)
                self.assertAlmostEqual(invoice.amount_total, 230.0)
                self.assertBalanced(invoice + self._credit(invoice))
        self.assertDeductedAndPaidOnce(0.0)

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
        self.assertDeductedAndPaidOnce(120.0)

    def test_part_then_part_then_the_rest(self):
        invoice = self._down_payment()
        for _number in range(2):
            self._credit(invoice, credit_method="amount", amount=46.0)
        self.assertAlmostEqual(self._deducted(self._final_invoice(post=False)), 120.0)
        self.order.invoice_ids.filtered(lambda move: move.state == "draft").unlink()
        self._credit(invoice)
        self.assertDeductedAndPaidOnce(0.0)

    def test_part_of_one_of_two(self):
        self._down_payment()
        second = self._down_payment(fixed_amount=115.0)
        self._credit(second, credit_method="amount", amount=23.0)
        self.assertDeductedAndPaidOnce(280.0)

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

    def test_part_edited_by_hand(self):
        """Odoo would deduct nothing any more of what is left."""
        invoice = self._down_payment()
        draft = self._native_credit_note(invoice, post=False, price_unit=80.0)
        self._post_by_hand(draft)
        self.assertDeductedAndPaidOnce(120.0)

    def test_locked_order(self):
        invoice = self._down_payment()
        self.order.action_lock()
        self._credit(invoice, credit_method="amount", amount=92.0)
        self.assertTrue(self.order.locked)
        self.assertDeductedAndPaidOnce(120.0)

    def test_taxes_and_currencies(self):
        """Part of the down payment, the final invoice, and that credited as a whole."""
        included = self.tax_sale_a.copy(
            {
                "name": "included",
                "amount": 21.0,
                "price_include_override": "tax_included",
            }
        )
        odd = self.tax_sale_a.copy({"name": "odd", "amount": 7.7})
        fixed = self.tax_sale_a.copy(
            {"name": "fixed", "amount": 0.37, "amount_type": "fixed"}
        )
        currency = self.setup_other_currency("EUR", rates=[("2020-01-01", 1.3337)])
        pricelist = self.env["product.pricelist"].create(
            {"name": "EUR", "currency_id": currency.id}
        )
        for name, lines in (
            ("several", [(33.33, self.tax_sale_a + odd)]),
            ("included", [(33.33, included)]),
            ("included and odd", [(33.33, included + odd)]),
            (
                "of each line",
                [(33.33, self.tax_sale_a), (12.79, odd), (7.01, included)],
            ),
            ("fixed", [(33.33, fixed + self.tax_sale_a)]),
            ("none", [(33.33, self.env["account.tax"])]),
        ):
            for values in ({}, {"pricelist_id": pricelist.id}):
                for rounding in ("round_globally", "round_per_line"):
                    with self.subTest(name, foreign=bool(values), rounding=rounding):
                        self._check_part_then_final(lines, values, rounding)

    def _check_part_then_final(self, lines, values, rounding):
        self.env.company.tax_calculation_rounding_method = rounding
        # Those of the others are not counted.
        self.partner_a = self.partner_a.copy()
        self._make_order(*lines, partner_id=self.partner_a.id, **values)
        invoice = self._down_payment(advance_payment_method="percentage", amount=30.0)
        self._credit(invoice, credit_method="amount", amount=37.13)
        final = self._final_invoice()
        self.assertOrderPaidOnce()
        draft = self._native_credit_note(final, post=False)
        self._post_by_hand(draft)
        self._final_invoice()
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
        final = self._final_invoice_with_deduction()
        self.assertBalanced(final + self._credit(final))
        again = self._final_invoice()
        self.assertAlmostEqual(again.amount_total, final.amount_total)
        self.assertAlmostEqual(self._deducted(again), 200.0)
        self.assertOrderPaidOnce()

    def test_final_invoice_whole_after_part_of_the_down_payment(self):
        self._partly_credited_down_payment()
        final = self._final_invoice()
        self._credit(final)
        self.assertDeductedAndPaidOnce(120.0)

    def test_final_invoice_part_of_the_goods(self):
        final = self._final_invoice_with_deduction()
        goods, _deduction = self._goods_and_deduction(final)
        credit_note = self._credit(final, **self._lines(goods, 2))
        self.assertAlmostEqual(credit_note.amount_total, 230.0)
        again = self._final_invoice()
        self.assertAlmostEqual(again.amount_untaxed, 200.0)
        self.assertEqual(self._deducted(again), 0.0)
        self.assertOrderPaidOnce()

    def test_final_invoice_goods_and_deduction(self):
        final = self._final_invoice_with_deduction()
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
        final = self._final_invoice_with_deduction()
        self._credit(final, credit_method="amount", amount=100.0)
        self.assertEqual(self.order.order_line.filtered("product_id").qty_invoiced, 10)
        self.assertEqual(self.order.invoice_status, "invoiced")
        self.assertBalanced(final + final.reversal_move_ids + self._credit(final))
        again = self._final_invoice()
        self.assertAlmostEqual(again.amount_untaxed, 800.0)
        self.assertAlmostEqual(self._deducted(again), 200.0)

    def test_final_invoice_part_of_the_deduction(self):
        """The order would deduct it whole again, whatever part was credited."""
        final = self._final_invoice_with_deduction()
        goods, deduction = self._goods_and_deduction(final)
        for part in ({"quantity": -0.5}, {"quantity": -1.0, "price_unit": 100.0}):
            with self.subTest(part=part):
                values = self._lines(goods, 5)
                values["line_ids"] += self._lines(deduction, **part)["line_ids"]
                with self.assertRaisesRegex(UserError, "Credit all of the line"):
                    self._credit(final, **values)
                self.assertFalse(final.reversal_move_ids)
                # Out of goodwill nothing is deducted again.
                self._credit(final, reopen_order=False, **values)
                self.assertEqual(self.order.invoice_status, "invoiced")
                final = self._again(final)
                goods, deduction = self._goods_and_deduction(final)

    def _again(self, final):
        """:return: the final invoice of a copy of the order"""
        self.order = self.order.copy()
        self.order.action_confirm()
        return self._final_invoice_with_deduction()

    def test_final_invoice_by_hand(self):
        """Drafts of the dialog and of Odoo, posted by the clerk."""
        final = self._final_invoice_with_deduction()
        for is_ours in (True, False):
            if is_ours:
                wizard = self._wizard(final)
                wizard.action_save_draft()
                draft = wizard.new_move_ids
            else:
                draft = self._native_credit_note(final, post=False)
            with self.subTest(is_ours=is_ours):
                goods, deduction = self._goods_and_deduction(draft)
                for part in ({"price_unit": 100.0}, {"quantity": -0.5}):
                    with self.cr.savepoint() as savepoint:
                        goods.quantity = 5
                        deduction.write(part)
                        with self.assertRaisesRegex(
                            UserError, "Credit all of the line"
                        ):
                            draft.action_post()
                        savepoint.rollback()
                        self.env.invalidate_all()
                self._post_by_hand(draft)
                final = self._final_invoice()
                self.assertAlmostEqual(self._deducted(final), 200.0)
                self.assertOrderPaidOnce()

    def test_final_invoice_by_hand_after_part_of_the_down_payment(self):
        """Sales sets the price of the down payment anew when a document is posted."""
        self._partly_credited_down_payment()
        final = self._final_invoice(post=False)
        self._post_by_hand(final)
        draft = self._native_credit_note(final, post=False)
        self._post_by_hand(draft)
        self.assertDeductedAndPaidOnce(120.0)
