import email
import email.policy
import io
import socket
from unittest.mock import patch

from aiosmtpd.controller import Controller
from pypdf import PdfReader

from odoo.exceptions import UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from odoo.addons.account.tests.common import AccountTestInvoicingHttpCommon
from odoo.addons.base.models.ir_mail_server import IrMail_Server

from .common import CreditNoteCommon


class Inbox:
    """A real SMTP server on this machine, and what it received."""

    def __init__(self):
        self.messages = []
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self.controller = Controller(self, hostname="127.0.0.1", port=self.port)

    async def handle_DATA(self, server, session, envelope):
        self.messages.append(
            (
                envelope.rcpt_tos,
                email.message_from_bytes(envelope.content, policy=email.policy.default),
            )
        )
        return "250 OK"


@tagged("post_install", "-at_install")
class TestMail(CreditNoteCommon, AccountTestInvoicingHttpCommon):
    """The credit note in the customer's inbox, with its PDF."""

    def setUp(self):
        super().setUp()
        self.inbox = Inbox()
        self.inbox.controller.start()
        self.addCleanup(self.inbox.controller.stop)
        self.env["ir.mail_server"].search([]).active = False
        self.env["ir.mail_server"].create(
            {
                "name": "inbox of the test",
                "smtp_host": "127.0.0.1",
                "smtp_port": self.inbox.port,
                "smtp_encryption": "none",
            }
        )
        # Odoo sends nothing from tests; this one is about sending.
        self.startPatcher(
            patch.object(IrMail_Server, "_disable_send", lambda _self: False)
        )

    def _send(self, credit_note):
        composer = (
            self.env["account.move.send.wizard"]
            .with_context(
                **credit_note.action_send_and_print()["context"],
                force_report_rendering=True,
            )
            # Odoo's test company does not send by default.
            .create({"sending_methods": ["email"]})
        )
        composer.action_send_and_print()
        return composer

    def test_customer_receives_the_credit_note(self):
        invoice = self._invoice(100.0, invoice_date="2026-05-10")
        credit_note = self._credit(invoice, reason_id=self.reason.id, reason="by phone")
        composer = self._send(credit_note)
        self.assertEqual(
            composer.template_id,
            self.env.ref("account_partner_credit_note.mail_template_credit_note"),
        )
        [(recipients, message)] = self.inbox.messages
        self.assertEqual(recipients, [self.partner_a.email])
        self.assertIn(
            f"Credit Note {credit_note.name} for {invoice.name}", message["Subject"]
        )
        body = " ".join(message.get_body(("plain",)).get_content().split())
        self.assertIn(f"Dear {self.partner_a.name},", body)
        self.assertIn(
            f"our credit note {credit_note.name} for {invoice.name} of 05/10/2026", body
        )
        self.assertIn("Reason: Order cancelled – by phone", body)
        self.assertNotIn("your invoice", body.lower())

        [attachment] = message.iter_attachments()
        self.assertEqual(attachment.get_content_type(), "application/pdf")
        pages = PdfReader(io.BytesIO(attachment.get_content())).pages
        text = " ".join(pages[0].extract_text().split())
        self.assertIn(f"Credit Note {credit_note.name}", text)
        self.assertIn(f"Credits the whole of invoice {invoice.name} of", text)
        # The very file is archived on the credit note.
        self.assertEqual(
            credit_note.invoice_pdf_report_id.raw, attachment.get_content()
        )
        self.assertTrue(credit_note.is_move_sent)

    def test_credit_kept_is_said(self):
        invoice = self._invoice(100.0)
        self._register_payment(invoice)
        credit_note = self._credit(invoice)
        self._send(credit_note)
        [(_recipients, message)] = self.inbox.messages
        body = " ".join(message.get_body(("plain",)).get_content().split())
        self.assertIn("$ 115.00 of it is kept as credit on your account", body)
        # Odoo says "$ 115.00 due 05/20/2026" in the head of the e-mail.
        # Newer Odoo adds the reference to its name there.
        head = rf"{credit_note.name}( \(.*\))? - {self.partner_a.name} \$ 115.00"
        self.assertRegex(body, head)
        self.assertNotIn("due", body)

    def test_contact_of_a_company_is_addressed(self):
        contact = self.env["res.partner"].create(
            {"name": "Ann", "parent_id": self.partner_a.id, "email": "ann@example.com"}
        )
        credit_note = self._credit(self._invoice(100.0, partner=contact))
        self._send(credit_note)
        [(recipients, message)] = self.inbox.messages
        self.assertEqual(recipients, ["ann@example.com"])
        body = " ".join(message.get_body(("plain",)).get_content().split())
        self.assertIn(f"Dear Ann ({self.partner_a.name}),", body)

    def test_chatter_shows_what_was_sent_to_whom(self):
        credit_note = self._credit(self._invoice(100.0))
        self._send(credit_note)
        [message] = credit_note.message_ids.filtered("partner_ids")
        self.assertEqual(message.partner_ids, self.partner_a)
        self.assertEqual(
            message.attachment_ids.mapped("raw"),
            [credit_note.invoice_pdf_report_id.raw],
        )
        self.assertEqual(
            message.notification_ids.mapped("notification_status"), ["sent"]
        )

    def test_failed_delivery_is_seen_and_sent_again(self):
        credit_note = self._credit(self._invoice(100.0))
        server = self.env["ir.mail_server"].search([])
        with socket.create_server(("127.0.0.1", 0)) as nobody:
            closed_port = nobody.getsockname()[1]
        server.smtp_port = closed_port
        with mute_logger("odoo.addons.mail.models.mail_mail"):
            self._send(credit_note)
        self.assertFalse(self.inbox.messages)
        [message] = credit_note.message_ids.filtered("partner_ids")
        self.assertEqual(
            message.notification_ids.mapped("notification_status"), ["exception"]
        )
        self.assertEqual(message.notification_ids.mapped("failure_type"), ["mail_smtp"])
        file = credit_note.invoice_pdf_report_id.raw
        server.smtp_port = self.inbox.port
        mail = message.notification_ids.mail_mail_id
        mail.action_retry()
        mail.send()
        [(recipients, received)] = self.inbox.messages
        self.assertEqual(recipients, [self.partner_a.email])
        [attachment] = received.iter_attachments()
        self.assertEqual(attachment.get_content(), file)

    def test_no_address_nothing_issued(self):
        # Odoo's test company does not send by default.
        self.partner_a.write({"email": False, "invoice_sending_method": "email"})
        invoice = self._invoice(100.0)
        wizard = self._wizard(invoice)
        with self.assertRaisesRegex(
            UserError, f"No e-mail address.*{invoice.name}.*{self.partner_a.name}"
        ):
            wizard.action_issue_and_send()
        self.assertFalse(invoice.reversal_move_ids)
        # Printing needs none.
        wizard.action_issue_and_print()
        self.assertTrue(invoice.reversal_move_ids)

    def test_batch(self):
        """Several are sent as Odoo sends several: in the background, by its cron."""
        # Odoo's test company does not send by default.
        self.partner_a.invoice_sending_method = "email"
        credit_notes = self._credit(self._invoice(100.0) + self._invoice(50.0))
        batch = (
            self.env["account.move.send.batch.wizard"]
            .with_context(
                **credit_notes.action_send_and_print()["context"],
                force_report_rendering=True,
            )
            .create({})
        )
        batch.action_send_and_print()
        self.assertTrue(all(credit_notes.mapped("is_being_sent")))
        self.patch(
            self.env.registry["ir.cron"],
            "_commit_progress",
            lambda _self, *_args, **_kwargs: 0,
        )
        self.env["account.move"].with_context(
            force_report_rendering=True
        )._cron_account_move_send()
        self.assertEqual(len(self.inbox.messages), 2)
        for credit_note in credit_notes:
            [message] = [
                message
                for _to, message in self.inbox.messages
                if f"Credit Note {credit_note.name}" in message["Subject"]
            ]
            self.assertIn(credit_note.reversed_entry_id.name, message["Subject"])
            [attachment] = message.iter_attachments()
            self.assertEqual(
                attachment.get_content(), credit_note.invoice_pdf_report_id.raw
            )

    def test_invoices_keep_their_template(self):
        invoice = self._invoice(100.0)
        self.assertEqual(
            invoice._get_mail_template(),
            self.env.ref("account.email_template_edi_invoice"),
        )

    def test_without_our_template_odoo_sends(self):
        credit_note = self._credit(self._invoice(100.0))
        self.env.ref("account_partner_credit_note.mail_template_credit_note").unlink()
        self.assertEqual(
            credit_note._get_mail_template(),
            self.env.ref("account.email_template_edi_credit_note"),
        )

    def test_template_and_composer(self):
        """As in Odoo: its own composer, and a template for credit notes alone."""
        invoice = self._invoice(100.0)
        credit_note = self._credit(invoice)
        self.assertEqual(
            credit_note._get_mail_template(),
            self.env.ref("account_partner_credit_note.mail_template_credit_note"),
        )
        self.assertNotEqual(
            (credit_note + invoice)._get_mail_template(),
            credit_note._get_mail_template(),
        )
        self.assertEqual(
            credit_note.action_send_and_print()["res_model"], "account.move.send.wizard"
        )
