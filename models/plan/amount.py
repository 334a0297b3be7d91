"""Amounts as whole numbers, and how they are divided without losing a cent."""

from typing import NamedTuple

# Exact values are whole numbers as well: of billionths of the smallest unit, so that
# sums of thousands of them are exact, and quick.
BILLION = 10**9


class Amount(NamedTuple):
    """An amount in two currencies, each a whole number of the currency's smallest unit
    (cents; 0.05 where that is the rounding): equal or not, and never nearly.
    """

    currency: int  # in the currency of the invoice
    company: int  # in company currency

    def __add__(self, other):
        return Amount(self.currency + other.currency, self.company + other.company)

    def __neg__(self):
        return Amount(-self.currency, -self.company)

    def __bool__(self):
        return bool(self.currency or self.company)


NOTHING = Amount(0, 0)


def divide(numerator, denominator):
    """:return: whole number that is nearest; a half goes away from zero, as in Odoo"""
    if denominator < 0:
        numerator, denominator = -numerator, -denominator
    half_up = (2 * abs(numerator) + denominator) // (2 * denominator)
    return half_up if numerator >= 0 else -half_up


def to_billionths(value):
    """:param value: whole number or Fraction"""
    return divide(value.numerator * BILLION, value.denominator)


def is_part(part, whole):
    """:return: whether the one is a part of the other: not more, and not against it"""
    return min(0, whole) <= part <= max(0, whole)


def apportion(exact, total):
    """Divide a total into whole numbers: each exact value is rounded down or up, and
    those that would lose most are rounded up, of equal ones the first.

    So equal values differ by one at most, and what is a share of a whole number is
    neither more than it nor against it.

    :param exact: list of whole numbers of billionths; their sum is less than a unit
        away from the total
    :param total: whole number
    :return: list of whole numbers that add up to the total
    """
    parts = [value // BILLION for value in exact]
    missing = total - sum(parts)
    if not 0 <= missing <= sum(value % BILLION != 0 for value in exact):
        raise ValueError(f"{total} is not what these values come to")
    by_loss = sorted(range(len(exact)), key=lambda i: -(exact[i] % BILLION))
    for i in by_loss[:missing]:
        parts[i] += 1
    return parts
