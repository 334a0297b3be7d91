import json
import subprocess
from unittest.mock import patch

from psycopg2 import OperationalError
from psycopg2.errors import SerializationFailure

from odoo.exceptions import UserError
from odoo.sql_db import Cursor
from odoo.tests import tagged
from odoo.tools import mute_logger

from odoo.addons.account.tests.common import AccountTestInvoicingHttpCommon
from odoo.addons.base.models import ir_actions_report
from odoo.addons.base.models.ir_attachment import IrAttachment

from .common import CreditNoteCommon

POINTS = 12


@tagged("post_install", "-at_install")
class TestOutages(CreditNoteCommon, AccountTestInvoicingHttpCommon):
    """Whatever breaks: a whole credit note or none, and it can be done again.

    Killed servers and cut connections are in dev/check stress (`--crashes`).
    """

    def _print(self, credit_note):
        return (
            self.env["ir.actions.report"]
            .with_context(force_report_rendering=True)
            ._render_qweb_pdf("account.account_invoices", credit_note.ids)[0]
        )

    def _break(self, number):
        """:return: patch that cuts the database off at the query of this number"""
        counter = iter(range(1, 10**6))
        execute = Cursor.execute

        def cut(cursor, query, *args, **kwargs):
            if next(counter) == number:
                raise OperationalError("server closed the connection unexpectedly")
            return execute(cursor, query, *args, **kwargs)

        return patch.object(Cursor, "execute", cut)

    def test_database_cut_at_any_point(self):
        """No code on the way takes the error for something else and goes on."""
        before = self._credit(self._invoice(100.0))
        invoice = self._invoice(100.0, 50.0)
        wizard = self._wizard(invoice, reason_id=self.reason.id)
        # Twice: the first time Odoo reads what it keeps from then on.
        for _rehearsal in range(2):
            with self.assertRaises(ZeroDivisionError), self.env.cr.savepoint():
                self.env.invalidate_all()
                count = self.env.cr.sql_log_count
                wizard.action_issue()
                self.env.flush_all()
                count = self.env.cr.sql_log_count - count
                raise ZeroDivisionError
        self.assertGreater(count, 2 * POINTS)
        for point in range(1, POINTS + 1):
            number = max(2, count * point // (POINTS + 1))
            with (
                self.subTest(query=number, of=count),
                self.assertRaises(OperationalError),
                self.env.cr.savepoint(),
                self._break(number),
            ):
                wizard.action_issue()
                self.env.flush_all()
            self.env.invalidate_all()
            self.assertFalse(invoice.reversal_move_ids)
            self.assertEqual(invoice.payment_state, "not_paid")
            self.assertEqual(invoice.amount_creditable, 172.5)
        wizard.action_issue()
        credit_note = wizard.new_move_ids
        self.assertEqual(credit_note.sequence_number, before.sequence_number + 1)
        self.assertBalanced(invoice + credit_note)

    @mute_logger("odoo.addons.base.models.ir_actions_report")
    def test_wkhtmltopdf_crashes(self):
        invoice = self._invoice(100.0)
        wizard = self._wizard(invoice)
        action = wizard.action_issue_and_print()
        self.assertEqual(
            action["params"]["next"]["report_name"],
            "account_partner_credit_note.report_credit_note",
        )
        credit_note = wizard.new_move_ids
        segfault = subprocess.CompletedProcess([], -11, stdout="", stderr="crashed")
        for outcome, error in (
            ({"return_value": segfault}, UserError),
            ({"side_effect": FileNotFoundError("wkhtmltopdf")}, FileNotFoundError),
        ):
            with (
                patch.object(ir_actions_report, "_run_wkhtmltopdf", **outcome),
                self.assertRaises(error),
            ):
                self._print(credit_note)
            self.assertEqual(credit_note.state, "posted")
            self.assertFalse(credit_note.invoice_pdf_report_id)
        pdf = self._print(credit_note)
        self.assertTrue(pdf.startswith(b"%PDF"))
        self.assertEqual(invoice.reversal_move_ids, credit_note)

    @mute_logger("odoo.addons.base.models.ir_actions_report")
    def test_wkhtmltopdf_missing(self):
        """What is to be printed or sent says so; it can be done once it is there."""
        credit_note = self._credit(self._invoice(100.0))
        composer = self._create_account_move_send_wizard_single(
            credit_note, sending_methods=["email"]
        )
        with patch.object(
            self.registry["ir.actions.report"],
            "get_wkhtmltopdf_state",
            lambda report: "install",
        ):
            for attempt in (
                lambda: self._print(credit_note),
                lambda: composer.with_context(
                    force_report_rendering=True
                ).action_send_and_print(),
            ):
                with self.assertRaises(UserError), self.env.cr.savepoint():
                    attempt()
                self.assertFalse(credit_note.invoice_pdf_report_id)
                self.assertFalse(credit_note.is_move_sent)
        self.assertEqual(credit_note.state, "posted")
        pdf = self._print(credit_note)
        composer.action_send_and_print()
        self.assertEqual(credit_note.invoice_pdf_report_id.raw, pdf)

    @mute_logger(
        "odoo.addons.account.models.ir_actions_report",
        "odoo.addons.base.models.ir_actions_report",
        "odoo.addons.base.models.ir_attachment",
        "odoo.http",
    )
    def test_disk_full(self):
        """The PDF cannot be kept: it is printed all the same, nothing claims that it
        was kept, and it is archived later.
        """
        credit_note = self._credit(self._invoice(100.0))
        no_space = OSError(28, "No space left on device")
        with (
            patch.object(IrAttachment, "_file_write", side_effect=no_space),
            mute_logger("odoo.addons.account_partner_credit_note.models.addition"),
        ):
            self.assertTrue(self._print(credit_note).startswith(b"%PDF"))
        self.env.invalidate_all()
        self.assertEqual(credit_note.state, "posted")
        self.assertFalse(credit_note.invoice_pdf_report_id)
        self.assertFalse(credit_note.is_move_sent)
        pdf = self._print(credit_note)
        self.assertTrue(pdf.startswith(b"%PDF"))
        self.assertEqual(credit_note.invoice_pdf_report_id.raw, pdf)

    @mute_logger("odoo.addons.mail.models.mail_mail")
    def test_mail_server_down(self):
        """The credit note is there, its mail waits with the reason, and goes later."""
        invoice = self._invoice(100.0)
        wizard = self._wizard(invoice)
        wizard.action_issue_and_send()
        credit_note = wizard.new_move_ids
        with patch.object(
            self.registry["ir.mail_server"],
            "_connect__",
            side_effect=ConnectionRefusedError("no mail server"),
        ):
            composer = self._create_account_move_send_wizard_single(
                credit_note, sending_methods=["email"]
            )
            composer.action_send_and_print(allow_fallback_pdf=True)
        self.assertEqual(credit_note.state, "posted")
        self.assertEqual(invoice.payment_state, "reversed")
        archived = credit_note.invoice_pdf_report_id
        self.assertTrue(archived)
        composer = self._create_account_move_send_wizard_single(
            credit_note, sending_methods=["email"]
        )
        composer.action_send_and_print()
        self.assertTrue(credit_note.is_move_sent)
        self.assertEqual(credit_note.invoice_pdf_report_id, archived)
        self.assertEqual(invoice.reversal_move_ids, credit_note)

    @mute_logger("odoo.addons.web.controllers.report")
    def test_two_first_prints_at_once(self):
        """The download of the one who comes second is run again, and then works."""

        class Conflict(SerializationFailure):
            pgcode = "40001"

        credit_note = self._credit(self._invoice(100.0))
        render = self.registry["ir.actions.report"]._render_qweb_pdf
        tries = []

        def render_second(report, *args, **kwargs):
            tries.append(args)
            if len(tries) == 1:
                raise Conflict
            return render(report, *args, **kwargs)

        self.authenticate(self.clerk.login, self.clerk.login)
        report = "account_partner_credit_note.report_credit_note"
        with (
            patch.object(
                self.registry["ir.actions.report"], "_render_qweb_pdf", render_second
            ),
            patch("odoo.service.model.time.sleep"),
        ):
            response = self.url_open(
                "/report/download?data="
                + json.dumps([f"/report/pdf/{report}/{credit_note.id}", "qweb-pdf"])
            )
        self.assertEqual(response.status_code, 200)
        self.assertEqual(len(tries), 2)
        with patch.object(
            self.registry["ir.actions.report"],
            "_render_qweb_pdf",
            side_effect=UserError("not printed"),
        ):
            response = self.url_open(
                "/report/download?data="
                + json.dumps([f"/report/pdf/{report}/{credit_note.id}", "qweb-pdf"])
            )
        self.assertIn("not printed", response.text)
