from odoo import models
from odoo.exceptions import UserError
from odoo.tools import format_amount, format_date, format_list, formatLang

from .account_move_reversal_line import is_number


class AccountMoveReversal(models.TransientModel):
    """Checks: each refusal is a sentence, and nothing is changed then."""

    _inherit = "account.move.reversal"

    def _check_invoices(self):
        """:raise UserError: what was chosen cannot be credited"""
        self.ensure_one()
        moves = self.move_ids
        self.env["account.move"]._check_credit_note_access()
        moves._lock_for_credit()
        moves._check_creditable()
        self._check_journal()
        self._check_reason()
        self._check_details()
        self._check_method()

    def _check_dialog(self):
        """:raise UserError: what was entered in the dialog of credit notes is wrong

        Code that calls Odoo's `refund_moves` dates its drafts as it likes.
        """
        self.ensure_one()
        self.env["account.move"]._check_credit_note_access()
        if not self.is_credit_note:
            # Raises the refusal, if there is one.
            self.move_ids._check_creditable()
        self._check_journal()
        self._check_date()

    def _check_issue(self):
        """:raise UserError: what was chosen cannot be issued now"""
        self._check_dialog()
        self.env["account.move"]._check_not_in_future(self.date)

    def _check_chosen(self):
        """:raise UserError: what was chosen cannot be credited"""
        if self.is_background:
            return
        self._check_invoices()
        for invoice in self.move_ids:
            self._check_plan(invoice, self._plan_credit_note(invoice))

    def _check_addresses(self):
        """:raise UserError: a customer who is to get an e-mail has no address"""
        send = self.env["account.move.send"]
        nowhere = self.move_ids._origin.filtered(
            lambda move: (
                not move.partner_id.email
                and "email" in send._get_default_sending_methods(move)
            )
        )
        if nowhere:
            raise UserError(
                self.env._(
                    "No e-mail address to send the credit note of %(invoices)s to: "
                    "%(customers)s. Enter the address of the customer, or issue the "
                    "credit note without sending it.",
                    invoices=nowhere._get_document_names(),
                    customers=format_list(
                        self.env, nowhere.partner_id.mapped("display_name")
                    ),
                )
            )

    def _check_reason(self):
        """:raise UserError: the company wants a reason and there is none"""
        if self.reason_required and not self.reason_id:
            raise UserError(
                self.env._(
                    "Choose a reason to credit %(invoices)s: %(company)s wants one on "
                    "each credit note.",
                    invoices=self.move_ids._origin._get_document_names(),
                    company=self.company_id.display_name,
                )
            )

    def _check_details(self):
        """:raise UserError: what is said of the reason is too long"""
        self.move_ids._origin._check_reason_text(self.reason)

    def _check_method(self):
        """:raise UserError: what is to be credited is nothing, or more than is left"""
        if self.credit_method not in self.available_credit_methods.split(","):
            raise UserError(
                self.env._(
                    "Lines and amounts are credited for one invoice at a time, not for "
                    "%s. Credit everything left, or a percentage.",
                    self.move_ids._origin._get_document_names(),
                )
            )
        if not self._has_numbers():
            raise UserError(
                self.env._(
                    "Enter what to credit of %s as a number.",
                    self.move_ids._origin._get_document_names(),
                )
            )
        if self.credit_method == "lines":
            self._check_lines()
        elif self.credit_method == "amount":
            self._check_amount()
        elif self.credit_method == "percentage":
            self._check_percentage()

    def _has_numbers(self):
        """:return: whether all that was entered are finite numbers of a usual size"""
        self.ensure_one()
        if self.credit_method == "lines":
            return all(
                is_number(line.quantity) and is_number(line.price_unit)
                for line in self.line_ids
            )
        return self.credit_method == "remaining" or is_number(
            self.amount if self.credit_method == "amount" else self.percentage
        )

    def _check_lines(self):
        lines = self.line_ids.filtered("quantity")
        if not lines:
            raise UserError(
                self.env._(
                    "Tick the lines of %s to credit, or enter their quantities.",
                    self.move_ids._origin.name,
                )
            )
        for invoice_line, same_lines in lines.grouped("invoice_line_id").items():
            if len(same_lines) > 1:
                raise UserError(
                    self.env._(
                        "“%(line)s” of %(invoice)s is listed twice. List each line "
                        "once.",
                        line=(invoice_line.name or "").split("\n")[0],
                        invoice=invoice_line.move_id.name,
                    )
                )
            same_lines._check_left()

    def _check_plan(self, invoice, plan):
        """:param plan: CreditNotePlan of the invoice
        :raise UserError: the lines that were chosen come to less than nothing, or to
            more than is left
        """
        if self.credit_method != "lines":
            return
        total = self._get_plan_totals(invoice, plan)["total"]
        if invoice.currency_id.compare_amounts(total, 0.0) < 0:
            raise UserError(
                self.env._(
                    "The lines of %(invoice)s to credit come to %(total)s, less than "
                    "nothing. Tick lines that come to more than they take off.",
                    invoice=invoice.name,
                    total=format_amount(self.env, total, invoice.currency_id),
                )
            )
        if invoice.company_id.over_credit_policy == "block":
            # Lines chosen without the discount lines that belong to them.
            self._check_total(total)

    def _check_amount(self):
        invoice = self.move_ids._origin
        compare = invoice.currency_id.compare_amounts
        if not 0 < self.amount < float("inf") or compare(self.amount, 0.0) <= 0:
            raise UserError(
                self.env._("Enter the amount of %s to credit.", invoice.name)
            )
        self._check_total(self.amount)

    def _check_total(self, total):
        """:param total: what is to be credited of one invoice, tax included
        :raise UserError: it is more than is left of the invoice
        """
        invoice = self.move_ids._origin
        if invoice.currency_id.compare_amounts(total, invoice.amount_creditable) > 0:
            raise UserError(
                self.env._(
                    "%(amount)s is more than is left to credit on %(invoice)s: "
                    "%(left)s. Enter that or less.",
                    amount=format_amount(self.env, total, invoice.currency_id),
                    invoice=invoice.name,
                    left=format_amount(
                        self.env, invoice.amount_creditable, invoice.currency_id
                    ),
                )
            )

    def _check_percentage(self):
        self._check_percentage_range()
        for invoice in self.move_ids._origin:
            total = self._get_share_of_total(invoice)
            if invoice.amount_total and invoice.currency_id.is_zero(total):
                raise UserError(
                    self.env._(
                        "%(percentage)s %% of %(invoice)s is nothing. Enter more.",
                        percentage=formatLang(self.env, self.percentage),
                        invoice=invoice.name,
                    )
                )
            if (
                invoice.currency_id.compare_amounts(total, invoice.amount_creditable)
                > 0
                and self.percentage < 100
            ):
                raise UserError(
                    self.env._(
                        "%(percentage)s %% of %(invoice)s is %(amount)s, more than is "
                        "left to credit: %(left)s. Enter less, or credit everything "
                        "left.",
                        percentage=formatLang(self.env, self.percentage),
                        invoice=invoice.name,
                        amount=format_amount(self.env, total, invoice.currency_id),
                        left=format_amount(
                            self.env, invoice.amount_creditable, invoice.currency_id
                        ),
                    )
                )

    def _check_percentage_range(self):
        if not 0 < self.percentage <= 100:
            raise UserError(
                self.env._(
                    "Enter a percentage of %s to credit, above 0 and up to 100.",
                    self.move_ids._origin._get_document_names(),
                )
            )

    def _check_journal(self):
        """:raise UserError: there is no sales journal to issue the credit note in"""
        if not self.journal_id:
            raise UserError(
                self.env._(
                    "%(company)s has no active sales journal to issue the credit note "
                    "for %(invoices)s in. Create or unarchive one under Configuration, "
                    "Journals.",
                    company=(self.company_id or self.env.company).display_name,
                    invoices=self.move_ids._origin._get_document_names(),
                )
            )

    def _check_date(self):
        """:raise UserError: the date lies before an invoice or in a locked period"""
        if not self.date:
            raise UserError(self.env._("Enter the date of the credit note."))
        if early := self.move_ids._origin.filtered(
            lambda move: move.invoice_date and move.invoice_date > self.date
        ):
            raise UserError(
                self.env._(
                    "The credit note cannot be dated %(date)s, before its invoice: "
                    "%(invoices)s is of %(invoice_date)s.",
                    date=format_date(self.env, self.date),
                    invoices=early._get_document_names(),
                    invoice_date=format_date(
                        self.env, max(early.mapped("invoice_date"))
                    ),
                )
            )
        if not any(
            company._get_violated_lock_dates(self.date, True, self.journal_id)
            for company in self.move_ids._origin.company_id
        ):
            return
        for move in self.move_ids._origin:
            lock_dates = move.company_id._get_violated_lock_dates(
                self.date, move._affect_tax_report(), self.journal_id
            )
            if lock_dates:
                raise UserError(
                    self.env._(
                        "%(date)s lies in a locked period (locked until "
                        "%(lock_date)s), so %(invoice)s cannot be credited on it. "
                        "Choose a later date.",
                        date=format_date(self.env, self.date),
                        lock_date=format_date(
                            self.env, max(lock_date for lock_date, _name in lock_dates)
                        ),
                        invoice=move.name,
                    )
                )
