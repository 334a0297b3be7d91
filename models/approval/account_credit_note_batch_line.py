from odoo import api, fields, models
from odoo.tools import format_amount

from ..lock.capability import Approval, get_covered


class AccountCreditNoteBatchLine(models.Model):
    _inherit = "account.credit.note.batch.line"

    state = fields.Selection(
        selection_add=[("to_approve", "To Approve"), ("waiting",)],
        ondelete={"to_approve": "cascade"},
    )
    currency_id = fields.Many2one(related="invoice_id.currency_id")
    amount = fields.Monetary(
        string="To Credit",
        readonly=True,
        help="What was asked for and is approved at most, tax included.",
    )

    _waits_once = models.UniqueIndex(
        "(invoice_id) WHERE state IN ('waiting', 'to_approve')",
        "An invoice waits in another credit note batch already. "
        "Wait until that one is done, or cancel it.",
    )

    @api.model
    def _get_open_states(self):
        # EXTENDS: an invoice is asked for once
        return (*super()._get_open_states(), "to_approve")

    @api.model
    def _get_approved(self):
        """:return: the lines that are being issued as somebody approved them"""
        # sudo: the batch may be anybody's
        return get_covered(self.sudo(), Approval)

    def _format_amount(self):
        self.ensure_one()
        return format_amount(self.env, self.amount, self.currency_id)
