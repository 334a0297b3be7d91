import email
import email.policy
import io
import json
import socket
from unittest.mock import patch

from aiosmtpd.controller import Controller
from pypdf import PdfReader

from odoo import Command
from odoo.exceptions import UserError
from odoo.modules.migration import load_script
from odoo.tests import tagged
from odoo.tools import file_path, mute_logger

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
        self.assertIn(f"our credit note {credit_note.name} amounting to", body)
        self.assertIn(
            f"Credits the whole of invoice {invoice.name} of 05/10/2026", body
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

    def _get_words(self, credit_note):
        """:return: subject and body of the e-mail, and the text of its paper"""
        self.inbox.messages.clear()
        self._send(credit_note)
        [(_recipients, message)] = self.inbox.messages
        [attachment] = message.iter_attachments()
        pages = PdfReader(io.BytesIO(attachment.get_content())).pages
        body = message.get_body(("plain",)).get_content()
        paper = "".join(page.extract_text() for page in pages)
        return message["Subject"], *(" ".join(text.split()) for text in (body, paper))

    def test_what_is_credited_is_said_alike(self):
        """In the e-mail as on paper: of several invoices, of a former one, of none."""
        invoices = self._invoice(100.0) + self._invoice(50.0)
        wizard = self._wizard(invoices, as_one=True)
        wizard.action_issue()
        values = {
            "move_type": "out_refund",
            "partner_id": self.partner_a.id,
            "invoice_date": self.today,
            "invoice_line_ids": [Command.create({"name": "x", "price_unit": 10.0})],
        }
        former = self.env["account.former.invoice"].create(
            {
                "name": "OLD-7",
                "date": "2019-03-04",
                "partner_id": self.partner_a.id,
                "amount_total": 1000.0,
            }
        )
        period = {
            "credit_period_start": "2026-01-01",
            "credit_period_end": "2026-03-31",
        }
        of_former, of_period, of_none = credit_notes = self.env["account.move"].create(
            [values | {"former_invoice_id": former.id}, values | period, values]
        )
        credit_notes.action_post()
        for credit_note, numbers, words in (
            (
                wizard.new_move_ids,
                invoices.mapped("name"),
                [
                    f"Credits the whole of invoice {name} of"
                    for name in invoices.mapped("name")
                ],
            ),
            (of_former, ["OLD-7"], ["Credits invoice OLD-7 of 03/04/2019."]),
            (of_period, [], ["Credit for the period from 01/01/2026 to 03/31/2026."]),
            (of_none, [], []),
        ):
            with self.subTest(words=words):
                subject, body, paper = self._get_words(credit_note)
                for number in numbers:
                    self.assertIn(number, subject)
                self.assertEqual(" for " in subject, bool(numbers))
                for sentence in words:
                    self.assertIn(sentence, body)
                    self.assertIn(sentence, paper)

    def test_kept_credit_of_several_is_said(self):
        paid = self._invoice(100.0)
        self._register_payment(paid)
        wizard = self._wizard(paid + self._invoice(10.0), as_one=True)
        wizard.action_issue()
        _subject, body, _paper = self._get_words(wizard.new_move_ids)
        self.assertIn("$ 115.00 of it is kept as credit on your account", body)

    def test_an_upgrade_renews_the_template_that_nobody_changed(self):
        template = self.env.ref("account_partner_credit_note.mail_template_credit_note")
        script = load_script(
            file_path(
                "account_partner_credit_note/migrations/19.0.1.1.0/post-mail_template.py"
            ),
            "post_mail_template",
        )
        ours = template.body_html

        def set_by_sql(**values):
            self.env.flush_all()
            for name, value in values.items():
                self.env.cr.execute(
                    f"UPDATE mail_template SET {name} = %s WHERE id = %s",
                    [value, template.id],
                )
            self.env.invalidate_all()

        old = json.dumps({"en_US": "<p>Of the release</p>"})
        set_by_sql(body_html=old, create_date="2026-01-01", write_date="2026-01-02")
        script.migrate(self.env.cr, "19.0.1.0.0")
        self.env.invalidate_all()
        self.assertEqual(template.body_html, "<p>Of the release</p>")
        set_by_sql(write_date="2026-01-01")
        script.migrate(self.env.cr, "19.0.1.0.0")
        self.env.invalidate_all()
        self.assertEqual(template.body_html, ours)
        # Where it was deleted, it stays so.
        template.unlink()
        script.migrate(self.env.cr, "19.0.1.0.0")
        self.assertFalse(template.exists())

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
