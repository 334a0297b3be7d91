import logging

import psycopg2

from odoo import api, fields, models
from odoo.exceptions import UserError

from .capability import LogEntry, has_capability, with_capability
from .database import database_leave
from .policy import SWITCHES

_logger = logging.getLogger(__name__)


class AccountDocumentLockLog(models.Model):
    """What happened to the lock of a company: who switched it, which cancellations were
    accepted, and what was refused or found.

    Nobody writes, changes or deletes an entry: not an administrator, not the superuser.
    """

    _name = "account.document.lock.log"
    _description = "Change of the Lock of Issued Documents"
    _order = "id desc"

    company_id = fields.Many2one(
        comodel_name="res.company",
        required=True,
        readonly=True,
        ondelete="restrict",
        index=True,
    )
    user_id = fields.Many2one(
        comodel_name="res.users",
        string="Changed by",
        required=True,
        readonly=True,
        ondelete="restrict",
    )
    event = fields.Selection(
        selection=[
            ("switch", "Switched"),
            ("cancellation", "Cancellation accepted"),
            ("schema", "Change of the schema refused"),
            ("deviation", "Not as issued"),
        ],
        default="switch",
        required=True,
        readonly=True,
    )
    document_id = fields.Integer(
        string="Document ID", readonly=True, index="btree_not_null"
    )
    details = fields.Char(readonly=True)
    lock_posted_invoices = fields.Boolean(string="Locked Afterwards", readonly=True)
    lock_in_database = fields.Boolean(
        string="In the Database Afterwards", readonly=True
    )
    over_credit_policy = fields.Selection(
        selection=lambda self: (
            self.env["res.company"]._fields["over_credit_policy"].selection
        ),
        string="Credit Beyond the Invoice Afterwards",
        readonly=True,
    )
    archive_after_posting = fields.Boolean(
        string="Archived after Posting Afterwards", readonly=True
    )

    # -------------------------------------------------------------------------
    # CRUD
    # -------------------------------------------------------------------------

    @api.model_create_multi
    def create(self, vals_list):
        companies = self.env["res.company"].browse(
            vals.get("company_id") for vals in vals_list
        )
        if not all(
            has_capability(self.env, LogEntry, company) for company in companies
        ):
            self._raise_unchangeable()
        with database_leave(self.env):
            return super().create(vals_list)

    def write(self, vals):
        self._raise_unchangeable()
        return super().write(vals)

    @api.ondelete(at_uninstall=True)
    def _unlink_never(self):
        self._raise_unchangeable()

    # -------------------------------------------------------------------------
    # HELPERS
    # -------------------------------------------------------------------------

    @api.model
    def _log_events(self, event, events):
        """Write down what happened.

        :param event: key of the field `event`
        :param events: list of (company, details, id of the document or False)
        """
        companies = self.env["res.company"].union(*(company for company, *_ in events))
        # sudo: nobody has the right to write in the log
        log = with_capability(self.sudo(), LogEntry, companies)
        log.create(
            [
                {
                    "company_id": company.id,
                    "user_id": self.env.uid,
                    "event": event,
                    "details": details,
                    "document_id": document_id,
                    # sudo: the same for everybody
                    **{name: company.sudo()[name] for name in SWITCHES},
                }
                for company, details, document_id in events
            ]
        )

    @api.model
    def _log_refused(self, details):
        """Write down a refusal, in a transaction of its own: that in which it happens
        is rolled back.
        """
        registry, uid = self.env.registry, self.env.uid
        company_id = self.env.company.id

        def write():
            try:
                with registry.cursor() as cr:
                    env = api.Environment(cr, uid, {})
                    company = env["res.company"].browse(company_id)
                    env[self._name]._log_events("schema", [(company, details, False)])
            except psycopg2.Error:
                _logger.warning("Not written in the log: %s", details, exc_info=True)

        self.env.cr.postrollback.add(write)

    def _raise_unchangeable(self):
        raise UserError(
            self.env._(
                "The log of the lock is written by the setting itself. "
                "Nobody can add, change or delete an entry."
            )
        )
