from odoo import api, fields, models


class AccountCreditNoteApproval(models.TransientModel):
    """An approver approves what was asked for, a part of it, or refuses it."""

    _name = "account.credit.note.approval"
    _inherit = "account.credit.numbers"
    _description = "Approve or Refuse a Credit Note"

    batch_id = fields.Many2one(
        comodel_name="account.credit.note.batch",
        string="Asked for",
        required=True,
        readonly=True,
        ondelete="cascade",
    )
    user_id = fields.Many2one(
        related="batch_id.user_id", string="Asked by", related_sudo=False
    )
    invoice_names = fields.Char(related="batch_id.invoice_names", related_sudo=False)
    customer_names = fields.Char(related="batch_id.customer_names", related_sudo=False)
    approval_needs = fields.Text(related="batch_id.approval_needs", related_sudo=False)
    reason_id = fields.Many2one(related="batch_id.reason_id", related_sudo=False)
    reason = fields.Char(related="batch_id.reason", related_sudo=False)
    as_one = fields.Boolean(related="batch_id.as_one", related_sudo=False)
    can_approve_part = fields.Boolean(
        related="batch_id.can_approve_part", related_sudo=False
    )
    preview = fields.Html(
        related="batch_id.preview", related_sudo=False, sanitize=False
    )
    currency_id = fields.Many2one(related="batch_id.currency_id", related_sudo=False)
    amount_asked = fields.Monetary(
        related="batch_id.amount_to_approve",
        string="Amount Asked for",
        related_sudo=False,
    )
    amount = fields.Monetary(
        string="Approved",
        compute="_compute_amount",
        store=True,
        readonly=False,
        help="Tax included. Lower it to approve a part.",
    )
    note = fields.Text(string="A Word")

    @api.depends("batch_id")
    def _compute_amount(self):
        for approval in self:
            approval.amount = approval.batch_id.amount_to_approve

    def action_approve(self):
        """Approve the amount. The credit note is issued in the background.

        :return: action that closes the dialog
        :raise AccessError: the user may not decide this
        :raise UserError: so much cannot be approved, or somebody has decided
        """
        self.ensure_one()
        is_asked = self.amount == self.batch_id.amount_to_approve
        self.batch_id._approve(self.note, None if is_asked else self.amount)
        return {"type": "ir.actions.act_window_close"}

    def action_refuse(self):
        """Refuse what was asked for. The user who asked is told.

        :return: action that closes the dialog
        :raise AccessError: the user may not decide this
        :raise UserError: there is no word why, or somebody has decided
        """
        self.ensure_one()
        self.batch_id._refuse(self.note)
        return {"type": "ir.actions.act_window_close"}
