from odoo import models

# A message on the screen with more links than this is not read.
MAX_LINKS = 3


class AccountMoveReversal(models.TransientModel):
    """Deliver: name the credit notes on the screen; print and send follow."""

    _inherit = "account.move.reversal"

    def _get_issued_action(self, credit_notes, next_action=None, sticky=False):
        """:param next_action: what follows, closing the dialog by default
        :param sticky: whether the message stays until it is closed
        :return: action that names the credit notes on the screen, with links
        """
        if len(credit_notes) <= MAX_LINKS:
            message = ", ".join(["%s"] * len(credit_notes))
            links = [
                {
                    "label": credit_note.name,
                    "url": f"/odoo/credit-notes/{credit_note.id}",
                }
                for credit_note in credit_notes
            ]
        else:
            message = credit_notes._get_document_names()
            links = []
        if invoices := self._get_applied_invoices(credit_notes):
            applied = self.env._("Applied to %s", invoices._get_document_names())
            message = f"{message}. {applied}"
        if self.left_out:
            message = f"{message}. {self.left_out}"
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "success",
                "title": self.env._("Credit note issued")
                if len(credit_notes) == 1
                else self.env._("%s credit notes issued", len(credit_notes)),
                "message": message,
                "links": links,
                "sticky": sticky,
                "next": next_action or {"type": "ir.actions.act_window_close"},
            },
        }
