import base64
import io
from unittest.mock import patch

from lxml import etree
from pypdf import PdfReader

from odoo import Command
from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user, tagged
from odoo.tools import file_open

from odoo.addons.account.tests.common import AccountTestInvoicingHttpCommon

from .common import CreditNoteCommon

OUR_REPORT = "account_partner_credit_note.action_report_credit_note"
REPORTS = (
    OUR_REPORT,
    "account.account_invoices",
    "account.account_invoices_without_payment",
)


@tagged("post_install", "-at_install")
class TestArchive(CreditNoteCommon, AccountTestInvoicingHttpCommon):
    """An issued document is printed once: later prints are that file, byte for byte."""

    def _print(self, moves, report="account.account_invoices", user=None, **data):
        pdf, report_type = (
            self.env["ir.actions.report"]
            .with_user(user or self.env.user)
            .with_context(force_report_rendering=True)
            ._render_qweb_pdf(report, moves.ids, data=data)
        )
        self.assertEqual(report_type, "pdf")
        self.assertTrue(pdf.startswith(b"%PDF"))
        return pdf

    def _text(self, pdf):
        pages = PdfReader(io.BytesIO(pdf)).pages
        return " ".join(" ".join(page.extract_text() for page in pages).split())

    def _change_everything(self):
        self.partner_a.write({"name": "Renamed", "street": "Elsewhere 1"})
        with file_open("base/static/img/logo_white.png", "rb") as logo:
            self.env.company.logo = base64.b64encode(logo.read())
        self.env.company.name = "Another Name"
        self.tax_sale_a.write({"name": "Renamed tax", "invoice_label": "Renamed tax"})

    def test_every_door_serves_the_first_print(self):
        credit_note = self._credit(self._invoice(100.0), reason_id=self.reason.id)
        first = self._print(credit_note, OUR_REPORT)
        self.assertEqual(credit_note.invoice_pdf_report_id.raw, first)
        self.assertEqual(
            credit_note.message_main_attachment_id, credit_note.invoice_pdf_report_id
        )
        self._change_everything()
        for report in REPORTS:
            with self.subTest(report=report):
                self.assertEqual(self._print(credit_note, report), first)
        for user in (
            self.clerk,
            new_test_user(
                self.env,
                login="credit_note_auditor",
                groups="base.group_user,account.group_account_readonly",
                company_id=self.env.company.id,
                company_ids=[Command.set(self.env.company.ids)],
            ),
        ):
            with self.subTest(user=user.login):
                self.assertEqual(self._print(credit_note, user=user), first)
        self.assertEqual(
            credit_note._get_invoice_legal_documents("pdf")["content"], first
        )
        [document] = credit_note._get_move_zip_export_docs()
        self.assertEqual(document["content"], first)

    def test_auditor_may_be_the_first(self):
        auditor = new_test_user(
            self.env,
            login="credit_note_auditor",
            groups="base.group_user,account.group_account_readonly",
            company_id=self.env.company.id,
            company_ids=[Command.set(self.env.company.ids)],
        )
        credit_note = self._credit(self._invoice(100.0))
        first = self._print(credit_note, user=auditor)
        self.assertEqual(self._print(credit_note), first)

    def test_who_may_not_read_gets_nothing(self):
        credit_note = self._credit(self._invoice(100.0))
        self._print(credit_note)
        nobody = new_test_user(self.env, login="credit_note_nobody")
        with self.assertRaises(AccessError):
            self._print(credit_note, user=nobody)
        with self.assertRaises(AccessError):
            credit_note.with_user(nobody)._get_invoice_legal_documents(
                "pdf", allow_fallback=True
            )

    def test_printed_then_sent(self):
        credit_note = self._credit(self._invoice(100.0))
        first = self._print(credit_note)
        self._change_everything()
        credit_note._generate_and_send(sending_methods=["email"])
        message = credit_note.message_ids.filtered("attachment_ids")[0]
        self.assertEqual(message.attachment_ids.mapped("raw"), [first])
        self.assertEqual(self._print(credit_note), first)

    def test_first_download_in_the_portal(self):
        credit_note = self._credit(self._invoice(100.0))
        credit_note._portal_ensure_token()
        # Out of the test's reach: its server renders HTML instead of PDF.
        document = credit_note.with_context(
            force_report_rendering=True, proforma_invoice=True
        )
        [download] = document._get_invoice_legal_documents_all(allow_fallback=True)
        self.assertNotIn("Proforma", self._text(download["content"]))
        self.assertEqual(download["content"], self._print(credit_note))
        self._change_everything()
        response = self.url_open(
            f"/my/invoices/{credit_note.id}?access_token={credit_note.access_token}"
            "&report_type=pdf&download=True"
        )
        self.assertEqual(response.content, download["content"])

    def test_portal_shows_no_proforma(self):
        credit_note = self._credit(self._invoice(100.0))
        credit_note._portal_ensure_token()
        response = self.url_open(
            f"/my/invoices/{credit_note.id}?access_token={credit_note.access_token}"
            "&report_type=html"
        )
        self.assertIn("Credit Note", response.text)
        self.assertNotIn("Proforma", response.text)

    def test_several_in_the_order_asked_for(self):
        invoices = self._invoice(100.0) + self._invoice(50.0)
        first, second = self._credit(invoices)
        archived = self._print(second)
        both = self._print(second + first + invoices[0])
        pages = PdfReader(io.BytesIO(both)).pages
        names = [
            next(
                move.name
                for move in (second, first, invoices[0])
                if f"{move.type_name} {move.name}" in " ".join(text.split())
            )
            for text in (page.extract_text() for page in pages)
        ]
        self.assertEqual(
            list(dict.fromkeys(names)), [second.name, first.name, invoices[0].name]
        )
        self.assertEqual(self._print(second), archived)
        self.assertTrue(first.invoice_pdf_report_id)
        self._change_everything()
        self.assertNotIn("Renamed", self._text(self._print(second + first)))
        # The same one twice is printed once.
        self.assertEqual(self._print(second + second), archived)

    def test_drafts_are_marked_and_not_archived(self):
        wizard = self._wizard(self._invoice(100.0))
        wizard.refund_moves()
        draft = wizard.new_move_ids
        self.assertIn("Draft Credit Note", self._text(self._print(draft)))
        self.assertFalse(draft.invoice_pdf_report_id)
        draft.action_post()
        self.assertNotIn("Draft", self._text(self._print(draft)))
        self.assertTrue(draft.invoice_pdf_report_id)

    def test_locked(self):
        credit_note = self._credit(self._invoice(100.0))
        first = self._print(credit_note)
        file = credit_note.invoice_pdf_report_id
        with self.assertRaisesRegex(UserError, "was issued with the document"):
            file.unlink()
        with self.assertRaisesRegex(UserError, "was issued with the document"):
            file.raw = b"%PDF forged"
        with self.assertRaises(UserError):
            credit_note.invoice_pdf_report_file = False
        self.assertEqual(self._print(credit_note), first)

    def test_no_key_from_outside_prints_anew(self):
        credit_note = self._credit(self._invoice(100.0))
        first = self._print(credit_note)
        self._change_everything()
        for context in (
            {"account_partner_credit_note.archiving": credit_note.ids},
            {"proforma_invoice": True},
            {"report_pdf_no_attachment": True},
        ):
            with self.subTest(context=context):
                reports = self.env["ir.actions.report"].with_context(
                    force_report_rendering=True, **context
                )
                pdf, _type = reports._render_qweb_pdf(OUR_REPORT, credit_note.ids)
                self.assertEqual(pdf, first)
        # Nor does asking for a proforma of what is archived.
        self.assertEqual(self._print(credit_note, proforma=True), first)

    def test_sent_with_errors_is_a_proforma_and_not_archived(self):
        """What no authority has accepted is not the document yet."""
        credit_note = self._credit(self._invoice(100.0))
        send = self.env["account.move.send"].with_context(force_report_rendering=True)
        with patch.object(
            type(send),
            "_hook_invoice_document_before_pdf_report_render",
            lambda _self, _move, data: data.update(error={"error_title": "No answer"}),
        ):
            sent = send._generate_and_send_invoices(
                credit_note, allow_fallback_pdf=True, sending_methods=["manual"]
            )
        self.assertIn("Proforma", self._text(sent.raw))
        self.assertFalse(credit_note.invoice_pdf_report_id)
        # The print that is archived then is none.
        self.assertNotIn("Proforma", self._text(self._print(credit_note)))
        self.assertTrue(credit_note.invoice_pdf_report_id)

    def test_lock_off_prints_as_odoo(self):
        self.env.company.lock_posted_invoices = False
        credit_note = self._credit(self._invoice(100.0))
        self._print(credit_note)
        self.assertFalse(credit_note.invoice_pdf_report_id)
        self.partner_a.name = "Renamed"
        self.assertIn("Renamed", self._text(self._print(credit_note)))

    def test_sending_costs_no_query_where_nothing_was_printed(self):
        send = self.env["account.move.send"]
        credit_notes = self._credit(self._invoice(100.0) + self._invoice(50.0))
        moves_data = {
            move: send._get_default_sending_settings(move) for move in credit_notes
        }
        credit_notes.mapped("invoice_pdf_report_id")
        with self.assertQueryCount(0):
            for move, data in moves_data.items():
                self.assertFalse(send._get_printed_pdf(move, data))

    def test_reports_are_looked_up_once(self):
        report = self.env.ref(OUR_REPORT)
        moves = self._invoice(1.0) + self._invoice(2.0) + self._invoice(3.0)
        moves._filter_printed_once(report)  # what they are is read

        def count_queries(documents):
            before = self.env.cr.sql_log_count
            self.assertEqual(documents._filter_printed_once(report), documents)
            return self.env.cr.sql_log_count - before

        self.assertEqual(count_queries(moves), count_queries(moves[:1]))

    def test_invoice_is_archived_too(self):
        invoice = self._invoice(100.0)
        first = self._print(invoice, "account.account_invoices_without_payment")
        self._change_everything()
        self.assertEqual(self._print(invoice), first)
        # Odoo's print shows what was paid since; a download is what was issued.
        self._register_payment(invoice)
        self.assertIn("Paid on", self._text(self._print(invoice)))
        self.assertEqual(
            invoice._get_invoice_legal_documents("pdf", allow_fallback=True)["content"],
            first,
        )

    def test_other_formats_name_the_archive(self):
        invoice = self._invoice(100.0)
        reports = self.env["ir.actions.report"]
        live, _type = reports._render_qweb_html("account.account_invoices", invoice.ids)
        self.assertNotIn(b"Archived as issued", live)
        first = self._print(invoice)
        self.assertNotIn("Archived as issued", self._text(first))
        self._change_everything()
        name = invoice.invoice_pdf_report_id.name
        for render in (reports._render_qweb_html, reports._render_qweb_text):
            shown, _type = render("account.account_invoices", invoice.ids)
            self.assertIn(f"Archived as issued: {name}", shown.decode())
        # A proforma of what is issued is what was issued.
        self.assertEqual(self._print(invoice, proforma=True), first)
        self._register_payment(invoice)
        self.assertIn(f"Archived as issued: {name}", self._text(self._print(invoice)))

    def test_proforma_issues_nothing(self):
        invoice = self._invoice(100.0)
        self._print(invoice, proforma=True)
        self.assertFalse(invoice.invoice_pdf_report_id)

    def test_vendor_bills_print_as_ever(self):
        bill = self._create_invoice(move_type="in_invoice", post=True)
        self._print(bill)
        self.assertFalse(bill.invoice_pdf_report_id)

    def test_to_be_reported_first(self):
        """Printing reports nothing to an authority: the file is made by sending."""
        send = self.env.registry["account.move.send"]
        self.patch(send, "_get_default_extra_edis", lambda _self, _move: {"xx"})
        credit_note = self._credit(self._invoice(100.0))
        self._print(credit_note)
        self.assertFalse(credit_note.invoice_pdf_report_id)

    def test_file_put_on_a_draft(self):
        """Nobody prepares the archived file of a document before it is issued."""
        wizard = self._wizard(self._invoice(100.0), user=self.clerk)
        wizard.refund_moves()
        draft = wizard.new_move_ids
        forged = b"%PDF-1.4 forged"
        for field in draft._get_lock_file_fields() & draft._fields.keys():
            slot = {"res_model": draft._name, "res_id": draft.id, "res_field": field}
            file = draft.env["ir.attachment"].create({"name": "x", "raw": forged})
            for attack in (
                lambda: draft.write({field: base64.b64encode(forged)}),  # noqa: B023
                lambda: file.write(slot),  # noqa: B023
                lambda: file.sudo().copy(slot),  # noqa: B023
            ):
                with (
                    self.subTest(field=field),
                    self.assertRaisesRegex(UserError, "is a draft"),
                ):
                    attack()
        self.env.company.lock_posted_invoices = False
        self.env.invalidate_all()
        draft.invoice_pdf_report_file = base64.b64encode(forged)
        self.assertTrue(draft.invoice_pdf_report_id)

    def test_another_report_is_another_document(self):
        report = self.env.ref("account.account_invoices").copy(
            {"report_name": "account.report_invoice", "name": "Other"}
        )
        credit_note = self._credit(self._invoice(100.0))
        self._print(credit_note, report)
        self.assertFalse(credit_note.invoice_pdf_report_id)
        # Unless it is the customer's own.
        self.partner_a.invoice_template_pdf_report_id = report
        first = self._print(credit_note, report)
        self.assertEqual(credit_note.invoice_pdf_report_id.raw, first)
        self.assertEqual(self._print(credit_note), first)


@tagged("post_install", "-at_install")
class TestArchiveElectronic(CreditNoteCommon, AccountTestInvoicingHttpCommon):
    """A print is archived although its electronic file cannot be made yet. It keeps
    none from being made when it is sent."""

    _print = TestArchive._print
    _text = TestArchive._text
    _change_everything = TestArchive._change_everything

    def _assert_printed_once(self, credit_note, first):
        """Every door serves the first print, and it is locked."""
        self.assertFalse(credit_note.invoice_pdf_report_id)
        self.assertEqual(credit_note.printed_pdf_id.raw, first)
        self._change_everything()
        for report in REPORTS:
            self.assertEqual(self._print(credit_note, report), first)
        self.assertEqual(self._print(credit_note, user=self.clerk), first)
        for fallback in (False, True):
            self.assertEqual(
                credit_note._get_invoice_legal_documents(
                    "pdf", allow_fallback=fallback
                )["content"],
                first,
            )
            [document] = credit_note._get_invoice_legal_documents_all(
                allow_fallback=fallback
            )
            self.assertEqual(document["content"], first)
        file = credit_note.printed_pdf_id
        with self.assertRaisesRegex(UserError, "was issued with the document"):
            file.unlink()
        with self.assertRaisesRegex(UserError, "was issued with the document"):
            file.raw = b"%PDF forged"
        with self.assertRaises(UserError):
            credit_note.printed_pdf_file = False

    def _fail_electronic_files(self, raising=False, **values):
        """No electronic file can be made of any document, as in Odoo's addons."""
        send = self.env.registry["account.move.send"]
        made = send._hook_invoice_document_before_pdf_report_render

        missing = "The bank account is missing."

        def fail(self, invoice, invoice_data):
            if raising:
                raise UserError(missing)
            invoice_data["error"] = {"error_title": missing}
            invoice_data.update(values)
            return made(self, invoice, invoice_data)

        self.patch(send, "_hook_invoice_document_before_pdf_report_render", fail)
        return lambda: self.patch(
            send, "_hook_invoice_document_before_pdf_report_render", made
        )

    def _prepare_sent_pdf(self, credit_note, **settings):
        send = self.env["account.move.send"].with_context(force_report_rendering=True)
        data = send._get_default_sending_settings(credit_note) | settings
        send._prepare_invoice_pdf_report({credit_note: data})
        return data["pdf_attachment_values"]["raw"]

    def test_electronic_file_cannot_be_made(self):
        for raising in (False, True):
            with self.subTest(raising=raising):
                mend = self._fail_electronic_files(raising=raising)
                credit_note = self._credit(self._invoice(100.0))
                first = self._print(credit_note)
                self._assert_printed_once(credit_note, first)
                with self.assertRaises(UserError):
                    credit_note._generate_and_send(
                        sending_methods=["email"], allow_fallback_pdf=False
                    )
                mend()
                credit_note._generate_and_send(sending_methods=["email"])
                self.assertEqual(credit_note.invoice_pdf_report_id.raw, first)
                message = credit_note.message_ids.filtered("attachment_ids")[0]
                self.assertIn(first, message.attachment_ids.mapped("raw"))
                self.assertEqual(self._print(credit_note), first)

    def test_sent_without_its_electronic_file(self):
        """Odoo sends a proforma then; what was printed before is none."""
        self._fail_electronic_files(error_but_continue=True)
        credit_note = self._credit(self._invoice(100.0))
        first = self._print(credit_note)
        self.partner_a.name = "Renamed"
        credit_note._generate_and_send(sending_methods=["email"])
        message = credit_note.message_ids.filtered("attachment_ids")[0]
        self.assertEqual(message.attachment_ids.mapped("raw"), [first])

    def test_reported_and_nothing_printed_of_the_answer(self):
        send = self.env.registry["account.move.send"]
        self.patch(send, "_get_default_extra_edis", lambda *_args: {"it_edi_send"})
        credit_note = self._credit(self._invoice(100.0))
        first = self._print(credit_note)
        self._assert_printed_once(credit_note, first)
        self.assertEqual(self._prepare_sent_pdf(credit_note), first)
        # A number of the authority, or another document.
        self.assertNotEqual(
            self._text(self._prepare_sent_pdf(credit_note, extra_edis={"xx"})),
            self._text(first),
        )
        report = self.env.ref("account.account_invoices").copy({"name": "Other"})
        self.assertNotEqual(
            self._text(self._prepare_sent_pdf(credit_note, pdf_report=report)),
            self._text(first),
        )

    def test_drafted_again_is_printed_anew(self):
        self._fail_electronic_files()
        credit_note = self._credit(self._invoice(100.0))
        self._print(credit_note)
        self.env.company.lock_posted_invoices = False
        credit_note.button_draft()
        self.env.company.lock_posted_invoices = True
        credit_note.action_post()
        self.env.invalidate_all()
        self.partner_a.name = "Renamed"
        self.assertIn("Renamed", self._text(self._print(credit_note)))

    def test_netherlands(self):
        """Odoo makes no file there before all is known that it has to say."""
        if "ubl_cii_xml_id" not in self.env["account.move"]._fields:
            self.skipTest("no UBL in this database: --with account_edi_ubl_cii")
        for partner in self.env.company.partner_id + self.partner_a:
            partner.write(
                {
                    "country_id": self.env.ref("base.nl").id,
                    "street": "Kerkstraat 1",
                    "zip": "1017 GA",
                    "city": "Amsterdam",
                    "vat": "NL000099998B57",
                    "peppol_eas": "0106",
                    "peppol_endpoint": "77777677",
                }
            )
        self.partner_a.invoice_edi_format = "nlcius"
        self.env.company.street = False
        credit_note = self._credit(self._invoice(100.0))
        first = self._print(credit_note)
        self._assert_printed_once(credit_note, first)
        with self.assertRaisesRegex(UserError, "Street"):
            credit_note._generate_and_send(
                sending_methods=["email"], allow_fallback_pdf=False
            )
        self.env.company.street = "Kerkstraat 1"
        credit_note._generate_and_send(
            sending_methods=["email"], allow_fallback_pdf=False
        )
        self.assertEqual(credit_note.invoice_pdf_report_id.raw, first)
        sent = etree.fromstring(credit_note.ubl_cii_xml_id.raw)
        [document] = sent.iter("{*}EmbeddedDocumentBinaryObject")
        self.assertEqual(base64.b64decode(document.text), first)


@tagged("post_install", "-at_install", "post_install_l10n")
class TestArchiveItaly(CreditNoteCommon, AccountTestInvoicingHttpCommon):
    """Italy's electronic invoice is made by sending, with the PDF in it."""

    @classmethod
    @AccountTestInvoicingHttpCommon.setup_country("it")
    def setUpClass(cls):
        super().setUpClass()
        if "l10n_it_edi_state" not in cls.env["account.move"]._fields:
            cls.skipTest(cls, "not in this database: --with l10n_it_edi")
        address = {
            "street": "Via Roma 1",
            "zip": "20121",
            "city": "Milano",
            "country_id": cls.env.ref("base.it").id,
        }
        cls.env.company.write(
            {
                **address,
                "vat": "IT01234560157",
                "l10n_it_codice_fiscale": "01234560157",
                "l10n_it_tax_system": "RF01",
            }
        )
        cls.partner_a.write(
            {
                **address,
                "is_company": True,
                "vat": "IT00465840031",
                "l10n_it_codice_fiscale": "93026890017",
            }
        )

    def test_cents(self):
        """The file says the cents of the ledger, for every part of an invoice."""
        tax = self.tax_sale_a.copy(
            {"name": "22 %", "amount": 22.0, "price_include_override": "tax_included"}
        )
        for rounding in ("round_globally", "round_per_line"):
            self.env.company.tax_calculation_rounding_method = rounding
            invoice = self._create_invoice(
                partner_id=self.partner_a.id,
                invoice_line_ids=[
                    self._prepare_invoice_line(price_unit=price, tax_ids=tax)
                    for price in (24.9, 3.5, 7.77)
                ],
                post=True,
            )
            for percentage in (20.0, 33.3, 7.1):
                with self.subTest(rounding=rounding, percentage=percentage):
                    credit_note = self._credit(
                        invoice, credit_method="percentage", percentage=percentage
                    )
                    file = etree.fromstring(credit_note._l10n_it_edi_render_xml())

                    def add_up(tag, file=file):
                        return round(sum(float(n.text) for n in file.iter(tag)), 2)

                    total = add_up("ImportoTotaleDocumento")
                    self.assertEqual(total, credit_note.amount_total)
                    net = add_up("ImponibileImporto")
                    self.assertEqual(net, credit_note.amount_untaxed)
                    self.assertEqual(add_up("Imposta"), credit_note.amount_tax)

    def test_printed_then_reported(self):
        self.patch(
            self.env.registry["account.move"],
            "_l10n_it_edi_upload",
            lambda _self, files: {
                file["filename"]: {"id_transaction": "test"} for file in files
            },
        )
        credit_note = self._credit(self._invoice(100.0))
        first = TestArchive._print(self, credit_note)
        self.assertEqual(credit_note.printed_pdf_id.raw, first)
        self.assertFalse(credit_note.l10n_it_edi_attachment_file)
        self.partner_a.name = "Renamed"
        self.assertEqual(TestArchive._print(self, credit_note), first)
        self.env["account.move.send"]._generate_and_send_invoices(
            credit_note, sending_methods=[]
        )
        self.assertEqual(credit_note.l10n_it_edi_state, "processing")
        self.assertEqual(credit_note.invoice_pdf_report_id.raw, first)
        self.assertEqual(TestArchive._print(self, credit_note), first)
        sent = etree.fromstring(
            base64.b64decode(credit_note.l10n_it_edi_attachment_file)
        )
        [attachment] = sent.iter("{*}Attachment")
        self.assertEqual(base64.b64decode(attachment.text), first)
