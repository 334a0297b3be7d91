from fractions import Fraction
from typing import NamedTuple

from odoo import models

from ..plan import Amount


class DueItem(NamedTuple):
    """A part of a total that settles an instalment."""

    account: models.BaseModel
    amount: Amount


class AccountMove(models.Model):
    """Which instalments of a document its reversal settles, and their value in company
    currency.
    """

    _inherit = "account.move"

    def _get_due_items(self, total):
        """Say which instalments a total settles: open ones first, in the order in which
        Odoo matches them, then those that were paid.

        The value in company currency is the one by which the total lowers the
        receivable, so that no cent is left in the end. If each part were rounded by
        itself, the last one would leave a cent, which Odoo books as an exchange
        difference.

        :param total: units of this document's currency, signed as its amount due
        :return: list of DueItem, signed likewise; empty if nothing was ever due
        """
        self.ensure_one()
        instalments = self.line_ids.filtered(
            lambda line: line.display_type == "payment_term" and line.amount_currency
        ).sorted(
            lambda line: (
                line.date_maturity or line.date,
                line.amount_currency,
                line.balance,
            )
        )
        items = []
        for line in instalments:
            due = self._to_units(line.amount_residual_currency, line.amount_residual)
            part = _get_smaller(total, due.currency)
            if part:
                left = line._get_worth(due.currency - part)
                # A payment at another rate may have left less.
                worth = due.company - left
                items.append(
                    DueItem(
                        line.account_id,
                        Amount(part, worth if worth * part > 0 else 0),
                    )
                )
                total -= part
        for line in instalments:
            whole = self._to_units(line.amount_currency, 0.0)
            due = self._to_units(line.amount_residual_currency, 0.0)
            part = _get_smaller(total, whole.currency - due.currency)
            if line == instalments[-1]:
                part = total
            if part:
                amount = Amount(part, line._get_worth(part))
                items.append(DueItem(line.account_id, amount))
                total -= part
        return items


class AccountMoveLine(models.Model):
    _inherit = "account.move.line"

    def _get_worth(self, part):
        """:param part: of this journal item, in units of its currency
        :return: what it is worth in units of company currency, at the rate of the item
        """
        whole = self.move_id._to_units(self.amount_currency, self.balance)
        return round(Fraction(part * whole.company, whole.currency))


def _get_smaller(total, whole):
    """:return: the smaller of the two, zero if their signs differ"""
    if total * whole <= 0:
        return 0
    return min(total, whole, key=abs)
