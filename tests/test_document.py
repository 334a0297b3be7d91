from lxml import html

from odoo import Command
from odoo.exceptions import UserError
from odoo.tests import tagged

from odoo.addons.account.models.account_move import AccountMove as OdooMove

from .common import CreditNoteCommon


@tagged("post_install", "-at_install")
class TestDocument(CreditNoteCommon):
    """What the document says in cases of its own; not printed."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company = cls.env.company

    def test_invoice_in_another_currency(self):
        """Whole or part cannot be told, so the document does not say it."""
        invoice = self._invoice(100.0, invoice_date="2026-05-10")
        credit_note = self.env["account.move"].create(
            {
                "move_type": "out_refund",
                "partner_id": self.partner_a.id,
                "currency_id": self.setup_other_currency("EUR").id,
                "reversed_entry_id": invoice.id,
                "invoice_line_ids": [
                    Command.create({"name": "By hand", "price_unit": 10.0})
                ],
            }
        )
        self.assertEqual(
            credit_note._get_credit_note_references(),
            [f"Credits invoice {invoice.name} of 05/10/2026."],
        )

    def test_tax_id_that_the_letterhead_lacks(self):
        credit_note = self._credit(self._invoice(100.0))
        self.company.write({"vat": "US 12345678", "company_details": "<p>Us</p>"})
        self.assertEqual(credit_note._get_missing_company_vat(), "US 12345678")
        self.company.company_details = "<p>Us, tax id US12345678</p>"
        self.assertFalse(credit_note._get_missing_company_vat())
        self.company.vat = False
        self.assertFalse(credit_note._get_missing_company_vat())

    def test_template_of_another_addon_is_kept(self):
        credit_note = self._credit(self._invoice(100.0))
        ours = self.env.ref("account_partner_credit_note.mail_template_credit_note")
        self.assertEqual(credit_note._get_mail_template(), ours)
        theirs = ours.copy()
        self.patch(OdooMove, "_get_mail_template", lambda _self: theirs)
        self.assertEqual(credit_note._get_mail_template(), theirs)

    def test_only_a_credit_note_is_not_due(self):
        invoice = self._invoice(
            100.0, invoice_payment_term_id=False, invoice_date_due="2026-12-31"
        )
        for move, is_due in ((invoice, True), (self._credit(invoice), False)):
            context = move._notify_by_email_prepare_rendering_context(
                move.message_ids[0], {}
            )
            said = " ".join(map(str, context["subtitles"]))
            self.assertIn("115.00", said)
            self.assertEqual("due" in said, is_due, said)

    def _html_text(self, move):
        content, _type = self.env["ir.actions.report"]._render_qweb_html(
            "account.account_invoices", move.ids
        )
        return " ".join(" ".join(html.fromstring(content).itertext()).split())

    def test_original_number_on_the_pdf(self):
        """Odoo prints it from the free text `ref`, and never the date."""
        invoice = self._invoice(100.0, invoice_date="2026-05-10")
        draft = self._native_credit_note(invoice, post=False)
        draft.ref = "PO 4711"
        draft.action_post()
        self.assertIn(
            f"Credits the whole of invoice {invoice.name} of 05/10/2026.",
            self._html_text(draft),
        )
        with self.assertRaises(UserError):
            draft.reversed_entry_id = False
        self.assertEqual(draft.reversed_entry_id, invoice)

    def test_qr_code_and_payment_communication(self):
        """As in Odoo: nothing is to be paid on a credit note."""
        self.env.company.qr_code = True
        invoice = self._invoice(100.0)
        credit_note = self._credit(invoice)
        self.assertTrue(invoice.display_qr_code)
        self.assertFalse(credit_note.display_qr_code)
        self.assertIn("Payment Communication", self._html_text(invoice))
        self.assertNotIn("Payment Communication", self._html_text(credit_note))
