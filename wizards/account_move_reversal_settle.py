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
        """:return: whether *Credit and Re-invoice* un-reconciles payments and earlier
        credit notes first, as Odoo does: only if the company has neither lock nor guard
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
                credit_note._apply_credit()
        if self.stop_recurring:
            self.move_ids._stop_recurring()

    def _get_applied_invoices(self, credit_notes):
        """:param credit_notes: posted credit notes
        :return: the other invoices that they were applied to, oldest due date first
        """
        if self.settlement != "apply":
            return credit_notes.browse()
        partials = self.env["account.partial.reconcile"].union(
            *(credit_note._get_applied_partials() for credit_note in credit_notes)
        )
        return partials.debit_move_id.sorted("date_maturity").move_id
