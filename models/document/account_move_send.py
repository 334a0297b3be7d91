import logging

from odoo import api, models
from odoo.exceptions import UserError

from ..addition import addition
from ..lock.capability import Archiving, Filing, with_capability

_logger = logging.getLogger(__name__)

# Authorities whose answer is not printed on the document.
UNPRINTED_EDIS = frozenset({"es_facturae", "it_edi_send", "ro_edi"})


class AccountMoveSend(models.AbstractModel):
    """Archives the PDF with the code that Odoo sends with, without sending it."""

    _inherit = "account.move.send"

    @api.model
    def _archive_documents(self, moves):
        """Make the PDF and the electronic file of documents, and archive them.

        Whoever is to report a document to an authority sends it: that is not done
        because somebody prints it. It has no file before if the answer is printed on
        it, as a number or a QR code. Else its print is kept until it is sent, as that
        of a document whose electronic file cannot be made yet.

        :param moves: issued documents of one company without an archived PDF
        """
        unsent = moves.filtered(lambda move: not move.is_move_sent)
        moves_data = {
            move: self._get_default_sending_settings(move, sending_methods={})
            for move in moves
            if not self._is_archived_by_sending(move)
        }
        try:
            with self.env.cr.savepoint():
                self._generate_invoice_documents(
                    {
                        move: data
                        for move, data in moves_data.items()
                        if not data["extra_edis"]
                    }
                )
        except UserError as error:
            if any(data.get("is_rendering") for data in moves_data.values()):
                raise
            # Sending reports the error; printing gives the print all the same.
            _logger.info("Printed without their electronic files: %s", error)
        self._archive_prints(
            {
                move: data
                for move, data in moves_data.items()
                if not move.invoice_pdf_report_id
            }
        )
        unsent.is_move_sent = False

    @api.model
    def _hook_if_success(self, moves_data, *args, **kwargs):
        # EXTENDS 'account': for Odoo, what has a PDF was sent; archiving sends nothing
        res = super()._hook_if_success(moves_data, *args, **kwargs)
        self._set_sent(moves_data)
        return res

    @api.model
    @addition(otherwise=None)
    def _set_sent(self, moves_data):
        for move in moves_data:
            if move.invoice_pdf_report_id and not move.is_move_sent:
                move.is_move_sent = True

    @api.model
    def _archive_prints(self, moves_data):
        """Keep the print of documents whose electronic file is yet to be made."""
        if not moves_data:
            return
        self._prepare_invoice_pdf_report(moves_data)
        moves = self.env["account.move"].union(*moves_data)
        # sudo: who reads a document need not be able to create files
        with_capability(self.env["ir.attachment"].sudo(), Filing, moves).create(
            [
                {**data["pdf_attachment_values"], "res_field": "printed_pdf_file"}
                for data in moves_data.values()
            ]
        )
        moves.invalidate_recordset(["printed_pdf_id", "printed_pdf_file"])

    @api.model
    def _is_archived_by_sending(self, move):
        """:return: whether the document is to be reported first: by an addon of the
        account_edi family, or by what sending does besides the e-mail
        """
        if "edi_state" in move._fields and move.edi_state == "to_send":
            return True
        return bool(self._get_default_extra_edis(move) - self._get_unprinted_edis())

    @api.model
    def _get_unprinted_edis(self):
        """Hook: the document looks the same before and after it is reported.

        :return: set of keys of `_get_all_extra_edis`
        """
        return set(UNPRINTED_EDIS)

    @api.model
    def _prepare_invoice_pdf_report(self, invoices_data):
        # EXTENDS 'account': what was printed is what is sent. What is archived now has
        # no file to serve, and is final.
        to_print = {}
        for move, data in invoices_data.items():
            if printed := self._get_printed_pdf(move, data):
                data["pdf_attachment_values"] = {
                    **self._prepare_printed_pdf(move, printed),
                    "res_field": "invoice_pdf_report_file",
                }
            else:
                to_print[move] = data
        if not to_print:
            return None
        for data in to_print.values():
            data["is_rendering"] = True
        res = super(
            AccountMoveSend,
            self._with_archiving(to_print).with_context(proforma_invoice=False),
        )._prepare_invoice_pdf_report(to_print)
        for data in to_print.values():
            data["is_rendering"] = False
        return res

    @api.model
    def _prepare_invoice_proforma_pdf_report(self, invoice, invoice_data):
        # EXTENDS 'account': sent with errors, as it was printed; or as a proforma, and
        # not archived
        if printed := self._get_printed_pdf(invoice, invoice_data):
            invoice_data["proforma_pdf_attachment_values"] = self._prepare_printed_pdf(
                invoice, printed
            )
            return None
        return super(
            AccountMoveSend, self._with_archiving([invoice])
        )._prepare_invoice_proforma_pdf_report(invoice, invoice_data)

    def _with_archiving(self, invoices):
        moves = self.env["account.move"].union(*invoices)
        return with_capability(self, Archiving, moves)

    @api.model
    @addition(otherwise=None)
    def _get_printed_pdf(self, move, move_data):
        """:return: what the document was printed as, unless it is sent as another one,
        or with what an authority answered printed on it
        """
        printed = move._get_printed_pdf()
        # Most have none, and which reports there are is asked for each.
        if printed and (
            set(move_data["extra_edis"]) - self._get_unprinted_edis()
            or not move._filter_archived_print(move_data["pdf_report"])
        ):
            return self.env["ir.attachment"]
        return printed

    @api.model
    def _prepare_printed_pdf(self, move, printed):
        return {
            "name": printed.name,
            "raw": printed.raw,
            "mimetype": printed.mimetype,
            "res_model": move._name,
            "res_id": move.id,
        }
