"""The amounts of an invoice or a credit note, in rows and columns."""

from collections import defaultdict
from collections.abc import Hashable
from typing import NamedTuple

from .amount import NOTHING, Amount, is_part
from .rounding import divide

NET = "net"  # the column of prices without tax


class TaxItem(NamedTuple):
    """The column of a tax; all of it is one journal item."""

    tax: Hashable
    account: Hashable
    position: int = 0  # in the distribution of the tax
    group: Hashable = None  # of taxes, of which this one is
    taxes: tuple = ()  # for which this one is a base in turn

    def but_account(self):
        """:return: what tells which item it is on a credit note, which may have it on
        another account
        """
        return self._replace(account=None)


class RoundingItem(NamedTuple):
    """The column of a cash rounding, whose profit and loss are on two accounts."""

    account: Hashable
    tax: Hashable = None  # the largest one, where that is rounded

    def but_account(self):
        return self._replace(account=None)


class PairedItem(NamedTuple):
    """The column of an item of a kind that comes to nothing: what is taken off one
    account is put on another. Odoo leaves such items out of its total.
    """

    kind: str  # "discount", which is booked apart, or "epd", for early payment
    account: Hashable
    taxes: tuple = ()


class Cell(NamedTuple):
    row: Hashable  # the invoice line, or an item that belongs to none
    column: Hashable  # NET or an item


class Table(dict):
    """{Cell: Amount}, signed as in the ledger: a credit note has the sign against that
    of its invoice.

    A tax of 0 % is a cell of nothing; it tells how the line is taxed.
    """

    @property
    def total(self):
        return sum(self.values(), NOTHING)

    def sum_by_row(self):
        """:return: {row: Amount}"""
        return self._sum_by(lambda cell: cell.row)

    def sum_by_column(self):
        """:return: {column: Amount}, what each journal item comes to"""
        return self._sum_by(lambda cell: cell.column)

    def get_row(self, row):
        """:return: {column: Amount}"""
        return {cell.column: amount for cell, amount in self.items() if cell.row == row}

    def __add__(self, other):
        table = Table(self)
        for cell, amount in other.items():
            table[cell] = table.get(cell, NOTHING) + amount
        return table

    def __neg__(self):
        return Table({cell: -amount for cell, amount in self.items()})

    def _sum_by(self, key):
        sums = defaultdict(lambda: NOTHING)
        for cell, amount in self.items():
            sums[key(cell)] += amount
        return dict(sums)


def get_left(invoiced, *credit_notes):
    """Take credit notes off an invoice, cell by cell.

    Items that are on another account than those of the invoice, as a tax may ask for,
    count as those of the invoice.

    :param invoiced: Table of the invoice
    :param credit_notes: Tables of its credit notes
    :return: Table of what is left to credit, signed as the invoice
    """
    left = Table(invoiced)
    of_invoice = {}
    for cell in invoiced:
        of_invoice.setdefault(_but_accounts(cell), cell)
    for credit_note in credit_notes:
        for cell, amount in credit_note.items():
            if cell not in invoiced:
                cell = of_invoice.get(_but_accounts(cell), cell)
            left[cell] = left.get(cell, NOTHING) + amount
    return left


def _but_accounts(cell):
    return Cell(
        *(key.but_account() if hasattr(key, "but_account") else key for key in cell)
    )


def allot(left, column, amount, candidates):
    """Say which rows are credited by an item of a credit note that names none.

    :param left: Table of what is left of the invoice
    :param column: that of the item
    :param amount: Amount of the item
    :param candidates: list of lists of rows, the likeliest first: the first of which
        enough is left is credited, in proportion to what is left; else the last
    :return: Table of exactly this amount
    """
    for rows in candidates:
        cells = [Cell(row, column) for row in rows if Cell(row, column) in left]
        whole = sum((left[cell] for cell in cells), NOTHING)
        if cells and is_part(-amount.currency, whole.currency):
            break
    if not cells:
        return Table({Cell(rows[0], column): amount})
    currency = divide(-amount.currency, [left[cell].currency for cell in cells])
    company = divide(-amount.company, [left[cell].company for cell in cells])
    return -Table(zip(cells, map(Amount, currency, company), strict=True))
