from odoo import models
from odoo.exceptions import UserError


class AccountMove(models.Model):
    """Invoices that wait in a batch in the background."""

    _inherit = "account.move"

    def _check_not_in_batch(self):
        """:raise UserError: one of these invoices waits to be credited already"""
        open_states = self.env["account.credit.note.batch.line"]._get_open_states()
        # sudo: it may be the batch of a user whose batches this one does not see
        lines = (
            self.env["account.credit.note.batch.line"]
            .sudo()
            .search([("invoice_id", "in", self.ids), ("state", "in", open_states)])
        )
        if lines:
            raise UserError(
                self.env._(
                    "%(invoices)s: to be credited already by %(batch)s. Wait until "
                    "that one is done, or cancel it.",
                    invoices=lines.invoice_id.sudo(False)._get_document_names(),
                    batch=lines.batch_id[:1].display_name,
                )
            )
