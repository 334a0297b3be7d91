"""Uninstalling another addon drops its columns, also those of issued documents."""

from odoo import models
from odoo.exceptions import UserError
from odoo.tools import format_list

ADDON = "account_partner_credit_note"
DOCUMENT_MODELS = {"account.move": "", "account.move.line": "line_ids."}


class IrModuleModule(models.Model):
    _inherit = "ir.module.module"

    def write(self, vals):
        # EXTENDS 'base': Odoo marks so what it is about to uninstall
        if vals.get("state") == "to remove":
            self._check_no_issued_column()
        return super().write(vals)

    def _check_no_issued_column(self):
        """:raise UserError: issued documents would lose what these addons brought"""
        names = set(self.mapped("name"))
        if ADDON in names:
            # The lock goes, too.
            return
        for model_name, prefix in DOCUMENT_MODELS.items():
            model = self.env[model_name]
            going = [
                name
                for name in sorted(model._get_lock_closed_fields())
                if model._fields[name].store
                and model._fields[name].type != "one2many"
                and names.issuperset(model._fields[name]._modules)
            ]
            lost = {
                name: document
                for name in going
                if (
                    document := self.env["account.move"]._find_issued(
                        [prefix + name], "!=", False
                    )
                )
            }
            if lost:
                raise UserError(
                    self.env._(
                        "%(addons)s cannot be uninstalled: issued documents, as "
                        "%(document)s, would lose %(fields)s. Keep a backup, and "
                        "switch the lock of issued documents off first.",
                        addons=format_list(self.env, self.mapped("shortdesc")),
                        document=next(iter(lost.values()))._get_document_names(),
                        fields=self.env["account.move"]._get_field_labels(model, lost),
                    )
                )
