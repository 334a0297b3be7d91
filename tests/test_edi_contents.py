from lxml import etree

from odoo import Command
from odoo.tests import tagged

from .test_edi_credit_note import CII, FORMATS, UBL, EdiCommon

UBL_PATHS = {
    "order": "cac:OrderReference/cbc:ID",
    "reference": "cac:BillingReference/cac:InvoiceDocumentReference/cbc:ID",
    "ubl_start": "cac:InvoicePeriod/cbc:StartDate",
    "ubl_end": "cac:InvoicePeriod/cbc:EndDate",
    "note": "cbc:Note",
    "supply": "cac:Delivery/cbc:ActualDeliveryDate",
    "total": "cac:LegalMonetaryTotal/cbc:TaxInclusiveAmount",
    "prepaid": "cac:LegalMonetaryTotal/cbc:PrepaidAmount",
    "payable": "cac:LegalMonetaryTotal/cbc:PayableAmount",
    "means": "cac:PaymentMeans/cbc:PaymentMeansCode",
    "account": "cac:PaymentMeans/cac:PayeeFinancialAccount/cbc:ID",
}
SETTLEMENT = ".//ram:ApplicableHeaderTradeSettlement/"
CII_PATHS = {
    "order": ".//ram:BuyerOrderReferencedDocument/ram:IssuerAssignedID",
    "reference": ".//ram:InvoiceReferencedDocument/ram:IssuerAssignedID",
    "note": "rsm:ExchangedDocument/ram:IncludedNote/ram:Content",
    "supply": ".//ram:ActualDeliverySupplyChainEvent//udt:DateTimeString",
    "start": f"{SETTLEMENT}ram:BillingSpecifiedPeriod/ram:StartDateTime/*",
    "end": f"{SETTLEMENT}ram:BillingSpecifiedPeriod/ram:EndDateTime/*",
    "total": ".//ram:GrandTotalAmount",
    "prepaid": ".//ram:TotalPrepaidAmount",
    "payable": ".//ram:DuePayableAmount",
    "means": f"{SETTLEMENT}ram:SpecifiedTradeSettlementPaymentMeans/ram:TypeCode",
    "account": ".//ram:PayeePartyCreditorFinancialAccount/*",
}


class EdiContentsCommon(EdiCommon):
    formats = FORMATS

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["res.lang"]._activate_lang("fr_FR")
        cls.reason.with_context(lang="fr_FR").name = "Commande annulée"
        cls.partner_a.lang = "fr_FR"
        cls.bank_of_seller, cls.bank_of_buyer = cls.env["res.partner.bank"].create(
            [
                {
                    "acc_number": number,
                    "partner_id": partner.id,
                    "allow_out_payment": True,
                }
                for number, partner in (
                    ("BE15001559627230", cls.env.company.partner_id),
                    ("BE71096123456769", cls.partner_a),
                )
            ]
        )

    def setUp(self):
        super().setUp()
        self.supplied = self._invoice(
            100.0,
            invoice_date="2026-05-10",
            delivery_date="2026-05-02",
            ref="PO 4711",
        )

    def _read(self, edi_format, move):
        """:return: {what: its texts} in the file of the document, dates as in CII"""
        content, _errors = self._builder(edi_format)._export_invoice(move)
        root = etree.fromstring(content)
        is_cii = edi_format == "facturx"
        paths, namespaces = (CII_PATHS, CII) if is_cii else (UBL_PATHS, UBL)
        found = {
            name: self._texts(root, path, namespaces) for name, path in paths.items()
        }
        found["supply"] = [text.replace("-", "") for text in found["supply"]]
        return found

    def _check(self, move, **expected):
        for edi_format in self.formats:
            found = self._read(edi_format, move)
            for name, texts in expected.items():
                with self.subTest(edi_format=edi_format, name=name):
                    if name in found:
                        self.assertEqual(found[name], texts)

    def _check_invoice(self, invoice):
        """Byte for byte Odoo's; with all that is added to credit notes."""
        for edi_format in self.formats:
            with self.subTest(edi_format=edi_format):
                builder = self._builder(edi_format)
                with self._without_this_addon():
                    of_odoo = builder._export_invoice(invoice)
                self.assertEqual(builder._export_invoice(invoice), of_odoo)


@tagged("post_install", "-at_install")
class TestEdiContents(EdiContentsCommon):
    """What the electronic credit note says is that of what it credits."""

    def test_what_it_takes_over(self):
        credit_note = self._credit(
            self.supplied,
            date="2026-05-20",
            reason_id=self.reason.id,
            reason="par téléphone",
        )
        self.assertEqual(credit_note.amount_residual, 0.0)
        self._check(
            credit_note,
            order=["PO 4711"],
            note=["Commande annulée – par téléphone"],
            supply=["20260502"],
            start=["20260510"],
            end=[f"{self.supplied.invoice_date_due:%Y%m%d}"],
            total=["121.00"],
            prepaid=["0.00"],
            payable=["121.00"],
        )

    def test_of_a_paid_invoice_and_in_part(self):
        self._register_payment(self.supplied)
        credit_note = self._credit(
            self.supplied, date="2026-05-20", credit_method="amount", amount=12.1
        )
        self._check(
            credit_note,
            order=["PO 4711"],
            note=[],
            total=["12.10"],
            prepaid=["0.00"],
            payable=["12.10"],
        )

    def _credit_without_invoice(self, **values):
        dialog = self.env["account.credit.note.without.invoice"].create(
            {
                "partner_id": self.partner_a.id,
                "reason_id": self.reason.id,
                "date": "2026-05-20",
                "line_ids": [
                    Command.create(
                        {
                            "name": "Bonus",
                            "amount": 12.1,
                            "tax_ids": [Command.set(self.tax_sale_a.ids)],
                        }
                    )
                ],
                **values,
            }
        )
        dialog.action_issue()
        return dialog.new_move_id

    def test_without_an_invoice(self):
        """The period is BG-14, the invoice of a former system BG-3."""
        credit_note = self._credit_without_invoice(
            period_start="2026-01-01", period_end="2026-03-31"
        )
        self._check(
            credit_note,
            start=["20260101"],
            end=["20260331"],
            ubl_start=["2026-01-01"],
            ubl_end=["2026-03-31"],
            reference=[],
            total=["12.10"],
        )
        credit_note = self._credit_without_invoice(
            subject="former",
            former_number="OLD-1",
            former_date="2025-05-10",
            former_total=100.0,
        )
        self._check(credit_note, reference=["OLD-1"], ubl_start=[], total=["12.10"])

    def test_of_several_invoices(self):
        """It names all of them, when the last of it was supplied, and an order only if
        it is that of all.
        """
        for ref, order in (("PO 4711", "PO 4711"), ("PO 9", None), (False, None)):
            other = self._invoice(50.0, invoice_date="2026-05-11", ref=ref)
            invoices = self._invoice(
                100.0,
                invoice_date="2026-05-10",
                delivery_date="2026-05-02",
                ref="PO 4711",
            )
            invoices += other
            credit_note = self._credit(invoices, date="2026-05-20", as_one=True)
            self._check(
                credit_note,
                reference=invoices.mapped("name"),
                order=[order or credit_note.name],
                total=["181.50"],
            )
            self.assertEqual(self._read("facturx", credit_note)["supply"], ["20260511"])
            self.assertEqual(
                self._read("ubl_bis3", credit_note)["supply"], ["20260502"]
            )

    def test_its_own_words_are_kept(self):
        wizard = self._wizard(self.supplied, date="2026-05-20")
        wizard.refund_moves()
        credit_note = wizard.new_move_ids
        credit_note.write(
            {
                "ref": "PO 99",
                "narration": "<p>Goods are to be sent back.</p>",
                "delivery_date": "2026-05-19",
                "credit_note_reason_id": self.reason.id,
            }
        )
        credit_note.action_post()
        self._check(credit_note, order=["PO 99"], supply=["20260519"])
        for edi_format in FORMATS:
            with self.subTest(edi_format=edi_format):
                note = " ".join(self._read(edi_format, credit_note)["note"])
                self.assertIn("Commande annulée", note)
                self.assertIn("Goods are to be sent back.", note)

    def test_without_order_and_delivery(self):
        """As Odoo's of the invoice."""
        self._check(self.credit_note, order=[self.invoice.name])
        self.assertEqual(
            self._read("facturx", self.credit_note)["supply"], ["20260510"]
        )
        self.assertEqual(self._read("ubl_bis3", self.credit_note)["supply"], [])

    def test_of_no_invoice(self):
        alone = self._invoice(10.0, move_type="out_refund", invoice_date="2026-05-20")
        self._check(alone, order=[alone.name], prepaid=["0.00"], payable=["12.10"])

    def test_buyer_pays_to_no_account(self):
        for bank, accounts in (
            (self.bank_of_seller, []),
            (self.bank_of_buyer, [self.bank_of_buyer.sanitized_acc_number]),
        ):
            credit_note = self._invoice(
                10.0,
                move_type="out_refund",
                invoice_date="2026-05-20",
                partner_bank_id=bank.id,
            )
            self.assertEqual(credit_note.partner_bank_id, bank)
            self._check(credit_note, account=accounts)
            if not accounts:
                # Singapore has its own code in UBL.
                for edi_format in ("ubl_bis3", "xrechnung", "facturx"):
                    found = self._read(edi_format, credit_note)
                    self.assertEqual(found["means"], ["57"], edi_format)

    def test_invoice_is_that_of_odoo(self):
        self._check_invoice(self.supplied)


# Those that other addons of Odoo bring: {model: (its addon, {name: what it writes})}.
# Denmark's has no node for nothing, and its UBL 2.0 no supply on a credit note.
ADDONS = {
    "account.edi.xml.ubl_hr": ("l10n_hr_edi", {}),
    "account.edi.xml.ubl_ro": ("l10n_ro_edi", {}),
    "account.edi.xml.ubl.rs": ("l10n_rs_edi", {}),
    "account.edi.xml.pint_sg": ("l10n_sg_ubl_pint", {}),
    "account.edi.xml.pint_anz": ("l10n_anz_ubl_pint,l10n_au", {}),
    "account.edi.xml.pint_jp": (
        "l10n_jp_ubl_pint",
        {"ubl_start": ["2026-05-10"], "ubl_end": ["2026-05-10"]},
    ),
    "account.edi.xml.pint_my": ("l10n_my_ubl_pint", {}),
    "account.edi.xml.oioubl_21": ("l10n_dk_nemhandel", {"prepaid": []}),
    "account.edi.xml.oioubl_201": (
        "l10n_dk_oioubl",
        {"prepaid": [], "supply": [], "account": []},
    ),
}


@tagged("post_install", "-at_install")
class TestEdiOfAddons(EdiContentsCommon):
    """The same in the formats that addons of countries bring."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.formats = [model for model in ADDONS if model in cls.env.registry]
        # Odoo's addon reads a field of another one that it does not depend on.
        if "l10n_au_is_gst_registered" not in cls.env["res.company"]._fields:
            cls.formats = [name for name in cls.formats if "pint_anz" not in name]
        if not cls.formats:
            names = ",".join(addon for addon, _found in ADDONS.values())
            cls.skipTest(cls, f"not in this database: --with {names}")

    def setUp(self):
        super().setUp()
        self.credit_note = self._credit(
            self.supplied,
            date="2026-05-20",
            reason_id=self.reason.id,
            reason="par téléphone",
        )
        if "l10n_hr_edi.addendum" in self.env:
            # As Odoo does when it sends the document.
            for number, move in enumerate(self.supplied + self.credit_note, start=7):
                move.l10n_hr_edi_addendum_id = self.env["l10n_hr_edi.addendum"].create(
                    {
                        "move_id": move.id,
                        "fiscalization_number": f"{number}/1/1",
                        "invoice_sending_time": "2026-05-20 10:00:00",
                    }
                )

    def _builder(self, edi_format):
        return self.env[edi_format]

    def test_each(self):
        self.assertEqual(self.credit_note.amount_residual, 0.0)
        for edi_format in self.formats:
            content, _errors = self.env[edi_format]._export_invoice(self.credit_note)
            found = self._read(edi_format, self.credit_note)
            # In Croatia a file has another number than the document.
            name = self.supplied.name
            if edi_format == "account.edi.xml.ubl_hr":
                name = "7/1/1"
            with self.subTest(edi_format):
                self.assertEqual(self._references(content), [(name, "2026-05-10")])
                self.assertEqual(
                    {key: found[key] for key in found if key not in ("means", "total")},
                    {
                        "order": ["PO 4711"],
                        "reference": [name],
                        "ubl_start": [],
                        "ubl_end": [],
                        "note": ["Commande annulée – par téléphone"],
                        "supply": ["20260502"],
                        "prepaid": ["0.00"],
                        "payable": ["121.00"],
                        "account": [self.bank_of_buyer.sanitized_acc_number],
                        **ADDONS[edi_format][1],
                    },
                )

    def test_buyer_pays_to_no_account(self):
        self.credit_note.company_id.lock_posted_invoices = False
        self.credit_note.partner_bank_id = self.bank_of_seller
        self._check(self.credit_note, account=[])

    def test_invoice_is_that_of_odoo(self):
        self._check_invoice(self.supplied)
