from functools import partial

from odoo import api, fields, models
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY, retrying

# Documents archived in one transaction: a few seconds, in which who pays one of them
# waits.
PIECE = 5


class AccountDocumentArchiving(models.Model):
    """The documents whose files Odoo's scheduler makes in the background.

    The database writes an entry with the seal, when the transaction ends that posted
    the document. What is archived has none any more. What could not be archived keeps
    its entry, until somebody prints or sends it.
    """

    _name = "account.document.archiving"
    _description = "Issued Document to Be Archived"
    _log_access = False
    _rec_name = "move_id"

    move_id = fields.Many2one(
        comodel_name="account.move", required=True, readonly=True, ondelete="cascade"
    )
    company_id = fields.Many2one(
        comodel_name="res.company", required=True, readonly=True, ondelete="cascade"
    )
    error = fields.Text(string="Not Archived", readonly=True)
    is_told = fields.Boolean(
        readonly=True, help="The history of the document says that it is not archived."
    )

    _move_unique = models.Constraint(
        "UNIQUE (move_id)", "A document waits once to be archived."
    )

    # -------------------------------------------------------------------------
    # SCHEDULER
    # -------------------------------------------------------------------------

    @api.model
    def _trigger_cron(self):
        """Let the scheduler begin within the minute. As Odoo's `_trigger`, but in one
        query, since every posting does it.
        """
        cron_id = self.env["ir.model.data"]._xmlid_to_res_id(
            "account_partner_credit_note.ir_cron_account_document_archiving"
        )
        # sudo: users do not write triggers, and have posted a document
        self.env["ir.cron.trigger"].sudo().create(
            {"cron_id": cron_id, "call_at": fields.Datetime.now()}
        )

    @api.model
    def _cron_archive(self):
        """Archive what waits, piece by piece, each its own transaction."""
        cron = self.env["ir.cron"]
        for entry in self._get_failed()._drop_archived():
            if not entry.is_told:
                # The server was stopped before it could say so.
                entry._tell()
        if not self._can_archive() or not cron._commit_progress(
            remaining=self.search_count([("error", "=", False)])
        ):
            return
        # One by one after a run that was killed: whatever did it, the rest goes on.
        size = 1 if cron._was_cut_off() else PIECE
        while waiting := self._get_waiting(size):
            if size == 1:
                # Once more, it is not begun.
                waiting.error = self.env._("The server was stopped while it was made.")
                cron._commit_progress()
            try:
                retrying(partial(waiting._archive), self.env)
            except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY:
                # Somebody works on them: in the next run.
                self.env.cr.rollback()
                self._trigger_cron()
                cron._commit_progress()
                return
            if not cron._commit_progress(len(waiting)):
                # Others have their turn now, then Odoo comes back at once.
                self._trigger_cron()
                cron._commit_progress()
                return

    @api.model
    def _can_archive(self):
        """:return: whether PDFs can be made at all; else everything waits"""
        reports = self.env["ir.actions.report"]
        return reports._is_pdf_rendered() and reports.get_wkhtmltopdf_state() in (
            "ok",
            "workers",
            "upgrade",
        )

    @api.model
    def _get_waiting(self, limit):
        """:return: the next to be archived, but those that another run has locked"""
        waiting = self.search([("error", "=", False)], order="id", limit=limit)
        return waiting.try_lock_for_update()

    @api.model
    def _get_failed(self):
        return self.search([("error", "!=", False)])

    def _drop_archived(self):
        """What was printed or sent meanwhile is archived.

        :return: the rest
        """
        archived = self.filtered(lambda entry: entry.move_id._get_archived_pdf())
        rest = self - archived
        archived.unlink()
        return rest

    # -------------------------------------------------------------------------
    # ARCHIVING
    # -------------------------------------------------------------------------

    def _archive(self):
        """Archive these documents, and say on each that cannot be archived why not."""
        errors = {}
        for part in self.move_id._split_for_background():
            if (error := part._try_to_archive()) and len(part) == 1:
                errors[part] = error
            elif error:
                errors |= {move: move._try_to_archive() for move in part}
        errors = {move.id: error for move, error in errors.items() if error}
        failed = self.filtered(lambda entry: entry.move_id.id in errors)
        for entry in failed:
            entry.error = errors[entry.move_id.id]
            entry._tell()
        (self - failed).unlink()

    def _tell(self):
        """Say in the history of the document that it has no archived PDF."""
        self.ensure_one()
        self.is_told = True
        self.move_id.message_post(
            body=self.env._(
                "The PDF could not be made in the background: %(error)s Print or send "
                "%(document)s to archive it.",
                error=self.error,
                document=self.move_id._get_document_names(),
            )
        )
