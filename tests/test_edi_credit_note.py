from lxml import etree

from odoo.tests import tagged

from .common import CreditNoteCommon

UBL = {
    "": "urn:oasis:names:specification:ubl:schema:xsd:CreditNote-2",
    "cac": "urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2",
    "cbc": "urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2",
}
CII = {
    "qdt": "urn:un:unece:uncefact:data:standard:QualifiedDataType:100",
    "ram": (
        "urn:un:unece:uncefact:data:standard:"
        "ReusableAggregateBusinessInformationEntity:100"
    ),
    "rsm": "urn:un:unece:uncefact:data:standard:CrossIndustryInvoice:100",
    "udt": "urn:un:unece:uncefact:data:standard:UnqualifiedDataType:100",
}


@tagged("post_install", "-at_install")
class TestEdiCreditNote(CreditNoteCommon):
    """The electronic credit note: type 381, positive, and the invoice it credits."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        if "account.edi.xml.ubl_bis3" not in cls.env.registry:
            cls.skipTest(
                cls, "account_edi_ubl_cii is not installed: dev/test --with it"
            )
        cls.env.company.partner_id.write(
            {
                "vat": "BE0202239951",
                "country_id": cls.env.ref("base.be").id,
                "street": "Chaussée de Namur 40",
                "zip": "1367",
                "city": "Ramillies",
            }
        )
        cls.partner_a.write(
            {
                "vat": "BE0477472701",
                "country_id": cls.env.ref("base.be").id,
                "street": "Rue des Bourlottes 9",
                "zip": "1367",
                "city": "Ramillies",
                "ref": "customer ref",
            }
        )
        cls.tax_sale_a.write({"amount": 21.0})

    def setUp(self):
        super().setUp()
        self.invoice = self._invoice(100.0, 50.0, invoice_date="2026-05-10")
        self.credit_note = self._credit(self.invoice, date="2026-05-20")

    def _ubl(self, credit_note, model="account.edi.xml.ubl_bis3"):
        content, _errors = self.env[model]._export_invoice(credit_note)
        return etree.fromstring(content)

    def _cii(self, credit_note):
        content, _errors = self.env["account.edi.xml.cii"]._export_invoice(credit_note)
        return etree.fromstring(content)

    def _texts(self, root, path, namespaces):
        return [node.text for node in root.iterfind(path, namespaces)]

    def test_ubl(self):
        root = self._ubl(self.credit_note)
        self.assertEqual(etree.QName(root).localname, "CreditNote")
        self.assertEqual(self._texts(root, "cbc:CreditNoteTypeCode", UBL), ["381"])
        reference = "cac:BillingReference/cac:InvoiceDocumentReference/"
        self.assertEqual(
            self._texts(root, f"{reference}cbc:ID", UBL), [self.invoice.name]
        )
        self.assertEqual(
            self._texts(root, f"{reference}cbc:IssueDate", UBL), ["2026-05-10"]
        )
        for path, amounts in (
            ("cac:LegalMonetaryTotal/cbc:TaxExclusiveAmount", ["150.00"]),
            ("cac:LegalMonetaryTotal/cbc:TaxInclusiveAmount", ["181.50"]),
            ("cac:TaxTotal/cbc:TaxAmount", ["31.50"]),
            ("cac:CreditNoteLine/cbc:LineExtensionAmount", ["100.00", "50.00"]),
            ("cac:CreditNoteLine/cbc:CreditedQuantity", ["1.0", "1.0"]),
        ):
            with self.subTest(path=path):
                self.assertEqual(self._texts(root, path, UBL), amounts)
        # In the place where the schema wants it.
        names = [etree.QName(node).localname for node in root]
        self.assertLess(names.index("OrderReference"), names.index("BillingReference"))
        self.assertLess(
            names.index("BillingReference"), names.index("AccountingSupplierParty")
        )

    def test_every_country_of_the_family(self):
        for model in (
            "account.edi.xml.ubl_nl",
            "account.edi.xml.ubl_de",
            "account.edi.xml.ubl_sg",
            "account.edi.xml.ubl_a_nz",
        ):
            with self.subTest(model=model):
                root = self._ubl(self.credit_note, model)
                path = "cac:BillingReference/cac:InvoiceDocumentReference/cbc:ID"
                self.assertEqual(self._texts(root, path, UBL), [self.invoice.name])

    def test_dutch_supplier_refers_to_the_link_not_to_the_free_text(self):
        self.env.company.partner_id.country_id = self.env.ref("base.nl")
        wizard = self._wizard(self._invoice(10.0, invoice_date="2026-05-11"))
        wizard.refund_moves()
        credit_note = wizard.new_move_ids
        credit_note.write({"ref": "PO 4711", "invoice_date": "2026-05-20"})
        credit_note.action_post()
        root = self._ubl(credit_note)
        reference = "cac:BillingReference/cac:InvoiceDocumentReference/"
        self.assertEqual(
            self._texts(root, f"{reference}cbc:ID", UBL),
            [credit_note.reversed_entry_id.name],
        )
        self.assertEqual(
            self._texts(root, f"{reference}cbc:IssueDate", UBL), ["2026-05-11"]
        )

    def test_dutch_supplier_needs_no_bank_account_of_the_customer(self):
        """Odoo refuses the file, and nothing can be added to an issued document."""
        netherlands = self.env.ref("base.nl")
        for partner in self.env.company.partner_id + self.partner_a:
            partner.write(
                {
                    "country_id": netherlands.id,
                    "vat": "NL000099998B57",
                    "peppol_eas": "0106",
                    "peppol_endpoint": "77777677",
                }
            )
        self.assertFalse(self.credit_note.partner_bank_id)
        content, errors = self.env["account.edi.xml.ubl_nl"]._export_invoice(
            self.credit_note
        )
        self.assertFalse(errors)
        root = etree.fromstring(content)
        # 57: standing agreement
        self.assertEqual(
            self._texts(root, "cac:PaymentMeans/cbc:PaymentMeansCode", UBL), ["57"]
        )
        # An invoice needs that of the company.
        _content, errors = self.env["account.edi.xml.ubl_nl"]._export_invoice(
            self.invoice
        )
        self.assertTrue(errors)

    def test_cii(self):
        root = self._cii(self.credit_note)
        self.assertEqual(
            self._texts(root, "rsm:ExchangedDocument/ram:TypeCode", CII), ["381"]
        )
        reference = ".//ram:ApplicableHeaderTradeSettlement/"
        reference += "ram:InvoiceReferencedDocument/"
        self.assertEqual(
            self._texts(root, f"{reference}ram:IssuerAssignedID", CII),
            [self.invoice.name],
        )
        date = "ram:FormattedIssueDateTime/qdt:DateTimeString[@format='102']"
        self.assertEqual(self._texts(root, f"{reference}{date}", CII), ["20260510"])
        self.assertEqual(self._texts(root, ".//ram:GrandTotalAmount", CII), ["181.50"])
        [settlement] = root.iterfind(".//ram:ApplicableHeaderTradeSettlement", CII)
        names = [etree.QName(node).localname for node in settlement]
        self.assertEqual(
            names[-2:],
            [
                "SpecifiedTradeSettlementHeaderMonetarySummation",
                "InvoiceReferencedDocument",
            ],
        )

    def test_several_invoices(self):
        other = self._invoice(30.0, invoice_date="2026-05-12")
        credit_note = self._invoice(
            10.0, 20.0, move_type="out_refund", invoice_date="2026-05-20", post=False
        )
        for line, invoice in zip(
            credit_note.invoice_line_ids, (self.invoice, other), strict=True
        ):
            line.credited_line_id = invoice.invoice_line_ids[0]
        self.assertEqual(
            self._texts(self._ubl(credit_note), ".//cbc:IssueDate", UBL),
            ["2026-05-20", "2026-05-10", "2026-05-12"],
        )
        self.assertEqual(
            self._texts(
                self._cii(credit_note),
                ".//ram:InvoiceReferencedDocument/ram:IssuerAssignedID",
                CII,
            ),
            [self.invoice.name, other.name],
        )

    def test_invoices_and_credit_notes_without_invoice_as_ever(self):
        alone = self._invoice(10.0, move_type="out_refund", invoice_date="2026-05-20")
        for move in (self.invoice, alone):
            with self.subTest(move=move.name):
                root = self._ubl(move)
                self.assertIsNone(root.find("cac:BillingReference", UBL))
                root = self._cii(move)
                self.assertIsNone(root.find(".//ram:InvoiceReferencedDocument", CII))


@tagged("post_install", "-at_install")
class TestHungary(CreditNoteCommon):
    def test_paid_and_credited_whole_is_a_storno(self):
        """Its payments stay matched, so the credit note stays open."""
        if "l10n_hu_edi_state" not in self.env["account.move"]._fields:
            self.skipTest("l10n_hu_edi is not installed: dev/test --with it")
        invoice = self._invoice(100.0)
        self._register_payment(invoice)
        part = self._credit(invoice, credit_method="amount", amount=15.0)
        self.assertEqual(invoice._l10n_hu_edi_get_operation_type(), "CREATE")
        self.assertEqual(part._l10n_hu_edi_get_operation_type(), "MODIFY")
        rest = self._credit(invoice)
        self.assertEqual(rest.amount_residual, 100.0)
        self.assertEqual(rest._l10n_hu_edi_get_operation_type(), "STORNO")
