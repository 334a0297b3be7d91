from odoo import api, fields, models
from odoo.exceptions import UserError


class AccountDocumentChained(models.AbstractModel):
    """Entries that the database writes, chained for each company, see `chain`."""

    _name = "account.document.chained"
    _description = "Chained Entry about Issued Documents"

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
