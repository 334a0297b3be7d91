import io

from lxml import html
from pypdf import PdfReader

from odoo import Command
from odoo.tests import tagged

from odoo.addons.account.tests.common import AccountTestInvoicingHttpCommon

from .common import CreditNoteCommon

OUR_DOCUMENT = "account_partner_credit_note.report_credit_note_document"


@tagged("post_install", "-at_install", "neighbours")
class TestReport(CreditNoteCommon, AccountTestInvoicingHttpCommon):
    """The credit note on paper, made by the real wkhtmltopdf and read back as text."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company = cls.env.company
        cls.company.external_report_layout_id = cls.env.ref(
            "web.external_layout_standard"
        )

    def _pdf_text(self, report, moves):
        pdf, report_type = (
            self.env["ir.actions.report"]
            .with_context(force_report_rendering=True)
            ._render_qweb_pdf(report, moves.ids)
        )
        self.assertEqual(report_type, "pdf")
        self.assertTrue(pdf.startswith(b"%PDF"))
        pages = PdfReader(io.BytesIO(pdf)).pages
        return " ".join(" ".join(page.extract_text() for page in pages).split())

    def _html_text(self, report, moves):
        content, _type = self.env["ir.actions.report"]._render_qweb_html(
            report, moves.ids
        )
        return " ".join(" ".join(html.fromstring(content).itertext()).split())

    def test_pdf(self):
        invoice = self._invoice(100.0, 50.0, invoice_date="2026-05-10", ref="PO 4711")
        credit_note = self._credit(
            invoice,
            date="2026-05-20",
            reason_id=self.reason.id,
            reason="by phone",
        )
        text = self._pdf_text(
            "account_partner_credit_note.action_report_credit_note", credit_note
        )
        for words in (
            f"Credit Note {credit_note.name}",
            "Credit Note Date 05/20/2026",
            f"Credits the whole of invoice {invoice.name} of 05/10/2026.",
            "Reason: Order cancelled – by phone",
            "Service 1",
            "Service 2",
            "172.50",
            f"Taken off {invoice.name}",
            f"Left to pay on {invoice.name} $ 0.00",
        ):
            self.assertIn(words, text)
        for words in ("Reversal of", "Due Date", "Payment Communication", "Invoice D"):
            self.assertNotIn(words, text)
        self.assertNotIn("-172.50", text)

    def test_original_number_survives_an_edited_reference(self):
        """Odoo prints the invoice's number from a free text that anyone can edit."""
        invoice = self._invoice(100.0)
        wizard = self._wizard(invoice)
        wizard.refund_moves()
        wizard.new_move_ids.ref = "PO 4711"
        wizard.new_move_ids.action_post()
        text = self._html_text("account.account_invoices", wizard.new_move_ids)
        self.assertIn(f"invoice {invoice.name} of", text)
        self.assertIn("PO 4711", text)

    def test_several_invoices_credited(self):
        first = self._invoice(100.0, invoice_date="2026-05-10")
        second = self._invoice(50.0, invoice_date="2026-05-11")
        credit_note = self._create_invoice(
            move_type="out_refund",
            invoice_line_ids=[
                Command.create(
                    {
                        "name": "One",
                        "price_unit": price,
                        "tax_ids": self.tax_sale_a.ids,
                        "credited_line_id": invoice.invoice_line_ids.id,
                    }
                )
                for invoice, price in ((first, 30.0), (second, 50.0))
            ],
            post=True,
        )
        text = self._pdf_text("account.account_invoices", credit_note)
        for invoice, part in ((first, "a part"), (second, "the whole")):
            date = invoice.invoice_date.strftime("%m/%d/%Y")
            self.assertIn(f"Credits {part} of invoice {invoice.name} of {date}.", text)
        settlement = (
            f"Taken off {first.name} $ 34.50 Taken off {second.name} $ 57.50 "
            f"Left to pay on {first.name} $ 80.50 Left to pay on {second.name} $ 0.00"
        )
        self.assertIn(settlement, text)

    def test_every_door_prints_our_document(self):
        credit_note = self._credit(self._invoice(100.0))
        self.assertEqual(credit_note._get_name_invoice_report(), OUR_DOCUMENT)
        for report in (
            "account.account_invoices",
            "account.account_invoices_without_payment",
            "account_partner_credit_note.action_report_credit_note",
        ):
            with self.subTest(report=report):
                self.assertIn(
                    "Credits the whole of invoice", self._html_text(report, credit_note)
                )

    def test_invoices_print_as_ever(self):
        invoice = self._invoice(100.0)
        self.assertEqual(
            invoice._get_name_invoice_report(), "account.report_invoice_document"
        )
        text = self._html_text("account.account_invoices", invoice)
        self.assertIn(f"Invoice {invoice.name}", text)
        self.assertNotIn("Credits the whole of invoice", text)

    def test_document_of_a_localization_is_kept(self):
        credit_note = self._credit(self._invoice(100.0))

        def of_the_localization(_self):
            return "l10n_xx.report_invoice_document"

        from odoo.addons.account.models.account_move import AccountMove

        self.patch(AccountMove, "_get_name_invoice_report", of_the_localization)
        self.assertEqual(
            credit_note._get_name_invoice_report(), "l10n_xx.report_invoice_document"
        )

    def test_document_of_each_localization_says_what_is_credited(self):
        """All that are made from Odoo's document, with --with l10n_ar and such."""
        documents = self.env["ir.ui.view"].search(
            [
                ("inherit_id", "=", self.env.ref("account.report_invoice_document").id),
                ("mode", "=", "primary"),
            ]
        )
        while children := self.env["ir.ui.view"].search(
            [
                ("inherit_id", "in", documents.ids),
                ("mode", "=", "primary"),
                ("id", "not in", documents.ids),
            ]
        ):
            documents |= children
        self.assertIn(self.env.ref(OUR_DOCUMENT), documents)
        for document in documents:
            with self.subTest(document=document.key):
                arch = document._get_combined_arch()
                [node] = arch.xpath(
                    "//t[@t-call='account_partner_credit_note.credit_note_reference']"
                )
                self.assertTrue(
                    node.xpath("following::table[@name='invoice_line_table']")
                )
                # And not a second time, as Odoo's free text.
                for other in arch.xpath("//div[@name='reference']"):
                    self.assertIn("_is_reference_printed", other.get("t-if"))

    def test_credit_note_without_invoice(self):
        credit_note = self._invoice(100.0, move_type="out_refund")
        text = self._html_text("account.account_invoices", credit_note)
        self.assertIn(f"Credit Note {credit_note.name}", text)
        self.assertNotIn("Credits the whole of invoice", text)
        self.assertNotIn("Left to pay", text)
        self.assertIn("Kept as your credit $ 115.00", text)

    def test_own_reference(self):
        """The buyer's, whatever is in it; not a second time which invoice it is."""
        invoice = self._invoice(100.0)
        for ref, is_printed in (("PO/4711", True), (f"For {invoice.name}", False)):
            draft = self._native_credit_note(invoice, post=False)
            draft.ref = ref
            alone = self._invoice(100.0, move_type="out_refund", ref=ref)
            for credit_note, expected in ((draft, is_printed), (alone, True)):
                with self.subTest(ref=ref, move=credit_note.name):
                    text = self._html_text("account.account_invoices", credit_note)
                    self.assertEqual(ref in text, expected)
        invoices = self._invoice(10.0) + self._invoice(20.0)
        credit_note = self._credit(invoices, as_one=True)
        self.assertIn("Reversal of", credit_note.ref)
        self.assertNotIn(
            "Reversal of", self._html_text("account.account_invoices", credit_note)
        )

    def test_paid_invoice_leaves_a_credit(self):
        invoice = self._invoice(100.0)
        self._register_payment(invoice, amount=40.0, payment_difference_handling="open")
        credit_note = self._credit(invoice)
        text = self._html_text("account.account_invoices", credit_note)
        self.assertIn(f"Taken off {invoice.name} $ 75.00", text)
        self.assertIn("Kept as your credit $ 40.00", text)
        self.assertIn(f"Left to pay on {invoice.name} $ 0.00", text)

    def test_draft_says_so(self):
        wizard = self._wizard(self._invoice(100.0))
        wizard.refund_moves()
        text = self._html_text("account.account_invoices", wizard.new_move_ids)
        self.assertIn("Draft Credit Note", text)
        self.assertNotIn("Taken off", text)

    def test_language_of_the_customer(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        self.reason.with_context(lang="fr_FR").name = "Commande annulée"
        self.partner_a.lang = "fr_FR"
        credit_note = self._credit(self._invoice(100.0), reason_id=self.reason.id)
        text = self._html_text("account.account_invoices", credit_note)
        self.assertIn("Commande annulée", text)

    def test_odoo_s_words_in_other_languages(self):
        """This addon's words are for the languages that it is translated to."""
        self.env["res.lang"]._activate_lang("ar_001")
        self.env["res.lang"]._activate_lang("de_DE")
        credit_note = self._credit(self._invoice(100.0))
        arabic = credit_note.with_context(lang="ar_001")
        self.assertFalse(arabic._has_own_words())
        self.assertNotEqual(arabic.type_name, credit_note.type_name)
        self.assertTrue(credit_note.with_context(lang="de_DE")._has_own_words())

    def test_right_to_left(self):
        """The page is mirrored where Odoo mirrors its own invoice, by class names."""
        self.env["res.lang"]._activate_lang("ar_001")
        self.env.user.lang = self.partner_a.lang = "ar_001"
        invoice = self._invoice(100.0)
        for move in invoice + self._credit(invoice):
            with self.subTest(move=move.name):
                content, _type = self.env["ir.actions.report"]._render_qweb_html(
                    "account.account_invoices", move.ids
                )
                page = html.fromstring(content)
                self.assertEqual(page.xpath("//body/@dir"), ["rtl"])
                styles = " ".join(
                    page.xpath("//div[contains(@class, 'article')]//@style")
                )
                self.assertNotRegex(styles, r"left|right|margin-|padding-")

    def test_several_in_one_pdf(self):
        invoices = self._invoice(100.0) + self._invoice(50.0)
        credit_notes = self._credit(invoices)
        text = self._pdf_text("account.account_invoices", invoices + credit_notes)
        for move in credit_notes:
            self.assertIn(f"Credit Note {move.name}", text)
        for move in invoices:
            self.assertIn(f"Invoice {move.name}", text)

    def test_portal_downloads_it(self):
        credit_note = self._credit(self._invoice(100.0))
        credit_note._portal_ensure_token()
        response = self.url_open(
            f"/my/invoices/{credit_note.id}?access_token={credit_note.access_token}"
            "&report_type=html"
        )
        self.assertEqual(response.status_code, 200)
        self.assertIn("Credits the whole of invoice", response.text)

    def test_layout_of_din_5008(self):
        """Its block beside the address: nothing is due, and no reference twice."""
        layout = self.env.ref(
            "l10n_din5008.external_layout_din5008", raise_if_not_found=False
        )
        if not layout:
            self.skipTest("no such layout in this database: --with l10n_din5008")
        self.company.external_report_layout_id = layout
        self.partner_a.vat = "DE123456788"
        invoice = self._invoice(100.0, invoice_date="2026-05-10")
        credit_note = self._credit(invoice, date="2026-05-20")
        content, _type = self.env["ir.actions.report"]._render_qweb_html(
            "account.account_invoices", credit_note.ids
        )
        page = html.fromstring(content)
        [block] = page.xpath("//div[contains(@class, 'information_block')]")
        rows = [
            [" ".join("".join(cell.itertext()).split()) for cell in row]
            for row in block.iter("tr")
        ]
        self.assertEqual(
            rows,
            [
                ["Number", credit_note.name],
                ["Credit Note Date", "05/20/2026"],
                # Odoo's label, which other addons change.
                [
                    self.partner_a._fields["vat"]._description_string(self.env),
                    "DE123456788",
                ],
            ],
        )
        [title] = page.xpath("//h2")
        self.assertEqual(
            " ".join("".join(title.itertext()).split()),
            f"Credit Note {credit_note.name}",
        )
        # An invoice keeps the block of the layout.
        self.assertIn(
            "Invoice Date Due", self._html_text("account.account_invoices", invoice)
        )
