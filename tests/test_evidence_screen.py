from odoo import Command
from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, new_test_user, tagged

from ..models.lock import account_document_check, check_seal
from .evidence_common import EvidenceCommon

CHECK_CRON = "account_partner_credit_note.ir_cron_account_document_check"


@tagged("post_install", "-at_install")
class TestEvidenceScreen(EvidenceCommon):
    """*Issued Documents Check* finds what `check_seal` finds, in the background."""

    @property
    def auditor(self):
        return new_test_user(
            self.env,
            login="evidence_auditor",
            groups="base.group_user,account.group_account_readonly",
            company_id=self.company.id,
            company_ids=[Command.set(self.company.ids)],
        )

    def _run(self, user=None, **values):
        """:return: a check that is done"""
        check = (
            self.env["account.document.check"]
            .with_user(user or self.manager)
            .create({"company_id": self.company.id, **values})
        )
        check.action_start()
        self.assertEqual(check.state, "running")
        with self.enter_registry_test_mode():
            self.env.ref(CHECK_CRON).method_direct_trigger()
        self.env.invalidate_all()
        self.assertEqual(check.state, "done")
        self.assertEqual(check.checked_count, check.total_count)
        return check

    def _get_log(self):
        return self.env["account.document.lock.log"].search(
            [("company_id", "=", self.company.id)]
        )

    def test_nothing_to_find(self):
        check = self._run()
        self.assertEqual((check.deviation_count, check.total_count), (0, 2))
        self.assertFalse(self._get_log())

    def test_deviations(self):
        self._forge(
            "UPDATE account_move SET amount_total = 2 WHERE id = %s", self.document.id
        )
        line = self.document.invoice_line_ids[0]
        self._forge(
            "UPDATE account_move_line SET price_unit = 1 WHERE id = %s", line.id
        )
        check = self._run(user=self.auditor)
        self.assertEqual(
            [
                (d.document, d.kind, d.field_label, d.sealed_value, d.present_value)
                for d in check.line_ids
            ],
            [
                (self.document.name, "changed", "Total", "172.5", "2"),
                (
                    self.document.name,
                    "changed",
                    f"Line {line.id} Unit Price",
                    "100.0",
                    "1",
                ),
            ],
        )
        self.assertEqual(
            check.line_ids[0].action_open_document()["res_id"], self.document.id
        )
        lines = check.line_ids.with_user(self.env.ref("base.user_root"))
        exported = lines.export_data(["document", "field_label"])["datas"]
        self.assertEqual(exported[0], [self.document.name, "Total"])
        [entry] = self._get_log()
        self.assertEqual(
            (entry.event, entry.user_id.login), ("deviation", "evidence_auditor")
        )
        self.assertIn(": 2", entry.details)

    def test_file_in_the_filestore(self):
        path = self.env["ir.attachment"]._full_path(self.pdf.store_fname)
        with open(path, "wb") as file:
            file.write(b"%PDF-1.4 issueD")
        self.addCleanup(self._write, path, b"%PDF-1.4 issued")
        self.assertEqual(self._run().line_ids.mapped("kind"), ["file"])

    def _write(self, path, content):
        with open(path, "wb") as file:
            file.write(content)

    def test_pieces(self):
        self.patch(account_document_check, "PIECE", 1)
        self._forge(
            "UPDATE account_move SET ref = 'x' WHERE company_id = %s", self.company.id
        )
        check = self._run()
        self.assertEqual(
            set(check.line_ids.mapped("document")),
            {self.document.name, self.other.name},
        )
        self.assertEqual(check.total_count, 2)

    def test_more_than_are_listed(self):
        self.patch(account_document_check, "MAX_LINES", 1)
        self._forge(
            "UPDATE account_move SET ref = 'x' WHERE company_id = %s", self.company.id
        )
        check = self._run()
        self.assertEqual((len(check.line_ids), check.deviation_count), (1, 2))

    def test_period(self):
        self._forge("UPDATE account_move SET ref = 'x' WHERE id = %s", self.document.id)
        check = self._run(date_from="2000-01-01", date_to="2000-12-31")
        self.assertEqual((check.total_count, check.deviation_count), (0, 0))
        self.assertEqual(self._run(date_from="2000-01-01").deviation_count, 1)

    def test_form(self):
        form = Form(self.env["account.document.check"].with_user(self.manager))
        check = form.save()
        self.assertEqual(check.company_id, self.company)

    def test_rights(self):
        check = self._run()
        for values in ({"state": "draft"}, {"deviation_count": 0}):
            with self.assertRaises(AccessError):
                check.with_user(self.manager).write(values)
        with self.assertRaises(AccessError):
            check.with_user(self.manager).unlink()
        for attack in (
            lambda: check.with_user(self.clerk).read(["state"]),
            lambda: check.with_user(self.clerk).create({}),
            lambda: check.with_user(self.clerk).action_start(),
        ):
            with self.assertRaises(AccessError):
                attack()
        # What a check says is not the user's to say.
        forged = (
            self.env["account.document.check"]
            .with_user(self.manager)
            .create({"state": "done", "total_count": 5, "checked_count": 5})
        )
        self.assertEqual((forged.state, forged.total_count), ("draft", 0))
        other = self.setup_other_company()["company"]
        with self.assertRaises(AccessError):
            self.env["account.document.check"].with_user(self.manager).create(
                {"company_id": other.id}
            )
        reader = new_test_user(
            self.env,
            "other_company_checker",
            groups="account.group_account_readonly",
            company_id=other.id,
            company_ids=[Command.set(other.ids)],
        )
        self.assertFalse(
            check.with_user(reader).search([("company_id", "=", self.company.id)])
        )

    def test_scheduled_action_switched_off(self):
        self.env.ref(CHECK_CRON).active = False
        check = self.env["account.document.check"].with_user(self.manager).create({})
        with self.assertRaisesRegex(UserError, "switched off"):
            check.action_start()

    def test_kinds(self):
        """The screen has words for all that is found."""
        kinds = dict(self.env["account.document.check.line"]._fields["kind"].selection)
        self.assertEqual(kinds, check_seal.KINDS)
