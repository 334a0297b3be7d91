from odoo import api, fields, models
from odoo.exceptions import UserError


class AccountDocumentEvidence(models.Model):
    """What happened to issued documents, see `evidence`. The database writes it."""

    _name = "account.document.evidence"
    _description = "Evidence about Issued Documents"
    _log_access = False
    _rec_name = "name"

    kind = fields.Selection(
        selection=[
            ("file", "File archived"),
            ("file_gone", "Archived file removed"),
            ("seal_gone", "Seal removed"),
            ("log", "Written in the log"),
        ],
        required=True,
        readonly=True,
    )
    document_id = fields.Integer(
        string="Document ID",
        readonly=True,
        index="btree_not_null",
        help="Id of the document, also once it is deleted.",
    )
    company_id = fields.Many2one(
        comodel_name="res.company",
        required=True,
        readonly=True,
        index=True,
        ondelete="restrict",
    )
    name = fields.Char(string="Number", readonly=True)
    noted_at = fields.Datetime(required=True, readonly=True)
    record = fields.Json(required=True, readonly=True)
    position = fields.Integer(
        readonly=True, help="Place in the chain of the company, from 1 on."
    )
    chain = fields.Char(
        readonly=True,
        help="SHA-256 of the chain of the entry before this one, and of the record.",
    )

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
            self.env._(
                "What proves what was issued is noted by the database. Nobody can add, "
                "change or delete it."
            )
        )
