from odoo import api, fields, models
from odoo.tools import SQL

from .chain import chain_entries
from .database import update_triggers


class AccountDocumentSeal(models.Model):
    """The documents that the database keeps as they are.

    The database itself writes an entry when the transaction ends that posted the
    document, and nothing else does.
    """

    _name = "account.document.seal"
    _inherit = "account.document.chained"
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
    record = fields.Json(
        readonly=True,
        help="What was issued: the columns of document and lines that do not change, "
        "the customer and the company as they were.",
    )

    _move_unique = models.Constraint("UNIQUE (move_id)", "A document is sealed once.")

    @api.model
    def _cron_chain(self, limit=1000):
        """Note what documents are that were issued before the addon came, and chain the
        entries of each company in their order.

        :param limit: how many entries in one transaction
        """
        self.env.cr.execute(
            SQL(
                """
                UPDATE account_document_seal
                   SET record = account_document_record(move_id)
                 WHERE id IN (
                    SELECT id FROM account_document_seal
                     WHERE record IS NULL AND chain IS NULL ORDER BY id LIMIT %s)
                """,
                limit,
            )
        )
        done, remaining = map(
            sum,
            zip(
                *(
                    chain_entries(self.env.cr, self.env[name]._table, limit)
                    for name in (self._name, "account.document.evidence")
                ),
                strict=True,
            ),
        )
        self.env["ir.cron"]._commit_progress(done, remaining=remaining)

    def _register_hook(self):
        # EXTENDS 'base': now all addons are loaded, and with them the closed columns
        super()._register_hook()
        update_triggers(self.env)
