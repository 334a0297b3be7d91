"""The amounts of an invoice or a credit note, in rows and columns."""

from collections import defaultdict
from collections.abc import Hashable
from typing import NamedTuple

from .amount import NOTHING, Amount, is_within
from .rounding import divide

NET = "net"  # the column of prices without tax


class TaxItem(NamedTuple):
    """The column of a tax; all of it is one journal item."""

    tax: Hashable
    account: Hashable
    position: int = 0  # in the distribution of the tax
    group: Hashable = None  # the group of taxes that it belongs to, if any
    taxes: tuple = ()  # for which this one is a base in turn


class RoundingItem(NamedTuple):
    """The column of a cash rounding, whose profit and loss are on two accounts."""

    account: Hashable
    tax: Hashable = None  # that it is added to, where the largest tax is rounded


class PairedItem(NamedTuple):
    """The column of one of a pair of items that sum to zero: what is taken off one
    account is put on another. Odoo leaves such items out of its total.
    """

    kind: str  # "discount", which is booked apart, or "epd", for early payment
    account: Hashable
    taxes: tuple = ()


class DiscountedLine(NamedTuple):
    """The row of what an early payment discount takes off the taxes of a line."""

    line: Hashable


class UnlinkedLines(NamedTuple):
    """The row of credit note lines that name no invoice line."""

    account: Hashable
    taxes: tuple


class Cell(NamedTuple):
    row: Hashable  # the invoice line, or an item that belongs to none
    column: Hashable  # NET or an item


class Table(dict):
    """{Cell: Amount}, signed as in the ledger: a credit note has the sign against that
    of its invoice.

    A tax of 0 % is a cell of zero: it tells how the line is taxed.
    """

    @property
    def total(self):
        return sum(self.values(), NOTHING)

    def sum_by_column(self):
        """:return: {column: Amount}, what each journal item comes to"""
        sums = defaultdict(lambda: NOTHING)
        for cell, amount in self.items():
            sums[cell.column] += amount
        return dict(sums)

    def get_rows(self):
        """:return: {row: {column: Amount}}"""
        rows = defaultdict(dict)
        for cell, amount in self.items():
            rows[cell.row][cell.column] = amount
        return rows

    def without(self, is_left_out):
        """:param is_left_out: function of a Cell
        :return: Table of the other cells
        """
        return Table(
            {cell: amount for cell, amount in self.items() if not is_left_out(cell)}
        )

    def without_discounts(self):
        """:return: Table of the same total without the items of early payment
        discounts: the taxes are those of the lines, less what the discounts take off
        """
        table = Table()
        for (row, column), amount in self.items():
            if isinstance(column, PairedItem) and column.kind == "epd":
                continue
            cell = Cell(row.line if isinstance(row, DiscountedLine) else row, column)
            table[cell] = table.get(cell, NOTHING) + amount
        return table

    def __add__(self, other):
        table = Table(self)
        for cell, amount in other.items():
            table[cell] = table.get(cell, NOTHING) + amount
        return table

    def __neg__(self):
        return Table({cell: -amount for cell, amount in self.items()})


def get_left(invoiced, *credit_notes):
    """Take credit notes off an invoice, cell by cell.

    A tax may have another account for credit notes: its items count as those of the
    invoice.

    :param invoiced: Table of the invoice
    :param credit_notes: Tables of its credit notes
    :return: Table of what is left to credit, signed as the invoice
    """
    left = Table(invoiced)
    columns = {cell.column for cell in invoiced}
    column_of = {but_account(cell.column): cell.column for cell in invoiced}
    for credit_note in credit_notes:
        for (row, column), amount in credit_note.items():
            own_column = column
            if column not in columns:
                column = column_of.get(but_account(column), column)
            cell = Cell(column if row == own_column else row, column)
            left[cell] = left.get(cell, NOTHING) + amount
    return left


def but_account(column):
    """:return: what tells the column of a tax or a cash rounding on a credit note,
    which may have it on another account
    """
    if isinstance(column, TaxItem | RoundingItem):
        return column._replace(account=None)
    return column


def distribute(column, amount, made_by):
    """Spread an item that is booked for all rows over those that made it.

    :param column: that of the item
    :param amount: Amount that is booked
    :param made_by: {row: Amount that it adds, as far as can be told}; empty where no
        row is known, which makes the item a row of its own
    :return: Table of exactly this amount
    """
    if not made_by:
        return Table({Cell(column, column): amount})
    currency = divide(amount.currency, [made.currency for made in made_by.values()])
    company = divide(amount.company, [made.company for made in made_by.values()])
    cells = [Cell(row, column) for row in made_by]
    return Table(zip(cells, map(Amount, currency, company), strict=True))


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
        if cells and is_within(-amount.currency, whole.currency):
            break
    made_by = {cell.row: left[cell] for cell in cells}
    return -distribute(column, -amount, made_by)
