import hashlib

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

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
    record = fields.Json(
        readonly=True,
        help="What was issued: the columns of document and lines that do not change, "
        "the customer and the company as they were.",
    )
    position = fields.Integer(
        readonly=True, help="Place in the chain of the company, from 1 on."
    )
    chain = fields.Char(
        readonly=True,
        help="SHA-256 of the chain of the entry before this one, and of the record.",
    )

    _move_unique = models.Constraint("UNIQUE (move_id)", "A document is sealed once.")

    @api.model_create_multi
    def create(self, vals_list):
        self._raise_written()
        return super().create(vals_list)

    def write(self, vals):
        self._raise_written()
        return super().write(vals)

    def unlink(self):
        self._raise_written()
        return super().unlink()

    @api.model
    def _raise_written(self):
        """:raise UserError: always"""
        raise UserError(
            self.env._("The seals of issued documents are written by the database.")
        )

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
        self.env.cr.execute(
            SQL(
                """
                SELECT id, company_id, record::text FROM account_document_seal
                 WHERE chain IS NULL AND record IS NOT NULL ORDER BY id LIMIT %s
                """,
                limit,
            )
        )
        rows = self.env.cr.fetchall()
        last = self._get_last_links()
        links = []
        for id_, company_id, record in rows:
            position, chain = last.get(company_id, (0, ""))
            chain = hashlib.sha256(f"{chain}{record}".encode()).hexdigest()
            last[company_id] = (position + 1, chain)
            links.append((id_, *last[company_id]))
        if links:
            self.env.cr.execute(
                SQL(
                    "UPDATE account_document_seal seal"
                    " SET position = link.position, chain = link.chain"
                    " FROM (VALUES %s) AS link (id, position, chain)"
                    " WHERE seal.id = link.id",
                    SQL(", ").join(links),
                )
            )
        self.env.cr.execute(
            "SELECT count(*) FROM account_document_seal WHERE chain IS NULL"
        )
        [remaining] = self.env.cr.fetchone()
        self.env["ir.cron"]._commit_progress(len(links), remaining=remaining)

    @api.model
    def _get_last_links(self):
        """:return: {company id: (position, chain) of its last entry that has one}"""
        self.env.cr.execute(
            "SELECT DISTINCT ON (company_id) company_id, position, chain"
            " FROM account_document_seal WHERE chain IS NOT NULL"
            " ORDER BY company_id, position DESC"
        )
        return {
            company_id: (position, chain)
            for company_id, position, chain in self.env.cr.fetchall()
        }

    def _register_hook(self):
        # EXTENDS 'base': now all addons are loaded, and with them the closed columns
        super()._register_hook()
        update_triggers(self.env)
