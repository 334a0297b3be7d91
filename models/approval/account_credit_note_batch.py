from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError

from ..lock.capability import Approval, with_capability, without_capability
from ..plan import Amount
from ..plan.rounding import divide
from ..row_lock import lock_rows

ACTIVITY = "account_partner_credit_note.mail_activity_type_approval"


class AccountCreditNoteBatch(models.Model):
    """What was asked for in the dialog waits in a batch until somebody decides.

    Once it is approved, the scheduler issues it as the user who asked: what was chosen
    in the dialog, and no more than was approved.
    """

    _name = "account.credit.note.batch"
    _inherit = ("account.credit.note.batch", "mail.activity.mixin")

    state = fields.Selection(
        selection_add=[
            ("to_approve", "To Approve"),
            ("running",),
            ("done",),
            ("refused", "Refused"),
            ("cancelled",),
        ],
        ondelete={"to_approve": "cascade", "refused": "cascade"},
    )
    approval_needs = fields.Text(string="Why Approval", readonly=True)
    approver_ids = fields.Many2many(
        comodel_name="res.users",
        relation="account_credit_note_batch_approver_rel",
        string="Named Approvers",
        readonly=True,
    )
    approver_id = fields.Many2one(
        comodel_name="res.users",
        string="Decided by",
        readonly=True,
        index="btree_not_null",
        tracking=True,
    )
    approval_note = fields.Text(string="Decision", readonly=True)
    preview = fields.Html(sanitize=False, readonly=True)
    can_decide = fields.Boolean(compute="_compute_can_decide")
    can_approve_part = fields.Boolean(compute="_compute_can_approve_part")
    currency_id = fields.Many2one(
        comodel_name="res.currency", compute="_compute_amount_to_approve"
    )
    amount_to_approve = fields.Monetary(
        string="Amount",
        compute="_compute_amount_to_approve",
        help="Tax included. In company currency where invoices are in several.",
    )
    invoice_names = fields.Char(
        string="Credited Invoices", compute="_compute_invoice_names"
    )
    customer_names = fields.Char(string="Customer", compute="_compute_invoice_names")

    # -------------------------------------------------------------------------
    # COMPUTE METHODS
    # -------------------------------------------------------------------------

    @api.depends_context("uid")
    @api.depends("state", "user_id")
    def _compute_can_decide(self):
        for batch in self:
            batch.can_decide = (
                batch.state == "to_approve"
                and self.env.user in batch._get_possible_approvers()
            )

    @api.depends("line_ids.invoice_id")
    def _compute_can_approve_part(self):
        for batch in self:
            lines = batch.line_ids
            batch.can_approve_part = (
                len(lines) == 1 or batch.as_one
            ) and lines == lines._filter_invoices()

    @api.depends("line_ids.amount")
    def _compute_amount_to_approve(self):
        for batch in self:
            lines = batch.line_ids
            currency = lines.currency_id
            if len(currency) == 1:
                batch.currency_id = currency
                batch.amount_to_approve = sum(lines.mapped("amount"))
            else:
                batch.currency_id = batch.company_id.currency_id
                batch.amount_to_approve = sum(
                    line._get_document()._get_company_value(line.amount)
                    for line in lines
                )

    @api.depends("line_ids.invoice_id", "line_ids.credit_note_id")
    def _compute_invoice_names(self):
        for batch in self:
            invoices = batch.line_ids.invoice_id
            drafts = batch.line_ids._get_drafts()
            batch.invoice_names = (
                invoices._get_document_names()
                if invoices
                else ", ".join(filter(None, drafts.mapped("credited_document")))
            )
            customers = (invoices | drafts).commercial_partner_id
            batch.customer_names = (
                customers.display_name
                if len(customers) == 1
                else self.env._("%s customers", len(customers))
            )

    # -------------------------------------------------------------------------
    # BUTTONS
    # -------------------------------------------------------------------------

    def action_decide(self):
        """:return: action of the dialog in which an approver decides
        :raise AccessError: the user may not decide this
        """
        self.ensure_one()
        self._check_may_decide()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Approve or Refuse"),
            "res_model": "account.credit.note.approval",
            "views": [(False, "form")],
            "target": "new",
            "context": {"default_batch_id": self.id},
        }

    def action_cancel(self):
        # EXTENDS: who asked for approval takes it back
        res = super().action_cancel()
        asked = self.filtered(lambda batch: batch.state == "to_approve")
        # sudo: users do not write batches, and have pressed the button
        asked.sudo()._withdraw()
        return res

    # -------------------------------------------------------------------------
    # ASK AND DECIDE
    # -------------------------------------------------------------------------

    @api.model
    def _ask(self, vals):
        """Ask for approval. Nothing is issued yet.

        :param vals: values of the batch, `dialog_values` and lines with amounts in them
        :return: the batch
        :raise UserError: there is nobody who could approve it
        """
        # sudo: users cannot write batches, only ask by the dialog
        batch = self.browse(self.sudo().create({**vals, "state": "to_approve"}).id)
        batch.sudo()._ask_approvers()  # sudo: as above
        return batch

    def _ask_approvers(self):
        """Give the approvers an activity, and say so on the invoices.

        :raise UserError: there is nobody who could approve it
        """
        self.approver_ids = self.reason_id.approver_ids
        approvers = self._get_possible_approvers()
        if not approvers:
            raise UserError(
                self.env._(
                    "%(invoices)s: nobody but you may approve this credit note. Ask "
                    "your administrator to give somebody else the right “%(right)s”.",
                    invoices=self.invoice_names,
                    right=self._get_approver_group().name,
                )
            )
        for approver in approvers:
            self.with_context(lang=approver.lang).activity_schedule(
                ACTIVITY, user_id=approver.id, note=self.approval_needs
            )
        self._log_on_invoices(
            lambda line: self.env._(
                "Approval asked for a credit note of %(amount)s: %(batch)s",
                amount=line._format_amount(),
                batch=self._get_html_link(),
            )
        )

    def _withdraw(self):
        self._end_asking()
        self.line_ids.state = "cancelled"
        self._cancel()

    def _approve(self, note, amount=None):
        """Let the scheduler issue what was asked for, as the user who asked.

        :param note: a word of the approver, or none
        :param amount: what may be credited, tax included, by the one credit note that
            is asked for, in its currency, if it is less than was asked for
        :raise AccessError: the user may not decide this
        :raise UserError: somebody has decided, or nothing is issued in the background
        """
        self._check_may_decide()
        self._check_cron()
        # sudo: users do not write batches, and this one may decide
        self.sudo()._let_issue(note, amount)

    def _let_issue(self, note, amount):
        """:param note: see `_approve`
        :param amount: see `_approve`
        """
        self.line_ids._check_drafts()
        if amount is not None:
            self._approve_part(amount)
        self._decide("running", note)
        self.line_ids.state = "waiting"
        self._log_on_invoices(
            lambda line: self.env._(
                "Credit note of %(amount)s approved by %(user)s: %(batch)s",
                amount=line._format_amount(),
                user=self.env.user.name,
                batch=self._get_html_link(),
            )
        )
        self._trigger_cron()

    def _approve_part(self, amount):
        """:param amount: see `_approve`
        :raise UserError: it is nothing or more than was asked for, or no part can be
            approved
        """
        lines, asked = self.line_ids, self.amount_to_approve
        compare = self.currency_id.compare_amounts
        if not 0 < amount <= asked or not compare(amount, 0.0) > 0:
            raise UserError(
                self.env._(
                    "%(invoice)s: approve an amount above zero, and up to what was "
                    "asked for: %(asked)s.",
                    invoice=self.invoice_names,
                    asked=self.currency_id.format(asked),
                )
            )
        if not compare(amount, asked):
            return
        if not self.can_approve_part:
            raise UserError(
                self.env._(
                    "%s: what is a draft already, or has a credit note for each of "
                    "several invoices, is approved as it is, or refused.",
                    self.display_name,
                )
            )
        self.dialog_values = {
            **self.dialog_values,
            "credit_method": "amount",
            "amount": amount,
            "line_ids": [],
        }
        # Each invoice gets its share, in the proportion that was asked for.
        invoice = lines.invoice_id[0]
        [total, *sizes] = (
            invoice._to_units(value, 0.0).currency
            for value in (amount, *lines.mapped("amount"))
        )
        for line, part in zip(lines, divide(total, sizes), strict=True):
            line.amount = invoice._from_units(Amount(part, 0))[0]

    def _refuse(self, note):
        """Let nothing be issued of what was asked for.

        :param note: why, for the user who asked
        :raise AccessError: the user may not decide this
        :raise UserError: there is no word why, or somebody has decided
        """
        self._check_may_decide()
        if not (note or "").strip():
            raise UserError(
                self.env._(
                    "Write a word to %(user)s why %(batch)s is refused.",
                    user=self.user_id.name,
                    batch=self.display_name,
                )
            )
        # sudo: users do not write batches, and this one may decide
        self.sudo()._let_go(note)

    def _let_go(self, note):
        """:param note: see `_refuse`"""
        self._decide("refused", note)
        self.date_done = fields.Datetime.now()
        self.line_ids.write({"state": "cancelled", "error": note})
        self._log_on_invoices(
            lambda line: self.env._(
                "Credit note of %(amount)s refused by %(user)s: %(note)s",
                amount=line._format_amount(),
                user=self.env.user.name,
                note=note,
            )
        )
        self._notify_user()

    def _decide(self, state, note):
        # Of two who decide at the same time, Odoo runs one again.
        lock_rows(self)
        self.write(
            {
                "state": state,
                "approver_id": self.env.user.id,
                "approval_note": note,
            }
        )
        self._end_asking()
        if note:
            self._message_log(body=note)

    def _end_asking(self):
        self.activity_unlink([ACTIVITY])

    def _end_posted(self):
        """The drafts of these were confirmed by hand: nothing is left to decide."""
        for batch in self:
            credit_note = batch.line_ids.credit_note_id
            batch.write(
                {
                    "state": "done",
                    "date_done": fields.Datetime.now(),
                    "approver_id": credit_note.credit_note_approver_id.id,
                }
            )
            batch.line_ids.state = "done"
            batch._end_asking()
            batch._message_log(
                body=self.env._(
                    "%(credit_note)s was confirmed by %(user)s.",
                    credit_note=credit_note._get_html_link(title=credit_note.name),
                    user=self.env.user.name,
                )
            )
            if batch.user_id != self.env.user:
                batch._notify_user()

    def _end_gone(self, note):
        """:param note: what became of the drafts of these"""
        for batch in self:
            batch._withdraw()
            batch.line_ids.error = note
            batch._message_log(body=note)

    def _log_on_invoices(self, get_message):
        """:param get_message: function of a line, returns what its invoice says"""
        lines = self.line_ids
        lines = lines.filtered(lambda line: line._get_document())
        documents = self.env["account.move"].union(
            *(line._get_document() for line in lines)
        )
        documents._message_log_batch(
            bodies={line._get_document().id: get_message(line) for line in lines}
        )

    # -------------------------------------------------------------------------
    # WHO DECIDES
    # -------------------------------------------------------------------------

    @api.model
    def _get_approver_group(self):
        # sudo: the same for everybody
        return self.env.ref(
            "account_partner_credit_note.group_credit_note_approver"
        ).sudo()

    def _get_possible_approvers(self):
        """:return: the users who may decide; never the one who asked, or who made or
        changed the draft that is asked for
        """
        self.ensure_one()
        reasons = self.env["account.credit.note.reason"]
        company = self.company_id
        # sudo: the same for everybody
        approvers = reasons._filter_approvers(
            self.sudo().approver_ids, company
        ) or reasons._get_approvers(company)
        # sudo: whose draft it is decides, whatever the user may read of it
        drafts = self.sudo().line_ids._get_drafts()
        makers = drafts._get_makers() if drafts else self.user_id
        return approvers - self.user_id - makers

    def _check_may_decide(self):
        """:raise AccessError: the user may not decide this, whoever runs the code
        :raise UserError: there is nothing to decide
        """
        self.ensure_one()
        self.check_access("read")
        if self.state != "to_approve":
            raise UserError(
                self.env._(
                    "%(batch)s does not wait for approval any more.",
                    batch=self.display_name,
                )
            )
        user = self.env.user
        if user == self.user_id:
            raise AccessError(
                self.env._(
                    "You have asked for %s yourself. Somebody else has to approve it.",
                    self.display_name,
                )
            )
        approvers = self._get_possible_approvers()
        if not approvers:
            raise AccessError(
                self.env._(
                    "Whoever may approve has asked for %(batch)s, or has made or "
                    "changed its draft. Let %(user)s withdraw it, or ask your "
                    "administrator to give somebody else the right “%(right)s”.",
                    batch=self.display_name,
                    user=self.user_id.name,
                    right=self._get_approver_group().name,
                )
            )
        if user not in approvers:
            raise AccessError(
                self.env._(
                    "%(batch)s can be approved or refused by these only: %(users)s.",
                    batch=self.display_name,
                    users=", ".join(approvers.mapped("name")),
                )
            )

    # -------------------------------------------------------------------------
    # ISSUE
    # -------------------------------------------------------------------------

    def _make_dialog(self, invoices):
        # EXTENDS: what was approved is let through when it is posted
        dialog = super()._make_dialog(invoices)
        if not self.approver_id:
            return dialog
        lines = self.line_ids.filtered(
            lambda line: line.invoice_id in invoices and line.state == "waiting"
        )
        return with_capability(dialog, Approval, lines)

    def _send(self, credit_notes):
        # EXTENDS: the leave does not go on
        return super()._send(without_capability(credit_notes, Approval))

    def _get_summary(self):
        # EXTENDS: what became of the request
        if self.state != "refused":
            return super()._get_summary()
        return self.env._(
            "%(invoices)s: the credit note was refused by %(user)s. %(note)s",
            invoices=self.invoice_names,
            user=self.approver_id.name,
            note=self.approval_note,
        )
