from odoo import api, fields, models


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
    credit_without_invoice_limit = fields.Monetary(
        string="Credit without an Invoice, at Most",
    )
    early_discount_account_ids = fields.Many2many(
        comodel_name="account.account",
        relation="res_company_early_discount_account_rel",
        string="Early Payment Discount Accounts",
        compute="_compute_early_discount_account_ids",
        store=True,
        help="Accounts on which early payment discounts are or once were booked.",
    )

    _credit_note_background_limit_positive = models.Constraint(
        "CHECK (credit_note_background_limit >= 0)",
        "The number of invoices from which they are credited in the background "
        "cannot be negative.",
    )

    _credit_without_invoice_limit_positive = models.Constraint(
        "CHECK (credit_without_invoice_limit >= 0)",
        "The limit of credit notes without an invoice cannot be negative.",
    )

    @api.depends("account_journal_early_pay_discount_loss_account_id")
    def _compute_early_discount_account_ids(self):
        for company in self:
            company.early_discount_account_ids |= (
                company.account_journal_early_pay_discount_loss_account_id
            )
