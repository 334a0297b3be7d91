from odoo import Command
from odoo.tests import tagged

from .lock_common import LockCommon


@tagged("post_install", "-at_install")
class TestLockLines(LockCommon):
    """The lines of an issued document are changed, added, moved and deleted."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.document = cls._invoice(100.0, 50.0)
        cls.draft = cls._invoice(10.0, post=False)

    def test_all_lines_deleted(self):
        self.assertHole(
            lambda move: move.line_ids.with_context(
                _force_unlink=True, force_delete=True, dynamic_unlink=True
            ).unlink()
        )

    def test_one_line_deleted(self):
        self.assertHole(
            lambda move: move.line_ids.with_context(
                force_delete=True, dynamic_unlink=True
            ).unlink()
        )

    def test_line_fields(self):
        for values in (
            {"price_unit": 1.0},
            {"quantity": 7.0},
            {"discount": 50.0},
            {"name": "Something else"},
            {"product_id": self.product_b.id},
            {"account_id": self.company_data["default_account_expense"].id},
            {"sequence": 99},
            {"tax_base_amount": 1.0},
        ):
            with self.subTest(values=values):
                self.assertHole(
                    lambda move, values=values: self._line(move).write(values)
                )

    def test_date_maturity(self):
        self.assertHole(
            lambda move: move.line_ids.filtered("date_maturity").write(
                {"date_maturity": "2030-01-01"}
            )
        )

    def test_balance(self):
        self.assertHole(lambda move: self._line(move).write({"balance": -1.0}))

    def test_new_line(self):
        values = {"display_type": "line_note", "name": "Free of charge"}
        self.assertHole(
            lambda move: move.env["account.move.line"].create(
                {**values, "move_id": move.id}
            )
        )
        self.assertHole(
            lambda move: move.with_context(skip_readonly_check=True).write(
                {"invoice_line_ids": [Command.create(values)]}
            )
        )

    def test_line_carried_away(self):
        def away(move):
            move.env["account.move.line"].browse(note.id).move_id = self.draft

        self._set_lock(False)
        note = self.env["account.move.line"].create(
            {
                "move_id": self.document.id,
                "display_type": "line_note",
                "name": "A note",
            }
        )
        self.assertHole(away)

    def test_line_carried_in(self):
        note = self.env["account.move.line"].create(
            {"move_id": self.draft.id, "display_type": "line_note", "name": "A note"}
        )

        def carry_in(move):
            move.env["account.move.line"].browse(note.id).move_id = move

        def link_in(move):
            move.with_context(skip_readonly_check=True).write(
                {"line_ids": [Command.link(note.id)]}
            )

        self.assertHole(carry_in)
        self.assertHole(link_in)

    def test_lines_copied_into_it(self):
        draft = self._draft()
        note = self.env["account.move.line"].create(
            {"move_id": draft.id, "display_type": "line_note", "name": "A note"}
        )
        self.assertHole(lambda move: note.with_env(move.env).copy({"move_id": move.id}))
