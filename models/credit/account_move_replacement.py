from odoo import api, fields, models


class AccountMove(models.Model):
    """*Credit and Re-invoice*: the new invoice and the one in whose place it stands."""

    _inherit = "account.move"

    replaces_id = fields.Many2one(
        comodel_name="account.move",
        readonly=True,
        copy=False,
        index="btree_not_null",
        help="The invoice that was credited and is invoiced again here.",
    )
    replaced_by_ids = fields.One2many(
        comodel_name="account.move",
        inverse_name="replaces_id",
        string="Replacements",
        readonly=True,
    )
    replaced_by_id = fields.Many2one(
        comodel_name="account.move", compute="_compute_replaced_by_id"
    )

    @api.depends("replaced_by_ids")
    def _compute_replaced_by_id(self):
        for move in self:
            move.replaced_by_id = move.replaced_by_ids[:1]
