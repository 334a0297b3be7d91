from unittest import SkipTest
from unittest.mock import patch

from odoo import Command
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import Form, new_test_user, tagged
from odoo.tools import mute_logger

from .common import CreditNoteCommon


class OnlineCommon(CreditNoteCommon):
    """An invoice that was paid through Odoo's demo provider."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        if not cls.env.ref("payment_demo.payment_method_demo", False):
            raise SkipTest(
                "no online payment here: --with account_payment,payment_demo"
            )
        cls.provider = (
            cls.env.ref("payment.payment_provider_demo")
            .sudo()
            .copy(
                {
                    "company_id": cls.env.company.id,
                    "state": "test",
                    "is_published": True,
                    "code": "demo",
                }
            )
        )
        cls.provider.journal_id = cls.company_data["default_journal_bank"]
        cls.method = cls.env.ref("payment_demo.payment_method_demo").sudo()
        cls.paid = cls._invoice(100.0)  # 115.00 with tax
        cls.payment = cls._pay_online(cls.paid)

    @classmethod
    def _pay_online(cls, invoice, amount=None):
        transaction = (
            cls.env["payment.transaction"]
            .sudo()
            .create(
                {
                    "provider_id": cls.provider.id,
                    "payment_method_id": cls.method.id,
                    "reference": f"online {invoice.name} {amount or ''}",
                    "amount": amount or invoice.amount_total,
                    "currency_id": invoice.currency_id.id,
                    "partner_id": invoice.partner_id.id,
                    "invoice_ids": [(6, 0, invoice.ids)],
                    "operation": "online_direct",
                }
            )
        )
        transaction._set_done()
        transaction._post_process()
        return transaction.payment_id.sudo(False)

    def _refund(self, credit_note, user=None):
        action = credit_note.with_user(user or self.clerk).action_refund_credit()
        self.assertEqual(action["res_model"], "account.credit.refund")
        return Form(
            self.env[action["res_model"]]
            .with_user(user or self.clerk)
            .with_context(**action["context"])
        )

    def _refunds(self):
        return self.payment.sudo().payment_transaction_id.child_transaction_ids


@tagged("post_install", "-at_install")
class TestRefundOnline(OnlineCommon):
    """Money goes back through the provider that the customer paid with."""

    def test_dialog_of_credit_note_leads_to_it(self):
        wizard = self._wizard(self.paid, user=self.clerk, settlement="refund")
        action = wizard.action_issue()["params"]["next"]
        self.assertEqual(action["res_model"], "account.credit.refund")

    def test_whole(self):
        credit_note = self._credit(self.paid)
        form = self._refund(credit_note)
        with form.line_ids.edit(0) as line:
            self.assertEqual((line.amount_refundable, line.amount), (115.0, 115.0))
        form.save().action_refund()
        self.assertEqual(self._refunds().mapped("amount"), [-115.0])
        self.assertEqual(credit_note.amount_residual, 0.0)
        self.assertFalse(self.payment._get_amount_refundable_online())
        self.assertFalse(credit_note.is_refundable_online)

    def test_part_then_the_rest(self):
        credit_note = self._credit(self.paid)
        form = self._refund(credit_note)
        with form.line_ids.edit(0) as line:
            line.amount = 40.0
        form.save().action_refund()
        self.assertEqual(credit_note.amount_residual, 75.0)
        form = self._refund(credit_note)
        with form.line_ids.edit(0) as line:
            self.assertEqual((line.amount_refundable, line.amount), (75.0, 75.0))
        form.save().action_refund()
        self.assertEqual(credit_note.amount_residual, 0.0)
        self.assertEqual(sum(self._refunds().mapped("amount")), -115.0)

    def test_never_more_than_credit_or_payment(self):
        part = self._credit(self.paid, credit_method="amount", amount=50.0)
        for amount in (50.01, 0.0, -1.0):
            with self.assertRaises(UserError):
                self.payment._refund_online(part, amount)
        rest = self._credit(self.paid)
        self.payment._refund_online(part, 50.0)
        with self.assertRaises(UserError):
            self.payment._refund_online(part, 1.0)
        self.payment._refund_online(rest, 65.0)
        self.assertEqual(sum(self._refunds().mapped("amount")), -115.0)

    def test_what_would_be_refused_is_said(self):
        """While it is typed, in the words that the button would say."""
        credit_note = self._credit(self.paid, user=self.clerk)
        form = self._refund(credit_note)
        self.assertFalse(form.refusals)
        for amount in (0.0, -5.0, 115.01, 1e9):
            with self.subTest(amount), self.env.cr.savepoint() as savepoint:
                with form.line_ids.edit(0) as line:
                    line.amount = amount
                sentence = form.refusals["line_ids"]
                self.assertEqual(form.button_refusals, {"action_refund": sentence})
                with self.assertRaises(UserError) as refused:
                    form.save().action_refund()
                self.assertEqual(str(refused.exception), sentence)
                savepoint.rollback()
            form = self._refund(credit_note)
        self.assertFalse(self._refunds())

    def test_refused_by_provider(self):
        credit_note = self._credit(self.paid)
        application = self._refund(credit_note).save()
        with patch.object(
            self.env.registry["payment.transaction"],
            "_send_refund_request",
            side_effect=ValidationError("Card expired."),
        ):
            action = application.action_refund()
        self.assertEqual(action["params"]["type"], "warning")
        self.assertIn("Card expired.", action["params"]["message"])
        self.assertIn(credit_note.name, action["params"]["message"])
        self.assertEqual(credit_note.amount_residual, 115.0)
        self.assertEqual(self._refunds().state, "error")
        # It may be asked again.
        self._refund(credit_note).save().action_refund()
        self.assertEqual(credit_note.amount_residual, 0.0)

    def test_not_confirmed_is_not_asked_again(self):
        """As after a server that was killed while the provider worked."""
        credit_note = self._credit(self.paid)
        application = self._refund(credit_note).save()
        with patch.object(
            self.env.registry["payment.transaction"], "_send_refund_request"
        ):
            action = application.action_refund()
        self.assertIn("not confirmed", action["params"]["message"])
        self.assertEqual(self._refunds().state, "draft")
        with self.assertRaises(UserError):
            application.action_refund()
        with self.assertRaises(UserError):
            self.payment._refund_online(credit_note, 115.0)
        self.assertEqual(len(self._refunds()), 1)
        # The provider's answer comes later.
        self._refunds()._set_done()
        self._refunds()._post_process()
        self.assertEqual(credit_note.amount_residual, 0.0)

    def test_on_record_before_it_goes_out(self):
        credit_note = self._credit(self.paid)
        steps = []
        with (
            patch.object(
                self.env.registry["account.move.send"], "_can_commit", lambda _: True
            ),
            patch.object(self.env.cr, "commit", lambda: steps.append("commit")),
            patch.object(
                self.env.registry["payment.transaction"],
                "_send_refund_request",
                lambda refund: steps.append(refund.state),
            ),
        ):
            self.payment._refund_online(credit_note, 115.0)
        self.assertEqual(steps[:2], ["commit", "draft"])

    def test_whole_or_nothing(self):
        self.method.support_refund = "full_only"
        part = self._credit(self.paid, credit_method="amount", amount=50.0)
        form = self._refund(part)
        with form.line_ids.edit(0) as line:
            self.assertEqual(line.amount, 0.0)
        with self.assertRaisesRegex(UserError, "whole"):
            self.payment._refund_online(part, 50.0)

    def test_payment_of_another_invoice(self):
        other = self._invoice(200.0)
        payment = self._pay_online(other)
        credit_note = self._credit(self.paid)
        application = self._refund(credit_note).save()
        application.line_ids.payment_id = payment
        with self.assertRaises(UserError):
            application.action_refund()
        self.assertFalse(payment.sudo().payment_transaction_id.child_transaction_ids)

    def _one(self, *invoices, **values):
        """:return: one credit note for all these invoices"""
        invoices = self.env["account.move"].union(*invoices)
        wizard = self._wizard(invoices, as_one=True, **values)
        wizard.action_issue()
        return wizard.new_move_ids

    def test_one_credit_note_of_several_invoices(self):
        """Each provider gives back what is credited of what it paid."""
        second, unpaid = self._invoice(200.0), self._invoice(10.0)
        payment = self._pay_online(second)
        credit_note = self._one(
            self.paid, second, unpaid, credit_method="percentage", percentage=10.0
        )
        self.assertAmount(credit_note.amount_residual, 34.5, credit_note)
        self.assertTrue(credit_note.is_refundable_online)
        refundable = dict(credit_note._get_payments_refundable_online())
        self.assertEqual(refundable, {self.payment: 11.5, payment: 23.0})
        for one, amount in ((self.payment, 11.51), (payment, 23.01)):
            with self.assertRaisesRegex(UserError, "can be refunded"):
                one._refund_online(credit_note, amount)
        self._refund(credit_note).save().action_refund()
        self.assertAmount(credit_note.amount_residual, 0.0, credit_note)
        self.assertEqual(self._refunds().mapped("amount"), [-11.5])
        self.assertFalse(credit_note.is_refundable_online)

    def test_one_credit_note_of_several_invoices_partly_paid_by_bank(self):
        """Nothing of what the bank paid goes back through the provider."""
        by_bank = self._invoice(100.0)
        self._register_payment(by_bank)
        credit_note = self._one(
            self.paid, by_bank, credit_method="percentage", percentage=50.0
        )
        self._refund(credit_note).save().action_refund()
        self.assertEqual(self._refunds().mapped("amount"), [-57.5])
        self.assertAmount(credit_note.amount_residual, 57.5, credit_note)
        self.assertFalse(credit_note.is_refundable_online)
        with self.assertRaisesRegex(UserError, "Nothing of the payment"):
            self.payment._refund_online(credit_note, 0.01)

    def test_lines_over_rpc_come_to_what_is_refundable(self):
        """All lines together are checked before the first is asked for."""
        credit_note = self._credit(self.paid)
        second = self._invoice(200.0)
        payment = self._pay_online(second)
        one = self._one(self._invoice(1.0), second)
        for lines in (
            [(credit_note, self.payment, 60.0), (credit_note, self.payment, 60.0)],
            [(credit_note, self.payment, 115.0), (credit_note, self.payment, 0.01)],
            [(credit_note, self.payment, 115.0), (one, self.payment, 1.0)],
            [(one, payment, 230.0), (one, payment, 0.01)],
            [(credit_note, self.payment, 116.0), (credit_note, self.payment, -1.0)],
        ):
            dialog = (
                self.env["account.credit.refund"]
                .with_user(self.clerk)
                .create(
                    {
                        "credit_note_ids": [Command.set((credit_note + one).ids)],
                        "line_ids": [
                            Command.create(
                                {
                                    "credit_note_id": move.id,
                                    "payment_id": paid.id,
                                    "amount": amount,
                                }
                            )
                            for move, paid, amount in lines
                        ],
                    }
                )
            )
            with self.subTest(lines=lines), self.assertRaises(UserError):
                dialog.action_refund()
            payments = (self.payment + payment).sudo().payment_transaction_id
            self.assertFalse(payments.child_transaction_ids)

    def test_what_is_under_way_is_not_asked_for_of_another_payment(self):
        """The credit is the customer's once, whoever gives it back."""
        invoice = self._invoice(100.0)
        payments = [self._pay_online(invoice, part) for part in (60.0, 55.0)]
        credit_note = self._credit(invoice, credit_method="amount", amount=60.0)
        with patch.object(
            self.env.registry["payment.transaction"], "_send_refund_request"
        ):
            payments[0]._refund_online(credit_note, 60.0)
        self.assertEqual(credit_note.amount_residual, 60.0)
        self.assertFalse(credit_note.is_refundable_online)
        with self.assertRaisesRegex(UserError, "is under way"):
            credit_note.action_refund_credit()
        with self.assertRaisesRegex(UserError, "is open"):
            payments[1]._refund_online(credit_note, 55.0)

    def test_a_later_line_fails(self):
        """What went out before is said, and stays."""
        second = self._invoice(200.0)
        payment = self._pay_online(second)
        credit_note = self._one(self.paid, second)
        dialog = self._refund(credit_note).save()
        payments = self.env.registry["account.payment"]
        lock = payments._lock_online_transaction
        failure = UserError("Somebody else")

        def lock_or_not(record, *arguments):
            if record == payment:
                raise failure
            return lock(record, *arguments)

        with patch.object(payments, "_lock_online_transaction", lock_or_not):
            action = dialog.action_refund()
        self.assertEqual(action["params"]["type"], "warning")
        self.assertRegex(action["params"]["message"], "refunds.*115.*Somebody else")
        self.assertEqual(self._refunds().state, "done")
        self.assertAmount(credit_note.amount_residual, 230.0, credit_note)

    @mute_logger("odoo.addons.account_partner_credit_note.models.bridges.payment")
    def test_what_cannot_be_booked_is_booked_later(self):
        """The money is out: the answer stays, and Odoo's scheduler books it."""
        credit_note = self._credit(self.paid)
        dialog = self._refund(credit_note).save()
        with patch.object(
            self.env.registry["account.payment"],
            "action_post",
            side_effect=UserError("The period is closed."),
        ):
            dialog.action_refund()
        self.assertEqual(self._refunds().state, "done")
        self.assertEqual(credit_note.amount_residual, 115.0)
        self.assertFalse(credit_note.is_refundable_online)
        with self.assertRaises(UserError):
            self.payment._refund_online(credit_note, 115.0)
        self._refunds()._post_process()
        self.assertEqual(credit_note.amount_residual, 0.0)

    def test_paid_by_bank(self):
        invoice = self._invoice(100.0)
        self._register_payment(invoice)
        credit_note = self._credit(invoice)
        action = credit_note.action_refund_credit()
        self.assertEqual(action["res_model"], "account.payment.register")
        self.assertFalse(credit_note.is_refundable_online)

    def test_access(self):
        credit_note = self._credit(self.paid)
        application = self._refund(credit_note).save()
        reader = new_test_user(
            self.env, login="reader", groups="account.group_account_readonly"
        )
        portal = new_test_user(
            self.env, login="portal_customer", groups="base.group_portal"
        )
        for user in (reader, portal, self.env.ref("base.public_user")):
            with self.assertRaises(AccessError):
                credit_note.with_user(user).action_refund_credit()
            with self.assertRaises(AccessError):
                application.with_user(user).action_refund()
        self.assertFalse(self._refunds())
