from odoo import models

from ..addition import addition


class AccountMove(models.Model):
    """Down payments of sales orders, if the Sales app is there."""

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
        or its deduction, and take its quantity off the order, as by hand
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
            # The lines need not be read.
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
