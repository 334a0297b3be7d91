from odoo import Command
from odoo.tests import tagged

from .common import CreditNoteCommon


@tagged("post_install", "-at_install")
class TestCashBasis(CreditNoteCommon):
    """Tax due on payment: what is credited is never declared twice or lost."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env.company.tax_exigibility = True
        revenue = cls.company_data["default_account_revenue"]
        cls.transition = revenue.copy({"name": "tax to come", "reconcile": True})
        cls.declared = revenue.copy({"name": "tax declared"})
        cls.tax = cls.env["account.tax"].create(
            {
                "name": "20 % on payment",
                "amount": 20.0,
                "type_tax_use": "sale",
                "tax_exigibility": "on_payment",
                "cash_basis_transition_account_id": cls.transition.id,
                **{
                    f"{document}_repartition_line_ids": [
                        Command.create({"repartition_type": "base"}),
                        Command.create(
                            {
                                "repartition_type": "tax",
                                "account_id": cls.declared.id,
                            }
                        ),
                    ]
                    for document in ("invoice", "refund")
                },
            }
        )

    def _balances(self):
        """:return: (tax to come, tax declared) in all posted entries"""
        return tuple(
            sum(
                self.env["account.move.line"]
                .search(
                    [("account_id", "=", account.id), ("parent_state", "=", "posted")]
                )
                .mapped("balance")
            )
            for account in (self.transition, self.declared)
        )

    def _taxed_invoice(self):
        return self._create_invoice_one_line(
            price_unit=1000.0, tax_ids=self.tax, post=True
        )

    def test_unpaid(self):
        invoice = self._taxed_invoice()
        self.assertEqual(self._balances(), (-200.0, 0.0))
        self._credit(invoice)
        self.assertEqual(invoice.payment_state, "reversed")
        self.assertEqual(self._balances(), (0.0, 0.0))

    def test_in_parts(self):
        invoice = self._taxed_invoice()
        self._credit(invoice, credit_method="amount", amount=333.33)
        self._credit(invoice, credit_method="percentage", percentage=10)
        self._credit(invoice)
        self.assertEqual(self._balances(), (0.0, 0.0))

    def test_part_paid_then_refunded(self):
        invoice = self._taxed_invoice()
        self._register_payment(
            invoice, amount=600.0, payment_difference_handling="open"
        )
        self.assertEqual(self._balances(), (-100.0, -100.0))
        credit_note = self._credit(invoice)
        # Half of the invoice was paid, and its tax stays declared until the refund.
        self.assertEqual(sum(self._balances()), 0.0)
        self.assertEqual(self._balances()[1], -100.0)
        self._register_payment(credit_note)
        self.assertEqual(self._balances(), (0.0, 0.0))

    def test_credited_and_invoiced_again(self):
        invoice = self._taxed_invoice()
        self._wizard(invoice).action_reinvoice()
        self.assertEqual(invoice.payment_state, "reversed")
        self.assertEqual(self._balances(), (0.0, 0.0))
        self.assertFalse(invoice.tax_cash_basis_created_move_ids)
