from psycopg2.errors import CheckViolation

from odoo import Command, fields
from odoo.exceptions import AccessError, UserError
from odoo.service.model import call_kw
from odoo.tests import Form, new_test_user, tagged
from odoo.tools import mute_logger

from ..models.lock.capability import Approval, Capability
from .common import CreditNoteCommon
from .test_background import CRON

APPROVERS = "account_partner_credit_note.group_credit_note_approver"
BILLING = "account.group_account_invoice"


class ApprovalCommon(CreditNoteCommon):
    """From 1,000.00 on, credit notes of an invoice need a second person."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company = cls.env.company
        cls.company.write(
            {"credit_note_approval": True, "credit_note_approval_amount": 1000.0}
        )
        cls.approver = cls._user("approver", APPROVERS)
        cls.Batch = cls.env["account.credit.note.batch"].sudo()

    @classmethod
    def _user(cls, name, groups=BILLING, company=None):
        company = company or cls.env.company
        return new_test_user(
            cls.env,
            login=f"approval_{name}",
            groups=groups,
            company_id=company.id,
            company_ids=[Command.set(company.ids)],
        )

    def _ask(self, invoices, user=None, **values):
        """:return: the batch in which what the clerk asked for waits"""
        wizard = self._wizard(invoices, user=user or self.clerk, **values)
        action = wizard.action_ask_approval()
        return self.Batch.browse(action["res_id"])

    def _decide(self, batch, user=None, method="action_approve", **values):
        user = user or self.approver
        action = batch.with_user(user).action_decide()
        dialog = (
            self.env[action["res_model"]]
            .with_user(user)
            .with_context(**action["context"])
            .create(values)
        )
        getattr(dialog, method)()

    def _run_cron(self):
        with self.enter_registry_test_mode():
            self.env.ref(CRON).method_direct_trigger()

    def _draft(self, invoice, user=None):
        """:return: draft of Odoo's own Reverse, of this user"""
        user = user or self.clerk
        return invoice.with_user(user)._reverse_moves([{"invoice_date": self.today}])

    def _old_invoice(self, days, *prices):
        return self._invoice(
            *prices, invoice_date=fields.Date.subtract(self.today, days=days)
        )

    def assertRefused(self, move, user=None):
        with self.assertRaisesRegex(UserError, "needs approval"):
            move.with_user(user or self.clerk).action_post()
        self.assertEqual(move.state, "draft")


@tagged("post_install", "-at_install")
class TestApproval(ApprovalCommon):
    """Ask, approve, approve a part, refuse, withdraw."""

    def test_asked_approved_issued(self):
        invoice = self._invoice(1000.0)
        batch = self._ask(invoice, reason_id=self.reason.id, reason="by phone")
        self.assertEqual((batch.state, batch.line_ids.state), ("to_approve",) * 2)
        self.assertEqual(batch.amount_to_approve, 1150.0)
        self.assertEqual(batch.invoice_names, invoice.name)
        self.assertIn("1,000.00", batch.approval_needs)
        self.assertIn("1,150.00", batch.preview)
        self.assertEqual((batch.line_count, batch.progress), (1, 0.0))
        self.assertEqual(batch.activity_ids.user_id, self.approver)
        self.assertEqual(invoice.amount_to_approve, 1150.0)
        self._run_cron()
        self.assertFalse(invoice.reversal_move_ids)
        self._decide(batch, note="Fine")
        self.assertEqual((batch.state, batch.line_ids.state), ("running", "waiting"))
        self.assertFalse(batch.activity_ids)
        self.assertFalse(invoice.amount_to_approve)
        self._run_cron()
        self.assertEqual((batch.state, batch.done_count), ("done", 1))
        credit_note = invoice.reversal_move_ids
        self.assertEqual(credit_note.state, "posted")
        self.assertEqual(credit_note.create_uid, self.clerk)
        self.assertEqual(credit_note.credit_note_approver_id, self.approver)
        self.assertEqual(credit_note.credit_note_reason_id, self.reason)
        self.assertBalanced(invoice + credit_note)
        history = " ".join(invoice.message_ids.mapped("body"))
        for sentence in ("Approval asked", "approved by", "issued"):
            self.assertIn(sentence, history)
        self.assertIn("Approved by", " ".join(credit_note.message_ids.mapped("body")))
        self.assertIn("Fine", " ".join(batch.message_ids.mapped("body")))

    def test_what_was_chosen_is_issued(self):
        """The lines, and the day on which it is issued."""
        self.company.credit_note_approval_amount = 50.0
        invoice = self._invoice(100.0, 200.0, 300.0)
        lines = [
            Command.create({"invoice_line_id": line.id, "quantity": quantity})
            for line, quantity in zip(invoice.invoice_line_ids, (0, 1, 0), strict=True)
        ]
        batch = self._ask(invoice, credit_method="lines", line_ids=lines)
        self.assertEqual(batch.amount_to_approve, 230.0)
        self.assertNotIn("date", batch.dialog_values)
        self._decide(batch)
        self._run_cron()
        credit_note = invoice.reversal_move_ids
        self.assertEqual(
            credit_note.invoice_line_ids.credited_line_id, invoice.invoice_line_ids[1]
        )
        self.assertEqual(credit_note.amount_total, 230.0)
        self.assertEqual(credit_note.invoice_date, self.today)

    def test_a_date_that_was_chosen_is_kept(self):
        invoice = self._old_invoice(9, 1000.0)
        date = fields.Date.subtract(self.today, days=3)
        batch = self._ask(invoice, date=date)
        self._decide(batch)
        self._run_cron()
        self.assertEqual(invoice.reversal_move_ids.invoice_date, date)

    def test_a_part_is_approved(self):
        invoice = self._invoice(1000.0)
        batch = self._ask(invoice)
        for amount in (0.0, -1.0, 1150.01, 0.001):
            with self.assertRaisesRegex(UserError, "approve an amount"):
                self._decide(batch, amount=amount)
        self._decide(batch, amount=300.0)
        self._run_cron()
        self.assertEqual(invoice.reversal_move_ids.amount_total, 300.0)
        self.assertEqual(batch.amount_to_approve, 300.0)

    def test_refused_with_a_word(self):
        invoice = self._invoice(1000.0)
        batch = self._ask(invoice)
        with self.assertRaisesRegex(UserError, "Write a word"):
            self._decide(batch, method="action_refuse", note=" ")
        self._decide(batch, method="action_refuse", note="Not ours to pay")
        self.assertEqual((batch.state, batch.line_ids.state), ("refused", "cancelled"))
        self.assertFalse(batch.activity_ids)
        message = (
            self.env["mail.message"]
            .sudo()
            .search(
                [
                    ("model", "=", batch._name),
                    ("res_id", "=", batch.id),
                    ("partner_ids", "in", self.clerk.partner_id.ids),
                ]
            )
        )
        self.assertIn("Not ours to pay", " ".join(message.mapped("body")))
        self.assertIn("Not ours to pay", " ".join(invoice.message_ids.mapped("body")))
        self._run_cron()
        self.assertFalse(invoice.reversal_move_ids)
        with self.assertRaisesRegex(UserError, "does not wait"):
            self._decide(batch)
        # It can be asked for again.
        self.assertEqual(self._ask(invoice).state, "to_approve")

    def test_withdrawn(self):
        invoice = self._invoice(1000.0)
        batch = self._ask(invoice)
        with self.assertRaises(AccessError):
            batch.with_user(self._user("other")).action_cancel()
        batch.with_user(self.clerk).action_cancel()
        self.assertEqual(
            (batch.state, batch.line_ids.state), ("cancelled", "cancelled")
        )
        self.assertFalse(batch.activity_ids)
        with self.assertRaisesRegex(UserError, "does not wait"):
            self._decide(batch)

    def test_a_batch_waits_as_one(self):
        invoices = self._invoice(1000.0) + self._invoice(10.0) + self._invoice(2000.0)
        self.company.credit_note_background_limit = 3
        wizard = self._wizard(invoices, user=self.clerk)
        with self.assertRaisesRegex(UserError, "This needs approval"):
            wizard.action_issue()
        batch = self._ask(invoices)
        self.assertEqual((batch.line_count, batch.waiting_count), (3, 3))
        self.assertEqual(
            batch.line_ids.mapped("amount"), invoices.mapped("amount_total")
        )
        self._decide(batch)
        self._run_cron()
        self.assertEqual((batch.state, batch.done_count), ("done", 3))
        credit_notes = batch.line_ids.credit_note_id
        self.assertEqual(credit_notes.mapped("credit_note_approver_id"), self.approver)
        # The small one needed nobody.
        self.assertEqual(
            [bool(move.credit_note_approver_id) for move in credit_notes],
            [True, False, True],
        )

    def test_no_more_than_was_approved(self):
        """What was credited meanwhile and comes back is not in the approval."""
        invoice = self._invoice(2000.0)
        self.company.credit_note_approval = False
        draft = self._wizard(
            invoice, user=self.clerk, credit_method="amount", amount=1000.0
        )
        draft.action_save_draft()
        self.company.credit_note_approval = True
        batch = self._ask(invoice)
        self.assertEqual(batch.amount_to_approve, 1300.0)
        draft.new_move_ids.unlink()
        self._decide(batch)
        self._run_cron()
        self.assertEqual(batch.failed_count, 1)
        self.assertIn("was approved", batch.failed_line_ids.error)
        self.assertFalse(invoice.reversal_move_ids)

    def test_an_invoice_is_asked_for_once(self):
        invoice = self._invoice(1000.0)
        self._ask(invoice)
        with self.assertRaisesRegex(UserError, "to be credited already"):
            self._ask(invoice)

    def test_wrong_requests_are_refused(self):
        small, invoice = self._invoice(10.0), self._invoice(1000.0)
        with self.assertRaisesRegex(UserError, "needs no approval"):
            self._ask(small)
        with self.assertRaisesRegex(UserError, "more than is left"):
            self._ask(invoice, credit_method="amount", amount=1200.0)
        self.approver.active = False
        with (
            self.assertRaisesRegex(UserError, "nobody but you"),
            self.env.cr.savepoint(),
        ):
            self._ask(invoice)
        self.assertFalse(self.Batch.search([]))

    def test_the_dialog_says_so(self):
        invoice = self._invoice(1000.0)
        form = Form(
            self.env["account.move.reversal"]
            .with_user(self.clerk)
            .with_context(**invoice.action_credit_note()["context"])
        )
        self.assertIn(invoice.name, form.approval_needs)
        form.credit_method = "amount"
        form.amount = 999.99
        self.assertFalse(form.approval_needs)
        form.amount = 1000.0
        self.assertTrue(form.approval_needs)


@tagged("post_install", "-at_install")
class TestApprovalNeeds(ApprovalCommon):
    """What needs a second person: an amount, a reason, an age, one's own invoice."""

    def _needs(self, invoice, **values):
        return bool(self._wizard(invoice, user=self.clerk, **values).approval_needs)

    def test_off(self):
        self.company.credit_note_approval = False
        credit_note = self._credit(self._invoice(5000.0), user=self.clerk)
        self.assertEqual(credit_note.state, "posted")
        self.assertFalse(credit_note.credit_note_approver_id)

    def test_amounts_of_an_invoice_add_up(self):
        invoice = self._invoice(2000.0)
        self._credit(invoice, user=self.clerk, credit_method="amount", amount=600.0)
        self.assertTrue(self._needs(invoice, credit_method="amount", amount=400.0))
        self._credit(invoice, user=self.clerk, credit_method="amount", amount=399.99)
        self.assertTrue(self._needs(invoice, credit_method="amount", amount=0.01))
        drafts = self._draft(invoice) + self._draft(invoice)
        self.assertRefused(drafts[0])

    def test_drafts_posted_together_add_up(self):
        invoice = self._invoice(2000.0)
        drafts = self.env["account.move"]
        for _number in range(2):
            wizard = self._wizard(
                invoice, user=self.clerk, credit_method="amount", amount=600.0
            )
            wizard.action_save_draft()
            drafts |= wizard.new_move_ids
        with self.assertRaisesRegex(UserError, "needs approval"):
            drafts.with_user(self.clerk).action_post()
        drafts[0].with_user(self.clerk).action_post()
        self.assertEqual(drafts[0].state, "posted")

    def test_in_company_currency(self):
        """Two units of the foreign currency are one; the rate of a draft counts not."""
        currency = self.setup_other_currency("HRK")
        invoice = self._invoice(1600.0, currency_id=currency.id)
        wizard = self._wizard(invoice)
        self.assertEqual(wizard.amount_to_credit, 1840.0)
        rate = invoice.invoice_currency_rate
        self.assertNotEqual(rate, 1.0)
        needs = 1840.0 / rate >= 1000.0
        self.assertEqual(bool(wizard.approval_needs), needs)
        self.company.credit_note_approval_amount = 1840.0 / rate
        self.assertTrue(self._needs(invoice))
        self.company.credit_note_approval_amount = 1840.0 / rate + 1.0
        self.assertFalse(self._needs(invoice))
        self.company.credit_note_approval_amount = 1840.0 / rate
        draft = self._draft(invoice)
        draft.invoice_currency_rate = rate * 10
        self.assertRefused(draft)

    def test_reason(self):
        self.company.credit_note_approval_amount = 0.0
        invoice = self._invoice(10.0)
        self.reason.needs_approval = True
        self.assertFalse(self._needs(invoice))
        self.assertTrue(self._needs(invoice, reason_id=self.reason.id))

    def test_named_approvers(self):
        named = self._user("named")
        self.reason.write(
            {"needs_approval": True, "approver_ids": [Command.set(named.ids)]}
        )
        invoice = self._invoice(1000.0)
        batch = self._ask(invoice, reason_id=self.reason.id)
        self.assertEqual(batch.activity_ids.user_id, named)
        self.assertTrue(batch.with_user(named).can_decide)
        self.assertFalse(batch.with_user(self.approver).can_decide)
        with self.assertRaisesRegex(AccessError, "these only: approval_named"):
            batch.with_user(self.approver).action_decide()
        self._decide(batch, user=named)
        self._run_cron()
        self.assertEqual(invoice.reversal_move_ids.credit_note_approver_id, named)

    def test_approvers_take_over_from_named_ones_that_are_gone(self):
        named = self._user("named")
        self.reason.write(
            {"needs_approval": True, "approver_ids": [Command.set(named.ids)]}
        )
        batch = self._ask(self._invoice(1000.0), reason_id=self.reason.id)
        named.active = False
        self.assertTrue(batch.with_user(self.approver).can_decide)

    def test_age(self):
        self.company.write(
            {"credit_note_approval_amount": 0.0, "credit_note_approval_days": 30}
        )
        self.assertFalse(self._needs(self._old_invoice(30, 10.0)))
        old = self._old_invoice(31, 10.0)
        # Whatever the credit note is dated.
        self.assertTrue(self._needs(old, date=old.invoice_date))
        self.assertRefused(self._draft(old))

    def test_own_invoices(self):
        self.company.write(
            {"credit_note_approval_amount": 0.0, "credit_note_approval_own": True}
        )
        invoice = self._invoice(10.0)
        self.assertFalse(self._needs(invoice))
        self.assertTrue(self._needs(self._invoice(10.0, invoice_user_id=self.clerk.id)))
        own = (
            self.env["account.move"]
            .with_user(self.clerk)
            .create(
                {
                    "move_type": "out_invoice",
                    "partner_id": self.partner_a.id,
                    "invoice_date": self.today,
                    "invoice_user_id": self.env.user.id,
                    "invoice_line_ids": [
                        Command.create({"name": "x", "price_unit": 10.0})
                    ],
                }
            )
        )
        own.action_post()
        self.assertTrue(self._needs(own))
        self.assertRefused(self._draft(own))

    def test_company_refuses_negative_limits(self):
        for name in ("credit_note_approval_amount", "credit_note_approval_days"):
            with (
                self.assertRaises(CheckViolation),
                mute_logger("odoo.sql_db"),
                self.env.cr.savepoint(),
            ):
                self.company[name] = -1


@tagged("post_install", "-at_install")
class TestApprovalDoors(ApprovalCommon):
    """Who asks never approves, and nothing is issued past an approver."""

    def test_who_asks_never_approves(self):
        """Not an approver, an administrator or the superuser."""
        self._user("another", APPROVERS)
        batch = self._ask(self._invoice(1000.0), user=self.approver)
        administrator = self._user(
            "administrator", "account.group_account_manager,base.group_system"
        )
        for user in (self.approver, administrator):
            for records in (batch.with_user(user), batch.with_user(user).sudo()):
                with self.assertRaises(AccessError):
                    records.action_decide()
                with self.assertRaises(AccessError):
                    records._approve("by myself")
        self.assertEqual(batch.state, "to_approve")

    def test_the_only_approver_cannot_ask(self):
        with self.assertRaisesRegex(UserError, "nobody but you"):
            self._ask(self._invoice(1000.0), user=self.approver)

    def test_rpc(self):
        """Billing, the approver, read-only, portal, another company."""
        batch = self._ask(self._invoice(1000.0))
        other_company = self.setup_other_company()["company"]
        users = {
            "clerk": self.clerk,
            "billing": self._user("billing"),
            "auditor": self._user("auditor", "account.group_account_readonly"),
            "stranger": self._user("stranger", APPROVERS, other_company),
            "portal": self._user("portal", "base.group_portal"),
        }
        decision = {"batch_id": batch.id, "note": "me"}
        for name, user in users.items():
            model = self.env(user=user, su=False, context={})
            for call in (
                (batch._name, "action_decide", [batch.ids], {}),
                (batch._name, "write", [batch.ids, {"state": "running"}], {}),
                (batch._name, "write", [batch.ids, {"approver_id": user.id}], {}),
                (batch.line_ids._name, "write", [batch.line_ids.ids, {"amount": 1}]),
                (batch._name, "create", [{"state": "running"}], {}),
            ):
                with (
                    self.subTest(user=name, call=call[1]),
                    self.assertRaises(AccessError),
                    self.env.cr.savepoint(),
                ):
                    call_kw(model[call[0]], call[1], call[2], {})
            for method in ("action_approve", "action_refuse"):
                with (
                    self.subTest(user=name, call=method),
                    self.assertRaises(AccessError),
                    self.env.cr.savepoint(),
                ):
                    dialog = model["account.credit.note.approval"].create(decision)
                    call_kw(dialog.browse(), method, [dialog.ids], {})
        self.assertEqual((batch.state, batch.line_ids.amount), ("to_approve", 1150.0))
        self.assertFalse(batch.with_user(users["stranger"]).search([]))
        self._decide(batch)
        self.assertEqual(batch.state, "running")

    def test_posted_by_hand(self):
        invoice = self._invoice(1000.0)
        draft = self._draft(invoice)
        self.assertRefused(draft)
        draft.with_user(self.approver).action_post()
        self.assertEqual(draft.credit_note_approver_id, self.approver)

    def test_an_approver_does_not_post_what_he_touched(self):
        draft = self._draft(self._invoice(1000.0), user=self.approver)
        self.assertRefused(draft, self.approver)
        draft = self._draft(self._invoice(1000.0))
        draft.invoice_line_ids.with_user(self.approver).name = "changed"
        self.assertRefused(draft, self.approver)

    def test_a_credit_note_without_an_invoice(self):
        draft = (
            self.env["account.move"]
            .with_user(self.clerk)
            .create(
                {
                    "move_type": "out_refund",
                    "partner_id": self.partner_a.id,
                    "invoice_date": self.today,
                    "invoice_line_ids": [
                        Command.create({"name": "x", "price_unit": 1000.0})
                    ],
                }
            )
        )
        self.assertRefused(draft)

    def test_the_buttons_of_the_dialog(self):
        invoice = self._invoice(1000.0)
        for method in (
            "action_issue",
            "action_issue_and_print",
            "action_issue_and_send",
            "action_reinvoice",
            "modify_moves",
        ):
            wizard = self._wizard(invoice, user=self.clerk)
            with (
                self.assertRaisesRegex(UserError, "needs approval"),
                self.env.cr.savepoint(),
            ):
                getattr(wizard, method)()
            self.assertFalse(invoice.reversal_move_ids)

    def test_nothing_from_outside_opens_it(self):
        invoice = self._invoice(1000.0)
        batch = self._ask(invoice)
        line = batch.line_ids

        class Forged(Approval):
            __slots__ = ()

        draft = self._draft(invoice)
        for value in (
            True,
            line.ids,
            {"_ids": line.ids},
            "Approval",
            Capability(line),
            Forged(line),
        ):
            self.assertRefused(draft.with_context(**{Approval._key: value}))
        draft.with_user(self.clerk).credit_note_approver_id = self.approver
        self.assertRefused(draft)

    def test_the_field_is_not_believed(self):
        draft = self._draft(self._invoice(100.0))
        draft.credit_note_approver_id = self.approver
        draft.with_user(self.clerk).action_post()
        self.assertFalse(draft.credit_note_approver_id)
        with self.assertRaisesRegex(UserError, "issued documents cannot be changed"):
            draft.credit_note_approver_id = self.approver

    def test_the_field_is_not_believed_where_approval_is_off(self):
        self.company.credit_note_approval = False
        draft = self._draft(self._invoice(10.0))
        draft.with_user(self.clerk).credit_note_approver_id = self.approver
        draft.with_user(self.clerk).action_post()
        self.assertFalse(draft.credit_note_approver_id)

    def test_a_salesperson_does_not_give_the_invoice_away(self):
        self.company.write(
            {"credit_note_approval_own": True, "credit_note_approval_amount": 0.0}
        )
        invoice = self._invoice(10.0, invoice_user_id=self.clerk.id)
        for user in (self.approver, self.env["res.users"]):
            with self.assertRaisesRegex(UserError, "of your own invoices"):
                invoice.with_user(self.clerk).invoice_user_id = user
        invoice.invoice_user_id = self.approver

    def test_the_superuser_is_let_through_and_noted(self):
        draft = self._draft(self._invoice(1000.0))
        draft.sudo().action_post()
        self.assertEqual(draft.state, "posted")
        self.assertFalse(draft.credit_note_approver_id)
        self.assertIn("without approval", " ".join(draft.message_ids.mapped("body")))

    def test_a_draft_that_posts_itself_does_not_pass(self):
        """Odoo's scheduler says why on the draft."""
        draft = self._draft(self._invoice(1000.0))
        draft.auto_post = "at_date"
        self._post_due_drafts()
        self.assertEqual(draft.state, "draft")
        self.assertIn("needs approval", " ".join(draft.message_ids.mapped("body")))
