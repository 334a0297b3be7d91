import logging

import psycopg2

from odoo import api, fields, models
from odoo.exceptions import ConcurrencyError, UserError

from ..addition import addition
from ..lock.capability import Archiving, has_capability
from ..row_lock import lock_rows

_logger = logging.getLogger(__name__)

# Odoo's field of the PDF, and ours for a document whose electronic file is not made
# yet.
ARCHIVE_FIELDS = ("invoice_pdf_report_file", "printed_pdf_file")


class AccountMove(models.Model):
    """The PDF of an issued document: made once, then every print and download is that
    file.

    The file is Odoo's own, `invoice_pdf_report_id`, which sending makes too. Odoo makes
    it together with the electronic file, and no electronic file where it is there: as
    long as that one cannot be made, the print is kept beside, and sending takes it.
    The lock protects both. Where it is off, everything is printed as Odoo prints it.
    """

    _inherit = "account.move"

    invoice_pdf_report_id = fields.Many2one(
        compute="_compute_archived_pdf_ids",
        depends=ARCHIVE_FIELDS,
    )
    printed_pdf_id = fields.Many2one(
        comodel_name="ir.attachment",
        string="Printed PDF",
        compute="_compute_archived_pdf_ids",
        depends=ARCHIVE_FIELDS,
    )
    printed_pdf_file = fields.Binary(
        string="Printed PDF File",
        attachment=True,
        copy=False,
    )
    archiving_ids = fields.One2many(
        comodel_name="account.document.archiving",
        inverse_name="move_id",
        string="Waiting to Be Archived",
        readonly=True,
        groups="account.group_account_invoice,account.group_account_readonly",
    )

    def _compute_archived_pdf_ids(self):
        """As Odoo does it, `_compute_linked_attachment_id`, but both in one search."""
        files = self.env["ir.attachment"].search(
            [
                ("res_model", "=", self._name),
                ("res_id", "in", self.ids),
                ("res_field", "in", ARCHIVE_FIELDS),
            ]
        )
        found = {(file.res_id, file.res_field): file for file in files}
        for move in self:
            invoice_pdf, printed_pdf = (
                found.get((move._origin.id, name), False) for name in ARCHIVE_FIELDS
            )
            move.invoice_pdf_report_id = invoice_pdf
            move.printed_pdf_id = printed_pdf

    def _get_fields_to_detach(self):
        # EXTENDS 'account': a draft is printed anew
        return self._add_field_to_detach(super()._get_fields_to_detach())

    @addition
    def _add_field_to_detach(self, names):
        return [*names, "printed_pdf_file"]

    # -------------------------------------------------------------------------
    # DOWNLOADS
    # -------------------------------------------------------------------------

    def _get_invoice_legal_documents(self, filetype, allow_fallback=False):
        # EXTENDS 'account': no proforma of what is issued, its first download is it
        self.check_access("read")
        if filetype == "pdf" and (printed := self._get_download(allow_fallback)):
            return printed
        return super()._get_invoice_legal_documents(
            filetype, allow_fallback=allow_fallback
        )

    def _get_invoice_legal_documents_all(self, allow_fallback=False):
        # EXTENDS 'account': no proforma of what is issued, its first download is it
        self.check_access("read")
        if printed := self._get_download(allow_fallback):
            return [printed]
        return super()._get_invoice_legal_documents_all(allow_fallback=allow_fallback)

    @addition(otherwise=None)
    def _get_download(self, archive):
        """:param archive: whether the document is archived if it is not yet
        :return: what it was printed as, None if Odoo has its own file of it
        """
        if archive:
            self._archive_documents()
        file = self._get_printed_pdf()
        return file and {
            "filename": file.name,
            "filetype": file.mimetype,
            "content": file.raw,
        }

    # -------------------------------------------------------------------------
    # ARCHIVE
    # -------------------------------------------------------------------------

    def _archive_documents(self):
        """Make and archive the PDF of those of these documents that are issued and have
        none, with their electronic file where it can be made.

        What is waiting to be reported to an authority whose answer is printed on it is
        left out: sending does both.
        """
        reports = self.env["ir.actions.report"]
        documents = self._filter_archivable().filtered(
            # sudo: who reads a document need not be able to read files
            lambda move: not move.sudo()._get_archived_pdf()
        )
        if not documents or not reports._is_pdf_rendered():
            return
        documents._archive_now()

    @addition(otherwise=None, savepoint=True)
    def _archive_now(self):
        self._make_archive()

    def _make_archive(self):
        # Who archives them at the same time is run again, and finds the file.
        lock_rows(self)
        send = self.env["account.move.send"]
        for company, moves in self.grouped("company_id").items():
            # sudo: who reads a document may print it, and only Odoo archives its file
            send.sudo().with_company(company)._archive_documents(moves.sudo())

    # -------------------------------------------------------------------------
    # IN THE BACKGROUND
    # -------------------------------------------------------------------------

    def _post(self, soft=True):
        # EXTENDS 'account': the files are made right after it, by the scheduler
        posted = super()._post(soft=soft)
        posted._trigger_archiving()
        return posted

    @addition(otherwise=None)
    def _trigger_archiving(self):
        # sudo: the same for everybody
        if any(
            move.company_id.sudo().archive_after_posting
            for move in self._filter_lock_concerned()
        ):
            self.env["account.document.archiving"]._trigger_cron()

    def _split_for_background(self):
        """:return: list of those of these documents that are archived in the
        background, together where they are printed in the same way
        """
        moves = self.exists()._filter_archivable()
        moves = moves.filtered(
            lambda move: (
                not (
                    move._get_archived_pdf()
                    or move._is_left_to_first_print()
                    or self.env["account.move.send"]._is_archived_by_sending(move)
                )
            )
        )
        return [
            # Dates on the paper are those of who issued it.
            part.with_context(tz=tz)
            for tz, part in moves.grouped(lambda move: move.create_uid.tz).items()
        ]

    def _is_left_to_first_print(self):
        """Hook: a till prints its receipts itself, and most are never asked for. Where
        the company has no layout yet, Odoo asks for it at the first print.

        :return: whether this document is not archived before somebody prints it
        """
        # sudo: the same for everybody
        return not self.company_id.sudo().external_report_layout_id or (
            "pos_order_ids" in self._fields and bool(self.pos_order_ids)
        )

    def _try_to_archive(self):
        """:return: empty text, or why these documents could not be archived"""
        try:
            with self.env.cr.savepoint():
                self._make_archive()
        except (ConcurrencyError, psycopg2.OperationalError, psycopg2.InterfaceError):
            raise
        except UserError as error:
            return str(error)
        except Exception as error:
            _logger.warning("%s not archived", self, exc_info=True)
            return str(error) or repr(error)
        return ""

    # -------------------------------------------------------------------------
    # WHICH FILE A PRINT IS
    # -------------------------------------------------------------------------

    def _filter_archivable(self):
        """:return: those that are issued; Odoo's portal may call them a proforma all
        the same
        """
        return self._filter_lock_concerned().filtered(
            lambda move: (
                move.state == "posted" and not has_capability(self.env, Archiving, move)
            )
        )

    def _get_archived_pdf(self):
        """:return: the attachment that is served as every print of this document, if
        there is one
        """
        self.ensure_one()
        return self.invoice_pdf_report_id or self._get_printed_pdf()

    @addition(otherwise=None)
    def _get_archived_files(self, report, archive=True):
        """Archive those of these documents that this report is the first print of.

        :param report: action of a report on these documents, which the user may read
        :param archive: whether they are archived if they are not yet
        :return: {id: attachment that is served instead of a new print}
        """
        printed_once = self._filter_printed_once(report)
        if archive:
            printed_once._archive_documents()
        # sudo: who may read a document may print it
        return {
            move.id: file
            for move in printed_once.sudo()
            if (file := move._get_archived_pdf())
        }

    @addition(otherwise="")
    def _get_archive_note(self):
        """:return: sentence that names the archived file, for what shows the document
        in another way: a page, a text, a print with its payments
        """
        self.ensure_one()
        # sudo: who may read a document may print it
        issued = self.sudo()._filter_archivable()
        file = issued and issued._get_archived_pdf()
        return file and self.env._("Archived as issued: %s", file.name)

    def _get_printed_pdf(self):
        """:return: the attachment that this document was printed as, as long as sending
        has not made Odoo's own of it
        """
        self.ensure_one()
        if self.invoice_pdf_report_id or not self._filter_archivable():
            return self.env["ir.attachment"]
        return self.printed_pdf_id

    def _filter_printed_once(self, report):
        """:param report: action of a report on these documents
        :return: those that this report prints from their archived file

        An invoice on which something was paid or credited is printed anew by Odoo's
        reports, as they are there to show it; a download still is the archived file.
        """
        return (
            self._filter_archivable()
            .filtered(
                lambda move: (
                    move.move_type == "out_refund" or move.payment_state == "not_paid"
                )
            )
            ._filter_archived_print(report)
        )

    def _filter_archived_print(self, report):
        """:param report: action of a report on these documents
        :return: those whose print by this report is their archived file
        """
        if report in self._get_archived_reports():
            return self
        send = self.env["account.move.send"]
        return self.filtered(
            lambda move: (
                # sudo: the report that is set on the customer or on the journal
                report == send.sudo()._get_default_pdf_report_id(move.sudo())
            )
        )

    @api.model
    def _get_archived_reports(self):
        """Hook: other reports on a document are other documents.

        :return: the reports whose print of any document is its archived file, beside
            the one that is set on its customer or on its journal
        """
        return (
            self.env.ref("account.account_invoices")
            | self.env.ref("account.account_invoices_without_payment")
            | self.env.ref("account_partner_credit_note.action_report_credit_note")
        )
