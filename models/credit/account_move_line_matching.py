from odoo import api, models


class AccountMoveLine(models.Model):
    """Matching of an invoice with its credit notes without an exchange difference."""

    _inherit = "account.move.line"

    @api.model
    def _prepare_reconciliation_single_partial(
        self, debit_values, credit_values, shadowed_aml_values=None
    ):
        # EXTENDS 'account': at the rate of its invoice, a credit note makes no profit
        # and no loss. Odoo rounds anew what each part of the invoice is worth, and
        # books the cent by which the parts then differ from the whole.
        left = (dict(debit_values), dict(credit_values))
        results = super()._prepare_reconciliation_single_partial(
            debit_values, credit_values, shadowed_aml_values=shadowed_aml_values
        )
        if (
            results.get("exchange_values")
            and not shadowed_aml_values
            and debit_values["aml"]._is_reversed_at_same_rate(credit_values["aml"])
            and (matched := self._get_matched_at_same_rate(*left)) is not None
        ):
            del results["exchange_values"]
            results["partial_values"]["amount"] = matched
            round_amount = debit_values["aml"].company_currency_id.round
            for values, values_left, sign in zip(
                (debit_values, credit_values), left, (-1, 1), strict=True
            ):
                values["amount_residual"] = round_amount(
                    values_left["amount_residual"] + sign * matched
                )
        return results

    def _is_reversed_at_same_rate(self, other):
        """:return: whether one of these journal items is of a customer document in a
        foreign currency, and the other of its reversal at the same rate
        """
        self.ensure_one()
        document, reversal = self.move_id, other.move_id
        if document.reversed_entry_id == reversal:
            document, reversal = reversal, document
        elif self.credited_line_id.move_id == reversal:
            # A credit note of several invoices.
            document, reversal = reversal, document
        return (
            (
                reversal.reversed_entry_id == document
                or document in (self | other).credited_line_id.move_id
            )
            and document.is_sale_document(include_receipts=True)
            and self.currency_id == other.currency_id != self.company_currency_id
            and document.invoice_currency_rate == reversal.invoice_currency_rate
        )

    @api.model
    def _get_matched_at_same_rate(self, debit_left, credit_left):
        """:param debit_left: what is left of the debit item, as Odoo has it: its
            `amount_residual` and `amount_residual_currency`
        :param credit_left: the same of the credit item
        :return: the balance that is matched: all of the item of which no amount in
            currency is left then; None if the other one has less than that
        """
        amounts = (
            debit_left["amount_residual_currency"],
            -credit_left["amount_residual_currency"],
        )
        balances = (debit_left["amount_residual"], -credit_left["amount_residual"])
        currency = debit_left["aml"].currency_id
        company_currency = debit_left["aml"].company_currency_id
        if min(*amounts, *balances) < 0:
            return None
        compared = currency.compare_amounts(*amounts)
        compared_balances = company_currency.compare_amounts(*balances)
        if compared * compared_balances < 0 or (not compared and compared_balances):
            return None
        return min(balances)
