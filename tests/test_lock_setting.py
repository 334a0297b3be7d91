from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, tagged
from odoo.tools import mute_logger

from ..models.lock.edi_cancellation import with_accepted_cancellation
from .lock_common import LockCommon


@tagged("post_install", "-at_install")
class TestLockSetting(LockCommon):
    """On by default; who switches it is checked and written down."""

    def _log(self):
        return self.env["account.document.lock.log"].search(
            [("company_id", "=", self.company.id)]
        )

    def test_on_by_default(self):
        self.assertTrue(self.company.lock_posted_invoices)
        company = self.env["res.company"].create({"name": "New"})
        self.assertTrue(company.lock_posted_invoices)

    def test_who_switches_it(self):
        system = self._new_user("lock_system", "base.group_system")
        for user in (self.clerk, system):
            company = self.company.with_user(user)
            for attack in (
                lambda c=company: c.write({"lock_posted_invoices": False}),
                lambda c=company: c.sudo().write({"lock_posted_invoices": False}),
            ):
                with self.subTest(user=user.login), self.assertRaises(AccessError):
                    attack()
        self.assertFalse(self._log())
        self.company.with_user(self.administrator).lock_posted_invoices = False
        self.assertFalse(self.company.lock_posted_invoices)

    def test_settings(self):
        settings = self.env["res.config.settings"].with_user(self.administrator)
        # Settings of other things that this company cannot change warn.
        with mute_logger("odoo.tests.form.onchange"), Form(settings) as form:
            form.lock_posted_invoices = False
        form.record.execute()
        self.assertFalse(self.company.lock_posted_invoices)
        [entry] = self._log()
        self.assertEqual(entry.user_id, self.administrator)
        self.assertFalse(entry.lock_posted_invoices)

    def test_settings_of_others_change_nothing(self):
        system = self._new_user("lock_system", "base.group_system")
        self.env["res.config.settings"].with_user(system).create({}).execute()
        self.assertTrue(self.company.lock_posted_invoices)

    def test_company_without_the_lock(self):
        system = self._new_user("lock_system", "base.group_system")
        companies = self.env["res.company"].with_user(system)
        with self.assertRaises(AccessError):
            companies.create({"name": "Unlocked", "lock_posted_invoices": False})
        self.env["ir.default"].set("res.company", "lock_posted_invoices", False)
        self.assertTrue(companies.create({"name": "B"}).lock_posted_invoices)
        company = self.env["res.company"].create({"name": "C"})
        self.assertFalse(company.lock_posted_invoices)
        self.assertEqual(
            self.env["account.document.lock.log"]
            .search([("company_id", "=", company.id)])
            .mapped("lock_posted_invoices"),
            [False],
        )

    def test_log_is_kept(self):
        self._set_lock(False)
        self._set_lock(True)
        log = self._log()
        self.assertEqual(log.mapped("lock_posted_invoices"), [True, False])
        values = {
            "company_id": self.company.id,
            "user_id": self.clerk.id,
            "lock_posted_invoices": True,
        }
        for kind, user in self.users.items():
            entries = log.with_user(user).sudo()
            for attack in (
                entries.unlink,
                entries.with_context(_force_unlink=True).unlink,
                lambda entries=entries: entries.write({"user_id": self.clerk.id}),
                lambda entries=entries: entries.create(values),
            ):
                with self.subTest(user=kind), self.assertRaises(UserError):
                    attack()
        for user in (self.clerk, self.manager, self.administrator):
            with self.subTest(user=user.login), self.assertRaises(AccessError):
                log.with_user(user).unlink()

    def test_log_is_read(self):
        self._set_lock(False)
        self.assertTrue(self._log().with_user(self.manager).user_id)
        with self.assertRaises(AccessError):
            self._log().with_user(self.clerk).read(["user_id"])

    def test_unchanged_is_not_logged(self):
        self._set_lock(True)
        self.company.with_user(self.administrator).lock_posted_invoices = True
        self.assertFalse(self._log())

    def test_over_credit_policy(self):
        system = self._new_user("lock_system", "base.group_system")
        with self.assertRaises(AccessError):
            self.company.with_user(system).over_credit_policy = "warn"
        self.company.with_user(self.administrator).over_credit_policy = "warn"
        entry = self.env["account.document.lock.log"].search([], limit=1)
        self.assertEqual(entry.user_id, self.administrator)
        self.assertEqual(entry.over_credit_policy, "warn")

    def test_archive_after_posting(self):
        system = self._new_user("lock_system", "base.group_system")
        for user in (self.clerk, system):
            company = self.company.with_user(user)
            with self.subTest(user=user.login), self.assertRaises(AccessError):
                company.sudo().archive_after_posting = False
        self.company.with_user(self.administrator).archive_after_posting = False
        entry = self._log()[0]
        self.assertEqual(entry.user_id, self.administrator)
        self.assertFalse(entry.archive_after_posting)
        self.assertTrue(entry.lock_posted_invoices)

    def test_accepted_cancellation(self):
        document = self._invoice(100.0)
        released = with_accepted_cancellation(document, document, "the authority")
        released.with_user(self.clerk).button_cancel()
        [entry] = self._log()
        self.assertEqual(
            (entry.event, entry.document_id, entry.user_id),
            ("cancellation", document.id, self.clerk),
        )
        self.assertEqual(entry.details, f"{document.name}: the authority")

    def test_refused_change_of_the_schema(self):
        """It is kept although its transaction is rolled back."""
        field = self.env["ir.model.fields"]._get("account.move", "narration")
        field = field.with_user(self.administrator).with_context(_force_unlink=True)
        with self.enter_registry_test_mode():
            with self.assertRaises(UserError) as refusal, self.env.cr.savepoint():
                field.unlink()
            self.env.cr.postrollback.run()
        [entry] = self._log()
        self.assertEqual((entry.event, entry.user_id), ("schema", self.administrator))
        self.assertEqual(entry.details, str(refusal.exception))
