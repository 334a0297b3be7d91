from odoo import Command, api, fields, models
from odoo.exceptions import UserError
from odoo.tools import formatLang

from ..models.bulk.reversal_batch import ReversalBatch


class AccountMoveReversal(models.TransientModel):
    _inherit = "account.move.reversal"

    is_credit_note = fields.Boolean(
        compute="_compute_is_credit_note",
        help="Customer invoices are credited; other entries are reversed as ever.",
    )
    credit_method = fields.Selection(
        selection=[
            ("remaining", "Everything left"),
            ("lines", "Lines"),
            ("amount", "An amount"),
            ("percentage", "A percentage"),
        ],
        default="remaining",
        required=True,
    )
    available_credit_methods = fields.Char(
        compute="_compute_available_credit_methods",
        help="Lines and amounts are credited for one invoice at a time.",
    )
    line_ids = fields.One2many(
        comodel_name="account.move.reversal.line",
        inverse_name="reversal_id",
        compute="_compute_line_ids",
        compute_sudo=False,
        store=True,
        readonly=False,
    )
    amount = fields.Monetary(
        help="Tax included. The credit note comes to exactly this amount."
    )
    percentage = fields.Float(help="Of the invoice's total.")
    settlement = fields.Selection(
        selection=[
            ("keep", "Keep as customer credit"),
            ("apply", "Apply to other open invoices"),
            ("refund", "Refund"),
        ],
        string="Beyond the Amount Due",
        default="keep",
        required=True,
        help="What happens with what is credited beyond the amount due.",
    )
    use_invoice_rate = fields.Boolean(
        string="Exchange Rate of the Invoice",
        default=True,
        help="Several tax laws want the rate of the invoice, and it leaves no exchange "
        "difference. Otherwise the rate of the credit note's day is used.",
    )
    has_foreign_currency = fields.Boolean(compute="_compute_offers")
    reopen_order = fields.Boolean(
        string="Sales Order Can Be Invoiced Again",
        default=True,
        help="Untick for goodwill: the quantities stay invoiced on the sales order.",
    )
    has_order = fields.Boolean(compute="_compute_offers")
    stop_recurring = fields.Boolean(
        help="The invoice repeats by itself. Cancel the next one and stop.",
    )
    is_recurring = fields.Boolean(compute="_compute_offers")
    reason_id = fields.Many2one(
        comodel_name="account.credit.note.reason",
        check_company=True,
    )
    reason_required = fields.Boolean(related="company_id.credit_note_reason_required")
    invoice_count = fields.Integer(compute="_compute_invoice_count")
    left_out = fields.Text(
        readonly=True, help="What was ticked and cannot be credited, and why."
    )
    preview = fields.Html(compute="_compute_amounts", sanitize=False)
    amount_to_credit = fields.Monetary(string="To Credit", compute="_compute_amounts")
    amount_due = fields.Monetary(string="Due Now", compute="_compute_amounts")
    amount_due_after = fields.Monetary(
        string="Due Afterwards", compute="_compute_amounts"
    )
    amount_customer_credit = fields.Monetary(
        string="Customer Credit",
        compute="_compute_amounts",
        help="What is credited beyond the amount due. "
        "It stays open on the credit note, for other invoices or a refund.",
    )

    # -------------------------------------------------------------------------
    # COMPUTE METHODS
    # -------------------------------------------------------------------------

    @api.depends("move_ids")
    def _compute_is_credit_note(self):
        for wizard in self:
            types = set(wizard.move_ids.mapped("move_type"))
            wizard.is_credit_note = bool(types) and types <= set(
                self.env["account.move"]._get_creditable_types()
            )

    @api.depends("move_ids")
    def _compute_invoice_count(self):
        for wizard in self:
            wizard.invoice_count = len(wizard.move_ids)

    @api.depends("move_ids")
    def _compute_available_credit_methods(self):
        for wizard in self:
            wizard.available_credit_methods = (
                "remaining,lines,amount,percentage"
                if len(wizard.move_ids) == 1
                else "remaining,percentage"
            )

    @api.depends("move_ids")
    def _compute_offers(self):
        """Say which of the options make sense for these invoices."""
        for wizard in self:
            moves = wizard.move_ids._origin
            wizard.has_foreign_currency = any(
                move.currency_id != move.company_currency_id for move in moves
            )
            wizard.has_order = bool(moves.invoice_line_ids._get_order_lines())
            wizard.is_recurring = bool(moves._get_next_recurring_invoices())

    @api.depends("move_ids", "credit_method")
    def _compute_line_ids(self):
        for wizard in self:
            lines = wizard.move_ids._origin.invoice_line_ids.filtered(
                lambda line: line.display_type == "product" and line.quantity_creditable
            )
            if wizard.credit_method != "lines" or not wizard.is_credit_note:
                wizard.line_ids = [Command.clear()]
            elif wizard.line_ids.invoice_line_id != lines:
                wizard.line_ids = [
                    Command.clear(),
                    *(Command.create({"invoice_line_id": line.id}) for line in lines),
                ]

    @api.depends(
        "amount",
        "credit_method",
        "currency_id",
        "line_ids.price_unit",
        "line_ids.quantity",
        "date",
        "journal_id",
        "move_ids",
        "percentage",
        "reason",
        "reason_id",
        "reopen_order",
        "settlement",
        "stop_recurring",
        "use_invoice_rate",
    )
    def _compute_amounts(self):
        for wizard in self:
            refusals, previews = {}, []
            if wizard.is_credit_note:
                refusals = wizard._get_refusals()
                if wizard._get_entered_field() not in refusals:
                    moves = wizard._get_moves()
                    previews = [wizard._get_preview(move) for move in moves]
                    refusals |= wizard._get_plan_refusals(previews)
            wizard.refusals = refusals
            wizard.line_outcomes = wizard._get_line_outcomes()
            wizard.total = wizard._format_total(previews)
            wizard.preview = wizard._render_preview(previews)
            wizard.approval_needs = wizard._get_approval_needs(previews)
            for field_name in (
                "amount_to_credit",
                "amount_due",
                "amount_due_after",
                "amount_customer_credit",
            ):
                # Amounts in several currencies have no sum.
                wizard[field_name] = (
                    sum(preview[field_name] for preview in previews)
                    if wizard.currency_id
                    else 0.0
                )
            wizard.button_refusals = (
                wizard._get_button_refusals() if wizard.is_credit_note else {}
            )

    @api.depends("move_ids", "company_id")
    def _compute_journal_id(self):
        # EXTENDS 'account': an invoice of an archived journal is credited in the
        # first sales journal of its company
        res = super()._compute_journal_id()
        for wizard in self:
            if not wizard.journal_id and wizard.is_credit_note:
                wizard.journal_id = wizard.available_journal_ids[:1]
        return res

    # -------------------------------------------------------------------------
    # CRUD
    # -------------------------------------------------------------------------

    @api.model
    def default_get(self, fields):
        # EXTENDS 'account': say why invoices cannot be credited before the dialog
        # opens, and never propose a date before the invoice
        if (
            self.env.context.get("active_model") != "account.move"
            or "active_ids" not in self.env.context
        ):
            return super().default_get(fields)
        moves = self.env["account.move"].browse(self.env.context["active_ids"])
        creditable_types = moves._get_creditable_types()
        if not moves or any(move.move_type not in creditable_types for move in moves):
            return super().default_get(fields)
        if len(moves.company_id) == 1:
            moves._check_creditable()
        values = super().default_get(fields)
        values |= {
            name: value
            for name, value in moves._get_implied_credit().items()
            if name in fields and f"default_{name}" not in self.env.context
        }
        if "date" in values:
            values["date"] = max(
                [values["date"], *moves.filtered("invoice_date").mapped("invoice_date")]
            )
        return values

    @api.model_create_multi
    def create(self, vals_list):
        # EXTENDS 'account': over RPC a program gives the invoices and no journal, which
        # is required in the database but only computed after the row is inserted
        self.check_access("create")
        return super().create([self._add_missing_values(vals) for vals in vals_list])

    @api.model
    def _add_missing_values(self, vals):
        """:return: values to create a dialog from, with its company and journal"""
        if vals.get("journal_id") and vals.get("company_id"):
            return vals
        wizard = self.new(
            {name: vals[name] for name in ("move_ids", "journal_id") if name in vals}
        )
        companies = wizard.move_ids._origin.company_id
        if len(companies) == 1:
            vals = {**vals, "company_id": companies.id}
            wizard.company_id = companies
        if vals.get("journal_id"):
            return vals
        if wizard.is_credit_note:
            wizard._check_journal()
        elif not wizard.move_ids and not wizard.journal_id:
            raise UserError(self.env._("Say which invoices to credit: `move_ids`."))
        return {**vals, "journal_id": wizard.journal_id._origin.id}

    # -------------------------------------------------------------------------
    # BUTTONS
    # -------------------------------------------------------------------------

    def action_issue(self):
        """Issue the credit notes: posted, numbered, set against their invoices.

        They are in `new_move_ids` afterwards.

        :return: action that names the credit notes on the screen and closes the dialog
        :raise UserError: something cannot be credited; nothing is changed then
        """
        credit_notes = self._credit()
        open_credit_notes = credit_notes.filtered("amount_residual")
        if self.settlement != "refund" or not open_credit_notes:
            return self._get_issued_action(credit_notes)
        return self._get_issued_action(
            credit_notes,
            next_action=open_credit_notes.action_refund_credit(),
        )

    def action_issue_and_print(self):
        """Issue the credit notes, then print them. See `action_issue`.

        :return: action that names the credit notes, then downloads the PDF
        """
        credit_notes = self._credit()
        return self._get_issued_action(
            credit_notes,
            next_action=credit_notes._get_print_action(),
            # Making the PDF of several takes longer than a message stays.
            sticky=len(credit_notes) > 1,
        )

    def action_issue_and_send(self):
        """Issue the credit notes, then open Odoo's e-mail composer on them.

        :return: action that names the credit notes, then opens the composer
        :raise UserError: a customer has no e-mail address; nothing is changed then
        """
        self._check_addresses()
        credit_notes = self._credit()
        return self._get_issued_action(
            credit_notes, next_action=credit_notes._get_send_action()
        )

    def action_save_draft(self):
        """Make drafts of the credit notes.

        :return: action that opens them
        :raise UserError: something cannot be credited; nothing is changed then
        """
        self._check_dialog()
        return self.refund_moves()

    def action_reinvoice(self):
        """Issue the credit notes and make drafts of the invoices for another try.

        The drafts are in `new_move_ids` afterwards.

        :return: action that names the credit notes, then opens the drafts
        :raise UserError: something cannot be credited; nothing is changed then
        """
        self._check_issue()
        known = self.move_ids.reversal_move_ids
        drafts = self.modify_moves()
        return self._get_issued_action(
            self.move_ids.reversal_move_ids - known,
            next_action={
                **drafts,
                # The server completes an action, but not one inside another.
                "views": [
                    (False, mode) for mode in drafts.get("view_mode", "form").split(",")
                ],
            },
        )

    def reverse_moves(self, is_modify=False):
        # EXTENDS 'account': whichever button made the credit notes, they are checked
        # before, and equal to the plan to the cent after
        self.ensure_one()
        if not self.is_credit_note:
            return super().reverse_moves(is_modify=is_modify)
        self._check_invoices()
        if is_modify and self._is_unmatched_first():
            self.move_ids.line_ids.remove_move_reconcile()
        # Fetched for all at once; each plan reads it.
        self.move_ids.invoice_line_ids.mapped("quantity_creditable")
        self.move_ids.line_ids.fetch(["tax_ids", "tax_tag_ids"])
        plans = {move: self._plan_credit_note(move) for move in self.move_ids}
        for invoice, plan in plans.items():
            self._check_plan(invoice, plan)
        issuing = ReversalBatch.of(self.env)
        batch = ReversalBatch(
            plans, is_issued=is_modify or bool(issuing and issuing.is_issued)
        )
        known = self.move_ids.reversal_move_ids
        # Odoo's draft balances only once `_apply_plan` has corrected it.
        action = super(
            AccountMoveReversal,
            batch.on(self.with_context(check_move_validity=False)),
        ).reverse_moves(is_modify=is_modify)
        credit_notes = self.move_ids.reversal_move_ids - known
        self._apply_plan(credit_notes, plans)
        self._keep_orders_invoiced(ReversalBatch().on(credit_notes))
        if is_modify:
            # Odoo posts them while it un-reconciles the payments.
            to_post = credit_notes.filtered(lambda move: move.auto_post == "no")
            # As Odoo does here: without a payment there is no tax on payment to
            # reverse. Its `move_reverse_cancel` would leave out the cost of goods, too.
            self._post_credit_notes(to_post.with_context(no_cash_basis=True))
            self._settle_credit_notes(to_post)
            # Read anew, so that they are in their order, the latest first.
            self.move_ids.invalidate_recordset(["reversal_move_ids"])
        return action

    # -------------------------------------------------------------------------
    # PREVIEW: the plan, shown.
    # -------------------------------------------------------------------------

    def _get_preview(self, invoice):
        """:return: dict of what crediting this invoice comes to, for the dialog"""
        plan = self._plan_credit_note(invoice)
        totals = self._get_plan_totals(invoice, plan)
        return {
            **self._plan_settlement(invoice, totals["total"]),
            **totals,
            "plan": plan,
            "invoice": invoice,
            "currency": invoice.currency_id,
            "amount_to_credit": totals["total"],
            "amount_left": max(0.0, invoice.amount_creditable - totals["total"]),
            "rate_note": self._get_rate_note(invoice),
            "notes": list(
                filter(
                    None,
                    (
                        self._get_discount_note(invoice),
                        self._get_cap_note(invoice, totals["total"]),
                    ),
                )
            ),
        }

    def get_preview(self):
        """Say what issuing would come to, for programs: nothing is changed.

        :return: list of a dict for each invoice. Amounts are positive and in the
            invoice's currency; those of many invoices, which are credited in the
            background, are not split into taxes.
        :raise UserError: issuing would be refused
        """
        self.ensure_one()
        self._check_issue()
        self._check_chosen()
        return [
            self._prepare_preview(self._get_preview(move)) for move in self.move_ids
        ]

    def _get_moves(self):
        """:return: the documents, in the order of the list and of the numbers that
        Odoo gives their credit notes
        """
        return self.move_ids._origin.sorted(lambda move: (move.name or "", move.id))

    @api.model
    def _prepare_preview(self, preview):
        """:param preview: see `_get_preview`
        :return: the same for programs, see docs/api.md
        """
        values = {
            "invoice_id": preview["invoice"].id,
            "currency": preview["currency"].name,
            "amount_total": preview["amount_to_credit"],
            "amount_due": preview["amount_due"],
            "amount_due_after": preview["amount_due_after"],
            "amount_customer_credit": preview["amount_customer_credit"],
            "amount_left_to_credit": preview["amount_left"],
        }
        if "taxes" in preview:
            values["amount_untaxed"] = preview["untaxed"]
            values["amount_tax"] = preview["tax"]
            values["taxes"] = [
                {"tax_group_id": group.id, "name": group.name, "amount": amount}
                for group, amount in preview["taxes"].items()
            ]
        return values

    @api.model
    def _get_discount_note(self, invoice):
        """:return: sentence about the early payment discount taken, False if none"""
        discount = invoice._get_discounts_taken().get(invoice)
        if not discount:
            return False
        return self.env._(
            "%(invoice)s: the customer took an early payment discount of %(discount)s,"
            " booked with the payment. It is not credited again.",
            invoice=invoice.name,
            discount=invoice.currency_id.format(discount),
        )

    def _get_cap_note(self, invoice, total):
        """:return: sentence where less is left than the percentage, False elsewhere"""
        share = self._get_share_of_total(invoice)
        if (
            self.credit_method != "percentage"
            or invoice.currency_id.compare_amounts(share, total) <= 0
        ):
            return False
        return self.env._(
            "%(percentage)s %% of %(invoice)s is %(share)s. What is left is credited: "
            "%(total)s.",
            percentage=formatLang(self.env, self.percentage),
            invoice=invoice.name,
            share=invoice.currency_id.format(share),
            total=invoice.currency_id.format(total),
        )

    def _get_rate_note(self, invoice):
        """:return: the rate of a foreign currency, False without one"""
        currency, company_currency = invoice.currency_id, invoice.company_currency_id
        if currency == company_currency:
            return False
        return (
            f"1 {company_currency.name} = {self._get_rate(invoice):.6g} {currency.name}"
        )

    def _render_preview(self, previews):
        if not previews:
            return False
        return self.env["ir.qweb"]._render(
            "account_partner_credit_note.credit_note_preview",
            {
                "previews": previews,
                "tax_groups": self.env["account.tax.group"].union(
                    *(group for preview in previews for group in preview["taxes"])
                ),
                "has_customer_credit": any(
                    preview["amount_customer_credit"] for preview in previews
                ),
                "total": self if self.currency_id and len(previews) > 1 else None,
                "outcomes": self._get_outcomes(previews),
                "credit_title": self._get_credit_title(),
            },
        )

    # -------------------------------------------------------------------------
    # PLAN, ISSUE, SETTLE, DELIVER: each in a file of its own.
    # -------------------------------------------------------------------------

    def _credit(self):
        """Plan, issue and settle.

        :return: the posted credit notes, one for each invoice, in their order
        """
        self._check_issue()
        credit_notes = self._issue_credit_notes()
        self._settle_credit_notes(credit_notes)
        return credit_notes
