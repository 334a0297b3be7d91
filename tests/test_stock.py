from odoo import Command
from odoo.tests import tagged

from .common import CreditNoteCommon


@tagged("post_install", "-at_install")
class TestStock(CreditNoteCommon):
    """Cost of goods sold: `dev/test --with stock_account,sale_stock :TestStock`."""

    def setUp(self):
        super().setUp()
        if "cogs_origin_id" not in self.env["account.move.line"]._fields:
            self.skipTest("no valued stock in this database: --with stock_account")
        category = self.env["product.category"].create(
            {
                "name": "valued",
                "property_valuation": "real_time",
                "property_cost_method": "standard",
            }
        )
        account = self.company_data["default_account_revenue"]
        self.stock_account = account.copy(
            {"name": "stock", "account_type": "asset_current"}
        )
        self.cost_account = account.copy({"name": "cost", "account_type": "expense"})
        category.property_stock_valuation_account_id = self.stock_account
        category.property_account_expense_categ_id = self.cost_account
        self.goods = self.env["product.product"].create(
            {
                "name": "Lamp",
                "is_storable": True,
                "standard_price": 6.0,
                "categ_id": category.id,
                "invoice_policy": "order",
                "taxes_id": [Command.set(self.tax_sale_a.ids)],
            }
        )

    def _goods_invoice(self, quantity=5):
        return self._create_invoice(
            invoice_line_ids=[
                self._prepare_invoice_line(
                    product_id=self.goods,
                    quantity=quantity,
                    price_unit=10.0,
                    tax_ids=self.tax_sale_a,
                )
            ],
            post=True,
        )

    def _cost(self, moves):
        """:return: what these documents book as cost, and take out of stock"""
        cost, stock = (
            sum(
                moves.line_ids.filtered(
                    lambda line, account=account: line.account_id == account
                ).mapped("balance")
            )
            for account in (self.cost_account, self.stock_account)
        )
        self.assertEqual(cost, -stock)
        return cost

    def _line(self, invoice, quantity, **values):
        return {
            "credit_method": "lines",
            "line_ids": [
                Command.create(
                    {
                        "invoice_line_id": invoice.invoice_line_ids.id,
                        "quantity": quantity,
                        **values,
                    }
                )
            ],
        }

    def test_everything(self):
        invoice = self._goods_invoice()
        self.assertEqual(self._cost(invoice), 30.0)
        self.goods.standard_price = 7.5  # the cost of the day does not matter
        self.assertEqual(self._cost(self._credit(invoice)), -30.0)

    def test_part_of_the_quantity_then_the_rest(self):
        invoice = self._goods_invoice()
        self.goods.standard_price = 7.5
        first = self._credit(invoice, **self._line(invoice, 2))
        self.assertEqual(self._cost(first), -12.0)
        self.assertEqual(self._cost(self._credit(invoice)), -18.0)

    def test_lower_price_takes_no_goods_back(self):
        invoice = self._goods_invoice()
        first = self._credit(invoice, **self._line(invoice, 5, price_unit=1.0))
        self.assertEqual(first.amount_untaxed, 5.0)
        self.assertEqual(self._cost(first), 0.0)
        self.assertFalse(
            first.line_ids.filtered(lambda line: line.display_type == "cogs")
        )
        # The rest takes the goods back, whatever it is worth by now.
        rest = self._credit(invoice)
        self.assertEqual(rest.amount_untaxed, 45.0)
        self.assertEqual(self._cost(rest), -30.0)

    def test_amount_and_percentage_take_no_goods_back(self):
        invoice = self._goods_invoice()
        for values in (
            {"credit_method": "amount", "amount": 11.5},
            {"credit_method": "percentage", "percentage": 10},
        ):
            with self.subTest(values=values):
                self.assertEqual(self._cost(self._credit(invoice, **values)), 0.0)
        self.assertEqual(self._cost(self._credit(invoice)), -30.0)

    def test_draft_of_a_lower_price_posted_later(self):
        invoice = self._goods_invoice()
        wizard = self._wizard(invoice, credit_method="percentage", percentage=10)
        wizard.action_save_draft()
        wizard.new_move_ids.action_post()
        self.assertEqual(self._cost(wizard.new_move_ids), 0.0)

    def test_credited_and_invoiced_again(self):
        """Odoo's own copies the cost; ours once posted without it."""
        invoice = self._goods_invoice()
        action = self._wizard(invoice).action_reinvoice()["params"]["next"]
        self.assertEqual(self._cost(invoice.reversal_move_ids), -30.0)
        new_invoice = self.env["account.move"].browse(action["res_id"])
        new_invoice.action_post()
        everything = invoice + invoice.reversal_move_ids + new_invoice
        self.assertEqual(self._cost(everything), 30.0)

    def test_issued_by_mistake(self):
        invoice = self._goods_invoice()
        credit_note = self._credit(invoice)
        action = credit_note.action_invoice_again()
        again = self.env["account.move"].browse(action["res_id"])
        again.action_post()
        self.assertEqual(self._cost(invoice + credit_note + again), 30.0)

    def test_odoo_books_the_same_cost(self):
        """Whole, in a foreign currency, with two lines of one product."""
        currency = self.setup_other_currency("EUR", rates=[("2020-01-01", 2.0)])
        costs = []
        for native in (True, False):
            invoice = self._create_invoice(
                currency_id=currency.id,
                invoice_line_ids=[
                    self._prepare_invoice_line(
                        product_id=self.goods, quantity=quantity, price_unit=10.0
                    )
                    for quantity in (2, 3)
                ],
                post=True,
            )
            credit_note = (
                self._native_credit_note(invoice) if native else self._credit(invoice)
            )
            costs.append(self._cost(credit_note))
        self.assertEqual(costs[0], costs[1])

    def test_order_delivered_invoiced_and_credited(self):
        if "sale_line_ids" not in self.env["account.move.line"]._fields or (
            "stock.picking" not in self.env
            or "picking_ids" not in self.env["sale.order"]._fields
        ):
            self.skipTest("no delivery orders in this database: --with sale_stock")
        self.env.user.group_ids += self.env.ref("sales_team.group_sale_manager")
        self.goods.invoice_policy = "delivery"
        self.env["stock.quant"]._update_available_quantity(
            self.goods,
            self.env["stock.warehouse"]
            .search([("company_id", "=", self.env.company.id)], limit=1)
            .lot_stock_id,
            10,
        )
        order = self.env["sale.order"].create(
            {
                "partner_id": self.partner_a.id,
                "order_line": [
                    Command.create(
                        {
                            "product_id": self.goods.id,
                            "product_uom_qty": 5,
                            "price_unit": 10.0,
                        }
                    )
                ],
            }
        )
        order.action_confirm()
        order.picking_ids.move_ids.write({"quantity": 5, "picked": True})
        order.picking_ids.button_validate()
        self.assertEqual(order.order_line.qty_delivered, 5)
        invoice = order._create_invoices()
        invoice.action_post()
        self.assertEqual(self._cost(invoice), 30.0)
        price = self._credit(invoice, **self._line(invoice, 5, price_unit=1.0))
        self.assertEqual(self._cost(price), 0.0)
        self.assertEqual(order.order_line.qty_invoiced, 5)
        part = self._credit(invoice, **self._line(invoice, 2))
        self.assertEqual(self._cost(part), -12.0)
        self.assertEqual(order.order_line.qty_invoiced, 3)
        self.assertEqual(order.order_line.qty_delivered, 5)
        rest = self._credit(invoice)
        self.assertEqual(self._cost(rest), -18.0)
        self.assertEqual(order.order_line.qty_invoiced, 0)
        self.assertEqual(invoice.payment_state, "reversed")
        again = order._create_invoices()
        again.action_post()
        self.assertEqual(order.order_line.qty_invoiced, 5)
        self.assertEqual(self._cost(invoice + price + part + rest + again), 30.0)
