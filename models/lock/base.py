from psycopg2 import errorcodes

from odoo import api, models


class Base(models.AbstractModel):
    _inherit = "base"

    @api.model
    def _sql_error_to_message(self, exc):
        # EXTENDS 'base': what a trigger of the lock says, and not where it says it
        if exc.pgcode == errorcodes.RESTRICT_VIOLATION and "account_document_" in (
            exc.diag.context or ""
        ):
            return exc.diag.message_primary
        return super()._sql_error_to_message(exc)
