from odoo import Command
from odoo.exceptions import UserError
from odoo.tests import Form, tagged

from .common import CreditNoteCommon


@tagged("post_install", "-at_install")
class TestOverCredit(CreditNoteCommon):
    """Never more than the invoice, through whichever door."""

    def test_second_full_reversal(self):
        """Odoo posts three full credit notes on one invoice in silence."""
        invoice = self._invoice(100.0)
        drafts = [self._native_credit_note(invoice, post=False) for _n in range(2)]
        drafts[0].action_post()
        with self.assertRaisesRegex(
            UserError,
            rf"credits \$.115.00, more than is left to credit on {invoice.name}: "
            r"\$.0.00 of \$.115.00",
        ):
            drafts[1].action_post()
        self.assertEqual(drafts[1].state, "draft")

    def test_two_full_reversals_in_one_post(self):
        invoice = self._invoice(100.0)
        drafts = self.env["account.move"].union(
            *(self._native_credit_note(invoice, post=False) for _n in range(2))
        )
        with self.assertRaisesRegex(UserError, "more than is left"):
            drafts.action_post()

    def test_edited_reversal(self):
        """Odoo posts 300 against an invoice of 100 in silence."""
        invoice = self._invoice(100.0)
        draft = self._native_credit_note(invoice, post=False, price_unit=300.0)
        with self.assertRaisesRegex(UserError, "more than is left"):
            draft.action_post()

    def test_one_line_twice(self):
        """Two lines, one of them credited twice: in total less than the invoice."""
        invoice = self._invoice(100.0, 900.0)
        for number in range(2):
            draft = self._native_credit_note(invoice, post=False)
            draft.invoice_line_ids[1].unlink()
            if not number:
                draft.action_post()
        with self.assertRaisesRegex(
            UserError, "credits “Service 1” of .* by .*200.00 in total"
        ):
            draft.action_post()

    def test_credit_note_by_hand(self):
        invoice = self._invoice(100.0)
        with self.assertRaisesRegex(UserError, "more than is left"):
            self._credit_note_by_hand(invoice, 115.01).action_post()
        exact = self._credit_note_by_hand(invoice, 115.0)
        exact.action_post()
        self.assertEqual(invoice.amount_creditable, 0.0)

    def test_credit_note_by_hand_in_another_currency(self):
        currency = self.setup_other_currency("EUR", rates=[("2026-01-01", 2.0)])
        invoice = self._invoice(100.0)  # 115.00, that is 230.00 EUR
        self._credit_note_by_hand(invoice, 100.0, currency_id=currency.id).action_post()
        self.assertEqual(invoice.amount_creditable, 65.0)
        draft = self._credit_note_by_hand(invoice, 140.0, currency_id=currency.id)
        with self.assertRaisesRegex(UserError, "more than is left"):
            draft.action_post()
        draft.unlink()
        rest = self._credit(invoice)
        self.assertEqual(rest.amount_total, 65.0)

    def test_imported_credit_note(self):
        """As a file that is imported: the guard stands where it is posted."""
        invoice = self._invoice(100.0)
        result = self.env["account.move"].load(
            [
                "move_type",
                "partner_id/.id",
                "invoice_date",
                "reversed_entry_id/.id",
                "invoice_line_ids/name",
                "invoice_line_ids/price_unit",
            ],
            [
                [
                    "out_refund",
                    str(self.partner_a.id),
                    str(self.today),
                    str(invoice.id),
                    "imported",
                    "300.0",
                ]
            ],
        )
        credit_note = self.env["account.move"].browse(result["ids"])
        self.assertEqual(credit_note.reversed_entry_id, invoice)
        with self.assertRaisesRegex(UserError, "more than is left to credit"):
            credit_note.action_post()

    def test_draft_counts_until_it_is_deleted(self):
        """Deleted while the dialog is open: all that is left is more again."""
        invoice = self._invoice(100.0)
        draft = self._native_credit_note(invoice, post=False, price_unit=40.0)
        self.assertEqual(invoice.amount_creditable, 69.0)
        wizard = self._wizard(invoice)
        self.assertEqual(wizard.amount_to_credit, 69.0)
        draft.unlink()
        self.assertEqual(invoice.amount_creditable, 115.0)
        wizard.action_issue()
        self.assertEqual(wizard.new_move_ids.amount_total, 115.0)

    def test_draft_that_grew_after_it_was_saved(self):
        invoice = self._invoice(100.0)
        wizard = self._wizard(invoice)
        wizard.refund_moves()
        with Form(wizard.new_move_ids) as form, form.invoice_line_ids.edit(0) as line:
            line.quantity = 2
        with self.assertRaisesRegex(UserError, "more than is left"):
            wizard.new_move_ids.action_post()

    def test_policy_warn_posts_and_logs_on_both(self):
        self.env.company.over_credit_policy = "warn"
        invoice = self._invoice(100.0)
        credit_note = self._native_credit_note(invoice, price_unit=300.0)
        self.assertEqual(credit_note.state, "posted")
        for document in invoice + credit_note:
            self.assertIn(
                "more than is left to credit",
                "".join(document.message_ids.mapped("body")),
            )
        self.assertEqual(invoice.amount_creditable, 0.0)

    def test_policy_warn_logs_a_line_credited_twice(self):
        """The document is within its total, one of its lines is not."""
        self.env.company.over_credit_policy = "warn"
        invoice = self._invoice(100.0, 900.0)
        for _number in range(2):
            draft = self._native_credit_note(invoice, post=False)
            draft.invoice_line_ids[1].unlink()
            draft.action_post()
        self.assertEqual(draft.state, "posted")
        for document in invoice + draft:
            self.assertRegex(
                "".join(document.message_ids.mapped("body")),
                "credits “Service 1” of .* by .*200.00 in total",
            )

    def test_credit_note_issued_by_mistake(self):
        """It is corrected by an invoice from it, once, and of no more than it."""
        invoice = self._invoice(100.0, 50.0)
        credit_note = self._credit(invoice)
        action = credit_note.with_user(self.clerk).action_invoice_again()
        again = self.env["account.move"].browse(action["res_id"])
        self.assertRecordValues(
            again,
            [
                {
                    "move_type": "out_invoice",
                    "state": "draft",
                    "reversed_entry_id": credit_note.id,
                    "amount_total": 172.5,
                }
            ],
        )
        self.assertEqual(
            again.invoice_line_ids.credited_line_id, credit_note.invoice_line_ids
        )
        with self.assertRaisesRegex(
            UserError, f"{credit_note.name} was invoiced again"
        ):
            credit_note.action_invoice_again()
        with self.assertRaisesRegex(UserError, f"Only a posted .* not {invoice.name}"):
            invoice.action_invoice_again()
        again.invoice_line_ids[0].price_unit = 200.0
        with self.assertRaisesRegex(
            UserError, rf"again, more than is left of {credit_note.name}"
        ):
            again.action_post()
        again.invoice_line_ids[0].price_unit = 100.0
        again.action_post()
        self.assertEqual(again.amount_creditable, 172.5)
        self.assertEqual(again.amount_residual, 172.5)
        # The first invoice stays credited.
        self.assertEqual(invoice.amount_creditable, 0.0)
        self.assertEqual(invoice.payment_state, "reversed")

    def test_credit_note_without_an_invoice_is_not_concerned(self):
        credit_note = self._invoice(1000.0, move_type="out_refund")
        self.assertEqual(credit_note.state, "posted")

    def test_posting_invoices_costs_nothing(self):
        """An override that is not concerned adds no query."""
        counts = []
        for overridden in (False, True):
            invoice = self._invoice(100.0, post=False)
            if not overridden:
                self.patch(
                    self.registry["account.move"],
                    "_is_guarded_reversal",
                    lambda _self: False,
                )
            self.env.flush_all()
            before = self.env.cr.sql_log_count
            invoice.action_post()
            self.env.flush_all()
            counts.append(self.env.cr.sql_log_count - before)
        self.assertLessEqual(counts[1], counts[0])

    def test_reason_required(self):
        self.env.company.credit_note_reason_required = True
        invoice = self._invoice(100.0)
        with self.assertRaisesRegex(
            UserError, f"Choose a reason to credit {invoice.name}"
        ):
            self._credit(invoice)
        self._credit(invoice, reason_id=self.reason.id)
        self.assertEqual(invoice.payment_state, "reversed")

    def test_credit_note_in_another_currency(self):
        """100 EUR at 2 EUR per unit are 50 off the invoice, not 100."""
        euro = self.setup_other_currency("EUR", rates=[("2020-01-01", 2.0)])
        invoice = self._invoice(1000.0)  # 1150.00
        self._credit_note_by_hand(invoice, 100.0, currency_id=euro.id).action_post()
        self.assertEqual(invoice.amount_creditable, 1100.0)

    def test_credit_note_of_300_on_an_invoice_of_100(self):
        """Odoo posts it silently."""
        invoice = self._invoice(100.0)
        with self.assertRaisesRegex(UserError, "more than is left to credit"):
            self._native_credit_note(invoice, price_unit=300.0)

    def test_three_full_credit_notes(self):
        """Odoo posts all three, two of them stay open."""
        invoice = self._invoice(100.0)
        self._credit(invoice)
        with self.assertRaisesRegex(UserError, "more than is left to credit"):
            self._native_credit_note(invoice)
        with self.assertRaisesRegex(UserError, "Nothing is left to credit"):
            self._credit(invoice)

    def test_credit_note_in_another_currency_by_hand(self):
        """Odoo matches per currency: what is open is seen and settled by hand."""
        currency = self.setup_other_currency("EUR", rates=[("2020-01-01", 2.0)])
        invoice = self._invoice(100.0)
        credit_note = self._credit_note_by_hand(invoice, 100.0, currency_id=currency.id)
        credit_note.action_post()
        # Worth 50.00 of the invoice: so much less can be credited, nothing is matched.
        self.assertEqual(invoice.amount_creditable, 65.0)
        self.assertEqual(invoice.amount_residual, 115.0)
        self.assertEqual(credit_note.billing_status, "open_credit")
        # Odoo's own "outstanding credits" on the invoice match them, at that worth.
        invoice.js_assign_outstanding_line(
            credit_note.line_ids.filtered(
                lambda line: line.display_type == "payment_term"
            ).id
        )
        self.assertEqual(invoice.amount_residual, 65.0)
        self.assertEqual(credit_note.amount_residual, 0.0)

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

    def test_journal_entry_that_reverses_an_invoice(self):
        """Nothing would count it."""
        invoice = self._invoice(100.0)
        account = self.company_data["default_account_revenue"]
        entry = self.env["account.move"].create(
            {
                "move_type": "entry",
                "reversed_entry_id": invoice.id,
                "line_ids": [
                    Command.create({"account_id": account.id, "balance": balance})
                    for balance in (900.0, -900.0)
                ],
            }
        )
        self._assert_refused(entry, "Create a credit note instead")
        entry.reversed_entry_id = False
        entry.with_user(self.clerk).action_post()
        reversal = entry._reverse_moves()
        reversal.with_user(self.clerk).action_post()
        self.assertEqual(reversal.state, "posted")

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
