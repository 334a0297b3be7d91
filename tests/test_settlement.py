from odoo import fields
from odoo.tests import Form, tagged

from .common import CreditNoteCommon


@tagged("post_install", "-at_install")
class TestSettlement(CreditNoteCommon):
    """What is credited beyond the amount due is kept, applied or refunded."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.paid = cls._invoice(100.0)  # 115.00 with tax
        cls._register_payment(cls.paid)

    def _open_invoice(self, price, days, **values):
        return self._invoice(
            price,
            invoice_date=self.today,
            invoice_date_due=fields.Date.add(self.today, days=days),
            invoice_payment_term_id=False,
            **values,
        )

    def test_keep(self):
        credit_note = self._credit(self.paid)
        self.assertEqual(credit_note.amount_residual, 115.0)

    def test_apply_to_the_oldest_due_first(self):
        later = self._open_invoice(100.0, 20)
        sooner = self._open_invoice(50.0, 10)
        foreign = self._open_invoice(
            50.0, 1, currency_id=self.setup_other_currency("EUR").id
        )
        stranger = self._open_invoice(50.0, 1, partner=self.partner_b)
        credit_note = self._credit(self.paid, settlement="apply")
        self.assertEqual(credit_note.amount_residual, 0.0)
        self.assertEqual(sooner.amount_residual, 0.0)
        self.assertEqual(later.amount_residual, 57.5)
        self.assertEqual(foreign.amount_residual, foreign.amount_total)
        self.assertEqual(stranger.amount_residual, stranger.amount_total)
        self.assertTrue(self.paid.payment_state in ("paid", "in_payment"))
        self.assertIn(
            f"Applied to {sooner.name} and {later.name}",
            "".join(credit_note.message_ids.mapped("body")),
        )

    def test_apply_without_open_invoices_keeps(self):
        credit_note = self._credit(self.paid, settlement="apply")
        self.assertEqual(credit_note.amount_residual, 115.0)

    def test_refund_through_register_payment(self):
        wizard = self._wizard(self.paid, settlement="refund")
        action = wizard.action_issue()["params"]["next"]
        self.assertEqual(action["res_model"], "account.payment.register")
        with Form(
            self.env["account.payment.register"].with_context(**action["context"])
        ) as form:
            self.assertEqual(form.amount, 115.0)
        form.record.action_create_payments()
        self.assertEqual(wizard.new_move_ids.amount_residual, 0.0)
        self.assertIn(self.paid.payment_state, ("paid", "in_payment"))

    def test_instalments_are_credited_from_the_first(self):
        invoice = self._invoice(100.0, invoice_payment_term_id=self.pay_terms_b.id)
        credit_note = self._credit(invoice, credit_method="amount", amount=50.0)
        self.assertEqual(credit_note.amount_residual, 0.0)
        self.assertEqual(invoice.amount_residual, 65.0)
        lines = invoice.line_ids.filtered("date_maturity").sorted("date_maturity")
        self.assertEqual(lines[0].amount_residual, 0.0)

    def test_overpaid_invoice(self):
        invoice = self._invoice(100.0)
        payment = self._register_payment(
            invoice, amount=200.0, payment_difference_handling="open"
        )
        credit_note = self._credit(invoice)
        self.assertEqual(credit_note.amount_residual, 115.0)
        self.assertTrue(payment.exists())
        self.assertIn(invoice.payment_state, ("paid", "in_payment"))

    def test_rate_of_the_day(self):
        currency = self.setup_other_currency(
            "EUR", rates=[("2026-01-01", 2.0), ("2026-02-01", 4.0)]
        )
        invoice = self._invoice(
            100.0, currency_id=currency.id, invoice_date="2026-01-15"
        )
        wizard = self._wizard(invoice, date="2026-02-15", use_invoice_rate=False)
        wizard.action_issue()
        credit_note = wizard.new_move_ids
        self.assertEqual(credit_note.invoice_currency_rate, 4.0)
        self.assertEqual(credit_note.amount_total_signed, -28.75)
        self.assertEqual(invoice.payment_state, "reversed")
        self.assertTrue(invoice._get_reconciled_invoices_partials()[1])

    def test_rate_of_the_day_then_the_rest(self):
        currency = self.setup_other_currency(
            "EUR", rates=[("2026-01-01", 2.0), ("2026-02-01", 4.0)]
        )
        invoice = self._invoice(
            100.0, currency_id=currency.id, invoice_date="2026-01-15"
        )
        first = self._credit(
            invoice,
            date="2026-02-15",
            use_invoice_rate=False,
            credit_method="amount",
            amount=57.5,
        )
        rest = self._credit(invoice, date="2026-02-15")
        self.assertEqual(first.amount_total_signed, -14.38)
        self.assertEqual(rest.amount_total_signed, -28.75)
        self.assertEqual(invoice.payment_state, "reversed")

    def test_series_is_stopped(self):
        invoice = self._invoice(
            100.0, auto_post="monthly", auto_post_until="2100-01-01", post=False
        )
        invoice._post()
        [draft] = invoice._get_next_recurring_invoices()
        wizard = self._wizard(invoice)
        self.assertTrue(wizard.is_recurring)
        wizard.stop_recurring = True
        wizard.action_issue()
        self.assertEqual(draft.state, "cancel")
        self.assertFalse(invoice._get_next_recurring_invoices())

    def test_series_goes_on_unless_it_is_stopped(self):
        invoice = self._invoice(
            100.0, auto_post="monthly", auto_post_until="2100-01-01", post=False
        )
        invoice._post()
        self._credit(invoice)
        self.assertEqual(invoice._get_next_recurring_invoices().state, "draft")
