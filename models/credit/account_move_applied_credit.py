from collections import defaultdict

from odoo import models
from odoo.exceptions import UserError


class AccountMove(models.Model):
    """Which invoices the open credit of a credit note pays."""

    _inherit = "account.move"

    # -------------------------------------------------------------------------
    # BUTTONS
    # -------------------------------------------------------------------------

    def action_use_credit(self):
        """Open the dialog that applies the credit of one credit note to invoices, or
        takes it off them.

        :return: action of the dialog
        :raise AccessError: the user may not issue credit notes
        :raise UserError: this is not one posted credit note with credit
        """
        self._check_credit_note_access()
        self.check_access("read")
        if refusal := self._get_use_credit_refusal():
            raise UserError(refusal)
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Use Credit"),
            "res_model": "account.credit.application",
            "views": [(False, "form")],
            "target": "new",
            "context": {"default_credit_note_id": self.id},
        }

    # -------------------------------------------------------------------------
    # APPLIED CREDIT
    # -------------------------------------------------------------------------

    def _get_use_credit_refusal(self):
        """:return: why the credit of these documents cannot be used, False if it can"""
        if len(self) != 1 or self.move_type != "out_refund":
            return self.env._("Choose one credit note to use its credit.")
        if self.state != "posted":
            return self.env._(
                "Only a posted credit note has a credit to use, not %s.",
                self._get_document_names(),
            )
        if not self.amount_residual and not self._get_applied_amounts():
            return self.env._(
                "Nothing of %s is open or applied to another invoice.",
                self._get_document_names(),
            )
        return False

    def _get_credit_lines(self):
        """:return: the receivable items of this credit note"""
        return self.line_ids.filtered(lambda line: line.display_type == "payment_term")

    def _get_applied_partials(self):
        """:return: the partial reconciliations of this credit note with customer
        invoices that it does not credit, oldest due first
        """
        self.ensure_one()
        credited = self.reversed_entry_id | self.line_ids.credited_line_id.move_id
        partials = self._get_credit_lines().matched_debit_ids.filtered(
            lambda partial: (
                partial.debit_move_id.move_id not in credited
                and partial.debit_move_id.move_id.move_type
                in self._get_creditable_types()
            )
        )
        return partials.sorted(
            lambda partial: (
                partial.debit_move_id.date_maturity or partial.debit_move_id.date,
                partial.debit_move_id.id,
            )
        )

    def _get_applied_amounts(self):
        """:return: {invoice: positive amount of this credit note that pays it, in the
        credit note's currency}, for invoices that it does not credit
        """
        amounts = defaultdict(float)
        for partial in self._get_applied_partials():
            amounts[partial.debit_move_id.move_id] += partial.credit_amount_currency
        return amounts

    def _apply_credit(self, invoices=None):
        """Set the open credit against other invoices of the customer, oldest due first.

        :param invoices: those to pay; all open ones if left out
        """
        self.ensure_one()
        credit_lines = self._get_credit_lines().filtered(
            lambda line: not line.reconciled
        )
        before = self._get_applied_amounts()
        # The order in which they are applied is that of `reconcile`: by due date.
        for line in self._get_open_invoice_lines(credit_lines.account_id):
            if not self.amount_residual:
                break
            if invoices is None or line.move_id in invoices:
                (credit_lines + line).reconcile()
        self._log_applied_credit(before)

    def _take_off_credit(self, invoices):
        """Let these invoices no longer be paid by this credit note.

        :param invoices: invoices that it pays and does not credit
        """
        self.ensure_one()
        before = self._get_applied_amounts()
        self._get_applied_partials().filtered(
            lambda partial: partial.debit_move_id.move_id in invoices
        ).unlink()
        self._log_applied_credit(before)

    def _log_applied_credit(self, before):
        """Note on the credit note and on each invoice what changed.

        :param before: what `_get_applied_amounts` said before the change
        """
        after = self._get_applied_amounts()
        applied, taken_off, bodies = self.browse(), self.browse(), {}
        for invoice in {**after, **before}:
            amount = after.get(invoice, 0.0) - before.get(invoice, 0.0)
            values = {
                "amount": self.currency_id.format(abs(amount)),
                "credit_note": self._get_html_link(title=self.name),
            }
            if self.currency_id.compare_amounts(amount, 0.0) > 0:
                applied |= invoice
                bodies[invoice.id] = self.env._(
                    "%(amount)s of %(credit_note)s applied", **values
                )
            elif self.currency_id.compare_amounts(amount, 0.0) < 0:
                taken_off |= invoice
                bodies[invoice.id] = self.env._(
                    "%(amount)s of %(credit_note)s taken off", **values
                )
        if bodies:
            self.browse(bodies)._message_log_batch(bodies=bodies)
        for invoices, body in (
            (taken_off, self.env._("Taken off %s", taken_off._get_document_names())),
            (applied, self.env._("Applied to %s", applied._get_document_names())),
        ):
            if invoices:
                self._message_log(body=body)
