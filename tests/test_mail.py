import email
import email.policy
import io
import socket
from unittest.mock import patch

from aiosmtpd.controller import Controller
from pypdf import PdfReader

from odoo.tests import tagged

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
        self.assertIn("Reason: Order cancelled: by phone", body)
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
