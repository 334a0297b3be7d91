from odoo import Command, fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from .common import CreditNoteCommon


@tagged("post_install", "-at_install")
class TestRefusals(CreditNoteCommon):
    """Wrong input gets one clear sentence that names the document."""

    def assertRefused(self, moves, sentence, **values):
        """Refused by the button and, over RPC, by the dialog; nothing is changed."""
        before = self.env["account.move"].search_count([])
        with self.assertRaisesRegex(UserError, sentence):
            self._wizard(moves, **values).action_issue()
        with self.assertRaisesRegex(UserError, sentence):
            self.env["account.move.reversal"].create(
                {
                    "move_ids": [Command.set(moves.ids)],
                    "company_id": moves[:1].company_id.id or self.env.company.id,
                    "journal_id": self.company_data["default_journal_sale"].id,
                    **values,
                }
            ).action_issue()
        self.assertEqual(self.env["account.move"].search_count([]), before)

    def test_nothing_ticked(self):
        with self.assertRaisesRegex(UserError, "Choose one or more invoices"):
            self.env["account.move"].action_credit_note()

    def test_draft(self):
        invoice = self._invoice(100.0, post=False)
        self.assertRefused(invoice, "A draft has nothing to credit: .*[Dd]raft")

    def test_what_cannot_be_credited_is_left_out(self):
        """Said before, in the dialog and after; the rest is credited."""
        posted, credited = self._invoice(100.0), self._invoice(100.0)
        credit_note = self._credit(credited)
        draft = self._invoice(100.0, post=False, ref="MINE")
        ticked = draft + posted + credited + credit_note
        hints = ticked.get_customer_document_hints()
        self.assertFalse(hints["credit_note"])
        wizard = self._wizard(ticked)
        self.assertEqual(wizard.move_ids, posted)
        message = wizard.action_issue()["params"]["message"]
        for text in (hints["left_out"], wizard.left_out, message):
            self.assertIn("A draft has nothing to credit", text)
            self.assertIn(f"Nothing is left to credit on {credited.name}", text)
            self.assertIn(f"A credit note cannot be credited: {credit_note.name}", text)
        self.assertNotIn(posted.name, wizard.left_out.replace(credit_note.name, ""))
        self.assertFalse(posted.get_customer_document_hints()["left_out"])

    def test_nothing_but_what_cannot_be_credited(self):
        drafts = self._invoice(100.0, post=False) + self._invoice(50.0, post=False)
        hints = drafts.get_customer_document_hints()
        self.assertIn("A draft has nothing", hints["credit_note"])
        self.assertFalse(hints["left_out"])

    def test_cancelled(self):
        invoice = self._invoice(100.0, post=False)
        invoice.button_cancel()
        self.assertRefused(invoice, "A cancelled invoice has nothing to credit")

    def test_already_credited(self):
        invoice = self._invoice(100.0)
        credit_note = self._credit(invoice)
        self.assertRefused(
            invoice,
            f"Nothing is left to credit on {invoice.name}, "
            f"credited by {credit_note.name}",
        )

    def test_credited_by_somebody_else_while_the_dialog_is_open(self):
        invoice = self._invoice(100.0)
        wizard = self._wizard(invoice)
        self._credit(invoice)
        with self.assertRaisesRegex(UserError, "Nothing is left to credit"):
            wizard.action_issue()
        self.assertEqual(len(invoice.reversal_move_ids), 1)

    def test_credit_note(self):
        credit_note = self._credit(self._invoice(100.0))
        self.assertRefused(
            credit_note, f"A credit note cannot be credited: {credit_note.name}"
        )

    def test_vendor_bill(self):
        bill = self._create_invoice(move_type="in_invoice", post=True)
        with self.assertRaisesRegex(
            UserError, f"Only customer invoices can be credited here, not {bill.name}"
        ):
            bill.action_credit_note()
        wizard = self._wizard(self._invoice() + bill)
        self.assertIn("Only customer invoices can be credited", wizard.left_out)
        self.assertNotIn(bill, wizard.move_ids)

    def test_several_companies(self):
        other = self.setup_other_company()["company"]
        invoice = self._invoice(100.0)
        other_invoice = (
            self.env["account.move"]
            .with_company(other)
            .create(
                {
                    "move_type": "out_invoice",
                    "partner_id": self.partner_a.id,
                    "invoice_date": self.today,
                    "invoice_line_ids": [
                        Command.create({"name": "x", "price_unit": 10.0})
                    ],
                }
            )
        )
        other_invoice.action_post()
        self.assertEqual(other_invoice.company_id, other)
        with self.assertRaisesRegex(UserError, "several companies .*one company"):
            (invoice + other_invoice).action_credit_note()

    def test_date_before_the_invoice(self):
        invoice = self._invoice(100.0, invoice_date="2026-05-10")
        self.assertRefused(
            invoice,
            f"cannot be dated 05/09/2026, before its invoice: {invoice.name}",
            date="2026-05-09",
        )

    def test_date_in_the_future(self):
        invoice = self._invoice(100.0)
        self.assertRefused(
            invoice,
            "is in the future",
            date=fields.Date.add(self.today, days=1),
        )

    def test_locked_period(self):
        invoice = self._invoice(100.0, invoice_date="2026-05-10")
        self.env.company.fiscalyear_lock_date = "2026-06-30"
        self.assertRefused(
            invoice,
            f"locked until 06/30/2026\\), so {invoice.name} cannot be credited",
            date="2026-06-15",
        )
        # An invoice of a locked period is credited in the open one.
        self._credit(invoice, date="2026-07-01")
        self.assertEqual(invoice.payment_state, "reversed")

    def test_period_locked_for_taxes(self):
        """Closed for what the tax report has, and for nothing else."""
        taxed = self._invoice(100.0, invoice_date="2026-05-10")
        untaxed = self._create_invoice(
            invoice_date="2026-05-10",
            invoice_line_ids=[
                self._prepare_invoice_line(name="Deposit", price_unit=50.0, tax_ids=[])
            ],
            post=True,
        )
        self.env.company.tax_lock_date = "2026-06-30"
        self.assertRefused(
            taxed + untaxed,
            f"locked until 06/30/2026\\), so {taxed.name} cannot be credited",
            date="2026-06-15",
        )
        credit_note = self._credit(untaxed, date="2026-06-15")
        self.assertEqual(str(credit_note.date), "2026-06-15")
        self.assertEqual(untaxed.payment_state, "reversed")

    def test_percentage_of_more_than_is_left(self):
        invoice = self._invoice(100.0)
        self._credit(invoice, credit_method="percentage", percentage=60.0)
        self.assertRefused(
            invoice,
            f"50.00 % of {invoice.name} is .*57.50, more than is left .*46.00",
            credit_method="percentage",
            percentage=50.0,
        )

    def test_no_sales_journal(self):
        invoice = self._invoice(100.0)
        self.env["account.journal"].search(
            [("company_id", "=", self.env.company.id), ("type", "=", "sale")]
        ).active = False
        with self.assertRaisesRegex(
            UserError, f"no active sales journal .*{invoice.name}"
        ):
            self._wizard(invoice)

    def test_hints_are_the_sentences(self):
        draft = self._invoice(100.0, post=False)
        hints = draft.get_customer_document_hints()
        self.assertIn("A draft has nothing to credit", hints["credit_note"])
        self.assertIn("Only posted documents can be sent", hints["send"])
        self.assertFalse(hints["print"])
        hints = self._invoice(100.0).get_customer_document_hints()
        self.assertIn("Choose one credit note", hints.pop("use_credit"))
        self.assertTrue(hints.pop("summary"))
        self.assertFalse(any(hints.values()))
        nothing = self.env["account.move"].get_customer_document_hints()
        for name in ("left_out", "summary", "without_invoice"):
            self.assertFalse(nothing.pop(name))
        self.assertTrue(all(nothing.values()))

    def test_failed_posting_changes_nothing(self):
        """Two invoices, the second cannot be posted: neither is credited."""
        invoices = self._invoice(100.0) + self._invoice(50.0)
        wizard = self._wizard(invoices)
        invoices[1].partner_bank_id = False
        self.company_data["default_account_revenue"].active = False
        with self.assertRaises(UserError), self.env.cr.savepoint():
            wizard.action_issue()
        self.assertFalse(invoices.reversal_move_ids)
        self.assertEqual(set(invoices.mapped("payment_state")), {"not_paid"})

    def test_wizard_of_another_user(self):
        wizard = self._wizard(self._invoice(100.0))
        with self.assertRaises(AccessError):
            wizard.with_user(self.clerk).action_issue()

    def test_credit_note_dated_before_the_invoice(self):
        invoice = self._invoice(100.0, invoice_date="2026-10-01")
        with self.assertRaisesRegex(UserError, "before its invoice"):
            self._credit(invoice, date="2026-09-01")

    def test_reason_empty(self):
        self.env.company.credit_note_reason_required = True
        with self.assertRaisesRegex(UserError, "Choose a reason"):
            self._credit(self._invoice(100.0))

    def test_draft_among_invoices_over_rpc(self):
        """Who names the invoices is told which is wrong."""
        draft = self._invoice(50.0, post=False)
        dialogs = self.env["account.move.reversal"].with_user(self.clerk)
        dialog = dialogs.create(
            {"move_ids": [Command.set((self._invoice(100.0) + draft).ids)]}
        )
        with self.assertRaisesRegex(UserError, "A draft has nothing to credit"):
            dialog.action_issue()
