from odoo.exceptions import UserError
from odoo.tests import tagged

from .common import CreditNoteCommon


@tagged("post_install", "-at_install")
class TestCreditNote(CreditNoteCommon):
    """The main job: everything left on the ticked invoices is credited."""

    def test_unpaid_invoice_is_reversed(self):
        invoice = self._invoice(100.0, 50.0)
        credit_note = self._credit(invoice, user=self.clerk, reason_id=self.reason.id)

        self.assertRecordValues(
            credit_note,
            [
                {
                    "move_type": "out_refund",
                    "state": "posted",
                    "reversed_entry_id": invoice.id,
                    "amount_total": invoice.amount_total,
                    "amount_tax": invoice.amount_tax,
                    "amount_residual": 0.0,
                    "partner_id": invoice.partner_id.id,
                    "credit_note_reason_id": self.reason.id,
                }
            ],
        )
        self.assertNotIn(credit_note.name, (False, "/", invoice.name))
        self.assertEqual(invoice.payment_state, "reversed")
        self.assertEqual(invoice.amount_residual, 0.0)
        self.assertEqual(invoice.amount_creditable, 0.0)
        self.assertBalanced(invoice + credit_note)

    def test_books_are_the_mirror_of_the_invoice(self):
        invoice = self._invoice(100.0, 33.33, quantity=3)
        credit_note = self._credit(invoice)
        for account in invoice.line_ids.account_id:
            lines = (invoice + credit_note).line_ids.filtered(
                lambda line, account=account: line.account_id == account
            )
            self.assertAlmostEqual(sum(lines.mapped("balance")), 0.0, msg=account.code)

    def test_each_line_links_to_its_invoice_line(self):
        invoice = self._invoice(100.0, 50.0)
        credit_note = self._credit(invoice)
        self.assertEqual(
            credit_note.invoice_line_ids.credited_line_id, invoice.invoice_line_ids
        )
        for line in credit_note.invoice_line_ids:
            self.assertEqual(line.name, line.credited_line_id.name)
            self.assertEqual(line.price_unit, line.credited_line_id.price_unit)
        self.assertEqual(
            invoice.invoice_line_ids.mapped("quantity_creditable"), [0.0, 0.0]
        )

    def test_paid_invoice_keeps_its_payment(self):
        invoice = self._invoice(100.0)
        self._register_payment(invoice)
        paid_state = invoice.payment_state
        payment_lines = invoice._get_reconciled_amls()
        self.assertTrue(payment_lines)
        credit_note = self._credit(invoice)

        self.assertEqual(invoice.payment_state, paid_state)
        self.assertEqual(invoice._get_reconciled_amls(), payment_lines)
        self.assertEqual(credit_note.payment_state, "not_paid")
        self.assertEqual(credit_note.amount_residual, invoice.amount_total)
        self.assertEqual(invoice.billing_status, "credited")
        self.assertEqual(credit_note.billing_status, "open_credit")

    def test_part_paid_invoice_keeps_its_payment(self):
        invoice = self._invoice(100.0)  # 115.00 with tax
        self._register_payment(invoice, amount=40.0, payment_difference_handling="open")
        payment_lines = invoice._get_reconciled_amls()
        wizard = self._wizard(invoice)
        self.assertRecordValues(
            wizard,
            [
                {
                    "amount_to_credit": 115.0,
                    "amount_due": 75.0,
                    "amount_due_after": 0.0,
                    "amount_customer_credit": 40.0,
                }
            ],
        )
        wizard.action_issue()
        credit_note = wizard.new_move_ids

        self.assertEqual(invoice.amount_residual, 0.0)
        self.assertTrue(payment_lines <= invoice._get_reconciled_amls())
        self.assertEqual(credit_note.amount_residual, 40.0)

    def test_many_invoices_at_once(self):
        other = self._invoice(20.0, partner=self.partner_b)
        invoices = self._invoice(100.0) + self._invoice(50.0) + other
        wizard = self._wizard(invoices, reason="Storm damage")
        self.assertEqual(wizard.invoice_count, 3)
        self.assertAlmostEqual(
            wizard.amount_to_credit, sum(invoices.mapped("amount_total"))
        )
        wizard.action_issue()
        credit_notes = wizard.new_move_ids

        self.assertEqual(len(credit_notes), 3)
        self.assertEqual(credit_notes.reversed_entry_id, invoices)
        self.assertEqual(set(invoices.mapped("payment_state")), {"reversed"})
        self.assertEqual(
            set(credit_notes.mapped("credit_note_reason_text")), {"Storm damage"}
        )
        self.assertEqual(len(set(credit_notes.mapped("name"))), 3)
        for credit_note in credit_notes:
            self.assertBalanced(credit_note + credit_note.reversed_entry_id)

    def test_receipt(self):
        receipt = self._invoice(100.0, move_type="out_receipt")
        credit_note = self._credit(receipt)
        self.assertEqual(credit_note.move_type, "out_refund")
        self.assertEqual(receipt.payment_state, "reversed")

    def test_both_documents_say_who_and_why(self):
        invoice = self._invoice(100.0)
        credit_note = self._credit(
            invoice, user=self.clerk, reason_id=self.reason.id, reason="by phone"
        )
        for document, other in ((invoice, credit_note), (credit_note, invoice)):
            message = document.message_ids.filtered(
                lambda message, other=other: (
                    "Order cancelled – by phone" in message.body
                    and f'data-oe-id="{other.id}"' in message.body
                )
            )
            self.assertEqual(len(message), 1, document.message_ids.mapped("body"))
            self.assertEqual(message.author_id, self.clerk.partner_id)
        self.assertEqual(invoice.action_view_credit_notes()["res_id"], credit_note.id)
        self.assertEqual(invoice.credit_note_count, 1)

    def test_list_of_credit_notes(self):
        """Odoo's list of credit notes, with the customer and the date, and no *New*."""
        invoice = self._invoice(100.0)
        for _number in range(2):
            self._credit(invoice, credit_method="amount", amount=10.0)
        action = invoice.with_user(self.clerk).action_view_credit_notes()
        view_id, kind = action["views"][0]
        arch = self.env["account.move"].get_view(view_id, kind)["arch"]
        for field_name in ("invoice_partner_display_name", "invoice_date"):
            self.assertIn(f'name="{field_name}"', arch)
        self.assertIs(action["context"]["create"], False)

    def test_the_screen_names_the_credit_note(self):
        invoice = self._invoice(100.0)
        wizard = self._wizard(invoice)
        action = wizard.action_issue()
        credit_note = wizard.new_move_ids
        self.assertEqual(action["tag"], "credit_notes_issued")
        [link] = action["params"]["links"]
        self.assertEqual(link["label"], credit_note.name)
        self.assertTrue(link["url"].endswith(f"/{credit_note.id}"))
        self.assertEqual(
            action["params"]["next"], {"type": "ir.actions.act_window_close"}
        )

    def test_the_screen_names_many_credit_notes(self):
        invoices = self.env["account.move"].union(
            *(self._invoice(10.0) for _number in range(7))
        )
        params = self._wizard(invoices).action_issue()["params"]
        self.assertIn("7", params["title"])
        self.assertIn("2 more", params["message"])

    def test_issue_and_print_downloads_the_credit_note(self):
        wizard = self._wizard(self._invoice(100.0))
        report = wizard.action_issue_and_print()["params"]["next"]
        self.assertEqual(report["type"], "ir.actions.report")
        self.assertEqual(
            report["report_name"], "account_partner_credit_note.report_credit_note"
        )
        self.assertEqual(report["context"]["active_ids"], wizard.new_move_ids.ids)

    def test_issue_and_send_opens_the_composer(self):
        wizard = self._wizard(self._invoice(100.0))
        composer = wizard.action_issue_and_send()["params"]["next"]
        self.assertEqual(composer["res_model"], "account.move.send.wizard")
        self.assertEqual(composer["context"]["active_ids"], wizard.new_move_ids.ids)

    def test_save_as_draft(self):
        invoice = self._invoice(100.0)
        wizard = self._wizard(invoice, reason_id=self.reason.id)
        action = wizard.refund_moves()
        draft = self.env["account.move"].browse(action["res_id"])
        self.assertEqual(draft.state, "draft")
        self.assertEqual(draft.credit_note_reason_id, self.reason)
        self.assertEqual(invoice.payment_state, "not_paid")
        # The draft counts: two clerks do not credit the same invoice twice.
        self.assertEqual(invoice.amount_creditable, 0.0)
        self.assertEqual(invoice.billing_status, "not_paid")
        draft.unlink()
        self.assertEqual(invoice.amount_creditable, invoice.amount_total)

    def test_foreign_currency_leaves_no_exchange_difference(self):
        currency = self.setup_other_currency(
            "EUR", rates=[("2026-01-01", 2.0), ("2026-02-01", 3.0)]
        )
        invoice = self._invoice(
            100.0, currency_id=currency.id, invoice_date="2026-01-15"
        )
        self.assertEqual(invoice.invoice_currency_rate, 2.0)
        credit_note = self._credit(invoice, date="2026-02-15")
        self.assertEqual(credit_note.invoice_currency_rate, 2.0)
        self.assertEqual(credit_note.amount_total_signed, -invoice.amount_total_signed)
        self.assertFalse(invoice._get_reconciled_invoices_partials()[1])
        self.assertEqual(invoice.payment_state, "reversed")

    def test_currencies_are_not_added_up(self):
        currency = self.setup_other_currency("EUR")
        invoices = self._invoice(100.0) + self._invoice(100.0, currency_id=currency.id)
        wizard = self._wizard(invoices)
        self.assertFalse(wizard.currency_id)
        self.assertEqual(wizard.amount_to_credit, 0.0)

    def test_date_is_never_proposed_before_the_invoice(self):
        invoice = self._invoice(100.0, invoice_date="2100-01-01")
        invoice.filtered(lambda move: move.state == "draft")._post(soft=False)
        self.assertEqual(str(self._wizard(invoice).date), "2100-01-01")

    def test_over_rpc_in_two_calls(self):
        """A program gives the invoice and no journal, which fails on Odoo alone."""
        invoice = self._invoice(100.0)
        wizard = (
            self.env["account.move.reversal"]
            .with_user(self.clerk)
            .create({"move_ids": [(6, 0, invoice.ids)], "reason_id": self.reason.id})
        )
        self.assertEqual(wizard.journal_id, invoice.journal_id)
        self.assertEqual(wizard.company_id, invoice.company_id)
        wizard.action_issue()
        self.assertEqual(invoice.payment_state, "reversed")

    def test_archived_journal(self):
        journal = self.company_data["default_journal_sale"].copy(
            {
                "code": "OLD",
                "default_account_id": self.company_data["default_account_revenue"].id,
            }
        )
        invoice = self._invoice(100.0, journal_id=journal.id)
        journal.active = False
        credit_note = self._credit(invoice)
        self.assertEqual(
            credit_note.journal_id, self.company_data["default_journal_sale"]
        )

    def test_customer_became_a_contact(self):
        invoice = self._invoice(100.0)
        parent = self.env["res.partner"].create({"name": "Mother"})
        self.partner_a.parent_id = parent
        credit_note = self._credit(invoice)
        self.assertEqual(credit_note.partner_id, self.partner_a)
        self.assertEqual(invoice.payment_state, "reversed")
        self.assertEqual(credit_note.amount_residual, 0.0)
        self.assertCreditedToZero(invoice)

    def test_locked_periods(self):
        """Nothing is written in them, and the credit note goes in the open one."""
        invoice = self._invoice(100.0, invoice_date="2026-01-15")
        for lock in (
            "fiscalyear_lock_date",
            "tax_lock_date",
            "sale_lock_date",
            "hard_lock_date",
        ):
            with self.subTest(lock=lock):
                self.env.company[lock] = "2026-01-31"
                with self.assertRaisesRegex(UserError, "locked period"):
                    self._credit(invoice, date="2026-01-20")
                before = invoice.write_date, invoice.read()
                credit_note = self._credit(
                    invoice, credit_method="amount", amount=10.0, date="2026-02-01"
                )
                self.assertEqual(str(credit_note.date), "2026-02-01")
                self.assertTrue(before)
                if lock != "hard_lock_date":
                    self.env.company[lock] = False

    def test_branch_company(self):
        branch = self.env["res.company"].create(
            {
                "name": "Branch",
                "parent_id": self.env.company.id,
                "country_id": self.env.company.account_fiscal_country_id.id,
            }
        )
        self.env.user.company_ids += branch
        self.clerk.company_ids += branch
        self.partner_a.with_company(
            branch
        ).property_account_receivable_id = self.company_data[
            "default_account_receivable"
        ]
        invoice = self._invoice(
            100.0,
            company_id=branch.id,
            journal_id=self.company_data["default_journal_sale"].id,
        )
        self.assertEqual(invoice.company_id, branch)
        credit_note = self._credit(
            invoice.with_context(allowed_company_ids=(self.env.company + branch).ids),
            user=self.clerk,
        )
        self.assertEqual(credit_note.company_id, branch)
        self.assertEqual(invoice.payment_state, "reversed")

    def test_part_paid_then_reverse(self):
        """As in Odoo: the payment stays, the rest is the customer's credit."""
        invoice = self._invoice(100.0)
        self._register_payment(invoice, amount=40.0, payment_difference_handling="open")
        credit_note = self._credit(invoice)
        self.assertEqual(credit_note.amount_residual, 40.0)
        self.assertEqual(invoice.amount_residual, 0.0)
