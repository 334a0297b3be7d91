from odoo import Command, api, fields, models
from odoo.exceptions import UserError
from odoo.tools import format_amount, format_date

from ..models.row_lock import lock_rows
from .account_move_reversal_line import is_number
from .refusal import get_refusal

ISSUING = ("action_issue", "action_issue_and_print", "action_issue_and_send")


class AccountCreditNoteWithoutInvoice(models.TransientModel):
    """A credit note that credits no invoice of Odoo: goodwill, a bonus, an invoice of a
    former system. It says why, and which period or invoice it is for.
    """

    _name = "account.credit.note.without.invoice"
    _inherit = ("account.credit.dialog", "account.credit.numbers")
    _description = "Credit Note without an Invoice"
    _check_company_auto = True

    partner_id = fields.Many2one(
        comodel_name="res.partner", string="Customer", required=True
    )
    company_id = fields.Many2one(
        comodel_name="res.company",
        required=True,
        default=lambda self: self.env.company,
    )
    currency_id = fields.Many2one(
        comodel_name="res.currency",
        required=True,
        default=lambda self: self.env.company.currency_id,
    )
    journal_id = fields.Many2one(
        comodel_name="account.journal",
        check_company=True,
        domain=[("type", "=", "sale")],
        compute="_compute_journal_id",
        store=True,
        readonly=False,
    )
    date = fields.Date(required=True, default=fields.Date.context_today)
    reason_id = fields.Many2one(
        comodel_name="account.credit.note.reason", check_company=True
    )
    reason = fields.Char(string="Details")
    subject = fields.Selection(
        selection=[
            ("period", "A period"),
            ("former", "An invoice of a former system"),
        ],
        string="For",
        default="period",
        required=True,
    )
    period_start = fields.Date(string="Period")
    period_end = fields.Date()
    former_number = fields.Char(string="Number")
    former_date = fields.Date(string="Date of the Invoice")
    former_total = fields.Monetary(string="Total of the Invoice", help="Tax included.")
    former_invoice_id = fields.Many2one(
        comodel_name="account.former.invoice", compute="_compute_former_invoice_id"
    )
    amount_left = fields.Monetary(related="former_invoice_id.amount_left")
    line_ids = fields.One2many(
        comodel_name="account.credit.note.without.invoice.line",
        inverse_name="credit_note_id",
        string="To Credit",
    )
    amount_total = fields.Monetary(string="Total", compute="_compute_amount_total")
    new_move_id = fields.Many2one(
        comodel_name="account.move", string="Credit Note", readonly=True
    )

    # -------------------------------------------------------------------------
    # COMPUTE METHODS
    # -------------------------------------------------------------------------

    @api.depends("company_id")
    def _compute_journal_id(self):
        for wizard in self:
            wizard.journal_id = self.env["account.journal"].search(
                [
                    *self.env["account.journal"]._check_company_domain(
                        wizard.company_id
                    ),
                    ("type", "=", "sale"),
                ],
                limit=1,
            )

    @api.depends("former_number", "partner_id", "company_id", "subject")
    def _compute_former_invoice_id(self):
        for wizard in self:
            wizard.former_invoice_id = wizard._find_former_invoice()

    @api.depends("line_ids.amount")
    def _compute_amount_total(self):
        for wizard in self:
            wizard.amount_total = sum(wizard.line_ids.mapped("amount"))

    @api.depends(
        "amount_total",
        "currency_id",
        "date",
        "former_date",
        "former_number",
        "former_total",
        "journal_id",
        "line_ids.tax_ids",
        "period_end",
        "period_start",
        "reason_id",
        "subject",
    )
    def _compute_refusals(self):
        return super()._compute_refusals()

    @api.onchange("former_invoice_id")
    def _onchange_former_invoice_id(self):
        """What is known of the invoice does not have to be entered again."""
        if former := self.former_invoice_id:
            self.former_date = former.date
            self.former_total = former.amount_total
            self.currency_id = former.currency_id

    def _find_former_invoice(self):
        number = (self.former_number or "").strip()
        former_invoices = self.env["account.former.invoice"]
        if self.subject != "former" or not number:
            return former_invoices
        return former_invoices._find(number, self.partner_id, self.company_id)

    # -------------------------------------------------------------------------
    # BUTTONS
    # -------------------------------------------------------------------------

    def action_issue(self):
        """Issue the credit note. It is in `new_move_id` afterwards.

        :return: action that names the credit note on the screen and closes the dialog
        :raise UserError: something cannot be credited; nothing is changed then
        """
        return self._get_issued_action(self._issue())

    def action_issue_and_print(self):
        """Issue the credit note, then print it. See `action_issue`.

        :return: action that names the credit note, then downloads the PDF
        """
        credit_note = self._issue()
        return self._get_issued_action(credit_note, credit_note._get_print_action())

    def action_issue_and_send(self):
        """Issue the credit note, then open Odoo's e-mail composer. See `action_issue`.

        :return: action that names the credit note, then opens the composer
        """
        credit_note = self._issue()
        return self._get_issued_action(credit_note, credit_note._get_send_action())

    def action_save_draft(self):
        """Make a draft of the credit note.

        :return: action that opens it
        :raise UserError: something cannot be credited; nothing is changed then
        """
        return self._make_draft()._get_records_action(name=self.env._("Credit Note"))

    def _get_issued_action(self, credit_note, next_action=None):
        # The message is that of the dialog of invoices.
        return self.env["account.move.reversal"]._get_issued_action(
            credit_note, next_action=next_action
        )

    # -------------------------------------------------------------------------
    # CHECKS
    # -------------------------------------------------------------------------

    def _list_buttons(self):
        # EXTENDS: a draft may be dated later
        buttons = [*ISSUING, "action_ask_approval"]
        if list(self.refusals or {}) != ["date"]:
            buttons.append("action_save_draft")
        return buttons

    def _list_checks(self):
        # EXTENDS
        return [
            ("journal_id", self._check_journal),
            ("reason_id", self._check_reason),
            ("line_ids", self._check_taxes),
            ("line_ids", self._check_lines),
            ("period_start", self._check_period)
            if self.subject == "period"
            else ("former_number", self._check_former),
        ]

    def _get_refusals(self):
        # EXTENDS: last, as it refuses less
        refusals = super()._get_refusals()
        check_date = self.env["account.move"]._check_not_in_future
        if refusal := get_refusal(check_date, self.date):
            refusals["date"] = refusal
        return refusals

    def _check_journal(self):
        """:raise UserError: there is no journal to issue it in"""
        if not self.journal_id:
            raise UserError(
                self.env._(
                    "%s has no active sales journal to issue the credit note in. "
                    "Create or unarchive one under Configuration, Journals.",
                    self.company_id.display_name,
                )
            )

    def _check_reason(self):
        """:raise UserError: no reason is chosen, or it or the customer is archived"""
        if not self.reason_id:
            raise UserError(
                self.env._("Choose a reason: a credit note without an invoice has one.")
            )
        for record in (self.reason_id, self.partner_id):
            if not record.active:
                raise UserError(
                    self.env._(
                        "“%s” is archived. Choose another, or unarchive it.",
                        record.display_name,
                    )
                )

    def _check_taxes(self):
        """:raise UserError: a tax is archived, or not one of sales"""
        taxes = self.with_context(active_test=False).line_ids.tax_ids
        if wrong := taxes.filtered(
            lambda tax: tax.type_tax_use != "sale" or not tax.active
        ):
            raise UserError(
                self.env._(
                    "“%s” is archived, or no tax of sales. Choose other taxes.",
                    wrong[0].name,
                )
            )

    def _check_lines(self):
        """:raise UserError: an amount, or what all come to, cannot be credited"""
        if not self.line_ids or not all(
            is_number(line.amount) for line in self.line_ids
        ):
            raise UserError(self.env._("Enter the amounts to credit, tax included."))
        if self.currency_id.compare_amounts(self.amount_total, 0.0) <= 0:
            raise UserError(
                self.env._(
                    "The lines come to %s. Enter amounts that come to more than "
                    "nothing.",
                    format_amount(self.env, self.amount_total, self.currency_id),
                )
            )

    def _check_period(self):
        """:raise UserError: it is not said which period this is for"""
        if not self.period_start or not self.period_end:
            raise UserError(
                self.env._("Enter the first and the last day of the period.")
            )
        if self.period_start > self.period_end:
            raise UserError(self.env._("The period ends before it begins."))

    def _check_former(self):
        """:raise UserError: the invoice is not told, or known otherwise"""
        if (
            not (self.former_number or "").strip()
            or not self.former_date
            or not is_number(self.former_total)
            or self.currency_id.compare_amounts(self.former_total, 0.0) <= 0
        ):
            raise UserError(
                self.env._(
                    "Enter number, date and total of the invoice of the former system."
                )
            )
        self.env["account.former.invoice"]._check_not_in_odoo(
            self.former_number, self.partner_id, self.company_id
        )
        former = self._find_former_invoice()
        if former and (
            former.date != self.former_date
            or former.currency_id != self.currency_id
            or former.currency_id.compare_amounts(
                former.amount_total, self.former_total
            )
        ):
            raise UserError(
                self.env._(
                    "%(invoice)s is known already: of %(date)s, %(total)s in all. "
                    "Enter the same date, total and currency.",
                    invoice=former.name,
                    date=format_date(self.env, former.date),
                    total=format_amount(
                        self.env, former.amount_total, former.currency_id
                    ),
                )
            )

    # -------------------------------------------------------------------------
    # ISSUE
    # -------------------------------------------------------------------------

    def _issue(self):
        """:return: the posted credit note, made once however often this is called"""
        self.ensure_one()
        lock_rows(self)
        if self.new_move_id.state == "posted":
            return self.new_move_id
        self.env["account.move"]._check_not_in_future(self.date)
        credit_note = self._make_draft()
        credit_note.action_post()
        return credit_note

    def _make_draft(self):
        """:return: draft of the credit note, which comes to the amounts of the lines
        :raise UserError: something cannot be credited
        """
        self.env["account.move"]._check_credit_note_access()
        self._check()
        credit_note = (
            self.env["account.move"]
            .with_company(self.company_id)
            .create(self._prepare_credit_note())
        )
        if self.currency_id.compare_amounts(
            credit_note.amount_total, self.amount_total
        ):
            raise UserError(
                self.env._(
                    "With these taxes the credit note comes to %(total)s, and not to "
                    "%(amount)s. Choose other taxes, or enter another amount.",
                    total=format_amount(
                        self.env, credit_note.amount_total, self.currency_id
                    ),
                    amount=format_amount(self.env, self.amount_total, self.currency_id),
                )
            )
        self.new_move_id = credit_note
        return credit_note

    def _prepare_credit_note(self):
        values = {
            "move_type": "out_refund",
            "partner_id": self.partner_id.id,
            "journal_id": self.journal_id.id,
            "currency_id": self.currency_id.id,
            "invoice_date": self.date,
            "credit_note_reason_id": self.reason_id.id,
            "credit_note_reason_text": self.reason,
            **self.reason_id._get_codes(self.company_id, self.env["account.move"]),
            "invoice_line_ids": [
                Command.create(line._prepare_line()) for line in self.line_ids
            ],
        }
        if self.subject == "period":
            values["credit_period_start"] = self.period_start
            values["credit_period_end"] = self.period_end
        else:
            values["former_invoice_id"] = self._get_or_make_former_invoice().id
        return values

    def _get_or_make_former_invoice(self):
        if former := self._find_former_invoice():
            return former
        partner = self.partner_id.commercial_partner_id
        # Of two who name an invoice for the first time, Odoo runs one again.
        lock_rows(partner)
        return self.env["account.former.invoice"].create(
            {
                "name": self.former_number,
                "date": self.former_date,
                "partner_id": partner.id,
                "company_id": self.company_id.id,
                "currency_id": self.currency_id.id,
                "amount_total": self.former_total,
            }
        )


class AccountCreditNoteWithoutInvoiceLine(models.TransientModel):
    _name = "account.credit.note.without.invoice.line"
    _inherit = "account.credit.numbers"
    _description = "Line of a Credit Note without an Invoice"

    credit_note_id = fields.Many2one(
        comodel_name="account.credit.note.without.invoice",
        required=True,
        ondelete="cascade",
    )
    company_id = fields.Many2one(related="credit_note_id.company_id")
    currency_id = fields.Many2one(related="credit_note_id.currency_id")
    product_id = fields.Many2one(comodel_name="product.product")
    name = fields.Char(
        string="Description",
        compute="_compute_name",
        store=True,
        readonly=False,
    )
    tax_ids = fields.Many2many(
        comodel_name="account.tax",
        string="Taxes",
        domain="[('type_tax_use', '=', 'sale'),"
        " ('company_id', 'parent_of', company_id)]",
        compute="_compute_tax_ids",
        store=True,
        readonly=False,
    )
    amount = fields.Monetary(help="Tax included. It is credited exactly.")

    @api.depends("product_id")
    def _compute_name(self):
        for line in self:
            if line.product_id:
                line.name = line.product_id.with_context(
                    lang=line.credit_note_id.partner_id.lang
                ).display_name

    @api.depends("product_id", "credit_note_id.partner_id", "credit_note_id.company_id")
    def _compute_tax_ids(self):
        for line in self:
            company = line.company_id or self.env.company
            taxes = line.product_id.taxes_id._filter_taxes_by_company(company)
            # sudo: the same for everybody
            taxes = taxes or company.sudo().account_sale_tax_id.sudo(False)
            position = (
                self.env["account.fiscal.position"]
                .with_company(company)
                ._get_fiscal_position(line.credit_note_id.partner_id)
            )
            line.tax_ids = position.map_tax(taxes)

    def _prepare_line(self):
        """:return: values of the credit note line that comes to exactly the amount"""
        self.ensure_one()
        taxes = self.tax_ids
        values = {
            "product_id": self.product_id.id,
            "name": self.name or self.credit_note_id.reason_id.name,
            "quantity": 1.0,
            "price_unit": self.amount,
            "tax_ids": [Command.set(taxes.ids)],
        }
        flat_taxes = taxes._flatten_taxes_and_sort_them()[0]
        if not flat_taxes:
            return values
        return {**values, **self._prepare_tax_data(flat_taxes)}

    def _prepare_tax_data(self, flat_taxes):
        """:return: `price_unit` and `extra_tax_data` of the line: Odoo's amounts of a
        price with all taxes in it, and the net as what is left of the amount
        """
        wizard = self.credit_note_id
        currency, company = self.currency_id, wizard.company_id
        rate = self.env["res.currency"]._get_conversion_rate(
            company.currency_id, currency, company, wizard.date
        )
        Tax = self.env["account.tax"]
        base_line = Tax._prepare_base_line_for_taxes_computation(
            None,
            tax_ids=self.tax_ids,
            price_unit=self.amount,
            quantity=1.0,
            currency_id=currency,
            partner_id=wizard.partner_id,
            product_id=self.product_id,
            special_mode="total_included",
            is_refund=True,
            rate=rate,
        )
        Tax._add_tax_details_in_base_lines([base_line], company)
        Tax._round_base_lines_tax_details([base_line], company)
        taxes_data = base_line["tax_details"]["taxes_data"]
        tax_total = sum(data["tax_amount_currency"] for data in taxes_data)
        net = currency.round(self.amount - tax_total)
        price = net + sum(
            data["tax_amount_currency"]
            for data in taxes_data
            if data["tax"].price_include
        )

        document = self.env["account.move"].new(
            {"company_id": company.id, "currency_id": currency.id}
        )

        def to_units(amount):
            return document._to_units(amount, amount / rate)

        tax_amounts = [
            sum(
                data["tax_amount_currency"]
                for data in taxes_data
                if data["tax"] == tax and not data.get("is_reverse_charge")
            )
            for tax in flat_taxes
        ]

        return {
            "price_unit": price,
            "extra_tax_data": {
                "currency_id": currency.id,
                "quantity": 1.0,
                "price_unit": price,
                "discount": 0.0,
                "rate": rate,
                **flat_taxes._prepare_manual_amounts(
                    to_units(net), map(to_units, tax_amounts), document._from_units
                ),
            },
        }
