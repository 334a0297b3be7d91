from odoo import api, models

from ..addition import addition, after


class AccountMove(models.Model):
    """Cost of goods: a credited difference in price takes no goods back."""

    _inherit = "account.move"

    @api.model
    def _get_method_wrappers(self):
        return super()._get_method_wrappers() | {
            ("account.move.line", "_eligible_for_stock_account"): after(
                _is_without_price_difference
            ),
        }


@addition
def _is_without_price_difference(line, eligible):
    """Without this, posting puts the cost of the goods back to stock."""
    return eligible and not line._is_price_difference()
