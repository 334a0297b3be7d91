from odoo import fields, models
from odoo.exceptions import UserError


class AccountMove(models.Model):
    """A credit note issued by mistake: an invoice takes it back, to the cent."""

    _inherit = "account.move"

    def action_invoice_again(self):
        """Make the draft of an invoice that takes back this credit note.

        :return: action that opens the draft
        :raise UserError: this is no posted credit note, or it was taken back before
        """
        self.ensure_one()
        self._check_credit_note_access()
        self.check_access("read")
        if self.move_type != "out_refund" or self.state != "posted":
            raise UserError(
                self.env._(
                    "Only a posted credit note can be invoiced again, not %s.",
                    self._get_document_names(),
                )
            )
        self._lock_for_credit()
        if invoices := self.reversal_move_ids.filtered(
            lambda move: move.state != "cancel"
        ):
            raise UserError(
                self.env._(
                    "%(credit_note)s was invoiced again by %(invoices)s already.",
                    credit_note=self.name,
                    invoices=invoices._get_document_names(),
                )
            )
        today = fields.Date.context_today(self)
        invoice = self._reverse_moves(
            [
                {
                    "date": today,
                    "invoice_date": today,
                    "invoice_currency_rate": self.invoice_currency_rate,
                    "invoice_origin": self.invoice_origin,
                    "ref": self.env._("Reversal of: %s", self.name),
                    **self._prepare_document_type("out_invoice", self.journal_id),
                }
            ]
        )
        # Odoo computes taxes and roundings anew.
        table = self._get_table(self)
        if commands := invoice._get_item_commands(-table, {self: table.total}):
            invoice.with_context(skip_invoice_sync=True, dynamic_unlink=True).write(
                {"line_ids": commands}
            )
        return invoice._get_records_action(name=self.env._("Invoice"))
