from collections import defaultdict

from odoo import Command, api, fields, models
from odoo.exceptions import UserError
from odoo.tools import format_amount, format_date

# A message on the screen with more links than this is not read.
MAX_LINKS = 3


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
        store=True,
        readonly=False,
    )
    amount = fields.Monetary(help="Tax included. It is hit to the cent.")
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
        string="Order Can Be Invoiced Again",
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
        "move_ids",
        "percentage",
        "use_invoice_rate",
    )
    def _compute_amounts(self):
        for wizard in self:
            moves = wizard.move_ids._origin if wizard.is_credit_note else ()
            previews = [wizard._get_preview(move) for move in moves]
            wizard.preview = wizard._render_preview(previews)
            for field_name in (
                "amount_to_credit",
                "amount_due",
                "amount_due_after",
                "amount_customer_credit",
            ):
                # Amounts of several currencies do not add up.
                wizard[field_name] = (
                    sum(preview[field_name] for preview in previews)
                    if wizard.currency_id
                    else 0.0
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
        if "date" in values:
            values["date"] = max(
                [values["date"], *moves.filtered("invoice_date").mapped("invoice_date")]
            )
        return values

    @api.model_create_multi
    def create(self, vals_list):
        # EXTENDS 'account': over RPC a program gives the invoices and no journal, which
        # is required in the database but only computed after the row is inserted
        return super().create([self._add_missing_values(vals) for vals in vals_list])

    @api.model
    def _add_missing_values(self, vals):
        """:return: values to create a dialog from, with its company and journal"""
        if vals.get("journal_id") and vals.get("company_id"):
            return vals
        wizard = self.new(vals)
        companies = wizard.move_ids._origin.company_id
        if len(companies) == 1:
            vals = {**vals, "company_id": companies.id}
            wizard.company_id = companies
        if vals.get("journal_id"):
            return vals
        if wizard.is_credit_note:
            wizard._check_journal()
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
            # Back to the list afterwards, not on to the payment.
            next_action=open_credit_notes.line_ids.action_register_payment(
                {"dont_redirect_to_payments": True, "display_account_trust": True}
            ),
        )

    def action_issue_and_print(self):
        """Issue the credit notes, then print them. See `action_issue`.

        :return: action that names the credit notes, then downloads the PDF
        """
        credit_notes = self._credit()
        return self._get_issued_action(
            credit_notes, next_action=credit_notes._get_print_action()
        )

    def action_issue_and_send(self):
        """Issue the credit notes, then open Odoo's e-mail composer on them.

        :return: action that names the credit notes, then opens the composer
        """
        credit_notes = self._credit()
        composer = {
            **credit_notes.action_send_and_print(),
            # The server completes an action, but not one inside another.
            "views": [(False, "form")],
        }
        return self._get_issued_action(credit_notes, next_action=composer)

    def action_save_draft(self):
        """Make drafts of the credit notes.

        :return: action that opens them
        :raise UserError: something cannot be credited; nothing is changed then
        """
        self._check_dialog()
        return self.refund_moves()

    def action_reinvoice(self):
        """Issue the credit notes and make drafts of the invoices for another try.

        :return: action that opens the drafts
        :raise UserError: something cannot be credited; nothing is changed then
        """
        self._check_issue()
        return self.modify_moves()

    def reverse_moves(self, is_modify=False):
        # EXTENDS 'account': whichever button made the credit notes, they are checked
        # before, and equal to the plan to the cent after
        self.ensure_one()
        if not self.is_credit_note:
            return super().reverse_moves(is_modify=is_modify)
        self._check_invoices()
        plans = {move: self._plan_credit_note(move) for move in self.move_ids}
        known = self.move_ids.reversal_move_ids
        # What Odoo makes balances once it comes to the plan.
        action = super(
            AccountMoveReversal,
            self.with_context(reversal_keeps_payments=True, check_move_validity=False),
        ).reverse_moves(is_modify=is_modify)
        credit_notes = self.move_ids.reversal_move_ids - known
        self._apply_plan(credit_notes, plans)
        self._keep_orders_invoiced(credit_notes)
        if is_modify:
            # Odoo posts them while it un-reconciles the payments, which we keep.
            to_post = credit_notes.filtered(lambda move: move.auto_post == "no")
            to_post.action_post()
            self._log_issued(to_post)
        return action

    # -------------------------------------------------------------------------
    # PREVIEW: the plan, shown.
    # -------------------------------------------------------------------------

    def _get_preview(self, invoice):
        """:return: dict of what crediting this invoice comes to, for the dialog"""
        totals = self._get_plan_totals(invoice, self._plan_credit_note(invoice))
        return {
            **self._plan_settlement(invoice, totals["total"]),
            **totals,
            "invoice": invoice,
            "currency": invoice.currency_id,
            "amount_to_credit": totals["total"],
            "amount_left": max(0.0, invoice.amount_creditable - totals["total"]),
        }

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
            },
        )

    # -------------------------------------------------------------------------
    # ISSUE: make the planned credit notes and post them.
    # -------------------------------------------------------------------------

    def _credit(self):
        """Plan, issue and settle.

        :return: the posted credit notes, one for each invoice, in their order
        """
        self._check_issue()
        credit_notes = self._issue_credit_notes()
        self._settle_credit_notes(credit_notes)
        return credit_notes

    def _issue_credit_notes(self):
        self.refund_moves()
        credit_notes = self.new_move_ids
        credit_notes.action_post()
        self._log_issued(credit_notes)
        return credit_notes

    def _prepare_default_reversal(self, move):
        # EXTENDS 'account': reason, lines and rate of a customer's credit note
        values = super()._prepare_default_reversal(move)
        if not self.is_credit_note:
            return values
        values.update(
            {
                "credit_note_reason_id": self.reason_id.id,
                "credit_note_reason_text": self.reason,
            }
        )
        if self.use_invoice_rate and move.currency_id != move.company_currency_id:
            # The rate of the invoice: several tax laws want it, and it leaves no
            # exchange difference.
            values["invoice_currency_rate"] = move.invoice_currency_rate
        plan = self._plan_credit_note(move)
        if not plan["is_whole"]:
            # Cents are part of the plan and not to be rounded away.
            values["invoice_cash_rounding_id"] = False
            values["line_ids"] = [
                Command.create(line_values)
                for line_values in self._prepare_credit_note_lines(move, plan)
            ]
        return values

    def _modify_default_reverse_values(self, origin_move):
        # EXTENDS 'account': the new invoice keeps its source document
        values = super()._modify_default_reverse_values(origin_move)
        if self.is_credit_note:
            values["invoice_origin"] = origin_move.invoice_origin
        return values

    def _prepare_credit_note_lines(self, invoice, plan):
        """:param plan: see `_plan_credit_note`
        :return: values of the credit note lines: what is credited, with the section it
            stands in and the notes below it
        """
        line_plans = {line_plan["line"]: line_plan for line_plan in plan["lines"]}
        headings = {"line_section": None, "line_subsection": None}
        is_credited = False
        values_list = []
        for line in invoice.invoice_line_ids.sorted("sequence"):
            if line.display_type == "line_section":
                headings = {"line_section": line, "line_subsection": None}
                is_credited = False
            elif line.display_type == "line_subsection":
                headings["line_subsection"] = line
                is_credited = False
            elif line.display_type == "line_note":
                if is_credited:
                    values_list += self._copy_line(line)
            elif is_credited := line in line_plans:
                for heading, heading_line in headings.items():
                    if heading_line:
                        values_list += self._copy_line(heading_line)
                        headings[heading] = None
                line_plan = line_plans[line]
                values_list += self._copy_line(
                    line,
                    quantity=line_plan["quantity"],
                    price_unit=line_plan["price_unit"],
                )
        return values_list

    def _copy_line(self, line, **values):
        """:return: list of the values of a credit note line, copied as Odoo does it"""
        values_list = line.with_context(
            include_business_fields=True, move_reverse_cancel=False
        ).copy_data(values)
        for line_values in values_list:
            line_values.pop("move_id", None)
        return values_list

    def _apply_plan(self, credit_notes, plans):
        """Make these drafts come to the planned amounts, journal item by journal item.

        Odoo computes taxes and roundings of a credit note anew, as settings and taxes
        are today. Where that differs from the plan, the plan holds.

        :param credit_notes: drafts that were made from the plans
        :param plans: {invoice: plan}, see `_plan_credit_note`
        """
        commands = [
            command
            for credit_note in credit_notes
            for command in self._get_plan_commands(
                credit_note, plans[credit_note.reversed_entry_id]
            )
        ]
        if commands:
            # As Odoo's own `_reverse_moves`: the amounts are given, not to be computed.
            credit_notes.with_context(
                skip_invoice_sync=True, dynamic_unlink=True
            ).write({"line_ids": commands})

    def _get_plan_commands(self, credit_note, plan):
        """:return: commands on the journal items that differ from the plan"""
        planned = {
            key: (-amount, -balance)
            for key, (amount, balance) in plan["amounts"].items()
        }
        items = defaultdict(lambda: self.env["account.move.line"])
        for line in credit_note.line_ids:
            if key := line._get_credit_key():
                items[key] |= line
        changes = {}
        commands = []
        for key in planned | items:
            lines = items.get(key, self.env["account.move.line"])
            missing = [
                target - sum(lines.mapped(field_name))
                for target, field_name in zip(
                    planned.get(key, (0.0, 0.0)),
                    ("amount_currency", "balance"),
                    strict=True,
                )
            ]
            if credit_note.currency_id.is_zero(
                missing[0]
            ) and credit_note.company_currency_id.is_zero(missing[1]):
                continue
            if not lines:
                commands.append(
                    self._get_missing_item_command(credit_note, key, missing)
                )
            changes[key] = missing
            commands += [
                Command.update(
                    line.id,
                    {
                        "amount_currency": line.amount_currency + missing[0],
                        "balance": line.balance + missing[1],
                    },
                )
                for line in lines[:1]
            ]
        if not changes:
            return []
        receivable = credit_note.line_ids.filtered(
            lambda line: line.display_type == "payment_term"
        )[:1]
        amount, balance = (
            sum(change[index] for change in changes.values()) for index in (0, 1)
        )
        commands.append(
            Command.update(
                receivable.id,
                {
                    "amount_currency": receivable.amount_currency - amount,
                    "balance": receivable.balance - balance,
                },
            )
        )
        return commands

    def _keep_orders_invoiced(self, credit_notes):
        """Take the order lines off credit note lines that give no quantity back.

        Those are differences in price, and all lines if the clerk does not re-open the
        order. Odoo counts every credit note line of an order line as not invoiced.

        :param credit_notes: drafts
        """
        lines = credit_notes.invoice_line_ids
        if not lines._get_order_lines():
            return
        if self.reopen_order:
            lines = lines.filtered(
                lambda line: (
                    line.credited_line_id
                    and line.price_unit != line.credited_line_id.price_unit
                    and line.credited_line_id.quantity_creditable
                )
            )
        lines._unlink_order_lines()

    def _get_missing_item_command(self, credit_note, key, amounts):
        """:return: command that adds what the invoice has under this key and Odoo did
        not make on the credit note, as the rounding of an invoice paid in cash
        """
        invoice = credit_note.reversed_entry_id
        # sudo: an earlier credit note may have what the invoice has not, and this one
        # takes it back; see `_get_invoiced_and_left`
        items = (invoice.line_ids + invoice.sudo()._get_credit_notes().line_ids).sudo(
            False
        )
        source = items.filtered(lambda line: line._get_credit_key() == key)[:1]
        [values] = source.copy_data({"move_id": credit_note.id})
        amount, balance = amounts
        return Command.create({**values, "amount_currency": amount, "balance": balance})

    def _log_issued(self, credit_notes):
        """Say on each invoice which credit note was issued, of how much and why.

        The credit note itself says it since it was made, see
        `account.move._get_copy_message_content`.
        """
        credit_notes.reversed_entry_id._message_log_batch(
            bodies={
                credit_note.reversed_entry_id.id: self._get_issued_message(credit_note)
                for credit_note in credit_notes
            }
        )

    def _get_issued_message(self, credit_note):
        link = credit_note._get_html_link(title=credit_note.name)
        amount = format_amount(
            self.env, credit_note.amount_total, credit_note.currency_id
        )
        reason = credit_note._get_credit_note_reason()
        if not reason:
            return self.env._(
                "Credit note %(credit_note)s of %(amount)s issued",
                credit_note=link,
                amount=amount,
            )
        return self.env._(
            "Credit note %(credit_note)s of %(amount)s issued. Reason: %(reason)s",
            credit_note=link,
            amount=amount,
            reason=reason,
        )

    # -------------------------------------------------------------------------
    # SETTLE: set the credit notes against the open amounts.
    # -------------------------------------------------------------------------

    def _plan_settlement(self, invoice, credit):
        """Say what crediting does to the amount due.

        :param invoice: one invoice
        :param credit: what is credited, tax included, in the invoice's currency
        :return: dict of positive amounts in the invoice's currency, tax included
        """
        due = invoice.amount_residual
        return {
            "amount_due": due,
            "amount_off_due": min(due, credit),
            "amount_due_after": max(0.0, due - credit),
            "amount_customer_credit": max(0.0, credit - due),
        }

    def _settle_credit_notes(self, credit_notes):
        """Do with the posted credit notes what the clerk chose.

        Posting has set them against the open amounts of their invoices
        (`account.move._reconcile_reversed_moves`). Payments stay matched, and what is
        credited beyond the amount due stays open as the customer's credit.

        :param credit_notes: posted credit notes
        """
        if self.settlement == "apply":
            for credit_note in credit_notes:
                self._apply_to_open_invoices(credit_note)
        if self.stop_recurring:
            self.move_ids._stop_recurring()

    def _apply_to_open_invoices(self, credit_note):
        """Set an open credit against other invoices of the customer, oldest due first.

        :param credit_note: one posted credit note
        """
        credit_lines = credit_note.line_ids.filtered(
            lambda line: line.display_type == "payment_term" and not line.reconciled
        )
        if not credit_lines:
            return
        invoices = self.env["account.move"]
        # The order in which they are applied is that of `reconcile`: by due date.
        for line in credit_note._get_open_invoice_lines(credit_lines.account_id):
            if not credit_note.amount_residual:
                break
            (credit_lines + line).reconcile()
            invoices |= line.move_id
        if invoices:
            credit_note._message_log(
                body=self.env._("Applied to %s", invoices._get_document_names())
            )

    # -------------------------------------------------------------------------
    # DELIVER: say it, print it, send it.
    # -------------------------------------------------------------------------

    def _get_issued_action(self, credit_notes, next_action=None):
        """:param next_action: what follows, closing the dialog by default
        :return: action that names the credit notes on the screen, with links
        """
        if len(credit_notes) <= MAX_LINKS:
            message = ", ".join(["%s"] * len(credit_notes))
            links = [
                {
                    "label": credit_note.name,
                    "url": f"/odoo/credit-notes/{credit_note.id}",
                }
                for credit_note in credit_notes
            ]
        else:
            message = credit_notes._get_document_names()
            links = []
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "success",
                "title": self.env._("Credit note issued")
                if len(credit_notes) == 1
                else self.env._("%s credit notes issued", len(credit_notes)),
                "message": message,
                "links": links,
                "next": next_action or {"type": "ir.actions.act_window_close"},
            },
        }

    # -------------------------------------------------------------------------
    # CHECKS
    # -------------------------------------------------------------------------

    def _check_invoices(self):
        """:raise UserError: what was chosen cannot be credited"""
        self.ensure_one()
        moves = self.move_ids
        self.env["account.move"]._check_credit_note_access()
        moves._lock_for_credit()
        moves._check_creditable()
        self._check_journal()
        self._check_reason()
        self._check_method()

    def _check_dialog(self):
        """:raise UserError: what was entered in the dialog of credit notes is wrong

        Code that calls Odoo's `refund_moves` dates its drafts as it likes.
        """
        self.ensure_one()
        self.env["account.move"]._check_credit_note_access()
        if not self.is_credit_note:
            # Raises with what is wrong about the documents.
            self.move_ids._check_creditable()
        self._check_journal()
        self._check_date()

    def _check_issue(self):
        """:raise UserError: what was chosen cannot be issued now"""
        self._check_dialog()
        if self.date and self.date > fields.Date.context_today(self):
            raise UserError(
                self.env._(
                    "%(date)s is in the future. Choose today or an earlier date, or "
                    "save the credit note as a draft: it is posted on that day.",
                    date=format_date(self.env, self.date),
                )
            )

    def _check_reason(self):
        """:raise UserError: the company wants a reason and there is none"""
        if self.reason_required and not self.reason_id:
            raise UserError(
                self.env._(
                    "Choose a reason to credit %(invoices)s: %(company)s wants one on "
                    "each credit note.",
                    invoices=self.move_ids._get_document_names(),
                    company=self.company_id.display_name,
                )
            )

    def _check_method(self):
        """:raise UserError: what is to be credited is nothing, or more than is left"""
        if self.credit_method in ("lines", "amount") and len(self.move_ids) > 1:
            raise UserError(
                self.env._(
                    "Lines and amounts are credited for one invoice at a time, not for "
                    "%s. Credit everything left, or a percentage.",
                    self.move_ids._get_document_names(),
                )
            )
        if self.credit_method == "lines":
            self._check_lines()
        elif self.credit_method == "amount":
            self._check_amount()
        elif self.credit_method == "percentage":
            self._check_percentage()

    def _check_lines(self):
        lines = self.line_ids.filtered("quantity")
        if not lines:
            raise UserError(
                self.env._(
                    "Tick the lines of %s to credit, or enter their quantities.",
                    self.move_ids.name,
                )
            )
        for line in lines:
            line._check_left()

    def _check_amount(self):
        invoice = self.move_ids
        compare = invoice.currency_id.compare_amounts
        if not 0 < self.amount < float("inf") or compare(self.amount, 0.0) <= 0:
            raise UserError(
                self.env._("Enter the amount of %s to credit.", invoice.name)
            )
        if compare(self.amount, invoice.amount_creditable) > 0:
            raise UserError(
                self.env._(
                    "%(amount)s is more than is left to credit on %(invoice)s: "
                    "%(left)s. Enter that or less.",
                    amount=format_amount(self.env, self.amount, invoice.currency_id),
                    invoice=invoice.name,
                    left=format_amount(
                        self.env, invoice.amount_creditable, invoice.currency_id
                    ),
                )
            )

    def _check_percentage(self):
        if not 0 < self.percentage <= 100:
            raise UserError(
                self.env._(
                    "Enter a percentage of %s to credit, above 0 and up to 100.",
                    self.move_ids._get_document_names(),
                )
            )
        for invoice in self.move_ids:
            total = self._get_credited_total(invoice)
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
                        percentage=self.percentage,
                        invoice=invoice.name,
                        amount=format_amount(self.env, total, invoice.currency_id),
                        left=format_amount(
                            self.env, invoice.amount_creditable, invoice.currency_id
                        ),
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
                    invoices=self.move_ids._get_document_names(),
                )
            )

    def _check_date(self):
        """:raise UserError: the date lies before an invoice or in a locked period"""
        if not self.date:
            raise UserError(self.env._("Enter the date of the credit note."))
        if early := self.move_ids.filtered(
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
        for move in self.move_ids:
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
