"""The price that taxes are on, where an early payment discount lowers only the price.

The credit note says so by Odoo's pair of items: one with taxes raises their base above
the price, and one without takes the same amount off again.
"""

from typing import NamedTuple

from .amount import NOTHING, Amount
from .rounding import divide
from .table import NET, Cell, DiscountedLine, PairedItem, Table


class TaxedPair(NamedTuple):
    """The columns of such a pair of items of a line."""

    taxed: PairedItem
    untaxed: PairedItem
    taxes: frozenset  # ids of the taxes that are a share of the price


def get_taxed_prices(table):
    """:return: {row: Amount} that the taxes of each row are on: its price, less the
    discount that the invoice took off the base
    """
    prices = {}
    for (row, column), amount in table.items():
        if isinstance(column, PairedItem):
            is_taxed = column.kind == "epd" and bool(column.taxes)
        else:
            is_taxed = column == NET
        if is_taxed:
            line = row.line if isinstance(row, DiscountedLine) else row
            prices[line] = prices.get(line, NOTHING) + amount
    return prices


def add_taxed_prices(credit, taxed_prices, pairs):
    """:param credit: Table whose taxes are on more than its prices
    :param taxed_prices: {row: Amount} that they are on
    :param pairs: {row: TaxedPair} of the rows with taxes that are a share of the price
    :return: Table of the same total, prices and taxes, with the pairs of items
    """
    table = Table(credit)
    rows = credit.get_rows()
    for row, pair in pairs.items():
        price = taxed_prices.get(row, NOTHING)
        missing = price - credit.get(Cell(row, NET), NOTHING)
        if not missing.currency:
            continue
        discounted = DiscountedLine(row)
        table[Cell(discounted, pair.taxed)] = missing
        table[Cell(discounted, pair.untaxed)] = -missing
        taxes = rows.get(row, {})
        for column, amount in taxes.items():
            if getattr(column, "tax", None) in pair.taxes:
                base = price + _get_fees_in_base(column, taxes, pair)
                part = Amount(*map(_get_part, amount, missing, base))
                table[Cell(row, column)] = amount - part
                table[Cell(discounted, column)] = part
    return table


def _get_fees_in_base(column, taxes, pair):
    """:return: Amount of the fixed taxes that are in the base of this tax"""
    fees = (
        amount
        for other, amount in taxes.items()
        if getattr(other, "tax", None) not in pair.taxes
        and column.tax in getattr(other, "taxes", ())
    )
    return sum(fees, NOTHING)


def _get_part(tax, missing, base):
    """:return: how much of the tax is on the part of the price that is missing"""
    return divide(tax, [missing, base - missing])[0] if base else 0
