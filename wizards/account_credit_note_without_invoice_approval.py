from odoo import api, fields, models

from .account_credit_note_without_invoice import ISSUING


class AccountCreditNoteWithoutInvoice(models.TransientModel):
    """Where it needs a second person, a draft is made, which waits for approval."""

    _inherit = "account.credit.note.without.invoice"

    approval_needs = fields.Text(
        string="Why Approval", compute="_compute_approval_needs"
    )

    @api.depends(
        "amount_total",
        "company_id",
        "currency_id",
        "date",
        "former_invoice_id",
        "reason_id",
        "subject",
    )
    def _compute_approval_needs(self):
        for wizard in self:
            former = wizard.former_invoice_id
            before = former._get_credited_amounts().get(former, 0.0)
            amount = wizard.currency_id._convert(
                wizard.amount_total + before,
                wizard.company_id.currency_id,
                wizard.company_id,
                wizard.date or fields.Date.context_today(wizard),
            )
            needs = self.env["account.move"]._get_approval_needs(
                wizard.company_id,
                amount,
                wizard.reason_id,
                self.env.user,
                is_former=wizard.subject == "former",
            )
            wizard.approval_needs = " ".join(needs) or False

    @api.depends("approval_needs")
    def _compute_refusals(self):
        return super()._compute_refusals()

    def _get_button_refusals(self):
        # EXTENDS: what needs approval is asked for
        refusals = super()._get_button_refusals()
        if self.approval_needs:
            refusals = dict.fromkeys(ISSUING, self.approval_needs) | refusals
        return refusals

    def action_ask_approval(self):
        """Make the draft and ask somebody else to approve it. It is posted then.

        :return: action that opens the batch in which it waits
        :raise UserError: it needs no approval or nobody can give it, or what was
            entered is wrong
        """
        self.ensure_one()
        self.env["account.move"]._check_needed(
            self.approval_needs, self.partner_id.display_name
        )
        return self._make_draft().action_ask_approval()
