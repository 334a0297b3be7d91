from psycopg2.errors import UniqueViolation

from odoo import Command, fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, new_test_user, tagged
from odoo.tools import mute_logger

from .common import CreditNoteCommon
from .test_approval import APPROVERS, ApprovalCommon

DIALOG = "account.credit.note.without.invoice"


class WithoutInvoiceCommon(CreditNoteCommon):
    def _dialog(self, *amounts, user=None, taxes=None, **values):
        """:return: the dialog of the tab, with a line for each amount"""
        action = self.partner_a.with_user(
            user or self.clerk
        ).action_credit_without_invoice()
        taxes = self.tax_sale_a if taxes is None else taxes
        return (
            self.env[action["res_model"]]
            .with_user(user or self.clerk)
            .with_context(**action["context"])
            .create(
                {
                    "reason_id": self.reason.id,
                    "period_start": fields.Date.subtract(self.today, months=1),
                    "period_end": self.today,
                    "line_ids": [
                        Command.create(
                            {
                                "name": "Bonus",
                                "amount": amount,
                                "tax_ids": [Command.set(taxes.ids)],
                            }
                        )
                        for amount in amounts or (115.0,)
                    ],
                    **values,
                }
            )
        )

    def _former(self, *amounts, **values):
        return self._dialog(
            *amounts,
            **{
                "subject": "former",
                "former_number": "OLD-1",
                "former_date": fields.Date.subtract(self.today, days=400),
                "former_total": 230.0,
                **values,
            },
        )

    def _issue(self, dialog):
        dialog.action_issue()
        return dialog.new_move_id


@tagged("post_install", "-at_install")
class TestWithoutInvoice(WithoutInvoiceCommon):
    """Goodwill or a bonus for a period, or an invoice of a former system."""

    def test_for_a_period(self):
        credit_note = self._issue(self._dialog(115.0, reason="loyalty"))
        self.assertEqual(credit_note.state, "posted")
        self.assertEqual(credit_note.move_type, "out_refund")
        self.assertEqual(credit_note.amount_total, 115.0)
        self.assertEqual(credit_note.amount_tax, 15.0)
        self.assertEqual(credit_note.credit_note_reason_id, self.reason)
        self.assertEqual(credit_note.credit_note_reason_text, "loyalty")
        self.assertEqual(credit_note.billing_status, "open_credit")
        self.assertIn("Without an invoice", credit_note.credited_document)
        [reference] = credit_note._get_credit_note_references()
        self.assertIn("Credit for the period from", reference)
        html, _type = self.env["ir.actions.report"]._render_qweb_html(
            "account.account_invoices", credit_note.ids
        )
        self.assertIn(reference, html.decode())

    def test_any_amount_is_hit(self):
        """With taxes of any kind, on paper and in the ledger."""
        included = self.tax_sale_a.copy(
            {"name": "included", "price_include_override": "tax_included"}
        )
        both = self.tax_sale_a + self.tax_sale_b
        no_tax = self.env["account.tax"]
        for taxes in (self.tax_sale_a, included, both, no_tax):
            for amounts in ((0.03,), (0.01, 0.02), (100.0,), (33.33, 66.68, 0.05)):
                with self.subTest(taxes=taxes.mapped("name"), amounts=amounts):
                    credit_note = self._issue(self._dialog(*amounts, taxes=taxes))
                    self.assertAmount(
                        credit_note.amount_total, sum(amounts), credit_note
                    )
                    self.assertAmount(
                        credit_note.tax_totals["total_amount_currency"],
                        sum(amounts),
                        credit_note,
                    )

    def test_in_another_currency(self):
        currency = self.setup_other_currency("HRK")
        credit_note = self._issue(self._dialog(47.11, 0.03, currency_id=currency.id))
        self.assertEqual(credit_note.currency_id, currency)
        self.assertAmount(credit_note.amount_total, 47.14, credit_note)
        self.assertAlmostEqual(sum(credit_note.line_ids.mapped("balance")), 0.0)

    def test_taxes_of_the_customer(self):
        """Those of the company by default, as the fiscal position maps them."""
        form = Form(
            self.env[DIALOG]
            .with_user(self.clerk)
            .with_context(default_partner_id=self.partner_a.id)
        )
        form.reason_id = self.reason
        form.period_start = form.period_end = self.today
        with form.line_ids.new() as line:
            line.name = "Goodwill"
            line.amount = 10.0
            self.assertEqual(line.tax_ids[:], self.company_data["default_tax_sale"])
        dialog = form.save()
        self.assertEqual(dialog.amount_total, 10.0)

    def test_former_invoice_up_to_its_total(self):
        first = self._issue(self._former(115.0))
        former = first.former_invoice_id
        self.assertEqual((former.name, former.amount_left), ("OLD-1", 115.0))
        self.assertIn("OLD-1", first.credited_document)
        [reference] = first._get_credit_note_references()
        self.assertIn("OLD-1", reference)
        # However it is spelled.
        spellings = (
            (" old-1 ", "OLD - 1", "Old\u20111", "\uff2f\uff2c\uff24\u00a0-1"),
            ("OLD-\u200b1", "OLD/1", "O L D-1", "OLD_1", "#OLD.1", "old--1"),
        )
        for spelling in (*spellings[0], *spellings[1]):
            with self.subTest(spelling=spelling):
                again = self._former(10.0, former_number=spelling)
                self.assertEqual(again.amount_left, former.amount_left)
                self.assertEqual(self._issue(again).former_invoice_id, former)
        with self.assertRaisesRegex(UserError, "more than is left to credit on OLD-1"):
            self._issue(self._former(15.01))
        self._issue(self._former(15.0))
        self.assertEqual(former.amount_left, 0.0)

    def test_another_number_is_another_invoice(self):
        first = self._issue(self._former(10.0)).former_invoice_id
        for number in ("OLD-11", "OLD-1-1", "OLD1", "-"):
            other = self._issue(self._former(10.0, former_number=number))
            self.assertNotEqual(other.former_invoice_id, first)

    def test_an_invoice_of_odoo_is_none_of_a_former_system(self):
        """It would be credited past what is left of it."""
        invoice = self._invoice(200.0)
        self._credit(invoice)
        for number in (invoice.name, f" {invoice.name.lower()}"):
            with self.subTest(number=number):
                dialog = self._former(10.0, former_number=number)
                self.assertIn("is in Odoo", dialog.refusals["former_number"])
                with self.assertRaisesRegex(UserError, "is in Odoo"):
                    dialog.action_issue()
        # Over RPC, in a draft.
        former = self.env["account.former.invoice"].create(
            {
                "name": invoice.name,
                "date": invoice.invoice_date,
                "partner_id": self.partner_a.id,
                "amount_total": 230.0,
            }
        )
        dialog = self._dialog(10.0)
        dialog.action_save_draft()
        draft = dialog.new_move_id
        draft.former_invoice_id = former
        with self.assertRaisesRegex(UserError, "is in Odoo"):
            draft.action_post()

    def test_drafts_posted_together_are_counted_together(self):
        drafts = self.env["account.move"]
        for _number in range(2):
            dialog = self._former(200.0)
            dialog.action_save_draft()
            drafts |= dialog.new_move_id
        with self.assertRaisesRegex(UserError, "more than is left"):
            drafts.action_post()

    def test_where_the_company_only_warns(self):
        self.env.company.over_credit_policy = "warn"
        credit_note = self._issue(self._former(300.0))
        self.assertIn("OLD-1", " ".join(credit_note.message_ids.mapped("body")))

    def test_a_former_invoice_is_known_once(self):
        self._issue(self._former(100.0))
        for values in (
            {"former_total": 500.0},
            {"former_date": self.today},
            {"currency_id": self.setup_other_currency("HRK").id},
        ):
            dialog = self._former(10.0, **values)
            with self.assertRaisesRegex(UserError, "known already"):
                dialog.action_issue()
        former = self.env["account.former.invoice"].search([])
        with self.assertRaisesRegex(UserError, "cannot be changed"):
            former.amount_total = 1000.0
        with self.assertRaises(AccessError):
            former.with_user(self.clerk).amount_total = 1000.0

    def test_blanks_make_no_other_number(self):
        first, second = (
            self.env["account.former.invoice"].create(
                {
                    "name": name,
                    "date": self.today,
                    "partner_id": self.partner_a.id,
                    "amount_total": 10.0,
                }
            )
            for name in (" OLD-8", "OLD-9")
        )
        self.assertEqual(first.name, "OLD-8")
        with (
            mute_logger("odoo.sql_db"),
            self.assertRaises(UniqueViolation),
            self.env.cr.savepoint(),
        ):
            second.name = "OLD-8 "

    def test_nobody_says_which_number_is_the_same(self):
        self._issue(self._former(230.0))
        values = {
            "name": "old_1",
            "number_key": "another",
            "date": self.today,
            "partner_id": self.partner_a.id,
            "amount_total": 1000.0,
        }
        former_invoices = self.env["account.former.invoice"].with_user(self.clerk)
        with (
            mute_logger("odoo.sql_db"),
            self.assertRaises(UniqueViolation),
            self.env.cr.savepoint(),
        ):
            former_invoices.create(values)
        other = former_invoices.create({**values, "name": "OLD-2"}).sudo()
        other.number_key = "another"
        self.assertEqual(other.number_key, "old-2")

    def test_a_draft_cannot_name_that_of_another_customer(self):
        former = self._issue(self._former(100.0)).former_invoice_id
        draft = self._dialog(10.0)
        draft.action_save_draft()
        draft = draft.new_move_id
        draft.write({"partner_id": self.partner_b.id, "former_invoice_id": former.id})
        with self.assertRaisesRegex(UserError, "another customer"):
            draft.action_post()

    def test_what_was_issued_stays(self):
        credit_note = self._issue(self._former(100.0))
        for values in (
            {"former_invoice_id": False},
            {"credit_period_start": self.today, "credit_period_end": self.today},
        ):
            with self.assertRaisesRegex(UserError, "cannot be changed"):
                credit_note.write(values)

    def test_a_dialog_issues_once(self):
        dialog = self._dialog()
        first = self._issue(dialog)
        self.assertEqual(self._issue(dialog), first)

    def test_limit(self):
        self.env.company.credit_without_invoice_limit = 100.0
        self.assertEqual(self._issue(self._dialog(100.0)).state, "posted")
        with self.assertRaisesRegex(UserError, "at most"):
            self._issue(self._dialog(100.01))

    def test_limit_of_an_invoice_that_anybody_can_invent(self):
        """It holds for all credit notes of the invoice together."""
        self.env.company.credit_without_invoice_limit = 100.0
        self.env.company.over_credit_policy = "warn"
        self.assertEqual(self._issue(self._former(60.0)).state, "posted")
        for amount in (40.01, 170.0):
            with (
                self.assertRaisesRegex(UserError, "at most"),
                self.env.cr.savepoint(),
            ):
                self._former(amount).action_issue()
        drafts = self.env["account.move"]
        for _number in range(2):
            dialog = self._former(30.0)
            dialog.action_save_draft()
            drafts |= dialog.new_move_id
        with self.assertRaisesRegex(UserError, "at most"):
            drafts.action_post()
        self.assertEqual(self._issue(self._former(40.0)).state, "posted")

    def test_limit_of_a_draft_that_posts_itself(self):
        """Odoo's scheduler posts it as superuser, and says why not on the draft."""
        self.env.company.credit_without_invoice_limit = 100.0
        dialog = self._dialog(115.0)
        dialog.action_save_draft()
        draft = dialog.new_move_id
        draft.auto_post = "at_date"
        self._post_due_drafts()
        self.assertEqual(draft.state, "draft")
        self.assertIn("at most", " ".join(draft.message_ids.mapped("body")))

    def test_never_without_a_reason_or_what_it_is_for(self):
        for dialog, sentence in (
            (self._dialog(reason_id=False), "Choose a reason"),
            (self._dialog(period_start=False), "the first and the last day"),
            (
                self._dialog(period_end=fields.Date.subtract(self.today, years=1)),
                "ends before",
            ),
            (self._former(former_number=" "), "Enter number, date and total"),
            (self._former(former_total=0.0), "Enter number, date and total"),
            (self._dialog(line_ids=[]), "Enter the amounts"),
            (self._dialog(10.0, -10.0), "more than nothing"),
            (
                self._dialog(date=fields.Date.add(self.today, days=1)),
                "in the future",
            ),
        ):
            with (
                self.subTest(sentence=sentence),
                self.assertRaisesRegex(UserError, sentence),
            ):
                dialog.action_issue()
            self.assertFalse(dialog.new_move_id)

    def test_what_is_archived_or_of_purchases_is_refused(self):
        archived = self.reason.copy({"active": False})
        purchase = self.company_data["default_tax_purchase"]
        gone = self.tax_sale_a.copy({"name": "gone", "active": False})
        for dialog, sentence in (
            (self._dialog(reason_id=archived.id), "is archived. Choose another"),
            (self._dialog(taxes=purchase), "no tax of sales"),
            (self._dialog(taxes=gone), "is archived, or"),
        ):
            with (
                self.subTest(sentence=sentence),
                self.assertRaisesRegex(UserError, sentence),
            ):
                dialog.action_issue()
            self.assertFalse(dialog.new_move_id)
        dialog = self._dialog()
        self.partner_a.active = False
        with self.assertRaisesRegex(UserError, "is archived. Choose another"):
            dialog.action_issue()

    def test_found_in_list_and_analysis(self):
        credit_note = self._issue(self._dialog())
        of_invoice = self._credit(self._invoice())
        domain = [("move_type", "=", "out_refund"), ("reversed_entry_id", "=", False)]
        found = self.env["account.move"].search(domain)
        self.assertIn(credit_note, found)
        self.assertNotIn(of_invoice, found)

    def test_used_and_sent_like_others(self):
        invoice = self._invoice(200.0)
        credit_note = self._issue(self._dialog())
        credit_note.action_use_credit()
        credit_note._apply_credit(invoice)
        self.assertEqual(invoice.amount_residual, 115.0)
        action = self._dialog().action_issue_and_send()
        self.assertEqual(
            action["params"]["next"]["res_model"], "account.move.send.wizard"
        )

    def test_access(self):
        for login, groups in (
            ("without_auditor", "account.group_account_readonly"),
            ("without_employee", "base.group_user"),
            ("without_portal", "base.group_portal"),
        ):
            user = new_test_user(self.env, login, groups=groups)
            with self.subTest(login), self.assertRaises(AccessError):
                self.partner_a.with_user(user).action_credit_without_invoice()
            with (
                self.subTest(login),
                mute_logger("odoo.addons.base.models.ir_model"),
                self.assertRaises(AccessError),
            ):
                self.env[DIALOG].with_user(user).create(
                    {"partner_id": self.partner_a.id}
                )

    def test_what_would_be_refused_is_said(self):
        """While it is entered: the buttons are off, and say what they would say."""
        action = self.partner_a.action_credit_without_invoice()
        form = Form(
            self.env["account.credit.note.without.invoice"].with_context(
                **action["context"]
            )
        )
        self.assertIn("Choose a reason", form.button_refusals["action_issue"])
        form.reason_id = self.reason
        self.assertIn("Enter the amounts", form.button_refusals["action_save_draft"])
        with form.line_ids.new() as line:
            line.name = "Bonus"
            line.amount = 11.5
        self.assertIn("Enter the first and the last day", form.refusals["period_start"])
        form.period_start = form.period_end = self.today
        self.assertFalse(form.refusals)
        self.assertFalse(form.button_refusals)
        form.date = fields.Date.add(self.today, days=1)
        self.assertIn("in the future", form.refusals["date"])
        self.assertEqual(form.button_refusals["action_issue"], form.refusals["date"])
        self.assertNotIn("action_save_draft", form.button_refusals)
        form.date = self.today
        form.save().action_issue()


@tagged("post_install", "-at_install")
class TestWithoutInvoiceApproval(WithoutInvoiceCommon, ApprovalCommon):
    """Its draft waits for approval."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company.credit_without_invoice_approval = True

    def _ask_draft(self, *amounts, **values):
        dialog = self._dialog(*amounts, **values)
        self.assertIn("no invoice", dialog.approval_needs)
        action = dialog.action_ask_approval()
        # As when the request is over: what is written later is another user's.
        self.env.flush_all()
        return self.Batch.browse(action["res_id"])

    def test_approved(self):
        with (
            self.assertRaisesRegex(UserError, "needs approval"),
            self.env.cr.savepoint(),
        ):
            self._dialog().action_issue()
        batch = self._ask_draft(115.0)
        draft = batch.line_ids.credit_note_id
        self.assertEqual((batch.state, draft.state), ("to_approve", "draft"))
        self.assertEqual(batch.amount_to_approve, 115.0)
        self.assertIn("Without an invoice", batch.invoice_names)
        self.assertEqual(batch.customer_names, self.partner_a.display_name)
        self.assertRefused(draft)
        with self.assertRaisesRegex(UserError, "waits for approval already"):
            draft.with_user(self.clerk).action_ask_approval()
        with self.assertRaisesRegex(UserError, "as it is"):
            self._decide(batch, amount=100.0)
        self._decide(batch)
        self._run_cron()
        self.assertEqual((batch.state, draft.state), ("done", "posted"))
        self.assertEqual(draft.credit_note_approver_id, self.approver)

    def test_of_a_former_invoice(self):
        """Anybody can invent one, so beyond the limit a second person looks at it."""
        self.company.credit_without_invoice_approval = False
        self.company.credit_without_invoice_limit = 100.0
        self.company.credit_note_approval_amount = 0.0
        self.assertFalse(self._former(100.0).approval_needs)
        self.assertEqual(self._issue(self._former(60.0)).state, "posted")
        dialog = self._former(100.0)
        self.assertIn("former system", dialog.approval_needs)
        with (
            self.assertRaisesRegex(UserError, "needs approval"),
            self.env.cr.savepoint(),
        ):
            dialog.action_issue()
        action = dialog.action_ask_approval()
        self.env.flush_all()
        batch = self.Batch.browse(action["res_id"])
        draft = batch.line_ids.credit_note_id
        self.assertRefused(draft)
        self._decide(batch)
        self._run_cron()
        self.assertEqual((batch.state, draft.state), ("done", "posted"))
        self.assertEqual(draft.credit_note_approver_id, self.approver)
        # Approved or not, never more than its total.
        self.company.credit_without_invoice_limit = 0.0
        with self.assertRaisesRegex(UserError, "more than is left"):
            self._issue(self._former(70.01))

    def test_credit_notes_of_a_former_invoice_add_up(self):
        """As those of an invoice of Odoo do, however its number is spelled."""
        self.company.credit_without_invoice_approval = False
        values = {"former_total": 5000.0}
        self._issue(self._former(600.0, **values))
        self.assertFalse(self._former(399.99, **values).approval_needs)
        again = self._former(400.0, former_number="old/1", **values)
        self.assertIn("1,000.00", again.approval_needs)
        again.action_save_draft()
        self.assertRefused(again.new_move_id)

    def test_beyond_the_limit_is_for_no_approver_without_a_former_invoice(self):
        self.company.credit_without_invoice_limit = 100.0
        batch = self._ask_draft(115.0)
        self._decide(batch)
        self._run_cron()
        self.assertEqual(batch.failed_count, 1)
        self.assertIn("at most", batch.failed_line_ids.error)

    def test_refused(self):
        batch = self._ask_draft()
        self._decide(batch, method="action_refuse", note="No")
        self._run_cron()
        self.assertEqual(batch.line_ids.credit_note_id.state, "draft")

    def test_changed_after_it_was_approved(self):
        batch = self._ask_draft()
        draft = batch.line_ids.credit_note_id
        self._decide(batch)
        draft.with_user(self.clerk).write(
            {"invoice_line_ids": [Command.create({"name": "x", "price_unit": 1.0})]}
        )
        self._run_cron()
        self.assertEqual((batch.failed_count, draft.state), (1, "draft"))
        self.assertIn("changed, posted or deleted", batch.failed_line_ids.error)

    def test_changed_before_it_is_approved(self):
        """What is approved is what was asked for."""
        batch = self._ask_draft()
        draft = batch.line_ids.credit_note_id
        draft.with_user(self.clerk).write(
            {"invoice_line_ids": [Command.create({"name": "x", "price_unit": 0.0})]}
        )
        with self.assertRaisesRegex(UserError, "changed, posted or deleted"):
            self._decide(batch)
        self._decide(batch, method="action_refuse", note="It was changed")
        self.assertEqual(batch.state, "refused")

    def test_nobody_is_left_who_may_approve(self):
        batch = self._ask_draft()
        draft = batch.line_ids.credit_note_id
        draft.invoice_line_ids.with_user(self.approver).name = "changed"
        with self.assertRaisesRegex(AccessError, "Let credit_note_clerk .*withdraw it"):
            batch.with_user(self.approver).action_decide()

    def test_who_changed_the_draft_does_not_approve_it(self):
        other = self._user("other", APPROVERS)
        dialog = self._dialog()
        dialog.action_save_draft()
        draft = dialog.new_move_id
        draft.invoice_line_ids.with_user(self.approver).name = "changed"
        action = draft.with_user(self.clerk).action_ask_approval()
        batch = self.Batch.browse(action["res_id"])
        self.assertEqual(batch.activity_ids.user_id, other)
        with self.assertRaises(AccessError):
            batch.with_user(self.approver).action_decide()

    def test_draft_of_an_invoice(self):
        """Odoo's own Reverse, then the button of the draft."""
        invoice = self._invoice(1000.0)
        draft = self._draft(invoice)
        action = draft.action_ask_approval()
        self._decide(self.Batch.browse(action["res_id"]))
        self._run_cron()
        self.assertEqual(draft.state, "posted")
        self.assertEqual(invoice.payment_state, "reversed")

    def assertClosed(self, batch, state, note):
        self.assertEqual((batch.state, batch.line_ids.state), (state, state))
        self.assertTrue(batch.date_done)
        self.assertFalse(batch.activity_ids)
        self.assertFalse(batch.can_decide)
        self.assertIn(note, " ".join(batch.message_ids.mapped("body")))
        with self.assertRaisesRegex(UserError, "does not wait"):
            self._decide(batch)

    def test_posted_by_hand_while_it_waits(self):
        """By an approver, before and after somebody decided; and by the system."""
        batch = self._ask_draft()
        draft = batch.line_ids.credit_note_id
        draft.with_user(self.approver).action_post()
        self.assertClosed(batch, "done", draft.name)
        self.assertEqual(batch.approver_id, self.approver)
        self.assertEqual(batch.done_count, 1)
        told = (
            self.env["mail.message"]
            .sudo()
            .search([("model", "=", batch._name), ("res_id", "=", batch.id)])
        )
        self.assertIn(self.clerk.partner_id, told.partner_ids)
        decided = self._ask_draft()
        self._decide(decided)
        decided.line_ids.credit_note_id.with_user(self.approver).action_post()
        self.assertClosed(decided, "done", "was confirmed by")
        self._run_cron()
        self.assertFalse(decided.failed_count)
        system = self._ask_draft()
        system.line_ids.credit_note_id.sudo().action_post()
        self.assertClosed(system, "done", "was confirmed by")
        self.assertFalse(system.approver_id)

    def test_deleted_or_cancelled_while_it_waits(self):
        for method, note in (("unlink", "deleted"), ("button_cancel", "cancelled")):
            with self.subTest(method=method):
                batch = self._ask_draft()
                draft = batch.line_ids.credit_note_id
                getattr(draft.with_user(self.clerk), method)()
                self.assertClosed(batch, "cancelled", note)
                self.assertIn(note, batch.line_ids.error)
                self._run_cron()
                self.assertFalse(batch.line_ids.credit_note_id.name)

    def test_withdrawn_and_asked_again(self):
        batch = self._ask_draft()
        draft = batch.line_ids.credit_note_id.with_user(self.clerk)
        with self.assertRaisesRegex(UserError, "already: Credit Note Batch"):
            draft.action_ask_approval()
        batch.with_user(self.clerk).action_cancel()
        again = self.Batch.browse(draft.action_ask_approval()["res_id"])
        self.assertEqual(again.state, "to_approve")
