from unittest import SkipTest
from unittest.mock import patch

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import Form, new_test_user, tagged

from .common import CreditNoteCommon


@tagged("post_install", "-at_install")
class TestRefundOnline(CreditNoteCommon):
    """Money goes back through the provider that the customer paid with."""

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
    def _pay_online(cls, invoice):
        transaction = (
            cls.env["payment.transaction"]
            .sudo()
            .create(
                {
                    "provider_id": cls.provider.id,
                    "payment_method_id": cls.method.id,
                    "reference": f"online {invoice.name}",
                    "amount": invoice.amount_total,
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
