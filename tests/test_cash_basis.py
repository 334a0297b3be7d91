from unittest.mock import patch

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

    def assertDeclared(self, invoices, message=None):
        """Once all is settled: the tax of what was not credited, once."""
        documents = invoices + invoices.reversal_move_ids
        self.assertEqual(set(documents.mapped("amount_residual")), {0.0}, message)
        to_come, declared = self._balances()
        self.assertAlmostEqual(to_come, 0.0, msg=message)
        tax_of_all = sum(documents.mapped("amount_tax_signed"))
        self.assertAlmostEqual(declared, -tax_of_all, msg=message)

    def _pay(self, move, amount=None):
        values = {"amount": amount} if amount else {}
        self._register_payment(move, payment_difference_handling="open", **values)

    def test_payments_and_parts_in_any_order(self):
        steps = {
            "pay": lambda invoice: self._pay(invoice, amount=299.99),
            "amount": lambda invoice: self._credit(
                invoice, credit_method="amount", amount=450.01
            ),
            "percentage": lambda invoice: self._credit(
                invoice, credit_method="percentage", percentage=12.5
            ),
            "line": lambda invoice: self._credit(
                invoice,
                credit_method="lines",
                line_ids=[
                    Command.create(
                        {
                            "invoice_line_id": invoice.invoice_line_ids[0].id,
                            "quantity": 1,
                        }
                    )
                ],
            ),
        }
        for names in (
            ("pay", "amount", "line"),
            ("amount", "pay", "percentage"),
            ("line", "percentage", "pay"),
            ("percentage", "pay", "line"),
        ):
            with self.subTest(steps=names):
                invoice = self._create_invoice(
                    invoice_line_ids=[
                        self._prepare_invoice_line(
                            name="on payment",
                            price_unit=160.37,
                            quantity=5,
                            tax_ids=self.tax,
                        ),
                        self._prepare_invoice_line(
                            name="at once", price_unit=240.77, tax_ids=self.tax_sale_a
                        ),
                    ],
                    post=True,
                )
                for name in names:
                    steps[name](invoice)
                self._pay(invoice)
                self._check_settled(invoice)

    def _check_settled(self, invoice):
        """Of this invoice alone: the tax that was not credited is declared."""
        documents = invoice + invoice.reversal_move_ids
        self.assertEqual(set(documents.mapped("amount_residual")), {0.0})
        items = (documents + documents.tax_cash_basis_created_move_ids).line_ids
        to_come, declared = (
            sum(
                items.filtered(
                    lambda line, account=account: line.account_id == account
                ).mapped("balance")
            )
            for account in (self.transition, self.declared)
        )
        tax_items = documents.line_ids.filtered(
            lambda line: line.tax_line_id == self.tax
        )
        self.assertAlmostEqual(to_come, 0.0)
        self.assertAlmostEqual(declared, sum(tax_items.mapped("balance")))

    def test_paid_then_credited_in_part_and_applied(self):
        """What is credited of a paid invoice pays another."""
        paid, other = self._taxed_invoice(), self._taxed_invoice()
        self._pay(paid)
        self._credit(paid, credit_method="amount", amount=480.0, settlement="apply")
        self._pay(other)
        self.assertDeclared(paid + other)

    def test_paid_then_credited_and_refunded_in_parts(self):
        invoice = self._taxed_invoice()
        self._pay(invoice)
        for amount in (333.33, 100.01):
            credit_note = self._credit(invoice, credit_method="amount", amount=amount)
            self._pay(credit_note, amount=50.0)
            self._pay(credit_note)
        self._pay(self._credit(invoice))
        self.assertDeclared(invoice)
        self.assertEqual(self._balances(), (0.0, 0.0))

    def _pay_without_entry(self, invoice, amount):
        """As with Odoo's app Accounting: only the bank statement books the payment."""
        self.startPatcher(
            patch.object(
                self.registry["account.move"],
                "_get_invoice_in_payment_state",
                lambda _self: "in_payment",
            )
        )
        journal = self.company_data["default_journal_bank"]
        journal.inbound_payment_method_line_ids.payment_account_id = False
        payment = self._register_payment(
            invoice, amount=amount, payment_difference_handling="open"
        )
        self.assertFalse(payment.move_id)

    def _match_bank_statement(self, invoice, amount):
        statement_line = self.env["account.bank.statement.line"].create(
            {
                "journal_id": self.company_data["default_journal_bank"].id,
                "payment_ref": invoice.name,
                "partner_id": invoice.partner_id.id,
                "amount": amount,
            }
        )
        _liquidity, suspense, _other = statement_line._seek_for_lines()
        term = invoice.line_ids.filtered(
            lambda line: line.display_type == "payment_term"
        )
        suspense.account_id = term.account_id
        if not term.reconciled:
            (suspense + term).reconcile()

    def test_payment_without_entry_then_credited_in_part(self):
        invoice = self._taxed_invoice()
        self._pay_without_entry(invoice, 600.0)
        self.assertEqual(self._balances(), (-200.0, 0.0))
        self._credit(invoice, credit_method="amount", amount=600.0)
        self._match_bank_statement(invoice, 600.0)
        self.assertDeclared(invoice)
        self.assertEqual(self._balances(), (0.0, -100.0))

    def test_payment_without_entry_then_credited(self):
        """What the bank brings afterwards is the customer's money, without tax."""
        invoice = self._taxed_invoice()
        self._pay_without_entry(invoice, 600.0)
        self._credit(invoice)
        self._match_bank_statement(invoice, 600.0)
        self.assertDeclared(invoice)
        self.assertEqual(self._balances(), (0.0, 0.0))
