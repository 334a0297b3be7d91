from odoo import fields, models


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    over_credit_policy = fields.Selection(
        related="company_id.over_credit_policy", readonly=False
    )
    credit_note_reason_required = fields.Boolean(
        related="company_id.credit_note_reason_required", readonly=False
    )
    credit_without_invoice_limit = fields.Monetary(
        related="company_id.credit_without_invoice_limit",
        currency_field="currency_id",
        readonly=False,
    )
    credit_note_background_limit = fields.Integer(
        related="company_id.credit_note_background_limit", readonly=False
    )
