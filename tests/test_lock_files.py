import base64
from unittest.mock import patch

import psycopg2

from odoo import Command
from odoo.exceptions import UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from .lock_common import LockCommon

FORGED = b"%PDF-1.4 forged"


@tagged("post_install", "-at_install")
class TestLockFiles(LockCommon):
    """The archived files of a document, and those that were sent with a message."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.document = cls._invoice(100.0, 50.0)
        cls.draft = cls._invoice(10.0, post=False)

    def test_archived_file(self):
        pdf = self._archive(self.document)
        forged = base64.b64encode(b"%PDF-1.4 forged")
        for attack in (
            lambda move: pdf.with_env(move.env).unlink(),
            lambda move: pdf.with_env(move.env).write({"raw": b"%PDF-1.4 forged"}),
            lambda move: pdf.with_env(move.env).write({"datas": forged}),
            lambda move: pdf.with_env(move.env).write({"name": "other.pdf"}),
            lambda move: pdf.with_env(move.env).write({"res_field": False}),
            lambda move: pdf.with_env(move.env).write({"res_id": self.draft.id}),
            lambda move: pdf.with_env(move.env).write({"mimetype": "text/plain"}),
            lambda move: pdf.with_env(move.env).write({"public": True}),
            lambda move: pdf.with_env(move.env).write({"description": "forged"}),
            lambda move: pdf.with_env(move.env).write({"index_content": "forged"}),
            lambda move: move.write({"invoice_pdf_report_file": forged}),
            lambda move: move.write({"invoice_pdf_report_file": False}),
            lambda move: move.write({"attachment_ids": [Command.delete(pdf.id)]}),
        ):
            self.assertHole(attack)

    def test_second_file(self):
        self._archive(self.document)

        def add(move):
            move.env["ir.attachment"].create(
                {
                    "name": "second.pdf",
                    "raw": b"%PDF-1.4 forged",
                    "res_model": "account.move",
                    "res_id": move.id,
                    "res_field": "invoice_pdf_report_file",
                }
            )

        def point(move):
            attachment = move.env["ir.attachment"].create(
                {"name": "second.pdf", "raw": b"%PDF-1.4 forged"}
            )
            attachment.write(
                {
                    "res_model": "account.move",
                    "res_id": move.id,
                    "res_field": "invoice_pdf_report_file",
                }
            )

        self.assertHole(add)
        self._set_lock(False)
        self.assertTrue(self._attack(point, self.document, self.clerk)[0])
        self._set_lock(True)
        for user in self.users.values():
            with self.subTest(user=user.login):
                self.assertTrue(self._attack(point, self.document, user)[1])

    def test_first_file_of_a_user(self):
        """The archived file is Odoo's: a user does not put one in its place first."""
        forged = base64.b64encode(b"%PDF-1.4 forged")
        for user in (self.clerk, self.manager, self.administrator):
            _changes, error = self._attack(
                lambda move: move.write({"invoice_pdf_report_file": forged}),
                self.document,
                user,
            )
            self.assertTrue(error)

    def _forge(self, move, field="invoice_pdf_report_file", **context):
        return (
            move.env["ir.attachment"]
            .with_context(**context)
            .create(
                {
                    "name": "INV.pdf",
                    "datas": base64.b64encode(FORGED),
                    "res_model": "account.move",
                    "res_field": field,
                }
            )
        )

    def test_file_with_its_id_as_text(self):
        for field in ("invoice_pdf_report_file", "printed_pdf_file"):
            self.assertHole(
                lambda move, field=field: self._forge(
                    move, field, default_res_id=str(move.id)
                )
            )

    def test_file_by_user_default(self):
        def forge(move):
            for name, value in (
                ("res_id", move.id),
                ("res_model", "account.move"),
                ("res_field", "printed_pdf_file"),
            ):
                move.env["ir.default"].set("ir.attachment", name, value, user_id=True)
            move.env["ir.attachment"].create(
                {"name": "x", "datas": base64.b64encode(FORGED)}
            )

        self.assertHole(forge)

    def test_second_file_by_context(self):
        self._archive(self.document)
        self.assertHole(lambda move: self._forge(move, default_res_id=str(move.id)))

    def test_file_of_a_draft(self):
        draft = self._draft()
        self.assertHole(
            lambda move: self._forge(move, default_res_id=str(move.id)),
            document=draft,
            refusal="is a draft",
        )

    def test_file_written_with_its_id_as_text(self):
        attachment = self.env["ir.attachment"].create({"name": "x", "raw": FORGED})
        attachment.create_uid = self.clerk
        self.env.flush_all()
        values = {
            "res_model": "account.move",
            "res_field": "printed_pdf_file",
            "res_id": str(self.document.id),
        }
        for user in self.users.values():
            changes, _error = self._attack(
                lambda _move, user=user: attachment.with_user(user).write(values),
                self.document,
                user,
            )
            self.assertEqual(changes, [])

    def test_file_of_a_server_action(self):
        """A server action is not Odoo's own code."""
        self.assertHole(
            lambda move: move.sudo().write(
                {"invoice_pdf_report_file": base64.b64encode(FORGED)}
            ),
            by="Accounting administrator",
        )

    def test_entry_that_becomes_an_invoice(self):
        entry = self.env["account.move"].create({"move_type": "entry"})
        self._forge(entry, default_res_id=entry.id)
        with self.assertRefusal("is a draft"):
            entry.write({"move_type": "out_invoice", "name": False})

    def test_sent_file(self):
        message = self._get_earlier_message(attachments=[("INV.pdf", b"%PDF sent")])
        file = message.attachment_ids
        self.assertEqual(file.res_id, self.document.id)
        for attack in (
            lambda move: file.with_env(move.env).write({"raw": FORGED}),
            lambda move: file.with_env(move.env).write({"name": "other.pdf"}),
            lambda move: file.with_env(move.env).write({"res_id": False}),
            lambda move: file.with_env(move.env).unlink(),
        ):
            self.assertHole(attack)

    def test_file_of_odoo_sending(self):
        """Odoo's own sending gives its files to the message."""
        message = self._get_earlier_message(attachments=[("INV.pdf", b"%PDF sent")])
        file = message.attachment_ids
        self.env.cr.execute(
            "UPDATE ir_attachment SET res_model = 'mail.message', res_id = %s"
            " WHERE id = %s",
            [message.id, file.id],
        )
        file.invalidate_recordset()
        mine = file.with_user(self.clerk)
        for attack in (
            lambda: mine.write({"raw": FORGED}),
            lambda: mine.write({"name": "other.pdf"}),
            lambda: mine.unlink(),
        ):
            with (
                self.assertRaisesRegex(UserError, self.document.name),
                self.env.cr.savepoint(),
            ):
                attack()
        file.invalidate_recordset()
        self.assertEqual((file.name, file.raw), ("INV.pdf", b"%PDF sent"))

    def test_file_that_nobody_got(self):
        """What is attached and was not sent is the users' own."""
        file = self.env["ir.attachment"].create(
            {
                "name": "note.txt",
                "raw": b"x",
                "res_model": "account.move",
                "res_id": self.document.id,
            }
        )
        file.with_user(self.clerk).unlink()
        self.assertFalse(file.exists())

    def test_stored_elsewhere(self):
        """Odoo moves files between disk and database, and nobody else does."""
        message = self._get_earlier_message(attachments=[("INV.pdf", b"%PDF sent")])
        files = self._archive(self.document) | message.attachment_ids
        self._end_transaction()
        contents = files.mapped("raw")
        name_on_disk = "left(checksum, 2) || '/' || checksum"
        rows = self._get_rows(files)
        for storage in ("db", "file"):
            self.env["ir.config_parameter"].set_param("ir_attachment.location", storage)
            files._migrate()
            self.env.flush_all()
            files.invalidate_recordset()
            self.assertEqual(files.mapped("raw"), contents)
            self.assertEqual(
                files.mapped(lambda file: bool(file.store_fname)),
                [storage == "file"] * 2,
            )
            for file in files:
                for change in (
                    "store_fname = 'aa/b'",
                    "db_datas = '\\x00'",
                    f"store_fname = {name_on_disk}, db_datas = NULL",
                )[: 3 if storage == "db" else 2]:
                    with (
                        self.subTest(storage=storage, change=change, file=file.name),
                        self.assertRaises(psycopg2.errors.RestrictViolation),
                        mute_logger("odoo.sql_db"),
                        self.env.cr.savepoint(),
                    ):
                        self.env.cr.execute(
                            f"UPDATE ir_attachment SET {change} WHERE id = %s",
                            [file.id],
                        )
        self.assertEqual(self._get_rows(files), rows)

    def test_lost_content_stays_lost(self):
        """Moving a file whose content is not what it was makes it not look right."""
        file = self._archive(self.document)
        self._end_transaction()
        row = self._get_rows(file)
        self.env["ir.config_parameter"].set_param("ir_attachment.location", "db")
        with patch.object(type(file), "_file_read", lambda *_args: b""):
            file.invalidate_recordset()
            file._migrate()
            self.env.flush_all()
        self.assertEqual(self._get_rows(file), row)

    def test_unchanged_values(self):
        """What a file has already, written again, is not written."""
        message = self._get_earlier_message(attachments=[("INV.pdf", b"%PDF sent")])
        files = self._archive(self.document) | message.attachment_ids
        self._end_transaction()
        rows = self._get_rows(files)
        for file in files:
            for values in (
                {"url": ""},
                {"raw": file.raw},
                {"datas": base64.b64encode(file.raw), "mimetype": file.mimetype},
                {"name": file.name, "res_id": file.res_id, "type": file.type},
            ):
                for user in self.users.values():
                    with self.subTest(values=values, user=user.login):
                        file.with_user(user).write(dict(values))
                        self.env.flush_all()
                        self.assertEqual(self._get_rows(files), rows)

    def _get_rows(self, files):
        self.env.cr.execute(
            "SELECT to_jsonb(f) - '{write_date,write_uid}'::text[]"
            " FROM ir_attachment f WHERE id IN %s ORDER BY id",
            [files._ids],
        )
        return self.env.cr.fetchall()
