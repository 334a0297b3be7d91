from odoo import api, models

from ..addition import addition
from .capability import FileLookup, with_capability, without_capability


class AccountMoveSend(models.AbstractModel):
    _inherit = "account.move.send"

    @api.model
    def _generate_and_send_invoices(self, moves, *args, **kwargs):
        # EXTENDS 'account': Odoo looks which documents have their PDF. Here it looks
        # anew and as superuser, so that the lock need not look a second time.
        attachments = super(
            AccountMoveSend, self._add_file_lookup(self, moves)
        )._generate_and_send_invoices(moves, *args, **kwargs)
        return self._drop_file_lookup(attachments)

    @addition
    def _add_file_lookup(self, send, moves):
        moves.invalidate_recordset(["invoice_pdf_report_id"])
        # sudo: which files there are does not depend on who asks
        moves.sudo().mapped("invoice_pdf_report_id")
        return with_capability(send, FileLookup, moves)

    @addition
    def _drop_file_lookup(self, attachments):
        return without_capability(attachments, FileLookup)
