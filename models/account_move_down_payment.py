from odoo import models


class AccountMove(models.Model):
    """Down payments of sales orders, if the Sales app is there."""

    _inherit = "account.move"

    def _post(self, soft=True):
        # EXTENDS 'account': the order deducts what is left of its down payment
        posted = super()._post(soft=soft)
        posted._update_down_payments()
        return posted

    def _update_down_payments(self):
        """Make sales orders deduct what these documents left of their down payments.

        Sales deducts a down payment whole as long as its quantity counts as invoiced,
        at the price of its order line. It lowers that price only by credit note lines
        that take the quantity back, too.
        """
        credit_notes = self.filtered(lambda move: move.move_type == "out_refund")
        if not credit_notes or "is_downpayment" not in self.line_ids._fields:
            return
        lines = credit_notes.line_ids | credit_notes.reversed_entry_id.line_ids
        # sudo: whoever may post the credit note may not change orders by himself
        for order_line in lines.sudo().sale_line_ids:
            # Sales does not touch a locked order either.
            if (
                order_line.is_downpayment
                and not order_line.display_type
                and not order_line.order_id.locked
            ):
                order_line.invoice_lines._update_down_payment_price(order_line)
