from odoo import models

from ..bulk.reversal_batch import ReversalBatch


class AccountMove(models.Model):
    """Cash rounding of a credit note: the amount by which its invoice was rounded. The
    same for an invoice that takes back a credit note.
    """

    _inherit = "account.move"

    def _recompute_cash_rounding_lines(self):
        # EXTENDS 'account': Odoo rounds a draft anew at each write, as the one that
        # another addon does on posting. What takes the invoice's rounding back stays.
        if self.reversed_entry_id and (
            self._is_planned_credit_note()
            or self._is_credited_in_part()
            or self._is_rounded_as_reversed()
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

    def _is_rounded_as_reversed(self):
        """:return: whether this document reverses the whole of another one with its
        cash rounding, so that today's rounding does not apply
        """
        origin = self.reversed_entry_id
        return (
            origin._is_guarded_origin(self.move_type)
            and self.currency_id == origin.currency_id
            and self.invoice_cash_rounding_id == origin.invoice_cash_rounding_id
            and all(
                self.currency_id.is_zero(amount + reversed_amount)
                for amount, reversed_amount in zip(
                    self._get_rounded_amounts(),
                    origin._get_rounded_amounts(),
                    strict=True,
                )
            )
        )

    def _get_rounded_amounts(self):
        """:return: (what was rounded, what it was rounded by), in currency"""
        self.ensure_one()
        items = self.line_ids.filtered(
            lambda line: (
                line.account_id.account_type
                not in ("asset_receivable", "liability_payable")
            )
        )
        roundings = items.filtered(lambda line: line.display_type == "rounding")
        return tuple(
            sum(lines.mapped("amount_currency"))
            for lines in (items - roundings, roundings)
        )
