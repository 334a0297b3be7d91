from odoo import fields, models


class ResCompany(models.Model):
    _inherit = "res.company"

    over_credit_policy = fields.Selection(
        selection=[("block", "Refuse"), ("warn", "Post and log")],
        string="Credit Beyond the Invoice",
        default="block",
        required=True,
        help="What happens with a credit note of more than is left of its invoice.",
    )
    credit_note_reason_required = fields.Boolean(
        string="Reason Required on Credit Notes",
    )
