from odoo import models


class AccountTax(models.Model):
    _inherit = "account.tax"

    def _prepare_manual_amounts(self, net, tax_amounts, convert):
        """:param self: the taxes of a line, flattened, in their order
        :param net: amount of the line without tax
        :param tax_amounts: list of what each of these taxes comes to
        :param convert: function of such an amount, returns it in the currency of the
            line and in company currency
        :return: the values of `extra_tax_data` that make Odoo take these amounts
        """
        total_currency, total = convert(net)
        manual = {}
        affecting = net
        for tax, amount in zip(self, tax_amounts, strict=True):
            base_currency, base = convert(affecting if tax.is_base_affected else net)
            tax_currency, tax_balance = convert(amount)
            manual[str(tax.id)] = {
                "base_amount_currency": base_currency,
                "base_amount": base,
                "tax_amount_currency": tax_currency,
                "tax_amount": tax_balance,
            }
            if tax.include_base_amount:
                affecting += amount
        return {
            "manual_total_excluded_currency": total_currency,
            "manual_total_excluded": total,
            "manual_tax_amounts": manual,
        }
