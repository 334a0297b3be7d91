from odoo import Command
from odoo.tests import tagged

from .common import CreditNoteCommon


@tagged("post_install", "-at_install")
class TestExpense(CreditNoteCommon):
    """Expenses on a sales order: `dev/test --with sale_expense :TestExpense`."""

    def setUp(self):
        super().setUp()
        if (
            "hr.expense" not in self.env
            or "sale_order_id" not in self.env["hr.expense"]._fields
        ):
            self.skipTest("no expenses of sales orders here: --with sale_expense")
        for group in (
            "hr_expense.group_hr_expense_manager",
            "sales_team.group_sale_manager",
        ):
            self.env.user.group_ids += self.env.ref(group)
        self.order = self.env["sale.order"].create(
            {
                "partner_id": self.partner_a.id,
                "order_line": [Command.create({"product_id": self.product_b.id})],
            }
        )
        self.order.action_confirm()
        self.expense = self._posted_expense()
        self.order_line = self.order.order_line.filtered("expense_ids")
        self.assertEqual(self.order_line.qty_delivered, 3)

    def _posted_expense(self):
        """:return: an expense of 3 at 20.0, to invoice at cost to the order"""
        work_contact = self.env["res.partner"].create({"name": "Traveller"})
        # sudo: hiring is not what is tested
        employee = (
            self.env["hr.employee"]
            .sudo()
            .create({"name": "Traveller", "work_contact_id": work_contact.id})
            .sudo(False)
        )
        product = self.env["product.product"].create(
            {
                "name": "Night",
                "can_be_expensed": True,
                "expense_policy": "cost",
                "invoice_policy": "delivery",
                "standard_price": 20.0,
                "supplier_taxes_id": [Command.clear()],
                "taxes_id": [Command.set(self.tax_sale_a.ids)],
                "type": "service",
            }
        )
        expense = self.env["hr.expense"].create(
            {
                "name": "Hotel",
                "employee_id": employee.id,
                "product_id": product.id,
                "quantity": 3,
                "sale_order_id": self.order.id,
            }
        )
        expense.action_submit()
        expense.action_approve()
        action = expense.action_post()
        if action:
            self.env["hr.expense.post.wizard"].with_context(**action["context"]).browse(
                action["res_id"]
            ).action_post_entry()
        self.assertEqual(expense.account_move_id.state, "posted")
        return expense

    def _invoice_of_order(self):
        invoice = self.order._create_invoices()
        invoice.action_post()
        return invoice

    def _expense_line(self, invoice):
        return invoice.invoice_line_ids.filtered(
            lambda line: line.sale_line_ids == self.order_line
        )

    def test_credited_and_invoiced_again(self):
        invoice = self._invoice_of_order()
        self.assertEqual(self._expense_line(invoice).price_subtotal, 60.0)
        entry = self.expense.account_move_id
        before = entry.line_ids.read(["balance", "amount_residual", "account_id"])
        lines = self.order.order_line
        self.assertBalanced(invoice + self._credit(invoice))
        self.assertEqual(self.order_line.qty_invoiced, 0)
        # The order gets no second line for the expense, and the employee is still owed.
        self.assertEqual(self.order.order_line, lines)
        self.assertEqual(self.order_line.qty_delivered, 3)
        self.assertEqual(self.expense.account_move_id, entry)
        after = entry.line_ids.read(["balance", "amount_residual", "account_id"])
        self.assertEqual(after, before)
        again = self._invoice_of_order()
        self.assertEqual(self._expense_line(again).price_subtotal, 60.0)

    def test_part_of_the_expense(self):
        invoice = self._invoice_of_order()
        line = self._expense_line(invoice)
        credit_note = self._credit(
            invoice,
            credit_method="lines",
            line_ids=[Command.create({"invoice_line_id": line.id, "quantity": 1})],
        )
        self.assertEqual(credit_note.amount_untaxed, 20.0)
        self.assertEqual(self.order_line.qty_invoiced, 2)
        self._credit(invoice, credit_method="percentage", percentage=10)
        self.assertEqual(self.order_line.qty_invoiced, 2)

    def test_expense_is_reversed_as_ever(self):
        """The employee's receipt is no customer document: no lock, no guard."""
        entry = self.expense.account_move_id
        wizard = (
            self.env["account.move.reversal"]
            .with_context(active_model="account.move", active_ids=entry.ids)
            .create({"journal_id": entry.journal_id.id})
        )
        self.assertFalse(wizard.is_credit_note)
        wizard.refund_moves()
        reversal = wizard.new_move_ids
        reversal.action_post()
        self.assertAlmostEqual(sum((entry + reversal).line_ids.mapped("balance")), 0.0)
        self.assertEqual(self.order_line.qty_delivered, 0)
