"""What a credit note comes to: a share of every cell of what is left to credit.

No cell is more than what is left of it, or against it, in either currency; so an
invoice that is credited in any number of parts sums to zero in the end. And:
- in currency, each of these is its exact share, rounded down or up: a cell, a tax, a
  column, and a column within the rows that have the same taxes. But `plan_lines` rounds
  each price by itself.
- Discount items come in pairs that sum to zero, in the plan as on the invoice.
- In company currency each cell is worth the same share of its value on the invoice, and
  so is their sum, unless another sum is asked for.
Not promised: a row with its taxes may be as many units off its exact share as it has
columns.
"""

from collections import defaultdict
from dataclasses import dataclass
from fractions import Fraction

from .amount import Amount, is_within
from .rounding import (
    BILLION,
    apportion_in_steps,
    bend,
    group_by,
    sum_up,
    to_billionths,
)
from .table import NET, PairedItem, Table, TaxItem


@dataclass(frozen=True)
class CreditPlan:
    """What is credited, signed as on the invoice.

    It has every cell that is credited, also one whose share rounds to zero: that line
    is on the credit note, at 0.00.
    """

    amounts: Table

    @property
    def total(self):
        """:return: Amount, tax included"""
        return self.amounts.total

    def at_rate(self, rate):
        """:param rate: Fraction, units of company currency for a unit of the currency
        :return: CreditPlan of the same amounts in currency, converted at this rate
        """
        exact = {c: to_billionths(a.currency * rate) for c, a in self.amounts.items()}
        company = {}
        for values in group_by(exact, _get_pair).values():
            company |= _round(values, sum_up(values.values()), self.amounts)
        return _make_plan({c: a.currency for c, a in self.amounts.items()}, company)


def plan_all(left):
    """:return: CreditPlan of everything that is left, to the cent in both currencies"""
    return CreditPlan(Table(left))


def plan_total(left, total, whole_columns=frozenset(), company_total=None):
    """Credit the same share of every cell, so that a total is hit exactly.

    If the total is that of what is left, everything is credited, also if it is zero
    because the lines cancel each other out.

    :param left: Table of what is left to credit; what is not in it is not credited
    :param total: tax included, whole number in currency, from 0 to the total left
    :param whole_columns: those credited whole, as taxes are where an early payment
        discount leaves them alone; if the total is less than they are, only they are
    :param company_total: what the total is to be worth in company currency, hit as far
        as the cells allow; None for what it was worth on the invoice
    :return: CreditPlan
    :raise ValueError: the total is not a part of what is left
    """
    total_left = left.total.currency
    if not is_within(total, total_left):
        raise ValueError(f"{total} is not a part of the {total_left} left")
    if total == total_left:
        return plan_all(left)
    shares = _get_shares_of_total(left, total, whole_columns)
    currency = _round(_get_exact(left, shares), total, left)
    return _make_plan(currency, _get_worth(left, shares, currency, company_total))


def plan_lines(left, shares, company_total=None):
    """Credit a share of each cell of its own.

    Each price is rounded by itself, as the clerk sees it, and each tax as a whole.

    :param left: Table of what is left to credit
    :param shares: {Cell: Fraction from 0 to 1} of what is left; other cells are not
        credited
    :param company_total: see `plan_total`
    :return: CreditPlan
    :raise ValueError: a share is not from 0 to 1
    """
    if not all(0 <= share <= 1 for share in shares.values()):
        raise ValueError("a share is not from 0 to 1")
    chosen = Table({cell: left[cell] for cell in shares})
    exact = _get_exact(chosen, shares)
    for cell in exact:
        if cell.column == NET:
            exact[cell] = sum_up([exact[cell]]) * BILLION
    currency = {}
    sums = group_by(exact, lambda cell: _get_pair(cell) or _get_tax(cell))
    for values in sums.values():
        total = sum_up(values.values())
        if any(map(_get_pair, values)):
            values, total = bend(values, 0, {c: left[c].currency for c in values})
        currency |= _round(values, total, chosen)
    if all(currency.get(c, 0) == amount.currency for c, amount in left.items()):
        return plan_all(chosen)
    return _make_plan(currency, _get_worth(chosen, shares, currency, company_total))


def get_share_of(made_by, shares):
    """Say how much is credited of an item that several cells made, such as a discount
    on some of the lines: as much as of them.

    :param made_by: {Cell: number, how much of the item it made}
    :param shares: {Cell: Fraction} that are credited; of other cells nothing is
    :return: Fraction from 0 to 1
    """
    whole = sum(map(Fraction, made_by.values()))
    credited = sum(Fraction(n) * shares.get(cell, 0) for cell, n in made_by.items())
    return get_fraction(credited, whole)


def get_fraction(part, whole):
    """:return: Fraction from 0 to 1, how much of the whole this is"""
    if not whole:
        return Fraction(0)
    return min(max(Fraction(part) / whole, Fraction(0)), Fraction(1))


def _get_shares_of_total(left, total, whole_columns):
    """:return: {Cell: Fraction} that come to this total"""
    total_left = left.total.currency
    whole = sum(a.currency for c, a in left.items() if c.column in whole_columns)
    rest = total_left - whole
    if rest and is_within(total - whole, rest):
        share_of_whole, share = Fraction(1), Fraction(total - whole, rest)
    elif whole and is_within(total, whole):
        share_of_whole, share = Fraction(total, whole), Fraction(0)
    else:
        # With rows or taxes of the other sign: the same share of every cell.
        share_of_whole = share = Fraction(total, total_left)
    return {c: share_of_whole if c.column in whole_columns else share for c in left}


def _get_exact(left, shares):
    return {c: to_billionths(a.currency * shares[c]) for c, a in left.items()}


def _get_worth(left, shares, currency, company_total):
    """:param currency: {Cell: what is credited of it in currency}
    :return: {Cell: what is credited of it in company currency}
    """
    exact = {}
    for cell, whole in left.items():
        share = shares[cell]
        if whole.currency:
            share = Fraction(currency[cell], whole.currency)
        exact[cell] = to_billionths(whole.company * share)
    company = {}
    # Pairs first, which sum to zero: the other cells take what pairs cannot reach.
    for pair, values in sorted(group_by(exact, _get_pair).items(), reverse=True):
        total = sum_up(values.values())
        if pair and not sum(currency[cell] for cell in values):
            total = 0
        elif not pair and company_total is not None:
            total = company_total - sum(company.values())
        # Move cells first that are not credited in full: a later credit note evens out
        # the difference.
        for is_open in (True, False):
            rooms = {
                cell: left[cell].company
                for cell in values
                if (currency[cell] != left[cell].currency) == is_open
                and (currency[cell] or not left[cell].currency)
            }
            values, reached = bend(values, total, rooms)
        company |= _round(values, reached, left)
    return company


def _make_plan(currency, company):
    return CreditPlan(Table({c: Amount(currency[c], company[c]) for c in currency}))


def _round(exact, total, table):
    """:param table: Table that tells how its rows are taxed
    :return: {Cell: whole number} that come to the total
    """
    columns = defaultdict(set)
    for cell in table:
        columns[cell.row].add(cell.column)
    taxed_alike = {row: frozenset(columns[row]) for row in columns}
    steps = [
        _get_pair,
        _get_tax,
        lambda cell: cell.column,
        lambda cell: taxed_alike[cell.row],
    ]
    return apportion_in_steps(exact, total, steps)


def _get_pair(cell):
    """:return: kind of the pair of items that this one is half of, "" if it is in no
    pair
    """
    return cell.column.kind if isinstance(cell.column, PairedItem) else ""


def _get_tax(cell):
    """:return: the tax of a tax item, one of perhaps several; otherwise the column"""
    return cell.column.tax if isinstance(cell.column, TaxItem) else cell.column
