from odoo import Command, fields
from odoo.exceptions import UserError
from odoo.tests import Form, tagged

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
    """It needs approval for each of its invoices, and waits as a draft."""

    def test_approval(self):
        invoices = self._invoice(1000.0) + self._invoice(10.0)
        wizard = self._wizard(invoices, user=self.clerk, as_one=True)
        self.assertIn(invoices[0].name, wizard.approval_needs)
        with (
            self.assertRaisesRegex(UserError, "needs approval"),
            self.env.cr.savepoint(),
        ):
            wizard.action_issue()
        action = wizard.action_ask_approval()
        batch = self.Batch.browse(action["res_id"])
        draft = batch.line_ids.credit_note_id
        self.assertRefused(draft)
        self._decide(batch)
        self._run_cron()
        self.assertEqual(draft.state, "posted")
        self.assertEqual(draft.credit_note_approver_id, self.approver)
        self.assertEqual(set(invoices.mapped("payment_state")), {"reversed"})
