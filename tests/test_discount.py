from odoo import Command
from odoo.tests import tagged

from .common import CreditNoteCommon


@tagged("post_install", "-at_install")
class TestDiscount(CreditNoteCommon):
    """An early payment discount was taken: the customer gets back what was paid.

    Odoo credits the whole invoice, 2.30 more than was paid, and the tax of the
    discount a second time.
    """

    def _paid_invoice(self, computation, *prices):
        term = self.env["account.payment.term"].create(
            {
                "name": "2/7 Net 30",
                "early_discount": True,
                "discount_percentage": 2,
                "discount_days": 7,
                "early_pay_discount_computation": computation,
                "line_ids": [
                    Command.create(
                        {"value": "percent", "value_amount": 100, "nb_days": 30}
                    )
                ],
            }
        )
        invoice = self._invoice(*prices, invoice_payment_term_id=term.id)
        payment = self._register_payment(invoice, payment_date=invoice.invoice_date)
        self.assertEqual(invoice.amount_residual, 0.0)
        return invoice, payment

    def _get_balances(self, moves):
        """:return: (revenue and discount, tax, receivable) of these entries"""
        return tuple(
            round(sum(moves.line_ids.filtered(kind).mapped("balance")), 2)
            for kind in (
                lambda line: (
                    line.account_id.account_type
                    in ("income", "income_other", "expense")
                    and line.display_type not in ("tax", "payment_term")
                    and not line.tax_line_id
                ),
                "tax_line_id",
                lambda line: line.account_id.account_type == "asset_receivable",
            )
        )

    def test_everything_left(self):
        for computation, paid in (
            ("included", 112.7),
            ("excluded", 113.0),
            ("mixed", 112.7),
        ):
            with self.subTest(computation=computation):
                invoice, payment = self._paid_invoice(computation, 60.0, 40.0)
                self.assertEqual(payment.amount, paid)
                self.assertAlmostEqual(invoice.amount_creditable, paid)
                wizard = self._wizard(invoice)
                preview = wizard._get_preview(invoice)
                self.assertAlmostEqual(preview["total"], paid)
                self.assertAlmostEqual(preview["amount_customer_credit"], paid)
                discount = invoice.currency_id.format(invoice.amount_total - paid)
                self.assertIn(
                    f"{invoice.name}: the customer took an early payment discount of"
                    f" {discount}, booked with the payment.",
                    wizard.preview,
                )
                wizard.action_issue()
                credit_note = wizard.new_move_ids
                self.assertAlmostEqual(credit_note.amount_total, paid)
                self.assertAlmostEqual(credit_note.amount_residual, paid)
                # Revenue and its discount, and the tax: nothing is left of either.
                everything = invoice + payment.move_id + credit_note
                self.assertEqual(
                    self._get_balances(everything), (0.0, 0.0, -paid), computation
                )
                self.assertEqual(invoice.amount_creditable, 0.0)
                self.assertEqual(invoice.billing_status, "credited")
                self.assertEqual(
                    invoice.invoice_line_ids.mapped("quantity_creditable"), [0.0, 0.0]
                )

    def test_in_parts(self):
        invoice, payment = self._paid_invoice("included", 60.0, 40.0)
        self._credit(invoice, credit_method="amount", amount=50.0)
        self._credit(invoice, credit_method="percentage", percentage=10)
        self._credit(invoice)
        self.assertAlmostEqual(
            sum(invoice.reversal_move_ids.mapped("amount_total")), payment.amount
        )
        self.assertEqual(
            self._get_balances(invoice + payment.move_id + invoice.reversal_move_ids),
            (0.0, 0.0, -payment.amount),
        )

    def test_all_by_percentage(self):
        invoice, payment = self._paid_invoice("included")
        credit_note = self._credit(invoice, credit_method="percentage", percentage=100)
        self.assertAlmostEqual(credit_note.amount_total, payment.amount)

    def test_discount_not_taken(self):
        invoice, _payment = self._paid_invoice("included")
        late = self._invoice(
            100.0,
            invoice_payment_term_id=invoice.invoice_payment_term_id.id,
            invoice_date="2026-01-01",
        )
        self._register_payment(late, payment_date="2026-03-01")
        self.assertEqual(late.amount_creditable, 115.0)
        self.assertEqual(self._credit(late).amount_total, 115.0)
