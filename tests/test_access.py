from odoo import Command
from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user, tagged

from .common import CreditNoteCommon


@tagged("post_install", "-at_install")
class TestAccess(CreditNoteCommon):
    """Who may: each public method checks by itself, since RPC can call it."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.employee = new_test_user(cls.env, "credit_note_employee")
        cls.auditor = new_test_user(
            cls.env,
            "credit_note_auditor",
            groups="base.group_user,account.group_account_readonly",
        )
        cls.portal_user = new_test_user(
            cls.env, "credit_note_portal", groups="base.group_portal"
        )
        cls.invoice = cls._invoice(100.0)

    def _methods(self, user):
        invoice = self.invoice.with_user(user)
        wizard = (
            self.env["account.move.reversal"]
            .with_context(active_model="account.move", active_ids=invoice.ids)
            .create({})
            .with_user(user)
        )
        return {
            "action_credit_note": invoice.action_credit_note,
            "action_print": invoice.action_print_customer_documents,
            "hints": invoice.get_customer_document_hints,
            "action_view_credit_notes": invoice.action_view_credit_notes,
            "action_issue": wizard.action_issue,
            "action_issue_and_print": wizard.action_issue_and_print,
            "action_issue_and_send": wizard.action_issue_and_send,
            "refund_moves": wizard.refund_moves,
        }

    def test_without_accounting_rights_every_method_refuses(self):
        for user in (self.employee, self.portal_user):
            for name, method in self._methods(user).items():
                with (
                    self.subTest(user=user.login, method=name),
                    self.assertRaises(AccessError),
                ):
                    method()
        self.assertFalse(self.invoice.reversal_move_ids)

    def test_read_only_accountant_sees_and_does_not_credit(self):
        methods = self._methods(self.auditor)
        hints = methods["hints"]()
        self.assertIn("Your access rights", hints["credit_note"])
        self.assertFalse(hints["print"])
        self.assertTrue(methods["action_print"]())
        for name in (
            "action_credit_note",
            "action_issue",
            "action_issue_and_print",
            "action_issue_and_send",
            "refund_moves",
        ):
            with self.subTest(method=name), self.assertRaises(AccessError):
                methods[name]()
        self.assertFalse(self.invoice.reversal_move_ids)

    def test_who_has_the_tab(self):
        for user, has_tab in (
            (self.clerk, True),
            (self.auditor, True),
            (self.employee, False),
        ):
            arch = self.env["res.partner"].with_user(user).get_view(view_type="form")
            self.assertEqual('name="customer_invoices"' in arch["arch"], has_tab)

    def test_wizard_of_another_user(self):
        wizard = self._wizard(self.invoice)
        with self.assertRaises(AccessError):
            wizard.with_user(self.clerk).action_issue()
        self.assertFalse(self.invoice.reversal_move_ids)

    def test_user_of_another_company(self):
        other = self.setup_other_company()["company"]
        stranger = new_test_user(
            self.env,
            "credit_note_stranger",
            groups="base.group_user,account.group_account_invoice",
            company_id=other.id,
            company_ids=[Command.set(other.ids)],
        )
        for method in ("action_credit_note", "get_customer_document_hints"):
            with self.assertRaises(AccessError):
                getattr(self.invoice.with_user(stranger), method)()
        journal = self.env["account.journal"].search(
            [("company_id", "=", other.id), ("type", "=", "sale")], limit=1
        )
        for values in ({}, {"journal_id": journal.id, "company_id": other.id}):
            with self.assertRaises(UserError), self.env.cr.savepoint():
                self.env["account.move.reversal"].with_user(stranger).create(
                    {"move_ids": [Command.set(self.invoice.ids)], **values}
                ).action_issue()
        self.assertFalse(self.invoice.reversal_move_ids)

    def _stranger(self):
        """A clerk of another company, and the values of a dialog on our invoice."""
        other = self.setup_other_company()["company"]
        stranger = new_test_user(
            self.env,
            "credit_note_stranger",
            groups="base.group_user,account.group_account_invoice",
            company_id=other.id,
            company_ids=[Command.set(other.ids)],
        )
        journal = self.env["account.journal"].search(
            [("company_id", "=", other.id), ("type", "=", "sale")], limit=1
        )
        return stranger, {"company_id": other.id, "journal_id": journal.id}

    def test_a_dialog_shows_nothing_of_another_company(self):
        """Whatever invoice or line a program puts into its dialog."""
        stranger, values = self._stranger()
        line = self.invoice.invoice_line_ids
        wizards = self.env["account.move.reversal"].with_user(stranger)
        for attempt in (
            {
                "move_ids": [Command.set(self.invoice.ids)],
                "credit_method": "lines",
            },
            {
                "move_ids": [Command.set(self.invoice.ids)],
                "credit_method": "lines",
                "line_ids": [Command.create({"invoice_line_id": line.id})],
            },
            {"line_ids": [Command.create({"invoice_line_id": line.id})]},
        ):
            for name in ("preview", "amount_to_credit", "has_order", "move_type"):
                with (
                    self.subTest(values=attempt, field=name),
                    self.assertRaises(UserError),
                    self.env.cr.savepoint(),
                ):
                    wizard = wizards.create({**values, **attempt})
                    wizard.invalidate_recordset()
                    wizard.read([name])
            specification = {
                "fields": {
                    name: {} for name in ("name", "price_unit", "quantity_creditable")
                }
            }
            with (
                self.subTest(onchange=attempt),
                self.assertRaises(UserError),
                self.env.cr.savepoint(),
            ):
                wizards.onchange(
                    {**values, **attempt},
                    list(attempt),
                    {**{name: {} for name in attempt}, "line_ids": specification},
                )

    def test_two_companies_one_active(self):
        """A clerk of two companies credits in the invoice's, whichever is active."""
        other = self.setup_other_company()["company"]
        self.clerk.company_ids += other
        wizard = (
            self.env["account.move.reversal"]
            .with_user(self.clerk)
            .with_context(allowed_company_ids=(other + self.env.company).ids)
            .create({"move_ids": [Command.set(self.invoice.ids)]})
        )
        self.assertEqual(wizard.company_id, self.invoice.company_id)
        wizard.action_issue()
        self.assertEqual(wizard.new_move_ids.company_id, self.invoice.company_id)
        self.assertEqual(self.invoice.payment_state, "reversed")

    def test_rpc_with_journal_while_another_company_is_active(self):
        other = self.setup_other_company()["company"]
        invoice = self._invoice(100.0)
        self.clerk.company_ids += other
        wizard = (
            self.env["account.move.reversal"]
            .with_user(self.clerk)
            .with_context(allowed_company_ids=(other + self.env.company).ids)
            .create(
                {
                    "move_ids": [Command.set(invoice.ids)],
                    "journal_id": invoice.journal_id.id,
                }
            )
        )
        self.assertEqual(wizard.company_id, invoice.company_id)
