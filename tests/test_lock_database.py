"""The database refuses what gets past everything else. Odoo's life goes on."""

import hashlib

import psycopg2

from odoo import Command
from odoo.exceptions import UserError
from odoo.tests import new_test_user, tagged
from odoo.tools import mute_logger

from ..models.lock.database import update_triggers
from ..models.lock.edi_cancellation import with_accepted_cancellation
from .lock_common import LockCommon


@tagged("post_install", "-at_install")
class TestLockDatabase(LockCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.document = cls._invoice(100.0, 50.0)
        cls.pdf = cls._archive(cls.document)
        cls._end_transaction()

    def _get_sealed_ids(self, *moves):
        self.env.cr.execute("SELECT move_id FROM account_document_seal")
        sealed_ids = {id_ for [id_] in self.env.cr.fetchall()}
        return [move.id in sealed_ids for move in moves]

    @mute_logger("odoo.sql_db")
    def assertRefusedByDatabase(self, statement, *params, document=None):
        document = document or self.document
        self.env.flush_all()
        before = self._snapshot(document.id)
        with (
            self.subTest(statement=statement),
            self.assertRaises(psycopg2.errors.RestrictViolation) as refusal,
            self.env.cr.savepoint(flush=False),
        ):
            self.env.cr.execute(statement, params)
        self.assertEqual(self._snapshot(document.id), before)
        return self.env["base"]._sql_error_to_message(refusal.exception)

    def test_line_moved_in(self):
        """A draft's line gets into no issued document."""
        draft = self._invoice(7.0, post=False)
        line = draft.invoice_line_ids
        self.assertRefusedByDatabase(
            "UPDATE account_move_line SET move_id = %s WHERE id = %s",
            self.document.id,
            line.id,
        )
        self.assertRefusedByDatabase(
            "UPDATE account_move_line SET move_id = %s, parent_state = 'posted'"
            " WHERE id = %s",
            self.document.id,
            line.id,
        )

    def test_state_of_a_line(self):
        """It tells the triggers which lines to look at."""
        line = self.document.invoice_line_ids[0]
        self.assertRefusedByDatabase(
            "UPDATE account_move_line SET parent_state = 'draft' WHERE id = %s", line.id
        )

    def _get_statements(self):
        """:return: statements that change what was issued, with their parameters"""
        move_id, line_id = self.document.id, self.document.invoice_line_ids[0].id
        message = self.document.message_post(
            body="Issued",
            subtype_xmlid="mail.mt_comment",
            attachments=[("copy.pdf", b"%PDF-1.4 sent")],
        )
        sent = message.attachment_ids
        note = self.document.message_post(body="x", subtype_xmlid="mail.mt_note")
        elsewhere = self.partner_a.message_post(body="x")
        for told in (message, note, elsewhere):
            self._post_yesterday(told)
        tracking = self.env["mail.tracking.value"].create(
            {"mail_message_id": elsewhere.id, "new_value_char": "x"}
        )
        draft = self._invoice(10.0, post=False)
        loose = self.env["ir.attachment"].create({"name": "x", "raw": b"x"})
        tax_id = self.tax_sale_b.id
        return [
            ("UPDATE account_move SET ref = 'x' WHERE id = %s", move_id),
            ("UPDATE account_move SET amount_total = 1 WHERE id = %s", move_id),
            ("UPDATE account_move SET name = 'X' WHERE id = %s", move_id),
            ("UPDATE account_move SET state = 'draft' WHERE id = %s", move_id),
            ("UPDATE account_move SET move_type = 'entry' WHERE id = %s", move_id),
            ("UPDATE account_move_line SET price_total = 1 WHERE id = %s", line_id),
            ("UPDATE account_move_line SET name = 'x' WHERE id = %s", line_id),
            ("DELETE FROM account_move_line WHERE id = %s", line_id),
            ("DELETE FROM account_move WHERE id = %s", move_id),
            (
                (
                    "DELETE FROM account_move_line_account_tax_rel"
                    " WHERE account_move_line_id = %s"
                ),
                line_id,
            ),
            (
                (
                    "INSERT INTO account_move_line_account_tax_rel"
                    " (account_move_line_id, account_tax_id) VALUES (%s, %s)"
                ),
                line_id,
                tax_id,
            ),
            (
                (
                    "INSERT INTO account_move_line (move_id, display_type, name)"
                    " VALUES (%s, 'line_note', 'x')"
                ),
                move_id,
            ),
            ("UPDATE ir_attachment SET checksum = 'x' WHERE id = %s", self.pdf.id),
            ("UPDATE ir_attachment SET res_field = NULL WHERE id = %s", self.pdf.id),
            *(
                (f"UPDATE ir_attachment SET {change} WHERE id = %s", file.id)
                for file in (self.pdf, sent)
                for change in (
                    "store_fname = NULL",
                    "store_fname = 'aa/other'",
                    "store_fname = NULL, db_datas = '\\x00'",
                    "db_datas = '\\x00'",
                    "file_size = 1",
                )
            ),
            ("DELETE FROM ir_attachment WHERE id = %s", self.pdf.id),
            (
                (
                    "INSERT INTO ir_attachment (name, type, res_model, res_id,"
                    " res_field) SELECT name, type, res_model, res_id, res_field"
                    " FROM ir_attachment WHERE id = %s"
                ),
                self.pdf.id,
            ),
            (
                (
                    "UPDATE ir_attachment SET res_model = 'account.move', res_id = %s,"
                    " res_field = 'printed_pdf_file' WHERE id = %s"
                ),
                move_id,
                loose.id,
            ),
            (
                (
                    "INSERT INTO ir_attachment (name, type, res_model, res_id,"
                    " res_field) VALUES ('x', 'binary', 'account.move', %s,"
                    " 'printed_pdf_file')"
                ),
                move_id,
            ),
            *(
                (
                    (
                        "INSERT INTO mail_message (model, res_id, message_type, body,"
                        " date, create_date) VALUES ('account.move', %s, 'comment',"
                        f" 'x', {date}, {create_date})"
                    ),
                    move_id,
                )
                for date, create_date in (
                    ("'2020-01-01'", "now() AT TIME ZONE 'UTC'"),
                    ("NULL", "now() AT TIME ZONE 'UTC'"),
                    ("now() AT TIME ZONE 'UTC'", "'2020-01-01'"),
                    ("now() AT TIME ZONE 'UTC'", "'2099-01-01'"),
                    ("now() AT TIME ZONE 'UTC'", "NULL"),
                )
            ),
            (
                (
                    "UPDATE mail_message SET model = 'account.move', res_id = %s"
                    " WHERE id = %s"
                ),
                move_id,
                elsewhere.id,
            ),
            (
                "UPDATE mail_message SET message_type = 'email' WHERE id = %s",
                note.id,
            ),
            (
                (
                    "INSERT INTO mail_tracking_value (mail_message_id, new_value_char)"
                    " VALUES (%s, 'x')"
                ),
                message.id,
            ),
            (
                "UPDATE mail_tracking_value SET mail_message_id = %s WHERE id = %s",
                message.id,
                tracking.id,
            ),
            (
                "UPDATE mail_message SET create_date = '2099-01-01' WHERE id = %s",
                message.id,
            ),
            ("UPDATE ir_attachment SET checksum = 'x' WHERE id = %s", sent.id),
            ("DELETE FROM ir_attachment WHERE id = %s", sent.id),
            ("DELETE FROM message_attachment_rel WHERE message_id = %s", message.id),
            (
                "INSERT INTO message_attachment_rel VALUES (%s, %s)",
                message.id,
                loose.id,
            ),
            ("TRUNCATE message_attachment_rel",),
            ("UPDATE mail_message SET body = 'x' WHERE id = %s", message.id),
            ("UPDATE mail_message SET author_id = NULL WHERE id = %s", message.id),
            ("DELETE FROM mail_message WHERE id = %s", message.id),
            ("DELETE FROM account_document_seal WHERE move_id = %s", move_id),
            (
                (
                    "UPDATE account_document_seal SET sealed_at = '2020-01-01'"
                    " WHERE move_id = %s"
                ),
                move_id,
            ),
            (
                (
                    "INSERT INTO account_document_seal (move_id, company_id,"
                    " sealed_at) SELECT id, company_id, '2020-01-01'"
                    " FROM account_move WHERE id = %s"
                ),
                draft.id,
            ),
            ("TRUNCATE account_move CASCADE",),
            (
                "UPDATE res_company SET lock_posted_invoices = false WHERE id = %s",
                self.company.id,
            ),
            (
                "UPDATE res_company SET lock_in_database = NULL WHERE id = %s",
                self.company.id,
            ),
        ]

    def test_sealed_when_the_transaction_ends(self):
        draft, posted = self._invoice(10.0, post=False), self._invoice(10.0)
        bill = self.init_invoice("in_invoice", products=self.product_a, post=True)
        self.assertEqual(self._get_sealed_ids(self.document, posted), [True, False])
        self._end_transaction()
        self.assertEqual(
            self._get_sealed_ids(self.document, posted, draft, bill),
            [True, True, False, False],
        )

    def test_statements(self):
        for statement, *params in self._get_statements():
            self.assertRefusedByDatabase(statement, *params)

    def test_message_says_what_to_do(self):
        message = self.assertRefusedByDatabase(
            "UPDATE account_move SET ref = 'x', amount_tax = 1 WHERE id = %s",
            self.document.id,
        )
        self.assertIn(self.document.name, message)
        self.assertIn("(amount_tax, ref)", message)
        self.assertIn("credit note", message)
        self.assertNotIn("PL/pgSQL", message)
        credit_note = self._credit(self.document)
        draft = self._invoice(10.0, post=False)
        self._end_transaction()
        for statement, record, text in (
            (
                "UPDATE account_move SET ref = 'x' WHERE id = %s",
                credit_note,
                "Create a new document instead.",
            ),
            (
                (
                    "INSERT INTO ir_attachment (name, type, res_model, res_id,"
                    " res_field) VALUES ('x', 'binary', 'account.move', %s,"
                    " 'printed_pdf_file')"
                ),
                self.document,
                "Attach other files to a message.",
            ),
            (
                (
                    "INSERT INTO mail_message (model, res_id, message_type)"
                    " VALUES ('account.move', %s, 'comment')"
                ),
                self.document,
                "Write another message instead.",
            ),
            (
                (
                    "INSERT INTO account_document_seal (move_id, company_id, sealed_at)"
                    " SELECT id, company_id, now() FROM account_move WHERE id = %s"
                ),
                draft,
                "Confirm it instead.",
            ),
        ):
            message = self.assertRefusedByDatabase(statement, record.id)
            self.assertIn(text, message)
            self.assertIn(record.name or str(record.id), message)

    def test_log(self):
        self.company.lock_in_database = False
        self.company.lock_in_database = True
        self.env.flush_all()
        log = self.env["account.document.lock.log"].search([], limit=2)
        self.assertEqual(log.mapped("lock_in_database"), [True, False])
        for statement in (
            "DELETE FROM account_document_lock_log WHERE id = %s",
            "UPDATE account_document_lock_log SET user_id = 1 WHERE id = %s",
        ):
            self.assertRefusedByDatabase(statement, log[0].id)
        self.assertRefusedByDatabase(
            "INSERT INTO account_document_lock_log (company_id, user_id)"
            " VALUES (%s, 1)",
            self.company.id,
        )

    def test_off(self):
        """With either switch off nothing is refused."""
        statements = [
            (statement, *params)
            for statement, *params in self._get_statements()
            if "res_company" not in statement
            and "account_move_line (" not in statement
            and "TRUNCATE" not in statement
        ]
        for switch in ("lock_posted_invoices", "lock_in_database"):
            self.company[switch] = False
            self.env.flush_all()
            for statement, *params in statements:
                with self.subTest(switch=switch, statement=statement), self._undone():
                    self.env.cr.execute(statement, params)
                    self.assertTrue(self.env.cr.rowcount)
            self.company[switch] = True
            self.env.flush_all()
            self.assertRefusedByDatabase(
                "UPDATE account_move SET ref = 'x' WHERE id = %s", self.document.id
            )

    def test_sealed_again(self):
        """Changed in an off minute: what it is then is what is kept."""
        self._set_lock(False)
        self.document.button_draft()
        self.env.flush_all()
        self.assertEqual(self._get_sealed_ids(self.document), [False])
        self.document.ref = "again"
        self.document.action_post()
        self.env.flush_all()
        self._set_lock(True)
        self.assertEqual(self._get_sealed_ids(self.document), [True])

    def test_normal_life(self):
        """Paying, matching, crediting, sending, hashing: all of it goes through."""
        invoice = self.document
        payment = self._register_payment(
            invoice, amount=30.0, payment_difference_handling="open"
        )
        self._end_transaction()
        self.assertTrue(payment)
        credit_note = self._credit(invoice)
        self._end_transaction()
        self.assertEqual(self._get_sealed_ids(credit_note), [True])
        self.assertFalse(invoice.amount_residual)
        invoice.line_ids.remove_move_reconcile()
        self._end_transaction()
        self.assertEqual(invoice.amount_residual, invoice.amount_total)
        again = self._invoice(10.0)
        self._end_transaction()
        again.action_toggle_block_payment()
        again.invoice_line_ids.no_followup = True
        again._generate_and_send()
        again.button_hash()
        again.message_post(body="Hello")
        self._end_transaction()
        self.assertTrue(again.invoice_pdf_report_id)
        self.assertTrue(again.inalterable_hash)

    def test_messages_of_another_time(self):
        """An e-mail that arrives late, and messages that Odoo moves from a draft."""
        late = self.document.message_post(
            body="Late", date="2026-01-01 10:00:00", message_type="email"
        )
        self.assertEqual(late.date.year, 2026)
        draft = self._invoice(10.0, post=False)
        message = draft.message_post(body="x", subtype_xmlid="mail.mt_comment")
        self._post_yesterday(message)
        draft.message_change_thread(self.document)
        self.env.flush_all()
        self.assertEqual(message.res_id, self.document.id)
        with (
            self.assertRaises(psycopg2.errors.RestrictViolation),
            mute_logger("odoo.sql_db"),
            self.env.cr.savepoint(),
        ):
            # sudo: as the code of a server action may
            self.env["mail.message"].sudo().create(
                {
                    "model": "account.move",
                    "res_id": self.document.id,
                    "date": "2020-01-01",
                }
            )
        self._post_yesterday(late)
        for told in (late, message):
            self.assertRefusedByDatabase(
                "UPDATE mail_message SET body = 'x' WHERE id = %s", told.id
            )

    def test_new_parent_company(self):
        contact = self.env["res.partner"].create({"name": "Contact"})
        company = self.env["res.partner"].create({"name": "Co", "is_company": True})
        invoice = self._invoice(10.0, partner=contact)
        self._end_transaction()
        contact.parent_id = company
        self.env.flush_all()
        self.assertEqual(invoice.commercial_partner_id, company)
        self.assertEqual(invoice.line_ids.partner_id, company)
        self.assertRefusedByDatabase(
            "UPDATE account_move SET commercial_partner_id = 1 WHERE id = %s",
            invoice.id,
            document=invoice,
        )

    def test_accepted_cancellation(self):
        with_accepted_cancellation(self.document, self.document).button_cancel()
        self.env.flush_all()
        self.assertEqual(self.document.state, "cancel")
        self.assertEqual(self._get_sealed_ids(self.document), [True])
        self.assertRefusedByDatabase(
            "UPDATE account_move SET ref = 'x' WHERE id = %s", self.document.id
        )

    def test_leave_ends_with_its_block(self):
        """Also when what was to pass fails."""
        self.env["res.partner"].flush_model()
        with self.assertRaises(UserError):
            with_accepted_cancellation(self.document, self.document).write(
                {"state": "cancel", "ref": "x"}
            )
        self.assertRefusedByDatabase(
            "UPDATE account_move SET state = 'cancel' WHERE id = %s", self.document.id
        )

    def test_deleted_reference(self):
        """The database empties no field of an issued document."""
        address = self.env["res.partner"].create({"name": "Ramp", "type": "delivery"})
        invoice = self._invoice(10.0, partner_shipping_id=address.id)
        self._end_transaction()
        self.assertRefusedByDatabase(
            "DELETE FROM res_partner WHERE id = %s", address.id, document=invoice
        )

    def test_column_that_goes(self):
        """Another addon is uninstalled: the columns that stay are kept all the same."""
        self.env.cr.execute("ALTER TABLE account_move DROP COLUMN narration CASCADE")
        self.env.cr.execute(
            "ALTER TABLE account_move_line ALTER COLUMN discount TYPE varchar"
        )
        for statement, refused in (
            ("UPDATE account_move SET ref = 'x' WHERE id = %s", True),
            ("UPDATE account_move SET amount_residual = 1 WHERE id = %s", False),
            ("UPDATE account_move_line SET name = 'x' WHERE move_id = %s", True),
            (
                "UPDATE account_move_line SET no_followup = true WHERE move_id = %s",
                False,
            ),
        ):
            if refused:
                self.assertRefusedByDatabase(statement, self.document.id)
            else:
                self.env.cr.execute(statement, [self.document.id])

    def test_made_once(self):
        """Another load of the registry makes nothing anew."""
        self.env.cr.execute("SELECT max(oid) FROM pg_trigger")
        before = self.env.cr.fetchall()
        update_triggers(self.env)
        self.env.cr.execute("SELECT max(oid) FROM pg_trigger")
        self.assertEqual(self.env.cr.fetchall(), before)

    def test_existing_documents(self):
        """What was issued before the addon came is sealed with it."""
        self._set_lock(False)
        earlier = self._invoice(10.0)
        self._end_transaction()
        self.assertEqual(self._get_sealed_ids(earlier), [False])
        self._set_lock(True)
        self.assertEqual(self._get_sealed_ids(earlier), [True])

    def test_nobody_writes_seals(self):
        seal = self.env["account.document.seal"].search(
            [("move_id", "=", self.document.id)]
        )
        self.assertTrue(seal)
        for attack in (
            lambda: seal.sudo().unlink(),
            lambda: seal.sudo().write({"sealed_at": "2020-01-01 00:00:00"}),
            lambda: seal.sudo().create({"move_id": self.document.id}),
        ):
            with self.assertRaises(UserError):
                attack()
        for statement in (
            "DELETE FROM account_document_seal WHERE id = %s",
            "UPDATE account_document_seal SET sealed_at = '2020-01-01' WHERE id = %s",
        ):
            with (
                self.assertRaises(psycopg2.errors.RestrictViolation),
                mute_logger("odoo.sql_db"),
                self.env.cr.savepoint(),
            ):
                self.env.cr.execute(statement, [seal.id])
        self.assertTrue(seal.exists())

    # --- evidence ------------------------------------------------------------------

    def _get_seal(self, move):
        seal = self.env["account.document.seal"].search([("move_id", "=", move.id)])
        seal.invalidate_recordset()
        return seal

    def test_record(self):
        record = self._get_seal(self.document).record
        line = self.document.invoice_line_ids[0]
        self.assertEqual(record["document"]["name"], self.document.name)
        self.assertEqual(record["document"]["amount_total"], 172.5)
        self.assertEqual(record["lines"][str(line.id)]["price_unit"], 100.0)
        self.assertEqual(record["taxes"][str(line.id)], line.tax_ids.ids)
        self.assertEqual(record["customer"]["name"], self.partner_a.name)
        self.assertEqual(record["company"]["id"], self.company.partner_id.id)
        self.assertNotIn("payment_state", record["document"])

    def test_chain(self):
        other = self._invoice(10.0)
        self._end_transaction()
        self._set_lock(False)
        earlier = self._invoice(10.0)
        self._end_transaction()
        self._set_lock(True)
        self.assertFalse(self._get_seal(earlier).record)
        seals = self.env["account.document.seal"]
        with self.enter_registry_test_mode():
            self.env.ref(
                "account_partner_credit_note.ir_cron_account_document_seal"
            ).method_direct_trigger()
        self.assertTrue(self._get_seal(earlier).record)
        chained = seals.search([("company_id", "=", self.company.id)], order="position")
        self.assertEqual(chained.mapped("position"), list(range(1, len(chained) + 1)))
        self.assertLessEqual({self.document, other, earlier}, set(chained.move_id))
        before = ""
        for seal in chained:
            self.env.cr.execute(
                "SELECT record::text FROM account_document_seal WHERE id = %s",
                [seal.id],
            )
            [record] = self.env.cr.fetchone()
            before = hashlib.sha256(f"{before}{record}".encode()).hexdigest()
            self.assertEqual(seal.chain, before)
        for statement in (
            "UPDATE account_document_seal SET chain = NULL WHERE id = %s",
            "UPDATE account_document_seal SET record = '{}' WHERE id = %s",
        ):
            self.assertRefusedByDatabase(statement, chained[0].id)

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
