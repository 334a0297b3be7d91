"""What a credit note comes to: a share of every cell of what is left to credit.

Every part is its exact share rounded down or up; so are their sums by column, by tax,
and by column over the rows that are taxed alike, whose prices are the base of the same
taxes. What a row comes to with its taxes may be as many units away from its exact share
as it has columns. Company amounts are parts of those of the invoice, as large as those
in currency are of theirs.
"""

from collections import defaultdict
from dataclasses import dataclass
from fractions import Fraction

from .amount import BILLION, Amount, apportion, divide, is_part, to_billionths
from .table import NET, PairedItem, Table, TaxItem


@dataclass(frozen=True)
class CreditPlan:
    """What is credited, signed as on the invoice.

    A row of which a part is credited has its cells here although they come to nothing,
    as half of a cent does: it is on the credit note, at 0.00.
    """

    amounts: Table

    @property
    def total(self):
        """:return: Amount, tax included"""
        return self.amounts.total

    def at_rate(self, rate):
        """:param rate: Fraction, smallest units of company currency for one of the
            currency
        :return: the same CreditPlan with its company amounts at this rate, instead of
            that of the invoice
        """
        exact = {
            cell: to_billionths(amount.currency * rate)
            for cell, amount in self.amounts.items()
        }
        company = {}
        for cells in _group(exact, _get_pair).values():
            values = {cell: exact[cell] for cell in cells}
            company |= _spread(values, _round(values), self.amounts)
        return CreditPlan(
            Table(
                {
                    cell: Amount(amount.currency, company[cell])
                    for cell, amount in self.amounts.items()
                }
            )
        )


def plan_all(left):
    """:return: CreditPlan of everything that is left, to the cent in both currencies"""
    return CreditPlan(Table(left))


def plan_total(left, total, whole_columns=frozenset(), company_total=None):
    """Credit the same share of every cell, so that a total is hit exactly.

    Where that is the total of what is left, everything is credited.

    :param left: Table of what is left to credit; what is not in it is not credited
    :param total: tax included, whole number in currency, from 0 to the total left
    :param whole_columns: those credited whole, as taxes are where an early payment
        discount leaves them alone; only in part where the total is less than they are
    :param company_total: what the total is worth in company currency; None for what
        it is at the rate of the invoice. Hit as far as no cell is more than what is left
    :return: CreditPlan
    :raise ValueError: the total is not a part of what is left
    """
    total_left = left.total.currency
    if not is_part(total, total_left):
        raise ValueError(f"{total} is not a part of the {total_left} left")
    if total == total_left:
        return plan_all(left)
    shares = _get_shares_of_total(left, total, whole_columns)
    exact = {
        cell: to_billionths(amount.currency * shares[cell])
        for cell, amount in left.items()
    }
    return _plan(left, shares, _spread(exact, total, left), company_total)


def plan_lines(left, shares, company_total=None):
    """Credit a share of each cell of its own.

    Each price is rounded by itself, as the clerk sees it, and each tax as a whole.

    :param left: Table of what is left to credit
    :param shares: {Cell: Fraction from 0 to 1} of what is left; other cells are not
        credited
    :param company_total: as of `plan_total`
    :return: CreditPlan
    :raise ValueError: a share is not from 0 to 1
    """
    if not all(0 <= share <= 1 for share in shares.values()):
        raise ValueError("A share is from 0 to 1")
    chosen = Table({cell: left[cell] for cell in shares})
    exact = {}
    for cell, amount in chosen.items():
        value = to_billionths(amount.currency * Fraction(shares[cell]))
        if cell.column == NET:
            value = divide(value, BILLION) * BILLION
        exact[cell] = value
    currency = {}
    for cells in _group(exact, lambda cell: _get_pair(cell) or _get_tax(cell)).values():
        values = {cell: exact[cell] for cell in cells}
        total = _round(values)
        if _get_pair(cells[0]):
            total = _bend(values, 0, {cell: left[cell].currency for cell in cells})
        currency |= _spread(values, total, chosen)
    return _plan(chosen, shares, currency, company_total)


def get_share_of(made_by, shares):
    """Say how much is credited of an item that several cells made, such as a discount
    on some of the lines: as much as of them.

    :param made_by: {Cell: number, how much of the item it made}
    :param shares: {Cell: Fraction} that are credited; of other cells nothing is
    :return: Fraction from 0 to 1
    """
    whole = sum(made_by.values())
    if not whole:
        return Fraction(0)
    part = sum(
        Fraction(number) * Fraction(shares.get(cell, 0))
        for cell, number in made_by.items()
    )
    return min(max(part / Fraction(whole), Fraction(0)), Fraction(1))


def _get_shares_of_total(left, total, whole_columns):
    """:return: {Cell: Fraction} that come to this total"""
    total_left = left.total.currency
    whole = sum(a.currency for cell, a in left.items() if cell.column in whole_columns)
    rest = total_left - whole
    if rest and is_part(total - whole, rest):
        share_of_whole, share = Fraction(1), Fraction(total - whole, rest)
    elif whole and is_part(total, whole):
        share_of_whole, share = Fraction(total, whole), Fraction(0)
    else:
        share_of_whole = share = Fraction(total, total_left)
    return {
        cell: share_of_whole if cell.column in whole_columns else share for cell in left
    }


def _plan(left, shares, currency, company_total):
    """:param currency: {Cell: what is credited of it in currency}"""
    company = _get_company_amounts(left, shares, currency, company_total)
    return CreditPlan(
        Table({cell: Amount(currency[cell], company[cell]) for cell in left})
    )


def _get_company_amounts(left, shares, currency, company_total):
    """:return: {Cell: what is credited of it in company currency}"""
    exact = {}
    for cell, whole in left.items():
        share = (
            Fraction(currency[cell], whole.currency)
            if whole.currency
            else Fraction(shares[cell])
        )
        exact[cell] = to_billionths(whole.company * share)
    company = {}
    # What is paired goes first: its company amounts come to nothing as well.
    for pair, cells in sorted(_group(left, _get_pair).items()):
        values = {cell: exact[cell] for cell in cells}
        total = _round(values)
        if pair and not sum(currency[cell] for cell in cells):
            total = 0
        elif not pair and company_total is not None:
            total = company_total - sum(company.values())
        # Rather not of cells that are credited whole.
        for in_part in (True, False):
            rooms = {
                cell: left[cell].company
                for cell in cells
                if currency[cell] and (currency[cell] != left[cell].currency) == in_part
            }
            reached = _bend(values, total, rooms)
        company |= _spread(values, reached, left)
    return company


def _bend(values, total, wholes):
    """Move values towards a total, each by the same share of what it can be moved.

    :param values: {Cell: exact value}, changed in place
    :param total: whole number; what is less than one away needs no bending
    :param wholes: {Cell: whole number of which its value stays a part}
    :return: the total that they come to now: the one asked for, or the nearest
    """
    missing = total * BILLION - sum(values.values())
    if abs(missing) < BILLION:
        return total
    end = max if missing > 0 else min
    rooms = {
        cell: end(0, whole) * BILLION - values[cell] for cell, whole in wholes.items()
    }
    all_room = sum(rooms.values())
    is_enough = abs(missing) <= abs(all_room)
    for cell, room in rooms.items():
        values[cell] += room * missing // all_room if is_enough else room
    return total if is_enough else _round(values)


def _spread(exact, total, table):
    """Divide a total over cells in steps, each of which loses less than a unit: pairs
    and the rest, taxes, their items, rows that are taxed alike, cells.

    :param exact: {Cell: exact value}
    :param table: Table that tells how its rows are taxed
    :return: {Cell: whole number}
    """
    columns = defaultdict(set)
    for cell in table:
        columns[cell.row].add(cell.column)
    taxed_alike = {row: frozenset(columns[row]) for row in columns}

    def divide_step(cells, total, steps):
        if not steps:
            return dict(
                zip(cells, apportion([exact[c] for c in cells], total), strict=True)
            )
        groups = list(_group(cells, steps[0]).values())
        if len(groups) == 1:
            return divide_step(cells, total, steps[1:])
        sums = [sum(exact[cell] for cell in group) for group in groups]
        parts = {}
        for group, part in zip(groups, apportion(sums, total), strict=True):
            parts |= divide_step(group, part, steps[1:])
        return parts

    steps = (
        _get_pair,
        _get_tax,
        lambda cell: cell.column,
        lambda cell: taxed_alike[cell.row],
    )
    return divide_step(list(exact), total, steps)


def _get_pair(cell):
    """:return: the kind of items with which this one comes to nothing, if it does"""
    return cell.column.kind if isinstance(cell.column, PairedItem) else ""


def _get_tax(cell):
    """:return: the tax of a tax item, whose items may be paired; else the column"""
    return cell.column.tax if isinstance(cell.column, TaxItem) else cell.column


def _round(exact):
    """:return: whole number, the sum of these exact values"""
    return divide(sum(exact.values()), BILLION)


def _group(cells, key):
    groups = defaultdict(list)
    for cell in cells:
        groups[key(cell)].append(cell)
    return groups
