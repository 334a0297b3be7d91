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
    credit_note_background_limit = fields.Integer(
        string="Credit in the Background",
        default=200,
        help="From this number of invoices on, the credit notes are issued in the "
        "background. 0: never.",
    )

    _credit_note_background_limit_positive = models.Constraint(
        "CHECK (credit_note_background_limit >= 0)",
        "The number of invoices from which they are credited in the background "
        "cannot be negative.",
    )
