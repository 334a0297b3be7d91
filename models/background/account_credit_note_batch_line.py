import logging

from psycopg2 import InterfaceError, OperationalError

from odoo import api, fields, models
from odoo.exceptions import ConcurrencyError, UserError

_logger = logging.getLogger(__name__)

# After so many tries that ended with the server, an invoice is given up.
MAX_TRIES = 3


class AccountCreditNoteBatchLine(models.Model):
    """An invoice of a batch, and what became of it."""

    _name = "account.credit.note.batch.line"
    _description = "Invoice of a Credit Note Batch"
    _rec_name = "invoice_id"

    batch_id = fields.Many2one(
        comodel_name="account.credit.note.batch",
        required=True,
        readonly=True,
        ondelete="cascade",
    )
    invoice_id = fields.Many2one(
        comodel_name="account.move",
        required=True,
        readonly=True,
        index=True,
        ondelete="cascade",
    )
    partner_id = fields.Many2one(related="invoice_id.partner_id")
    credit_note_id = fields.Many2one(
        comodel_name="account.move",
        readonly=True,
        index="btree_not_null",
        ondelete="set null",
    )
    state = fields.Selection(
        selection=[
            ("waiting", "Waiting"),
            ("done", "Credited"),
            ("failed", "Not Credited"),
            ("cancelled", "Cancelled"),
        ],
        default="waiting",
        required=True,
        readonly=True,
    )
    error = fields.Text(string="Reason", readonly=True)
    tries = fields.Integer(
        readonly=True,
        help="How often it was begun alone, without coming to an end.",
    )

    _batch_state_idx = models.Index("(batch_id, state, id)")
    _waits_once = models.UniqueIndex(
        "(invoice_id) WHERE state = 'waiting'",
        "An invoice waits in another credit note batch already. "
        "Wait until that one is done, or cancel it.",
    )

    def action_open_invoice(self):
        """:return: action that opens the invoice"""
        self.ensure_one()
        self.check_access("read")
        return self.invoice_id._get_records_action(name=self.env._("Invoice"))

    @api.model
    def _get_open_states(self):
        """:return: the states of lines of which the invoice is still to be credited"""
        return ("waiting",)

    def _begin(self):
        """Count the try, in a transaction of its own: the next may kill the server."""
        as_one = self.batch_id.filtered("as_one")
        for line in (self | as_one._get_waiting_lines()).try_lock_for_update():
            line.tries += 1

    def _process(self):
        """Credit these invoices, unless they took the server down too often."""
        hopeless = self.filtered(lambda line: line.tries > MAX_TRIES)
        hopeless.write(
            {
                "state": "failed",
                "error": self.env._(
                    "The server was stopped %s times while it credited this invoice. "
                    "Credit it by itself.",
                    MAX_TRIES,
                ),
            }
        )
        (self - hopeless)._credit()

    def _credit(self):
        """Credit these invoices as one.

        Where that fails, the halves are tried, down to the invoices that cannot be
        credited, so that each of them has a reason of its own. One credit note for all
        is made whole or not at all.
        """
        if not self:
            return
        try:
            with self.env.cr.savepoint():
                self._issue_credit_notes()
        except (ConcurrencyError, InterfaceError, OperationalError):
            raise  # A conflict in the database: the invoices are tried again.
        except Exception as error:  # noqa: BLE001
            if len(self) > 1 and not self.batch_id.as_one:
                half = len(self) // 2
                self[:half]._credit()
                self[half:]._credit()
            else:
                self.write({"state": "failed", "error": self._get_reason(error)})

    def _issue_credit_notes(self):
        batch = self.batch_id
        credit_notes = batch._make_dialog(self.invoice_id)._credit()
        if batch.as_one:
            self.credit_note_id = credit_notes.id
        else:
            credit_note_of = {
                credit_note.reversed_entry_id.id: credit_note.id
                for credit_note in credit_notes
            }
            for line in self:
                line.credit_note_id = credit_note_of[line.invoice_id.id]
        self.state = "done"
        if batch.send_by_email:
            batch._send(credit_notes)

    def _get_reason(self, error):
        """:return: why this invoice could not be credited, for people to read"""
        if isinstance(error, UserError):
            return str(error)
        _logger.exception(
            "%s could not be credited", self.invoice_id._get_document_names()
        )
        return self.env._(
            "Something unexpected happened (%s). Your administrator finds it in "
            "the server's log.",
            error,
        )
