from odoo import Command
from odoo.tests import tagged

from .common import CreditNoteCommon


@tagged("post_install", "-at_install")
class TestDueAccount(CreditNoteCommon):
    """A credit note is due where its invoice is, not where the customer owes now.

    Else the two are not matched, and the invoice stays due.
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.account = cls.company_data["default_account_receivable"]
        cls.other_account = cls.account.copy({"name": "other receivable"})

    def _invoice_before_the_change(self, *prices, **values):
        """115.00 on the account that the customer had then."""
        invoice = self._invoice(*prices, **values)
        self.partner_a.property_account_receivable_id = self.other_account
        return invoice

    def _invoice_on_a_typed_account(self):
        invoice = self._invoice(100.0, post=False)
        invoice.line_ids.filtered(
            lambda item: item.display_type == "payment_term"
        ).account_id = self.other_account
        invoice.action_post()
        return invoice

    def assertDue(self, invoice, amount):
        self.assertEqual(invoice.amount_residual, amount)
        for credit_note in invoice.reversal_move_ids:
            self.assertEqual(credit_note.amount_residual, 0.0)
            # A part may come off some of the instalments only.
            self.assertLessEqual(
                self._get_due_accounts(credit_note), self._get_due_accounts(invoice)
            )

    def _get_due_accounts(self, move):
        return move.line_ids.filtered(
            lambda item: item.display_type == "payment_term"
        ).account_id

    def test_account_of_the_customer_changed(self):
        for values, due in (
            ({"credit_method": "amount", "amount": 40.0}, 75.0),
            ({"credit_method": "percentage", "percentage": 20.0}, 92.0),
            ({}, 0.0),
        ):
            with self.subTest(values=values):
                self.partner_a.property_account_receivable_id = self.account
                invoice = self._invoice_before_the_change(100.0)
                wizard = self._wizard(invoice, **values)
                self.assertEqual(wizard._get_preview(invoice)["amount_due_after"], due)
                wizard.action_issue()
                self.assertDue(invoice, due)

    def test_account_typed_on_the_invoice(self):
        for values, due in (
            ({"credit_method": "amount", "amount": 40.0}, 75.0),
            ({}, 0.0),
        ):
            with self.subTest(values=values):
                invoice = self._invoice_on_a_typed_account()
                self._credit(invoice, **values)
                self.assertDue(invoice, due)

    def test_lines(self):
        invoice = self._invoice_before_the_change(60.0, 40.0)
        self._credit(
            invoice,
            credit_method="lines",
            line_ids=[
                Command.create(
                    {"invoice_line_id": invoice.invoice_line_ids[0].id, "quantity": 1.0}
                )
            ],
        )
        self.assertDue(invoice, 46.0)

    def test_all_that_is_left_after_a_part(self):
        invoice = self._invoice(100.0)
        self._credit(invoice, credit_method="amount", amount=40.0)
        self.assertDue(invoice, 75.0)
        self.partner_a.property_account_receivable_id = self.other_account
        self._credit(invoice)
        self.assertDue(invoice, 0.0)

    def test_several_invoices_before_and_after_the_change(self):
        before = self._invoice_before_the_change(100.0)
        after = self._invoice(200.0)
        self.assertNotEqual(
            self._get_due_accounts(before), self._get_due_accounts(after)
        )
        self._credit(before + after, credit_method="percentage", percentage=50.0)
        self.assertDue(before, 57.5)
        self.assertDue(after, 115.0)
        self._credit(before + after)
        self.assertDue(before, 0.0)
        self.assertDue(after, 0.0)

    def test_draft(self):
        invoice = self._invoice_before_the_change(100.0)
        wizard = self._wizard(invoice, credit_method="amount", amount=40.0)
        wizard.refund_moves()
        wizard.new_move_ids.action_post()
        self.assertDue(invoice, 75.0)

    def test_instalment_by_instalment(self):
        """Each on an account of its own, as a retention is."""
        invoice = self._invoice(
            100.0, invoice_payment_term_id=self.pay_terms_b.id, post=False
        )
        items = invoice.line_ids.filtered(
            lambda item: item.display_type == "payment_term"
        ).sorted("date_maturity")
        self.assertEqual(len(items), 2)
        items[1].account_id = self.other_account
        invoice.action_post()
        first, second = (abs(item.balance) for item in items)
        self._credit(invoice, credit_method="amount", amount=10.0)
        self.assertEqual(invoice.amount_residual, 105.0)
        self.assertEqual(invoice.reversal_move_ids.amount_residual, 0.0)
        self._credit(invoice)
        self.assertDue(invoice, 0.0)
        self.assertEqual(
            {
                item.account_id: item.amount_residual
                for item in (invoice + invoice.reversal_move_ids).line_ids
                if item.display_type == "payment_term"
            },
            {self.account: 0.0, self.other_account: 0.0},
        )
        for account, amount in ((self.account, first), (self.other_account, second)):
            self.assertAlmostEqual(
                sum(
                    invoice.reversal_move_ids.line_ids.filtered(
                        lambda item, account=account: item.account_id == account
                    ).mapped("credit")
                ),
                amount,
            )
