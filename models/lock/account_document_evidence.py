from odoo import fields, models


class AccountDocumentEvidence(models.Model):
    """What happened to issued documents, see `evidence`. The database writes it."""

    _name = "account.document.evidence"
    _inherit = "account.document.chained"
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
