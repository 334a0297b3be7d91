import random
from collections import defaultdict

from odoo import Command
from odoo.exceptions import UserError

from .common import CreditNoteCommon

TAXES = [
    "none",
    "percent",
    "odd",
    "included",
    "two",
    "fixed",
    "fixed_two",
    "group",
    "division",
    "included_two",
]
# Kinds that only some countries know.
RARE_TAXES = [
    "withheld",
    "reverse_charge",
    "split",
    "affecting",
    "code",
]


class RandomInvoices(CreditNoteCommon):
    """Invoices with all that makes rounding hard."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        tax = cls._create_tax
        percent, odd = tax("20 %", 20.0), tax("7.7 %", 7.7)
        fixed = tax(
            "fixed", 0.37, amount_type="fixed", include_base_amount=True, sequence=0
        )
        included = tax("21 % included", 21.0, price_include_override="tax_included")
        cls.taxes = {
            "none": cls.env["account.tax"],
            "percent": percent,
            "odd": odd,
            "included": included,
            "two": percent + odd,
            "fixed": fixed,
            "fixed_two": fixed + percent,
            "group": tax(
                "group",
                0.0,
                amount_type="group",
                children_tax_ids=[
                    Command.set(
                        (
                            tax("1 % first", 1.0, include_base_amount=True)
                            + tax("9.975 % then", 9.975)
                        ).ids
                    )
                ],
            ),
            "division": tax("18 % of the total", 18.0, amount_type="division"),
            "included_two": included
            + tax("3 % included", 3.0, price_include_override="tax_included"),
            "withheld": percent + tax("15 % withheld", -15.0),
            "reverse_charge": tax("21 % reverse charge", 21.0, **cls._parts(100, -100)),
            "split": tax("22 % on two accounts", 22.0, **cls._parts(60, 40)),
            "affecting": tax("5 % first", 5.0, include_base_amount=True, sequence=0)
            + percent,
            "code": tax(
                "code",
                0.0,
                amount_type="code",
                formula="max(quantity * price_unit * 0.081, 0.25)",
            )
            # Of the addon account_tax_python
            if "formula" in cls.env["account.tax"]._fields
            else tax("8.1 %", 8.1),
        }
        cls.currencies = {
            "company": cls.env.company.currency_id,
            "EUR": cls.setup_other_currency("EUR", rates=[("2020-01-01", 1.3337)]),
            "JPY": cls.setup_other_currency(
                "JPY", rounding=1.0, rates=[("2020-01-01", 163.37)]
            ),
            "KWD": cls.setup_other_currency(
                "KWD", rounding=0.001, rates=[("2020-01-01", 0.3071)]
            ),
        }
        cls.roundings = {"": cls.env["account.cash.rounding"]} | {
            strategy: cls.env["account.cash.rounding"].create(
                {
                    "name": strategy,
                    "rounding": 0.05,
                    "strategy": strategy,
                    "rounding_method": "HALF-UP",
                    "profit_account_id": cls.company_data["default_account_revenue"].id,
                    "loss_account_id": cls.company_data["default_account_expense"].id,
                }
            )
            for strategy in ("add_invoice_line", "biggest_tax")
        }
        cls.terms = {
            "": cls.env["account.payment.term"],
            "instalments": cls.pay_terms_b,
        } | {
            computation: cls.env["account.payment.term"].create(
                {
                    "name": computation,
                    "early_discount": True,
                    "discount_percentage": 2,
                    "discount_days": 7,
                    "early_pay_discount_computation": computation,
                    "line_ids": [
                        Command.create({"value": "percent", "value_amount": 100})
                    ],
                }
            )
            for computation in ("included", "excluded", "mixed")
        }

    @classmethod
    def _create_tax(cls, name, amount, **values):
        """:return: a tax on sales, with tags of its own for each kind of item"""
        record = cls.env["account.tax"].create(
            {
                "name": name,
                "amount": amount,
                "type_tax_use": "sale",
                "tax_group_id": cls.tax_sale_a.tax_group_id.id,
                "country_id": cls.tax_sale_a.country_id.id,
                **values,
            }
        )
        for line in (
            record.invoice_repartition_line_ids + record.refund_repartition_line_ids
        ):
            line.tag_ids = cls.env["account.account.tag"].create(
                {
                    "name": f"{name} {line.document_type}, {line.repartition_type}"
                    f" {line.factor_percent}",
                    "applicability": "taxes",
                    "country_id": record.country_id.id,
                }
            )
        return record

    @classmethod
    def _parts(cls, *percents):
        """:return: values of a tax whose amount goes in parts to an account each"""
        account = cls.company_data["default_account_tax_sale"]
        parts = [
            {
                "repartition_type": "tax",
                "factor_percent": percent,
                "account_id": account.copy().id if number else account.id,
            }
            for number, percent in enumerate(percents)
        ]
        return {
            f"{document}_repartition_line_ids": [
                Command.clear(),
                Command.create({"repartition_type": "base"}),
                *(Command.create(part) for part in parts),
            ]
            for document in ("invoice", "refund")
        }

    def _prepare_random_lines(self, lines):
        values_list = []
        for number, line in enumerate(lines):
            values = {
                "name": f"Line {number}",
                "product_id": self.product_a.id,
                "price_unit": line["price"],
                "quantity": line["quantity"],
                "discount": line["discount"],
                "tax_ids": [Command.set(self.taxes[line["taxes"]].ids)],
            }
            values_list.append(values)
            if line["less"]:
                less = "quantity" if line["less"] == "quantity" else "price_unit"
                values_list.append(
                    {
                        **values,
                        "name": f"Less {number}",
                        less: -round(values[less] * 0.31, 2),
                    }
                )
        return [Command.create(values) for values in values_list]

    def _prepare_random_invoice(self, invoice):
        return {
            "move_type": "out_invoice",
            "partner_id": self.partner_a.id,
            "invoice_date": "2026-05-10",
            "currency_id": self.currencies[invoice["currency"]].id,
            "invoice_payment_term_id": self.terms[invoice["term"]].id,
            "invoice_cash_rounding_id": self.roundings[invoice["cash"]].id,
            "invoice_line_ids": self._prepare_random_lines(invoice["lines"]),
        }

    def _credit_step(self, invoice, method, number, **values):
        """A partial credit that is possible now; None if there is none."""
        values = {"credit_method": method, **values}
        left = invoice.amount_creditable
        if method == "amount":
            values["amount"] = invoice.currency_id.round(left * number / 100)
        elif method == "percentage":
            values["percentage"] = number
            asked = invoice.currency_id.round(invoice.amount_total * number / 100)
            if asked > left or not asked:
                return None
        else:
            pick = random.Random(number)
            lines = invoice.invoice_line_ids.filtered("quantity_creditable")
            values["line_ids"] = [
                Command.create(
                    {
                        "invoice_line_id": line.id,
                        "quantity": pick.choice(
                            [
                                0.0,
                                line.quantity_creditable,
                                line.quantity_creditable * 0.5,
                            ]
                        ),
                        "price_unit": pick.choice(
                            [
                                line._get_price_left(),
                                round(line._get_price_left() / 3, 2),
                            ]
                        ),
                    }
                )
                for line in lines
            ]
            if not any(command[2]["quantity"] for command in values["line_ids"]):
                return None
        if method == "amount" and not values["amount"]:
            return None
        wizard = self._wizard(invoice, date="2026-05-20", **values)
        preview = wizard._get_preview(invoice)
        if preview["total"] <= 0:
            return None
        if invoice.currency_id.compare_amounts(preview["total"], left) > 0:
            # Lines without those that take something off them.
            with self.assertRaisesRegex(UserError, "more than is left to credit"):
                wizard.action_issue()
            return None
        wizard.action_issue()
        credit_note = wizard.new_move_ids
        self.assertAsPreviewed(credit_note, preview)
        if method == "amount":
            self.assertAmount(credit_note.amount_total, values["amount"], invoice)
        return credit_note

    def assertAsPreviewed(self, credit_note, preview):
        """What the dialog showed is what is posted and settled."""
        invoice = credit_note.reversed_entry_id
        taxes = defaultdict(float)
        for line in credit_note.line_ids.filtered("tax_line_id"):
            taxes[line.tax_line_id.tax_group_id] += line.amount_currency
        for amount, name in (
            (credit_note.amount_total, "total"),
            (credit_note.amount_untaxed, "untaxed"),
            (credit_note.amount_tax, "tax"),
            (invoice.amount_residual, "amount_due_after"),
            (credit_note.amount_residual, "amount_customer_credit"),
            (invoice.amount_creditable, "amount_left"),
        ):
            self.assertAmount(amount, preview[name], credit_note, name)
        for group in {*taxes, *preview["taxes"]}:
            self.assertAmount(
                taxes.get(group, 0.0),
                preview["taxes"].get(group, 0.0),
                credit_note,
                group.name,
            )
