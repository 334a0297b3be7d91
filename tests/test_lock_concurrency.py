from psycopg2.errors import LockNotAvailable

from odoo import SUPERUSER_ID, Command, api, fields
from odoo.exceptions import UserError
from odoo.sql_db import db_connect
from odoo.tests import TransactionCase, tagged
from odoo.tools import mute_logger


@tagged("post_install", "-at_install")
class TestLockConcurrency(TransactionCase):
    """One confirms a document while another, who still sees a draft, changes it.

    Odoo's transactions answer this, not the lock: posting writes on the document and on
    each of its lines. Whoever changes one of them waits for the posting, fails on the
    changed row, and is run again on what is true then, which is locked.
    """

    def setUp(self):
        super().setUp()
        env = self._open()
        partner = env["res.partner"].create({"name": "Customer of two clerks"})
        draft = env["account.move"].create(
            {
                "move_type": "out_invoice",
                "partner_id": partner.id,
                "invoice_date": fields.Date.today(),
                "invoice_line_ids": [
                    Command.create({"name": "Service", "price_unit": 10.0}),
                    Command.create({"display_type": "line_note", "name": "Note"}),
                ],
            }
        )
        # Also where the document itself has nothing left to write on an edit.
        draft.ref = "edited before"
        env.cr.commit()
        self.draft_id = draft.id

        def clean_up():
            draft.unlink()
            partner.unlink()
            env.cr.commit()

        self.addCleanup(clean_up)

    def _open(self):
        """:return: environment on a connection of its own, rolled back in the end"""
        cursor = db_connect(self.env.cr.dbname).cursor()
        self.addCleanup(cursor.close)
        return api.Environment(cursor, SUPERUSER_ID, {})

    def _read_draft(self):
        move = self._open()["account.move"].browse(self.draft_id)
        # The transaction sees what is true now, and no later.
        self.assertEqual(move.state, "draft")
        return move

    @mute_logger("odoo.sql_db")
    def test_stale_draft(self):
        line = "invoice_line_ids"
        attacks = {
            "reference": lambda move: move.write({"ref": "changed"}),
            "price": lambda move: move[line][0].write({"price_unit": 1.0}),
            "taxes": lambda move: move[line][0].write({"tax_ids": [Command.clear()]}),
            "note": lambda move: move[line][1].write({"name": "changed"}),
            "new note": lambda move: move.env["account.move.line"].create(
                {"move_id": move.id, "display_type": "line_note", "name": "Free"}
            ),
            "no note": lambda move: move[line][1].unlink(),
            "deleted": lambda move: move.unlink(),
            "cancelled": lambda move: move.button_cancel(),
        }
        for name, attack in attacks.items():
            with self.subTest(attack=name):
                poster, other = self._read_draft(), self._read_draft()
                poster.action_post()
                poster.env.flush_all()
                other.env.cr.execute("SET LOCAL lock_timeout = '200ms'")
                with self.assertRaises(LockNotAvailable):
                    attack(other)
                    other.env.flush_all()
                other.env.cr.rollback()
                poster.env.cr.rollback()

    def test_in_one_transaction(self):
        move = self._read_draft()
        move.action_post()
        with self.assertRaises(UserError):
            move.ref = "changed"
