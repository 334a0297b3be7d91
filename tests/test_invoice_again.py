import random
from unittest.mock import patch

from odoo import Command
from odoo.exceptions import UserError
from odoo.tests import Form, tagged

from .common import CreditNoteCommon
from .random_invoices import TAXES, RandomInvoices


@tagged("post_install", "-at_install")
class TestInvoiceAgain(RandomInvoices):
    """A credit note issued by mistake: the invoice from it takes it back to the cent.

    Odoo computes its taxes anew; a cent more than the credit note would be refused.
    """

    def _random_invoice(self, pick, **values):
        return self.env["account.move"].create(
            self._prepare_random_invoice(
                {
                    "currency": "company",
                    "cash": "",
                    "term": "",
                    "lines": [
                        {
                            "price": round(pick.uniform(0.01, 999.99), 2),
                            "quantity": pick.choice([1.0, 3.0, 0.5, 12.0]),
                            "discount": pick.choice([0.0, 10.0, 33.33]),
                            "taxes": pick.choice(TAXES),
                            "less": pick.choice(["", "", "quantity", "price"]),
                        }
                        for _line in range(pick.choice([1, 2, 4]))
                    ],
                    **values,
                }
            )
        )

    def _invoice_again(self, credit_note, post=True):
        again = self.env["account.move"].browse(
            credit_note.with_user(self.clerk).action_invoice_again()["res_id"]
        )
        if post:
            again.with_user(self.clerk).action_post()
        return again

    def assertTakenBack(self, credit_note, again):
        self.assertEqual(again.amount_total, credit_note.amount_total)
        self.assertEqual(again.amount_tax, credit_note.amount_tax)
        self.assertBookedToZero(credit_note + again)
        self.assertFalse(
            again.line_ids.tax_repartition_line_id.filtered(
                lambda line: line.document_type == "refund"
            )
        )

    def test_to_the_cent(self):
        pick = random.Random(8)
        for currency, rounding, cash in (
            ("company", "round_globally", "add_invoice_line"),
            ("EUR", "round_per_line", "biggest_tax"),
            ("JPY", "round_globally", ""),
            ("KWD", "round_per_line", "add_invoice_line"),
        ):
            self.env.company.tax_calculation_rounding_method = rounding
            invoice = self._random_invoice(pick, currency=currency, cash=cash)
            invoice.action_post()
            self._check_taken_back(invoice)

    def _check_taken_back(self, invoice):
        for values in (
            {"credit_method": "percentage", "percentage": 37},
            {
                "credit_method": "amount",
                "amount": invoice.currency_id.round(invoice.amount_total / 7),
            },
            {},
        ):
            with self.subTest(invoice=invoice.name, values=values):
                credit_note = self._credit(invoice, **values)
                again = self._invoice_again(credit_note)
                self.assertTakenBack(credit_note, again)
                self.assertEqual(
                    again.invoice_currency_rate, invoice.invoice_currency_rate
                )

    def test_rounding_and_tax_changed_since(self):
        self.env.company.tax_calculation_rounding_method = "round_globally"
        invoice = self._invoice(10.03, 10.03, 10.03)
        credit_note = self._credit(invoice)
        self.env.company.tax_calculation_rounding_method = "round_per_line"
        self.tax_sale_a.amount = 20.0
        self.assertTakenBack(credit_note, self._invoice_again(credit_note))

    def test_draft_is_edited(self):
        """Its taxes are those of what the clerk changed it to, and it is guarded."""
        invoice = self._invoice(100.0, 50.0)
        credit_note = self._credit(invoice)
        again = self._invoice_again(credit_note, post=False)
        with Form(again) as form, form.invoice_line_ids.edit(0) as line:
            line.price_unit = 80.0
        self.assertAlmostEqual(again.amount_total, 149.5)
        with Form(again) as form, form.invoice_line_ids.edit(0) as line:
            line.price_unit = 100.01
        with self.assertRaisesRegex(UserError, "more than is left of"):
            again.action_post()

    def test_keeps_sections_notes_and_links(self):
        invoice = self._create_invoice(
            invoice_origin="S00042",
            invoice_line_ids=[
                Command.create({"name": "Section", "display_type": "line_section"}),
                self._prepare_invoice_line(name="Goods", price_unit=10.0),
                Command.create({"name": "Note", "display_type": "line_note"}),
            ],
            post=True,
        )
        credit_note = self._credit(invoice)
        again = self._invoice_again(credit_note)
        self.assertEqual(
            again.invoice_line_ids.mapped("name"), ["Section", "Goods", "Note"]
        )
        self.assertEqual(again.invoice_origin, "S00042")
        self.assertEqual(again.reversed_entry_id, credit_note)
        # It can be credited in turn.
        self._credit(again)
        self.assertEqual(again.amount_creditable, 0.0)


@tagged("post_install", "-at_install")
class TestLatam(CreditNoteCommon):
    """Document types of Latin America, in the companies of Odoo's demo data.

    Run with `dev/test --with l10n_ar,l10n_cl,l10n_pe,l10n_ec :TestLatam`.
    """

    def _get_journals(self):
        """:return: of each company, its journals of customer documents with types"""
        if "l10n_latam_use_documents" not in self.env["account.journal"]._fields:
            self.skipTest(
                "not in this database: --with l10n_ar,l10n_cl,l10n_pe,l10n_ec"
            )
        journals = (
            self.env["account.journal"]
            .sudo()
            .search([("type", "=", "sale"), ("l10n_latam_use_documents", "=", True)])
        )
        self.assertTrue(journals, "there are no companies with demo data")
        self.env.user.sudo().company_ids |= journals.company_id
        return journals.grouped("company_id").items()

    def _post_invoices(self, company, journal, count):
        """:return: this many invoices to a customer such as the company itself"""
        self.env = env = self.env(context={"allowed_company_ids": company.ids})
        partner = env["res.partner"].browse(company.partner_id.id).copy()
        taxes = env["account.tax"].search(
            [
                ("company_id", "=", company.id),
                ("type_tax_use", "=", "sale"),
                ("amount", ">", 0.0),
                ("amount_type", "=", "percent"),
            ]
        )
        if "l10n_ar_vat_afip_code" in taxes.tax_group_id._fields:
            taxes = (
                taxes.filtered(
                    lambda tax: tax.tax_group_id.l10n_ar_vat_afip_code == "5"
                )
                or taxes
            )
        invoices = env["account.move"].create(
            [
                {
                    "move_type": "out_invoice",
                    "journal_id": journal.id,
                    "partner_id": partner.id,
                    "invoice_date": self.today,
                    "invoice_line_ids": [
                        Command.create(
                            {"name": "A", "price_unit": 100.0, "tax_ids": taxes[:1].ids}
                        )
                    ],
                }
            ]
            * count
        )
        for number, invoice in enumerate(invoices, start=1):
            if invoice.l10n_latam_manual_document_number:
                # Of the journal's point of sale, and none that demo data has.
                point = journal.l10n_ar_afip_pos_number
                invoice.l10n_latam_document_number = f"{point:05}-{90000000 + number}"
        invoices.action_post()
        return invoices

    def _get_numbered_journals(self):
        """:return: (company, journal) of those whose documents Odoo numbers"""
        found = []
        for company, journals in self._get_journals():
            for journal in journals:
                move = self.env["account.move"].new(
                    {"journal_id": journal.id, "company_id": company.id}
                )
                if not move._is_manual_document_number():
                    found.append((company, journal))
                    break
        return found

    def test_invoice_again(self):
        countries = set()
        for company, journal in self._get_numbered_journals():
            with self.subTest(company=company.name):
                [invoice] = self._post_invoices(company, journal, 1)
                credit_note = self._credit(invoice)
                self.assertEqual(
                    credit_note.l10n_latam_document_type_id.internal_type, "credit_note"
                )
                again = invoice.browse(credit_note.action_invoice_again()["res_id"])
                self.assertEqual(again.state, "draft")
                self.assertEqual(
                    again.l10n_latam_document_type_id,
                    invoice.l10n_latam_document_type_id,
                )
                again.action_post()
                self.assertEqual(again.amount_total, invoice.amount_total)
                self.assertNotEqual(again.name, invoice.name)
                countries.add(company.account_fiscal_country_id.code)
        self.assertEqual(
            countries & {"AR", "CL", "EC", "PE"},
            # sudo: which addons are installed is for administrators to see
            set(
                self.env["ir.module.module"]
                .sudo()
                .search(
                    [
                        ("name", "in", ("l10n_ar", "l10n_cl", "l10n_ec", "l10n_pe")),
                        ("state", "=", "installed"),
                    ]
                )
                .mapped(lambda module: module.name[-2:].upper())
            ),
        )

    def test_several_invoices(self):
        for company, journal in self._get_numbered_journals():
            with self.subTest(company=company.name):
                alone, *together = self._post_invoices(company, journal, 3)
                together = alone.browse(move.id for move in together)
                credit_note = self._credit(alone)
                credit_notes = self._credit(together)
                self.assertEqual(credit_notes.mapped("state"), ["posted", "posted"])
                self.assertEqual(
                    credit_notes.l10n_latam_document_type_id,
                    credit_note.l10n_latam_document_type_id,
                )
                self.assertEqual(
                    len(set((credit_note + credit_notes).mapped("name"))), 3
                )
                self.assertEqual(together.mapped("amount_creditable"), [0.0, 0.0])

    def test_several_invoices_with_typed_numbers(self):
        """The dialog has room for one number. In Argentina."""
        [(company, journals)] = [
            (company, journals)
            for company, journals in self._get_journals()
            if company.account_fiscal_country_id.code == "AR"
        ][:1]
        with patch.object(
            self.registry["account.move"],
            "_is_manual_document_number",
            lambda move: True,
        ):
            invoices = self._post_invoices(company, journals[0], 2)
            with self.assertRaisesRegex(UserError, "one at a time"):
                invoices.action_credit_note()
            self.assertTrue(invoices[0].action_credit_note())

    def test_several_journals(self):
        companies = [
            (company, journals)
            for company, journals in self._get_journals()
            if len(journals) > 1
        ]
        if not companies:
            self.skipTest("no company has two such journals: --with l10n_ar")
        for company, journals in companies:
            # sudo: of all companies
            moves = self.env["account.move"].sudo()
            for journal in journals[:2]:
                moves += moves.new(
                    {
                        "company_id": company.id,
                        "journal_id": journal.id,
                        "move_type": "out_invoice",
                    }
                )
            self.assertIn("one journal at a time", moves._get_document_type_refusal())

    def test_type_that_goes_with_it(self):
        """Peru: tickets have credit notes of their own. Chile: exports do."""
        self._get_journals()
        for origin, expected in (
            ("l10n_pe.document_type01", "l10n_pe.document_type07"),
            ("l10n_pe.document_type02", "l10n_pe.document_type07b"),
            ("l10n_cl.dc_a_f_dte", "l10n_cl.dc_nc_f_dte"),
            ("l10n_cl.dc_fe_dte", "l10n_cl.dc_ncex_dte"),
        ):
            kind = self.env.ref(origin, raise_if_not_found=False)
            if not kind:
                continue
            journal = (
                self.env["account.journal"]
                .sudo()
                .search(
                    [
                        (
                            "company_id.account_fiscal_country_id",
                            "=",
                            kind.country_id.id,
                        ),
                        ("l10n_latam_use_documents", "=", True),
                        ("type", "=", "sale"),
                    ],
                    limit=1,
                )
            )
            invoice = self.env["account.move"].new(
                {
                    "company_id": journal.company_id.id,
                    "journal_id": journal.id,
                    "l10n_latam_document_type_id": kind.id,
                    "move_type": "out_invoice",
                    "partner_id": journal.company_id.partner_id.id,
                }
            )
            values = invoice.sudo()._prepare_document_type("out_refund", journal)
            self.assertEqual(
                values["l10n_latam_document_type_id"], self.env.ref(expected).id, origin
            )
