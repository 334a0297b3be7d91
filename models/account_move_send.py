from odoo import api, models

from .lock.capability import Archiving, with_capability


class AccountMoveSend(models.AbstractModel):
    """The PDF is archived as Odoo does it when it sends, but nothing is sent."""

    _inherit = "account.move.send"

    @api.model
    def _archive_documents(self, moves):
        """Make the PDF and the electronic file of documents, and archive them.

        Whoever is to report a document to an authority sends it: that is not done
        because somebody prints it. It has no file before.

        :param moves: issued documents of one company without an archived PDF
        """
        moves_data = {
            move: self._get_default_sending_settings(move, sending_methods={})
            for move in moves
        }
        self._generate_invoice_documents(
            {
                move: data
                for move, data in moves_data.items()
                if not self._is_archived_by_sending(move)
            }
        )

    @api.model
    def _is_archived_by_sending(self, move):
        """:return: whether the document is to be reported first: by an addon of the
        account_edi family, or by what sending does besides the e-mail
        """
        if "edi_state" in move._fields and move.edi_state == "to_send":
            return True
        return bool(self._get_default_extra_edis(move))

    @api.model
    def _prepare_invoice_pdf_report(self, invoices_data):
        # EXTENDS 'account': what is archived now has no file to serve, and is final
        return super(
            AccountMoveSend,
            self._with_archiving(invoices_data).with_context(proforma_invoice=False),
        )._prepare_invoice_pdf_report(invoices_data)

    @api.model
    def _prepare_invoice_proforma_pdf_report(self, invoice, invoice_data):
        # EXTENDS 'account': sent with errors, as a proforma, and not archived
        return super(
            AccountMoveSend, self._with_archiving([invoice])
        )._prepare_invoice_proforma_pdf_report(invoice, invoice_data)

    def _with_archiving(self, invoices):
        moves = self.env["account.move"].union(*invoices)
        return with_capability(self, Archiving, moves)
