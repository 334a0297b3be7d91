from itertools import count

from odoo import Command
from odoo.tests import tagged

from .random_invoices import TAXES, RandomInvoices


@tagged("post_install", "-at_install")
class TestTaxes(RandomInvoices):
    """Of which tax, and on which account, a part of an invoice is credited."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.revenue = cls.company_data["default_account_revenue"]
        cls.other_revenue = cls.revenue.copy({"name": "other revenue"})
        cls.numbers = count()
        cls.tax_account = cls.company_data["default_account_tax_sale"]

    def _tax(self, *accounts, factors=(100.0,), **values):
        """A tax of 15 % on these accounts; on that of the invoice line where False."""
        return self.tax_sale_a.copy(
            {
                "name": f"15 % number {next(self.numbers)}",
                **{
                    f"{document}_repartition_line_ids": [
                        Command.clear(),
                        Command.create({"repartition_type": "base"}),
                        *(
                            Command.create(
                                {
                                    "repartition_type": "tax",
                                    "factor_percent": factor,
                                    "account_id": account and account.id,
                                }
                            )
                            for account, factor in zip(accounts, factors, strict=True)
                        ),
                    ]
                    for document in ("invoice", "refund")
                },
                **values,
            }
        )

    def _invoice_of(self, *lines, **values):
        """:param lines: (price, taxes, other values) of each line"""
        return self._create_invoice(
            invoice_line_ids=[
                self._prepare_invoice_line(
                    name=f"Line {number}",
                    price_unit=price,
                    tax_ids=taxes,
                    **(others[0] if others else {}),
                )
                for number, (price, taxes, *others) in enumerate(lines, start=1)
            ],
            post=True,
            **values,
        )

    def _credit_line(self, invoice, number, quantity=1.0, **values):
        """:return: credit note of one line of the invoice, as previewed"""
        line = invoice.invoice_line_ids[number]
        wizard = self._wizard(
            invoice,
            credit_method="lines",
            line_ids=[
                Command.create(
                    {"invoice_line_id": line.id, "quantity": quantity, **values}
                )
            ],
        )
        preview = wizard._get_preview(invoice)
        wizard.action_issue()
        self.assertAmount(wizard.new_move_ids.amount_total, preview["total"], invoice)
        self.assertAmount(wizard.new_move_ids.amount_tax, preview["tax"], invoice)
        return wizard.new_move_ids

    def _get_balances(self, credit_note):
        """:return: {account: balance} without the receivable"""
        return {
            account: round(sum(lines.mapped("balance")), 2)
            for account, lines in credit_note.line_ids.grouped("account_id").items()
            if account.account_type != "asset_receivable"
        }

    def test_tax_items_of_two_accounts(self):
        """Each tax item of the invoice has one on the credit note, and none is 0.00."""
        tax = self._tax(False)
        for values in ({}, {"credit_method": "percentage", "percentage": 30}):
            invoice = self._invoice_of(
                (100.0, tax, {"account_id": self.revenue.id}),
                (20.0, tax, {"account_id": self.other_revenue.id}),
            )
            credit_note = self._credit(invoice, **values)
            share = 0.3 if values else 1.0
            self.assertEqual(
                sorted(
                    (item.account_id.id, round(item.balance, 2))
                    for item in credit_note.line_ids.filtered("tax_line_id")
                ),
                sorted(
                    [
                        (self.revenue.id, round(15.0 * share, 2)),
                        (self.other_revenue.id, round(3.0 * share, 2)),
                    ]
                ),
            )

    def test_tax_on_the_account_of_its_line(self):
        """A tax that is not recovered: it has no account of its own."""
        tax = self._tax(False)
        lines = (
            (100.0, tax, {"account_id": self.revenue.id}),
            (10.01, tax, {"account_id": self.other_revenue.id}),
        )
        for steps in (
            [],
            [{"credit_method": "percentage", "percentage": 37}] * 2,
            [{"credit_method": "amount", "amount": amount} for amount in (1, 7.77, 33)],
        ):
            with self.subTest(steps=steps):
                invoice = self._invoice_of(*lines)
                for values in steps:
                    self._credit(invoice, **values)
                self._credit(invoice)
                self.assertCreditedToZero(invoice)
        invoice = self._invoice_of(*lines)
        self.assertEqual(
            self._get_balances(self._credit_line(invoice, 0)), {self.revenue: 115.0}
        )
        self.assertEqual(
            self._get_balances(self._credit_line(invoice, 1)),
            {self.other_revenue: 11.51},
        )
        self.assertCreditedToZero(invoice)

    def test_tax_got_an_account_since(self):
        """And the other way around: the accounts are those of the invoice."""
        for account, new_account in (
            (False, self.tax_account),
            (self.tax_account, False),
            (self.tax_account, self.other_revenue),
        ):
            with self.subTest(account=account, new_account=new_account):
                tax = self._tax(account)
                invoice = self._invoice_of(
                    (100.0, tax, {"account_id": self.revenue.id}),
                    (10.01, tax, {"account_id": self.other_revenue.id}),
                )
                (
                    tax.invoice_repartition_line_ids + tax.refund_repartition_line_ids
                ).filtered(
                    lambda line: line.repartition_type == "tax"
                ).account_id = new_account
                self._credit(invoice, credit_method="percentage", percentage=30)
                self._credit(invoice)
                self.assertCreditedToZero(invoice)

    def test_tax_on_several_accounts(self):
        for accounts, factors in (
            ((self.tax_account, False), (60.0, 40.0)),
            ((self.tax_account, self.other_revenue), (33.33, 66.67)),
            ((self.tax_account, self.other_revenue), (100.0, -100.0)),
        ):
            with self.subTest(accounts=accounts, factors=factors):
                tax = self._tax(*accounts, factors=factors)
                invoice = self._invoice_of(
                    (33.33, tax), (77.79, tax), (10.05, self.tax_sale_a)
                )
                self._credit_line(invoice, 1)
                self._credit(invoice, credit_method="amount", amount=7.77)
                self._credit(invoice)
                self.assertCreditedToZero(invoice)

    def test_tax_is_zero_since(self):
        """A line is credited with the tax that was invoiced on it."""
        tax = self._tax(self.tax_account)
        invoice = self._invoice_of((100.0, tax), (50.0, tax), (10.0, self.tax_sale_a))
        tax.amount = 0.0
        self.assertEqual(self._credit_line(invoice, 0).amount_tax, 15.0)
        credit_note = self._credit(
            invoice, credit_method="percentage", percentage=10
        )  # 18.40 of 69.00: the same share of each line
        self.assertEqual(credit_note.amount_tax, 2.4)
        self._credit(invoice)
        self.assertCreditedToZero(invoice)

    def test_group_lost_a_tax_since(self):
        group = self.taxes["group"]
        invoice = self._invoice_of((100.0, group), (50.0, group))
        expected = self._invoice_of((100.0, group)).amount_tax
        group.children_tax_ids = group.children_tax_ids[0]
        self.assertAmount(self._credit_line(invoice, 0).amount_tax, expected, invoice)
        self._credit(invoice)
        self.assertCreditedToZero(invoice)

    def test_lines_that_cancel_each_other_out(self):
        """Their tax comes to nothing, that of one of them does not."""
        currency = self.currencies["EUR"]
        for values in ({}, {"currency_id": currency.id}):
            with self.subTest(values=values):
                tax = self._tax(self.tax_account)
                invoice = self._invoice_of(
                    (100.0, tax, {"quantity": 2.0}),
                    (-200.0, tax),
                    (300.0, self.tax_sale_a),
                    **values,
                )
                self.assertEqual(self._credit_line(invoice, 0).amount_tax, 15.0)
                self._credit(invoice)
                self.assertCreditedToZero(invoice)

    def test_cents_of_tax_that_come_to_nothing(self):
        """A tax that is no item of the invoice is one of the part that is credited."""
        tax = self._tax(self.tax_account)
        invoice = self._invoice_of((0.10, tax), (-0.10, tax), (5.0, self.tax_sale_a))
        self.assertNotIn(tax, invoice.line_ids.tax_line_id)
        credit_note = self._credit_line(invoice, 0)
        self.assertEqual(credit_note.amount_tax, 0.02)
        self._credit(invoice)
        self.assertCreditedToZero(invoice)

    def test_fixed_tax_of_its_line(self):
        """The fixed tax of one line is taxed in turn, that of the other is not."""
        fixed, both = self.taxes["fixed"], self.taxes["fixed_two"]
        percent = both - fixed
        invoice = self._invoice_of(
            (100.0, both, {"quantity": 10.0}), (50.0, fixed, {"quantity": 10.0})
        )
        credit_note = self._credit_line(invoice, 0, quantity=10.0)
        [taxed] = credit_note.line_ids.filtered(
            lambda line: line.tax_line_id == fixed and line.balance
        )
        self.assertEqual(taxed.tax_ids, percent)
        self.assertAlmostEqual(taxed.balance, 3.7)
        self._credit(invoice)
        self.assertCreditedToZero(invoice)

    def test_account_of_its_own_for_credit_notes(self):
        """As all taxes of Argentina: it is not less tax due, but tax to deduct."""
        own = self.tax_account.copy({"name": "tax of credit notes"})
        tax = self._tax(self.tax_account)
        tax.refund_repartition_line_ids.filtered(
            lambda line: line.repartition_type == "tax"
        ).account_id = own
        for steps in (
            [],
            [{"credit_method": "percentage", "percentage": 37}] * 2,
            [{"credit_method": "amount", "amount": 7.77}],
        ):
            invoice = self._invoice_of((33.33, tax), (77.79, tax))
            expected = self._get_items(invoice._reverse_moves()).keys()
            invoice.reversal_move_ids.unlink()
            for values in [*steps, {}]:
                credit_note = self._credit(invoice, **values)
                self.assertEqual(
                    credit_note.line_ids.filtered("tax_line_id").account_id, own
                )
            if not steps:
                self.assertEqual(self._get_items(credit_note).keys(), expected)
            self.assertAlmostEqual(
                sum(
                    (invoice + invoice.reversal_move_ids)
                    .line_ids.filtered("tax_line_id")
                    .mapped("balance")
                ),
                0.0,
            )
            self.assertEqual(invoice.payment_state, "reversed")
            self.assertEqual(invoice.amount_creditable, 0.0)
        again = self.env["account.move"].browse(
            credit_note.action_invoice_again()["res_id"]
        )
        self.assertEqual(
            again.line_ids.filtered("tax_line_id").account_id, self.tax_account
        )

    def test_lower_price_of_a_line_with_a_fixed_tax(self):
        """So much for each piece, whatever it costs: it is not credited."""
        fixed, both = self.taxes["fixed"], self.taxes["fixed_two"]
        invoice = self._invoice_of((100.0, both, {"quantity": 10.0}))
        credit_note = self._credit_line(invoice, 0, quantity=10.0, price_unit=20.0)
        self.assertAlmostEqual(credit_note.amount_untaxed, 200.0)
        self.assertAlmostEqual(credit_note.amount_tax, 40.0)
        self.assertFalse(
            sum(
                credit_note.line_ids.filtered(
                    lambda line: line.tax_line_id == fixed
                ).mapped("balance")
            )
        )
        rest = self._credit_line(invoice, 0, quantity=10.0)
        self.assertAlmostEqual(rest.amount_tax, 10 * 0.37 + 160.74)
        self.assertCreditedToZero(invoice)

    def test_small_lines_with_a_fixed_tax(self):
        """Cents that lines are rounded to are not the share of their tax."""
        both = self.taxes["fixed_two"]
        invoice = self._invoice_of(
            (0.01, both, {"quantity": 2.0}), (0.01, both, {"quantity": -0.93})
        )
        amount = invoice.currency_id.round(invoice.amount_total * 0.66)
        credit_note = self._credit(invoice, credit_method="amount", amount=amount)
        self.assertEqual(credit_note.amount_total, amount)
        self._credit(invoice)
        self.assertCreditedToZero(invoice)

    def test_free_lines_with_a_fixed_tax(self):
        """All that is invoiced is tax."""
        fixed = self.taxes["fixed"]
        invoice = self._invoice_of(
            (0.0, fixed, {"quantity": 100.0}), (0.0, fixed, {"quantity": 50.0})
        )
        self.assertEqual(invoice.amount_untaxed, 0.0)
        credit_note = self._credit(invoice, credit_method="amount", amount=10.0)
        self.assertAlmostEqual(credit_note.amount_total, 10.0)
        self._credit(invoice)
        self.assertCreditedToZero(invoice)
        invoice = self._invoice_of(
            (0.0, fixed, {"quantity": 100.0}), (0.0, fixed, {"quantity": 50.0})
        )
        self.assertAlmostEqual(self._credit_line(invoice, 1, 20.0).amount_total, 7.4)
        self.assertAlmostEqual(self._credit_line(invoice, 1, 30.0).amount_total, 11.1)
        self.assertAlmostEqual(self._credit_line(invoice, 0, 100.0).amount_total, 37.0)
        self.assertCreditedToZero(invoice)

    def test_free_line_that_is_not_ticked(self):
        """All of the amount is credited, and the gift is not taken back."""
        invoice = self._invoice_of((100.0, self.tax_sale_a), (0.0, self.tax_sale_a))
        paid, gift = invoice.invoice_line_ids
        credit_note = self._credit_line(invoice, 0)
        self.assertEqual(credit_note.invoice_line_ids.credited_line_id, paid)
        self.assertEqual(gift.quantity_creditable, 1.0)
        self.assertCreditedToZero(invoice)

    def test_one_line_as_odoo_credits_it(self):
        """A line of each kind, against Odoo's own credit note of that line."""
        others = ("two", "fixed_two", "included")
        for number, kind in enumerate(TAXES):
            rounding = ("round_globally", "round_per_line")[number % 2]
            self.env.company.tax_calculation_rounding_method = rounding
            with self.subTest(rounding=rounding, kind=kind):
                self._check_line(self.taxes[kind], self.taxes[others[number % 3]])

    def _check_line(self, taxes, other_taxes):
        values = {"quantity": 3.0, "discount": 12.5}
        invoice = self._invoice_of(
            (33.37, taxes, values), (71.91, other_taxes, values), (12.34, taxes)
        )
        native = invoice._reverse_moves()
        (native.invoice_line_ids - native.invoice_line_ids[0]).unlink()
        expected = self._get_items(native)
        native.unlink()
        items = self._get_items(self._credit_line(invoice, 0, quantity=3.0))
        self.assertEqual(set(items), set(expected))
        for key, amount in items.items():
            # To the cent of rounding the taxes of the whole invoice.
            self.assertAlmostEqual(amount, expected[key], delta=0.011, msg=key)
        self._credit(invoice)
        self.assertCreditedToZero(invoice)

    def _get_items(self, move):
        return {
            key: sum(lines.mapped("balance"))
            for key, lines in move.line_ids.filtered(
                lambda line: line.tax_line_id or line.display_type == "product"
            )
            .grouped(
                lambda line: (
                    line.account_id,
                    line.tax_line_id,
                    line.tax_ids,
                    line.tax_tag_ids,
                )
            )
            .items()
            if not move.currency_id.is_zero(sum(lines.mapped("balance")))
        }

    def test_analytic_tax(self):
        plan = self.env["account.analytic.plan"].create({"name": "plan"})
        accounts = self.env["account.analytic.account"].create(
            [{"name": name, "plan_id": plan.id} for name in ("one", "two")]
        )
        tax = self._tax(self.tax_account, analytic=True)
        invoice = self._invoice_of(
            *(
                (33.33, tax, {"analytic_distribution": {str(account.id): 100}})
                for account in accounts
            )
        )
        credit_note = self._credit_line(invoice, 0)
        [item] = credit_note.line_ids.filtered("tax_line_id")
        self.assertEqual(item.analytic_distribution, {str(accounts[0].id): 100})
        self._credit(invoice)
        self.assertCreditedToZero(invoice)
        items = (invoice + invoice.reversal_move_ids).line_ids.filtered("tax_line_id")
        for account in accounts:
            of_account = items.filtered(
                lambda line, account=account: (
                    str(account.id) in line.analytic_distribution
                )
            )
            self.assertAlmostEqual(sum(of_account.mapped("balance")), 0.0)

    def test_discounts_on_an_account_of_their_own(self):
        self.env.company.account_discount_expense_allocation_id = self.company_data[
            "default_account_expense"
        ]
        tax = self.tax_sale_a
        invoice = self._invoice_of(
            (33.33, tax, {"discount": 10.0, "account_id": self.revenue.id}),
            (77.77, tax, {"discount": 33.33, "account_id": self.other_revenue.id}),
            (50.0, tax),
        )
        self._credit_line(invoice, 1, quantity=0.5)
        self._credit(invoice, credit_method="percentage", percentage=7)
        self._credit(invoice)
        self.assertCreditedToZero(invoice)

    def test_foreign_fiscal_position(self):
        other_tax = self.tax_sale_a.copy({"name": "abroad", "amount": 0.0})
        position = self.env["account.fiscal.position"].create({"name": "abroad"})
        invoice = self._invoice(100.0, fiscal_position_id=position.id, post=False)
        invoice.invoice_line_ids.tax_ids = other_tax
        invoice.action_post()
        credit_note = self._credit(invoice)
        self.assertEqual(credit_note.fiscal_position_id, position)
        self.assertEqual(credit_note.invoice_line_ids.tax_ids, other_tax)
        self.assertCreditedToZero(invoice)

    def test_tax_exigibility_changed_since(self):
        self.env.company.tax_exigibility = True
        invoice = self._invoice(100.0)
        self.tax_sale_a.write(
            {
                "tax_exigibility": "on_payment",
                "cash_basis_transition_account_id": self.company_data[
                    "default_account_revenue"
                ]
                .copy({"reconcile": True})
                .id,
            }
        )
        self._credit(invoice, credit_method="amount", amount=11.5)
        self._credit(invoice)
        self.assertCreditedToZero(invoice)
