from odoo import api, fields, models


class AccountMove(models.Model):
    """What is credited, as a positive amount: the measures of the analysis."""

    _inherit = "account.move"

    amount_credited_untaxed = fields.Monetary(
        string="Credited, Tax Excluded",
        compute="_compute_amounts_credited",
        currency_field="company_currency_id",
    )
    amount_credited_total = fields.Monetary(
        string="Credited",
        compute="_compute_amounts_credited",
        currency_field="company_currency_id",
    )

    @api.depends("amount_untaxed_signed", "amount_total_signed", "move_type")
    def _compute_amounts_credited(self):
        for move in self:
            is_credit = move.move_type == "out_refund"
            move.amount_credited_untaxed = -is_credit * move.amount_untaxed_signed
            move.amount_credited_total = -is_credit * move.amount_total_signed
