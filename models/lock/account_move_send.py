from odoo import api, models

from .capability import FileLookup, Filing, with_capability, without_capability


class AccountMoveSend(models.AbstractModel):
    _inherit = "account.move.send"

    @api.model
    def _generate_and_send_invoices(self, moves, *args, **kwargs):
        # EXTENDS 'account': Odoo looks which documents have their PDF. Here it looks
        # anew and as superuser, so that the lock need not look a second time.
        moves.invalidate_recordset(["invoice_pdf_report_id"])
        # sudo: the same for everybody
        moves.sudo().mapped("invoice_pdf_report_id")
        send = with_capability(self, FileLookup, moves)
        send = with_capability(send, Filing, moves)
        attachments = super(AccountMoveSend, send)._generate_and_send_invoices(
            moves, *args, **kwargs
        )
        return without_capability(without_capability(attachments, FileLookup), Filing)

    @api.model
    def _link_invoice_documents(self, invoices_data):
        # EXTENDS 'account': what was rendered is archived, also without sending it
        moves = self.env["account.move"].union(*invoices_data)
        return super(
            AccountMoveSend, with_capability(self, Filing, moves)
        )._link_invoice_documents(invoices_data)
