import io
from contextlib import suppress
from unittest.mock import patch

from psycopg2.errors import SerializationFailure
from pypdf import PdfWriter

from odoo import SUPERUSER_ID, Command, api, fields
from odoo.sql_db import db_connect
from odoo.tests import TransactionCase, tagged
from odoo.tools import mute_logger

from ..models.lock.database import database_leave


class RollBack(Exception):
    """Undo what was done since the savepoint."""


@tagged("post_install", "-at_install")
class TestConcurrency(TransactionCase):
    """Two clerks credit the same invoice at the same time, on two connections."""

    def _invoice_on_a_connection(self, invoice_id):
        cursor = db_connect(self.env.cr.dbname).cursor()
        self.addCleanup(cursor.close)
        invoice = api.Environment(cursor, SUPERUSER_ID, {})["account.move"].browse(
            invoice_id
        )
        # The transaction sees what is true now, and no later.
        self.assertEqual(invoice.state, "posted")
        return invoice

    def test_the_second_clerk_starts_again(self):
        """Odoo runs a request again that failed like this (`odoo.service.model`); it
        then sees the credit note of the first clerk and refuses the second.
        """
        invoice = self.env["account.move"].search(
            [("move_type", "=", "out_invoice"), ("state", "=", "posted")], limit=1
        )
        if not invoice:
            self.skipTest("this database was made without Odoo's demo data")
        first = self._invoice_on_a_connection(invoice.id)
        second = self._invoice_on_a_connection(invoice.id)
        first._lock_for_credit()
        first.env.cr.commit()
        with self.assertRaises(SerializationFailure):
            second._lock_for_credit()

    def test_two_drafts_are_posted(self):
        """Each draft refers to the invoice, which holds its row against being deleted,
        and not against being locked: else both would wait for each other for ever.
        """
        invoice = (
            self.env["account.move"]
            .search([("move_type", "=", "out_invoice"), ("state", "=", "posted")])
            .filtered(lambda move: move.amount_creditable > 0.0)[:1]
        )
        if not invoice:
            self.skipTest("this database was made without Odoo's demo data")
        first, second = (self._draft_on_a_connection(invoice.id) for _n in range(2))
        with suppress(RollBack), first.env.cr.savepoint():
            first.action_post()
            self.assertEqual(first.state, "posted")
            raise RollBack
        # What posting does first; the posted one could not be removed any more.
        first._check_over_credit()

        def clean_up():
            first.unlink()
            first.env.cr.commit()

        self.addCleanup(clean_up)
        first.env.cr.commit()
        with self.assertRaises(SerializationFailure), mute_logger("odoo.sql_db"):
            second.action_post()

    def _draft_on_a_connection(self, invoice_id):
        invoice = self._invoice_on_a_connection(invoice_id)
        # Whoever waits here waits for another connection of this very test.
        invoice.env.cr.execute("SET LOCAL lock_timeout = '2s'")
        moves = invoice.browse().with_company(invoice.company_id)
        draft = moves.create(
            {
                "move_type": "out_refund",
                "partner_id": invoice.partner_id.id,
                "currency_id": invoice.currency_id.id,
                "reversed_entry_id": invoice.id,
                "invoice_date": fields.Date.today(),
                "invoice_line_ids": [
                    Command.create({"name": "A penny", "price_unit": 0.01})
                ],
            }
        )
        draft.env.flush_all()
        return draft

    def test_two_start_a_batch(self):
        """The second is run again, and told that the invoice waits in a batch."""
        invoice = self.env["account.move"].search(
            [("move_type", "=", "out_invoice"), ("state", "=", "posted")], limit=1
        )
        if not invoice:
            self.skipTest("this database was made without Odoo's demo data")
        first, second = (self._invoice_on_a_connection(invoice.id) for _n in range(2))
        first._lock_for_credit()
        first.env.cr.commit()
        # Not in the database, where it would refer to the invoice and so hold it.
        dialog = second.env["account.move.reversal"].new(
            {"move_ids": [Command.set(second.ids)]}
        )
        with self.assertRaises(SerializationFailure):
            dialog._check_background()

    def test_two_name_a_former_invoice(self):
        """The second is run again, and finds the invoice that the first made."""
        invoice = self.env["account.move"].search(
            [("move_type", "=", "out_invoice"), ("state", "=", "posted")], limit=1
        )
        if not invoice:
            self.skipTest("this database was made without Odoo's demo data")
        first, second = (
            self._invoice_on_a_connection(invoice.id)
            .env["account.credit.note.without.invoice"]
            .new(
                {
                    "partner_id": invoice.partner_id.id,
                    "subject": "former",
                    "former_number": "OF A FORMER SYSTEM",
                    "former_date": invoice.date,
                    "former_total": 100.0,
                }
            )
            for _n in range(2)
        )
        self.assertFalse(second.partner_id.ref)  # sees what is true now, and no later
        former = first._get_or_make_former_invoice()

        def clean_up():
            former.unlink()
            first.env.cr.commit()

        self.addCleanup(clean_up)
        first.env.cr.commit()
        with self.assertRaises(SerializationFailure), mute_logger("odoo.sql_db"):
            second._get_or_make_former_invoice()

    def test_two_first_prints(self):
        """The second is run again, and finds the file of the first."""
        invoice = (
            self.env["account.move"]
            .search([("move_type", "=", "out_invoice"), ("state", "=", "posted")])
            .filtered(lambda move: not move.invoice_pdf_report_id)[:1]
        )
        if not invoice:
            self.skipTest("this database was made without Odoo's demo data")
        main_attachment = invoice.message_main_attachment_id
        first, second = (self._invoice_on_a_connection(invoice.id) for _n in range(2))

        def clean_up():
            third = self._invoice_on_a_connection(invoice.id)
            # Not by `unlink`: the lock refuses it.
            with database_leave(third.env):
                third.env.cr.execute(
                    "DELETE FROM ir_attachment WHERE res_model = %s AND res_id = %s"
                    " AND res_field = 'invoice_pdf_report_file'",
                    [invoice._name, invoice.id],
                )
            third.env.cr.execute(
                "UPDATE account_move SET message_main_attachment_id = %s,"
                " is_move_sent = %s WHERE id = %s",
                [main_attachment.id or None, invoice.is_move_sent, invoice.id],
            )
            third.env.cr.commit()

        self.addCleanup(clean_up)
        with patch.object(
            self.registry["ir.actions.report"],
            "_render_qweb_pdf_prepare_streams",
            lambda report, _ref, _data, res_ids: {
                res_id: {"stream": self._make_pdf(), "attachment": None}
                for res_id in res_ids
            },
        ):
            self._archive(first)
            first.env.cr.commit()
            with self.assertRaises(SerializationFailure):
                self._archive(second)
            second.env.cr.rollback()
            self._archive(second)
            self.assertEqual(
                second.invoice_pdf_report_id.ids, first.invoice_pdf_report_id.ids
            )
            self.assertEqual(len(first.invoice_pdf_report_id), 1)

    def _archive(self, invoice):
        invoice.with_context(force_report_rendering=True)._archive_documents()
        invoice.invalidate_recordset()

    def _make_pdf(self):
        writer = PdfWriter()
        writer.add_blank_page(width=100, height=100)
        stream = io.BytesIO()
        writer.write(stream)
        return stream
