from odoo.exceptions import UserError
from odoo.tests import tagged

from .common import CreditNoteCommon


@tagged("post_install", "-at_install")
class TestDebitNote(CreditNoteCommon):
    """An invoice and its debit notes are one: `dev/test --with account_debit_note`."""

    def setUp(self):
        super().setUp()
        if "account.debit.note" not in self.env:
            self.skipTest("no debit notes in this database: --with account_debit_note")
        self.invoice = self._invoice(1000.0)  # 1150.00
        self.debit_note = self._create_debit_note(self.invoice)
        self.debit_note.invoice_line_ids.price_unit = 100.0  # 115.00
        self.debit_note.action_post()

    def test_one_credit_note_for_both(self):
        """A storno in Hungary, as Odoo's own test of l10n_hu_edi makes it."""
        self._native_credit_note(self.invoice, price_unit=1100.0)
        self.assertEqual(self.invoice.amount_creditable, 0.0)
        self.assertEqual(self.debit_note.amount_creditable, 0.0)
        with self.assertRaisesRegex(UserError, "more than is left"):
            self._native_credit_note(self.debit_note)

    def test_never_more_than_both(self):
        with self.assertRaisesRegex(
            UserError, r"more than is left .*1,265.00 of .*1,265.00"
        ):
            self._native_credit_note(self.invoice, price_unit=1100.01)

    def test_each_on_its_own(self):
        self._credit(self.invoice)
        self.assertEqual(self.debit_note.amount_creditable, 115.0)
        self._credit(self.debit_note)
        for document in self.invoice + self.debit_note:
            self.assertEqual(document.payment_state, "reversed")
            self.assertEqual(document.amount_creditable, 0.0)

    def test_debit_note_credited_before(self):
        self._credit(self.debit_note)
        with self.assertRaisesRegex(UserError, "more than is left"):
            self._native_credit_note(self.invoice, price_unit=1100.0)

    def test_draft_debit_note_does_not_count(self):
        other = self._create_debit_note(self.invoice)
        other.invoice_line_ids.price_unit = 500.0
        with self.assertRaisesRegex(UserError, "more than is left"):
            self._native_credit_note(self.invoice, price_unit=1500.0)
