from odoo import Command, fields
from odoo.tests import Form, tagged

from .common import CreditNoteCommon


@tagged("post_install", "-at_install")
class TestSettlement(CreditNoteCommon):
    """What is credited beyond the amount due is kept, applied or refunded."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.paid = cls._invoice(100.0)  # 115.00 with tax
        cls._register_payment(cls.paid)

    def _open_invoice(self, price, days, **values):
        return self._invoice(
            price,
            invoice_date=self.today,
            invoice_date_due=fields.Date.add(self.today, days=days),
            invoice_payment_term_id=False,
            **values,
        )

    def test_keep(self):
        credit_note = self._credit(self.paid)
        self.assertEqual(credit_note.amount_residual, 115.0)

    def test_apply_to_the_oldest_due_first(self):
        later = self._open_invoice(100.0, 20)
        sooner = self._open_invoice(50.0, 10)
        foreign = self._open_invoice(
            50.0, 1, currency_id=self.setup_other_currency("EUR").id
        )
        stranger = self._open_invoice(50.0, 1, partner=self.partner_b)
        wizard = self._wizard(self.paid, settlement="apply")
        action = wizard.action_issue()
        credit_note = wizard.new_move_ids
        self.assertEqual(
            action["params"]["message"],
            f"%s: {self.env.company.currency_id.format(115.0)}. "
            f"Applied to {sooner.name} and {later.name}",
        )
        self.assertEqual(credit_note.amount_residual, 0.0)
        self.assertEqual(sooner.amount_residual, 0.0)
        self.assertEqual(later.amount_residual, 57.5)
        self.assertEqual(foreign.amount_residual, foreign.amount_total)
        self.assertEqual(stranger.amount_residual, stranger.amount_total)
        self.assertTrue(self.paid.payment_state in ("paid", "in_payment"))
        self.assertIn(
            f"Applied to {sooner.name} and {later.name}",
            "".join(credit_note.message_ids.mapped("body")),
        )

    def test_apply_until_nothing_is_left(self):
        sooner = self._open_invoice(200.0, 10)
        later = self._open_invoice(50.0, 20)
        credit_note = self._credit(self.paid, settlement="apply")
        self.assertEqual(credit_note.amount_residual, 0.0)
        self.assertEqual(sooner.amount_residual, 115.0)
        self.assertEqual(later.amount_residual, 57.5)

    def test_apply_of_what_the_invoice_takes_itself(self):
        """Nothing is left of the credit, and other invoices stay as they are."""
        invoice, other = self._invoice(100.0), self._invoice(100.0)
        credit_note = self._credit(invoice, settlement="apply")
        self.assertEqual(invoice.payment_state, "reversed")
        self.assertEqual(credit_note.payment_state, "paid")
        self.assertEqual(other.amount_residual, 115.0)

    def test_apply_without_open_invoices_keeps(self):
        credit_note = self._credit(self.paid, settlement="apply")
        self.assertEqual(credit_note.amount_residual, 115.0)

    def test_refund_through_register_payment(self):
        wizard = self._wizard(self.paid, settlement="refund")
        action = wizard.action_issue()["params"]["next"]
        self.assertEqual(action["res_model"], "account.payment.register")
        with Form(
            self.env["account.payment.register"].with_context(**action["context"])
        ) as form:
            self.assertEqual(form.amount, 115.0)
        form.record.action_create_payments()
        self.assertEqual(wizard.new_move_ids.amount_residual, 0.0)
        self.assertIn(self.paid.payment_state, ("paid", "in_payment"))

    # --- what the document says of it ---------------------------------------------

    def _said(self, credit_note):
        """:return: {label: amount} that the document has beside its totals"""
        return {line.label: line.amount for line in credit_note._get_settlement_lines()}

    def _refund(self, credit_note, **values):
        return self._register_payment(credit_note, payment_date="2026-05-10", **values)

    def test_document_says_to_what_it_was_applied(self):
        sooner = self._open_invoice(50.0, 10)
        credit_note = self._credit(self.paid, settlement="apply")
        self.assertEqual(
            self._said(credit_note),
            {
                f"Applied to {sooner.name}": 57.5,
                "Kept as your credit": 57.5,
                f"Left to pay on {self.paid.name}": 0.0,
            },
        )

    def test_document_says_when_it_was_refunded(self):
        credit_note = self._credit(self.paid)
        self._refund(credit_note)
        self.assertEqual(
            self._said(credit_note),
            {
                "Refunded on 05/10/2026": 115.0,
                f"Left to pay on {self.paid.name}": 0.0,
            },
        )

    def test_document_says_what_is_refunded_before_the_bank_confirms(self):
        """Beside Odoo's Accounting app, a payment without an outstanding account makes
        no entry until then.
        """
        self.patch(
            self.registry["account.move"],
            "_get_invoice_in_payment_state",
            lambda _self: "in_payment",
        )
        credit_note = self._credit(self.paid)
        self.outbound_payment_method_line.payment_account_id = False
        self._refund(credit_note, amount=100.0)
        foreign = self._refund(
            credit_note, amount=1.0, currency_id=self.setup_other_currency("EUR").id
        )
        self.assertFalse(foreign.move_id)
        self.assertIn(foreign, credit_note.matched_payment_ids)
        self.assertEqual(credit_note.amount_residual, 115.0)
        self.assertEqual(
            self._said(credit_note),
            {
                "Refunded on 05/10/2026": 100.0,
                "Kept as your credit": 15.0,
                f"Left to pay on {self.paid.name}": 0.0,
            },
        )

    def test_document_says_that_it_was_settled_otherwise(self):
        """By an entry that is neither a document nor a payment, as a write-off."""
        credit_note = self._credit(self.paid)
        receivable = credit_note.line_ids.filtered("date_maturity")
        entry = self.env["account.move"].create(
            {
                "date": "2026-05-10",
                "line_ids": [
                    Command.create(
                        {
                            "account_id": account.id,
                            "partner_id": self.partner_a.id,
                            "balance": balance,
                        }
                    )
                    for account, balance in (
                        (receivable.account_id, 115.0),
                        (self.company_data["default_account_revenue"], -115.0),
                    )
                ],
            }
        )
        entry.action_post()
        (receivable + entry.line_ids[0]).reconcile()
        self.assertEqual(
            self._said(credit_note),
            {
                "Settled on 05/10/2026": 115.0,
                f"Left to pay on {self.paid.name}": 0.0,
            },
        )

    # --- instalments, overpayments, rates, series ---------------------------------

    def test_instalments_are_credited_from_the_first(self):
        invoice = self._invoice(100.0, invoice_payment_term_id=self.pay_terms_b.id)
        credit_note = self._credit(invoice, credit_method="amount", amount=50.0)
        self.assertEqual(credit_note.amount_residual, 0.0)
        self.assertEqual(invoice.amount_residual, 65.0)
        lines = invoice.line_ids.filtered("date_maturity").sorted("date_maturity")
        self.assertEqual(lines[0].amount_residual, 0.0)

    def test_overpaid_invoice(self):
        invoice = self._invoice(100.0)
        payment = self._register_payment(
            invoice, amount=200.0, payment_difference_handling="open"
        )
        credit_note = self._credit(invoice)
        self.assertEqual(credit_note.amount_residual, 115.0)
        self.assertTrue(payment.exists())
        self.assertIn(invoice.payment_state, ("paid", "in_payment"))

    def test_rate_of_the_day(self):
        currency = self.setup_other_currency(
            "EUR", rates=[("2026-01-01", 2.0), ("2026-02-01", 4.0)]
        )
        invoice = self._invoice(
            100.0, currency_id=currency.id, invoice_date="2026-01-15"
        )
        wizard = self._wizard(invoice, date="2026-02-15", use_invoice_rate=False)
        wizard.action_issue()
        credit_note = wizard.new_move_ids
        self.assertEqual(credit_note.invoice_currency_rate, 4.0)
        self.assertEqual(credit_note.amount_total_signed, -28.75)
        self.assertEqual(invoice.payment_state, "reversed")
        self.assertTrue(invoice._get_reconciled_invoices_partials()[1])

    def test_rate_of_the_day_then_the_rest(self):
        currency = self.setup_other_currency(
            "EUR", rates=[("2026-01-01", 2.0), ("2026-02-01", 4.0)]
        )
        invoice = self._invoice(
            100.0, currency_id=currency.id, invoice_date="2026-01-15"
        )
        first = self._credit(
            invoice,
            date="2026-02-15",
            use_invoice_rate=False,
            credit_method="amount",
            amount=57.5,
        )
        rest = self._credit(invoice, date="2026-02-15")
        self.assertEqual(first.amount_total_signed, -14.38)
        self.assertEqual(rest.amount_total_signed, -28.75)
        self.assertEqual(invoice.payment_state, "reversed")

    def test_series_is_stopped(self):
        invoice = self._invoice(
            100.0, auto_post="monthly", auto_post_until="2100-01-01", post=False
        )
        invoice._post()
        [draft] = invoice._get_next_recurring_invoices()
        wizard = self._wizard(invoice)
        self.assertTrue(wizard.is_recurring)
        wizard.stop_recurring = True
        wizard.action_issue()
        self.assertEqual(draft.state, "cancel")
        self.assertFalse(invoice._get_next_recurring_invoices())

    def test_series_goes_on_unless_it_is_stopped(self):
        invoice = self._invoice(
            100.0, auto_post="monthly", auto_post_until="2100-01-01", post=False
        )
        invoice._post()
        self._credit(invoice)
        self.assertEqual(invoice._get_next_recurring_invoices().state, "draft")

    def test_apply_neither_in_another_account_nor_company(self):
        """Odoo reconciles within one account and company."""
        elsewhere = self._open_invoice(40.0, 1, post=False)
        elsewhere.line_ids.filtered(
            lambda line: line.display_type == "payment_term"
        ).account_id = self.company_data["default_account_receivable"].copy()
        elsewhere.action_post()
        other = self.setup_other_company()
        foreign = (
            self.env["account.move"]
            .with_company(other["company"])
            .create(
                {
                    "move_type": "out_invoice",
                    "partner_id": self.partner_a.id,
                    "invoice_date": self.today,
                    "invoice_line_ids": [
                        Command.create({"name": "x", "price_unit": 10.0, "tax_ids": []})
                    ],
                }
            )
        )
        foreign.action_post()
        receipt = self._open_invoice(20.0, 2, move_type="out_receipt")
        credit_note = self._credit(self.paid, settlement="apply")
        self.assertEqual(receipt.amount_residual, 0.0)
        self.assertEqual(elsewhere.amount_residual, 46.0)
        self.assertEqual(foreign.amount_residual, 10.0)
        self.assertEqual(credit_note.amount_residual, 92.0)

    def test_apply_to_the_instalments_that_are_due_first(self):
        both = self._open_invoice(100.0, 1)
        in_parts = self._invoice(
            100.0, invoice_date=self.today, invoice_payment_term_id=self.pay_terms_b.id
        )
        first, second = in_parts.line_ids.filtered(
            lambda line: line.display_type == "payment_term"
        ).sorted("date_maturity")
        self._credit(self.paid, settlement="apply")
        # Today, tomorrow, next month.
        self.assertTrue(first.reconciled)
        self.assertEqual(both.amount_residual, 115.0 - (115.0 - first.balance))
        self.assertFalse(second.reconciled)

    def test_apply_what_several_credit_notes_leave(self):
        """The ticked ones come first to their own credit notes."""
        second = self._invoice(50.0)
        self._register_payment(second)
        ticked = self._open_invoice(300.0, 1)
        other = self._open_invoice(200.0, 5)
        credit_notes = self._credit(
            self.paid + second + ticked,
            settlement="apply",
            credit_method="percentage",
            percentage=50,
        )
        # 57.50 and 28.75 are free: half of the ticked one is still due, and first.
        self.assertEqual(set(credit_notes.mapped("amount_residual")), {0.0})
        self.assertEqual(ticked.amount_residual, 345.0 / 2 - 57.5 - 28.75)
        self.assertEqual(other.amount_residual, 230.0)

    def test_refund_of_those_that_leave_something(self):
        """One paid, one open, one part-paid, of two customers: two are refunded."""
        invoices = (
            self.paid
            + self._open_invoice(10.0, 1)
            + self._open_invoice(20.0, 1, partner=self.partner_b)
        )
        self._register_payment(
            invoices[2], amount=13.0, payment_difference_handling="open"
        )
        wizard = self._wizard(invoices, settlement="refund")
        self.assertEqual(wizard.amount_customer_credit, 128.0)
        action = wizard.action_issue()["params"]["next"]
        with Form(
            self.env["account.payment.register"].with_context(**action["context"])
        ) as form:
            pass
        payments = form.record._create_payments()
        self.assertEqual(sorted(payments.mapped("amount")), [13.0, 115.0])
        self.assertEqual(payments.partner_id, self.partner_a + self.partner_b)
        self.assertEqual(set(payments.mapped("payment_type")), {"outbound"})
        self.assertEqual(set(wizard.new_move_ids.mapped("amount_residual")), {0.0})
        self.assertEqual(set(invoices.mapped("amount_residual")), {0.0})

    def test_rate_by_hand(self):
        """The rate on the invoice was typed in; it is that of its credit notes."""
        currency = self.setup_other_currency("EUR", rates=[("2020-01-01", 2.0)])
        for rate in (1.7321, 0.0313, 137.11):
            with self.subTest(rate=rate):
                invoice = self._invoice(
                    33.33, 66.61, 0.07, currency_id=currency.id, post=False
                )
                invoice.invoice_currency_rate = rate
                invoice.action_post()
                for values in (
                    {"credit_method": "amount", "amount": 47.11},
                    {"credit_method": "percentage", "percentage": 13},
                    {},
                ):
                    credit_note = self._credit(invoice, **values)
                    self.assertEqual(credit_note.invoice_currency_rate, rate)
                self.assertCreditedToZero(invoice)
                self.assertFalse(invoice._get_reconciled_invoices_partials()[1])

    def test_new_invoice_of_a_series_starts_no_other(self):
        invoice = self._invoice(
            100.0, auto_post="monthly", auto_post_until="2100-01-01", post=False
        )
        invoice._post()
        next_invoice = invoice._get_next_recurring_invoices()
        action = self._wizard(invoice).action_reinvoice()["params"]["next"]
        new_invoice = self.env["account.move"].browse(action["res_id"])
        self.assertEqual(new_invoice.auto_post, "no")
        self.assertEqual(invoice._get_next_recurring_invoices(), next_invoice)

    def test_parts_leave_no_exchange_difference(self):
        """Found by chance. Odoo rounds what each part is worth by itself, and books the
        cent by which they differ from the whole.
        """
        for code, rounding, rate, prices, is_in_instalments, paid, parts in (
            ("EUR", 0.01, 1.3337, (2.34, 5.29, 920.44), False, 0, (44, 15)),
            ("KWD", 0.001, 0.3071, (12.637, 3.005), True, 30, (23, 21)),
            ("BHD", 0.001, 0.3771, (92.818, 279.488), True, 0, (17, 17, 25)),
            ("CLF", 0.0001, 0.0259, (442.2874, 11.8067, 0.9523), True, 0, (49, 15)),
            ("JPY", 1.0, 163.37, (1372.0, 80178.0), True, 0, (15, 7)),
        ):
            currency = self.setup_other_currency(
                code, rounding=rounding, rates=[("2020-01-01", rate)]
            )
            with self.subTest(code):
                invoice = self._invoice(
                    *prices,
                    currency_id=currency.id,
                    invoice_date="2026-05-10",
                    invoice_payment_term_id=(
                        self.pay_terms_b.id if is_in_instalments else False
                    ),
                )
                if paid:
                    self._register_payment(
                        invoice,
                        amount=currency.round(invoice.amount_total * paid / 100),
                        payment_date="2026-05-19",
                        payment_difference_handling="open",
                    )
                for part in parts:
                    self._credit(
                        invoice,
                        date="2026-05-20",
                        credit_method="percentage",
                        percentage=part,
                    )
                    due = invoice.line_ids.filtered(
                        lambda line: line.display_type == "payment_term"
                    )
                    for line in due:
                        self.assertAlmostEqual(
                            line.amount_residual,
                            line.amount_residual_currency
                            * line.balance
                            / line.amount_currency,
                            delta=0.01,
                        )
                self._credit(invoice, date="2026-05-20")
                self.assertNoExchangeDifference(invoice)
                self.assertCreditedToZero(invoice)

    def test_matched_at_the_rate_of_the_invoice(self):
        """All of the smaller one; what would settle one currency alone is left to
        Odoo's exchange entry.
        """
        currency = self.setup_other_currency("EUR", rates=[("2020-01-01", 2.0)])
        invoice = self._invoice(100.0, currency_id=currency.id)
        due = invoice.line_ids.filtered(
            lambda line: line.display_type == "payment_term"
        )
        for debit, credit, matched in (
            ((10.0, 5.0), (4.0, 2.01), 2.01),
            ((4.0, 1.99), (10.0, 5.0), 1.99),
            ((4.0, 2.01), (4.0, 2.01), 2.01),
            ((0.01, 0.01), (1.0, 0.01), 0.01),
            ((0.02, 0.01), (0.01, 0.0), 0.0),
            ((4.0, 2.01), (4.0, 2.0), None),
            ((4.0, 2.0), (3.99, 2.01), None),
            ((4.0, 2.01), (5.0, 2.0), None),
            ((0.0, 2.01), (4.0, -2.0), None),
        ):
            with self.subTest(debit=debit, credit=credit):
                left = [
                    {
                        "aml": due,
                        "amount_residual_currency": sign * amount,
                        "amount_residual": sign * balance,
                    }
                    for sign, (amount, balance) in ((1, debit), (-1, credit))
                ]
                self.assertEqual(due._get_matched_at_same_rate(*left), matched)

    def test_drafts_of_one_invoice_posted_with_others(self):
        """Odoo pairs them by their place: the second draft of the first invoice would
        be set against the invoice of another customer.
        """
        first = self._invoice(100.0)
        second = self._invoice(100.0, partner=self.partner_b)
        drafts = self.env["account.move"]
        for invoice, amount in ((first, 10.0), (first, 20.0), (second, 40.0)):
            wizard = self._wizard(invoice, credit_method="amount", amount=amount)
            wizard.action_save_draft()
            drafts |= wizard.new_move_ids
        drafts.action_post()
        self.assertEqual(first.amount_residual, 85.0)
        self.assertEqual(second.amount_residual, 75.0)
        for draft in drafts:
            self.assertEqual(
                draft.line_ids.matched_debit_ids.debit_move_id.move_id,
                draft.reversed_entry_id,
            )

    def test_instalments_partly_paid(self):
        """The second instalment was paid, the first one was not."""
        invoice = self._invoice(100.0, invoice_payment_term_id=self.pay_terms_b.id)
        first, second = invoice.line_ids.filtered(
            lambda line: line.display_type == "payment_term"
        ).sorted("date_maturity")
        self.env["account.payment.register"].with_context(
            active_model="account.move.line", active_ids=second.ids
        ).create({"amount": 50.0})._create_payments()
        self.assertEqual(invoice.amount_residual, 65.0)
        wizard = self._wizard(invoice)
        preview = wizard._get_preview(invoice)
        wizard.action_issue()
        credit_note = wizard.new_move_ids
        self.assertEqual(preview["amount_customer_credit"], 50.0)
        self.assertEqual(credit_note.amount_residual, 50.0)
        self.assertEqual(invoice.amount_residual, 0.0)
        self.assertTrue(first.reconciled and second.reconciled)

    def test_paid_by_the_credit_note_of_another_invoice(self):
        paid = self._invoice(100.0)
        self._register_payment(paid)
        other = self._invoice(60.0)
        credit_note = self._credit(paid, settlement="apply")
        self.assertEqual(other.amount_residual, 0.0)
        second = self._credit(other)
        self.assertEqual(credit_note.amount_residual, 115.0 - 69.0)
        self.assertEqual(second.amount_residual, 69.0)
        self.assertCreditedToZero(other)

    def test_bad_debt_written_off(self):
        """Written off, then credited after all: the credit stays open, and nothing
        that was matched is taken apart.
        """
        invoice = self._invoice(100.0)
        receivable = invoice.line_ids.filtered(
            lambda line: line.display_type == "payment_term"
        )
        entry = self.env["account.move"].create(
            {
                "line_ids": [
                    Command.create(
                        {
                            "account_id": account.id,
                            "partner_id": invoice.partner_id.id,
                            "debit": debit,
                            "credit": 115.0 - debit,
                        }
                    )
                    for account, debit in (
                        (receivable.account_id, 0.0),
                        (self.company_data["default_account_expense"], 115.0),
                    )
                ]
            }
        )
        entry.action_post()
        (
            receivable
            + entry.line_ids.filtered(
                lambda line: line.account_id == receivable.account_id
            )
        ).reconcile()
        self.assertEqual(invoice.amount_residual, 0.0)
        credit_note = self._credit(invoice)
        self.assertEqual(credit_note.amount_residual, 115.0)
        self.assertTrue(receivable.reconciled)

    def test_fully_paid_then_reverse(self):
        """Odoo leaves the credit note open, and nobody is told what to do next."""
        invoice = self._invoice(100.0)
        self._register_payment(invoice)
        wizard = self._wizard(invoice, settlement="refund")
        self.assertEqual(wizard.amount_customer_credit, 115.0)
        action = wizard.action_issue()
        self.assertEqual(
            action["params"]["next"]["res_model"], "account.payment.register"
        )
        self.assertEqual(wizard.new_move_ids.billing_status, "open_credit")

    def test_rate_2_then_rate_3(self):
        """Odoo: 50.00 against -33.33 and an exchange difference."""
        currency = self.setup_other_currency(
            "EUR", rates=[("2026-01-01", 2.0), ("2026-02-01", 3.0)]
        )
        invoice = self._invoice(
            100.0, currency_id=currency.id, invoice_date="2026-01-15"
        )
        credit_note = self._credit(invoice, date="2026-02-15")
        self.assertEqual(credit_note.amount_total_signed, -invoice.amount_total_signed)
        self.assertFalse(invoice._get_reconciled_invoices_partials()[1])
