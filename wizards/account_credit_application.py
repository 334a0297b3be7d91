from odoo import Command, api, fields, models
from odoo.exceptions import UserError

from ..models.row_lock import lock_rows


class AccountCreditApplication(models.TransientModel):
    """Which invoices the credit of a credit note pays: those that are ticked.

    Nothing that was issued changes, only what it is reconciled with.
    """

    _name = "account.credit.application"
    _inherit = "account.credit.dialog"
    _description = "Use Credit"

    credit_note_id = fields.Many2one(
        comodel_name="account.move",
        required=True,
        readonly=True,
        ondelete="cascade",
    )
    partner_id = fields.Many2one(
        related="credit_note_id.commercial_partner_id",
        string="Customer",
        related_sudo=False,
    )
    currency_id = fields.Many2one(
        related="credit_note_id.currency_id", related_sudo=False
    )
    line_ids = fields.One2many(
        comodel_name="account.credit.application.line",
        inverse_name="application_id",
        compute="_compute_line_ids",
        store=True,
        readonly=False,
    )
    amount_credit = fields.Monetary(
        string="Customer Credit",
        compute="_compute_amounts",
        help="What is open of the credit note, and what other invoices got of it.",
    )
    amount_open = fields.Monetary(
        string="Stays Open",
        compute="_compute_amounts",
        help="What no invoice gets stays open as the customer's credit.",
    )

    # -------------------------------------------------------------------------
    # COMPUTE METHODS
    # -------------------------------------------------------------------------

    @api.depends("credit_note_id")
    def _compute_line_ids(self):
        for application in self:
            credit_note = application.credit_note_id
            applied = credit_note._get_applied_amounts()
            open_lines = credit_note._get_open_invoice_lines(
                credit_note._get_credit_lines().account_id
            )
            invoices = credit_note.union(*applied, open_lines.move_id) - credit_note
            application.line_ids = [
                Command.clear(),
                *(
                    Command.create(
                        {
                            "invoice_id": invoice.id,
                            "amount_applied": applied.get(invoice, 0.0),
                            "is_applied": invoice in applied,
                        }
                    )
                    for invoice in invoices.sorted(
                        lambda move: (move.invoice_date_due or move.date, move.id)
                    )
                ),
            ]

    @api.depends("line_ids.is_applied")
    def _compute_amounts(self):
        for application in self:
            lines = application.line_ids
            taken_off = lines.filtered(lambda line: not line.is_applied)
            credit_open = application.credit_note_id.amount_residual
            application.amount_credit = credit_open + sum(
                lines.mapped("amount_applied")
            )
            rest = credit_open + sum(taken_off.mapped("amount_applied"))
            for line in lines:
                line.amount_after = 0.0
                if line.is_applied:
                    part = min(rest, line.amount_due)
                    line.amount_after = line.amount_applied + part
                    rest -= part
            application.amount_open = rest

    @api.depends("line_ids.is_applied")
    def _compute_refusals(self):
        return super()._compute_refusals()

    # -------------------------------------------------------------------------
    # BUTTONS
    # -------------------------------------------------------------------------

    def action_apply(self):
        """Take the credit off the invoices that are no longer ticked, then apply it to
        those that are, oldest due first.

        :return: action that closes the dialog
        :raise AccessError: the user may not issue credit notes
        :raise UserError: the credit was used otherwise since the dialog was opened, or
            is not enough for an invoice that is ticked
        """
        self.ensure_one()
        credit_note = self.credit_note_id
        credit_note._check_credit_note_access()
        credit_note.check_access("read")
        lock_rows(credit_note | self.line_ids.invoice_id)
        self._check()
        ticked = self.line_ids.filtered("is_applied")
        credit_note._take_off_credit((self.line_ids - ticked).invoice_id)
        credit_note._apply_credit(ticked.invoice_id)
        return {"type": "ir.actions.act_window_close"}

    # -------------------------------------------------------------------------
    # CHECKS
    # -------------------------------------------------------------------------

    def _list_buttons(self):
        # EXTENDS
        return ["action_apply"]

    def _list_checks(self):
        # EXTENDS
        return [
            ("line_ids", self._check_applied_amounts),
            ("line_ids", self._check_ticked),
        ]

    def _check_ticked(self):
        """:raise UserError: an invoice that is ticked gets nothing of the credit"""
        for line in self.line_ids.filtered("is_applied"):
            if self.currency_id.compare_amounts(line.amount_after, 0.0) <= 0:
                raise UserError(
                    self.env._(
                        "Nothing of %(credit_note)s is left for %(invoice)s. Take its "
                        "tick off.",
                        credit_note=self.credit_note_id._get_document_names(),
                        invoice=line.invoice_id._get_document_names(),
                    )
                )

    def _check_applied_amounts(self):
        """:raise UserError: the credit is not applied as the dialog shows"""
        credit_note = self.credit_note_id
        if refusal := credit_note._get_use_credit_refusal():
            raise UserError(refusal)
        applied = credit_note._get_applied_amounts()
        shown = {line.invoice_id: line.amount_applied for line in self.line_ids}
        for invoice in applied.keys() | shown.keys():
            if credit_note.currency_id.compare_amounts(
                applied.get(invoice, 0.0), shown.get(invoice, 0.0)
            ):
                raise UserError(
                    self.env._(
                        "The credit of %(credit_note)s on %(invoice)s has changed "
                        "meanwhile. Close this window and open it again.",
                        credit_note=credit_note._get_document_names(),
                        invoice=invoice._get_document_names(),
                    )
                )


class AccountCreditApplicationLine(models.TransientModel):
    _name = "account.credit.application.line"
    _inherit = "account.credit.numbers"
    _description = "Use Credit: Invoice"

    application_id = fields.Many2one(
        comodel_name="account.credit.application",
        string="Use Credit",
        required=True,
        readonly=True,
        ondelete="cascade",
    )
    currency_id = fields.Many2one(related="application_id.currency_id")
    invoice_id = fields.Many2one(
        comodel_name="account.move",
        required=True,
        readonly=True,
        ondelete="cascade",
    )
    invoice_date = fields.Date(
        related="invoice_id.invoice_date", string="Date", related_sudo=False
    )
    invoice_date_due = fields.Date(
        related="invoice_id.invoice_date_due", related_sudo=False
    )
    amount_due = fields.Monetary(
        related="invoice_id.amount_residual", related_sudo=False
    )
    amount_applied = fields.Monetary(
        string="Applied",
        readonly=True,
        help="What this invoice got of the credit so far.",
    )
    is_applied = fields.Boolean(string="Use")
    amount_after = fields.Monetary(
        string="Afterwards",
        compute="_compute_amount_after",
    )

    @api.depends("application_id.line_ids.is_applied")
    def _compute_amount_after(self):
        self.application_id._compute_amounts()
