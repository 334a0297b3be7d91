import io
from unittest.mock import patch

from odoo import Command
from odoo.exceptions import UserError, ValidationError
from odoo.tests import new_test_user, tagged
from odoo.tools import mute_logger

from odoo.addons.base.models.ir_actions_report import IrActionsReport

from ..models.document import account_document_archiving
from .common import CreditNoteCommon

CRON = "account_partner_credit_note.ir_cron_account_document_archiving"


@tagged("post_install", "-at_install")
class TestArchiveBackground(CreditNoteCommon):
    """What is issued is archived in the background, before master data change."""

    def setUp(self):
        super().setUp()
        self.reports = self.env.registry["ir.actions.report"]
        self.unprintable = self.env["account.move"]
        self.env.company.external_report_layout_id = self.env.ref(
            "web.external_layout_standard"
        )

        def render(reports, _report_ref, res_ids=None, data=None):
            """A PDF takes seconds. What is on it is `TestArchive`'s."""
            moves = reports.env["account.move"].browse(res_ids)
            if moves & self.unprintable:
                raise ValidationError("torn page")  # pylint: disable=translation-required
            return {
                move.id: {
                    "stream": io.BytesIO(f"%PDF-1.4 {move.partner_id.name}".encode()),
                    "attachment": None,
                }
                for move in moves
            }, "pdf"

        self.patch(self.reports, "_is_pdf_rendered", lambda _self: True)
        self.patch(IrActionsReport, "_pre_render_qweb_pdf", render)

    def _end_transaction(self):
        self.env.flush_all()
        self.env.cr.execute("SET CONSTRAINTS ALL IMMEDIATE")
        self.env.cr.execute("SET CONSTRAINTS ALL DEFERRED")
        self.env.invalidate_all()

    def _issue(self, **values):
        invoice = self._invoice(100.0, **values)
        self._end_transaction()
        return invoice

    def _run_cron(self):
        self.env.flush_all()
        with self.enter_registry_test_mode():
            self.env.ref(CRON).method_direct_trigger()
        self.env.invalidate_all()

    def _get_waiting(self):
        return self.env["account.move"].search([("archiving_ids", "!=", False)])

    def test_archived_before_master_data_change(self):
        invoice = self._issue()
        credit_note = self._credit(invoice)
        self._end_transaction()
        self.assertEqual(self._get_waiting(), invoice + credit_note)
        self._run_cron()
        self.assertFalse(self._get_waiting())
        name = self.partner_a.name
        self.partner_a.name = "Renamed"
        for move in (invoice, credit_note):
            self.assertIn(name, move.invoice_pdf_report_id.raw.decode())
            self.assertEqual(
                move._get_invoice_legal_documents("pdf")["content"],
                move.invoice_pdf_report_id.raw,
            )
        # Nobody has sent them.
        self.assertEqual((invoice + credit_note).mapped("is_move_sent"), [False] * 2)

    def test_no_layout_yet(self):
        """Odoo asks for it at the first print: nothing is archived without."""
        self.env.company.external_report_layout_id = False
        invoice = self._issue()
        self._run_cron()
        self.assertFalse(invoice.invoice_pdf_report_id)
        self.assertFalse(self._get_waiting())
        self.assertTrue(invoice._get_invoice_legal_documents("pdf", True)["content"])
        self.assertTrue(invoice.invoice_pdf_report_id)

    def test_sent_afterwards(self):
        invoice = self._issue()
        self._run_cron()
        first = invoice.invoice_pdf_report_id
        invoice._generate_and_send(sending_methods=["email"])
        self.assertTrue(invoice.is_move_sent)
        self.assertEqual(invoice.invoice_pdf_report_id, first)
        message = invoice.message_ids.filtered("attachment_ids")[0]
        self.assertEqual(message.attachment_ids.mapped("raw"), [first.raw])

    def test_print_before_it(self):
        invoice = self._issue()
        invoice._archive_documents()
        first = invoice.invoice_pdf_report_id
        self.assertTrue(first)
        self._run_cron()
        self.assertFalse(self._get_waiting())
        self.assertEqual(invoice.invoice_pdf_report_id, first)

    def test_posting_starts_it(self):
        trigger = self.env["ir.cron.trigger"]
        domain = [("cron_id", "=", self.env.ref(CRON).id)]
        before = trigger.search_count(domain)
        invoices = self._invoice(1.0, post=False) + self._invoice(2.0, post=False)
        self.assertEqual(trigger.search_count(domain), before)
        invoices.action_post()
        self.assertEqual(trigger.search_count(domain), before + 1)

    def test_posting_takes_one_query_more(self):
        def count_queries():
            invoice = self._invoice(1.0, post=False)
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            invoice.action_post()
            self._end_transaction()
            return self.env.cr.sql_log_count - before

        count_queries()  # caches
        on = count_queries()
        self.env.company.archive_after_posting = False
        self.assertLessEqual(on - count_queries(), 1)

    def test_setting(self):
        self.env.company.archive_after_posting = False
        before = self._issue()
        self.env.company.archive_after_posting = True
        self.env["account.move"]._register_hook()
        self._run_cron()
        self.assertFalse(before.invoice_pdf_report_id)
        # Switched on, it does not begin with what was issued before.
        after = self._issue()
        self.assertEqual(self._get_waiting(), after)
        self.env.company.lock_posted_invoices = False
        unlocked = self._issue()
        self.assertNotIn(unlocked, self._get_waiting())

    def test_not_drafts_nor_bills(self):
        self._invoice(1.0, post=False)
        self._create_invoice(move_type="in_invoice", post=True)
        self._end_transaction()
        self.assertFalse(self._get_waiting())

    @mute_logger("odoo.addons.account_partner_credit_note.models.document")
    def test_one_that_cannot_be_printed(self):
        first, broken, last = (self._issue() for _number in range(3))
        self.unprintable = broken
        for _run in range(2):
            self._run_cron()
            self.assertEqual(self._get_waiting(), broken)
            self.assertTrue(first.invoice_pdf_report_id and last.invoice_pdf_report_id)
            self.assertFalse(broken.invoice_pdf_report_id)
            [note] = broken.message_ids.filtered(lambda m: "torn page" in m.body)
            self.assertIn(broken.name, note.body)
        # Printed at last, it is in the list no more.
        self.unprintable = self.env["account.move"]
        broken._archive_documents()
        self._run_cron()
        self.assertFalse(self._get_waiting())
        self.assertTrue(broken.invoice_pdf_report_id)

    def test_one_that_stops_the_server(self):
        """Its history says so, once, when the server is there again."""
        broken = self._issue()
        broken.sudo().archiving_ids.error = "The server was stopped while it was made."
        for _run in range(2):
            self._run_cron()
            self.assertEqual(self._get_waiting(), broken)
            [note] = broken.message_ids.filtered(lambda m: "was stopped" in m.body)
            self.assertIn(broken.name, note.body)

    def test_pieces(self):
        self.patch(account_document_archiving, "PIECE", 2)
        invoices = self.env["account.move"].union(
            *(self._issue() for _number in range(5))
        )
        sizes = []
        archive = self.env.registry["account.document.archiving"]._archive

        def count(entries):
            sizes.append(len(entries))
            return archive(entries)

        with patch.object(
            self.env.registry["account.document.archiving"], "_archive", count
        ):
            self._run_cron()
        self.assertEqual(sizes, [2, 2, 1])
        self.assertEqual(len(invoices.invoice_pdf_report_id), 5)

    def test_no_time_left(self):
        """It gives way to others, and goes on later."""
        self.patch(account_document_archiving, "PIECE", 1)
        first, second = self._issue(), self._issue()
        with patch.object(
            self.env.registry["ir.cron"],
            "_commit_progress",
            lambda _self, processed=0, **kwargs: not processed,
        ):
            self._run_cron()
        self.assertTrue(first.invoice_pdf_report_id)
        self.assertEqual(self._get_waiting(), second)

    def test_without_wkhtmltopdf_all_wait(self):
        invoice = self._issue()
        with patch.object(
            self.reports, "get_wkhtmltopdf_state", lambda _self: "install"
        ):
            self._run_cron()
        self.assertEqual(self._get_waiting(), invoice)
        self.assertFalse(invoice.archiving_ids.error)

    def test_to_be_reported_first(self):
        """Its file is made when it is sent, with the answer on it."""
        send = self.env.registry["account.move.send"]
        self.patch(send, "_get_default_extra_edis", lambda _self, _move: {"xx"})
        invoice = self._issue()
        self._run_cron()
        self.assertFalse(self._get_waiting())
        self.assertFalse(invoice.invoice_pdf_report_id)

    def test_rights(self):
        invoice = self._issue()
        entry = invoice.archiving_ids
        for user in (
            self.clerk,
            new_test_user(
                self.env,
                login="archive_auditor",
                groups="base.group_user,account.group_account_readonly",
                company_id=self.env.company.id,
                company_ids=[Command.set(self.env.company.ids)],
            ),
        ):
            with self.subTest(user=user.login):
                moves = self.env["account.move"].with_user(user)
                self.assertIn(
                    invoice.id, moves.search([("archiving_ids", "!=", False)]).ids
                )
                with self.assertRaises(UserError):
                    entry.with_user(user).unlink()
