from odoo import fields, models

from .database import update_triggers


class AccountDocumentSeal(models.Model):
    """The documents that the database keeps as they are.

    The database itself writes an entry when the transaction ends that posted the
    document, and nothing else does.
    """

    _name = "account.document.seal"
    _description = "Seal of an Issued Document"
    _log_access = False
    _rec_name = "move_id"

    move_id = fields.Many2one(
        comodel_name="account.move", required=True, readonly=True, ondelete="cascade"
    )
    company_id = fields.Many2one(
        comodel_name="res.company", required=True, readonly=True, ondelete="cascade"
    )
    sealed_at = fields.Datetime(required=True, readonly=True)

    _move_unique = models.Constraint("UNIQUE (move_id)", "A document is sealed once.")

    def _register_hook(self):
        # EXTENDS 'base': now all addons are loaded, and with them the closed columns
        super()._register_hook()
        update_triggers(self.env)
