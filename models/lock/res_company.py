import logging

from odoo import api, fields, models
from odoo.exceptions import AccessError

from .changes import is_changed
from .database import database_leave, seal_documents
from .policy import SWITCHES

_logger = logging.getLogger(__name__)


class ResCompany(models.Model):
    _inherit = "res.company"

    lock_posted_invoices = fields.Boolean(
        string="Lock Issued Documents",
        default=True,
        help="Customer invoices, credit notes and receipts can no longer be changed, "
        "reset to draft, cancelled or deleted once they are posted, by anyone, in any "
        "way. A credit note corrects them.",
    )
    lock_in_database = fields.Boolean(
        string="Lock in the Database",
        default=True,
        help="The database itself refuses to change or delete issued documents, "
        "whatever program asks it. Switch it off before Odoo is upgraded to another "
        "version, and on again afterwards.",
    )

    # -------------------------------------------------------------------------
    # CRUD
    # -------------------------------------------------------------------------

    @api.model_create_multi
    def create(self, vals_list):
        # EXTENDS 'base': a company without the lock is an administrator's decision, and
        # is logged like switching it off
        if not self._has_lock_access():
            if any(
                vals.get(name, on) != on
                for vals in vals_list
                for name, on in SWITCHES.items()
            ):
                self._check_lock_access()
            # Not by a user default either, which anybody can set.
            vals_list = [{**vals, **SWITCHES} for vals in vals_list]
        companies = super().create(vals_list)
        # sudo: the same for everybody
        companies.filtered(
            lambda company: any(
                company.sudo()[name] != on for name, on in SWITCHES.items()
            )
        )._log_lock()
        return companies

    def write(self, vals):
        # EXTENDS 'base': only an accounting administrator changes it, and it is logged
        switches = [name for name in SWITCHES if name in vals]
        if not switches:
            return super().write(vals)
        # sudo: the same for everybody
        changing = self.filtered(
            lambda company: any(
                is_changed(company.sudo(), name, vals[name]) for name in switches
            )
        )
        if not changing:
            return super().write(vals)
        changing._check_lock_access()
        # Flush first: earlier writes were made under the other setting.
        self.env.flush_all()
        with database_leave(self.env):
            res = super().write(vals)
            self.flush_recordset(list(SWITCHES))
        # Documents that were issued while the lock was off.
        seal_documents(self.env, changing)
        changing._log_lock()
        return res

    # -------------------------------------------------------------------------
    # HELPERS
    # -------------------------------------------------------------------------

    @api.model
    def _has_lock_access(self):
        """:return: whether the user, also behind `sudo`, may change the lock"""
        return self.env.user.has_group("account.group_account_manager")

    @api.model
    def _check_lock_access(self):
        """:raise AccessError: the user, also behind `sudo`, may not change the lock"""
        if not self._has_lock_access():
            raise AccessError(
                self.env._(
                    "Only an accounting administrator can change the settings of the "
                    "lock, of archiving and of credit beyond the invoice. Ask one to "
                    "do it."
                )
            )

    def _log_lock(self):
        """Log who set the lock of these companies."""
        if not self:
            return
        for company in self:
            # sudo: the same for everybody
            _logger.info(
                "Lock of issued documents of company %s (%s) switched %s, in the "
                "database %s, more credit than the invoice: %s, archived after "
                "posting: %s, by user %s",
                company.id,
                company.sudo().name,
                "on" if company.sudo().lock_posted_invoices else "off",
                "on" if company.sudo().lock_in_database else "off",
                company.sudo().over_credit_policy,
                "yes" if company.sudo().archive_after_posting else "no",
                self.env.uid,
            )
        self.env["account.document.lock.log"]._log_events(
            "switch", [(company, False, False) for company in self]
        )


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    lock_posted_invoices = fields.Boolean(
        related="company_id.lock_posted_invoices",
        readonly=False,
    )
    lock_in_database = fields.Boolean(
        related="company_id.lock_in_database",
        readonly=False,
    )

    def action_view_lock_log(self):
        """:return: action of the list of who switched the lock, and when"""
        return self.env["ir.actions.act_window"]._for_xml_id(
            "account_partner_credit_note.account_document_lock_log_action"
        )
