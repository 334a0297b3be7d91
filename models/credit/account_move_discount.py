from odoo import models


class AccountMove(models.Model):
    """Early payment discounts that were taken: what the customer never paid.

    Odoo books such a discount with the payment, and the tax with it where the payment
    term lowers it. To credit the whole invoice all the same would give the customer
    more than was paid and take the tax of the discount off twice (EU VAT directive,
    art. 79 and 90; UStG section 17).
    """

    _inherit = "account.move"

    def _get_discounts_taken(self):
        """:return: {invoice: early payment discount with which it was paid, positive,
        in its currency}
        """
        invoices = self.filtered(
            lambda move: (
                move.state == "posted"
                and move.move_type in move._early_payment_discount_move_types()
                and move.invoice_payment_term_id.early_discount
            )
        )
        return {
            invoice: discount
            for invoice in invoices
            if (discount := invoice._get_discount_taken())
        }

    def _get_discount_taken(self):
        self.ensure_one()
        # sudo: how an invoice was paid does not depend on who looks at it
        term_lines = self.sudo().line_ids.filtered(
            lambda line: line.display_type == "payment_term"
        )
        partials = term_lines.matched_credit_ids
        entries = partials.credit_move_id.move_id.filtered(
            lambda move: move.move_type == "entry"
        )
        account = (
            # sudo: see above
            self.company_id.sudo().account_journal_early_pay_discount_loss_account_id
        )
        if not account or account not in entries.line_ids.account_id:
            return 0.0
        return self.currency_id.round(
            sum(
                line.amount_currency - line.discount_amount_currency
                for line in term_lines
            )
        )

    def _is_discount_without_tax(self):
        """:return: whether early payment discounts of this invoice leave its tax alone:
        it was due on the whole price, or lowered on the invoice already
        """
        self.ensure_one()
        term = self.invoice_payment_term_id
        return term.early_pay_discount_computation != "included"
