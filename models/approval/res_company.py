from odoo import fields, models


class ResCompany(models.Model):
    _inherit = "res.company"

    credit_note_approval = fields.Boolean(string="Approval of Credit Notes")
    credit_note_approval_amount = fields.Monetary(
        string="Approval from an Amount",
        help="Credit notes of an invoice need approval once they come to this amount "
        "together, tax included. 0: whatever the amount, none is needed for it.",
    )
    credit_note_approval_days = fields.Integer(
        string="Approval for Old Invoices",
        help="Credit notes of invoices that are older than so many days need approval. "
        "0: whatever the age, none is needed for it.",
    )
    credit_note_approval_own = fields.Boolean(
        string="Approval for Own Invoices",
        help="Who made an invoice, or is its salesperson, needs approval to credit it.",
    )

    _credit_note_approval_positive = models.Constraint(
        "CHECK (credit_note_approval_amount >= 0 AND credit_note_approval_days >= 0)",
        "Neither the amount nor the days from which a credit note needs approval can "
        "be negative.",
    )
