import json
import re
from functools import partial
from pathlib import Path

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY, retrying

from .check_seal import (
    Deviation,
    check_company,
    check_piece,
    count_seals,
    get_piece,
)

# Documents compared in one transaction: a second or two.
PIECE = 1000
# Deviations that are listed; beyond it, they are counted.
MAX_LINES = 10000


class AccountDocumentCheck(models.Model):
    """Whether the issued documents of a company are still what was issued.

    Odoo's scheduler compares them with their seals, piece by piece. Users start a check
    and read it; nobody writes one.
    """

    _name = "account.document.check"
    _description = "Issued Documents Check"
    _order = "id desc"

    company_id = fields.Many2one(
        comodel_name="res.company",
        required=True,
        default=lambda self: self.env.company,
        index=True,
    )
    date_from = fields.Date(string="From")
    date_to = fields.Date(string="To")
    state = fields.Selection(
        selection=[
            ("draft", "Not Started"),
            ("running", "In Progress"),
            ("done", "Done"),
        ],
        default="draft",
        required=True,
        readonly=True,
        copy=False,
    )
    date_done = fields.Datetime(string="Finished on", readonly=True, copy=False)
    total_count = fields.Integer(string="Documents", readonly=True, copy=False)
    checked_count = fields.Integer(string="Checked", readonly=True, copy=False)
    pending_count = fields.Integer(
        string="Not Compared Yet",
        readonly=True,
        copy=False,
        help="Documents issued before the addon came. What they are is noted in the "
        "background, every hour.",
    )
    deviation_count = fields.Integer(string="Deviations", readonly=True, copy=False)
    last_seal = fields.Integer(readonly=True, copy=False)
    line_ids = fields.One2many(
        comodel_name="account.document.check.line",
        inverse_name="check_id",
        string="Deviations Found",
        readonly=True,
    )

    _period = models.Constraint(
        "CHECK (date_from <= date_to)", "A period does not end before it begins."
    )

    @api.depends("company_id", "date_from", "date_to")
    def _compute_display_name(self):
        for check in self:
            check.display_name = self.env._(
                "Check %(number)s of %(company)s",
                number=check.id or "",
                company=check.company_id.name,
            )

    @api.model_create_multi
    def create(self, vals_list):
        # EXTENDS 'base': what came out is not the user's to say, by a default either
        results = {
            "state": "draft",
            "date_done": False,
            "total_count": 0,
            "checked_count": 0,
            "pending_count": 0,
            "deviation_count": 0,
            "last_seal": 0,
            "line_ids": [],
        }
        return super().create([{**vals, **results} for vals in vals_list])

    # -------------------------------------------------------------------------
    # BUTTONS
    # -------------------------------------------------------------------------

    def action_start(self):
        """Let the scheduler begin.

        :raise UserError: the scheduled action is switched off
        """
        self._check_may_start()
        cron = self._get_cron()
        # sudo: users cannot read scheduled actions
        if not cron.sudo().active:
            raise UserError(
                self.env._(
                    "Nothing is checked in the background: the scheduled action "
                    "“%(cron)s” is switched off. Ask your administrator to activate "
                    "it.",
                    # sudo: the same for everybody
                    cron=cron.sudo().name,
                )
            )
        # sudo: users do not write checks, and have pressed the button
        self.sudo().filtered(lambda check: check.state == "draft")._start()
        cron._trigger()

    def _check_may_start(self):
        """:raise AccessError: the user neither administers accounting nor audits it"""
        self.check_access("read")
        if not (
            self.env.su
            or self.env.user.has_group("account.group_account_manager")
            or self.env.user.has_group("account.group_account_readonly")
        ):
            raise AccessError(
                self.env._("Only accounting administrators and auditors can do this.")
            )

    def action_view_deviations(self):
        """:return: action that lists the deviations, to search, group and export"""
        self.ensure_one()
        self.check_access("read")
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Deviations"),
            "res_model": "account.document.check.line",
            "views": [(False, "list")],
            "domain": [("check_id", "=", self.id)],
        }

    # -------------------------------------------------------------------------
    # SCHEDULER
    # -------------------------------------------------------------------------

    @api.model
    def _get_cron(self):
        return self.env.ref(
            "account_partner_credit_note.ir_cron_account_document_check"
        )

    @api.model
    def _cron_check(self):
        """Compare piece by piece, each its own transaction."""
        cron = self.env["ir.cron"]
        while check := self.search([("state", "=", "running")], order="id", limit=1):
            try:
                checked = retrying(partial(check._check_piece), self.env)
            except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY:
                self.env.cr.rollback()
                checked = 0
            left = sum(
                check.total_count - check.checked_count
                for check in self.search([("state", "=", "running")])
            )
            if not cron._commit_progress(checked, remaining=max(left, 0)):
                # Others have their turn now, then Odoo comes back at once.
                self._get_cron()._trigger()
                cron._commit_progress()
                return

    def _start(self):
        for check in self:
            total, pending = count_seals(
                check.env.cr, check.company_id.id, check._get_period()
            )
            check.write(
                {"state": "running", "total_count": total, "pending_count": pending}
            )

    def _check_piece(self):
        """:return: number of documents that were compared"""
        self.ensure_one()
        self.env.flush_all()
        cr, company, period = self.env.cr, self.company_id, self._get_period()
        deviations = []
        if not self.last_seal:
            deviations += check_company(cr, company.id, period)
        seal_ids = get_piece(cr, company.id, self.last_seal, period, PIECE)
        if seal_ids:
            deviations += check_piece(cr, seal_ids, self._read_file)
            self.last_seal = seal_ids[-1]
            self.checked_count += len(seal_ids)
        self._add_lines(deviations)
        if len(seal_ids) < PIECE:
            self._finish()
        return len(seal_ids)

    def _add_lines(self, deviations):
        room = max(MAX_LINES - self.deviation_count, 0)
        self.deviation_count += len(deviations)
        lines = self.env["account.document.check.line"]
        lines.create(
            [lines._prepare_values(self, deviation) for deviation in deviations[:room]]
        )

    def _finish(self):
        self.write({"state": "done", "date_done": fields.Datetime.now()})
        if self.deviation_count:
            details = f"{self.display_name}: {self.deviation_count}"
            log = self.env["account.document.lock.log"].with_user(self.create_uid)
            log._log_events("deviation", [(self.company_id, details, False)])

    # -------------------------------------------------------------------------
    # HELPERS
    # -------------------------------------------------------------------------

    def _get_period(self):
        return (self.date_from or None, self.date_to or None)

    @api.model
    def _read_file(self, name):
        """:return: content of a file of the filestore, None if it is not there"""
        path = Path(self.env["ir.attachment"]._full_path(name))
        return path.read_bytes() if path.is_file() else None


class AccountDocumentCheckLine(models.Model):
    """What is not as it was issued."""

    _name = "account.document.check.line"
    _description = "Deviation of an Issued Document"
    _rec_name = "document"
    _order = "id"

    check_id = fields.Many2one(
        comodel_name="account.document.check",
        required=True,
        readonly=True,
        index=True,
        ondelete="cascade",
    )
    move_id = fields.Many2one(
        comodel_name="account.move",
        string="Journal Entry",
        readonly=True,
        index="btree_not_null",
        ondelete="set null",
    )
    document = fields.Char(readonly=True)
    kind = fields.Selection(
        selection=[
            ("changed", "Changed"),
            ("gone", "Gone"),
            ("unsealed", "Without a seal"),
            ("opened", "Opened while the lock was off"),
            ("cancelled", "Cancelled without an accepted cancellation"),
            ("file", "Archived file changed"),
            ("missing", "Numbers missing"),
            ("double", "Number there twice"),
            ("log", "Log changed"),
            ("chain", "Chain broken"),
        ],
        string="What",
        readonly=True,
    )
    field = fields.Char(string="Technical Field", readonly=True)
    field_label = fields.Char(string="Field", compute="_compute_field_label")
    sealed_value = fields.Char(string="As Issued", readonly=True)
    present_value = fields.Char(string="Now", readonly=True)

    @api.depends("field")
    def _compute_field_label(self):
        """Say it in the user's language, with the number of the line."""
        for line in self:
            match = re.fullmatch(r"line (\d+) ?(\w*)", line.field or "")
            model = "account.move.line" if match else "account.move"
            name = match[2] if match else line.field
            label = name
            if field := self.env[model]._fields.get(name):
                label = field._description_string(self.env)
            if match:
                label = self.env._(
                    "Line %(number)s %(field)s", number=match[1], field=label
                ).strip()
            line.field_label = label

    @api.model
    def _prepare_values(self, check, deviation: Deviation):
        moves = self.env["account.move"].browse(deviation.move_id or ())
        return {
            "check_id": check.id,
            "move_id": moves.exists().id,
            "document": deviation.document,
            "kind": deviation.kind,
            "field": deviation.field,
            "sealed_value": self._format(deviation.sealed),
            "present_value": self._format(deviation.present),
        }

    @api.model
    def _format(self, value):
        if value is None:
            return False
        return value if isinstance(value, str) else json.dumps(value, default=str)

    def action_open_document(self):
        """:return: action that opens the document, if it is still there"""
        self.ensure_one()
        self.check_access("read")
        return self.move_id and self.move_id._get_records_action()
