from odoo import models


class AccountMove(models.Model):
    """Several credit notes of one invoice, posted together."""

    _inherit = "account.move"

    def _reconcile_reversed_moves(self, reverse_moves, move_reverse_cancel):
        # EXTENDS 'account': Odoo pairs the documents by their place. An invoice comes
        # once, however many of these credit it, so that those after it would be set
        # against the invoices of others, or of nobody.
        if len(self) == len(reverse_moves):
            return super()._reconcile_reversed_moves(reverse_moves, move_reverse_cancel)
        left = reverse_moves
        while left:
            step = left.browse(
                reversals[0].id
                for reversals in left.grouped("reversed_entry_id").values()
            )
            super(AccountMove, step.reversed_entry_id)._reconcile_reversed_moves(
                step, move_reverse_cancel
            )
            left -= step
        return reverse_moves
