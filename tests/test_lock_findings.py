"""The second series of attacks: what got through, each looked at in the database."""

import base64

from psycopg2.errors import RestrictViolation

from odoo import Command
from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user, tagged
from odoo.tools import mute_logger

from ..models.lock.transaction import lock_transaction
from .lock_common import LockCommon

FORGED = b"%PDF-1.4 forged"


@tagged("post_install", "-at_install")
class TestLockFindings(LockCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.document = cls._invoice(100.0)

    def _draft(self, **values):
        return self._invoice(10.0, post=False, **values)

    # --- C2: archived files --------------------------------------------------------

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

    def test_c2_id_as_text(self):
        for field in ("invoice_pdf_report_file", "printed_pdf_file"):
            self.assertHole(
                lambda move, field=field: self._forge(
                    move, field, default_res_id=str(move.id)
                )
            )

    def test_c2_user_default(self):
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

    def test_c2_second_file(self):
        self._archive(self.document)
        self.assertHole(lambda move: self._forge(move, default_res_id=str(move.id)))

    def test_c2_draft(self):
        draft = self._draft()
        self.assertHole(
            lambda move: self._forge(move, default_res_id=str(move.id)),
            document=draft,
            refusal="is a draft",
        )

    def test_c2_written_as_text(self):
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

    def test_c2_superuser(self):
        """A server action is not Odoo's own code."""
        self.assertHole(
            lambda move: move.sudo().write(
                {"invoice_pdf_report_file": base64.b64encode(FORGED)}
            ),
            by="Accounting administrator",
        )

    def test_c2_entry_that_becomes_an_invoice(self):
        entry = self.env["account.move"].create({"move_type": "entry"})
        self._forge(entry, default_res_id=entry.id)
        with self.assertRefusal("is a draft"):
            entry.write({"move_type": "out_invoice", "name": False})

    # --- C3, C4: columns and tables ------------------------------------------------

    def assertRefusedFor(self, user, attack):
        with self.assertRaises(UserError), self.env.cr.savepoint():
            attack(self.env(user=user.id, su=user.id == 1, context={}))

    @mute_logger("odoo.sql_db")
    def test_c3_columns_dropped(self):
        for user in (self.administrator, self.users["superuser"]):
            for model, name in (
                ("account.move", "narration"),
                ("account.move.line", "discount"),
                ("account.document.lock.log", "user_id"),
                ("mail.message", "author_id"),
            ):
                self.assertRefusedFor(
                    user,
                    lambda env, model=model, name=name: (
                        env["ir.model.fields"]
                        ._get(model, name)
                        .with_env(env)
                        .with_context(_force_unlink=True)
                        .unlink()
                    ),
                )
            self.assertRefusedFor(
                user,
                lambda env: (
                    env["ir.model"]
                    ._get("account.document.lock.log")
                    .with_env(env)
                    .with_context(_force_unlink=True)
                    .unlink()
                ),
            )
        self.env.cr.execute("SELECT narration FROM account_move LIMIT 1")
        self.env.cr.execute("SELECT user_id FROM account_document_lock_log LIMIT 1")

    @mute_logger("odoo.sql_db")
    def test_c4_relation_over_the_ledger(self):
        for table, column in (
            ("account_move_line", "partner_id"),
            ("account_move", "partner_id"),
            ("account_document_lock_log", "user_id"),
            ("account_move_line_account_tax_rel", "account_move_line_id"),
        ):
            self.assertRefusedFor(
                self.administrator,
                lambda env, table=table, column=column: env["ir.model.fields"].create(
                    {
                        "name": "x_d",
                        "model_id": env["ir.model"]._get("res.partner").id,
                        "ttype": "many2many",
                        "relation": "ir.model.fields",
                        "relation_table": table,
                        "column1": column,
                        "column2": "id",
                        "state": "manual",
                        "field_description": "d",
                    }
                ),
            )

    # --- H2, H3: numbers -----------------------------------------------------------

    def test_h2_number_zero(self):
        for name in (0, 0.0):
            with self.assertRefusal("cannot be chosen"):
                self._draft(name=name)

    def test_h2_entry_with_a_number(self):
        entry = self.env["account.move"].create(
            {"move_type": "entry", "name": "INV/2026/77777"}
        )
        with self.assertRefusal("has its number already"):
            entry.with_user(self.clerk).write({"move_type": "out_invoice"})

    def test_h2_number_of_another_journal(self):
        journal = self.company_data["default_journal_sale"].copy({"code": "OTH"})
        draft = self._draft(journal_id=journal.id)
        draft.name = self.document.name
        with self.assertRefusal("was issued before"):
            draft.action_post()

    def test_h3_number_that_disappears(self):
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

    # --- M1, M8, M10 ---------------------------------------------------------------

    def test_m1_forged_history(self):
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

    def test_m8_policy(self):
        system = self._new_user("lock_system", "base.group_system")
        with self.assertRaises(AccessError):
            self.company.with_user(system).over_credit_policy = "warn"
        self.company.with_user(self.administrator).over_credit_policy = "warn"
        entry = self.env["account.document.lock.log"].search([], limit=1)
        self.assertEqual(entry.user_id, self.administrator)
        self.assertEqual(entry.over_credit_policy, "warn")

    def test_m10_delivery_date(self):
        lock_transaction(self.env).unsealed_ids.clear()
        self.assertHole(lambda move: move.write({"delivery_date": move.invoice_date}))

    # --- M2, M4, M5 ----------------------------------------------------------------

    def _get_earlier_message(self, **values):
        """:return: message about the document, posted by an earlier transaction"""
        message = self.document.message_post(
            body="Your invoice", subtype_xmlid="mail.mt_comment", **values
        )
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE mail_message SET create_date = '2020-01-01' WHERE id = %s",
            [message.id],
        )
        message.invalidate_recordset()
        return message

    def test_m4_sent_file(self):
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

    def test_seals_of_other_companies(self):
        self.env.cr.execute("SET CONSTRAINTS ALL IMMEDIATE")
        self.env.cr.execute("SET CONSTRAINTS ALL DEFERRED")
        seals = self.env["account.document.seal"].search(
            [("move_id", "=", self.document.id)]
        )
        self.assertTrue(seals)
        other = self.setup_other_company()["company"]
        user = new_test_user(
            self.env,
            "other_company_reader",
            groups="account.group_account_readonly",
            company_id=other.id,
            company_ids=[Command.set(other.ids)],
        )
        self.assertFalse(
            seals.with_user(user).search([("move_id", "=", self.document.id)])
        )
        with self.assertRaises(UserError):
            seals.write({"chain": "x"})

    def test_m4_file_that_nobody_got(self):
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

    @mute_logger("odoo.sql_db")
    def test_m2_who_did_it(self):
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

    @mute_logger("odoo.sql_db")
    def test_m5_order_line(self):
        self._needs("sale", "invoice_lines", "sale.order.line")
        self.env.user.group_ids += self.env.ref("sales_team.group_sale_manager")
        order = self.env["sale.order"].create(
            {
                "partner_id": self.partner_a.id,
                "order_line": [Command.create({"product_id": self.product_a.id})],
            }
        )
        self.product_a.invoice_policy = "order"
        order.action_confirm()
        invoice = order._create_invoices()
        invoice.action_post()
        self.env.flush_all()
        self.env.cr.execute("SET CONSTRAINTS ALL IMMEDIATE")
        self.env.cr.execute("SET CONSTRAINTS ALL DEFERRED")
        with self.assertRaises(RestrictViolation), self.env.cr.savepoint():
            order.order_line.write(
                {"invoice_lines": [Command.unlink(invoice.invoice_line_ids.id)]}
            )
        self.env.invalidate_all()
        self.assertEqual(invoice.invoice_line_ids.sale_line_ids, order.order_line)

    def test_m3_what_is_history(self):
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
