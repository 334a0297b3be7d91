from odoo import Command
from odoo.exceptions import UserError
from odoo.tests import Form, tagged

from .common import CreditNoteCommon


@tagged("post_install", "-at_install")
class TestMethods(CreditNoteCommon):
    """By line, by amount, by percentage: preview and credit note agree to the cent."""

    def _credit_by(self, invoices, **values):
        """:return: credit notes, after a look whether they are what was previewed"""
        wizard = self._wizard(invoices, **values)
        previews = {
            invoice: wizard._get_preview(invoice) for invoice in wizard.move_ids
        }
        wizard.action_issue()
        for credit_note in wizard.new_move_ids:
            invoice = credit_note.reversed_entry_id
            preview = previews[invoice]
            self.assertAlmostEqual(credit_note.amount_total, preview["total"])
            self.assertAlmostEqual(credit_note.amount_untaxed, preview["untaxed"])
            self.assertAlmostEqual(credit_note.amount_tax, preview["tax"])
            self.assertAlmostEqual(invoice.amount_residual, preview["amount_due_after"])
            self.assertAlmostEqual(
                credit_note.amount_residual, preview["amount_customer_credit"]
            )
            self.assertAlmostEqual(invoice.amount_creditable, preview["amount_left"])
            totals = credit_note.tax_totals
            self.assertAlmostEqual(
                totals["total_amount_currency"], credit_note.amount_total
            )
        return wizard.new_move_ids

    def _lines(self, invoice, *quantities_and_prices):
        return [
            Command.create(
                {
                    "invoice_line_id": line.id,
                    "quantity": quantity,
                    **({"price_unit": price} if price is not None else {}),
                }
            )
            for line, (quantity, price) in zip(
                invoice.invoice_line_ids, quantities_and_prices, strict=False
            )
        ]

    def test_whole_lines(self):
        invoice = self._invoice(100.0, 50.0, 20.0)
        credit_note = self._credit_by(
            invoice,
            credit_method="lines",
            line_ids=self._lines(invoice, (1, None), (0, None), (1, None)),
        )
        self.assertEqual(
            credit_note.invoice_line_ids.credited_line_id,
            invoice.invoice_line_ids[0] + invoice.invoice_line_ids[2],
        )
        self.assertEqual(credit_note.amount_total, 138.0)
        self.assertEqual(
            invoice.invoice_line_ids.mapped("quantity_creditable"), [0.0, 1.0, 0.0]
        )
        self.assertEqual(invoice.billing_status, "partially_credited")

    def test_part_of_a_quantity(self):
        invoice = self._invoice(10.0, quantity=5)
        credit_note = self._credit_by(
            invoice,
            credit_method="lines",
            line_ids=self._lines(invoice, (2, None)),
        )
        self.assertEqual(credit_note.invoice_line_ids.quantity, 2.0)
        self.assertEqual(credit_note.invoice_line_ids.price_unit, 10.0)
        self.assertEqual(invoice.invoice_line_ids.quantity_creditable, 3.0)

    def test_lower_price_credits_no_quantity(self):
        invoice = self._invoice(10.0, quantity=5)
        credit_note = self._credit_by(
            invoice,
            credit_method="lines",
            line_ids=self._lines(invoice, (5, 2.0)),
        )
        self.assertEqual(credit_note.amount_untaxed, 10.0)
        self.assertEqual(invoice.invoice_line_ids.quantity_creditable, 5.0)
        rest = self._credit_by(invoice)
        self.assertEqual(rest.invoice_line_ids.quantity, 5.0)
        self.assertAlmostEqual(rest.invoice_line_ids.price_unit, 8.0)
        self.assertEqual(invoice.invoice_line_ids.quantity_creditable, 0.0)
        self.assertEqual(invoice.payment_state, "reversed")

    def test_amount_is_hit_exactly(self):
        invoice = self._invoice(33.33, 66.67, 19.99)
        for amount in (0.01, 10.0, 33.33, 47.11):
            with self.subTest(amount=amount):
                credit_note = self._credit_by(
                    invoice, credit_method="amount", amount=amount
                )
                self.assertAlmostEqual(credit_note.amount_total, amount)
        self._credit_by(invoice)
        self.assertEqual(invoice.payment_state, "reversed")
        _invoiced, left = invoice._get_invoiced_and_left()
        self.assertFalse(any(left.values()), left)

    def test_percentage_of_many(self):
        invoices = self._invoice(100.0) + self._invoice(33.33, 10.01)
        credit_notes = self._credit_by(
            invoices, credit_method="percentage", percentage=10
        )
        self.assertEqual(
            [round(total, 2) for total in credit_notes.mapped("amount_total")],
            [11.5, 4.98],
        )
        # A discount afterwards gives no goods back.
        self.assertEqual(
            invoices.invoice_line_ids.mapped("quantity_creditable"), [1.0, 1.0, 1.0]
        )

    def test_tax_of_the_lines_that_are_credited(self):
        invoice = self._invoice(100.0, 50.0)
        zero_rated = self._create_invoice(
            invoice_line_ids=[
                self._prepare_invoice_line(price_unit=100.0, tax_ids=self.tax_sale_a),
                self._prepare_invoice_line(price_unit=50.0, tax_ids=[]),
            ],
            post=True,
        )
        del invoice
        credit_note = self._credit_by(
            zero_rated,
            credit_method="lines",
            line_ids=self._lines(zero_rated, (0, None), (1, None)),
        )
        self.assertEqual(credit_note.amount_tax, 0.0)
        self.assertEqual(credit_note.amount_untaxed, 50.0)

    def test_manual_tax_correction(self):
        """The invoice's tax was set by hand: 14.99 instead of 15.00."""
        invoice = self._invoice(100.0, 100.0, post=False)
        tax_line = invoice.line_ids.filtered(lambda line: line.display_type == "tax")
        tax_line.amount_currency = -29.99
        invoice.action_post()
        self.assertAlmostEqual(invoice.amount_tax, 29.99)
        first = self._credit_by(
            invoice,
            credit_method="lines",
            line_ids=self._lines(invoice, (1, None)),
        )
        second = self._credit_by(invoice)
        self.assertAlmostEqual(first.amount_tax + second.amount_tax, 29.99)
        self.assertEqual(invoice.payment_state, "reversed")

    def test_sections_and_notes_come_along(self):
        invoice = self._create_invoice(
            invoice_line_ids=[
                Command.create({"name": name, "display_type": display_type})
                if display_type != "product"
                else self._prepare_invoice_line(name=name, price_unit=10.0)
                for name, display_type in (
                    ("Section 1", "line_section"),
                    ("Goods 1", "product"),
                    ("Note 1", "line_note"),
                    ("Section 2", "line_section"),
                    ("Subsection 2.1", "line_subsection"),
                    ("Goods 2", "product"),
                    ("Note 2", "line_note"),
                    ("Subsection 2.2", "line_subsection"),
                    ("Goods 3", "product"),
                    ("Note 3", "line_note"),
                )
            ],
            post=True,
        )
        goods = invoice.invoice_line_ids.filtered(lambda line: line.name == "Goods 3")
        credit_note = self._credit_by(
            invoice,
            credit_method="lines",
            line_ids=[Command.create({"invoice_line_id": goods.id, "quantity": 1.0})],
        )
        self.assertEqual(
            credit_note.invoice_line_ids.mapped("name"),
            ["Section 2", "Subsection 2.2", "Goods 3", "Note 3"],
        )

    def test_dialog_by_line(self):
        invoice = self._invoice(100.0, 50.0)
        action = invoice.action_credit_note()
        with Form.from_action(self.env, action) as form:
            form.credit_method = "lines"
            self.assertEqual(len(form.line_ids), 2)
            with form.line_ids.edit(1) as line:
                line.quantity = 1.0
            self.assertEqual(form.amount_to_credit, 57.5)
            self.assertIn("57.50", form.preview)
        form.record.action_issue()
        self.assertEqual(
            invoice.reversal_move_ids.invoice_line_ids.credited_line_id,
            invoice.invoice_line_ids[1],
        )

    def test_refusals(self):
        invoice = self._invoice(100.0, quantity=2)  # 230.00 with tax
        other = self._invoice(50.0)
        name = invoice.name
        for values, sentence in (
            ({"credit_method": "lines"}, f"Tick the lines of {name}"),
            (
                {
                    "credit_method": "lines",
                    "line_ids": self._lines(invoice, (3, None)),
                },
                f"3.00 of “Service 1” is more than is left to credit on {name}: 2.00",
            ),
            (
                {
                    "credit_method": "lines",
                    "line_ids": self._lines(invoice, (1, 100.01)),
                },
                "100.01, is more than is left of the price on",
            ),
            (
                {
                    "credit_method": "lines",
                    "line_ids": self._lines(invoice, (-1, None)),
                },
                "positive number",
            ),
            (
                {
                    "credit_method": "lines",
                    "line_ids": self._lines(other, (1, None)),
                },
                "is not of the invoice that is credited",
            ),
            ({"credit_method": "amount"}, f"Enter the amount of {name}"),
            (
                {"credit_method": "amount", "amount": 230.01},
                rf"230.01 is more than is left to credit on {name}: .*230.00",
            ),
            ({"credit_method": "amount", "amount": -1.0}, "Enter the amount"),
            ({"credit_method": "percentage"}, "Enter a percentage"),
            ({"credit_method": "percentage", "percentage": 101.0}, "up to 100"),
        ):
            with (
                self.subTest(sentence=sentence),
                self.assertRaisesRegex(UserError, sentence),
                self.env.cr.savepoint(),
            ):
                self._wizard(invoice, **values).action_issue()
        with self.assertRaisesRegex(UserError, "one invoice at a time"):
            self._wizard(
                invoice + other, credit_method="amount", amount=1.0
            ).action_issue()
        self.assertFalse((invoice + other).reversal_move_ids)

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
            line.quantity = line.quantity_creditable
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
        with self.assertRaisesRegex(
            UserError, f"10.00 % of {invoices[1].name} is noth"
        ):
            self._credit(invoices, credit_method="percentage", percentage=10)

    def test_four_credit_notes_of_one_line_each(self):
        """Odoo: 335.00 credited of 334.99. lago-api#2643."""
        self.env.company.tax_calculation_rounding_method = "round_globally"
        self.tax_sale_a.amount = 20.0
        invoice = self._invoice(33.33, 66.63, 88.88, 90.33)
        for line in invoice.invoice_line_ids:
            self._credit(
                invoice,
                credit_method="lines",
                line_ids=[
                    Command.create({"invoice_line_id": line.id, "quantity": 1.0})
                ],
            )
        self.assertAlmostEqual(
            sum(invoice.reversal_move_ids.mapped("amount_total")), invoice.amount_total
        )
        self.assertEqual(invoice.payment_state, "reversed")

    def test_fields_of_the_dialog(self):
        """Odoo: reason, journal and date; no lines, amounts, preview or guard."""
        fields = self.env["account.move.reversal"]._fields
        for name in ("line_ids", "amount", "percentage", "preview", "reason_id"):
            self.assertIn(name, fields)
        self.assertEqual(
            list(dict(fields["credit_method"].selection)),
            ["remaining", "lines", "amount", "percentage"],
        )
