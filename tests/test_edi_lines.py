from collections import defaultdict

from odoo.tests import tagged

from .document_amounts import compare_cii, compare_ubl, export_file
from .test_cents import ElectronicCentsCommon

SETTLEMENT = "SupplyChainTradeTransaction/ApplicableHeaderTradeSettlement"


@tagged("post_install", "-at_install", "neighbours")
class TestEdiLines(ElectronicCentsCommon):
    """What the lines of a Peppol credit note come to is what is booked."""

    def _fee_and_tax(self):
        fee = self._tax(0.37, amount_type="fixed", include_base_amount=True, sequence=0)
        return fee + self._tax(21)

    def _export(self, move):
        return export_file(move, "account.edi.xml.ubl_bis3")

    def _export_cii(self, move):
        return export_file(move, "account.edi.xml.cii")

    def _charges(self, file):
        """:return: [(indicator, code, amount)] of all lines"""
        return [
            tuple(
                file.find(name, node)[0].text
                for name in ("ChargeIndicator", "AllowanceChargeReasonCode", "Amount")
            )
            for node in file.find("CreditNoteLine/AllowanceCharge")
        ]

    def assertAmountsOfCategoriesAgree(self, file, line_tag="CreditNoteLine"):
        """BR-S-08, BR-E-08, BR-AE-08 of EN 16931."""

        def add_up(nodes, category, amount):
            sums = defaultdict(float)
            for node in nodes:
                key = tuple(
                    file.find(f"{category}/{name}", node)[0].text
                    for name in ("ID", "Percent")
                )
                sums[key] += file.amount(amount, node)
            return {key: round(value, 2) for key, value in sums.items()}

        self.assertEqual(
            add_up(
                file.find(line_tag), "Item/ClassifiedTaxCategory", "LineExtensionAmount"
            ),
            add_up(file.find("TaxTotal/TaxSubtotal"), "TaxCategory", "TaxableAmount"),
        )

    def test_fee_that_a_lower_price_leaves_alone(self):
        """A fee of 0.00 was an allowance with a code of charges: BR-CL-19."""
        invoice = self._invoice_of((90.0, self._fee_and_tax()))
        credit_note = self._credit_line(invoice.invoice_line_ids, price_unit=30.0)
        file = self._export(credit_note)
        self.assertEqual(self._charges(file), [("true", "AEO", "0.00")])
        self.assertOneTruth(credit_note, compare_ubl)

    def test_fee_of_less_than_a_cent_in_company_currency(self):
        """It was taken off, and should have been added: BR-CO-16."""
        currency = self.setup_other_currency(
            "SEK", rates=[("2016-01-01", 11.4), ("2017-01-01", 11.4)]
        )
        invoice = self._invoice_of(
            *[(90.0, self._fee_and_tax())] * 3, currency_id=currency.id
        )
        credit_note = self._credit_percentage(invoice, 5.0)
        charges = self._charges(self._export(credit_note))
        self.assertEqual(
            charges, [("true", "AEO", amount) for amount in ("0.01", "0.02", "0.02")]
        )
        self.assertOneTruth(credit_note, compare_ubl)

    def test_lines_of_each_category(self):
        """A cent that discounts made went to lines of any tax: BR-E-08."""
        high, exempt, reverse = (
            self._tax(percent, ubl_cii_tax_category_code=code)
            for percent, code in ((21, "S"), (0, "E"), (0.0, "AE"))
        )
        for rounding in ("round_globally", "round_per_line"):
            invoice = self._invoice_of(
                *(
                    (price, tax, {"quantity": quantity, "discount": discount})
                    for tax in (high, exempt, reverse)
                    for price, quantity, discount in (
                        (1.13, 3.0, 12.5),
                        (13.57, 7.0, 33.33),
                        (99.99, 1.25, 5.0),
                        (0.87, 12.0, 0.0),
                    )
                ),
                rounding=rounding,
            )
            for percentage in (12.34, 33.3, 5.0):
                with self.subTest(rounding=rounding, percentage=percentage):
                    credit_note = self._credit_percentage(invoice, percentage)
                    self.assertAmountsOfCategoriesAgree(self._export(credit_note))
                    self.assertOneTruth(credit_note, compare_ubl)

    def test_early_discount_of_less_than_a_cent(self):
        """An allowance of 0.00 was in no total: BR-CO-11."""
        invoice = self._invoice_of(
            (10.0, self._tax(21)),
            invoice_payment_term_id=self._early_discount_term().id,
        )
        credit_note = self._credit_percentage(invoice, 1.0)
        self.assertFalse(self._export(credit_note).find("AllowanceCharge"))
        self.assertOneTruth(credit_note, compare_ubl)

    def assertTaxIsShareOfBase(self, file, tax, base, rate, delta=0.01):
        """BR-CO-17 and BR-S-09 of EN 16931, to the cent."""
        nodes = file.find(tax)
        self.assertTrue(nodes)
        for node in nodes:
            self.assertAlmostEqual(
                file.amount(base[0], node),
                file.amount(base[1], node) * file.amount(rate, node) / 100,
                delta=delta,
            )

    def test_early_discount_that_was_taken(self):
        """Its lines bore the discount, and their tax a second one: BR-S-09."""
        high, low = self._tax(21, price_include_override="tax_included"), self._tax(6)
        invoice = self._invoice_of(
            (1000.0, high),
            (500.0, low),
            invoice_payment_term_id=self._early_discount_term().id,
        )
        self._register_payment(invoice, payment_date=invoice.invoice_date)
        credit_note = self._credit(invoice)
        file = self._export(credit_note)
        self.assertTaxIsShareOfBase(
            file,
            "TaxTotal/TaxSubtotal",
            ("TaxAmount", "TaxableAmount"),
            "TaxCategory/Percent",
        )
        for line in file.find("CreditNoteLine"):
            self.assertAlmostEqual(
                file.amount("LineExtensionAmount", line),
                file.amount("Price/PriceAmount", line),
                delta=0.01,
            )
        self.assertOneTruth(credit_note, compare_ubl)

    def test_early_discount_that_left_the_tax_alone(self):
        """The tax is on the whole price, and the price was paid less the discount: the
        base of the tax said the lower price, BR-CO-17 and BR-S-09.
        """
        high = self._tax(21, price_include_override="tax_included")
        low = self._tax(6)
        fee = self._tax(0.4, amount_type="fixed", include_base_amount=True, sequence=0)
        other = self.setup_other_currency("EUR", rates=[("2020-01-01", 1.3337)])
        for rounding in ("round_globally", "round_per_line"):
            for currency in (self.env.company.currency_id, other):
                invoice = self._invoice_of(
                    (1000.0, high),
                    (499.98, low + fee),
                    (333.33, low),
                    (50.0, self._tax(0, name=f"exempt {rounding} {currency.name}")),
                    rounding=rounding,
                    invoice_payment_term_id=self._early_discount_term("excluded").id,
                    currency_id=currency.id,
                )
                self._register_payment(invoice, payment_date=invoice.invoice_date)
                self._credit_percentage(invoice, 10.0)
                credit_note = self._credit(invoice)
                for export, compare, names in (
                    (
                        self._export,
                        compare_ubl,
                        (
                            "TaxTotal/TaxSubtotal",
                            ("TaxAmount", "TaxableAmount"),
                            "TaxCategory/Percent",
                        ),
                    ),
                    (
                        self._export_cii,
                        compare_cii,
                        (
                            f"{SETTLEMENT}/ApplicableTradeTax",
                            ("CalculatedAmount", "BasisAmount"),
                            "RateApplicablePercent",
                        ),
                    ),
                ):
                    with self.subTest(
                        rounding=rounding, currency=currency.name, file=compare.__name__
                    ):
                        file = export(credit_note)
                        # Each line's tax is rounded, in each part.
                        self.assertTaxIsShareOfBase(file, *names, delta=0.02)
                        self.assertEqual(len(file.find(names[0])), 3, "categories")
                        self.assertOneTruth(credit_note, compare)

    def test_rounding_that_changed_since(self):
        """Odoo's copy of the whole invoice came to another tax in Factur-X: BR-CO-15"""
        tax, included = (
            self._tax(19),
            self._tax(19, price_include_override="tax_included"),
        )
        invoice = self._invoice_of(
            (82.68, tax, {"quantity": 7.0}),
            (51.15, included, {"quantity": 3.0, "discount": 5.0}),
            (560.08, tax, {"quantity": 12.0}),
            (8.71, tax, {"quantity": 3.0, "discount": 10.0}),
        )
        self.env.company.tax_calculation_rounding_method = "round_per_line"
        credit_note = self._credit(invoice)
        for compare in (compare_ubl, compare_cii):
            # That of the invoice, which Odoo makes anew, would be wrong now, too.
            wrong = [str(item) for item in compare(credit_note) if not item.is_equal]
            self.assertEqual(wrong, [], compare.__name__)
