from collections import defaultdict
from functools import partial

from odoo import Command, api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY, retrying

# Invoices credited in one transaction: a second or two, which is lost when the server
# stops, and far from the two minutes after which Odoo stops a worker.
PIECE = 25
# Documents that are printed while somebody waits.
MAX_PRINT = 100


class AccountCreditNoteBatch(models.Model):
    """Credit notes that Odoo's scheduler issues in the background.

    Made by the dialog from more invoices than a request can hold, and written by nobody
    else: users read, and act through the buttons. A line for each invoice says what
    became of it. The line and its credit note are written in one transaction, so that a
    server that is killed neither loses nor doubles a credit note.
    """

    _name = "account.credit.note.batch"
    _description = "Credit Note Batch"
    _inherit = "mail.thread"
    _order = "id desc"
    _mail_post_access = "read"

    user_id = fields.Many2one(
        comodel_name="res.users",
        string="Started by",
        required=True,
        readonly=True,
        index=True,
    )
    company_id = fields.Many2one(
        comodel_name="res.company", required=True, readonly=True
    )
    state = fields.Selection(
        selection=[
            ("running", "In Progress"),
            ("done", "Done"),
            ("cancelled", "Cancelled"),
        ],
        default="running",
        required=True,
        readonly=True,
        index=True,
        tracking=True,
    )
    dialog_values = fields.Json(
        required=True,
        readonly=True,
        groups="base.group_system",
        help="What was chosen in the dialog, fields of other addons included.",
    )
    send_by_email = fields.Boolean(
        string="Send",
        readonly=True,
        help="Hand each credit note to Odoo's own sending in the background.",
    )
    send_error = fields.Text(string="Not Sent", readonly=True, copy=False)
    date_done = fields.Datetime(string="Finished on", readonly=True)
    line_ids = fields.One2many(
        comodel_name="account.credit.note.batch.line",
        inverse_name="batch_id",
        string="Invoices",
        readonly=True,
    )
    failed_line_ids = fields.One2many(
        comodel_name="account.credit.note.batch.line",
        inverse_name="batch_id",
        string="Not Credited",
        domain=[("state", "=", "failed")],
        readonly=True,
    )
    line_count = fields.Integer(string="Number of Invoices", compute="_compute_counts")
    waiting_count = fields.Integer(string="Waiting", compute="_compute_counts")
    done_count = fields.Integer(string="Credit Notes", compute="_compute_counts")
    failed_count = fields.Integer(
        string="Could Not Be Credited", compute="_compute_counts"
    )
    processed_count = fields.Integer(string="Processed", compute="_compute_counts")
    progress = fields.Float(compute="_compute_counts")
    can_print = fields.Boolean(compute="_compute_counts")
    reason_id = fields.Many2one(
        comodel_name="account.credit.note.reason", compute="_compute_choices"
    )
    reason = fields.Char(string="Details", compute="_compute_choices")
    date = fields.Date(compute="_compute_choices")
    journal_id = fields.Many2one(
        comodel_name="account.journal", compute="_compute_choices"
    )
    credit_method = fields.Selection(
        selection=lambda self: self._get_dialog_selection("credit_method"),
        string="Credit",
        compute="_compute_choices",
    )
    percentage = fields.Float(compute="_compute_choices")
    as_one = fields.Boolean(
        string="One Credit Note for All", compute="_compute_choices"
    )
    settlement = fields.Selection(
        selection=lambda self: self._get_dialog_selection("settlement"),
        string="Beyond the Amount Due",
        compute="_compute_choices",
    )

    # -------------------------------------------------------------------------
    # COMPUTE METHODS
    # -------------------------------------------------------------------------

    @api.depends("create_date", "user_id")
    def _compute_display_name(self):
        for batch in self:
            batch.display_name = self.env._(
                "Credit Note Batch %(number)s of %(user)s",
                number=batch.id,
                user=batch.user_id.name,
            )

    @api.depends("line_ids.state")
    def _compute_counts(self):
        counts = defaultdict(lambda: defaultdict(int))
        credit_notes = defaultdict(int)
        for batch, state, number, number_of_notes in self.env[
            "account.credit.note.batch.line"
        ]._read_group(
            [("batch_id", "in", self.ids)],
            ["batch_id", "state"],
            ["__count", "credit_note_id:count_distinct"],
        ):
            counts[batch][state] = number
            if state == "done":
                credit_notes[batch] = number_of_notes
        open_states = self.line_ids._get_open_states()
        for batch in self:
            count = counts[batch._origin]
            total = sum(count.values())
            waiting = sum(count[state] for state in open_states)
            batch.line_count = total
            batch.waiting_count = waiting
            batch.done_count = credit_notes[batch._origin]
            batch.failed_count = count["failed"]
            batch.processed_count = total - waiting
            batch.can_print = 0 < count["done"] <= MAX_PRINT
            batch.progress = 100.0 * (total - waiting) / total if total else 100.0

    @api.model
    def _get_dialog_selection(self, field_name):
        """:return: the choices of this field of the dialog, translated"""
        field = self.env["account.move.reversal"]._fields[field_name]
        return field._description_selection(self.env)

    @api.depends("dialog_values")
    def _compute_choices(self):
        for batch in self:
            # sudo: what is shown of it is not secret, only not to be written
            values = batch.sudo().dialog_values or {}
            for field_name in (
                "reason",
                "date",
                "credit_method",
                "percentage",
                "settlement",
                "as_one",
            ):
                batch[field_name] = values.get(field_name)
            # The records that were chosen may be deleted by now; only invoices are
            # kept.
            for field_name in ("reason_id", "journal_id"):
                record = batch[field_name].browse(values.get(field_name) or ())
                batch[field_name] = record.exists()

    # -------------------------------------------------------------------------
    # BUTTONS
    # -------------------------------------------------------------------------

    def action_cancel(self):
        """Stop: no more credit notes are issued. Those that are issued stay.

        :raise AccessError: the batch is another user's
        """
        self._check_may_change()
        # sudo: users do not write batches, and have pressed the button
        batches = self.sudo().filtered(lambda batch: batch.state == "running")
        # What is being credited at this very moment is not waited for: it is done.
        batches._get_waiting_lines().try_lock_for_update().state = "cancelled"
        batches._cancel()

    def _cancel(self):
        """Say that these batches are cancelled, to whoever started them, too."""
        self.write({"state": "cancelled", "date_done": fields.Datetime.now()})
        for batch in self.filtered(lambda batch: batch.user_id != self.env.user):
            batch._notify_user()

    def action_retry(self):
        """Credit in the background what could not be credited.

        :raise AccessError: the batch is another user's
        :raise UserError: an invoice waits in another batch, or the scheduled action is
            switched off
        """
        self._check_may_change()
        # sudo: users do not write batches, and have pressed the button
        lines = self.sudo().failed_line_ids
        self._check_cron()
        lines.invoice_id._lock_for_credit()
        lines.invoice_id._check_not_in_batch()
        lines.write({"state": "waiting", "error": False, "tries": 0})
        lines.batch_id.write({"state": "running", "date_done": False})
        self._trigger_cron()

    def action_view_lines(self):
        """:return: action that lists the invoices with what became of each"""
        self.ensure_one()
        self.check_access("read")
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Invoices"),
            "res_model": "account.credit.note.batch.line",
            "views": [(False, "list")],
            "domain": [("batch_id", "=", self.id)],
        }

    def action_view_credit_notes(self):
        """:return: action that opens the credit notes of this batch"""
        return self._get_credit_notes()._get_credit_notes_action()

    def action_print(self):
        """:return: action that downloads the credit notes as one PDF
        :raise UserError: there is none yet, or more than a request can print
        """
        credit_notes = self._get_existing_credit_notes()
        if len(credit_notes) > MAX_PRINT:
            raise UserError(
                self.env._(
                    "%(count)s credit notes are too many to print at once. Open them, "
                    "tick up to %(most)s, and print those.",
                    count=len(credit_notes),
                    most=MAX_PRINT,
                )
            )
        return credit_notes._get_print_action()

    def action_send(self):
        """:return: action that opens Odoo's composer on the credit notes
        :raise UserError: there is none yet
        """
        return self._get_existing_credit_notes().action_send_and_print()

    def action_register_refunds(self):
        """:return: action that opens Odoo's Register Payment for what is credited
            beyond the amounts due
        :raise UserError: there is none
        """
        credit_notes = self._get_existing_credit_notes().filtered("amount_residual")
        if not credit_notes:
            raise UserError(self.env._("Nothing of these credit notes is left to pay."))
        return credit_notes.line_ids.action_register_payment(
            {"dont_redirect_to_payments": True, "display_account_trust": True}
        )

    # -------------------------------------------------------------------------
    # SCHEDULER
    # -------------------------------------------------------------------------

    @api.model
    def _get_cron(self):
        return self.env.ref(
            "account_partner_credit_note.ir_cron_account_credit_note_batch"
        )

    @api.model
    def _trigger_cron(self):
        """Let the scheduler begin as soon as this transaction is committed."""
        self._get_cron()._trigger()

    @api.model
    def _check_cron(self):
        """:raise UserError: nothing would be done in the background"""
        cron = self._get_cron()
        # sudo: users cannot read scheduled actions
        if not cron.sudo().active:
            raise UserError(
                self.env._(
                    "Nothing is issued in the background: the scheduled action "
                    "“%(cron)s” is switched off. Ask your administrator to activate "
                    "it.",
                    # sudo: the same for everybody
                    cron=cron.sudo().name,
                )
            )

    @api.model
    def _cron_issue(self):
        """Issue the waiting credit notes, piece by piece, each its own transaction.

        The batches take turns, so that a small one does not wait for a large one.
        """
        cron = self.env["ir.cron"]
        waiting = self.env["account.credit.note.batch.line"].search_count(
            [("state", "=", "waiting")]
        )
        if not cron._commit_progress(remaining=waiting):
            # Odoo calls up to ten times whatever the time it took, and then stops a
            # server whose scheduler is busy for two minutes.
            self._trigger_cron()
            return
        # One by one after a run that was killed: whatever did it, the rest goes on.
        size = 1 if cron._was_cut_off() else PIECE
        progressed = True
        while progressed:
            progressed = False
            for batch in self._get_pending():
                if size == 1:
                    batch._get_waiting_lines(limit=1)._begin()
                    cron._commit_progress()
                try:
                    processed = retrying(partial(batch._process_piece, size), self.env)
                except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY:
                    continue  # Others write the same invoices: in the next run.
                progressed = progressed or bool(processed)
                if not cron._commit_progress(processed):
                    # Others have their turn now, then Odoo comes back at once.
                    self._trigger_cron()
                    return

    @api.model
    def _get_pending(self):
        """:return: the batches that have something left to do, oldest first"""
        return self.search(
            ["|", ("state", "=", "running"), ("line_ids.state", "=", "waiting")],
            order="id",
        )

    def _process_piece(self, size):
        """Credit the next invoices of this batch.

        :param size: number of invoices to credit at most
        :return: number of invoices that wait no more
        """
        self.ensure_one()
        if self.state == "cancelled":
            lines = self._get_waiting_lines().try_lock_for_update()
            lines.state = "cancelled"
            return len(lines)
        # Lines that another run has locked are left to it.
        waiting = self._get_waiting_lines(limit=None if self.as_one else size)
        lines = waiting.try_lock_for_update()
        if self.as_one and lines != waiting:
            return 0
        lines._process()
        if not self._get_waiting_lines(limit=1):
            self._finish()
        return len(lines)

    def _get_waiting_lines(self, limit=None):
        return self.env["account.credit.note.batch.line"].search(
            [("batch_id", "in", self.ids), ("state", "=", "waiting")], limit=limit
        )

    def _finish(self):
        self.write({"state": "done", "date_done": fields.Datetime.now()})
        self._notify_user()

    def _make_dialog(self, invoices):
        """:return: the dialog of these invoices, of the user who started the batch,
        with what was chosen, in the company of the batch
        """
        self.ensure_one()
        user = self.user_id
        env = self.env(
            user=user,
            su=False,
            context={
                "allowed_company_ids": self.company_id.ids,
                "lang": user.lang,
                "tz": user.tz,
            },
        )
        return env["account.move.reversal"].create(
            {**self.dialog_values, "move_ids": [Command.set(invoices.ids)]}
        )

    def _send(self, credit_notes):
        """Hand these credit notes to Odoo's own sending in the background.

        Where Odoo refuses, they stay issued, and the batch says why.
        """
        try:
            with self.env.cr.savepoint():
                credit_notes.env["account.move.send.batch.wizard"].create(
                    {"move_ids": [Command.set(credit_notes.ids)]}
                ).action_send_and_print()
        except UserError as error:
            self.send_error = str(error)

    # -------------------------------------------------------------------------
    # NOTIFICATION
    # -------------------------------------------------------------------------

    def _notify_user(self):
        """Tell who started it: inbox or e-mail as the user likes, and on the screen."""
        self.ensure_one()
        user = self.user_id
        batch = self.with_context(lang=user.lang, tz=user.tz)
        message = batch._get_summary()
        batch.message_notify(
            partner_ids=user.partner_id.ids,
            subject=message,
            body=message,
        )
        user._bus_send(
            "account_notification",
            {
                "type": "warning" if batch.failed_count else "success",
                "title": batch.display_name,
                "message": message,
                "sticky": True,
                "action_button": {
                    "name": batch.env._("Open the batch"),
                    "action_name": batch.display_name,
                    "model": self._name,
                    "res_ids": self.ids,
                },
            },
        )

    def _get_summary(self):
        """:return: in a sentence, what came of this batch"""
        self.ensure_one()
        if self.state == "cancelled":
            return self.env._(
                "Cancelled. Credit notes issued before: %s.", self.done_count
            )
        if self.failed_count:
            return self.env._(
                "Credit notes issued: %(done)s. Invoices that could not be credited: "
                "%(failed)s. The batch says why.",
                done=self.done_count,
                failed=self.failed_count,
            )
        return self.env._("Credit notes issued: %s.", self.done_count)

    # -------------------------------------------------------------------------
    # HELPERS
    # -------------------------------------------------------------------------

    def _get_credit_notes(self):
        """:return: the credit notes of these batches that the user may see"""
        self.check_access("read")
        return self.env["account.move"].search(
            [("id", "in", self.line_ids.credit_note_id.ids)], order="id"
        )

    def _get_existing_credit_notes(self):
        """:raise UserError: there is none yet"""
        credit_notes = self._get_credit_notes()
        if not credit_notes:
            raise UserError(self.env._("No credit note is issued yet."))
        return credit_notes

    def _check_may_change(self):
        """:raise AccessError: the batch is another user's, and the user no accounting
        administrator; or the user may not issue credit notes
        """
        self.check_access("read")
        self.env["account.move"]._check_credit_note_access()
        if self.env.su or self.env.user.has_group("account.group_account_manager"):
            return
        if others := self.filtered(lambda batch: batch.user_id != self.env.user):
            raise AccessError(
                self.env._(
                    "%(batch)s can be changed by its user and by accounting "
                    "administrators only.",
                    batch=others[:1].display_name,
                )
            )
