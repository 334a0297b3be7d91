from unittest.mock import patch

from odoo import Command, fields
from odoo.exceptions import UserError
from odoo.tests import Form, tagged

from ..models.background import account_credit_note_batch
from .common import CreditNoteCommon
from .test_approval import ApprovalCommon


@tagged("post_install", "-at_install")
class TestSeveral(CreditNoteCommon):
    """One credit note of several invoices: one price error, a bonus on a year."""

    def _one(self, invoices, user=None, **values):
        wizard = self._wizard(invoices, user=user or self.clerk, as_one=True, **values)
        wizard.action_issue()
        return wizard.new_move_ids

    def assertShares(self, credit_note, shares):
        """What each invoice is credited by, and set against it."""
        self.assertEqual(credit_note.state, "posted")
        self.assertAmount(credit_note.amount_total, sum(shares.values()), credit_note)
        self.assertAmount(
            credit_note.tax_totals["total_amount_currency"],
            sum(shares.values()),
            credit_note,
        )
        self.assertAlmostEqual(sum(credit_note.line_ids.mapped("balance")), 0.0)
        for invoice, share in shares.items():
            self.assertAmount(credit_note._get_share_of(invoice), share, invoice)
            self.assertAmount(
                invoice.amount_residual, invoice.amount_total - share, invoice
            )
            self.assertAmount(
                invoice.amount_creditable, invoice.amount_total - share, invoice
            )

    def test_a_draft_that_was_edited(self):
        """Each invoice gets what the lines credit of it, whatever was edited."""
        currency = self.setup_other_currency("HRK")
        for values in ({}, {"currency_id": currency.id}):
            first, second = (
                self._invoice(100.0, **values),
                self._invoice(50.0, **values),
            )
            action = self._wizard(first + second, as_one=True).action_save_draft()
            draft = self.env["account.move"].browse(action["res_id"])
            lines = draft.invoice_line_ids.grouped("credited_line_id")
            lines[first.invoice_line_ids].price_unit = 20.0
            draft.action_post()
            self.assertShares(draft, {first: 23.0, second: 57.5})

    def test_a_draft_without_the_lines_of_an_invoice(self):
        first, second = self._invoice(100.0), self._invoice(50.0)
        action = self._wizard(first + second, as_one=True).action_save_draft()
        draft = self.env["account.move"].browse(action["res_id"])
        draft.invoice_line_ids.filtered(
            lambda line: line.credited_line_id.move_id == second
        ).unlink()
        draft.action_post()
        self.assertShares(draft, {first: 115.0, second: 0.0})

    def test_a_draft_with_a_line_of_no_invoice(self):
        """Nobody can say which part of it is due on which: the credit stays open."""
        first, second = self._invoice(100.0), self._invoice(50.0)
        action = self._wizard(first + second, as_one=True).action_save_draft()
        draft = self.env["account.move"].browse(action["res_id"])
        draft.write(
            {
                "invoice_line_ids": [
                    Command.create({"name": "Goodwill", "price_unit": 10.0})
                ]
            }
        )
        draft.action_post()
        self.assertEqual(draft.amount_residual, draft.amount_total)
        self.assertEqual(first.amount_residual, 115.0)

    def test_lines_of_another_customer_are_refused(self):
        invoice = self._invoice(100.0, partner=self.partner_b)
        draft = self._credit_note_by_hand(invoice, 100.0, reversed_entry_id=False)
        draft.partner_id = self.partner_a
        draft.invoice_line_ids.credited_line_id = invoice.invoice_line_ids
        with self.assertRaisesRegex(UserError, "another customer"):
            draft.action_post()

    def test_everything_left(self):
        invoices = self._invoice(100.0, 50.0) + self._invoice(33.33) + self._invoice(7)
        credit_note = self._one(invoices, reason_id=self.reason.id)
        self.assertEqual(len(credit_note), 1)
        self.assertFalse(credit_note.reversed_entry_id)
        self.assertShares(
            credit_note, {invoice: invoice.amount_total for invoice in invoices}
        )
        self.assertEqual(set(invoices.mapped("billing_status")), {"credited"})
        self.assertEqual(set(invoices.mapped("credit_note_count")), {1})
        self.assertEqual(set(invoices.mapped("payment_state")), {"reversed"})
        self.assertEqual(
            set(invoices.invoice_line_ids.mapped("quantity_creditable")), {0.0}
        )
        self.assertEqual(credit_note.billing_status, "settled")
        self.assertEqual(credit_note.credit_note_reason_id, self.reason)
        self.assertBookedToZero(invoices + credit_note)
        for invoice in invoices:
            self.assertIn(
                credit_note.name, " ".join(invoice.message_ids.mapped("body"))
            )
            with self.assertRaisesRegex(UserError, "Nothing is left"):
                invoice.action_credit_note()

    def test_each_line_says_its_invoice(self):
        """And paper names all, with their dates."""
        invoices = self._invoice(100.0) + self._invoice(50.0)
        credit_note = self._one(invoices)
        section, line, other_section, other_line = credit_note.invoice_line_ids
        self.assertIn(invoices[0].name, section.name)
        self.assertIn(invoices[1].name, other_section.name)
        self.assertEqual(
            (line + other_line).credited_line_id, invoices.invoice_line_ids
        )
        references = credit_note._get_credit_note_references()
        self.assertEqual(len(references), 2)
        for invoice, reference in zip(invoices, references, strict=True):
            self.assertIn(invoice.name, reference)
        for invoice in invoices:
            self.assertIn(invoice.name, credit_note.credited_document)

    def test_percentage(self):
        invoices = self._invoice(100.0) + self._invoice(33.33)
        credit_note = self._one(invoices, credit_method="percentage", percentage=3.0)
        self.assertShares(
            credit_note,
            {
                invoice: invoice.currency_id.round(invoice.amount_total * 0.03)
                for invoice in invoices
            },
        )

    def test_amount_is_spread(self):
        invoices = self._invoice(100.0) + self._invoice(200.0) + self._invoice(33.33)
        for amount in (0.02, 100.0, 47.11):
            with self.subTest(amount=amount):
                credit_note = self._one(invoices, credit_method="amount", amount=amount)
                self.assertAmount(credit_note.amount_total, amount, credit_note)
        # The rest comes to nothing.
        left = sum(invoices.mapped("amount_creditable"))
        credit_note = self._one(invoices)
        self.assertAmount(credit_note.amount_total, left, credit_note)
        for invoice in invoices:
            self.assertAmount(invoice.amount_creditable, 0.0, invoice)
            _invoiced, table = invoice._get_invoiced_and_left()
            self.assertFalse(any(table.values()))
        self.assertBookedToZero(invoices + invoices._get_credit_notes())

    def test_beside_credit_notes_of_one(self):
        invoices = self._invoice(100.0) + self._invoice(200.0)
        self._credit(invoices[0], credit_method="amount", amount=15.0)
        self._one(invoices, credit_method="percentage", percentage=50.0)
        self.assertEqual(
            [round(amount, 2) for amount in invoices.mapped("amount_creditable")],
            [42.5, 115.0],
        )
        with self.assertRaisesRegex(UserError, "more than is left"):
            self._credit(invoices[0], credit_method="amount", amount=42.51)
        self._credit(invoices[0])
        self._credit(invoices[1])
        self.assertEqual(set(invoices.mapped("billing_status")), {"credited"})
        self.assertBookedToZero(invoices + invoices._get_credit_notes())

    def test_paid_invoices(self):
        """What is beyond the amount due is the customer's credit."""
        invoices = self._invoice(100.0) + self._invoice(200.0)
        self._register_payment(invoices[0])
        credit_note = self._one(invoices)
        self.assertEqual(credit_note.amount_residual, 115.0)
        self.assertEqual(invoices[1].amount_residual, 0.0)
        self.assertEqual(credit_note.billing_status, "open_credit")

    def test_draft(self):
        invoices = self._invoice(100.0) + self._invoice(200.0)
        wizard = self._wizard(invoices, user=self.clerk, as_one=True)
        wizard.action_save_draft()
        draft = wizard.new_move_ids
        self.assertEqual(draft.state, "draft")
        self.assertEqual(set(invoices.mapped("amount_creditable")), {0.0})
        draft.action_post()
        self.assertShares(draft, {move: move.amount_total for move in invoices})

    def test_the_guard_holds_for_each_invoice(self):
        invoices = self._invoice(100.0) + self._invoice(200.0)
        drafts = self.env["account.move"]
        for _number in range(2):
            self.env.company.over_credit_policy = "warn"
            wizard = self._wizard(
                invoices,
                as_one=True,
                credit_method="percentage",
                percentage=60.0 if not drafts else 40.0,
            )
            wizard.action_save_draft()
            drafts |= wizard.new_move_ids
        self.env.company.over_credit_policy = "block"
        # Up to the total of both, and too much of one.
        first, other = drafts
        [line] = other.invoice_line_ids.filtered(
            lambda line: line.credited_line_id.move_id == invoices[0]
        )
        line.price_unit *= 1.5
        with self.assertRaisesRegex(UserError, f"is left.*{invoices[0].name}"):
            drafts.action_post()
        first.action_post()
        with self.assertRaisesRegex(UserError, f"is left.*{invoices[0].name}"):
            other.action_post()
        single = self._native_credit_note(invoices[1], post=False)
        with self.assertRaisesRegex(UserError, "more than is left"):
            single.action_post()

    def test_line_of_another_invoice_by_hand(self):
        """Whoever links a line is counted against its invoice."""
        invoice = self._invoice(100.0)
        draft = self.env["account.move"].create(
            {
                "move_type": "out_refund",
                "partner_id": self.partner_a.id,
                "invoice_date": self.today,
                "invoice_line_ids": [
                    Command.create(
                        {
                            "name": "x",
                            "price_unit": 500.0,
                            "tax_ids": [Command.set(self.tax_sale_a.ids)],
                            "credited_line_id": invoice.invoice_line_ids.id,
                        }
                    )
                ],
            }
        )
        with self.assertRaisesRegex(UserError, "more than is left"):
            draft.action_post()

    def test_in_another_currency(self):
        currency = self.setup_other_currency("HRK")
        invoices = self._invoice(33.33, currency_id=currency.id) + self._invoice(
            66.67, currency_id=currency.id
        )
        self._one(invoices, credit_method="amount", amount=47.11)
        credit_note = self._one(invoices)
        self.assertFalse(credit_note.line_ids.matched_debit_ids.exchange_move_id)
        self.assertBookedToZero(invoices + invoices._get_credit_notes())

    def test_what_cannot_be_one(self):
        currency = self.setup_other_currency("HRK")
        invoice = self._invoice(100.0)
        other = self._invoice(100.0, currency_id=currency.id)
        older = self._invoice(
            100.0,
            currency_id=currency.id,
            invoice_date=fields.Date.subtract(self.today, years=9),
        )
        for invoices, sentence in (
            (invoice, "2 to 100 invoices"),
            (invoice + other, "in several currencies"),
            (invoice + self._invoice(1.0, partner=self.partner_b), "several customers"),
            (other + older, "different exchange rates"),
        ):
            if invoices == other + older:
                older_rate = older.invoice_currency_rate
                if older_rate == other.invoice_currency_rate:
                    continue
            wizard = self._wizard(invoices, as_one=True)
            with (
                self.subTest(sentence=sentence),
                self.assertRaisesRegex(UserError, sentence),
            ):
                wizard.action_issue()
        two = invoice + self._invoice(50.0)
        for amount in (0.0, -1.0, 172.51):
            wizard = self._wizard(
                two, as_one=True, credit_method="amount", amount=amount
            )
            with self.assertRaisesRegex(UserError, "Enter an amount"):
                wizard.action_issue()
        self.assertFalse(two._get_credit_notes())

    def test_the_dialog(self):
        invoices = self._invoice(100.0) + self._invoice(200.0)
        form = Form(
            self.env["account.move.reversal"]
            .with_user(self.clerk)
            .with_context(**invoices.action_credit_note()["context"])
        )
        self.assertTrue(form.can_be_one)
        form.as_one = True
        form.credit_method = "amount"
        form.amount = 34.5
        self.assertEqual(form.amount_to_credit, 34.5)
        wizard = form.save()
        wizard.action_issue_and_print()
        self.assertEqual(wizard.new_move_ids.amount_total, 34.5)

    def test_use_credit_and_lock(self):
        invoices = self._invoice(100.0) + self._invoice(200.0)
        credit_note = self._one(invoices, credit_method="percentage", percentage=10)
        with self.assertRaisesRegex(UserError, "cannot be changed"):
            credit_note.invoice_line_ids[1].credited_line_id = False


@tagged("post_install", "-at_install")
class TestSeveralApproval(ApprovalCommon):
    """It needs approval for each of its invoices, and waits as one."""

    def _ask_one(self, *invoices, **values):
        invoices = self.env["account.move"].union(*invoices)
        return self._ask(invoices, as_one=True, **values)

    def test_approval(self):
        invoices = self._invoice(1000.0) + self._invoice(10.0)
        wizard = self._wizard(invoices, user=self.clerk, as_one=True)
        self.assertIn(invoices[0].name, wizard.approval_needs)
        with (
            self.assertRaisesRegex(UserError, "needs approval"),
            self.env.cr.savepoint(),
        ):
            wizard.action_issue()
        batch = self._ask_one(*invoices)
        self.assertTrue(batch.as_one)
        self.assertEqual(invoices.mapped("amount_to_approve"), [1150.0, 11.5])
        self._decide(batch)
        self._run_cron()
        credit_note = batch.line_ids.credit_note_id
        self.assertEqual((len(credit_note), batch.done_count), (1, 1))
        self.assertEqual(set(batch.line_ids.mapped("state")), {"done"})
        self.assertEqual(credit_note.state, "posted")
        self.assertEqual(credit_note.create_uid, self.clerk)
        self.assertEqual(credit_note.credit_note_approver_id, self.approver)
        self.assertEqual(set(invoices.mapped("payment_state")), {"reversed"})

    def test_a_part_is_shared_as_was_asked(self):
        """Not as what is left of each: of the first, half was asked for."""
        first, second, third = (
            self._invoice(2000.0),
            self._invoice(1000.0),
            self._invoice(33.33),
        )
        self._credit(first, credit_method="amount", amount=950.0)
        batch = self._ask_one(
            first, second, third, credit_method="percentage", percentage=40.0
        )
        asked = batch.line_ids.mapped("amount")
        self.assertEqual(asked, [920.0, 460.0, 15.33])
        dialog = self.env["account.credit.note.approval"].create({"batch_id": batch.id})
        self.assertTrue(dialog.can_approve_part)
        for amount in (0.0, -1.0, sum(asked) + 0.01):
            with self.assertRaisesRegex(UserError, "approve an amount"):
                self._decide(batch, amount=amount)
        self._decide(batch, amount=100.0)
        self._run_cron()
        self.assertFalse(batch.failed_count, batch.failed_line_ids.mapped("error"))
        credit_note = batch.line_ids.credit_note_id
        self.assertAmount(credit_note.amount_total, 100.0, credit_note)
        self.assertEqual(credit_note.credit_note_approver_id, self.approver)
        for invoice, share in ((first, 65.93), (second, 32.97), (third, 1.10)):
            self.assertAmount(credit_note._get_share_of(invoice), share, invoice)
        for line, share in zip(batch.line_ids, (65.93, 32.97, 1.10), strict=True):
            self.assertAmount(line.amount, share, line.invoice_id)

    def test_a_part_too_small_for_all(self):
        invoices = [self._invoice(1000.0), self._invoice(1000.0), self._invoice(1.0)]
        batch = self._ask_one(*invoices)
        self._decide(batch, amount=0.02)
        self._run_cron()
        self.assertEqual((batch.state, batch.failed_count), ("done", 0))
        self.assertEqual(batch.line_ids.credit_note_id.amount_total, 0.02)

    def test_what_was_chosen_is_done(self):
        """What is beyond the amount due goes to other invoices, as was chosen."""
        paid, other = self._invoice(1000.0), self._invoice(10.0)
        self._register_payment(paid)
        open_invoice = self._invoice(2000.0)
        batch = self._ask_one(paid, other, settlement="apply")
        self._decide(batch)
        self._run_cron()
        self.assertFalse(batch.failed_count, batch.failed_line_ids.mapped("error"))
        self.assertEqual(open_invoice.amount_residual, 1150.0)

    def test_it_is_issued_whole_or_not_at_all(self):
        """However many invoices are credited in one go, and if one cannot be."""
        invoices = [self._invoice(1000.0), self._invoice(1000.0), self._invoice(1.0)]
        batch = self._ask_one(*invoices)
        self._decide(batch)
        with patch.object(account_credit_note_batch, "PIECE", 2):
            self._run_cron()
        self.assertEqual(len(batch.line_ids.credit_note_id), 1)
        invoices = [self._invoice(1000.0), self._invoice(1000.0), self._invoice(1.0)]
        batch = self._ask_one(*invoices)
        self._decide(batch)
        self._credit(invoices[2])
        self._run_cron()
        self.assertEqual((batch.failed_count, batch.done_count), (3, 0))
        self.assertFalse(batch.line_ids.credit_note_id)
        self.assertEqual(len(set(batch.line_ids.mapped("error"))), 1)

    def test_no_more_than_was_approved_of_each(self):
        invoices = self._invoice(2000.0) + self._invoice(1000.0)
        self.company.credit_note_approval = False
        draft = self._wizard(
            invoices[0], user=self.clerk, credit_method="amount", amount=1000.0
        )
        draft.action_save_draft()
        self.company.credit_note_approval = True
        batch = self._ask_one(*invoices)
        draft.new_move_ids.unlink()
        self._decide(batch)
        self._run_cron()
        self.assertEqual(batch.failed_count, 2)
        self.assertIn("was approved", batch.failed_line_ids[0].error)

    def test_draft_of_several(self):
        """Saved as a draft, then asked for by the button of the draft."""
        invoices = self._invoice(1000.0) + self._invoice(10.0)
        wizard = self._wizard(invoices, user=self.clerk, as_one=True)
        wizard.action_save_draft()
        draft = wizard.new_move_ids
        batch = self.Batch.browse(draft.action_ask_approval()["res_id"])
        self.assertRefused(draft)
        self.assertFalse(batch.can_approve_part)
        with self.assertRaisesRegex(UserError, "as it is"):
            self._decide(batch, amount=100.0)
        self._decide(batch)
        self._run_cron()
        self.assertEqual(draft.state, "posted")
        self.assertEqual(draft.credit_note_approver_id, self.approver)
        self.assertEqual(set(invoices.mapped("payment_state")), {"reversed"})
