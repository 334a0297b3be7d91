from odoo import models
from odoo.exceptions import UserError
from odoo.tools import SQL, format_amount


class AccountMove(models.Model):
    """Never more than the invoice: the guard at posting, whichever the door."""

    _inherit = "account.move"

    def _post(self, soft=True):
        # EXTENDS 'account': credit notes are counted against their invoices first
        if credit_notes := self.filtered(lambda move: move._is_guarded_credit_note()):
            credit_notes._check_over_credit()
        return super()._post(soft=soft)

    def _is_guarded_credit_note(self):
        """:return: whether this document credits a posted customer invoice"""
        self.ensure_one()
        return (
            self.move_type == "out_refund"
            and bool(self.reversed_entry_id)
            and self.reversed_entry_id.sudo()._is_creditable()
        )

    def _lock_for_credit(self):
        """Let nobody else credit these invoices until this transaction has ended.

        An update and not a mere row lock: a transaction that began before the other one
        was committed does not see its credit notes. It fails on the updated row, and
        Odoo runs it again, on what is true then (`odoo.service.model.retrying`).
        """
        if not self:
            return
        self.env.execute_query(
            SQL(
                "UPDATE account_move SET write_uid = write_uid"
                " WHERE id IN %s RETURNING id",
                tuple(sorted(self.ids)),
            )
        )
        # sudo: what is left of an invoice does not depend on who looks at it
        self.sudo().reversal_move_ids.invalidate_recordset()
        self.invalidate_recordset(["amount_creditable", "reversal_move_ids"])

    def _check_over_credit(self):
        """Refuse, or log, what these credit notes credit beyond their invoices.

        :raise UserError: more than the invoice, where the company blocks that
        """
        invoices = self.reversed_entry_id
        self.env.flush_all()
        invoices._lock_for_credit()
        credited = invoices._get_credited_amounts(states=("posted",))
        for invoice in invoices:
            credit_notes = self.filtered(
                lambda move, invoice=invoice: move.reversed_entry_id == invoice
            )
            left = invoice.amount_total - credited.get(invoice, 0.0)
            credit = credit_notes._get_amount_in_currency_of(invoice)
            if invoice.currency_id.compare_amounts(credit, left) <= 0:
                continue
            message = self.env._(
                "%(credit_note)s credits %(credit)s, more than is left to credit on "
                "%(invoice)s: %(left)s of %(total)s.",
                credit_note=credit_notes._get_document_names(),
                credit=format_amount(self.env, credit, invoice.currency_id),
                invoice=invoice.name,
                left=format_amount(self.env, max(0.0, left), invoice.currency_id),
                total=format_amount(
                    self.env, invoice.amount_total, invoice.currency_id
                ),
            )
            if invoice.company_id.over_credit_policy == "block":
                raise UserError(
                    self.env._(
                        "%(message)s Lower the credit note, or credit what is left "
                        "from the invoice.",
                        message=message,
                    )
                )
            (invoice + credit_notes)._message_log_batch(
                bodies={move.id: message for move in invoice + credit_notes}
            )

    def _get_amount_in_currency_of(self, invoice):
        """:return: total of these credit notes in the currency of the invoice"""
        return sum(
            credit_note.amount_total
            if credit_note.currency_id == invoice.currency_id
            else abs(credit_note.amount_total_signed) * invoice.invoice_currency_rate
            for credit_note in self
        )
