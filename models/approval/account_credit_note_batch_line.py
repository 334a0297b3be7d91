from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import format_amount

from ..lock.capability import Approval, get_covered, with_capability


class AccountCreditNoteBatchLine(models.Model):
    """What waits for approval: the credit note of an invoice, which is not made yet, or
    a draft, which may be of no invoice.
    """

    _inherit = "account.credit.note.batch.line"

    state = fields.Selection(
        selection_add=[("to_approve", "To Approve"), ("waiting",)],
        ondelete={"to_approve": "cascade"},
    )
    invoice_id = fields.Many2one(required=False)
    partner_id = fields.Many2one(
        comodel_name="res.partner", related=None, compute="_compute_document"
    )
    currency_id = fields.Many2one(
        comodel_name="res.currency", compute="_compute_document"
    )
    amount = fields.Monetary(
        string="To Credit",
        readonly=True,
        help="What was asked for and is approved at most, tax included.",
    )
    draft_version = fields.Char(readonly=True)

    _waits_once = models.UniqueIndex(
        "(invoice_id) WHERE state IN ('waiting', 'to_approve')",
        "An invoice waits in another credit note batch already. "
        "Wait until that one is done, or cancel it.",
    )

    @api.depends("invoice_id", "credit_note_id")
    def _compute_document(self):
        for line in self:
            document = line._get_document()
            line.partner_id = document.partner_id
            # A draft may have been deleted meanwhile.
            line.currency_id = document.currency_id or (
                line.batch_id.company_id.currency_id
            )

    def _get_document(self):
        """:return: the invoice that is credited, or the draft that is posted"""
        return self.invoice_id or self.credit_note_id

    def _filter_invoices(self):
        """:return: those of which the credit note is not made yet"""
        return self.filtered("invoice_id")

    def _get_drafts(self):
        """:return: the drafts that wait as they are"""
        return (self - self._filter_invoices()).credit_note_id

    @api.model
    def _get_open_states(self):
        # EXTENDS: an invoice is asked for once
        return (*super()._get_open_states(), "to_approve")

    @api.model
    def _get_approved(self):
        """:return: the lines that are being issued as somebody approved them"""
        # sudo: the batch may be anybody's
        return get_covered(self.sudo(), Approval)

    def _issue_credit_notes(self):
        # EXTENDS: drafts are there already
        drafts = self - self._filter_invoices()
        for line in drafts:
            line._post_draft()
        drafts.state = "done"
        rest = self - drafts
        if not rest:
            return None
        return super(AccountCreditNoteBatchLine, rest)._issue_credit_notes()

    def _check_drafts(self):
        """:raise UserError: a draft is not as it was when approval was asked for"""
        for line in self - self._filter_invoices():
            draft = line.credit_note_id
            if not draft or draft._get_version() != line.draft_version:
                raise UserError(
                    self.env._(
                        "The draft was changed, posted or deleted after approval was "
                        "asked for. It has to be asked for again."
                    )
                )

    def _post_draft(self):
        """Post the draft that was approved, as the user who asked.

        :raise UserError: see `_check_drafts`
        """
        self._check_drafts()
        draft = self.credit_note_id
        user = self.batch_id.user_id
        draft = draft.with_user(user).with_context(lang=user.lang, tz=user.tz)
        with_capability(draft, Approval, self).action_post()

    def _format_amount(self):
        self.ensure_one()
        return format_amount(self.env, self.amount, self.currency_id)
