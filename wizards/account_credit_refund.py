from collections import Counter

from odoo import Command, api, fields, models
from odoo.exceptions import UserError


class AccountCreditRefund(models.TransientModel):
    """Give open credit back through the provider that the customer paid with."""

    _name = "account.credit.refund"
    _inherit = "account.credit.dialog"
    _description = "Refund to the Customer"

    credit_note_ids = fields.Many2many(
        comodel_name="account.move",
        string="Credit Notes",
        readonly=True,
    )
    line_ids = fields.One2many(
        comodel_name="account.credit.refund.line",
        inverse_name="refund_id",
        compute="_compute_line_ids",
        store=True,
        readonly=False,
    )

    # -------------------------------------------------------------------------
    # COMPUTE METHODS
    # -------------------------------------------------------------------------

    @api.depends("credit_note_ids")
    def _compute_line_ids(self):
        for refund in self:
            refund.line_ids = [
                Command.clear(),
                *(
                    Command.create(values)
                    for credit_note in refund.credit_note_ids._origin
                    for values in self._prepare_lines(credit_note)
                ),
            ]

    @api.depends("line_ids.amount")
    def _compute_refusals(self):
        return super()._compute_refusals()

    def _prepare_lines(self, credit_note):
        """:return: values of a line for each payment that can be given back, until the
        open credit is used up
        """
        left = max(0.0, credit_note._get_amount_to_refund())
        lines = []
        for payment, refundable in credit_note._get_payments_refundable_online():
            amount = min(left, refundable)
            if payment._is_refunded_online_whole() and amount != payment.amount:
                amount = 0.0
            left -= amount
            lines.append(
                {
                    "credit_note_id": credit_note.id,
                    "payment_id": payment.id,
                    "amount_refundable": refundable,
                    "amount": amount,
                }
            )
        return lines

    # -------------------------------------------------------------------------
    # BUTTONS
    # -------------------------------------------------------------------------

    def action_refund(self):
        """Ask the providers to give back the amounts of the lines.

        :return: action that says what came of it and closes the dialog
        :raise AccessError: the user may not issue credit notes or register payments
        :raise UserError: an amount cannot be given back; see `_refund_online`
        """
        self.env["account.move"]._check_credit_note_access()
        self.env["account.payment"].check_access("create")
        self.line_ids.credit_note_id.check_access("write")
        self.line_ids.payment_id.check_access("write")
        # All are checked before the first is asked for: money cannot be rolled back.
        self._check()
        sentences, is_refunded = [], True
        for line in self.line_ids.filtered("amount"):
            try:
                refund = line.payment_id._refund_online(
                    line.credit_note_id, line.amount
                )
            except UserError as error:
                if not sentences:
                    raise
                sentences.append(str(error))
                is_refunded = False
                continue
            sentences.append(line._get_outcome(refund))
            is_refunded &= refund.state == "done"
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "success" if is_refunded else "warning",
                "message": " ".join(sentences),
                "sticky": not is_refunded,
                "next": {"type": "ir.actions.act_window_close"},
            },
        }

    def action_register_payment(self):
        """Open Odoo's *Register Payment* for the same credit notes instead.

        :return: action of Odoo's dialog
        """
        return self.credit_note_ids._get_register_payment_action()

    # -------------------------------------------------------------------------
    # CHECKS
    # -------------------------------------------------------------------------

    def _list_buttons(self):
        # EXTENDS
        return ["action_refund"]

    def _list_checks(self):
        # EXTENDS
        return [("line_ids", self._check_lines)]

    def _check_lines(self):
        """:raise UserError: an amount cannot be given back, or there is none"""
        lines = self.line_ids.filtered("amount")
        if not lines:
            raise UserError(self.env._("Enter the amounts to refund."))
        asked = Counter()
        for line in lines:
            line.payment_id._check_refund_online(
                line.credit_note_id, line.amount, asked
            )


class AccountCreditRefundLine(models.TransientModel):
    _name = "account.credit.refund.line"
    _inherit = "account.credit.numbers"
    _description = "Refund of a Payment"

    refund_id = fields.Many2one(
        comodel_name="account.credit.refund",
        string="Refund to the Customer",
        required=True,
        readonly=True,
        ondelete="cascade",
    )
    credit_note_id = fields.Many2one(
        comodel_name="account.move",
        required=True,
        readonly=True,
        ondelete="cascade",
    )
    payment_id = fields.Many2one(
        comodel_name="account.payment",
        required=True,
        readonly=True,
        ondelete="cascade",
    )
    currency_id = fields.Many2one(
        related="payment_id.currency_id", related_sudo=False, help=False
    )
    amount_refundable = fields.Monetary(string="Can Be Refunded", readonly=True)
    amount = fields.Monetary(string="Refund")

    def _get_outcome(self, refund):
        """:param refund: `payment.transaction`, as superuser
        :return: a sentence that says what the provider answered
        """
        values = {
            "amount": self.currency_id.format(self.amount),
            "credit_note": self.credit_note_id._get_document_names(),
            "provider": refund.provider_id.name,
            "reason": refund.state_message or "",
        }
        if refund.state == "done":
            return self.env._("%(provider)s refunds %(amount)s.", **values)
        if refund.state in ("error", "cancel"):
            return self.env._(
                "%(provider)s refused to refund %(amount)s: %(reason)s The credit of "
                "%(credit_note)s stays open.",
                **values,
            )
        return self.env._(
            "%(provider)s was asked to refund %(amount)s and has not confirmed it yet. "
            "The credit of %(credit_note)s stays open until then.",
            **values,
        )
