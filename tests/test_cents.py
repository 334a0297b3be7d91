from lxml import html

from odoo import Command
from odoo.tests import Form, tagged

from .common import CreditNoteCommon
from .document_amounts import compare_cii, compare_ubl, get_comparisons


class CentsCommon(CreditNoteCommon):
    def _tax(self, percent, **values):
        return self.tax_sale_a.copy(
            {"name": f"{percent} % {values}", "amount": percent, **values}
        )

    def _invoice_of(self, *lines, rounding="round_globally", **values):
        """:param lines: (price, tax, other values) of each line"""
        self.env.company.tax_calculation_rounding_method = rounding
        return self._create_invoice(
            partner_id=self.partner_a.id,
            invoice_line_ids=[
                self._prepare_invoice_line(
                    name=f"Line {number}",
                    price_unit=price,
                    tax_ids=tax,
                    **(others[0] if others else {}),
                )
                for number, (price, tax, *others) in enumerate(lines, start=1)
            ],
            post=True,
            **values,
        )

    def _credit_line(self, line, **values):
        return self._credit(
            line.move_id,
            credit_method="lines",
            line_ids=[
                Command.create(
                    {
                        "invoice_line_id": line.id,
                        "quantity": line.quantity_creditable,
                        **values,
                    }
                )
            ],
        )

    def _early_discount_term(self, computation="mixed"):
        return self.env["account.payment.term"].create(
            {
                "name": f"2/7, {computation}",
                "early_discount": True,
                "discount_percentage": 2,
                "discount_days": 7,
                "early_pay_discount_computation": computation,
                "line_ids": [Command.create({"value": "percent", "value_amount": 100})],
            }
        )

    def _credit_percentage(self, invoice, percentage):
        return self._credit(invoice, credit_method="percentage", percentage=percentage)

    def _print(self, move):
        """:return: the text that is printed"""
        content, _type = self.env["ir.actions.report"]._render_qweb_html(
            "account.account_invoices", move.ids
        )
        return " ".join(" ".join(html.fromstring(content).itertext()).split())

    def assertOneTruth(self, credit_note, compare=get_comparisons):
        """What Odoo's own invoice does not keep is not asked of its credit notes."""
        excused = {
            comparison.name
            for comparison in compare(credit_note.reversed_entry_id)
            if not comparison.is_equal
        }
        comparisons = [
            comparison
            for comparison in compare(credit_note)
            if comparison.name not in excused
        ]
        self.assertTrue(comparisons)
        wrong = [
            str(comparison) for comparison in comparisons if not comparison.is_equal
        ]
        if wrong:
            self.fail("\n".join(wrong))


@tagged("post_install", "-at_install")
class TestCents(CentsCommon):
    """Where a part of an invoice comes to no whole cents, all say the same."""

    def test_discounted_lines_one_after_the_other(self):
        """The second was booked as 96.37 and printed as 96.38."""
        invoice = self._invoice_of(
            (19.58, self.tax_sale_a, {"quantity": 2.0, "discount": 12.5}),
            (88.22, self.tax_sale_a, {"discount": 5.0}),
        )
        for line in invoice.invoice_line_ids:
            credit_note = self._credit_line(line)
            self.assertOneTruth(credit_note)
            total = f"{credit_note.amount_total:.2f}"
            self.assertIn(f"Total $ {total}", self._print(credit_note))
        self.assertEqual(invoice.amount_creditable, 0.0)
        self.assertCreditedToZero(invoice)

    def test_part_of_prices_with_tax_in_them(self):
        """5.68 was printed as 5.69."""
        tax = self._tax(21, price_include_override="tax_included")
        for rounding in ("round_globally", "round_per_line"):
            with self.subTest(rounding=rounding):
                invoice = self._invoice_of((24.9, tax), (3.5, tax), rounding=rounding)
                credit_note = self._credit_percentage(invoice, 20.0)
                self.assertEqual(credit_note.amount_total, 5.68)
                self.assertOneTruth(credit_note)
                self.assertIn("Total $ 5.68", self._print(credit_note))

    def test_parts_of_prices_with_tax_in_them(self):
        """16 of 75 such parts, 7 of 75 with the other rounding, were off by a cent."""
        tax = self._tax(21, price_include_override="tax_included")
        for rounding in ("round_globally", "round_per_line"):
            for percentage in (1, 7, 12.5, 20, 33.3, 41, 50, 66.6, 80, 99):
                with self.subTest(rounding=rounding, percentage=percentage):
                    invoice = self._invoice_of(
                        (24.9, tax), (3.5, tax), (7.77, tax), rounding=rounding
                    )
                    self.assertOneTruth(self._credit_percentage(invoice, percentage))
                    self.assertOneTruth(self._credit(invoice))

    def test_part_of_two_rates(self):
        high, low = self._tax(21), self._tax(6)
        invoice = self._invoice_of(
            (100.0, high, {"quantity": 2.0}),
            (33.33, low, {"quantity": 3.0, "discount": 10.0}),
        )
        credit_note = self._credit_percentage(invoice, 33.3)
        self.assertOneTruth(credit_note)
        self.assertOneTruth(self._credit(invoice))
        self.assertCreditedToZero(invoice)

    def test_equal_lines_differ_by_a_cent_at_most(self):
        """All missing cents went to one line: it became a charge, or got lost."""
        # Of the other rounding, the first alone: more takes half a minute.
        for count, price, percentage, total, amounts in (
            (120, 0.99, 50.0, 68.31, {0.49, 0.50}),
            (60, 0.29, 50.0, 10.01, {0.14, 0.15}),
            (100, 0.99, 50.0, 56.93, {0.49, 0.50}),
            (4, 0.05, 50.0, 0.12, {0.02, 0.03}),
            (24, 19.95, 12.5, 68.83, {2.49, 2.50}),
        ):
            for rounding in ("round_globally", "round_per_line"):
                if rounding == "round_per_line" and count < 120:
                    continue
                with self.subTest(count=count, price=price, rounding=rounding):
                    invoice = self._invoice_of(
                        *([(price, self.tax_sale_a)] * count), rounding=rounding
                    )
                    credit_note = self._credit_percentage(invoice, percentage)
                    lines = credit_note.invoice_line_ids
                    self.assertEqual(lines.credited_line_id, invoice.invoice_line_ids)
                    self.assertLessEqual({*lines.mapped("price_subtotal")}, amounts)
                    self.assertLessEqual({*lines.mapped("debit")}, amounts)
                    if rounding == "round_globally":
                        self.assertEqual(credit_note.amount_total, total)
                    rest = self._credit(invoice).invoice_line_ids
                    self.assertEqual(rest.credited_line_id, invoice.invoice_line_ids)
                    self.assertGreater(min(rest.mapped("price_subtotal")), 0.0)
                    self.assertCreditedToZero(invoice)

    def test_discount_that_lowers_the_tax_of_its_own_lines(self):
        """Tax reduced whether or not the customer pays early: 98.67 and -0.67 were the
        bases of a line of 100.00 at 21 %, credited beside one at 6 %.
        """
        high, low = self._tax(21), self._tax(6)
        for tax in (high, low):
            tax.tax_group_id = tax.tax_group_id.copy({"name": tax.name})
        term = self._early_discount_term()
        invoice = self._invoice_of(
            (100.0, high), (50.0, low), invoice_payment_term_id=term.id
        )
        credit_note = self._credit_line(invoice.invoice_line_ids[0])
        self.assertEqual(credit_note.amount_total, 120.58)
        items = credit_note.line_ids
        for tax, base, amount in ((high, 98.0, 20.58), (low, 0.0, 0.0)):
            self.assertAlmostEqual(
                sum(
                    items.filtered(lambda item, tax=tax: tax in item.tax_ids).mapped(
                        "balance"
                    )
                ),
                base,
            )
            self.assertAlmostEqual(
                sum(
                    items.filtered(
                        lambda item, tax=tax: item.tax_line_id == tax
                    ).mapped("balance")
                ),
                amount,
            )
        self.assertNotIn(low, items.tax_ids + items.tax_line_id)
        self.assertEqual(credit_note.tax_totals["total_amount_currency"], 120.58)
        self.assertIn("Total $ 120.58", self._print(credit_note))
        rest = self._credit(invoice)
        # 50.00 less 2 %, at 6 %
        self.assertEqual(rest.amount_total, 52.94)
        self.assertEqual(rest.tax_totals["total_amount_currency"], 52.94)
        self.assertCreditedToZero(invoice)

    def test_discount_of_a_line_beside_one_that_takes_back(self):
        """Nothing was taken off what bears the tax, and the tax was less for it."""
        tax = self._tax(21)
        invoice = self._invoice_of(
            (100.0, tax),
            (100.0, tax),
            (90.0, tax, {"quantity": -1.0}),
            invoice_payment_term_id=self._early_discount_term().id,
        )
        items = self._credit_line(invoice.invoice_line_ids[0]).line_ids
        discount = items.filtered(lambda item: item.display_type == "epd")
        self.assertEqual(sorted(discount.mapped("balance")), [-2.0, 2.0])
        self.assertEqual(items.filtered("tax_line_id").balance, 20.58)
        self._credit(invoice)
        self.assertCreditedToZero(invoice)

    def test_printed_unit_prices_are_prices(self):
        """20 % of 24.90 was printed as 4.972741."""
        tax = self._tax(21, price_include_override="tax_included")
        invoice = self._invoice_of((24.9, tax), (3.5, tax))
        credit_note = self._credit_percentage(invoice, 20.0)
        self.assertEqual(
            credit_note.invoice_line_ids.mapped("price_unit"), [4.98, 0.70]
        )

    def test_unit_prices_have_more_digits_only_where_their_amount_needs_them(self):
        invoice = self._invoice_of(
            (33.33, self.tax_sale_a, {"quantity": 3.0}),
            (12.34, self.tax_sale_a),
            (9.99, self.tax_sale_a, {"quantity": 2.0, "discount": 10.0}),
            (0.07, self.tax_sale_a, {"quantity": 144.0}),
        )
        checked = 0
        for percentage in (10.0, 33.3, 17.0):
            credit_note = self._credit_percentage(invoice, percentage)
            for line in credit_note.invoice_line_ids:
                short = round(line.price_unit, 2)
                whole = line.quantity * (1 - line.discount / 100)
                amount = line.currency_id.round(whole * short)
                if amount == line.price_subtotal:
                    self.assertEqual(line.price_unit, short, line.name)
                    checked += 1
                else:
                    self.assertEqual(
                        line.currency_id.round(whole * line.price_unit),
                        line.price_subtotal,
                        line.name,
                    )
        self.assertGreater(checked, 3)


class ElectronicCentsCommon(CentsCommon):
    """Company and customer are known to Peppol."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        if "account.edi.xml.ubl_bis3" not in cls.env.registry:
            cls.skipTest(cls, "no UBL in this database: --with account_edi_ubl_cii")
        for partner, vat in (
            (cls.env.company.partner_id, "BE0202239951"),
            (cls.partner_a, "BE0477472701"),
        ):
            partner.write({"vat": vat, "country_id": cls.env.ref("base.be").id})


@tagged("post_install", "-at_install")
class TestCentsOfElectronicFiles(ElectronicCentsCommon):
    """The same parts as Peppol BIS 3 and Factur-X say them."""

    def assertFilesAgree(self, move):
        self.assertOneTruth(
            move, lambda document: [*compare_ubl(document), *compare_cii(document)]
        )

    def test_part_of_prices_with_tax_in_them(self):
        tax = self._tax(21, price_include_override="tax_included")
        for rounding in ("round_globally", "round_per_line"):
            with self.subTest(rounding=rounding):
                invoice = self._invoice_of((24.9, tax), (3.5, tax), rounding=rounding)
                self.assertFilesAgree(self._credit_percentage(invoice, 20.0))

    def test_part_of_two_rates(self):
        """96.56 + 15.78 was not 112.35: BR-CO-15, a file that is refused."""
        high, low = self._tax(21), self._tax(6)
        for rounding in ("round_globally", "round_per_line"):
            for percentage in (33.3, 11.1, 7.0, 66.6):
                with self.subTest(rounding=rounding, percentage=percentage):
                    invoice = self._invoice_of(
                        (100.0, high, {"quantity": 2.0}),
                        (33.33, low, {"quantity": 3.0, "discount": 10.0}),
                        rounding=rounding,
                    )
                    self.assertFilesAgree(self._credit_percentage(invoice, percentage))
                    self.assertFilesAgree(self._credit(invoice))

    def test_discount_that_lowers_the_tax_of_its_own_lines(self):
        high, low = self._tax(21), self._tax(6)
        term = self._early_discount_term()
        invoice = self._invoice_of(
            (100.0, high), (50.0, low), invoice_payment_term_id=term.id
        )
        credit_note = self._credit_line(invoice.invoice_line_ids[0])
        totals = {
            comparison.name: comparison.amount
            for comparison in compare_ubl(credit_note)
        }
        self.assertEqual(totals["UBL TaxInclusiveAmount / ledger"], 120.58)


@tagged("post_install", "-at_install")
class TestCentsOfDrafts(CentsCommon):
    """A draft keeps the amounts of its plan until somebody changes what they are of."""

    def setUp(self):
        super().setUp()
        self.invoice = self._invoice_of(
            (100.0, self._tax(21.0), {"quantity": 2.0}),
            (33.33, self._tax(6.0), {"quantity": 3.0, "discount": 10.0}),
        )
        wizard = self._wizard(self.invoice, credit_method="percentage", percentage=33.3)
        wizard.action_save_draft()
        self.draft = wizard.new_move_ids

    def _read_amounts(self):
        return {
            item: (item.amount_currency, item.balance, item.price_subtotal)
            for item in self.draft.line_ids
        }

    def test_opened_and_saved(self):
        before = self._read_amounts()
        with Form(self.draft) as form:
            form.narration = "Seen"
        self.env.flush_all()
        self.env.invalidate_all()
        self.assertEqual(self._read_amounts(), before)
        self.assertOneTruth(self.draft)

    def test_price_is_changed(self):
        line = self.draft.invoice_line_ids[0]
        other = self.draft.invoice_line_ids[1]
        kept = (other.price_subtotal, other.price_total)
        with Form(self.draft) as form, form.invoice_line_ids.edit(0) as edited:
            edited.price_unit = 20.0
        self.assertEqual((line.price_subtotal, line.price_total), (40.0, 48.4))
        self.assertEqual((other.price_subtotal, other.price_total), kept)
        self.assertAlmostEqual(self.draft.amount_total, 48.4 + kept[1])
        self.assertOneTruth(self.draft)
