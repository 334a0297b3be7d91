from odoo import models
from odoo.tools import SQL

from .lock.capability import Archiving, has_capability


class AccountMove(models.Model):
    """The PDF of an issued document: made once, and that very file from then on.

    The file is Odoo's own, `invoice_pdf_report_id`, which sending makes too. The lock
    protects it, and where the lock is off, everything is printed as Odoo prints it.
    """

    _inherit = "account.move"

    # -------------------------------------------------------------------------
    # DOWNLOADS
    # -------------------------------------------------------------------------

    def _get_invoice_legal_documents(self, filetype, allow_fallback=False):
        # EXTENDS 'account': no proforma of what is issued, its first download is it
        if filetype == "pdf" and allow_fallback:
            self._archive_documents()
        return super()._get_invoice_legal_documents(
            filetype, allow_fallback=allow_fallback
        )

    def _get_invoice_legal_documents_all(self, allow_fallback=False):
        # EXTENDS 'account': no proforma of what is issued, its first download is it
        if allow_fallback:
            self._archive_documents()
        return super()._get_invoice_legal_documents_all(allow_fallback=allow_fallback)

    # -------------------------------------------------------------------------
    # ARCHIVE
    # -------------------------------------------------------------------------

    def _archive_documents(self):
        """Make and archive the PDF of those of these documents that are issued and have
        none, with their electronic file.

        What is waiting to be reported to an authority is left out: sending does both.
        """
        self.check_access("read")
        reports = self.env["ir.actions.report"]
        documents = self._filter_archivable().filtered(
            # sudo: who reads a document need not be able to read files
            lambda move: not move.sudo().invoice_pdf_report_id
        )
        if not documents or not reports._is_pdf_rendered():
            return
        documents._lock_for_archive()
        send = self.env["account.move.send"]
        for company, moves in documents.grouped("company_id").items():
            # sudo: who reads a document may print it, and only Odoo archives its file
            send.sudo().with_company(company)._archive_documents(moves.sudo())

    def _lock_for_archive(self):
        """Let nobody else archive these documents until this transaction has ended.

        Who waited fails on the row that was changed meanwhile, is run again by Odoo and
        then finds the file.
        """
        self.env.cr.execute(
            SQL(
                "SELECT id FROM account_move WHERE id IN %s ORDER BY id"
                " FOR NO KEY UPDATE",
                tuple(self.ids),
            ),
            log_exceptions=False,
        )

    def _filter_archivable(self):
        """:return: those that are issued, and no proforma whatever Odoo calls them"""
        return self._filter_lock_concerned().filtered(
            lambda move: (
                move.state == "posted" and not has_capability(self.env, Archiving, move)
            )
        )

    def _filter_printed_once(self, report):
        """:param report: action of a report on these documents
        :return: those that this report prints from their archived file

        An invoice on which something was paid or credited is printed anew by Odoo's
        reports, as they are there to show it; a download still is the archived file.
        """
        return self._filter_archivable().filtered(
            lambda move: (
                (move.move_type == "out_refund" or move.payment_state == "not_paid")
                and report in move._get_archived_reports()
            )
        )

    def _get_archived_reports(self):
        """Hook: other reports on a document are other documents.

        :return: the reports whose print of this document is its archived file
        """
        self.ensure_one()
        send = self.env["account.move.send"]
        return (
            self.env.ref("account.account_invoices")
            | self.env.ref("account.account_invoices_without_payment")
            | self.env.ref("account_partner_credit_note.action_report_credit_note")
            # sudo: the report that is set on the customer or on the journal
            | send.sudo()._get_default_pdf_report_id(self.sudo())
        )
