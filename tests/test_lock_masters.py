from odoo.tests import tagged

from .lock_common import LockCommon


@tagged("post_install", "-at_install")
class TestLockMasters(LockCommon):
    """Payments and statement lines that take an issued document for their entry."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.document = cls._invoice(100.0, 50.0)

    def test_payment_created_for_it(self):
        def adopt(move):
            move.env["account.payment"].create(
                {"move_id": move.id, "amount": 1.0, "partner_id": move.partner_id.id}
            )

        def adopt_and_reset(move):
            payment = (
                move.env["account.payment"]
                .create({"amount": 1.0, "partner_id": move.partner_id.id})
                .with_context(skip_account_move_synchronization=True)
            )
            payment.move_id = move
            payment.action_draft()

        self.assertClosed(adopt)
        self.assertHole(adopt_and_reset)

    def test_payment_from_before(self):
        """It became the master of the document while the lock was off."""
        self._set_lock(False)
        payment = self.env["account.payment"].create(
            {"amount": 1.0, "partner_id": self.partner_a.id}
        )
        payment.with_context(
            skip_account_move_synchronization=True
        ).move_id = self.document
        for attack in (
            lambda move: move.env["account.payment"].browse(payment.id).action_draft(),
            lambda move: move.env["account.payment"].browse(payment.id).unlink(),
        ):
            self.assertHole(attack, by="Accounting administrator")

    def test_statement_line(self):
        def adopt(move):
            move.env["account.bank.statement.line"].create(
                {
                    "move_id": move.id,
                    "journal_id": self.company_data["default_journal_bank"].id,
                    "payment_ref": "x",
                    "amount": 1.0,
                    "date": move.date,
                }
            )

        for user in self.users.values():
            changes, error = self._attack(adopt, self.document, user)
            self.assertEqual(changes, [])
            self.assertTrue(error)

    def test_statement_line_that_becomes_the_master(self):
        """A statement line deletes its entry with it."""

        def adopt_and_delete(move):
            lines = move.env["account.bank.statement.line"]
            line = lines.create(
                {
                    "journal_id": self.company_data["default_journal_bank"].id,
                    "payment_ref": "x",
                    "amount": 1.0,
                    "date": move.date,
                }
            )
            line.move_id = move.id
            line.with_context(force_delete=True).unlink()

        self.assertHole(adopt_and_delete, by="superuser")

    def test_statement_line_adopts(self):
        """An accountant, too, gives no issued document a master."""
        accountant = self._new_user("lock_accountant", "account.group_account_user")
        line = self.env["account.bank.statement.line"].create(
            {
                "journal_id": self.company_data["default_journal_bank"].id,
                "payment_ref": "x",
                "amount": 1.0,
                "date": self.document.date,
            }
        )
        entry, document_id = line.move_id, self.document.id
        self._set_lock(False)
        with self._undone():
            line.with_user(accountant).move_id = self.document
            self.env.flush_all()
        self._set_lock(True)
        for user in (accountant, *self.users.values()):
            with self.subTest(user=user.login):
                self.assertRefusedFor(
                    user,
                    lambda env: line.with_env(env).write({"move_id": document_id}),
                )
                line.invalidate_recordset()
                self.assertEqual(line.move_id, entry)
