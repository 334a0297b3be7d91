from odoo import fields, models


class ResCompany(models.Model):
    _inherit = "res.company"

    credit_note_approval = fields.Boolean(string="Approval of Credit Notes")
    credit_note_approval_amount = fields.Monetary(
        string="From an amount of",
        help="What the credit notes of an invoice come to together, tax included.",
    )
    credit_note_approval_days = fields.Integer(
        string="For invoices older than (days)",
    )
    credit_note_approval_own = fields.Boolean(
        string="For one's own invoices",
        help="Who made an invoice, or is its salesperson, needs approval to credit it.",
    )

    credit_without_invoice_approval = fields.Boolean(
        string="For credit notes without an invoice",
    )

    _credit_note_approval_positive = models.Constraint(
        "CHECK (credit_note_approval_amount >= 0 AND credit_note_approval_days >= 0)",
        "Neither the amount nor the days from which a credit note needs approval can "
        "be negative.",
    )
