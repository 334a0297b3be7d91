from collections import defaultdict

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL, format_amount, format_date, format_list

from ..addition import addition

# Sentences name this many documents, then say how many more there are.
MAX_NAMED_DOCUMENTS = 5
# What lists add up, and what the document comes to before it is posted, too.
POSTED_AMOUNTS = {
    "amount_untaxed_posted": "amount_untaxed_in_currency_signed",
    "amount_total_posted": "amount_total_in_currency_signed",
}
# What a page holds beside everything else.
MAX_REASON_LENGTH = 1000


class AccountMove(models.Model):
    _inherit = "account.move"

    credit_note_reason_id = fields.Many2one(
        comodel_name="account.credit.note.reason",
        falsy_value_label="No reason given",
        ondelete="restrict",
        index="btree_not_null",
        readonly=True,
        copy=False,
        check_company=True,
    )
    credit_note_reason_text = fields.Char(
        string="Credit Note Details",
        readonly=True,
        copy=False,
        help="Free text, printed on the credit note with its reason.",
    )
    amount_creditable = fields.Monetary(
        string="Left to Credit",
        compute="_compute_amount_creditable",
        search="_search_amount_creditable",
        compute_sudo=True,
        help="Total of the invoice less its credit notes, drafts included, and less an "
        "early payment discount that the customer took.",
    )
    amount_untaxed_posted = fields.Monetary(
        string="Tax Excluded, Posted",
        compute="_compute_amounts_posted",
        help="Signed, and nothing until it is posted: what lists add up.",
    )
    amount_total_posted = fields.Monetary(
        string="Total, Posted",
        compute="_compute_amounts_posted",
        help="Signed, and nothing until it is posted: what lists add up.",
    )
    amount_residual_in_currency_signed = fields.Monetary(
        string="Amount Due in Currency Signed",
        compute="_compute_amount_residual_in_currency_signed",
    )
    billing_status = fields.Selection(
        selection=[
            ("draft", "Draft"),
            ("cancel", "Cancelled"),
            ("not_paid", "Not Paid"),
            ("overdue", "Overdue"),
            ("blocked", "Blocked"),
            ("rejected", "Rejected"),
            ("partial", "Partially Paid"),
            ("in_payment", "In Payment"),
            ("paid", "Paid"),
            ("partially_credited", "Partially Credited"),
            ("credited", "Credited"),
            ("open_credit", "Open Credit"),
            ("settled", "Settled"),
        ],
        compute="_compute_billing_status",
        compute_sudo=True,
        help="Where a customer document stands, its credit notes considered.",
    )
    credit_note_count = fields.Integer(
        string="Credit Notes",
        compute="_compute_credit_note_count",
    )

    # Serves the customer's Invoices tab: filter and order of its list in one index.
    _commercial_partner_customer_documents_idx = models.Index(
        "(commercial_partner_id, invoice_date DESC, id DESC)"
        " WHERE move_type IN ('out_invoice', 'out_refund', 'out_receipt')"
    )

    # -------------------------------------------------------------------------
    # COMPUTE METHODS
    # -------------------------------------------------------------------------

    # Does not depend on the amounts of credit notes: each payment would compute it
    # again. Code that relies on it reads it anew, see `_lock_for_credit`.
    @api.depends(
        "amount_residual",
        "amount_total",
        "state",
        "move_type",
        "reversal_move_ids.state",
        "invoice_line_ids.credit_note_line_ids.parent_state",
    )
    def _compute_amount_creditable(self):
        left = self._origin._get_amounts_left(states=("draft", "posted"))
        discounts = self._origin._get_discounts_taken()
        for move in self:
            move.amount_creditable = (
                max(0.0, left[move._origin] - discounts.get(move._origin, 0.0))
                if move._is_creditable()
                else 0.0
            )

    def _search_amount_creditable(self, operator, value):
        if (operator, value) != (">", 0):
            return NotImplemented
        creditable = [
            ("amount_total", ">", 0),
            ("move_type", "in", self._get_creditable_types()),
            ("state", "=", "posted"),
        ]
        open_credit_note = [
            ("move_type", "=", "out_refund"),
            ("state", "in", ("draft", "posted")),
        ]
        credited = [
            *creditable,
            "|",
            ("reversal_move_ids", "any", open_credit_note),
            (
                "invoice_line_ids.credit_note_line_ids",
                "any",
                [("move_id", "any", open_credit_note)],
            ),
        ]
        # The tab says whose they are: no need to look at all customers.
        if customer_id := self.env.context.get("credited_customer_id"):
            customer = self.env["res.partner"].browse(customer_id)
            credited.append(
                ("commercial_partner_id", "=", customer.commercial_partner_id.id)
            )
        nothing_left = self.search(credited).filtered(
            lambda move: not move.amount_creditable
        )
        return [*creditable, ("id", "not in", nothing_left.ids)]

    @api.depends(*POSTED_AMOUNTS.values(), "state")
    def _compute_amounts_posted(self):
        for move in self:
            for field, amount in POSTED_AMOUNTS.items():
                move[field] = move[amount] if move.state == "posted" else 0.0

    @api.depends("amount_residual", "move_type", "state")
    def _compute_amount_residual_in_currency_signed(self):
        for move in self:
            sign = -1 if move.is_outbound() else 1
            move.amount_residual_in_currency_signed = (
                sign * move.amount_residual if move.state == "posted" else 0.0
            )

    @api.depends(
        "amount_total",
        "invoice_date_due",
        "move_type",
        "payment_state",
        "rejection",
        "reversal_move_ids.state",
        "invoice_line_ids.credit_note_line_ids.parent_state",
        "state",
    )
    def _compute_billing_status(self):
        credited = self._get_credited_amounts(states=("posted",))
        discounts = self.browse(move.id for move in credited)._get_discounts_taken()
        today = fields.Date.context_today(self)
        for move in self:
            move.billing_status = move._get_billing_status(
                credited.get(move._origin, 0.0) + discounts.get(move._origin, 0.0),
                today,
            )

    @api.depends("reversal_move_ids", "invoice_line_ids.credit_note_line_ids")
    def _compute_credit_note_count(self):
        counts = dict(
            self._read_group(
                [
                    ("reversed_entry_id", "in", self.ids),
                    ("move_type", "=", "out_refund"),
                ],
                ["reversed_entry_id"],
                ["__count"],
            )
        )
        of_several = self._get_lines_of_several(("draft", "posted", "cancel"))
        several = of_several.grouped(lambda line: line.credited_line_id.move_id.id)
        for move in self:
            lines = several.get(move._origin.id, of_several.browse())
            move.credit_note_count = counts.get(move._origin, 0) + len(lines.move_id)

    @api.depends_context("lang")
    @api.depends("move_type")
    def _compute_type_name(self):
        # EXTENDS 'account': the e-mail names the document as its title does. Odoo's
        # German "Gutschrift" means self-billing by law.
        result = super()._compute_type_name()
        self._name_credit_notes()
        return result

    @addition(otherwise=None)
    def _name_credit_notes(self):
        if self._has_own_words():
            for move in self:
                if move.move_type == "out_refund":
                    move.type_name = self.env._("Credit Note")

    def _field_to_sql(self, alias, fname, query=None):
        # EXTENDS 'account': lists sort and sum up what is not stored
        if fname in ("amount_credited_untaxed", "amount_credited_total"):
            stored = fname.replace("credited_", "") + "_signed"
            return SQL(
                "CASE WHEN %s = 'out_refund' THEN - %s ELSE 0 END",
                self._field_to_sql(alias, "move_type", query),
                self._field_to_sql(alias, stored, query),
            )
        if fname in POSTED_AMOUNTS:
            return SQL(
                "CASE WHEN %s = 'posted' THEN %s ELSE 0 END",
                self._field_to_sql(alias, "state", query),
                self._field_to_sql(alias, POSTED_AMOUNTS[fname], query),
            )
        if fname == "amount_residual_in_currency_signed":
            return SQL(
                "CASE WHEN %s <> 'posted' THEN 0"
                " WHEN %s IN ('out_refund', 'in_invoice', 'in_receipt') THEN -1"
                " ELSE 1 END * %s",
                self._field_to_sql(alias, "state", query),
                self._field_to_sql(alias, "move_type", query),
                self._field_to_sql(alias, "amount_residual", query),
            )
        return super()._field_to_sql(alias, fname, query=query)

    # -------------------------------------------------------------------------
    # BUTTONS
    # -------------------------------------------------------------------------

    def action_credit_note(self):
        """Open the credit note dialog for those of these documents that can be
        credited. The dialog says which are left out, and why.

        :return: action of the dialog
        :raise AccessError: the user may not issue credit notes
        :raise UserError: none of the documents can be credited
        """
        self._check_credit_note_access()
        invoices = self._filter_left_to_credit() or self
        invoices._check_creditable()
        return {
            **self.env["ir.actions.act_window"]._for_xml_id(
                "account.action_view_account_move_reversal"
            ),
            "name": self.env._("Credit Note"),
            "context": {
                "active_model": "account.move",
                "active_ids": invoices.ids,
                "default_left_out": (self - invoices)._get_left_out(),
            },
        }

    def _filter_left_to_credit(self):
        """:return: those of these documents of which something is left to credit"""
        return self.filtered(
            lambda move: move._is_creditable() and move._has_left_to_credit()
        )

    def _get_left_out(self):
        """:param self: documents that are ticked and cannot be credited
        :return: text that says which and why, False if there are none
        """
        if not self:
            return False
        kinds = self.grouped(lambda move: (move.move_type, move.state))
        refusals = (moves._get_credit_refusal() for moves in kinds.values())
        return self.env._("Left out: %s", " ".join(filter(None, refusals)))

    def action_view_credit_notes(self):
        """Open the credit notes of these invoices.

        :return: action of a form for one credit note, of a list for several
        """
        credit_notes = self._get_credit_notes(states=("draft", "posted", "cancel"))
        return credit_notes._get_credit_notes_action()

    def _get_credit_notes_action(self):
        """:return: action that opens these credit notes: a form, or Odoo's list of
        credit notes, which makes no new ones
        """
        action = self._get_records_action(
            name=self.env._("Credit Notes"),
            context={**self.env.context, "create": False},
        )
        if len(self) > 1:
            view = self.env.ref("account.view_out_credit_note_tree")
            action["views"] = [(view.id, "list"), (False, "form")]
        return action

    def action_print_customer_documents(self):
        """Print these customer documents, invoices and credit notes alike.

        :return: action that downloads one PDF of all
        """
        self.check_access("read")
        return self.env.ref("account.account_invoices").report_action(
            self, config=False
        )

    def action_open_documents(self):
        """:return: action that opens these documents: one as a form, more as a list"""
        self.check_access("read")
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Credit Notes"),
            "res_model": "account.move",
            **(
                {"res_id": self.id, "views": [(False, "form")]}
                if len(self) == 1
                else {
                    "domain": [("id", "in", self.ids)],
                    "views": [
                        (self.env.ref("account.view_out_credit_note_tree").id, "list"),
                        (False, "form"),
                    ],
                }
            ),
            "context": {"default_move_type": "out_refund", "create": False},
        }

    @api.readonly
    def get_undone(self, duty):
        """Tell the screen what was left undone when a dialog was closed.

        :param duty: 'send' or 'refund', what the dialog was to do with these credit
            notes
        :return: sentence that names those that are not sent, or not refunded, or False
        """
        self.check_access("read")
        if duty == "send":
            unsent = self.filtered(
                lambda move: not move.is_move_sent and not move.sending_data
            )
            return bool(unsent) and self.env._(
                "Not sent: %s. “Send” under the customer's invoices sends it later.",
                unsent._get_document_names(),
            )
        unpaid = self.filtered("amount_residual")
        return bool(unpaid) and self.env._(
            "Not refunded: %s. The credit stays open.", unpaid._get_document_names()
        )

    @api.readonly
    def get_customer_document_hints(self):
        """Tell the customer's Invoices tab which of its buttons work on these.

        :return: dict of button name ('credit_note', 'print', 'send', 'use_credit',
            'without_invoice') to the sentence that says why it does not work, or to
            False if it does; of 'summary' to the text that says what is ticked, and of
            'left_out' to that which says what cannot be credited beside the rest
        """
        self.check_access("read")
        invoices = self._filter_left_to_credit() or self
        nothing = self.env._("Tick one or more documents first.") if not self else False
        return {
            "credit_note": nothing
            or self._get_credit_note_access_refusal()
            or invoices._get_credit_refusal(),
            "left_out": (self - invoices)._get_left_out(),
            "without_invoice": self._get_credit_note_access_refusal(),
            "print": nothing,
            "send": nothing or self._get_send_refusal(),
            "use_credit": nothing
            or self._get_credit_note_access_refusal()
            or self._get_use_credit_refusal(),
            "summary": self._get_ticked_summary(),
        }

    def _get_ticked_summary(self):
        """:return: text: how many documents these are, and the total of those that are
        posted, a credit note taken off; False if there are none
        """
        if not self:
            return False
        posted = self.filtered(lambda move: move.state == "posted")
        totals = [
            format_amount(
                self.env,
                sum(moves.mapped("amount_total_in_currency_signed")),
                currency,
            )
            for currency, moves in posted.grouped("currency_id").items()
        ]
        return self.env._(
            "%(count)s ticked: %(totals)s",
            count=len(self),
            totals=format_list(self.env, totals) if totals else "–",
        )

    # -------------------------------------------------------------------------
    # CREDIT NOTES
    # -------------------------------------------------------------------------

    @api.model
    def _get_creditable_types(self):
        """:return: the move types that a customer credit note credits"""
        return ("out_invoice", "out_receipt")

    def _is_creditable(self):
        """:return: whether this document can have credit notes at all"""
        self.ensure_one()
        return self.state == "posted" and self.move_type in self._get_creditable_types()

    def _has_left_to_credit(self):
        """:return: whether a credit note can be issued; an invoice of zero has one.
        Where the company only warns, another one is always possible.
        """
        self.ensure_one()
        if self.company_id.over_credit_policy == "warn":
            return True
        if self.currency_id.is_zero(self.amount_total):
            # sudo: the same for everybody
            return not self.sudo()._get_credit_notes()
        return self.currency_id.compare_amounts(self.amount_creditable, 0.0) > 0

    def _get_credit_notes(self, states=("draft", "posted")):
        """:return: the credit notes of these invoices that are in one of the states"""
        of_lines = self.invoice_line_ids.credit_note_line_ids.move_id
        return (
            self.reversal_move_ids
            | of_lines.filtered(lambda move: not move.reversed_entry_id)
        ).filtered(lambda move: move.move_type == "out_refund" and move.state in states)

    def _get_credited_amounts(self, states):
        """Sum up what credit notes credit, in one query.

        :param states: states of the credit notes to count
        :return: {invoice: amount}, tax included, positive, in the invoice's currency
        """
        # sudo: the same for everybody
        groups = self.sudo()._read_group(
            [
                ("reversed_entry_id", "in", self.ids),
                ("move_type", "in", ("out_refund", "out_invoice")),
                ("state", "in", states),
            ],
            ["reversed_entry_id", "currency_id"],
            ["amount_total:sum"],
        )
        credited = defaultdict(float)
        for invoice, currency, amount in groups:
            credited[invoice.sudo(False)] += invoice._convert_at_own_rate(
                amount, currency
            )
        for line in self._get_lines_of_several(states):
            invoice = line.credited_line_id.move_id
            credited[invoice.sudo(False)] += invoice._convert_at_own_rate(
                line.price_total, line.currency_id
            )
        return credited

    def _get_billing_status(self, credited, today):
        """:param credited: amount of the posted credit notes, tax included
        :param today: date that decides what is overdue
        :return: a value of `billing_status`, False for what customers do not get
        """
        self.ensure_one()
        if not self.is_sale_document(include_receipts=True):
            return False
        if self.state != "posted":
            return self.state
        if self.move_type == "out_refund":
            is_open = self.payment_state in ("not_paid", "partial", "blocked")
            return "open_credit" if is_open else "settled"
        is_open = self.payment_state in ("not_paid", "partial")
        compare = self.currency_id.compare_amounts
        if credited and compare(credited, self.amount_total) >= 0:
            return "credited"
        if is_open and self.rejection:
            return "rejected"
        if is_open and self.invoice_date_due and self.invoice_date_due < today:
            return "overdue"
        if compare(credited, 0.0) > 0:
            return "partially_credited"
        if self.payment_state in ("reversed", "invoicing_legacy"):
            return "paid"
        return self.payment_state

    def _get_open_invoice_lines(self, account):
        """:param account: receivable account of the credit
        :return: what other invoices of this customer have open in the company, account
            and currency of this credit note, oldest due date first
        """
        self.ensure_one()
        return self.env["account.move.line"].search(
            [
                ("account_id", "=", account.id),
                ("amount_residual_currency", ">", 0.0),
                ("company_id", "=", self.company_id.id),
                ("currency_id", "=", self.currency_id.id),
                ("display_type", "=", "payment_term"),
                ("move_id.move_type", "in", self._get_creditable_types()),
                ("parent_state", "=", "posted"),
                ("partner_id", "=", self.commercial_partner_id.id),
                ("reconciled", "=", False),
            ],
            order="date_maturity, date, id",
        )

    def _get_next_recurring_invoices(self):
        """:return: the drafts that come next in the series of these invoices"""
        recurring = self._filter_recurring()
        if not recurring:
            return self.browse()
        origins = recurring.auto_post_origin_id | recurring
        return self.search(
            [("auto_post_origin_id", "in", origins.ids), ("state", "=", "draft")]
        )

    def _filter_recurring(self):
        """:return: those of these invoices that repeat by themselves"""
        return self.filtered(lambda move: move.auto_post not in ("no", "at_date"))

    def _stop_recurring(self):
        """Cancel the next invoice of each series, so that no other follows."""
        next_invoices = self._get_next_recurring_invoices()
        next_invoices.button_cancel()
        for invoice in next_invoices:
            invoice._message_log(
                body=self.env._(
                    "Series stopped: %s is credited",
                    self._get_document_names(),
                )
            )

    # -------------------------------------------------------------------------
    # CHECKS
    # -------------------------------------------------------------------------

    @api.constrains("credit_note_reason_text")
    def _check_credit_note_reason_text(self):
        for move in self:
            move._check_reason_text(move.credit_note_reason_text)

    def _check_reason_text(self, text):
        """:param text: what is said of the reason of a credit note of these documents
        :raise UserError: it is too long to be printed
        """
        if len(text or "") > MAX_REASON_LENGTH:
            raise UserError(
                self.env._(
                    "The details of the reason of %(documents)s are too long. Write at "
                    "most %(most)s characters.",
                    documents=self._get_document_names(),
                    most=MAX_REASON_LENGTH,
                )
            )

    @api.model
    def _check_credit_note_access(self):
        """:raise AccessError: the user may not issue customer credit notes"""
        self.env["account.move.reversal"].check_access("create")

    @api.model
    def _check_not_in_future(self, date):
        """:param date: of a credit note, or none
        :raise UserError: it cannot be issued now
        """
        if date and date > fields.Date.context_today(self):
            raise UserError(
                self.env._(
                    "%(date)s is in the future. Choose today or an earlier date, or "
                    "save the credit note as a draft: it is posted on that day.",
                    date=format_date(self.env, date),
                )
            )

    @api.model
    def _get_credit_note_access_refusal(self):
        if self.env["account.move.reversal"].has_access("create"):
            return False
        return self.env._(
            "Your access rights do not include credit notes. "
            "Ask an administrator for the Invoicing rights."
        )

    def _check_creditable(self):
        """:raise UserError: one of these documents cannot be credited"""
        self.check_access("read")
        if refusal := self._get_credit_refusal():
            raise UserError(refusal)

    def _get_credit_refusal(self):
        """Say why these documents cannot be credited, and what to do instead.

        :return: a sentence that names the documents, False if all can be credited
        """
        if not self:
            return self.env._("Choose one or more invoices to credit.")
        if moves := self.filtered(lambda move: move.move_type == "out_refund"):
            return self.env._(
                "A credit note cannot be credited: %s. Choose invoices only.",
                moves._get_document_names(),
            )
        creditable_types = self._get_creditable_types()
        if moves := self.filtered(lambda move: move.move_type not in creditable_types):
            return self.env._(
                "Only customer invoices can be credited here, not %s. "
                "Open the document itself to reverse it.",
                moves._get_document_names(),
            )
        if moves := self.filtered(lambda move: move.state == "draft"):
            return self.env._(
                "A draft has nothing to credit: %s. "
                "Correct the draft, or confirm it first.",
                moves._get_document_names(),
            )
        if moves := self.filtered(lambda move: move.state == "cancel"):
            return self.env._(
                "A cancelled invoice has nothing to credit: %s.",
                moves._get_document_names(),
            )
        if len(self.company_id) > 1:
            return self.env._(
                "These invoices belong to several companies (%s). "
                "Credit the invoices of one company at a time.",
                format_list(self.env, self.company_id.mapped("display_name")),
            )
        if moves := self.filtered(lambda move: not move._has_left_to_credit()):
            return self.env._(
                "Nothing is left to credit on %(invoices)s%(credit_notes)s.",
                invoices=moves._get_document_names(),
                credit_notes=moves._get_credited_by(),
            )
        return self._get_document_type_refusal()

    def _get_send_refusal(self):
        """:return: why these documents cannot be sent, False if all can be"""
        if moves := self.filtered(lambda move: move.state != "posted"):
            return self.env._(
                "Only posted documents can be sent, not %s.",
                moves._get_document_names(),
            )
        return False

    def _get_credited_by(self):
        """:return: ", credited by RINV/…" for the credit notes of these invoices"""
        # sudo: who may not credit an invoice again is told what credited it
        credit_notes = self.sudo()._get_credit_notes()
        if not credit_notes:
            return ""
        return self.env._(", credited by %s", credit_notes._get_document_names())

    def _get_document_names(self):
        """:return: the names of these documents as one text, cut when they are many"""
        names = [
            move.name if move.name and move.name != "/" else move.display_name
            for move in self[:MAX_NAMED_DOCUMENTS]
        ]
        if len(self) > MAX_NAMED_DOCUMENTS:
            names.append(self.env._("%s more", len(self) - MAX_NAMED_DOCUMENTS))
        return format_list(self.env, names)

    # -------------------------------------------------------------------------
    # REVERSAL
    # -------------------------------------------------------------------------

    def _get_copy_message_content(self, default):
        # EXTENDS 'account': say "credit note", not "entry", on credit notes
        message = self._get_credit_note_message(default)
        return message or super()._get_copy_message_content(default)

    @addition(otherwise=None)
    def _get_credit_note_message(self, default):
        if not default.get("reversed_entry_id") or not self._is_creditable():
            return None
        reason = self._join_reason(
            self.credit_note_reason_id.browse(default.get("credit_note_reason_id")),
            default.get("credit_note_reason_text"),
        )
        if not reason:
            return self.env._(
                "Credit note for %s", self._get_html_link(title=self.name)
            )
        return self.env._(
            "Credit note for %(invoice)s. Reason: %(reason)s",
            invoice=self._get_html_link(title=self.name),
            reason=reason,
        )

    def _refunds_origin_required(self):
        # EXTENDS 'account': a credit note that a sales order makes credits its invoice
        return super()._refunds_origin_required() or self._is_creditable()
