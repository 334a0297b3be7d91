import logging
from collections import Counter
from typing import NamedTuple

from odoo import Command, api, fields, models
from odoo.exceptions import LockError, UserError, ValidationError

from ..row_lock import lock_rows

_logger = logging.getLogger(__name__)

UNDER_WAY = ("draft", "pending", "authorized")


class RefundablePayment(NamedTuple):
    """A payment, and what its provider can still give back of it, in its currency."""

    payment: models.BaseModel
    amount: float


class AccountMove(models.Model):
    _inherit = "account.move"

    is_refundable_online = fields.Boolean(compute="_compute_is_refundable_online")

    @api.depends("amount_residual", "move_type", "state")
    def _compute_is_refundable_online(self):
        for move in self:
            move.is_refundable_online = (
                move.move_type == "out_refund"
                and move.state == "posted"
                and move._get_amount_to_refund() > 0.0
                and bool(move._origin._get_payments_refundable_online())
            )

    def action_refund_credit(self):
        """Give back the open credit of these credit notes: through the provider that
        the customer paid with, or else by Odoo's *Register Payment*.

        :return: action of a dialog
        :raise AccessError: the user may not issue credit notes
        :raise UserError: what is open is being given back already
        """
        self._check_credit_note_access()
        self.check_access("read")
        self._check_refund_not_under_way()
        if not any(move._get_payments_refundable_online() for move in self):
            return self._get_register_payment_action()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Refund"),
            "res_model": "account.credit.refund",
            "views": [(False, "form")],
            "target": "new",
            "context": {"default_credit_note_ids": [Command.set(self.ids)]},
        }

    def _check_refund_not_under_way(self):
        """:raise UserError: all that is open of one of these is being given back"""
        for move in self:
            if move._get_amount_to_refund() <= 0.0 < move.amount_residual:
                raise UserError(
                    self.env._(
                        "The refund of %s is under way: the provider has not confirmed "
                        "it yet. Should it never do so, open the credit note and "
                        "register a payment there.",
                        move._get_document_names(),
                    )
                )

    def _get_register_payment_action(self):
        """:return: action of Odoo's *Register Payment* for these credit notes"""
        # Back to the list afterwards, not on to the payment.
        return self.line_ids.action_register_payment(
            {"dont_redirect_to_payments": True, "display_account_trust": True}
        )

    def _get_payments_refundable_online(self):
        """:return: list of RefundablePayment: payments of the credited invoices, in
        their currency, with what can be given back of each for this credit note: no
        more than it credits of the invoices that the payment paid
        """
        self.ensure_one()
        if "payment_transaction_id" not in self.env["account.payment"]._fields:
            return []
        credited = Counter()
        # sudo: what the customer paid does not depend on who looks at it
        for invoice in self.sudo()._get_credited_invoices():
            for payment in invoice.reconciled_payment_ids:
                credited[payment] += self._get_credited_amount(invoice)
        return [
            RefundablePayment(payment.sudo(self.env.su), amount)
            for payment, most in credited.items()
            if payment.currency_id == self.currency_id
            and (amount := payment._get_amount_refundable_online(self, most)) > 0.0
        ]

    def _get_amount_to_refund(self):
        """:return: what is open of this credit note, less refunds that are under way:
        nobody knows yet, and they are not asked for twice
        """
        self.ensure_one()
        if "transaction_ids" not in self._fields:
            return self.amount_residual
        # sudo: who may issue credit notes need not see transactions
        under_way = self.sudo().transaction_ids.filtered(
            lambda refund: (
                refund.operation == "refund"
                and (
                    refund.state in UNDER_WAY
                    or (refund.state == "done" and not refund.payment_id)
                )
            )
        )
        return self.amount_residual - abs(sum(under_way.mapped("amount")))


class AccountPayment(models.Model):
    """Online payments, with Odoo's addon `account_payment`: money goes back the way it
    came.
    """

    _inherit = "account.payment"

    def _get_online_transaction(self):
        """:return: the confirmed transaction of a payment provider behind this payment,
        as superuser; nothing where there is none
        """
        self.ensure_one()
        if "payment_transaction_id" not in self._fields:
            return None
        # sudo: who may issue credit notes need not know the providers' settings
        transaction = self.sudo().payment_transaction_id
        is_confirmed = transaction.state == "done" and transaction.operation != "refund"
        return transaction if is_confirmed else None

    def _get_amount_refundable_online(self, credit_note=None, most=None):
        """Say what the provider can still give back of this payment.

        Refunds that are under way count as given back: nobody knows yet.

        :param credit_note: what it can give back for this credit note
        :param most: what may be given back for it in all
        :return: positive amount in the payment's currency; 0 if it cannot
        """
        self.ensure_one()
        transaction = self._get_online_transaction()
        if not transaction or not self.amount_available_for_refund:
            return 0.0
        refunds = transaction.child_transaction_ids.filtered(
            lambda refund: (
                refund.operation == "refund" and refund.state in (*UNDER_WAY, "done")
            )
        )
        amount = min(
            self.amount_available_for_refund,
            transaction.amount - abs(sum(refunds.mapped("amount"))),
        )
        if credit_note:
            refunds = refunds.filtered(lambda refund: credit_note in refund.invoice_ids)
            amount = min(amount, most - abs(sum(refunds.mapped("amount"))))
        return self.currency_id.round(max(0.0, amount))

    def _is_refunded_online_whole(self):
        """:return: whether the provider gives back the whole payment or nothing"""
        transaction = self._get_online_transaction()
        method = transaction.payment_method_id
        return "full_only" in (
            transaction.provider_id.support_refund,
            (method.primary_payment_method_id or method).support_refund,
        )

    def _refund_online(self, credit_note, amount):
        """Ask the provider to give back a part of this payment, and set it against the
        credit note once it has.

        The request is on record, for good, before it goes out. Should the server stop
        while the provider works, it stays there as one under way, and what it asked for
        is not asked for again.

        :param credit_note: posted credit note with an open amount
        :param amount: positive, in the payment's currency
        :return: the refund, a `payment.transaction` as superuser
        :raise UserError: more than the credit or the payment has left, or the provider
            cannot do it; nothing is asked then
        """
        self.ensure_one()
        transaction = self._get_online_transaction()
        self._lock_online_transaction(transaction, credit_note)
        self._check_refund_online(credit_note, amount)
        transaction = transaction.with_context(payment_backend_action=True)
        transaction._ensure_provider_is_not_disabled()
        refund = transaction._create_child_transaction(
            amount, is_refund=True, invoice_ids=[Command.set(credit_note.ids)]
        )
        refund._log_sent_message()
        self._commit_refund()
        try:
            refund._send_refund_request()
        except ValidationError as error:  # as `payment.transaction._refund` does
            refund._set_error(str(error))
        # So does what it answered: whatever fails from here on, the money is out.
        self._commit_refund()
        if refund.state == "done":
            self._book_refund(refund)
        return refund

    def _commit_refund(self):
        if self.env["account.move.send"]._can_commit():
            # Money that went out cannot be rolled back.
            self.env.cr.commit()  # pylint: disable=invalid-commit

    def _book_refund(self, refund):
        """Let Odoo make the payment of this refund. If it cannot, as in a closed
        period, Odoo's scheduler tries again.
        """
        try:
            with self.env.cr.savepoint():
                refund._post_process()
        except Exception:
            _logger.exception("The refund %s could not be booked", refund.reference)

    def _lock_online_transaction(self, transaction, credit_note):
        """Let nobody else give back this payment, or use this credit, meanwhile."""
        try:
            transaction.lock_for_update(allow_referencing=True)
        except LockError:
            raise UserError(
                self.env._(
                    "Somebody else gives back the payment %s at this moment. "
                    "Look at it again in a minute.",
                    self.display_name,
                )
            ) from None
        transaction.invalidate_recordset()
        self.invalidate_recordset()
        lock_rows(credit_note)
        credit_note.invalidate_recordset()

    def _check_refund_online(self, credit_note, amount, asked=None):
        """:param asked: Counter of what is asked for already by credit note, by
            payment, and by both
        :raise UserError: this amount cannot be given back for this credit note
        """
        asked = Counter() if asked is None else asked
        currency = self.currency_id
        values = {
            "amount": currency.format(amount),
            "credit_note": credit_note._get_document_names(),
            "payment": self.display_name,
        }
        if currency.compare_amounts(amount, 0.0) <= 0:
            raise UserError(
                self.env._(
                    "Enter what is to be refunded for %(credit_note)s, more than zero.",
                    **values,
                )
            )
        refundable = dict(credit_note._get_payments_refundable_online()).get(self)
        if not refundable:
            raise UserError(
                self.env._(
                    "Nothing of the payment %(payment)s can be refunded for "
                    "%(credit_note)s: it paid another invoice, or all of it is "
                    "refunded.",
                    **values,
                )
            )
        left = credit_note._get_amount_to_refund() - asked[credit_note]
        if currency.compare_amounts(amount, left) > 0:
            raise UserError(
                self.env._(
                    "Only %(left)s of %(credit_note)s is open, not %(amount)s. "
                    "Refunds under way count.",
                    left=currency.format(max(0.0, left)),
                    **values,
                )
            )
        left = min(
            refundable - asked[credit_note, self],
            self._get_amount_refundable_online() - asked[self],
        )
        if currency.compare_amounts(amount, left) > 0:
            raise UserError(
                self.env._(
                    "Only %(left)s of the payment %(payment)s can be refunded, not "
                    "%(amount)s. Refunds under way count.",
                    left=currency.format(max(0.0, left)),
                    **values,
                )
            )
        if self._is_refunded_online_whole() and currency.compare_amounts(
            amount, self.amount
        ):
            raise UserError(
                self.env._(
                    "The payment %(payment)s can only be refunded whole, not "
                    "%(amount)s of it. Register a payment to the customer instead.",
                    **values,
                )
            )
        asked.update({credit_note: amount, self: amount, (credit_note, self): amount})
