from odoo import models
from odoo.exceptions import UserError

from ..plan import Amount
from ..plan.rounding import divide


class AccountMove(models.Model):
    """One credit note of several invoices: it reverses none of them, and each of its
    lines says which invoice line it credits.
    """

    _inherit = "account.move"

    def _is_of_several(self):
        """:return: whether this credit note credits invoices by its lines alone"""
        self.ensure_one()
        return bool(
            self.move_type == "out_refund"
            and not self.reversed_entry_id
            and self._get_invoices_of_lines()
        )

    def _get_invoices_of_lines(self):
        """:return: the issued invoices that the lines of these drafts or credit notes
        credit
        """
        return self.invoice_line_ids.credited_line_id.move_id.filtered(
            lambda move: move._is_creditable()
        )

    def _get_lines_of_several(self, states):
        """:param states: states of the credit notes to look at
        :return: the lines that credit these invoices on credit notes of several
        """
        # sudo: the same for everybody
        return (
            self.env["account.move.line"]
            .sudo()
            .search(
                [
                    ("credited_line_id.move_id", "in", self.ids),
                    ("display_type", "=", "product"),
                    ("move_id.move_type", "=", "out_refund"),
                    ("move_id.reversed_entry_id", "=", False),
                    ("parent_state", "in", states),
                ]
            )
        )

    def _check_customer_of(self, invoice):
        """:raise UserError: the lines of one of these credit an invoice of another
        customer or company
        """
        for credit_note in self.filtered(lambda move: not move.reversed_entry_id):
            if (
                # sudo: the same for everybody
                invoice.sudo().commercial_partner_id
                != credit_note.commercial_partner_id
                # sudo: as above
                or invoice.sudo().company_id != credit_note.company_id
            ):
                raise UserError(
                    self.env._(
                        "%(document)s has another customer, currency or company than "
                        "%(origin)s, which it names.",
                        document=credit_note._get_document_names(),
                        # sudo: as above
                        origin=invoice.sudo().name,
                    )
                )

    def _get_share_of(self, invoice):
        """:return: what the lines of this credit note credit of the invoice, tax
        included, in the currency of the invoice
        """
        credited = sum(self._get_lines_crediting(invoice).mapped("price_total"))
        return invoice._convert_at_own_rate(credited, self.currency_id)

    def _get_lines_crediting(self, invoice):
        """:return: the lines of this credit note that credit lines of this invoice"""
        return self.invoice_line_ids.filtered(
            lambda line: line.credited_line_id.move_id == invoice
        )

    def _get_amount_without_invoice(self):
        """:return: what this credit note credits of no invoice of Odoo, tax included,
        in its currency
        """
        self.ensure_one()
        if self.reversed_entry_id:
            return 0.0
        lines = self.invoice_line_ids.filtered(
            lambda line: (
                line.credited_line_id
                and line.credited_line_id.move_id._origin._is_creditable()
            )
        )
        return self.currency_id.round(
            self.amount_total - sum(lines.mapped("price_total"))
        )

    # -------------------------------------------------------------------------
    # WHAT IS DUE
    # -------------------------------------------------------------------------

    def _prepare_due_item(self, document, account):
        # EXTENDS: it is set against this invoice and no other
        values = super()._prepare_due_item(document, account)
        if document != self.reversed_entry_id:
            values["credited_line_id"] = document._get_receivable_of(account)[:1].id
            values["name"] = document.name
        return values

    def _get_receivable_of(self, account):
        return self.line_ids.filtered(
            lambda line: (
                line.display_type == "payment_term" and line.account_id == account
            )
        )

    def _renew_due_items(self):
        """Split what is due on these drafts by invoice again: once somebody edits a
        draft, Odoo makes it anew as one item, which would be set against one invoice.
        """
        for credit_note in self:
            items = credit_note._get_credit_lines()
            total = credit_note._get_own_units(items)
            due = credit_note._get_due_by_invoice(total)
            booked = {
                invoice: credit_note._get_own_units(lines).currency
                for invoice, lines in items.grouped(
                    lambda line: line.credited_line_id.move_id
                ).items()
            }
            if booked == {invoice: amount.currency for invoice, amount in due.items()}:
                continue
            if self.browse() in due:
                # What credits no invoice is not set against one.
                items.credited_line_id = False
                continue
            credit_note.with_context(
                skip_invoice_sync=True, dynamic_unlink=True, check_move_validity=False
            ).line_ids = credit_note._get_due_commands(due)

    def _get_due_by_invoice(self, total):
        """:param total: Amount that is due on this draft, signed as booked
        :return: {invoice: Amount that the lines of this draft take off it, signed
            likewise}; of no invoice, what credits none
        """
        parts = {
            invoice: self._to_units(-sum(lines.mapped("price_total")), 0.0).currency
            for invoice, lines in self.invoice_line_ids.grouped(
                lambda line: line.credited_line_id.move_id
            ).items()
        }
        nothing = self.browse()
        parts[nothing] = total.currency - sum(
            part for invoice, part in parts.items() if invoice
        )
        parts = {invoice: part for invoice, part in parts.items() if part}
        worths = divide(total.company, [*parts.values()])
        return dict(zip(parts, map(Amount, parts.values(), worths), strict=True))

    def _reconcile_several(self):
        """Set these posted credit notes against their invoices, each item that is due
        against its own.
        """
        plan = []
        for item in self.line_ids.filtered(
            lambda line: line.display_type == "payment_term" and line.credited_line_id
        ):
            invoice = item.credited_line_id.move_id
            open_lines = invoice._get_receivable_of(item.account_id).filtered(
                lambda line: not line.reconciled
            )
            if open_lines and not item.reconciled:
                plan.append(item + open_lines)
        if plan:
            self.env["account.move.line"]._reconcile_plan(plan)
