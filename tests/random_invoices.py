from odoo import Command

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


class RandomInvoices(CreditNoteCommon):
    """Invoices with all that makes rounding hard."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()

        def tax(name, amount, **values):
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
                        "name": f"{name} {line.document_type}, {line.repartition_type}",
                        "applicability": "taxes",
                        "country_id": record.country_id.id,
                    }
                )
            return record

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
            for computation in ("included", "mixed")
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
