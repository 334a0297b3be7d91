from odoo import fields, models
from odoo.tools import format_list


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

    # -------------------------------------------------------------------------
    # WHAT BECOMES OF IT, before the click
    # -------------------------------------------------------------------------

    def _get_credit_title(self):
        """:return: what becomes of what is beyond the amount due, for a column"""
        return {
            "keep": self.env._("Customer Credit"),
            "apply": self.env._("Applied or Kept"),
            "refund": self.env._("To Refund"),
        }[self.settlement]

    def _get_outcomes(self, previews):
        """:param previews: what crediting each invoice comes to
        :return: sentences that say what becomes of what is beyond the amounts due, and
            of recurring series
        """
        sentences = []
        beyond = self._sum_beyond(previews)
        if self.settlement == "apply":
            applied, beyond = self._plan_application(previews)
            if applied:
                sentences.append(
                    self.env._(
                        "Applied: %s.",
                        format_list(
                            self.env,
                            [
                                f"{line.move_id.name} {line.currency_id.format(amount)}"
                                for line, amount in applied.items()
                            ],
                        ),
                    )
                )
        for currency, amount in beyond.items():
            if not currency.is_zero(amount):
                sentences.append(self._get_beyond_sentence(currency.format(amount)))
        if self.stop_recurring:
            stopped = self.move_ids._origin._get_next_recurring_invoices()
            sentences.append(
                self.env._(
                    "The series ends: %s is cancelled.", stopped._get_document_names()
                )
            )
        return sentences

    def _sum_beyond(self, previews):
        beyond = {}
        for preview in previews:
            currency = preview["currency"]
            beyond[currency] = (
                beyond.get(currency, 0.0) + preview["amount_customer_credit"]
            )
        return beyond

    def _get_beyond_sentence(self, amount):
        if self.settlement == "refund":
            return self.env._(
                "To refund: %s. How is asked next, once the credit note is issued.",
                amount,
            )
        if self.settlement == "apply":
            return self.env._(
                "No other open invoice for %s: it is kept as customer credit.", amount
            )
        return self.env._("Kept as customer credit: %s.", amount)

    def _plan_application(self, previews):
        """Go through the open invoices as `account.move._apply_credit` does.

        :return: {journal item: what it gets} and {currency: what nothing gets}
        """
        open_lines, left = {}, {}
        for preview in previews:
            if preview["amount_customer_credit"]:
                key = self._get_application_key(preview["invoice"])
                if key not in open_lines:
                    lines = preview["invoice"]._get_open_invoice_lines(key[0])
                    open_lines[key] = lines
                    left |= {line: line.amount_residual_currency for line in lines}
        # Posting pays the invoices that are credited first.
        for preview in previews:
            _take(
                left,
                [line for line in left if line.move_id == preview["invoice"]],
                preview["amount_off_due"],
            )
        applied, beyond = {}, {}
        for preview in previews:
            if credit := preview["amount_customer_credit"]:
                lines = open_lines[self._get_application_key(preview["invoice"])]
                for line, amount in _take(left, lines, credit).items():
                    applied[line] = applied.get(line, 0.0) + amount
                    credit -= amount
                currency = preview["currency"]
                beyond[currency] = beyond.get(currency, 0.0) + credit
        return applied, beyond

    def _get_application_key(self, invoice):
        """:return: account, and what else tells which invoices can be paid"""
        account = invoice._get_credit_lines().account_id[:1]
        return account, invoice.commercial_partner_id, invoice.currency_id

    # -------------------------------------------------------------------------
    # SETTLE
    # -------------------------------------------------------------------------

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


def _take(left, lines, amount):
    """Take an amount off what is open, line by line.

    :param left: {line: what is open of it}, which is lowered
    :return: {line: what was taken off it}
    """
    taken = {}
    for line in lines:
        part = min(left[line], amount)
        if not line.currency_id.is_zero(part):
            taken[line] = part
            left[line] -= part
            amount -= part
    return taken
