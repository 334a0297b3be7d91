"""More than the invoice, by the doors that were found after the first series."""

from odoo.exceptions import UserError
from odoo.tests import tagged

from .common import CreditNoteCommon


@tagged("post_install", "-at_install")
class TestOverCreditAgain(CreditNoteCommon):
    def _credit_note_of(self, invoice, price, **values):
        """:return: a draft that somebody made by hand"""
        return self._invoice(
            price,
            post=False,
            move_type="out_refund",
            reversed_entry_id=invoice.id,
            **values,
        )

    def _assert_refused(self, moves, text):
        with self.assertRaisesRegex(UserError, text):
            moves.with_user(self.clerk).action_post()
        self.assertNotIn("posted", moves.mapped("state"))

    def test_credit_note_of_a_draft(self):
        invoice = self._invoice(100.0, post=False)
        credit_note = self._credit_note_of(invoice, 10000.0)
        self._assert_refused(credit_note, "which is not posted")
        invoice.action_post()
        self._assert_refused(credit_note, "more than is left")

    def test_both_at_once(self):
        for price in (500.0, 100.01):
            invoice = self._invoice(100.0, post=False)
            credit_note = self._credit_note_of(invoice, price)
            for moves in (invoice + credit_note, credit_note + invoice):
                with self.subTest(price=price, first=moves[0].move_type):
                    with (
                        self.assertRaisesRegex(UserError, "more than is left"),
                        self.env.cr.savepoint(),
                    ):
                        moves.with_user(self.clerk).action_post()
                    self.assertEqual(set(moves.mapped("state")), {"draft"})

    def test_both_at_once_and_not_more(self):
        invoice = self._invoice(100.0, post=False)
        credit_note = self._credit_note_of(invoice, 100.0)
        (credit_note + invoice).action_post()
        self.assertEqual(credit_note.state, "posted")
        self.assertEqual(invoice.amount_creditable, 0.0)

    def test_invoice_lowered_meanwhile(self):
        """The lock was off for a moment."""
        invoice = self._invoice(100.0)
        self._credit_note_of(invoice, 100.0).action_post()
        self.env.company.lock_posted_invoices = False
        invoice.button_draft()
        invoice.invoice_line_ids.price_unit = 50.0
        self.env.company.lock_posted_invoices = True
        with self.assertRaisesRegex(UserError, "more than is left"):
            invoice.action_post()

    def test_rate_typed_on_the_credit_note(self):
        currency = self.setup_other_currency("EUR", rates=[("1900-01-01", 2.0)])
        invoice = self._invoice(100.0)
        credit_note = self._credit_note_of(invoice, 100000.0, currency_id=currency.id)
        credit_note.invoice_currency_rate = 1000.0
        self.assertEqual(credit_note.amount_total_signed, -115.0)
        self._assert_refused(credit_note, "more than is left")
        # At the rate of the invoice's date, 200 EUR are the 100 USD.
        whole = self._credit_note_of(invoice, 200.0, currency_id=currency.id)
        whole.invoice_currency_rate = 1000.0
        whole.action_post()
        self.assertEqual(invoice.amount_creditable, 0.0)

    def test_debit_note_of_a_debit_note(self):
        if "account.debit.note" not in self.env:
            self.skipTest("--with account_debit_note")
        chain = self._invoice(100.0)
        for _level in range(2):
            note = self._invoice(100.0, post=False, debit_origin_id=chain[-1].id)
            note.action_post()
            chain += note
        invoice = chain[0]
        self._credit_note_of(invoice, 300.0).action_post()
        for move in chain:
            self.assertEqual(move.amount_creditable, 0.0)
            self._assert_refused(self._credit_note_of(move, 100.0), "more than is left")

    def test_policy_that_warns(self):
        self.env.company.over_credit_policy = "warn"
        invoice = self._invoice(100.0, post=False)
        credit_note = self._credit_note_of(invoice, 500.0)
        (credit_note + invoice).action_post()
        self.assertEqual(credit_note.state, "posted")

    def test_draft_that_a_document_names(self):
        """It is not deleted: the document would name nothing."""
        self.env.company.over_credit_policy = "warn"
        invoice = self._invoice(100.0, post=False)
        credit_note = self._credit_note_of(invoice, 100.0)
        credit_note.action_post()
        with self.assertRaisesRegex(UserError, credit_note.name):
            invoice.with_user(self.clerk).unlink()
        self.env.flush_all()
        credit_note.invalidate_recordset()
        self.assertEqual(credit_note.reversed_entry_id, invoice)
        self._credit_note_of(invoice, 1.0).unlink()
