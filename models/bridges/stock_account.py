from odoo import models

from ..addition import addition


class AccountMove(models.Model):
    """Cost of goods: a credited difference in price takes no goods back."""

    _inherit = "account.move"

    def _post(self, soft=True):
        # EXTENDS 'account': valued stock, which loads after this addon and so comes
        # before it here, has just made the items that reverse the cost of goods sold
        self._unlink_cost_of_price_differences()
        return super()._post(soft=soft)

    def _unlink_cost_of_price_differences(self):
        credit_notes = self.filtered(
            lambda move: (
                move.move_type == "out_refund"
                and move.reversed_entry_id
                and move.state == "draft"
            )
        )
        if "cogs_origin_id" not in self.line_ids._fields or not credit_notes:
            return
        credit_notes._unlink_cost_items()

    @addition(otherwise=None, savepoint=True)
    def _unlink_cost_items(self):
        self.line_ids.filtered(
            lambda line: (
                line.display_type == "cogs"
                and line.cogs_origin_id._is_price_difference()
            )
            # The items balance each other, so Odoo need not compute the taxes anew.
        ).with_context(skip_invoice_sync=True).unlink()
