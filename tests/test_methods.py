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
                line.is_credited = True
                self.assertEqual(line.quantity, 1.0)
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
                f"3.0 of “Service 1” is more than is left to credit on {name}: 2.0",
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
