from odoo import Command
from odoo.exceptions import AccessError
from odoo.service.model import call_kw
from odoo.tests import new_test_user, tagged

from .common import CreditNoteCommon

ADDON = "account_partner_credit_note"
BILLING = "account.group_account_invoice"
AUDITOR = "account.group_account_readonly"
# name: (groups, what is seen on the screen, which calls are answered)
SEES_ALL = {"tab", "credit notes", "batches", "analysis"}
READS = {
    "hints",
    "credit notes",
    "print",
    "reasons",
    "batch",
    "batch: invoices",
    "batch: credit notes",
    "batch: print",
}
CREDITS = {"credit", "dialog", "invoice again", "batch: cancel"}
MANAGER = "account.group_account_manager"
WHO = {
    "billing": (BILLING, SEES_ALL | {"invoice again"}, READS | CREDITS),
    "administrator": (
        MANAGER,
        SEES_ALL | {"invoice again", "reasons"},
        READS | CREDITS | {"new reason", "lock log"},
    ),
    "administrator of the settings, too": (
        f"{MANAGER},base.group_system",
        SEES_ALL | {"invoice again", "reasons"},
        READS | CREDITS | {"new reason", "lock", "lock log"},
    ),
    "administrator of the settings alone": ("base.group_system", set(), set()),
    "read-only accountant": (AUDITOR, SEES_ALL, READS | {"lock log"}),
    # The Sales app lets them read their own invoices, and whose is open says this much.
    "salesperson": ("sales_team.group_sale_salesman", {"credit notes"}, set()),
    "employee": ("base.group_user", set(), set()),
    "portal": ("base.group_portal", set(), set()),
    "public": ("base.group_public", set(), set()),
}


class Undo(Exception):
    """Leaves a savepoint without a trace."""


@tagged("post_install", "-at_install", "neighbours")
class TestAccessTable(CreditNoteCommon):
    """Who sees what on the screen, and who is answered over RPC."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env.company.credit_note_background_limit = 2
        cls.invoice = cls._invoice(100.0)
        cls.credit_note = cls._native_credit_note(cls, cls._invoice(100.0))
        cls.other = cls.setup_other_company()["company"]

    def _user(self, groups, companies=None, login="credit_note_somebody"):
        companies = companies or self.env.company
        return new_test_user(
            self.env,
            login,
            groups=groups,
            company_id=companies[0].id,
            company_ids=[Command.set(companies.ids)],
        )

    def _batch(self, user):
        """:return: a batch of the user with a credit note, or of a Billing user"""
        invoices = self._invoice(100.0) + self._invoice(50.0)
        user = user if user.has_group(BILLING) else self.clerk
        action = self._wizard(invoices, user=user).action_issue()
        batch = self.env["account.credit.note.batch"].browse(action["res_id"])
        batch.sudo()._process_piece(1)
        self.assertEqual(batch.sudo().done_count, 1)
        return batch

    def _calls(self, user):
        """:return: {what: (records, method, arguments)}, as RPC calls them"""
        batch = self._batch(user)
        values = {"move_ids": [Command.set(self.invoice.ids)]}
        reasons = self.env["account.credit.note.reason"]
        return {
            "hints": (self.invoice, "get_customer_document_hints", []),
            "credit notes": (
                self.credit_note.reversed_entry_id,
                "action_view_credit_notes",
                [],
            ),
            "print": (self.invoice, "action_print_customer_documents", []),
            "reasons": (reasons, "search_read", [[]]),
            "batch": (batch, "read", [["state", "progress", "reason"]]),
            "batch: invoices": (batch, "action_view_lines", []),
            "batch: credit notes": (batch, "action_view_credit_notes", []),
            "batch: print": (batch, "action_print", []),
            "batch: cancel": (batch, "action_cancel", []),
            "credit": (self.invoice, "action_credit_note", []),
            "dialog": (self.env["account.move.reversal"], "create", [values]),
            "invoice again": (self.credit_note, "action_invoice_again", []),
            "new reason": (reasons, "create", [{"name": "x"}]),
            "lock": (self.env.company, "write", [{"lock_posted_invoices": False}]),
            "lock log": (self.env["account.document.lock.log"], "search_read", [[]]),
        }

    def _is_answered(self, user, records, method, arguments):
        model = self.env(user=user, su=False, context={})[records._name]
        if records:
            arguments = [records.ids, *arguments]
        try:
            with self.env.cr.savepoint():
                call_kw(model, method, arguments, {})
                model.env.flush_all()
                raise Undo
        except AccessError:
            return False
        except Undo:
            return True

    def _seen(self, user):
        """:return: what of ours is on the screens of this user"""
        if not user._is_internal():
            return set()  # They have no web client.
        env = self.env(user=user, su=False, context={})
        seen = set()
        for model, parts in (
            ("res.partner", {'name="customer_invoices"': "tab"}),
            (
                "account.move",
                {
                    'name="action_view_credit_notes"': "credit notes",
                    'name="action_invoice_again"': "invoice again",
                },
            ),
        ):
            if env[model].has_access("read"):
                arch = env[model].get_view(view_type="form")["arch"]
                seen |= {name for part, name in parts.items() if part in arch}
        menus = env["ir.ui.menu"]._visible_menu_ids()
        return seen | {
            name
            for menu, name in (
                ("account_credit_note_batch_menu", "batches"),
                ("account_credit_note_reason_menu", "reasons"),
                ("credit_note_analysis_menu", "analysis"),
            )
            if self.env.ref(f"{ADDON}.{menu}").id in menus
        }

    def test_table(self):
        for who, (groups, seen, answered) in WHO.items():
            if not self.env.ref(groups.split(",")[0], raise_if_not_found=False):
                continue  # The Sales app is not in this database: --with sale.
            with self.subTest(who=who):
                user = self._user(groups, login=f"credit_note_{groups}")
                self.assertEqual(self._seen(user), seen)
                for what, call in self._calls(user).items():
                    with self.subTest(call=what):
                        self.assertEqual(
                            self._is_answered(user, *call), what in answered
                        )

    def test_user_of_another_company(self):
        """The same rights, and nothing of this company."""
        stranger = self._user(f"{BILLING},{AUDITOR}", self.other)
        self.assertEqual(self._seen(stranger), SEES_ALL | {"invoice again"})
        answered = {
            what
            for what, call in self._calls(self.clerk).items()
            if self._is_answered(stranger, *call)
        }
        self.assertEqual(answered, {"reasons", "lock log"})
        for model in ("account.credit.note.batch", "account.document.lock.log"):
            self.assertFalse(self.env[model].with_user(stranger).search([]))
        own = self.env["account.credit.note.reason"].create(
            {"name": "Of this company", "company_id": self.env.company.id}
        )
        self.assertNotIn(own, own.with_user(stranger).search([]))

    def test_two_companies_one_active(self):
        """Both are the user's: what is not active is not listed."""
        user = self._user(f"{BILLING},{AUDITOR}", self.other + self.env.company)
        batch = self._batch(self.clerk)
        reason = self.env["account.credit.note.reason"].create(
            {"name": "Of this company", "company_id": self.env.company.id}
        )
        for active, is_seen in ((self.other, False), (self.env.company, True)):
            for record in (batch, reason, self.invoice):
                records = record.with_user(user).with_context(
                    allowed_company_ids=active.ids
                )
                with self.subTest(company=active.name, model=record._name):
                    self.assertEqual(record in records.search([]), is_seen)

    def test_batch_of_another_user(self):
        """A Billing user neither sees nor stops it; an administrator does."""
        batch = self._batch(self.clerk)
        other = self._user(BILLING)
        self.assertNotIn(batch, batch.with_user(other).search([]))
        with self.assertRaises(AccessError):
            batch.with_user(other).action_cancel()
        administrator = self._user(MANAGER, login="credit_note_administrator")
        batch.with_user(administrator).action_cancel()
        self.assertEqual(batch.state, "cancelled")
        with self.assertRaises(AccessError):
            batch.with_user(other).action_retry()
