from psycopg2 import IntegrityError

from odoo import Command
from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user, tagged
from odoo.tools import mute_logger

from ..hooks import uninstall_hook
from .common import CreditNoteCommon


@tagged("post_install", "-at_install")
class TestReason(CreditNoteCommon):
    def test_shipped_reasons(self):
        names = self.env["account.credit.note.reason"].search([]).mapped("name")
        for name in (
            "Order cancelled",
            "Issued by mistake",
            "Incorrect amount",
            "Duplicate invoice",
            "Goods returned",
            "Customer unhappy with the service",
            "Customer unhappy with the goods",
        ):
            self.assertIn(name, names)

    def test_details_that_fill_pages(self):
        invoice = self._invoice(100.0)
        wizard = self._wizard(invoice, user=self.clerk, reason="x" * 1001)
        sentence = f"reason of {invoice.name} are too long. Write at most 1000"
        self.assertIn(sentence, wizard.refusals["reason"])
        with self.assertRaisesRegex(UserError, sentence):
            wizard.action_issue()
        self.assertFalse(invoice.reversal_move_ids)
        with (
            self.assertRaisesRegex(UserError, "are too long"),
            self.env.cr.savepoint(),
        ):
            self._credit_note_by_hand(invoice, 10.0, credit_note_reason_text="x" * 1001)
        wizard.reason = "x" * 1000
        wizard.action_issue()
        self.assertEqual(len(invoice.reversal_move_ids.credit_note_reason_text), 1000)

    def test_archived_reason_stays_on_its_credit_notes(self):
        credit_note = self._credit(self._invoice(100.0), reason_id=self.reason.id)
        self.reason.action_archive()
        self.assertNotIn(self.reason, self.env["account.credit.note.reason"].search([]))
        self.assertEqual(credit_note._get_credit_note_reason(), "Order cancelled")

    @mute_logger("odoo.sql_db")
    def test_used_reason_is_not_deleted(self):
        self._credit(self._invoice(100.0), reason_id=self.reason.id)
        with self.assertRaises(IntegrityError), self.env.cr.savepoint():
            self.reason.unlink()
        self.assertTrue(self.reason.exists())

    def test_uninstalling_takes_used_reasons_off(self):
        credit_note = self._credit(self._invoice(100.0), reason_id=self.reason.id)
        uninstall_hook(self.env)
        self.assertFalse(credit_note.credit_note_reason_id)
        self.reason.unlink()

    def test_only_the_administrator_changes_reasons(self):
        manager = new_test_user(
            self.env,
            "credit_note_manager",
            groups="base.group_user,account.group_account_manager",
        )
        self.reason.with_user(manager).name = "Order withdrawn"
        self.assertEqual(self.reason.name, "Order withdrawn")
        self.assertTrue(self.reason.with_user(self.clerk).name)
        with self.assertRaises(AccessError):
            self.reason.with_user(self.clerk).name = "Whatever"

    def test_reason_of_another_company(self):
        other = self.setup_other_company()["company"]
        foreign = self.env["account.credit.note.reason"].create(
            {"name": "Foreign", "company_id": other.id}
        )
        self.assertNotIn(
            foreign,
            self.env["account.credit.note.reason"].with_user(self.clerk).search([]),
        )
        invoice = self._invoice(100.0)
        with self.assertRaisesRegex(Exception, "company|access"):
            self.env["account.move.reversal"].with_user(self.clerk).create(
                {
                    "move_ids": [Command.set(invoice.ids)],
                    "reason_id": foreign.id,
                }
            ).action_issue()
        self.assertFalse(invoice.reversal_move_ids)
