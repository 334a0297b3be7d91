"""Columns and tables of issued documents are not dropped, nor used for other relations.

A context key makes Odoo delete fields of its own addons, and a relation that somebody
defines on a table of the ledger deletes its rows.
"""

from odoo import api, models
from odoo.exceptions import UserError

from odoo.addons.base.models.ir_model import MODULE_UNINSTALL_FLAG

from .changes import is_changed

# The models of issued documents, their history and their files.
KEPT_MODELS = (
    "account.move",
    "account.move.line",
    "account.document.evidence",
    "account.document.lock.log",
    "account.document.seal",
    "ir.attachment",
    "mail.message",
    "mail.tracking.value",
)


def _is_lock_on(env):
    # sudo: the same for everybody
    return bool(
        env["res.company"]
        .sudo()
        .with_context(active_test=False)
        .search_count([("lock_posted_invoices", "=", True)], limit=1)
    )


def _is_uninstalling(env):
    """:return: whether Odoo is uninstalling an addon, which it does while it loads the
    registry; a context key alone is not enough
    """
    return not env.registry.ready and env.context.get(MODULE_UNINSTALL_FLAG)


class IrModel(models.Model):
    _inherit = "ir.model"

    def unlink(self):
        # EXTENDS 'base': a context key makes Odoo delete models of its own addons
        self.field_id._check_kept(
            self.filtered(lambda model: model.model in KEPT_MODELS)
        )
        return super().unlink()


class IrModelFields(models.Model):
    _inherit = "ir.model.fields"

    @api.model_create_multi
    def create(self, vals_list):
        # EXTENDS 'base': no relation deletes rows of the ledger
        default = self.env.context.get("default_relation_table") or self.env[
            "ir.default"
        ]._get_model_defaults(self._name).get("relation_table")
        self._check_relation_tables(
            {vals.get("relation_table", default) for vals in vals_list}
        )
        return super().create(vals_list)

    def write(self, vals):
        # EXTENDS 'base': see `create`
        self._check_relation_tables({vals.get("relation_table")})
        return super().write(vals)

    def unlink(self):
        # EXTENDS 'base': a context key makes Odoo delete fields of its own addons
        self._check_kept(
            self.filtered(
                lambda field: field.model in KEPT_MODELS and field.state != "manual"
            )
        )
        return super().unlink()

    # -------------------------------------------------------------------------
    # CHECKS
    # -------------------------------------------------------------------------

    @api.model
    def _check_kept(self, records):
        """:param records: models or fields that are about to be deleted
        :raise UserError: issued documents would lose them, and no addon is uninstalled
        """
        if not records or _is_uninstalling(self.env) or not _is_lock_on(self.env):
            return
        self._refuse_change(
            self.env._(
                "%(name)s cannot be deleted: issued documents have it.",
                name=records[0].display_name,
            )
        )

    @api.model
    def _check_relation_tables(self, tables):
        """:param tables: tables of relations that a user defines
        :raise UserError: one is a table of the ledger
        """
        if not any(tables) or not _is_lock_on(self.env):
            return
        for table in tables & self._get_kept_tables():
            self._refuse_change(
                self.env._(
                    "A relation cannot use the table %s: issued documents are kept in "
                    "it. Leave the table empty.",
                    table,
                )
            )

    @api.model
    def _refuse_change(self, message):
        """:raise UserError: always, and the log keeps it"""
        self.env["account.document.lock.log"]._log_refused(message)
        raise UserError(message)

    @api.model
    def _get_kept_tables(self):
        """:return: tables of what was issued, and of its relations"""
        tables = set()
        for name in KEPT_MODELS:
            tables.add(self.env[name]._table)
            tables.update(
                field.relation
                for field in self.env[name]._fields.values()
                if field.type == "many2many" and field.store and not field.manual
            )
        return tables


class IrModelData(models.Model):
    _inherit = "ir.model.data"

    def write(self, vals):
        # EXTENDS 'base': what is a note among colleagues, and what is history, is told
        # by this name
        if {
            "res_id",
            "model",
            "module",
            "name",
        } & vals.keys() and self.env.registry.ready:
            for data in self:
                if (
                    (data.module, data.name) == ("mail", "mt_note")
                    and any(is_changed(data, name, vals[name]) for name in vals)
                    and _is_lock_on(self.env)
                ):
                    raise UserError(
                        self.env._(
                            "%s says what is history of issued documents. It cannot "
                            "be another record.",
                            data.complete_name,
                        )
                    )
        return super().write(vals)
