from collections import defaultdict
from typing import NamedTuple

from odoo import api, fields, models


class Discount(NamedTuple):
    """An early payment discount that was taken, positive.

    `total` is tax included; `tax` is what of it was taken off the tax.
    """

    total: float = 0.0
    tax: float = 0.0


class AccountMove(models.Model):
    """Early payment discounts that customers took: the part of an invoice that they
    never paid.

    Odoo books such a discount with the payment, and the tax with it where the payment
    term lowers it. To credit the whole invoice all the same would give the customer
    more than was paid and take the tax of the discount off twice (EU VAT directive,
    art. 79 and 90; UStG section 17).

    What was offered stands on the due items of an invoice, and what was taken in the
    entries that are matched with them: payments, lines of bank statements, and entries
    made by hand. Terms and settings may have changed since, so they are not read.
    """

    _inherit = "account.move"

    amount_early_discount = fields.Monetary(
        string="Early Payment Discount Taken",
        compute="_compute_early_discount",
        compute_sudo=True,
        help="What the payments of this invoice left unpaid as an early payment "
        "discount, tax included.",
    )
    amount_early_discount_tax = fields.Monetary(
        string="Tax of Early Payment Discount Taken",
        compute="_compute_early_discount",
        compute_sudo=True,
    )

    @api.depends("amount_residual", "move_type", "state")
    def _compute_early_discount(self):
        discounts = self._origin._find_discounts()
        for move in self:
            discount = discounts.get(move._origin, Discount())
            move.amount_early_discount = discount.total
            move.amount_early_discount_tax = discount.tax

    def _get_discounts_taken(self):
        """:return: {invoice: early payment discount with which it was paid, positive,
        tax included, in its currency}
        """
        return {
            move: move.amount_early_discount
            for move in self
            if move.amount_early_discount
        }

    def _is_discount_without_tax(self):
        """:return: whether the discount that was taken left the tax alone: the tax is
        due on the whole price, or the invoice had lowered it already
        """
        self.ensure_one()
        return self.currency_id.is_zero(self.amount_early_discount_tax)

    def _find_discounts(self):
        """:return: {invoice: Discount in its currency}, of those that have one"""
        invoices = self.filtered(lambda move: move._is_creditable())
        if not invoices:
            return {}
        due_items = self.env["account.move.line"].search(
            [
                ("move_id", "in", invoices.ids),
                ("display_type", "=", "payment_term"),
                ("discount_date", "!=", False),
                ("matched_credit_ids", "!=", False),
            ]
        )
        entries = due_items.matched_credit_ids.credit_move_id.move_id.filtered(
            lambda move: move.move_type == "entry"
        )
        # Fetched for all at once, as the filters below would fetch them one by one.
        entries.line_ids.fetch(["tax_ids"])
        totals = defaultdict(float)
        taxes = defaultdict(float)
        for entry in entries:
            for due_item, discount in entry._allot_discount().items():
                totals[due_item.move_id] += discount.total
                taxes[due_item.move_id] += discount.tax
        return {
            invoice: Discount(
                invoice.currency_id.round(totals[invoice]),
                invoice.currency_id.round(taxes[invoice]),
            )
            for invoice in invoices
            if not invoice.currency_id.is_zero(totals[invoice])
        }

    def _allot_discount(self):
        """Divide the discount that this entry wrote off among the invoices that it
        paid.

        It goes to the invoices that were paid in time, in proportion to what each was
        offered. If more was booked, the company granted the rest to invoices that were
        paid late or with a larger discount.

        :return: {due item: Discount in its currency}
        """
        self.ensure_one()
        discount_items = self._get_discount_items()
        items = discount_items or self._get_written_off_items()
        if not items:
            return {}
        tax_items = self.line_ids.filtered(
            lambda item: (item.tax_line_id | item.group_tax_id) & items.tax_ids
        )
        due_items = self.line_ids.matched_debit_ids.debit_move_id.filtered(
            lambda item: item._get_offered_discount() > 0.0
        )
        allotted = {}
        for currency, candidates in due_items.grouped("currency_id").items():
            tax = tax_items._sum_in_currency(currency)
            total = items._sum_in_currency(currency) + tax
            offers = {
                item: item._get_offered_discount()
                for item in candidates
                if self.date <= item.discount_date
            }
            beyond = currency.compare_amounts(total, sum(offers.values()))
            if total <= 0.0 or beyond and not discount_items:
                continue
            if beyond > 0:
                offers = {item: item._get_offered_discount() for item in candidates}
            rest, offered = total, sum(offers.values())
            for item, offer in offers.items():
                part = currency.round(rest * offer / offered)
                allotted[item] = Discount(part, part * tax / total)
                rest -= part
                offered -= offer
        return allotted

    def _get_discount_items(self):
        """:return: items of this entry that are booked as early payment discounts,
        their tax apart
        """
        accounts = self.company_id.early_discount_account_ids
        return self.line_ids.filtered(lambda item: item.account_id in accounts)

    def _get_written_off_items(self):
        """:return: items of this entry that write something off: bank fees, and
        discounts on other accounts, for instance one for each tax rate
        """
        return self.line_ids.filtered(
            lambda item: (
                item.account_id.internal_group in ("income", "expense")
                and not item.tax_line_id
            )
        )


class AccountMoveLine(models.Model):
    _inherit = "account.move.line"

    def _get_offered_discount(self):
        """:return: early payment discount that was offered on this due item of a
        customer invoice, in its currency, tax included; 0.0 if none was
        """
        self.ensure_one()
        if not self.discount_date or not self.move_id._is_creditable():
            return 0.0
        return self.amount_currency - self.discount_amount_currency

    def _sum_in_currency(self, currency):
        """:return: sum of these items of an entry in a currency: of the items in that
        currency, or else of all, at the rate of the entry's date
        """
        if items := self.filtered(lambda item: item.currency_id == currency):
            return sum(items.mapped("amount_currency"))
        return self.company_currency_id._convert(
            sum(self.mapped("balance")), currency, self.company_id, self.move_id.date
        )
