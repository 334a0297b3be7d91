"""Down payments of sales orders, if the Sales app is there."""

import copy
from collections import defaultdict

from odoo import models
from odoo.exceptions import UserError

from ..addition import addition


class AccountMove(models.Model):
    _inherit = "account.move"

    def _post(self, soft=True):
        # EXTENDS 'account': the order deducts what is left of its down payment
        parts = self._get_parts_of_down_payments()
        parts._check_no_deductions()
        # Else the order would deduct nothing any more, see `_update_down_payments`.
        parts._unlink_order_lines()
        posted = super()._post(soft=soft)
        posted._update_down_payments()
        if posted._get_down_payment_lines():
            # Again: the `action_post` of Sales sets the prices anew after this.
            self.env.cr.precommit.add(lambda: posted.exists()._update_down_payments())
        return posted

    def _get_parts_of_down_payments(self):
        """:return: the lines of these credit notes that credit a part of a down payment
        or of its deduction, but take its whole quantity off the order, as lines made by
        hand do
        """
        credit_notes = self.filtered(
            lambda move: (
                move.move_type == "out_refund"
                and move.company_id.over_credit_policy == "block"
            )
        )
        return credit_notes._get_down_payment_lines().filtered(
            lambda line: line._credits_part_for_order()
        )

    def _get_down_payment_lines(self):
        """:return: the lines of these documents that invoice or deduct down payments of
        sales orders; none without the Sales app
        """
        if "is_downpayment" not in self.env["account.move.line"]._fields:
            # Without Sales: do not read the lines.
            return self.env["account.move.line"]
        return self.line_ids._filter_down_payments()

    def _update_down_payments(self):
        """Make sales orders deduct what these documents left of their down payments.

        Sales deducts a down payment whole as long as its quantity counts as invoiced,
        at the price of its order line. It lowers that price only by credit note lines
        that take the quantity back, too.
        """
        lines = (self + self.reversed_entry_id)._get_down_payment_lines()
        if lines:
            self._update_order_lines(lines)

    @addition(otherwise=None, savepoint=True)
    def _update_order_lines(self, lines):
        # sudo: whoever may post the credit note may not change orders by himself
        for order_line in lines.sudo().sale_line_ids:
            if order_line.is_downpayment and not order_line.display_type:
                order_line.invoice_lines._update_down_payment_price(order_line)


class AccountMoveLine(models.Model):
    _inherit = "account.move.line"

    def _filter_down_payments(self):
        """:return: those of these lines that invoice or deduct down payments of sales
        orders; none without the Sales app
        """
        if "is_downpayment" not in self._fields:
            return self.browse()
        return self.filtered("is_downpayment")

    def _is_down_payment(self):
        """:return: whether this invoice line invoices a down payment of a sales order,
        and does not deduct one
        """
        return bool(self._filter_down_payments()) and self.quantity > 0

    def _is_deduction(self):
        """:return: whether this invoice line deducts a down payment of a sales order"""
        return (
            bool(self._filter_down_payments())
            and self.quantity < 0
            # sudo: the same for everybody
            and bool(self.sudo()._get_order_lines())
        )

    def _credits_part_for_order(self):
        """:return: whether this credit note line credits a part of its invoice line and
        takes the quantity off the sales order all the same
        """
        self.ensure_one()
        line = self.credited_line_id
        if (
            not self._is_credit_note_line()
            # sudo: the same for everybody
            or not self.sudo()._get_order_lines()
            or self.currency_id != line.currency_id
        ):
            return False
        earlier = line._get_crediting_lines().filtered(
            lambda credit_line: (
                credit_line.parent_state == "posted" and credit_line != self
            )
        )
        left = abs(line.amount_currency + sum(earlier.mapped("amount_currency")))
        # Odoo's own credit notes round each line anew, a cent each way.
        return left - abs(self.amount_currency) > 2 * line.currency_id.rounding

    def _check_no_deductions(self):
        """:raise UserError: one of these credit note lines takes back a part of what a
        final invoice deducted, which its order would deduct whole again
        """
        if deductions := self.credited_line_id.filtered(
            lambda line: line._is_deduction()
        ):
            raise UserError(deductions[0]._get_deduction_refusal())

    def _get_deduction_refusal(self):
        """:return: why a part of this deduction cannot be credited"""
        self.ensure_one()
        return self.env._(
            "“%(line)s” on %(invoice)s deducts a down payment, which the sales order "
            "would deduct whole again. Credit all of the line, or leave it out.",
            line=(self.name or "").split("\n")[0],
            invoice=self.move_id.name,
        )

    def _unmark_down_payments(self):
        """Unmark lines that credit a down payment out of goodwill, so that the sales
        order deducts all of the down payment.
        """
        if lines := self.filtered(
            lambda line: line.credited_line_id._is_down_payment()
        ):
            lines.is_downpayment = False

    def _update_down_payment_price(self, order_line):
        """Lower the price of a down payment on its order by what credit notes took
        off it, where they left its quantity invoiced.

        :param order_line: sales order line of these invoice lines
        """
        lines = self.filtered(
            lambda line: (
                line.move_type == "out_invoice"
                and line.parent_state == "posted"
                and line._is_down_payment()
                and line.amount_currency
            )
        )
        credit_lines = lines._get_down_payment_credits()
        if all(credit_line.sale_line_ids for credit_line in credit_lines):
            return
        price_unit = sum(
            line.price_unit * line._get_share_of_down_payment_left() for line in lines
        )
        if order_line.price_unit == price_unit:
            return
        order = order_line.order_id
        is_locked = order.locked
        if is_locked:
            # A locked order refuses changes by hand; this one follows from the credit
            # note.
            order.locked = False
        order_line.price_unit = price_unit
        if len(lines) == 1:
            order_line.extra_tax_data = lines._get_tax_data_left(price_unit)
        if is_locked:
            order.locked = True

    def _get_down_payment_credits(self):
        """:return: the posted credit note lines that pay back a part of these"""
        return (
            self._get_crediting_lines()
            .filtered(lambda line: line.parent_state == "posted")
            ._filter_down_payments()
        )

    def _get_share_of_down_payment_left(self):
        self.ensure_one()
        credited = sum(self._get_down_payment_credits().mapped("amount_currency"))
        return 1.0 + credited / self.amount_currency

    def _get_tax_data_left(self, price_unit):
        """Compute the taxes of a down payment that was credited in part.

        Sales keeps them to the cent, and deducts them as long as the price is that of
        this data; else it computes them anew.

        :param price_unit: what is left of the price
        :return: value of `extra_tax_data` of the order line
        """
        self.ensure_one()
        data = copy.deepcopy(self.extra_tax_data or {})
        if not data.get("manual_tax_amounts"):
            return self.extra_tax_data
        currencies = {"_currency": self.currency_id, "": self.company_currency_id}
        share = self._get_share_of_down_payment_left()
        tax_shares = self._get_tax_shares_left()
        data["price_unit"] = price_unit
        for suffix, currency in currencies.items():
            name = f"manual_total_excluded{suffix}"
            if name in data:
                data[name] = currency.round(data[name] * share)
            for tax_id, amounts in data["manual_tax_amounts"].items():
                for name, part in (
                    (f"base_amount{suffix}", share),
                    (f"tax_amount{suffix}", tax_shares.get(int(tax_id), share)),
                ):
                    if name in amounts:
                        amounts[name] = currency.round(amounts[name] * part)
        return data

    def _get_tax_shares_left(self):
        """:return: {tax id: share of the tax of this document that is left of it}"""
        credits = self._get_down_payment_credits().move_id
        invoiced = defaultdict(float)
        left = defaultdict(float)
        for line in (self.move_id + credits).line_ids.filtered("tax_line_id"):
            left[line.tax_line_id.id] += line.amount_currency
            if line.move_id == self.move_id:
                invoiced[line.tax_line_id.id] += line.amount_currency
        return {
            tax_id: left[tax_id] / amount
            for tax_id, amount in invoiced.items()
            if amount
        }
