from odoo import api, models
from odoo.tools import format_amount, format_list

# A message on the screen with more links than this is not read.
MAX_LINKS = 3


class AccountMoveReversal(models.TransientModel):
    """Deliver: name the credit notes on the screen; print and send follow."""

    _inherit = "account.move.reversal"

    def _get_issued_action(self, credit_notes, next_action=None, sticky=False):
        """:param next_action: what follows, closing the dialog by default
        :param sticky: whether the message stays until it is closed
        :return: action that names the credit notes on the screen, with links, and what
            can be done with them now
        """
        links = []
        if len(credit_notes) <= MAX_LINKS:
            sentences = [
                f"%s: {self._format_issued(credit_note)}"
                for credit_note in credit_notes
            ]
            links = [
                {
                    "label": credit_note.name,
                    "url": f"/odoo/credit-notes/{credit_note.id}",
                }
                for credit_note in credit_notes
            ]
        else:
            sentences = [credit_notes._get_document_names()]
        if len(credit_notes) > 1:
            sentences.append(self.env._("Total: %s", self._format_issued(credit_notes)))
        if invoices := self._get_applied_invoices(credit_notes):
            sentences.append(
                self.env._("Applied to %s", invoices._get_document_names())
            )
        if self.stop_recurring:
            recurring = self.move_ids._filter_recurring()
            sentences.append(
                self.env._("Series ended: %s", recurring._get_document_names())
            )
        if self.left_out:
            sentences.append(self.left_out)
        return {
            "type": "ir.actions.client",
            "tag": "credit_notes_issued",
            "params": {
                "type": "success",
                "title": self.env._("Credit note issued")
                if len(credit_notes) == 1
                else self.env._("%s credit notes issued", len(credit_notes)),
                "message": ". ".join(sentences),
                "links": links,
                "move_ids": credit_notes.ids,
                "sticky": sticky,
                "next": next_action or {"type": "ir.actions.act_window_close"},
            },
        }

    @api.model
    def _format_issued(self, credit_notes):
        """:return: what these come to, in each currency"""
        return format_list(
            self.env,
            [
                format_amount(self.env, sum(same.mapped("amount_total")), currency)
                for currency, same in credit_notes.grouped("currency_id").items()
            ],
        )
