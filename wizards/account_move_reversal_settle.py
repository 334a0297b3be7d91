from odoo import fields, models


class AccountMoveReversal(models.TransientModel):
    """Settle: set the posted credit notes against what is open."""

    _inherit = "account.move.reversal"

    def _plan_settlement(self, invoice, credit):
        """Say what crediting does to the amount due.

        :param invoice: one invoice
        :param credit: what is credited, tax included, in the invoice's currency
        :return: dict of positive amounts in the invoice's currency, tax included
        """
        due = invoice.amount_residual
        return {
            "amount_due": due,
            "amount_off_due": min(due, credit),
            "amount_due_after": max(0.0, due - credit),
            "amount_customer_credit": max(0.0, credit - due),
        }

    def _is_unmatched_first(self):
        """:return: whether payments and earlier credit notes come off invoices that
        are invoiced anew, as Odoo has it: where the company has neither lock nor guard
        """
        return (
            not self.move_ids._filter_lock_concerned()
            and self.company_id.over_credit_policy == "warn"
            and self.date <= fields.Date.context_today(self)
        )

    def _settle_credit_notes(self, credit_notes):
        """Do with the posted credit notes what the clerk chose.

        Posting has set them against the open amounts of their invoices
        (`account.move._reconcile_reversed_moves`). Payments stay matched, and what is
        credited beyond the amount due stays open as the customer's credit.

        :param credit_notes: posted credit notes
        """
        if self.settlement == "apply":
            for credit_note in credit_notes:
                self._apply_to_open_invoices(credit_note)
        if self.stop_recurring:
            self.move_ids._stop_recurring()

    def _apply_to_open_invoices(self, credit_note):
        """Set an open credit against other invoices of the customer, oldest due first.

        :param credit_note: one posted credit note
        """
        credit_lines = credit_note.line_ids.filtered(
            lambda line: line.display_type == "payment_term" and not line.reconciled
        )
        if not credit_lines:
            return
        invoices = self.env["account.move"]
        # The order in which they are applied is that of `reconcile`: by due date.
        for line in credit_note._get_open_invoice_lines(credit_lines.account_id):
            if not credit_note.amount_residual:
                break
            (credit_lines + line).reconcile()
            invoices |= line.move_id
        if invoices:
            credit_note._message_log(
                body=self.env._("Applied to %s", invoices._get_document_names())
            )

    def _get_applied_invoices(self, credit_notes):
        """:param credit_notes: posted credit notes
        :return: the other invoices that they were applied to, oldest due date first
        """
        if self.settlement != "apply":
            return credit_notes.browse()
        lines = self.env["account.move.line"].union(
            *(
                credit_note.line_ids.matched_debit_ids.debit_move_id.filtered(
                    lambda line, invoice=credit_note.reversed_entry_id: (
                        line.move_id != invoice
                        and line.move_id.move_type in invoice._get_creditable_types()
                    )
                )
                for credit_note in credit_notes
            )
        )
        return lines.sorted("date_maturity").move_id
