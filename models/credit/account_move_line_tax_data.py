from odoo import models

from ..plan import NET, NOTHING, TaxItem

# More digits than a price needs to come to an amount to the cent.
MAX_PRICE_DIGITS = 12


class AccountMoveLine(models.Model):
    """A line carries what its price and its taxes come to, in Odoo's `extra_tax_data`.

    Whatever Odoo computes from the line comes to these amounts: journal items, totals,
    paper and electronic files. It computes the line anew once somebody changes its
    price, quantity, discount or taxes, see `_import_base_line_extra_tax_data` in
    account/models/account_tax.py.
    """

    _inherit = "account.move.line"

    def _prepare_extra_tax_data(self, amounts, quantity, price_unit, rate):
        """:param amounts: {column: Amount} of the line that credits this one, signed as
            on the invoice
        :param quantity: of that line
        :param price_unit: of that line
        :param rate: at which its document is booked, units of its currency for one of
            company currency
        :return: its `extra_tax_data`, None without taxes, where the price tells
        """
        self.ensure_one()
        taxes = self.tax_ids._flatten_taxes_and_sort_them()[0]
        if not taxes:
            return None
        return {
            "currency_id": self.currency_id.id,
            "quantity": quantity,
            "price_unit": price_unit,
            "discount": self.discount,
            "rate": rate,
            **taxes._prepare_manual_amounts(
                amounts.get(NET, NOTHING),
                [self._get_amount_of_tax(amounts, tax) for tax in taxes],
                self._to_tax_data_amounts,
            ),
        }

    def _to_tax_data_amounts(self, amount):
        """:return: (amount in currency, in company currency), positive on an invoice"""
        sign = self.move_id.direction_sign
        return (sign * value for value in self.move_id._from_units(amount))

    def _get_amount_of_tax(self, amounts, tax):
        """:return: Amount of a tax, without what a reverse charge takes off it again"""
        positions = [
            position
            for position, repartition in enumerate(tax.invoice_repartition_line_ids)
            if repartition.factor >= 0
        ]
        return sum(
            (
                amount
                for column, amount in amounts.items()
                if isinstance(column, TaxItem)
                and column.tax == tax.id
                and column.position in positions
            ),
            NOTHING,
        )

    def _get_price_of(self, amounts, quantity):
        """Find the price of a credit note line as it is printed: that of the invoice,
        else the one of the fewest digits with which the quantity comes to the amount.

        :param amounts: {column: Amount} of the line that credits this one
        :param quantity: of that line
        :return: price of a piece, without the discount, with the taxes that are in it
        """
        self.ensure_one()
        pieces = quantity * (1 - self.discount / 100.0)
        if not pieces:
            return self.price_unit
        amount = amounts.get(NET, NOTHING)
        for tax in self.tax_ids._flatten_taxes_and_sort_them()[0]:
            if tax.price_include:
                amount += self._get_amount_of_tax(amounts, tax)
        amount_currency, _balance = self._to_tax_data_amounts(amount)
        exact = amount_currency / pieces
        digits = self.env["decimal.precision"].precision_get("Product Price")
        prices = (round(exact, n) for n in range(digits, MAX_PRICE_DIGITS + 1))
        room = self._get_room_to_round()
        return next(
            (
                price
                for price in (self.price_unit, *prices)
                if abs(price * pieces - amount_currency) < room
            ),
            exact,
        )

    def _get_room_to_round(self):
        """:return: how far price times quantity may be from the amount of the line. One
        without taxes carries no amounts, and Odoo rounds such lines together.
        """
        # Less than half, which Odoo may round either way.
        room = self.currency_id.rounding * 0.49
        if self.tax_ids:
            return room
        return room / len(self.move_id.invoice_line_ids)
