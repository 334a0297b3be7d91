from odoo import fields, models


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    credit_note_approval = fields.Boolean(
        related="company_id.credit_note_approval", readonly=False
    )
    credit_note_approval_amount = fields.Monetary(
        related="company_id.credit_note_approval_amount",
        currency_field="currency_id",
        readonly=False,
    )
    credit_note_approval_days = fields.Integer(
        related="company_id.credit_note_approval_days", readonly=False
    )
    credit_note_approval_own = fields.Boolean(
        related="company_id.credit_note_approval_own", readonly=False
    )
    credit_without_invoice_approval = fields.Boolean(
        related="company_id.credit_without_invoice_approval", readonly=False
    )
