from odoo import api, fields, models


class AccountCreditNoteReason(models.Model):
    _inherit = "account.credit.note.reason"

    needs_approval = fields.Boolean(
        help="Where the company has approval on, credit notes of this reason need it.",
    )
    approver_ids = fields.Many2many(
        comodel_name="res.users",
        relation="account_credit_note_reason_approver_rel",
        string="Approvers",
        domain=lambda self: [
            ("all_group_ids", "in", self.env.ref("account.group_account_invoice").id)
        ],
        help="Who approves credit notes of this reason. Empty: whoever has the right "
        "to approve credit notes.",
    )

    def _get_approvers(self, company):
        """:param self: the reason of a credit note, or none
        :return: the users who may approve it in this company
        """
        group = self.env.ref("account_partner_credit_note.group_credit_note_approver")
        # sudo: who may approve is the same for everybody
        return self._filter_approvers(
            self.sudo().approver_ids, company
        ) or self._filter_approvers(group.sudo().all_user_ids, company)

    @api.model
    def _filter_approvers(self, users, company):
        """:return: those of the users who can see the credit notes of the company"""
        return users.filtered(
            lambda user: (
                user.active
                and company in user.company_ids
                and user.has_group("account.group_account_invoice")
            )
        ).sudo(False)
