from odoo import fields, models


class AccountCreditNoteReason(models.Model):
    _name = "account.credit.note.reason"
    _description = "Credit Note Reason"
    _order = "sequence, id"
    _check_company_domain = models.check_company_domain_parent_of

    name = fields.Char(required=True, translate=True)
    sequence = fields.Integer(default=10)
    active = fields.Boolean(default=True)
    company_id = fields.Many2one(
        comodel_name="res.company",
        help="Leave empty to offer this reason in every company.",
    )
