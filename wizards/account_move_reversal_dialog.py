from odoo import api, fields, models
from odoo.tools import format_amount, format_date, format_list

from .refusal import get_refusal


class AccountMoveReversal(models.TransientModel):
    """What the dialog says before the click: whom it is for, what it comes to, and what
    would be refused, in the words of the refusal.
    """

    _name = "account.move.reversal"
    _inherit = ("account.move.reversal", "account.credit.dialog")

    customer_names = fields.Char(string="Customer", compute="_compute_head")
    document_names = fields.Char(string="Invoices", compute="_compute_head")
    total = fields.Char(compute="_compute_amounts")
    refusals = fields.Json(compute="_compute_amounts")
    button_refusals = fields.Json(compute="_compute_amounts")
    line_outcomes = fields.Json(
        compute="_compute_amounts",
        help="By invoice line, of the lines that are credited: what they come to, and "
        "the sentence that would refuse them.",
    )
    line_ticks = fields.Json(
        store=False,
        help="Of the screen, to tick many lines: `invoice_line_ids` and `is_ticked`.",
    )

    @api.depends("move_ids")
    def _compute_head(self):
        for wizard in self:
            moves = wizard.move_ids._origin
            customers = moves.commercial_partner_id
            wizard.customer_names = (
                customers.display_name
                if len(customers) < 2
                else self.env._("%s customers", len(customers))
            )
            wizard.document_names = (
                self.env._(
                    "%(invoice)s of %(date)s",
                    invoice=moves.name,
                    date=format_date(self.env, moves.invoice_date),
                )
                if len(moves) == 1
                else self.env._("%s invoices", len(moves))
            )

    def _format_total(self, previews):
        """:return: what these come to, in each currency"""
        totals = {}
        for preview in previews:
            currency = preview["currency"]
            totals[currency] = totals.get(currency, 0.0) + preview["amount_to_credit"]
        return format_list(
            self.env,
            [format_amount(self.env, total, cur) for cur, total in totals.items()],
        )

    # -------------------------------------------------------------------------
    # REFUSALS
    # -------------------------------------------------------------------------

    def _list_checks(self):
        # EXTENDS: in the order of the fields
        return [
            *super()._list_checks(),
            ("journal_id", self._check_journal),
            ("date", self._check_date),
            ("reason_id", self._check_reason),
            ("reason", self._check_details),
            (self._get_entered_field(), self._check_entered),
        ]

    def _get_entered_field(self):
        """:return: name of the field that says what is credited"""
        names = {
            "lines": "line_ids",
            "amount": "amount",
            "percentage": "percentage",
        }
        return names.get(self.credit_method, "credit_method")

    def _check_entered(self):
        """:raise UserError: what is to be credited is nothing, or more than is left"""
        self._check_method()

    def _get_plan_refusals(self, previews):
        """:return: {name of a field: the sentence that would refuse what is planned}"""
        for preview in previews:
            if "plan" in preview and (
                refusal := get_refusal(
                    self._check_plan, preview["invoice"], preview["plan"]
                )
            ):
                return {self._get_entered_field(): refusal}
        return {}

    def _get_line_outcomes(self):
        """:return: see `line_outcomes`. Of lines that are edited in the dialog Odoo
        does not send what is computed of them.
        """
        if not self._has_numbers():
            return {}
        return {
            str(line.invoice_line_id.id): {
                "amount": abs(line._get_amount_currency()),
                "refusal": get_refusal(line._check_left),
                "is_price": bool(get_refusal(line._check_price)),
            }
            for line in self.line_ids
            if line.quantity
        }

    @api.onchange("line_ticks")
    def _onchange_line_ticks(self):
        """Tick many lines at once."""
        ticks = self.line_ticks or {}
        for line in self.line_ids:
            if line.invoice_line_id.id in ticks.get("invoice_line_ids", ()):
                is_ticked = ticks["is_ticked"]
                line.quantity = line.quantity_creditable if is_ticked else 0.0

    def _get_button_refusals(self):
        # EXTENDS: what a button does not do
        refusals = {}
        issuing = ["action_issue", "action_issue_and_print", "action_issue_and_send"]
        everything = [*issuing, "action_save_draft", "action_reinvoice"]

        def refuse(names, sentence):
            for name in names:
                refusals.setdefault(name, sentence)

        for sentence in (self.refusals or {}).values():
            refuse([*everything, "action_ask_approval"], sentence)
        if refusal := get_refusal(
            self.env["account.move"]._check_not_in_future, self.date
        ):
            # A draft may be dated later.
            refuse([*issuing, "action_reinvoice", "action_ask_approval"], refusal)
        if self.approval_needs:
            refuse([*issuing, "action_reinvoice"], self.approval_needs)
        if self.is_background:
            refuse(
                ["action_issue_and_print", "action_save_draft", "action_reinvoice"],
                self.env._(
                    "So many invoices are credited in the background. Click “Issue”."
                ),
            )
        if self.settlement == "refund" and self.amount_customer_credit:
            refuse(
                ["action_issue_and_print", "action_issue_and_send"],
                self.env._(
                    "The refund comes next. Click “Issue”; the message that follows "
                    "can print and send."
                ),
            )
            refuse(
                ["action_reinvoice"],
                self.env._("A refund and a new invoice do not go together."),
            )
        if self.settlement != "keep" and self.amount_customer_credit:
            refuse(
                ["action_save_draft"],
                self.env._("A draft is not applied or refunded. Keep the credit."),
            )
        if self.stop_recurring:
            refuse(
                ["action_save_draft"],
                self.env._(
                    "A draft stops no series. Take the tick off “Stop Recurring”."
                ),
            )
        if self.as_one or self.credit_method != "remaining":
            refuse(
                ["action_reinvoice"],
                self.env._(
                    "Only everything left of each invoice is invoiced again. Choose "
                    "“Everything left”, a credit note for each."
                ),
            )
        if refusal := get_refusal(self._check_addresses):
            refuse(["action_issue_and_send"], refusal)
        return refusals
