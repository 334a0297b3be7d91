from psycopg2.errors import RestrictViolation

from odoo import Command
from odoo.exceptions import UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from .lock_common import LockCommon


@tagged("post_install", "-at_install")
class TestLockHistory(LockCommon):
    """The messages of an issued document, and who wrote them."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.document = cls._invoice(100.0, 50.0)
        cls.draft = cls._invoice(10.0, post=False)

    def test_history_is_not_changed(self):
        # As Odoo notes it; the environments of tests track nothing.
        field = self.env["ir.model.fields"]._get("account.move", "ref")
        message = self.document._message_log(
            body="Changed",
            tracking_value_ids=[
                Command.create({"field_id": field.id, "new_value_char": "x"})
            ],
        )
        tracking = message.tracking_value_ids[:1]
        for attack in (
            lambda move: message.with_env(move.env).unlink(),
            lambda move: (
                message.with_env(move.env).with_context(_force_unlink=True).unlink()
            ),
            lambda move: message.with_env(move.env).write({"body": "rewritten"}),
            lambda move: message.with_env(move.env).write({"message_type": "comment"}),
            lambda move: move.write({"message_ids": [Command.delete(message.id)]}),
        ):
            self.assertHole(attack)
        for attack in (
            lambda move: message.with_env(move.env).write({"res_id": self.draft.id}),
            lambda move: message.with_env(move.env).write({"model": "res.partner"}),
            lambda move: tracking.with_env(move.env).unlink(),
            lambda move: tracking.with_env(move.env).write({"old_value_char": "x"}),
        ):
            self.assertHole(attack, by="superuser")

    def test_history_is_not_declared_a_note(self):
        message = self.document.with_user(self.clerk).message_post(
            body="To the customer",
            subtype_xmlid="mail.mt_comment",
            message_type="comment",
        )

        def hide_and_delete(move):
            comment = message.with_env(move.env)
            comment.is_internal = True
            comment.unlink()

        def declare_and_delete(move):
            move.env.ref("mail.mt_comment").internal = True
            message.with_env(move.env).unlink()

        self.assertHole(hide_and_delete)
        self.assertHole(declare_and_delete, by="superuser")
        for values in (
            {"outgoing_email_to": "nobody@example.com"},
            {"incoming_email_to": "nobody@example.com"},
            {"incoming_email_cc": "nobody@example.com"},
        ):
            self.assertHole(
                lambda move, values=values: message.with_env(move.env).write(values)
            )
        with self.assertRefusal("history"):
            message.partner_ids = self.partner_b

    def test_files_of_a_message(self):
        message = self.document.with_user(self.clerk).message_post(
            body="See the file",
            subtype_xmlid="mail.mt_comment",
            message_type="comment",
            attachments=[("agreed.txt", b"agreed")],
        )
        other = self.env["ir.attachment"].create({"name": "x.txt", "raw": b"x"})
        self._post_yesterday(message)
        with self.assertRefusal("history"):
            message.attachment_ids = [Command.clear()]
        with self.assertRefusal("history"):
            message.attachment_ids = other

    def test_tracking_added_later(self):
        """What a message of yesterday tells is not added to today."""
        field = self.env["ir.model.fields"]._get("account.move", "ref")
        message = self.document._message_log(body="Changed")
        self._post_yesterday(message)
        self.assertHole(
            lambda move: move.env["mail.tracking.value"].create(
                {
                    "mail_message_id": message.id,
                    "field_id": field.id,
                    "new_value_char": "forged",
                }
            ),
            by="superuser",
        )

    def test_history_of_a_document_that_is_gone(self):
        """It hides none of those that are there."""
        draft = self._invoice(10.0, post=False)
        ids = (draft.id, self.document.id)
        draft.unlink()
        self.assertEqual(
            tuple(self.env["account.move"]._get_locked_ids(ids)), (self.document.id,)
        )

    def test_notes_stay_the_users(self):
        note = self.document.with_user(self.clerk).message_post(
            body="Call them", subtype_xmlid="mail.mt_note", message_type="comment"
        )
        note.body = "Called them"
        note.unlink()
        self.assertFalse(note.exists())

    def test_forged_history(self):
        field = self.env["ir.model.fields"]._get("account.move", "ref")
        forged = {
            "model": "account.move",
            "res_id": self.document.id,
            "body": "Forged",
        }
        for values in (
            {"author_id": self.env.ref("base.partner_root").id},
            {"date": "2024-01-01 00:00:00", "message_type": "comment"},
            {
                "message_type": "comment",
                "tracking_value_ids": [
                    Command.create({"field_id": field.id, "new_value_char": "x"})
                ],
            },
        ):
            for user in (self.clerk, self.administrator):
                with (
                    self.subTest(values=values, user=user.login),
                    self.assertRefusal(),
                    self.env.cr.savepoint(),
                ):
                    self.env["mail.message"].with_user(user).create(
                        {**forged, **values}
                    )
        message = self.document.with_user(self.clerk).message_post(
            body="Hello", message_type="comment", subtype_xmlid="mail.mt_comment"
        )
        self.assertEqual(message.author_id, self.clerk.partner_id)

    def test_refusal_that_is_caught(self):
        """Code that catches the refusal keeps no forged message."""

        def forge(move):
            try:
                move.env["mail.message"].create(
                    {
                        "model": "account.move",
                        "res_id": move.id,
                        "author_id": 2,
                        "message_type": "notification",
                        "date": "2024-01-01",
                    }
                )
            except UserError:
                return

        for user in (self.clerk, self.manager, self.administrator):
            changes, _error = self._attack(forge, self.document, user)
            self.assertEqual(changes, [])

    @mute_logger("odoo.sql_db")
    def test_author_of_history(self):
        """The author of history is neither merged away nor deleted."""
        author, other = (
            self.env["res.partner"].create({"name": name}) for name in ("A", "B")
        )
        message = self._get_earlier_message(author_id=author.id)
        self.env.cr.execute("SET CONSTRAINTS ALL IMMEDIATE")
        self.env.cr.execute("SET CONSTRAINTS ALL DEFERRED")
        for statement, *params in (
            ("DELETE FROM res_partner WHERE id = %s", author.id),
            (
                "UPDATE mail_message SET author_id = %s WHERE author_id = %s",
                other.id,
                author.id,
            ),
        ):
            with (
                self.assertRaises(RestrictViolation),
                self.env.cr.savepoint(flush=False),
            ):
                self.env.cr.execute(statement, params)
        with self.assertRaises(RestrictViolation), self.env.cr.savepoint():
            self.env["base.partner.merge.automatic.wizard"].create({})._merge(
                (author + other).ids, other
            )
        self.env.invalidate_all()
        self.assertEqual(message.author_id, author)

    def test_subtype_of_history(self):
        """What went to the customer does not become a note among colleagues."""
        note = self.env.ref("mail.mt_note")
        data = self.env["ir.model.data"].search(
            [("module", "=", "mail"), ("name", "=", "mt_note")]
        )
        for values in (
            {"res_id": self.env.ref("mail.mt_comment").id},
            {"name": "other"},
        ):
            self.assertRefusedFor(
                self.administrator, lambda env, v=values: data.with_env(env).write(v)
            )
        self.assertEqual(self.env.ref("mail.mt_note"), note)

    def test_subtype_deleted(self):
        """The database leaves no message about an issued document without a subtype."""
        subtype = self.env["mail.message.subtype"].create(
            {"name": "Own", "res_model": "account.move"}
        )
        message = self._get_earlier_message()
        self._set_lock(False)
        message.subtype_id = subtype
        self.env.flush_all()
        self._set_lock(True)
        for user in (self.administrator, self.users["superuser"]):
            with (
                mute_logger("odoo.sql_db"),
                self.assertRaises(RestrictViolation),
                self.env.cr.savepoint(),
            ):
                subtype.with_user(user).unlink()
            self.env.invalidate_all()
            self.assertEqual(message.subtype_id, subtype)

    def test_answers_go_where_they_went(self):
        message, other = self._get_earlier_message(), self._get_earlier_message()
        for values in ({"reply_to": "thief@example.com"}, {"parent_id": other.id}):
            self.assertHole(
                lambda move, values=values: message.with_env(move.env).write(values)
            )

    def test_note_that_becomes_another_word(self):
        """A note of one's own is not made history in the name of somebody else."""
        note = self.document.with_user(self.clerk).message_post(body="x")
        boss = self.env.ref("base.user_admin").partner_id
        comment = self.env.ref("mail.mt_comment")
        for values in (
            {"author_id": boss.id, "subtype_id": comment.id},
            {"date": "2020-01-01", "subtype_id": comment.id},
        ):
            with self.assertRaises(UserError), self.env.cr.savepoint():
                note.with_user(self.clerk).write(values)

    def test_mail_that_is_deleted_once_sent(self):
        """It leaves its message, and does not stop the e-mails after it."""
        mail = self.env["mail.mail"].create(
            {
                "auto_delete": True,
                "body_html": "Dear customer",
                "email_to": "customer@example.com",
                "model": "account.move",
                "res_id": self.document.id,
                "message_type": "email_outgoing",
            }
        )
        message = mail.mail_message_id
        mail.unlink()
        self.assertFalse(mail.exists())
        self.assertTrue(message.exists())

    def test_messages_taken_to_another_document(self):
        draft = self._draft()
        self.document._message_log(body="History")
        self.assertHole(
            lambda move: move.message_change_thread(draft.with_env(move.env))
        )

    def test_answer_by_email(self):
        """What a mail gateway writes on the document that is answered to."""
        self.assertHole(
            lambda move: move.message_update({"from": "x"}, {"ref": "changed"}),
        )
