from dataclasses import dataclass
from fractions import Fraction

from odoo import models

from ..models.plan import (
    NET,
    Amount,
    Cell,
    CreditPlan,
    DiscountedLine,
    PairedItem,
    TaxItem,
    add_taxed_prices,
    get_fraction,
    get_share_of,
    get_taxed_prices,
    plan_all,
    plan_lines,
    plan_total,
)


@dataclass(frozen=True)
class CreditNotePlan:
    """What the credit note of one invoice comes to."""

    credit: CreditPlan
    lines: tuple  # of CreditNoteLine
    is_whole: bool  # whether Odoo's copy of the invoice comes to it

    def get_early_discounts(self):
        """:return: {PairedItem: Amount} of the items of an early payment discount"""
        return {
            column: amount
            for column, amount in self.credit.amounts.sum_by_column().items()
            if isinstance(column, PairedItem) and column.kind == "epd" and amount
        }


@dataclass(frozen=True)
class CreditNoteLine:
    line: models.BaseModel  # the invoice line that is credited
    amounts: dict  # {column: Amount}, signed as on the invoice
    quantity: float
    price_unit: float
    credited_as: str  # see `account.move.line.credited_as`


class AccountMoveReversal(models.TransientModel):
    """Plan: what is credited, to the cent. Reads only.

    The table of the invoice less those of its credit notes is what is left, and a plan
    is a share of each of its cells, see `models/plan`. Amounts are those of the journal
    items, with taxes changed by hand, and are never computed anew. So the credit notes
    of an invoice add up to the invoice, whatever settings changed since.

    The dialog shows the plan and the credit note is made from it, so that the two
    cannot differ.
    """

    _inherit = "account.move.reversal"

    def _plan_credit_note(self, invoice):
        """:param invoice: one invoice
        :return: CreditNotePlan
        """
        base_lines, _tax_lines = invoice._get_rounded_base_and_tax_lines()
        invoiced, left = invoice._get_invoiced_and_left(base_lines)
        if left.total.currency * invoiced.total.currency < 0 or not any(left.values()):
            # More than is left: only where `over_credit_policy` allows it.
            left = invoiced
        if self.credit_method == "lines":
            plan = self._plan_lines(invoice, invoiced, left)
        else:
            plan = self._plan_total(invoice, left)
        if not self.use_invoice_rate:
            # Units of company currency for one of the invoice's.
            plan = plan.at_rate(
                Fraction(invoice.currency_id.rounding)
                / Fraction(self._get_rate(invoice))
                / Fraction(invoice.company_currency_id.rounding)
            )
        takes_goods_back = self._credits_everything(invoice, left)
        lines = invoice.invoice_line_ids.filtered(
            lambda line: line.display_type == "product"
        )
        amounts = plan.amounts.get_rows()
        wizard_lines = {line.invoice_line_id: line for line in self.line_ids}
        line_plans = tuple(
            line_plan
            for line in lines
            if (
                line_plan := self._plan_line(
                    line,
                    amounts[line.id],
                    wizard_lines.get(line, self.line_ids.browse()),
                    takes_goods_back,
                )
            )
        )
        if not line_plans and any(plan.amounts.values()):
            line_plans = self._plan_no_line(lines)
        planned = {line_plan.line for line_plan in line_plans}
        return CreditNotePlan(
            credit=plan,
            lines=line_plans,
            is_whole=plan.amounts == invoiced
            # Lines at no price may be left.
            and planned >= set(lines.filtered("quantity_creditable"))
            and invoice._is_computed_as_booked(base_lines),
        )

    def _get_plan_totals(self, invoice, plan):
        """:param plan: CreditNotePlan
        :return: dict of positive amounts in the invoice's currency: `untaxed`,
            `tax`, `total`, and `taxes`, the tax of each tax group; and
            `company_total` in company currency
        """
        Tax = self.env["account.tax"]
        sign = invoice.direction_sign
        taxes = {}
        untaxed = 0
        for column, amount in plan.credit.amounts.sum_by_column().items():
            # Cash rounding may be tax, too.
            if tax_id := getattr(column, "tax", None):
                group = Tax.browse(tax_id).tax_group_id
                taxes[group] = taxes.get(group, 0) + sign * amount.currency
            else:
                untaxed += sign * amount.currency

        def to_amount(units):
            return invoice._from_units(Amount(units, 0))[0]

        tax = sum(taxes.values())
        return {
            "untaxed": to_amount(untaxed),
            "tax": to_amount(tax),
            "total": to_amount(untaxed + tax),
            "company_total": sign * invoice._from_units(plan.credit.amounts.total)[1],
            "taxes": {group: to_amount(units) for group, units in taxes.items()},
        }

    # -------------------------------------------------------------------------
    # A TOTAL
    # -------------------------------------------------------------------------

    def _plan_total(self, invoice, left):
        """:param left: Table of what is left of the invoice
        :return: CreditPlan of the same share of everything that is left
        """
        total = self._get_credited_total(invoice, left)
        if total is None:
            return plan_all(left)
        if left.total.currency < 0:
            total = -total
        company_total = self._get_company_total(invoice, total)
        if not self._credits_tax_in_full(invoice, left):
            return plan_total(left, total, company_total=company_total)
        taxes = {cell.column for cell in left if isinstance(cell.column, TaxItem)}
        # The discount is off the price now, and not off the base of the taxes.
        plan = plan_total(left.without_discounts(), total, taxes, company_total)
        pairs = {
            line.id: pair
            for line in invoice.invoice_line_ids
            if (pair := line._get_taxed_pair())
        }
        return CreditPlan(add_taxed_prices(plan.amounts, get_taxed_prices(left), pairs))

    def _get_credited_total(self, invoice, left):
        """:return: the total to hit, tax included, in units of the invoice's currency;
        None if all that is left is credited
        """
        total = self._get_asked_total(invoice)
        most = self._get_creditable_total(invoice, left)
        if total is not None and total < most:
            return total
        return None if most == abs(left.total.currency) else most

    def _get_asked_total(self, invoice):
        """:return: the total that the dialog asks for, in units; None if it is
        whatever is left
        """
        if self.credit_method == "amount":
            return invoice._to_units(self.amount, 0.0).currency
        if self.credit_method == "percentage":
            return invoice._to_units(self._get_share_of_total(invoice), 0.0).currency
        return None

    def _get_share_of_total(self, invoice):
        return invoice.currency_id.round(invoice.amount_total * self.percentage / 100.0)

    def _get_creditable_total(self, invoice, left):
        """:return: what is left of the total, less an early payment discount that the
        customer took, in units of the invoice's currency
        """
        total_left = abs(left.total.currency)
        discount = invoice._get_discounts_taken().get(invoice, 0.0)
        most = total_left - invoice._to_units(discount, 0.0).currency
        return most if most > 0 else total_left

    def _credits_everything(self, invoice, left):
        """:return: whether nothing is left afterwards that could be credited"""
        if self.credit_method == "lines":
            return False
        total = self._get_credited_total(invoice, left)
        return total is None or total == self._get_creditable_total(invoice, left)

    def _credits_tax_in_full(self, invoice, left):
        """:return: whether the tax is credited whole, and only the price without an
        early payment discount
        """
        return (
            self._credits_everything(invoice, left)
            and bool(invoice._get_discounts_taken())
            and invoice._is_discount_without_tax()
        )

    def _get_company_total(self, invoice, total):
        """:param total: units of the invoice's currency, signed as its lines
        :return: its value in units of company currency; None to use the rate of the
            invoice
        """
        if invoice.currency_id == invoice.company_currency_id:
            return None
        items = invoice._get_due_items(-total)
        return -sum(item.amount.company for item in items) if items else None

    def _get_rate(self, invoice):
        """:return: rate at which the credit note is booked, units of the invoice's
        currency for one of company currency
        """
        if self.use_invoice_rate:
            return invoice.invoice_currency_rate
        return invoice._get_expected_currency_rate_at(self.date)

    # -------------------------------------------------------------------------
    # LINES
    # -------------------------------------------------------------------------

    def _plan_lines(self, invoice, invoiced, left):
        """:param invoiced: Table of the invoice
        :param left: Table of what is left of it
        :return: CreditPlan of the lines of the dialog
        """
        credited = self.line_ids.filtered("quantity")
        whole = credited.filtered(lambda line: line._is_all_left()).invoice_line_id
        left_by_row = left.get_rows()
        open_lines = invoice.invoice_line_ids.filtered(
            lambda line: (
                line.quantity_creditable or any(left_by_row.get(line.id, {}).values())
            )
        )
        if whole >= open_lines:
            return plan_all(left)
        shares = {}
        for wizard_line in credited:
            shares |= self._get_shares_of_line(wizard_line, invoiced, left, left_by_row)
        shares |= self._get_shares_of_items(left, shares)
        plan = plan_lines(left, shares)
        company_total = self._get_company_total(invoice, plan.total.currency)
        if company_total is None:
            return plan
        return plan_lines(left, shares, company_total)

    def _get_shares_of_line(self, wizard_line, invoiced, left, left_by_row):
        """:return: {Cell: Fraction of what is left of it} that this line credits"""
        line = wizard_line.invoice_line_id
        cells = [
            Cell(row, column)
            for row in (line.id, DiscountedLine(line.id))
            for column in left_by_row.get(row, ())
        ]
        if wizard_line._is_all_left():
            return dict.fromkeys(cells, Fraction(1))
        if wizard_line._takes_goods_back():
            share = get_fraction(
                abs(Fraction(wizard_line.quantity)),
                abs(Fraction(line.quantity_creditable)),
            )
            return dict.fromkeys(cells, share)
        # A lower price does not lower fixed taxes.
        of_price = line._get_shares_of_price()
        share = Fraction(wizard_line._get_share_of_price())
        return {
            cell: get_fraction(
                invoiced.get(cell, left[cell]).currency
                * share
                * Fraction(of_price.get(getattr(cell.column, "tax", False), 1.0)),
                left[cell].currency,
            )
            for cell in cells
        }

    def _get_shares_of_items(self, left, shares):
        """:param shares: {Cell: Fraction} of the lines that are credited
        :return: {Cell: Fraction} of the items that belong to no line: they are credited
            as much as the lines are
        """
        prices = {
            cell: amount.currency for cell, amount in left.items() if cell.column == NET
        }
        share = get_share_of(prices, shares)
        return {cell: share for cell in left if cell.row == cell.column}

    # -------------------------------------------------------------------------
    # THE LINES OF THE CREDIT NOTE
    # -------------------------------------------------------------------------

    def _plan_line(self, line, amounts, wizard_line, takes_goods_back):
        """:param line: invoice line
        :param amounts: {column: Amount} to credit of it
        :param wizard_line: that of the dialog, if there is one
        :param takes_goods_back: whether its quantity is credited, where the dialog has
            no lines
        :return: CreditNoteLine, None if the line is not credited
        """
        quantity = line.quantity_creditable or line.quantity
        if self.credit_method == "lines":
            quantity = wizard_line.quantity
            takes_goods_back = quantity and wizard_line._takes_goods_back()
            if quantity and line._is_down_payment() and not wizard_line._is_all_left():
                # Credit the price, not the quantity: the sales order then deducts what
                # is left.
                quantity = line.quantity_creditable
                takes_goods_back = False
        is_free = line.currency_id.is_zero(line.amount_currency)
        if not quantity or not (
            any(amounts.values()) or (is_free and line.quantity_creditable)
        ):
            return None
        return CreditNoteLine(
            line=line,
            amounts=amounts,
            quantity=quantity,
            price_unit=line._get_price_of(amounts, quantity),
            # A quantity that was taken back before is not taken back again.
            credited_as="goods"
            if takes_goods_back and line.quantity_creditable
            else "price",
        )

    def _plan_no_line(self, lines):
        """:param lines: product lines of an invoice of which only items are left that
            belong to no line, as cash rounding
        :return: tuple of the one CreditNoteLine that its credit note has, at no price
        """
        return tuple(
            CreditNoteLine(
                line=line,
                amounts={},
                quantity=line.quantity,
                price_unit=0.0,
                credited_as="price",
            )
            for line in lines.filtered("quantity")[:1]
        )
