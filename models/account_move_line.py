from odoo import api, fields, models


class AccountMoveLine(models.Model):
    _inherit = "account.move.line"

    credited_line_id = fields.Many2one(
        comodel_name="account.move.line",
        string="Credited Invoice Line",
        index="btree_not_null",
        readonly=True,
        copy=False,
        check_company=True,
        help="The invoice line that this credit note line credits.",
    )
    credit_note_line_ids = fields.One2many(
        comodel_name="account.move.line",
        inverse_name="credited_line_id",
        string="Credit Note Lines",
        readonly=True,
    )
    quantity_creditable = fields.Float(
        string="Left to Credit (Quantity)",
        digits="Product Unit",
        compute="_compute_quantity_creditable",
        compute_sudo=True,
        help="Quantity of the line less what drafts and posted credit notes credit.",
    )

    @api.depends(
        "quantity",
        "display_type",
        "parent_state",
        "credit_note_line_ids.quantity",
        "credit_note_line_ids.parent_state",
    )
    def _compute_quantity_creditable(self):
        credited = dict(
            self.env["account.move.line"]._read_group(
                [
                    ("credited_line_id", "in", self.ids),
                    ("parent_state", "!=", "cancel"),
                ],
                ["credited_line_id"],
                ["quantity:sum"],
            )
        )
        for line in self:
            line.quantity_creditable = (
                line.quantity - credited.get(line._origin, 0.0)
                if line.display_type == "product" and line.move_id._is_creditable()
                else 0.0
            )

    def _copy_data_extend_business_fields(self, values):
        # EXTENDS 'account': link a credit note line to its invoice line as it is
        # built. `move_reverse_cancel` is set by `_reverse_moves` and by nothing else,
        # which tells a reversal from the new invoice of "Reverse and Create Invoice".
        res = super()._copy_data_extend_business_fields(values)
        if (
            "move_reverse_cancel" in self.env.context
            and self.display_type == "product"
            and self.move_type in self.env["account.move"]._get_creditable_types()
        ):
            values["credited_line_id"] = self.id
        return res
