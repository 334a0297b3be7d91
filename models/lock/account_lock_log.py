from odoo import api, fields, models
from odoo.exceptions import UserError

from .capability import LogEntry, has_capability
from .database import database_leave


class AccountDocumentLockLog(models.Model):
    """Who switched the lock of a company on or off, and when.

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

    def _raise_unchangeable(self):
        raise UserError(
            self.env._(
                "The log of the lock is written by the setting itself. "
                "Nobody can add, change or delete an entry."
            )
        )
