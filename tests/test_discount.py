from datetime import timedelta

from odoo import Command
from odoo.tests import tagged

from .common import CreditNoteCommon


@tagged("post_install", "-at_install")
class TestDiscount(CreditNoteCommon):
    """An early payment discount was taken: the customer gets back what was paid.

    Odoo credits the whole invoice, 2.30 more than was paid, and the tax of the
    discount a second time.
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.discount_account = (
            cls.env.company.account_journal_early_pay_discount_loss_account_id
        )

    def _term(self, computation="included", percentage=2):
        return self.env["account.payment.term"].create(
            {
                "name": f"{percentage}/7 Net 30",
                "early_discount": True,
                "discount_percentage": percentage,
                "discount_days": 7,
                "early_pay_discount_computation": computation,
                "line_ids": [
                    Command.create(
                        {"value": "percent", "value_amount": 100, "nb_days": 30}
                    )
                ],
            }
        )

    def _paid_invoice(self, computation, *prices):
        term = self._term(computation)
        invoice = self._invoice(*prices, invoice_payment_term_id=term.id)
        payment = self._register_payment(invoice, payment_date=invoice.invoice_date)
        self.assertEqual(invoice.amount_residual, 0.0)
        return invoice, payment

    def _get_balances(self, moves):
        """:return: (revenue and discount, tax, receivable) of these entries"""
        return tuple(
            round(sum(moves.line_ids.filtered(kind).mapped("balance")), 2)
            for kind in (
                lambda line: (
                    line.account_id.account_type
                    in ("income", "income_other", "expense")
                    and line.display_type not in ("tax", "payment_term")
                    and not line.tax_line_id
                ),
                "tax_line_id",
                lambda line: line.account_id.account_type == "asset_receivable",
            )
        )

    def test_everything_left(self):
        for computation, paid in (
            ("included", 112.7),
            ("excluded", 113.0),
            ("mixed", 112.7),
        ):
            with self.subTest(computation=computation):
                invoice, payment = self._paid_invoice(computation, 60.0, 40.0)
                self.assertEqual(payment.amount, paid)
                self.assertAlmostEqual(invoice.amount_creditable, paid)
                wizard = self._wizard(invoice)
                preview = wizard._get_preview(invoice)
                self.assertAlmostEqual(preview["total"], paid)
                self.assertAlmostEqual(preview["amount_customer_credit"], paid)
                discount = invoice.currency_id.format(invoice.amount_total - paid)
                self.assertIn(
                    f"{invoice.name}: the customer took an early payment discount of"
                    f" {discount}, booked with the payment.",
                    wizard.preview,
                )
                wizard.action_issue()
                credit_note = wizard.new_move_ids
                self.assertAlmostEqual(credit_note.amount_total, paid)
                self.assertAlmostEqual(credit_note.amount_residual, paid)
                # Revenue and its discount, and the tax: nothing is left of either.
                everything = invoice + payment.move_id + credit_note
                self.assertEqual(
                    self._get_balances(everything), (0.0, 0.0, -paid), computation
                )
                self.assertEqual(invoice.amount_creditable, 0.0)
                self.assertEqual(invoice.billing_status, "credited")
                self.assertEqual(
                    invoice.invoice_line_ids.mapped("quantity_creditable"), [0.0, 0.0]
                )

    def test_in_parts(self):
        invoice, payment = self._paid_invoice("included", 60.0, 40.0)
        self._credit(invoice, credit_method="amount", amount=50.0)
        self._credit(invoice, credit_method="percentage", percentage=10)
        self._credit(invoice)
        self.assertAlmostEqual(
            sum(invoice.reversal_move_ids.mapped("amount_total")), payment.amount
        )
        self.assertEqual(
            self._get_balances(invoice + payment.move_id + invoice.reversal_move_ids),
            (0.0, 0.0, -payment.amount),
        )

    def test_all_by_percentage(self):
        invoice, payment = self._paid_invoice("included")
        credit_note = self._credit(invoice, credit_method="percentage", percentage=100)
        self.assertAlmostEqual(credit_note.amount_total, payment.amount)

    def test_discount_not_taken(self):
        invoice, _payment = self._paid_invoice("included")
        late = self._invoice(
            100.0,
            invoice_payment_term_id=invoice.invoice_payment_term_id.id,
            invoice_date="2026-01-01",
        )
        self._register_payment(late, payment_date="2026-03-01")
        self.assertEqual(late.amount_creditable, 115.0)
        self.assertEqual(self._credit(late).amount_total, 115.0)

    # -------------------------------------------------------------------------
    # WHAT THE PAYMENTS OF AN INVOICE LEFT UNPAID
    # -------------------------------------------------------------------------

    def _offer(self, *prices, days_ago=0, computation="included", **values):
        """:return: an invoice of so many days ago, with 10 % off within seven days"""
        return self._invoice(
            *prices,
            invoice_payment_term_id=self._term(computation, percentage=10).id,
            invoice_date=self.today - timedelta(days=days_ago),
            **values,
        )

    def _write_off(self, invoices, amount, account=None, **values):
        """Pay this amount and write off the rest, as a clerk does by hand."""
        return self._register_payment(
            invoices,
            amount=amount,
            payment_difference_handling="reconcile",
            writeoff_account_id=(account or self.discount_account).id,
            **values,
        )

    def _match_bank_statement(self, invoices, *write_offs, days_ago=0, **values):
        """Match a line of a bank statement with what is due on these invoices.

        :param write_offs: (amount, account) that the bank did not get
        """
        due = invoices.line_ids.filtered(
            lambda line: line.display_type == "payment_term"
        )
        amount = sum(due.mapped("amount_currency"))
        statement_line = self.env["account.bank.statement.line"].create(
            {
                "amount": amount - sum(write_off for write_off, _account in write_offs),
                "date": self.today - timedelta(days=days_ago),
                "journal_id": self.company_data["default_journal_bank"].id,
                "partner_id": self.partner_a.id,
                "payment_ref": "Transfer",
                **values,
            }
        )
        _liquidity, suspense, _other = statement_line._seek_for_lines()
        statement_line.move_id.with_context(
            force_delete=True, skip_readonly_check=True
        ).write(
            {
                "line_ids": [
                    Command.delete(suspense.id),
                    *(
                        Command.create(
                            {
                                "account_id": account.id,
                                "amount_currency": balance,
                                "balance": balance,
                                "currency_id": suspense.currency_id.id,
                                "partner_id": self.partner_a.id,
                            }
                        )
                        for balance, account in (
                            (-amount, due.account_id),
                            *write_offs,
                        )
                    ),
                ]
            }
        )
        counterpart = statement_line.line_ids.filtered(
            lambda line: line.account_id == due.account_id
        )
        (counterpart + due).reconcile()
        return statement_line

    def assertCreditable(self, invoice, amount):
        """What the list says, what everything left comes to, and the ledger after."""
        self.assertAmount(invoice.amount_creditable, amount, invoice)
        credit_note = self._credit(invoice)
        self.assertAmount(credit_note.amount_total, amount, invoice)
        self.assertEqual(invoice.amount_creditable, 0.0)
        self.assertEqual(invoice.billing_status, "credited")

    def test_grouped_with_a_late_one(self):
        for computation in ("included", "excluded", "mixed"):
            with self.subTest(computation=computation):
                late = self._offer(100.0, days_ago=20, computation=computation)
                early = self._offer(200.0, computation=computation)
                payment = self._register_payment(late + early)
                paid = 325.0 if computation == "excluded" else 322.0
                if computation == "mixed":
                    # Odoo lowers the tax of both when they are issued.
                    paid = late.amount_total + early.amount_total - 20.0
                self.assertAmount(payment.amount, paid, early)
                self.assertAmount(late.amount_creditable, late.amount_total, late)
                credit_notes = self._credit(late + early)
                self.assertAmount(sum(credit_notes.mapped("amount_total")), paid, early)
                self.assertEqual(
                    self._get_balances(late + early + payment.move_id + credit_notes),
                    (0.0, 0.0, -round(paid, 2)),
                )

    def test_grouped_and_both_early(self):
        invoices = self._offer(100.0) + self._offer(200.0)
        self._register_payment(invoices)
        for invoice, left in zip(invoices, (103.5, 207.0), strict=True):
            self.assertCreditable(invoice, left)

    def test_grouped_with_one_in_instalments(self):
        """Odoo offers no discount on instalments."""
        instalments = self._invoice(100.0, invoice_payment_term_id=self.pay_terms_b.id)
        early = self._offer(200.0)
        self._write_off(instalments + early, 322.0)
        self.assertCreditable(instalments, 115.0)
        self.assertCreditable(early, 207.0)

    def test_settings_changed_since(self):
        other_account = self.discount_account.copy()
        for computation, left in (("included", 103.5), ("excluded", 105.0)):
            with self.subTest(computation=computation):
                whole = self._offer(100.0, computation=computation)
                half = self._offer(100.0, computation=computation)
                payments = self._register_payment(whole)
                payments += self._write_off(half, 110.0)
                company = self.env.company
                company.account_journal_early_pay_discount_loss_account_id = (
                    other_account
                )
                (whole + half).invoice_payment_term_id.write(
                    {
                        "discount_percentage": 3,
                        "early_pay_discount_computation": "excluded",
                    }
                )
                (whole + half).invoice_payment_term_id.early_discount = False
                self.assertCreditable(whole, left)
                self.assertCreditable(half, 110.0)
                everything = (
                    whole + half + payments.move_id + (whole + half).reversal_move_ids
                )
                self.assertEqual(
                    self._get_balances(everything), (0.0, 0.0, -left - 110.0)
                )
                company.account_journal_early_pay_discount_loss_account_id = (
                    self.discount_account
                )

    def test_settings_changed_before_this_addon_came(self):
        """What Odoo writes off is known by its amount, whatever the account."""
        invoice = self._offer(100.0)
        self._register_payment(invoice)
        self.env.company.account_journal_early_pay_discount_loss_account_id = (
            self.discount_account.copy()
        )
        self.env.company.early_discount_account_ids -= self.discount_account
        self.assertCreditable(invoice, 103.5)

    def test_half_of_it(self):
        invoice = self._offer(100.0)
        payment = self._write_off(invoice, 110.0)
        self.assertCreditable(invoice, 110.0)
        self.assertEqual(
            self._get_balances(invoice + payment.move_id + invoice.reversal_move_ids),
            (0.0, 0.0, -110.0),
        )

    def test_more_than_offered_and_accepted(self):
        invoice = self._offer(100.0)
        self._write_off(invoice, 100.0)
        self.assertCreditable(invoice, 100.0)

    def test_half_of_it_on_two(self):
        """In proportion, to the cent."""
        invoices = self._offer(100.0) + self._offer(100.0) + self._offer(100.0)
        self._write_off(invoices, 335.0)
        self.assertEqual(
            [round(invoice.amount_creditable, 2) for invoice in invoices],
            [111.67, 111.66, 111.67],
        )

    def test_taken_late_and_accepted(self):
        invoice = self._offer(100.0, days_ago=9)
        self._write_off(invoice, 103.5)
        self.assertCreditable(invoice, 103.5)
        late, early = self._offer(100.0, days_ago=9), self._offer(200.0)
        self._write_off(late + early, 310.5)
        self.assertCreditable(late, 103.5)
        self.assertCreditable(early, 207.0)

    def test_bank_fee_is_none(self):
        fees = self.company_data["default_account_expense"]
        late = self._offer(100.0, days_ago=20)
        self._write_off(late, 103.5, account=fees)
        self.assertCreditable(late, 115.0)
        for days_ago in (0, 20):
            invoice = self._offer(100.0, days_ago=days_ago)
            self._match_bank_statement(invoice, (5.0, fees))
            self.assertEqual(invoice.amount_residual, 0.0)
            self.assertCreditable(invoice, 115.0)

    def test_bank_statement(self):
        other_account = self.discount_account.copy()
        for amount, account, left in (
            (11.5, self.discount_account, 103.5),
            (4.0, self.discount_account, 111.0),
            # Where a company has an account for each tax rate.
            (11.5, other_account, 103.5),
        ):
            with self.subTest(amount=amount, account=account.display_name):
                invoice = self._offer(100.0)
                self._match_bank_statement(invoice, (amount, account))
                self.assertEqual(invoice.amount_residual, 0.0)
                self.assertCreditable(invoice, left)

    def test_bank_statement_of_a_late_and_an_early_one(self):
        late = self._offer(100.0, days_ago=20)
        early = self._offer(200.0)
        self._match_bank_statement(late + early, (23.0, self.discount_account))
        self.assertCreditable(late, 115.0)
        self.assertCreditable(early, 207.0)

    def test_written_off_by_an_entry(self):
        invoice = self._offer(100.0)
        self._register_payment(invoice, amount=110.0)
        due = invoice.line_ids.filtered(
            lambda line: line.display_type == "payment_term"
        )
        entry = self.env["account.move"].create(
            {
                "line_ids": [
                    Command.create(
                        {"account_id": self.discount_account.id, "debit": 5.0}
                    ),
                    Command.create(
                        {
                            "account_id": due.account_id.id,
                            "credit": 5.0,
                            "partner_id": self.partner_a.id,
                        }
                    ),
                ]
            }
        )
        entry.action_post()
        (entry.line_ids + due).filtered(
            lambda line: line.account_id == due.account_id
        ).reconcile()
        self.assertEqual(invoice.amount_residual, 0.0)
        self.assertCreditable(invoice, 110.0)

    def test_taken_off_again(self):
        for undo in (
            lambda payment: payment.action_cancel(),
            lambda payment: payment.move_id.line_ids.remove_move_reconcile(),
        ):
            invoice = self._offer(100.0)
            payment = self._register_payment(invoice)
            self.assertAmount(invoice.amount_creditable, 103.5, invoice)
            undo(payment)
            self.assertCreditable(invoice, 115.0)

    def test_foreign_currency(self):
        """At other rates on the day of the payment."""
        currency = self.setup_other_currency(
            "EUR",
            rates=[
                ("2020-01-01", 2.0),
                (str(self.today - timedelta(days=2)), 1.7),
            ],
        )
        for computation in ("included", "excluded", "mixed"):
            with self.subTest(computation=computation):
                invoice = self._offer(
                    33.33,
                    66.67,
                    days_ago=5,
                    computation=computation,
                    currency_id=currency.id,
                )
                payment = self._register_payment(invoice, currency_id=currency.id)
                self.assertEqual(invoice.amount_residual, 0.0)
                self.assertLess(payment.amount, invoice.amount_total)
                self.assertCreditable(invoice, payment.amount)

    def test_foreign_currency_in_company_currency(self):
        currency = self.setup_other_currency(
            "EUR",
            rates=[
                ("2020-01-01", 2.0),
                (str(self.today - timedelta(days=2)), 1.6),
            ],
        )
        invoice = self._offer(100.0, days_ago=5, currency_id=currency.id)
        # 115.00 at 1.6 are 71.88; of 64.69 that 103.50 are, half of the rest is paid.
        payment = self._write_off(
            invoice, 68.29, currency_id=self.env.company.currency_id.id
        )
        self.assertEqual(payment.currency_id, self.env.company.currency_id)
        self.assertEqual(invoice.amount_residual, 0.0)
        self.assertAlmostEqual(invoice.amount_creditable, 115.0 - 3.59 * 1.6, 2)

    def test_queries_do_not_grow(self):
        def count_queries(invoices):
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            left = invoices.mapped("amount_creditable")
            self.assertEqual(
                [round(amount, 2) for amount in left], [103.5] * len(invoices)
            )
            return self.env.cr.sql_log_count - before

        invoices = self.env["account.move"]
        for _number in range(6):
            invoices += self._offer(100.0)
            self._register_payment(invoices[-1])
        self.assertEqual(count_queries(invoices), count_queries(invoices[:2]))
