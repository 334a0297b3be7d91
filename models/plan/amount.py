from typing import NamedTuple


class Amount(NamedTuple):
    """An amount in two currencies, each a whole number of the currency's smallest unit
    (cents; 0.05 where that is the rounding): two amounts are equal or they are not.
    """

    currency: int  # in the currency of the invoice
    company: int  # in company currency

    def __add__(self, other):
        return Amount(self.currency + other.currency, self.company + other.company)

    def __sub__(self, other):
        return self + -other

    def __neg__(self):
        return Amount(-self.currency, -self.company)

    def __bool__(self):
        return self != NOTHING


NOTHING = Amount(0, 0)


def is_within(part, whole):
    """:return: whether the part is no more than the whole, and not of the other sign"""
    return min(0, whole) <= part <= max(0, whole)
