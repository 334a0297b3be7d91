from lxml import etree

from odoo import Command
from odoo.tests import tagged

from .common import CreditNoteCommon
from .test_law import has_field

WORDS = "Order cancelled – by phone"


class CountryFileCommon(CreditNoteCommon):
    """A credit note in a country's own format: an order, a reason, an invoice whose
    credit also paid another one.
    """

    def _credit_with_words(self, invoices, **values):
        return self._credit(
            invoices, reason_id=self.reason.id, reason="by phone", **values
        )

    def _supply(self):
        return self._invoice(100.0, ref="PO 4711")

    def _credit_that_pays_another(self):
        """:return: a paid invoice, its credit note, and what that paid"""
        invoice, other = self._supply(), self._supply()
        self._register_payment(invoice)
        credit_note = self._credit_with_words(invoice, settlement="apply")
        self.assertEqual(other.amount_residual, 0.0)
        return invoice, credit_note, other


@tagged("post_install", "-at_install")
class TestFatturaPA(CountryFileCommon):
    @classmethod
    @CreditNoteCommon.setup_country("it")
    def setUpClass(cls):
        if not has_field("l10n_it_edi_state"):
            cls.skipTest(cls, "not in this database: --with l10n_it_edi")
        super().setUpClass()
        address = {"street": "Via 1", "zip": "12345", "city": "Prova"}
        italy = {**address, "country_id": cls.env.ref("base.it").id}
        cls.env.company.write({"vat": "IT01234560157", "l10n_it_tax_system": "RF01"})
        cls.env.company.partner_id.write(
            {**address, "l10n_it_codice_fiscale": "01234560157"}
        )
        cls.partner_a.write(
            {**italy, "vat": "IT00465840031", "l10n_it_codice_fiscale": "93026890017"}
        )

    def _render(self, move):
        return etree.fromstring(move._l10n_it_edi_render_xml())

    def _linked(self, root):
        return [
            node.text for node in root.iterfind(".//DatiFattureCollegate/IdDocumento")
        ]

    def test_what_it_says(self):
        invoice, credit_note, _other = self._credit_that_pays_another()
        root = self._render(credit_note)
        self.assertEqual(root.findtext(".//TipoDocumento"), "TD04")
        self.assertEqual(self._linked(root), [invoice.name])
        self.assertEqual(
            root.findtext(".//DatiFattureCollegate/Data"), f"{invoice.invoice_date}"
        )
        [document] = root.iterfind(".//DatiGeneraliDocumento")
        # In the order of the schema, in its characters.
        self.assertEqual(
            [node.tag for node in document][-2:], ["ImportoTotaleDocumento", "Causale"]
        )
        self.assertEqual(document.findtext("Causale"), "Order cancelled - by phone")
        self.assertEqual(
            [node.tag for node in document.getparent()],
            ["DatiGeneraliDocumento", "DatiOrdineAcquisto", "DatiFattureCollegate"],
        )
        self.assertEqual(
            [node.text for node in root.iterfind(".//DatiOrdineAcquisto/IdDocumento")],
            ["PO 4711"],
        )

    def test_of_several(self):
        invoices = self._supply() + self._invoice(50.0)
        self._register_payment(invoices[0])
        root = self._render(self._credit_with_words(invoices, as_one=True))
        self.assertEqual(self._linked(root), invoices.mapped("name"))
        # Not "Reversal of".
        self.assertIsNone(root.find(".//DatiOrdineAcquisto"))

    def test_of_a_former_system(self):
        dialog = self.env["account.credit.note.without.invoice"].create(
            {
                "partner_id": self.partner_a.id,
                "reason_id": self.reason.id,
                "subject": "former",
                "former_number": "OLD-1",
                "former_date": "2025-05-10",
                "former_total": 100.0,
                "line_ids": [
                    Command.create(
                        {
                            "name": "Bonus",
                            "amount": 12.1,
                            "tax_ids": [Command.set(self.tax_sale_a.ids)],
                        }
                    )
                ],
            }
        )
        dialog.action_issue()
        root = self._render(dialog.new_move_id)
        self.assertEqual(self._linked(root), ["OLD-1"])
        self.assertEqual(root.findtext(".//DatiFattureCollegate/Data"), "2025-05-10")

    def test_invoice_is_that_of_odoo(self):
        invoice = self._supply()
        root = self._render(invoice)
        self.assertIsNone(root.find(".//Causale"))
        self.assertEqual(root.findtext(".//DatiOrdineAcquisto/IdDocumento"), "PO 4711")


@tagged("post_install", "-at_install")
class TestFacturae(CountryFileCommon):
    @classmethod
    @CreditNoteCommon.setup_country("es")
    def setUpClass(cls):
        if not has_field("l10n_es_edi_facturae_reason_code"):
            cls.skipTest(cls, "not in this database: --with l10n_es_edi_facturae")
        super().setUpClass()
        spain = {
            "street": "C. de Embajadores, 68",
            "state_id": cls.env.ref("base.state_es_m").id,
            "city": "Madrid",
            "zip": "12345",
            "country_id": cls.env.ref("base.es").id,
        }
        cls.env.company.write({**spain, "vat": "ES59962470K"})
        cls.partner_a.write({**spain, "vat": "ESA12345674"})

    def _render(self, move):
        # Before it is signed, for which Odoo wants a certificate.
        values, _signature = move._l10n_es_edi_facturae_export_facturae()
        content = self.env["ir.qweb"]._render(
            "l10n_es_edi_facturae.account_invoice_facturae_export", values
        )
        return etree.fromstring(str(content).strip())

    def test_what_it_says(self):
        invoice, credit_note, _other = self._credit_that_pays_another()
        root = self._render(credit_note)
        self.assertEqual(root.findtext(".//Corrective/InvoiceNumber"), invoice.name)
        self.assertEqual(root.findtext(".//Corrective/ReasonCode"), "16")
        references = [
            node.text
            for name in ("FileReference", "ReceiverTransactionReference")
            for node in root.iterfind(f".//{name}")
        ]
        self.assertEqual(set(references), {"PO 4711"})

    def test_without_order(self):
        root = self._render(self._credit_with_words(self._invoice(10.0)))
        self.assertFalse(root.findall(".//FileReference"))


@tagged("post_install", "-at_install")
class TestIrp(CountryFileCommon):
    @classmethod
    @CreditNoteCommon.setup_country("in")
    def setUpClass(cls):
        if not has_field("l10n_in_edi_status"):
            cls.skipTest(cls, "not in this database: --with l10n_in_edi")
        super().setUpClass()
        india = {
            "street": "Block no. 401",
            "city": "Gandhinagar",
            "zip": "500001",
            "state_id": cls.env.ref("base.state_in_gj").id,
            "country_id": cls.env.ref("base.in").id,
        }
        cls.env.company.write({**india, "vat": "24AAGCC7144L6ZE"})
        cls.partner_a.write(
            {**india, "vat": "24ABCPM8965E1ZE", "l10n_in_gst_treatment": "regular"}
        )

    def test_what_it_says(self):
        invoice = self._supply()
        credit_note = self._credit_with_words(invoice)
        self.assertEqual(
            credit_note._l10n_in_edi_generate_invoice_json()["RefDtls"],
            {
                "PrecDocDtls": [
                    {
                        "InvNo": invoice.name,
                        "InvDt": f"{invoice.invoice_date:%d/%m/%Y}",
                    }
                ]
            },
        )
        self.assertNotIn("RefDtls", invoice._l10n_in_edi_generate_invoice_json())

    def test_a_number_that_the_schema_does_not_know(self):
        invoice = self._invoice(100.0, name="INVOICE/2026/000001")
        values = self._credit(invoice)._l10n_in_edi_generate_invoice_json()
        self.assertNotIn("RefDtls", values)


@tagged("post_install", "-at_install")
class TestEta(CountryFileCommon):
    @classmethod
    @CreditNoteCommon.setup_country("eg")
    def setUpClass(cls):
        if not has_field("l10n_eg_uuid"):
            cls.skipTest(cls, "not in this database: --with l10n_eg_edi_eta")
        super().setUpClass()
        # Nothing is sent: it wants a certificate.
        cls.company_data["default_journal_sale"].edi_format_ids = False
        cls.product_a.barcode = "EG-EGS-TEST"

    def _supply(self, **values):
        return self._create_invoice(
            invoice_line_ids=[
                self._prepare_invoice_line(product_id=self.product_a, price_unit=100.0)
            ],
            post=True,
            **values,
        )

    def test_what_it_says(self):
        prepare = self.env["account.edi.format"]._l10n_eg_eta_prepare_eta_invoice
        invoice = self._supply(ref="PO 4711")
        credit_note = self._credit_with_words(invoice)
        values = prepare(credit_note)
        self.assertEqual(values["purchaseOrderReference"], "PO 4711")
        self.assertNotIn("references", values)
        # As the authority answers.
        self.env.cr.execute(
            "UPDATE account_move SET l10n_eg_uuid = 'ABC' WHERE id = %s", [invoice.id]
        )
        invoice.invalidate_recordset()
        self.assertEqual(prepare(credit_note)["references"], ["ABC"])
        self.assertNotIn("references", prepare(invoice))
        credit_note = self._credit_with_words(self._supply())
        self.assertNotIn("purchaseOrderReference", prepare(credit_note))


@tagged("post_install", "-at_install")
class TestJoFotara(CountryFileCommon):
    @classmethod
    @CreditNoteCommon.setup_country("jo")
    def setUpClass(cls):
        if not has_field("l10n_jo_edi_uuid"):
            cls.skipTest(cls, "not in this database: --with l10n_jo_edi")
        super().setUpClass()
        cls.env.company.l10n_jo_edi_taxpayer_type = "sales"

    def test_what_it_says(self):
        invoice = self._supply()
        credit_note = self._credit_with_words(invoice)
        content, _errors = self.env["account.edi.xml.ubl_21.jo"]._export_invoice(
            credit_note
        )
        root = etree.fromstring(content)
        self.assertEqual(root.findtext(".//{*}PaymentMeans/{*}InstructionNote"), WORDS)
        self.assertEqual(
            root.findtext(".//{*}BillingReference//{*}ID"),
            invoice.name.replace("/", "_"),
        )


@tagged("post_install", "-at_install")
class TestZatca(CountryFileCommon):
    @classmethod
    @CreditNoteCommon.setup_country("sa")
    def setUpClass(cls):
        if not has_field("l10n_sa_uuid"):
            cls.skipTest(cls, "not in this database: --with l10n_sa_edi")
        super().setUpClass()
        # Nothing is sent: it wants a certificate.
        cls.company_data["default_journal_sale"].edi_format_ids = False

    def test_what_it_says(self):
        invoice = self._supply()
        credit_note = self._credit_with_words(invoice)
        content, _errors = self.env["account.edi.xml.ubl_21.zatca"]._export_invoice(
            credit_note
        )
        root = etree.fromstring(content)
        self.assertEqual(root.findtext(".//{*}BillingReference//{*}ID"), invoice.name)
        self.assertEqual(credit_note.l10n_sa_reason, "BR-KSA-17-reason-1")
        self.assertEqual(
            root.findtext(".//{*}PaymentMeans/{*}InstructionNote"),
            credit_note._l10n_sa_get_adjustment_reason(),
        )


@tagged("post_install", "-at_install")
class TestMyInvois(CountryFileCommon):
    @classmethod
    @CreditNoteCommon.setup_country("my")
    def setUpClass(cls):
        if not has_field("l10n_my_edi_state"):
            cls.skipTest(cls, "not in this database: --with l10n_my_edi")
        super().setUpClass()

    def test_what_it_says(self):
        invoice = self._supply()
        document = invoice._create_myinvois_document()
        document.write({"myinvois_state": "valid", "myinvois_external_uuid": "ABC"})
        credit_note = self._credit_with_words(invoice)
        self.assertEqual(credit_note.amount_residual, 0.0)
        document = credit_note._create_myinvois_document()
        node = self.env["account.edi.xml.ubl_myinvois_my"]._get_myinvois_document_node(
            {"myinvois_document": document}
        )
        reference = node["cac:BillingReference"]["cac:InvoiceDocumentReference"]
        self.assertEqual(reference["cbc:UUID"]["_text"], "ABC")
        self.assertFalse(node.get("cac:PrepaidPayment"))
        [totals] = (
            value for name, value in node.items() if name.endswith("MonetaryTotal")
        )
        payable = float(totals["cbc:PayableAmount"]["_text"])
        self.assertAmount(payable, credit_note.amount_total, credit_note)
