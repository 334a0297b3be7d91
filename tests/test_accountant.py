from odoo import Command
from odoo.exceptions import UserError
from odoo.tests import tagged

from .common import CreditNoteCommon


@tagged("post_install", "-at_install")
class TestAccountant(CreditNoteCommon):
    """What an accountant tries who wants to break the books."""

    def assertCreditedToZero(self, invoice):
        credit_notes = invoice.reversal_move_ids
        self.assertAlmostEqual(
            sum(credit_notes.mapped("amount_total")), invoice.amount_total
        )
        for account in invoice.line_ids.account_id:
            lines = (invoice + credit_notes).line_ids.filtered(
                lambda line, account=account: line.account_id == account
            )
            self.assertAlmostEqual(sum(lines.mapped("balance")), 0.0, msg=account.code)
            self.assertAlmostEqual(
                sum(lines.mapped("amount_currency")), 0.0, msg=account.code
            )
        self.assertEqual(invoice.amount_creditable, 0.0)

    def test_credit_note_on_a_reinvoiced_invoice(self):
        invoice = self._invoice(100.0)
        action = self._wizard(invoice).action_reinvoice()["params"]["next"]
        new_invoice = self.env["account.move"].browse(action["res_id"])
        with self.assertRaisesRegex(UserError, "Nothing is left to credit"):
            self._credit(invoice)
        new_invoice.invoice_line_ids.price_unit = 80.0
        new_invoice.action_post()
        self.assertEqual(new_invoice.amount_creditable, 92.0)
        self._credit(new_invoice)
        self.assertCreditedToZero(new_invoice)
        self.assertEqual(new_invoice.payment_state, "reversed")

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

    def test_overcharge_then_some_goods_back(self):
        """5 at 10, then 2 of each too much: two that come back are worth 8 each."""
        invoice = self._invoice(10.0, quantity=5)
        line = invoice.invoice_line_ids
        self._credit(
            invoice,
            credit_method="lines",
            line_ids=[
                Command.create(
                    {"invoice_line_id": line.id, "quantity": 5, "price_unit": 2.0}
                )
            ],
        )
        wizard = self._wizard(invoice, credit_method="lines")
        self.assertEqual(wizard.line_ids.price_unit, 8.0)
        wizard.line_ids.quantity = 2
        wizard.action_issue()
        self.assertEqual(wizard.new_move_ids.amount_untaxed, 16.0)
        self.assertEqual(line.quantity_creditable, 3.0)
        rest = self._credit(invoice)
        self.assertEqual(rest.amount_untaxed, 24.0)
        self.assertEqual(rest.invoice_line_ids.quantity, 3.0)
        self.assertCreditedToZero(invoice)

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

    def test_customer_became_a_contact(self):
        invoice = self._invoice(100.0)
        parent = self.env["res.partner"].create({"name": "Mother"})
        self.partner_a.parent_id = parent
        credit_note = self._credit(invoice)
        self.assertEqual(credit_note.partner_id, self.partner_a)
        self.assertEqual(invoice.payment_state, "reversed")
        self.assertEqual(credit_note.amount_residual, 0.0)
        self.assertCreditedToZero(invoice)

    def test_locked_periods(self):
        """Nothing is written in them, and the credit note goes in the open one."""
        invoice = self._invoice(100.0, invoice_date="2026-01-15")
        for lock in (
            "fiscalyear_lock_date",
            "tax_lock_date",
            "sale_lock_date",
            "hard_lock_date",
        ):
            with self.subTest(lock=lock):
                self.env.company[lock] = "2026-01-31"
                with self.assertRaisesRegex(UserError, "locked period"):
                    self._credit(invoice, date="2026-01-20")
                before = invoice.write_date, invoice.read()
                credit_note = self._credit(
                    invoice, credit_method="amount", amount=10.0, date="2026-02-01"
                )
                self.assertEqual(str(credit_note.date), "2026-02-01")
                self.assertTrue(before)
                if lock != "hard_lock_date":
                    self.env.company[lock] = False

    def test_branch_company(self):
        branch = self.env["res.company"].create(
            {
                "name": "Branch",
                "parent_id": self.env.company.id,
                "country_id": self.env.company.account_fiscal_country_id.id,
            }
        )
        self.env.user.company_ids += branch
        self.clerk.company_ids += branch
        self.partner_a.with_company(
            branch
        ).property_account_receivable_id = self.company_data[
            "default_account_receivable"
        ]
        invoice = self._invoice(
            100.0,
            company_id=branch.id,
            journal_id=self.company_data["default_journal_sale"].id,
        )
        self.assertEqual(invoice.company_id, branch)
        credit_note = self._credit(
            invoice.with_context(allowed_company_ids=(self.env.company + branch).ids),
            user=self.clerk,
        )
        self.assertEqual(credit_note.company_id, branch)
        self.assertEqual(invoice.payment_state, "reversed")

    def test_foreign_fiscal_position(self):
        other_tax = self.tax_sale_a.copy({"name": "abroad", "amount": 0.0})
        position = self.env["account.fiscal.position"].create({"name": "abroad"})
        invoice = self._invoice(100.0, fiscal_position_id=position.id, post=False)
        invoice.invoice_line_ids.tax_ids = other_tax
        invoice.action_post()
        credit_note = self._credit(invoice)
        self.assertEqual(credit_note.fiscal_position_id, position)
        self.assertEqual(credit_note.invoice_line_ids.tax_ids, other_tax)
        self.assertCreditedToZero(invoice)

    def test_receipt_in_parts(self):
        receipt = self._invoice(100.0, 50.0, move_type="out_receipt")
        self._credit(receipt, credit_method="amount", amount=12.34)
        self._credit(receipt)
        self.assertCreditedToZero(receipt)

    def test_only_sections(self):
        """Odoo posts it; there is nothing to credit but its text."""
        invoice = self._create_invoice(
            invoice_line_ids=[
                Command.create({"name": "Nothing", "display_type": "line_section"})
            ],
            post=True,
        )
        credit_note = self._credit(invoice)
        self.assertEqual(credit_note.amount_total, 0.0)
        self.assertEqual(credit_note.invoice_line_ids.mapped("name"), ["Nothing"])
        with self.assertRaisesRegex(UserError, "Nothing is left to credit"):
            self._credit(invoice)

    def test_negative_quantity_lines(self):
        invoice = self._create_invoice(
            invoice_line_ids=[
                self._prepare_invoice_line(
                    name=name,
                    price_unit=price,
                    quantity=quantity,
                    tax_ids=self.tax_sale_a,
                )
                for name, price, quantity in (
                    ("sold", 100.0, 5.0),
                    ("returned", 100.0, -2.0),
                    ("discount", -33.33, 1.0),
                )
            ],
            post=True,
        )
        for values in (
            {"credit_method": "amount", "amount": 33.33},
            {"credit_method": "percentage", "percentage": 10},
            {},
        ):
            wizard = self._wizard(invoice, **values)
            preview = wizard._get_preview(invoice)
            wizard.action_issue()
            self.assertAlmostEqual(
                wizard.new_move_ids.amount_total, preview["total"], msg=str(values)
            )
        self.assertCreditedToZero(invoice)

    def test_negative_quantity_line_by_line(self):
        invoice = self._create_invoice(
            invoice_line_ids=[
                self._prepare_invoice_line(
                    name=name,
                    price_unit=100.0,
                    quantity=quantity,
                    tax_ids=self.tax_sale_a,
                )
                for name, quantity in (("sold", 5.0), ("returned", -2.0))
            ],
            post=True,
        )
        wizard = self._wizard(invoice, credit_method="lines")
        self.assertEqual(len(wizard.line_ids), 2)
        for line in wizard.line_ids:
            line.is_credited = True
            line._inverse_is_credited()
        wizard.action_issue()
        self.assertCreditedToZero(invoice)

    def test_lines_that_come_to_less_than_nothing(self):
        """Odoo: "You cannot validate an invoice with a negative total amount"."""
        invoice = self._invoice(100.0, -30.0)
        discount = invoice.invoice_line_ids[1]
        with self.assertRaisesRegex(
            UserError, rf"of {invoice.name} to credit come to .*34.50, less than"
        ):
            self._credit(
                invoice,
                credit_method="lines",
                line_ids=[
                    Command.create({"invoice_line_id": discount.id, "quantity": 1})
                ],
            )

    def test_lines_without_what_is_taken_off_them(self):
        """More than the invoice: said before anything is issued."""
        invoice = self._invoice(100.0, -30.0)
        values = {
            "credit_method": "lines",
            "line_ids": [
                Command.create(
                    {"invoice_line_id": invoice.invoice_line_ids[0].id, "quantity": 1}
                )
            ],
        }
        with self.assertRaisesRegex(
            UserError, r"^.*115.00 is more than is left to credit on .*80.50"
        ):
            self._credit(invoice, **values)
        self.assertFalse(invoice.reversal_move_ids)
        self.env.company.over_credit_policy = "warn"
        self.assertEqual(self._credit(invoice, **values).amount_total, 115.0)

    def test_percentage_that_is_nothing(self):
        """Odoo: "Even magicians can't post nothing!"."""
        invoices = self._invoice(100.0) + self._invoice(0.01)
        with self.assertRaisesRegex(UserError, f"10.0 % of {invoices[1].name} is noth"):
            self._credit(invoices, credit_method="percentage", percentage=10)

    def test_cash_rounding_on_one_of_several(self):
        """The item for it was once made on each of the credit notes."""
        rounding = self.env["account.cash.rounding"].create(
            {
                "name": "1.00",
                "rounding": 1.0,
                "strategy": "biggest_tax",
                "rounding_method": "HALF-UP",
            }
        )
        invoices = self._invoice(33.33) + self._invoice(
            33.33, invoice_cash_rounding_id=rounding.id
        )
        for values in ({"credit_method": "percentage", "percentage": 37}, {}):
            wizard = self._wizard(invoices, **values)
            previews = [wizard._get_preview(invoice) for invoice in invoices]
            wizard.action_issue()
            for credit_note, preview in zip(wizard.new_move_ids, previews, strict=True):
                self.assertAlmostEqual(credit_note.amount_total, preview["total"])
                # What is rounded on the tax is tax.
                self.assertAlmostEqual(credit_note.amount_tax, preview["tax"])
        for invoice in invoices:
            self.assertCreditedToZero(invoice)

    def test_archived_tax_account_and_currency(self):
        currency = self.setup_other_currency("EUR", rates=[("2020-01-01", 2.0)])
        tax = self.tax_sale_a.copy({"name": "old"})
        account = self.company_data["default_account_revenue"].copy({"name": "old"})
        invoice = self._invoice(100.0, 50.0, currency_id=currency.id, post=False)
        invoice.invoice_line_ids.tax_ids = tax
        invoice.invoice_line_ids.account_id = account
        invoice.action_post()
        tax.active = False
        # Odoo posts nothing with these; it says so, and nothing is changed.
        for record, sentence in (
            (account, "account old .* is archived"),
            (currency, "inactive currency: EUR"),
        ):
            record.active = False
            with (
                self.assertRaisesRegex(UserError, sentence),
                self.env.cr.savepoint(),
            ):
                self._credit(invoice)
            self.assertFalse(invoice.reversal_move_ids)
            record.active = True
        self._credit(invoice, credit_method="amount", amount=10.01)
        self._credit(invoice)
        self.assertCreditedToZero(invoice)

    def test_currencies_of_0_and_3_decimals(self):
        for name, rounding, rate in (
            ("JPY", 1.0, 163.37),
            ("KWD", 0.001, 0.3071),
            ("CHF", 0.05, 0.91),
        ):
            currency = self.setup_other_currency(
                name, rounding=rounding, rates=[("2020-01-01", rate)]
            )
            with self.subTest(currency=name):
                invoice = self._invoice(
                    1033.0, 77.0, 15.0, currency_id=currency.id, quantity=3
                )
                for values in (
                    {"credit_method": "amount", "amount": 100.0},
                    {"credit_method": "percentage", "percentage": 33.33},
                    {},
                ):
                    wizard = self._wizard(invoice, **values)
                    preview = wizard._get_preview(invoice)
                    wizard.action_issue()
                    self.assertAlmostEqual(
                        wizard.new_move_ids.amount_total, preview["total"]
                    )
                self.assertCreditedToZero(invoice)
                self.assertEqual(invoice.payment_state, "reversed")

    def test_tax_exigibility_changed_since(self):
        self.env.company.tax_exigibility = True
        invoice = self._invoice(100.0)
        self.tax_sale_a.write(
            {
                "tax_exigibility": "on_payment",
                "cash_basis_transition_account_id": self.company_data[
                    "default_account_revenue"
                ]
                .copy({"reconcile": True})
                .id,
            }
        )
        self._credit(invoice, credit_method="amount", amount=11.5)
        self._credit(invoice)
        self.assertCreditedToZero(invoice)
