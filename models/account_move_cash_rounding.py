from odoo import models

from .reversal_batch import ReversalBatch


class AccountMove(models.Model):
    """Cash rounding of a credit note: what its invoice was rounded by."""

    _inherit = "account.move"

    def _recompute_cash_rounding_lines(self):
        # EXTENDS 'account': Odoo rounds a draft anew at each write, as the one that
        # another addon does on posting. What takes the invoice's rounding back stays.
        if self.reversed_entry_id and (
            self._is_planned_credit_note() or self._is_credited_in_part()
        ):
            return None
        return super()._recompute_cash_rounding_lines()

    def _is_planned_credit_note(self):
        """:return: whether the dialog has given this credit note its amounts and posts
        it now
        """
        batch = ReversalBatch.of(self.env)
        return batch is not None and not batch.plans

    def _is_credited_in_part(self):
        """:return: whether the dialog made this credit note of a part of its invoice,
        which it does without a cash rounding of its own
        """
        return not self.invoice_cash_rounding_id and any(
            self.invoice_line_ids.mapped("credited_as")
        )
