from odoo import Command, api, fields, models
from odoo.exceptions import UserError
from odoo.tools import format_amount, format_date

from ..models.plan import PairedItem, RoundingItem, Table
from ..models.plan.rounding import divide

# More invoices than this make a document that nobody reads.
MAX_INVOICES = 100


class AccountMoveReversal(models.TransientModel):
    """One credit note for several invoices of a customer. What is credited of each is
    planned as for a credit note of its own; the lines then stand on one document.
    """

    _inherit = "account.move.reversal"

    as_one = fields.Boolean(
        string="One Credit Note for All",
        help="One document for all these invoices. Each line says its invoice.",
    )

    can_be_one = fields.Boolean(compute="_compute_can_be_one")

    # -------------------------------------------------------------------------
    # WHAT IS OFFERED
    # -------------------------------------------------------------------------

    @api.depends("move_ids")
    def _compute_can_be_one(self):
        for wizard in self:
            moves = wizard.move_ids
            wizard.can_be_one = (
                1 < len(moves) <= MAX_INVOICES
                and len(moves.commercial_partner_id) == 1
                and len(moves.currency_id) == 1
            )

    @api.depends("as_one")
    def _compute_available_credit_methods(self):
        # EXTENDS: an amount is spread over the invoices
        res = super()._compute_available_credit_methods()
        for wizard in self:
            if wizard.as_one:
                wizard.available_credit_methods = "remaining,amount,percentage"
        return res

    @api.depends("as_one")
    def _compute_is_background(self):
        # EXTENDS: it is one document
        res = super()._compute_is_background()
        self.filtered("as_one").is_background = False
        return res

    @api.depends("as_one")
    def _compute_amounts(self):
        # EXTENDS: an amount is spread over the invoices
        return super()._compute_amounts()

    # -------------------------------------------------------------------------
    # CHECKS
    # -------------------------------------------------------------------------

    def _check_invoices(self):
        # EXTENDS: what can stand on one document
        res = super()._check_invoices()
        if self.as_one:
            self._check_as_one()
        return res

    def _list_checks(self):
        # EXTENDS: what can stand on one document
        checks = super()._list_checks()
        return [("as_one", self._check_as_one), *checks] if self.as_one else checks

    def _check_as_one(self):
        """:raise UserError: these invoices cannot be credited by one document"""
        moves = self.move_ids._origin
        names = moves._get_document_names()
        if len(moves) < 2 or len(moves) > MAX_INVOICES:
            raise UserError(
                self.env._(
                    "One credit note can be made for 2 to %(most)s invoices, not for "
                    "%(count)s. Take the tick off, or tick other invoices.",
                    most=MAX_INVOICES,
                    count=len(moves),
                )
            )
        if len(moves.commercial_partner_id) > 1 or len(moves.currency_id) > 1:
            raise UserError(
                self.env._(
                    "%s are of several customers or in several currencies. One credit "
                    "note is for one customer and in one currency.",
                    names,
                )
            )
        if (
            self.use_invoice_rate
            and len(set(moves.mapped("invoice_currency_rate"))) > 1
        ):
            raise UserError(
                self.env._(
                    "%s have different exchange rates. Use the rate of the day, or "
                    "make a credit note for each.",
                    names,
                )
            )
        journals = moves.journal_id
        if "l10n_latam_use_documents" in journals._fields and any(
            journals.mapped("l10n_latam_use_documents")
        ):
            raise UserError(
                self.env._(
                    "Documents with a legal document type are credited one by one."
                )
            )

    def _check_plan(self, invoice, plan):
        # EXTENDS: Odoo has cash rounding and such items once on a document
        res = super()._check_plan(invoice, plan)
        if self.as_one and any(
            isinstance(cell.column, PairedItem | RoundingItem)
            for cell, amount in plan.credit.amounts.items()
            if amount
        ):
            raise UserError(
                self.env._(
                    "%s has a cash rounding or discount that is booked apart. Make a "
                    "credit note of its own for it.",
                    invoice.name,
                )
            )
        return res

    def _check_amount(self):
        # EXTENDS: an amount is spread over the invoices
        if not self.as_one:
            return super()._check_amount()
        left = sum(self.move_ids._origin.mapped("amount_creditable"))
        currency = self.move_ids._origin.currency_id[:1]
        if (
            not currency.compare_amounts(self.amount, 0.0) > 0
            or currency.compare_amounts(self.amount, left) > 0
        ):
            raise UserError(
                self.env._(
                    "Enter an amount of %(invoices)s to credit, above zero and up to "
                    "what is left: %(left)s.",
                    invoices=self.move_ids._origin._get_document_names(),
                    left=format_amount(self.env, left, currency),
                )
            )
        return None

    # -------------------------------------------------------------------------
    # PLAN
    # -------------------------------------------------------------------------

    def _get_asked_total(self, invoice):
        # EXTENDS: the part of the amount that falls to this invoice
        if not self.as_one or self.credit_method != "amount":
            return super()._get_asked_total(invoice)
        return self._get_parts_of_amount()[invoice._origin]

    def _get_parts_of_amount(self):
        """:return: {invoice: what of the amount falls to it, in units}"""
        invoices = self.move_ids._origin
        sizes = [
            move._to_units(move.amount_creditable, 0.0).currency for move in invoices
        ]
        total = invoices[:1]._to_units(self.amount, 0.0).currency
        return dict(zip(invoices, divide(total, sizes), strict=True))

    # -------------------------------------------------------------------------
    # ISSUE
    # -------------------------------------------------------------------------

    def _credit(self):
        # EXTENDS: one document
        if not self.as_one:
            return super()._credit()
        self._check_issue()
        credit_note = self._make_one()
        self._post_credit_notes(credit_note)
        self._settle_credit_notes(credit_note)
        return credit_note

    def action_save_draft(self):
        # EXTENDS: one document
        if not self.as_one:
            return super().action_save_draft()
        self._check_dialog()
        return self._make_one()._get_records_action(name=self.env._("Credit Note"))

    def action_reinvoice(self):
        # EXTENDS: each invoice has a credit note of its own then
        if self.as_one:
            raise UserError(
                self.env._(
                    "To invoice again, take the tick off “One Credit Note for All”."
                )
            )
        return super().action_reinvoice()

    def _make_one(self):
        """:return: draft of the credit note of all these invoices
        :raise UserError: something cannot be credited
        """
        self._check_invoices()
        self.move_ids.invoice_line_ids.mapped("quantity_creditable")
        plans = {}
        for move in self.move_ids.sorted(lambda move: (move.invoice_date, move.id)):
            plan = self._plan_credit_note(move)
            self._check_plan(move, plan)
            if any(plan.credit.amounts.values()) or plan.lines:
                plans[move] = plan
        credit_note = (
            self.env["account.move"]
            .with_context(check_move_validity=False)
            .create(self._prepare_one(plans))
        )
        self._apply_plans(credit_note, plans)
        self._keep_orders_invoiced(credit_note)
        self.new_move_ids = credit_note
        return credit_note.with_context(check_move_validity=True)

    def _prepare_one(self, plans):
        """:param plans: {invoice: CreditNotePlan}, oldest invoice first
        :return: values of the credit note
        """
        first = next(iter(plans))
        values = self._prepare_default_reversal(first)
        invoices = first.union(*plans)
        partner = invoices.partner_id
        values.update(
            {
                "move_type": "out_refund",
                "partner_id": (
                    partner if len(partner) == 1 else invoices.commercial_partner_id
                ).id,
                "ref": self.env._("Reversal of: %s", invoices._get_document_names()),
                "invoice_origin": ", ".join(
                    filter(None, dict.fromkeys(invoices.mapped("invoice_origin")))
                ),
                "invoice_payment_term_id": False,
                "invoice_cash_rounding_id": False,
                "credit_note_reason_id": self.reason_id.id,
                "credit_note_reason_text": self.reason,
                "line_ids": [
                    Command.create(line_values)
                    for invoice, plan in plans.items()
                    for line_values in self._prepare_lines_of(invoice, plan)
                ],
            }
        )
        if first.currency_id != first.company_currency_id:
            values["invoice_currency_rate"] = self._get_rate(first)
        [values] = first.with_context(
            include_business_fields=True, move_reverse_cancel=False
        ).copy_data(values)
        return values

    def _prepare_lines_of(self, invoice, plan):
        """:return: list of values: a section that names the invoice, and its lines"""
        lang = self.with_context(lang=invoice.partner_id.lang or self.env.lang)
        section = {
            "display_type": "line_section",
            "name": lang.env._(
                "Invoice %(invoice)s of %(date)s",
                invoice=invoice.name,
                date=format_date(lang.env, invoice.invoice_date),
            ),
        }
        values_list = [section, *self._prepare_credit_note_lines(invoice, plan)]
        for values in values_list[1:]:
            # Sections of the invoice stand below its own.
            if values.get("display_type") == "line_section":
                values["display_type"] = "line_subsection"
            values.pop("sequence", None)
        return values_list

    def _apply_plans(self, credit_note, plans):
        """Correct the journal items of the draft, see `_apply_plan`."""
        amounts = {invoice: plan.credit.amounts for invoice, plan in plans.items()}
        credit_note = credit_note.with_context(
            skip_invoice_sync=True, dynamic_unlink=True
        )
        commands = credit_note._get_item_commands(
            -sum(amounts.values(), Table()),
            {invoice: table.total for invoice, table in amounts.items()},
        )
        credit_note.write({"line_ids": commands})
