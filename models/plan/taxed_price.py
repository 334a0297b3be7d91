"""The price that taxes are on, where an early payment discount lowers only the price.

The document says both by Odoo's own pair of items: what the taxes are on beyond the
price, and the same without taxes, taken off again.
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
    for row, pair in pairs.items():
        price = taxed_prices.get(row, NOTHING)
        missing = price + -credit.get(Cell(row, NET), NOTHING)
        if not missing.currency:
            continue
        discounted = DiscountedLine(row)
        table[Cell(discounted, pair.taxed)] = missing
        table[Cell(discounted, pair.untaxed)] = -missing
        for cell, amount in credit.items():
            if cell.row == row and getattr(cell.column, "tax", None) in pair.taxes:
                part = Amount(*map(_get_part, amount, missing, price))
                table[cell] = amount + -part
                table[Cell(discounted, cell.column)] = part
    return table


def _get_part(tax, missing, price):
    """:return: how much of the tax is on the part of the price that is missing"""
    return divide(tax, [missing, price - missing])[0] if price else 0
