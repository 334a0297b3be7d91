from odoo import api, models

from .capability import FileLookup, with_capability, without_capability


class AccountMoveSend(models.AbstractModel):
    _inherit = "account.move.send"

    @api.model
    def _generate_and_send_invoices(self, moves, *args, **kwargs):
        # EXTENDS 'account': Odoo looks which documents have their PDF. Here it looks
        # anew and as superuser, so that the lock need not look a second time.
        moves.invalidate_recordset(["invoice_pdf_report_id"])
        # sudo: which files there are does not depend on who asks
        moves.sudo().mapped("invoice_pdf_report_id")
        attachments = super(
            AccountMoveSend, with_capability(self, FileLookup, moves)
        )._generate_and_send_invoices(moves, *args, **kwargs)
        return without_capability(attachments, FileLookup)
