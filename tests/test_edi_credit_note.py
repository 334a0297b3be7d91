import copy
from contextlib import contextmanager
from unittest.mock import patch

from lxml import etree

from odoo.tests import tagged

from odoo.addons.account.tests.common import AccountTestInvoicingHttpCommon

from ..models import addition
from ..models.bridges.cii import CII
from ..models.bridges.e_invoicing import _add_references_to_ubl
from ..models.bridges.wrappers import unwrap_methods, wrap_methods
from .common import CreditNoteCommon

UBL = {
    "": "urn:oasis:names:specification:ubl:schema:xsd:CreditNote-2",
    "cac": "urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2",
    "cbc": "urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2",
}


FORMATS = ("ubl_bis3", "xrechnung", "nlcius", "ubl_a_nz", "ubl_sg", "facturx")
BILLING = "cac:BillingReference"
REFERENCED = "cac:InvoiceDocumentReference"
# What no Odoo of today writes under `cac:BillingReference`.
NONSENSE = (
    "a text",
    7,
    ["a text"],
    [None],
    {REFERENCED: "a text"},
    {REFERENCED: [{"cbc:ID": {"_text": "a list"}}]},
    [{REFERENCED: {"cbc:ID": "a text"}}],
)


class EdiCommon(CreditNoteCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        if "account.edi.xml.ubl_bis3" not in cls.env.registry:
            cls.skipTest(cls, "no UBL in this database: --with account_edi_ubl_cii")
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
        # What fails is told once, in each test.
        self.enterContext(patch.object(addition, "_told", set()))

    def _ubl(self, credit_note, model="account.edi.xml.ubl_bis3"):
        content, _errors = self.env[model]._export_invoice(credit_note)
        return etree.fromstring(content)

    def _cii(self, credit_note):
        content, _errors = self.env["account.edi.xml.cii"]._export_invoice(credit_note)
        return etree.fromstring(content)

    def _texts(self, root, path, namespaces):
        return [node.text for node in root.iterfind(path, namespaces)]

    def _builder(self, edi_format):
        return self.env["res.partner"]._get_edi_builder(edi_format)

    def _references(self, content):
        """:return: [(number, date)] of what the file credits, UBL or CII"""
        root = etree.fromstring(content)
        if references := root.findall(f"{BILLING}/{REFERENCED}", UBL):
            return [
                (
                    reference.findtext("cbc:ID", namespaces=UBL),
                    reference.findtext("cbc:IssueDate", namespaces=UBL),
                )
                for reference in references
            ]
        return [
            (
                reference.findtext("ram:IssuerAssignedID", namespaces=CII),
                "{0:.4}-{0[4]}{0[5]}-{0[6]}{0[7]}".format(
                    reference.findtext(".//qdt:DateTimeString", namespaces=CII)
                ),
            )
            for reference in root.findall(".//ram:InvoiceReferencedDocument", CII)
        ]

    @contextmanager
    def _odoo_writes(self, reference):
        """Odoo's own node is this one in here, whichever Odoo it is."""
        model = self.registry["account.edi.xml.ubl_bis3"]
        odoo = model._get_invoice_node.__wrapped__

        def writes(self, vals):
            return {**odoo(self, vals), BILLING: copy.deepcopy(reference)}

        wrapped = addition.after(_add_references_to_ubl)(writes)
        with patch.object(model, "_get_invoice_node", wrapped):
            yield

    @contextmanager
    def _without_this_addon(self):
        wrappers = self.env["account.move"]._get_method_wrappers()
        unwrap_methods(self.registry, wrappers)
        try:
            yield
        finally:
            wrap_methods(self.registry, wrappers)


@tagged("post_install", "-at_install")
class TestEdiCreditNote(EdiCommon):
    """The electronic credit note: type 381, positive, and the invoice it credits."""

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

    # -------------------------------------------------------------------------
    # WHATEVER ODOO WRITES ITSELF
    # -------------------------------------------------------------------------

    def _forms(self, *references):
        """The same references as Odoo writes them, today and in autumn 2025."""
        yield list(references)
        if len(references) == 1:
            yield references[0]
        if not references:
            yield from (None, {}, [{}], {REFERENCED: {"cbc:ID": {"_text": None}}})

    def _reference(self, name, date=None):
        reference = {"cbc:ID": {"_text": name}}
        if date:
            reference["cbc:IssueDate"] = {"_text": date}
        return {REFERENCED: reference}

    def _credit_note_of_several(self):
        """:return: a credit note and the two invoices it credits"""
        invoices = self.invoice + self._invoice(30.0, invoice_date="2026-05-12")
        credit_note = self._invoice(
            10.0, 20.0, move_type="out_refund", invoice_date="2026-05-20", post=False
        )
        for line, invoice in zip(credit_note.invoice_line_ids, invoices, strict=True):
            line.credited_line_id = invoice.invoice_line_ids[0]
        return credit_note

    def test_number_and_date_whatever_form_odoo_has(self):
        several = self._credit_note_of_several()
        other = several.invoice_line_ids[1].credited_line_id.move_id
        alone = self._invoice(10.0, move_type="out_refund", invoice_date="2026-05-20")
        first, second = (self.invoice.name, "2026-05-10"), (other.name, "2026-05-12")
        free_text = self._reference(self.credit_note.ref)
        number = self._reference(self.invoice.name)
        foreign = self._reference("its own", "2026-01-31")
        cases = [
            (self.credit_note, [], [first]),
            (self.credit_note, [free_text], [first]),
            (self.credit_note, [number], [first]),
            (self.credit_note, [self._reference(*first)], [first]),
            (self.credit_note, [foreign], [("its own", "2026-01-31")]),
            (several, [], [first, second]),
            (several, [number], [first, second]),
            (several, [foreign, number], [("its own", "2026-01-31"), first]),
            (alone, [], []),
            (alone, [self._reference("its own")], [("its own", None)]),
            (self.invoice, [], []),
        ]
        for move, references, expected in cases:
            for form in self._forms(*references):
                for edi_format in FORMATS[:-1]:
                    with (
                        self.subTest(move=move.name, form=form, edi_format=edi_format),
                        self._odoo_writes(form),
                    ):
                        content, _errors = self._builder(edi_format)._export_invoice(
                            move
                        )
                        self.assertEqual(self._references(content), expected)

    def test_whatever_is_not_known_is_left_alone(self):
        builder = self._builder("ubl_bis3")
        for nonsense in NONSENSE:
            with (
                self.subTest(nonsense=nonsense),
                self._odoo_writes(nonsense),
                self.assertLogs("odoo", "WARNING") as logs,
            ):
                for _once in range(2):
                    vals = {"invoice": self.credit_note}
                    node = builder._get_invoice_node(vals)
                    self.assertEqual(node[BILLING], nonsense)
                [line] = logs.output
                self.assertIn("_add_references_to_ubl", line)
            addition._told.clear()

    def test_every_format(self):
        several = self._credit_note_of_several()
        other = several.invoice_line_ids[1].credited_line_id.move_id
        alone = self._invoice(10.0, move_type="out_refund", invoice_date="2026-05-20")
        first, second = (self.invoice.name, "2026-05-10"), (other.name, "2026-05-12")
        for edi_format in FORMATS:
            for move, expected in (
                (self.invoice, []),
                (self.credit_note, [first]),
                (several, [first, second]),
                (alone, []),
            ):
                with self.subTest(edi_format=edi_format, move=move.name):
                    content, _errors = self._builder(edi_format)._export_invoice(move)
                    self.assertEqual(self._references(content), expected)

    def test_dutch_free_text_gets_number_and_date(self):
        """The one reference that Odoo writes itself, and never its date."""
        self.env.company.partner_id.country_id = self.env.ref("base.nl")
        content, _errors = self._builder("nlcius")._export_invoice(self.credit_note)
        self.assertEqual(self._references(content), [(self.invoice.name, "2026-05-10")])

    def test_invoice_is_that_of_odoo_byte_for_byte(self):
        paid = self._invoice(70.0, quantity=3.0)
        self._register_payment(paid)
        for edi_format in FORMATS:
            # Credited, paid and open.
            for move in (self.invoice, paid, self._invoice(20.0)):
                with self.subTest(edi_format=edi_format, move=move.name):
                    builder = self._builder(edi_format)
                    with self._without_this_addon():
                        of_odoo, its_errors = builder._export_invoice(move)
                        credit_note, _errors = builder._export_invoice(self.credit_note)
                    content, errors = builder._export_invoice(move)
                    self.assertEqual(content, of_odoo)
                    self.assertEqual(errors, its_errors)
                    # Else the comparison shows nothing.
                    self.assertNotEqual(
                        builder._export_invoice(self.credit_note)[0], credit_note
                    )

    def test_ubl_billing_reference(self):
        """Odoo writes it for Dutch suppliers only, and from the free text `ref`."""
        if "account.edi.xml.ubl_bis3" not in self.env:
            self.skipTest("no UBL in this database: --with account_edi_ubl_cii")
        invoice = self._invoice(100.0, invoice_date="2026-05-10")
        draft = self._native_credit_note(invoice, post=False)
        draft.ref = "PO 4711"
        draft.action_post()
        content, _errors = self.env["account.edi.xml.ubl_bis3"]._export_invoice(draft)
        [reference] = etree.fromstring(content).iterfind(".//{*}BillingReference")
        self.assertEqual(
            [node.text for node in reference.iterfind(".//{*}ID")], [invoice.name]
        )
        self.assertEqual(reference.findtext(".//{*}IssueDate"), "2026-05-10")


@tagged("post_install", "-at_install")
class TestEdiGoesOut(EdiCommon, AccountTestInvoicingHttpCommon):
    """Printed, sent and shown in the portal, in each format."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        company = cls.env.company.partner_id
        company.write({"phone": "+32 2 123 45 67", "email": "company@example.com"})
        cls.env["res.partner.bank"].create(
            {
                "acc_number": "BE15001559627230",
                "partner_id": company.id,
                "allow_out_payment": True,
            }
        )

    def test_goes_out(self):
        alone = self._invoice(10.0, move_type="out_refund", invoice_date="2026-05-20")
        for edi_format in FORMATS:
            self.partner_a.invoice_edi_format = edi_format
            invoice = self._invoice(100.0, invoice_date="2026-05-10")
            credit_note = self._credit(invoice, date="2026-05-20")
            for move in (invoice, credit_note, alone.copy()):
                with self.subTest(edi_format=edi_format, move=move.move_type):
                    if move.state == "draft":
                        move.action_post()
                    page = self.url_open(move.get_portal_url())
                    self.assertEqual(page.status_code, 200)
                    self.assertIn(move.name, page.text)
                    for report in (
                        "account.account_invoices",
                        "account.account_invoices_without_payment",
                    ):
                        content, _type = self.env["ir.actions.report"]._render(
                            report, move.ids
                        )
                        self.assertIn(move.name.encode(), content)
                    move._generate_and_send(
                        sending_methods=["email"], allow_fallback_pdf=False
                    )
                    self.assertTrue(move.invoice_pdf_report_id)
                    self.assertTrue(move.is_move_sent)


@tagged("post_install", "-at_install")
class TestHungary(CreditNoteCommon):
    def test_paid_and_credited_whole_is_a_storno(self):
        """Its payments stay matched, so the credit note stays open."""
        if "l10n_hu_edi_state" not in self.env["account.move"]._fields:
            self.skipTest("not in this database: --with l10n_hu_edi")
        invoice = self._invoice(100.0)
        self._register_payment(invoice)
        part = self._credit(invoice, credit_method="amount", amount=15.0)
        self.assertEqual(invoice._l10n_hu_edi_get_operation_type(), "CREATE")
        self.assertEqual(part._l10n_hu_edi_get_operation_type(), "MODIFY")
        rest = self._credit(invoice)
        self.assertEqual(rest.amount_residual, 100.0)
        self.assertEqual(rest._l10n_hu_edi_get_operation_type(), "STORNO")
