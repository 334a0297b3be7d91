from odoo import fields
from odoo.tests import tagged

from .lock_common import LockCommon


@tagged("post_install", "-at_install")
class TestLockNumbers(LockCommon):
    """Numbers are given by Odoo, once, and do not disappear."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.document = cls._invoice(100.0, 50.0)
        cls.draft = cls._invoice(10.0, post=False)

    def test_issued_before_loses_no_number(self):
        self._set_lock(False)
        self.document.button_draft()
        self.assertHole(lambda move: move.write({"name": False}))

    def test_number_changed(self):
        self.assertHole(lambda move: move.write({"name": "FAKE/2026/00001"}))
        self.assertHole(lambda move: move.write({"name": False}))

    def test_number_of_a_hashed_document(self):
        self.document.journal_id.restrict_mode_hash_table = True
        self.document.button_hash()
        self.assertHole(
            lambda move: move.with_context(hash_version=1).write({"name": "FAKE/1"})
        )

    def test_resequence(self):
        def resequence(move):
            wizard = (
                move.env["account.resequence.wizard"]
                .with_context(active_model="account.move", active_ids=move.ids)
                .create({"first_name": "INV/2026/90000"})
            )
            wizard.resequence()

        self.assertHole(resequence, by="Accounting administrator")

    def test_number_by_hand(self):
        self.assertHole(
            lambda move: move.write({"name": "INV/2026/80000"}),
            document=self.draft,
            refusal="cannot be chosen",
        )

    def test_number_taken_to_another_period(self):
        """Free to choose in a year without numbers, it comes back with the draft."""

        draft = self._invoice(10.0, post=False)
        draft.write(
            {
                "name": False,
                "invoice_date": self.today.replace(year=self.today.year + 1, day=1),
            }
        )
        draft.name = "MINE-0500"
        for fname in ("invoice_date", "date"):
            self.assertHole(
                lambda move, fname=fname: move.write({fname: self.today}),
                document=draft,
                refusal="MINE-0500 cannot be chosen",
            )

    def test_number_of_its_own_series_moves(self):
        """Odoo's own number of a draft goes with it to another day."""
        year = self.today.year + 1
        first = self._invoice(
            10.0, post=False, invoice_date=self.today.replace(year=year, day=2)
        )
        first.name = f"INV/{year}/00001"
        second = self._invoice(10.0, invoice_date=first.invoice_date)
        self.assertEqual(second.name, f"INV/{year}/00002")
        first.invoice_date = self.today.replace(year=year, day=1)
        first.action_post()
        self.assertEqual(first.name, f"INV/{year}/00001")

    def test_first_number_of_a_journal_moves(self):
        """It is the user's, and stays with the draft on another day."""
        draft = self._invoice(10.0, post=False)
        draft.journal_id = draft.journal_id.copy()
        draft.name = "MINE-0001"
        draft.invoice_date = self.today.replace(year=self.today.year - 1, day=1)
        self.assertEqual(draft.name, "MINE-0001")

    def test_created_with_a_number(self):
        values = {
            "move_type": "out_invoice",
            "partner_id": self.partner_a.id,
            "invoice_date": fields.Date.today(),
        }
        number = f"INV/{self.today.year}/80000"
        for user in self.users.values():
            moves = self.env["account.move"].with_user(user).with_company(self.company)
            for context, more in (
                ({}, {"name": number}),
                ({"default_name": number}, {}),
                ({}, {"posted_before": True}),
                ({"default_posted_before": True}, {}),
                ({}, {"sequence_number": 80000, "name": number}),
            ):
                with self.subTest(user=user.login, context=context, more=more):
                    self._set_lock(False)
                    with self._undone():
                        moves.with_context(**context).create({**values, **more})
                    self._set_lock(True)
                    with self._undone(), self.assertRefusal():
                        moves.with_context(**context).create({**values, **more})

    def test_number_by_user_default(self):
        self.env["ir.default"].set("account.move", "name", "INV/2026/80000")
        with self._undone(), self.assertRefusal():
            self._invoice(10.0, post=False)

    def test_number_zero(self):
        for name in (0, 0.0):
            with self.assertRefusal("cannot be chosen"):
                self._draft(name=name)

    def test_entry_with_a_number(self):
        entry = self.env["account.move"].create(
            {"move_type": "entry", "name": "INV/2026/77777"}
        )
        with self.assertRefusal("has its number already"):
            entry.with_user(self.clerk).write({"move_type": "out_invoice"})

    def test_number_of_another_journal(self):
        journal = self.company_data["default_journal_sale"].copy({"code": "OTH"})
        draft = self._draft(journal_id=journal.id)
        draft.name = self.document.name
        with self.assertRefusal("was issued before"):
            draft.action_post()

    def test_number_that_disappears(self):
        """Set to draft while the lock was off for a moment."""
        self._set_lock(False)
        self.document.button_draft()
        self._set_lock(True)
        document = self.document.with_user(self.clerk)
        number = document.name
        for attack in (
            lambda: document.write({"move_type": "entry"}),
            lambda: document.write({"move_type": "entry", "name": "/"}),
            lambda: document.with_context(force_delete=True).unlink(),
        ):
            with self.assertRefusal():
                attack()
        self.env.cr.execute(
            "SELECT name, move_type FROM account_move WHERE id = %s", [document.id]
        )
        self.assertEqual(self.env.cr.fetchall(), [(number, "out_invoice")])

    def test_copy_has_no_number(self):
        """A copy is a draft without a number, whatever is asked of it."""
        for values in (
            {"name": f"INV/{self.today.year}/80000"},
            {"posted_before": True},
        ):
            with self.subTest(values=values):
                self._set_lock(False)
                with self._undone():
                    copy = self.document.with_user(self.clerk).copy(values)
                    [[name, value]] = values.items()
                    self.assertEqual(copy[name], value)
                self._set_lock(True)
                with self._undone(), self.assertRefusal():
                    self.document.with_user(self.clerk).copy(values)
