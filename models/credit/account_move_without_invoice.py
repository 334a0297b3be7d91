from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.tools import format_amount, format_date

from ..row_lock import lock_rows


class AccountMove(models.Model):
    """A credit note that credits no invoice of Odoo: goodwill or a bonus for a period,
    or an invoice of a former system.
    """

    _inherit = "account.move"

    former_invoice_id = fields.Many2one(
        comodel_name="account.former.invoice",
        string="Invoice of a Former System",
        ondelete="restrict",
        index="btree_not_null",
        copy=False,
        check_company=True,
    )
    credit_period_start = fields.Date(
        string="Credited Period",
        copy=False,
    )
    credit_period_end = fields.Date(string="Credited Period End", copy=False)
    credited_document = fields.Char(
        compute="_compute_credited_document",
        compute_sudo=True,
    )

    @api.constrains("credit_period_start", "credit_period_end")
    def _check_credit_period(self):
        for move in self:
            start, end = move.credit_period_start, move.credit_period_end
            if bool(start) != bool(end) or (start and start > end):
                raise ValidationError(
                    self.env._(
                        "%s: the period that is credited needs a first and a last day, "
                        "in this order.",
                        move._get_document_names(),
                    )
                )

    @api.depends(
        "move_type", "reversed_entry_id", "former_invoice_id", "credit_period_start"
    )
    def _compute_credited_document(self):
        for move in self:
            move.credited_document = (
                move._get_credited_document() if move.move_type == "out_refund" else ""
            )

    def _get_credited_document(self):
        if invoices := self._get_credited_invoices():
            return invoices._get_document_names()
        if former := self.former_invoice_id:
            return self.env._("%s (former system)", former.name)
        if self.credit_period_start:
            return self.env._(
                "Without an invoice, %(start)s to %(end)s",
                start=format_date(self.env, self.credit_period_start),
                end=format_date(self.env, self.credit_period_end),
            )
        return self.env._("Without an invoice")

    # -------------------------------------------------------------------------
    # THE GUARD
    # -------------------------------------------------------------------------

    def _check_without_invoice(self):
        """Refuse, or log, what these drafts credit beyond the limit of the company, or
        beyond invoices of a former system.

        :raise UserError: too much, where the company blocks that
        """
        amounts = self._get_amounts_without_invoice()
        for credit_note in self:
            credit_note._check_limit_without_invoice(amounts[credit_note])
        former_invoices = self.former_invoice_id
        if not former_invoices:
            return
        lock_rows(former_invoices)
        credited = former_invoices._get_credited_amounts()
        for former, credit_notes in self.grouped("former_invoice_id").items():
            if not former:
                continue
            credit_notes._check_former_invoice(former)
            left = former.amount_total - credited.get(former, 0.0)
            amount = sum(credit_notes.mapped("amount_total"))
            if former.currency_id.compare_amounts(amount, left) <= 0:
                continue
            message = former._get_over_credit_message(credit_notes, left)
            if former.company_id.over_credit_policy == "block":
                raise UserError(message)
            credit_notes._message_log_batch(
                bodies={move.id: message for move in credit_notes}
            )

    def _get_amounts_without_invoice(self):
        """:return: {draft: what it credits of no invoice of Odoo, tax included, in
        company currency; of an invoice of a former system together with these drafts
        and all that was credited of it before}
        """
        amounts = {}
        credited = self.former_invoice_id._get_credited_amounts()
        for former, drafts in self.grouped("former_invoice_id").items():
            total = credited.get(former, 0.0) + sum(drafts.mapped("amount_total"))
            for draft in drafts:
                amounts[draft] = draft._get_company_value_today(
                    total if former else draft._get_amount_without_invoice()
                )
        return amounts

    def _check_limit_without_invoice(self, amount):
        """:param amount: see `_get_amounts_without_invoice`
        :raise UserError: without an invoice of Odoo, this is too much
        """
        # sudo: the same for everybody
        limit = self.company_id.sudo().credit_without_invoice_limit
        # What Odoo posts by itself was drafted by somebody.
        if not limit or (self.env.su and self.auto_post == "no"):
            return
        currency = self.company_currency_id
        if currency.compare_amounts(amount, limit) > 0:
            raise UserError(
                self.env._(
                    "%(document)s: without an invoice, at most %(limit)s may be "
                    "credited, and this is %(amount)s. Credit an invoice, or less.",
                    document=self._get_document_names(),
                    limit=format_amount(self.env, limit, currency),
                    amount=format_amount(self.env, amount, currency),
                )
            )

    def _get_company_value_today(self, amount):
        """:param amount: in the currency of this document
        :return: the amount in company currency, at the rate of its date and not at
        that of the document: a user can type any
        """
        return self.currency_id._convert(
            amount,
            self.company_currency_id,
            self.company_id,
            self.invoice_date or fields.Date.context_today(self),
        )

    def _check_former_invoice(self, former):
        """:raise UserError: these credit notes are of another customer, currency or
        company, or dated before the invoice, or it is an invoice of Odoo
        """
        former._check_not_in_odoo(former.name, former.partner_id, former.company_id)
        for credit_note in self:
            if (
                credit_note.commercial_partner_id != former.partner_id
                or credit_note.currency_id != former.currency_id
                or credit_note.company_id != former.company_id
            ):
                raise UserError(
                    self.env._(
                        "%(document)s has another customer, currency or company than "
                        "%(origin)s, which it names.",
                        document=credit_note._get_document_names(),
                        origin=former.name,
                    )
                )
            date = credit_note.invoice_date or fields.Date.context_today(self)
            if date < former.date:
                raise UserError(
                    self.env._(
                        "The credit note cannot be dated %(date)s, before its invoice: "
                        "%(invoices)s is of %(invoice_date)s.",
                        date=format_date(self.env, date),
                        invoices=former.name,
                        invoice_date=format_date(self.env, former.date),
                    )
                )
