"""Found by review: each fails on the commit it was found on, see its docstring."""

from lxml import etree

from odoo import Command
from odoo.tests import tagged

from .common import CreditNoteCommon


@tagged("post_install", "-at_install")
class TestFound(CreditNoteCommon):
    def test_f07_credit_note_in_another_currency(self):
        """100 EUR at 2 EUR per unit are 50 off the invoice, not 100."""
        euro = self.setup_other_currency("EUR", rates=[("2020-01-01", 2.0)])
        invoice = self._invoice(1000.0)  # 1150.00
        self.env["account.move"].create(
            {
                "move_type": "out_refund",
                "partner_id": invoice.partner_id.id,
                "invoice_date": self.today,
                "reversed_entry_id": invoice.id,
                "currency_id": euro.id,
                "invoice_line_ids": [
                    Command.create(
                        {"name": "x", "price_unit": 100.0, "tax_ids": [Command.clear()]}
                    )
                ],
            }
        ).action_post()
        self.assertEqual(invoice.amount_creditable, 1100.0)

    def test_f09_localization_installed_later(self):
        """Its fields go beside Odoo's own, which vendor bills and entries show."""
        self.env["ir.ui.view"].create(
            {
                "name": "a localization",
                "model": "account.move.reversal",
                "inherit_id": self.env.ref("account.view_account_move_reversal").id,
                "arch": """<data>
                    <field name="date" position="before">
                        <field name="country_code" class="later"/>
                    </field>
                    <field name="journal_id" position="after">
                        <field name="country_code" class="later"/>
                    </field>
                </data>""",
            }
        )
        arch = self.env["account.move.reversal"].get_view(
            self.env.ref("account.view_account_move_reversal").id, "form"
        )["arch"]
        for node in etree.fromstring(arch).xpath("//field[@class='later']"):
            self.assertFalse(node.xpath("ancestor::*[@invisible]"))

    def _part_credited(self):
        invoice = self._invoice(9.99, 19.95, quantity=3)
        earlier = self._native_credit_note(invoice, post=False)
        for line in earlier.invoice_line_ids:
            line.price_unit = round(line.price_unit * 0.37, 2)
        earlier.action_post()
        return invoice, earlier

    def test_f11_reverse_and_create_invoice_keeps_the_earlier_credit_note(self):
        invoice, earlier = self._part_credited()
        left = invoice.amount_creditable
        self._wizard(invoice).modify_moves()
        credit_note = invoice.reversal_move_ids - earlier
        self.assertEqual(credit_note.amount_total, left)
        self.assertEqual(earlier.amount_residual, 0.0)
        self.assertEqual(invoice.amount_residual, 0.0)

    def test_f11_reverse_and_create_invoice_keeps_the_payment(self):
        """design.md: crediting never un-reconciles a payment."""
        invoice = self._invoice(100.0)
        self._register_payment(invoice, amount=40.0, payment_difference_handling="open")
        payment_lines = invoice._get_reconciled_amls()
        self._wizard(invoice).modify_moves()
        self.assertTrue(payment_lines <= invoice._get_reconciled_amls())
        self.assertEqual(invoice.reversal_move_ids.amount_residual, 40.0)

    def test_f12_only_credit_notes_of_the_invoice_take_its_lines(self):
        """credited_line_id is writable over RPC, on a line of any draft."""
        invoice = self._invoice(100.0, quantity=3)
        draft = self._invoice(1.0, post=False).with_user(self.clerk)
        draft.invoice_line_ids.write({"credited_line_id": invoice.invoice_line_ids.id})
        self.assertEqual(invoice.invoice_line_ids.quantity_creditable, 3.0)

    def test_f12_a_plain_copy_credits_nothing(self):
        invoice = self._invoice(100.0)
        copy = invoice.with_context(
            include_business_fields=True, move_reverse_cancel=False
        ).copy()
        self.assertEqual(copy.move_type, "out_invoice")
        self.assertEqual(invoice.invoice_line_ids.quantity_creditable, 1.0)

    def test_f13_rpc_with_journal_while_another_company_is_active(self):
        other = self.setup_other_company()["company"]
        invoice = self._invoice(100.0)
        self.clerk.company_ids += other
        wizard = (
            self.env["account.move.reversal"]
            .with_user(self.clerk)
            .with_context(allowed_company_ids=(other + self.env.company).ids)
            .create(
                {
                    "move_ids": [Command.set(invoice.ids)],
                    "journal_id": invoice.journal_id.id,
                }
            )
        )
        self.assertEqual(wizard.company_id, invoice.company_id)

    def _hand_made(self, invoice, tax, price=10.01):
        self.env["account.move"].create(
            {
                "move_type": "out_refund",
                "partner_id": invoice.partner_id.id,
                "invoice_date": self.today,
                "reversed_entry_id": invoice.id,
                "invoice_line_ids": [
                    Command.create(
                        {
                            "name": "x",
                            "price_unit": price,
                            "tax_ids": [Command.set(tax.ids)],
                        }
                    )
                ],
            }
        ).action_post()

    def test_f15_earlier_credit_note_with_a_tax_the_invoice_has_not(self):
        """A traceback on 14886e8; 1.50 too much on d8a69f2."""
        other_tax = self.tax_sale_a.copy({"name": "other", "amount": 7.0})
        for taxes in (other_tax, self.env["account.tax"]):
            with self.subTest(taxes=taxes.mapped("name")):
                invoice = self._invoice(100.0, post=False)
                invoice.invoice_line_ids.tax_ids = taxes
                invoice.action_post()
                self._hand_made(invoice, self.tax_sale_a)
                left = invoice.amount_creditable
                credit_note = self._credit(invoice)
                self.assertEqual(credit_note.amount_total, left)
                self.assertBalanced(invoice + invoice.reversal_move_ids)

    def test_by_hand_more_than_the_lines_with_its_tax(self):
        """What it credits is no cent line's alone: all that is left was refused."""
        other_tax = self.tax_sale_a.copy({"name": "other", "amount": 7.0})
        invoice = self._invoice(150.0, 0.01, post=False)
        invoice.invoice_line_ids[0].tax_ids = other_tax
        invoice.action_post()
        self._hand_made(invoice, self.tax_sale_a)
        left = invoice.amount_creditable
        credit_note = self._credit(invoice)
        self.assertEqual(credit_note.amount_total, left)
        self.assertBalanced(invoice + invoice.reversal_move_ids)

    def test_f15_rounding_to_the_other_account(self):
        rounding = self.env["account.cash.rounding"].create(
            {
                "name": "0.05",
                "rounding": 0.05,
                "strategy": "add_invoice_line",
                "rounding_method": "HALF-UP",
                "profit_account_id": self.company_data["default_account_revenue"].id,
                "loss_account_id": self.company_data["default_account_expense"].id,
            }
        )
        for price in (99.98, 100.02, 33.31, 33.34):
            with self.subTest(price=price):
                invoice = self._invoice(
                    price, 66.63, invoice_cash_rounding_id=rounding.id
                )
                self._native_credit_note(invoice, price_unit=12.34)
                left = invoice.amount_creditable
                credit_note = self._credit(invoice)
                self.assertEqual(credit_note.amount_total, left)
                self.assertBalanced(invoice + invoice.reversal_move_ids)
