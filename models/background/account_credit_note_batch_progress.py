from datetime import timedelta

from odoo import api, fields, models
from odoo.tools import format_datetime

# A piece takes a second or two: who did nothing for so long does not work.
SILENCE = timedelta(minutes=1)


class AccountCreditNoteBatch(models.Model):
    """How far a batch is, in money, and whether anybody works on it."""

    _inherit = "account.credit.note.batch"

    company_currency_id = fields.Many2one(
        related="company_id.currency_id", string="Company Currency"
    )
    amount_done = fields.Monetary(
        string="Credited",
        compute="_compute_amounts",
        currency_field="company_currency_id",
        help="Total of the credit notes that are issued, in company currency.",
    )
    amount_to_do = fields.Monetary(
        string="To Credit",
        compute="_compute_amounts",
        currency_field="company_currency_id",
        help="What is left to credit on the invoices that wait, in company currency.",
    )
    progress_text = fields.Char(
        string="Doing Now",
        compute="_compute_progress_text",
        compute_sudo=True,
    )

    @api.depends("line_ids.state", "line_ids.credit_note_id")
    def _compute_amounts(self):
        for batch in self:
            done = batch.line_ids.filtered(lambda line: line.state == "done")
            waiting = batch.line_ids.filtered(lambda line: line.state == "waiting")
            credit_notes = done.credit_note_id
            batch.amount_done = -sum(credit_notes.mapped("amount_total_signed"))
            batch.amount_to_do = sum(map(batch._get_company_amount, waiting.invoice_id))

    def _get_company_amount(self, invoice):
        """:return: what this batch credits of an invoice, in company currency"""
        amount = invoice.amount_creditable
        if self.credit_method == "percentage":
            share = invoice.amount_total * self.percentage / 100.0
            amount = min(amount, invoice.currency_id.round(share))
        return amount / (invoice.invoice_currency_rate or 1.0)

    @api.depends("state", "line_ids.state")
    @api.depends_context("lang", "tz")
    def _compute_progress_text(self):
        is_switched_off = not self._get_cron().active
        for batch in self:
            if batch.state != "running":
                batch.progress_text = False
            elif is_switched_off:
                batch.progress_text = self.env._(
                    "The scheduled action “%s” is switched off. An administrator has "
                    "to activate it.",
                    self._get_cron().name,
                )
            elif since := batch._get_waiting_since():
                batch.progress_text = self.env._(
                    "Waits for the scheduler since %(time)s. If it does not begin, an "
                    "administrator can run the scheduled action “%(cron)s”.",
                    time=format_datetime(self.env, since),
                    cron=self._get_cron().name,
                )
            else:
                batch.progress_text = self.env._(
                    "Working: %(done)s of %(total)s invoices.",
                    done=batch.processed_count,
                    total=batch.line_count,
                )

    def _get_waiting_since(self):
        """:return: since when nobody works on this batch, False if somebody does"""
        waiting = self._get_waiting_lines()
        asked = max(waiting.mapped("write_date"), default=self.create_date)
        processed = (self.line_ids - waiting).mapped("write_date")
        last = max(processed, default=None)
        if last and last >= asked:
            return last < fields.Datetime.now() - SILENCE and last
        return asked

    def action_open_scheduled_action(self):
        """:return: action that opens the scheduled action, which can be run there"""
        return self._get_cron()._get_records_action(name=self.env._("Scheduled Action"))
