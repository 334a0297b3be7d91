import random

from odoo import Command
from odoo.exceptions import UserError
from odoo.tests import Form, tagged

from .random_invoices import TAXES, RandomInvoices


@tagged("post_install", "-at_install")
class TestInvoiceAgain(RandomInvoices):
    """A credit note issued by mistake: the invoice from it takes it back to the cent.

    Odoo computes its taxes anew; a cent more than the credit note would be refused.
    """

    def _random_invoice(self, pick, **values):
        return self.env["account.move"].create(
            self._prepare_random_invoice(
                {
                    "currency": "company",
                    "cash": "",
                    "term": "",
                    "lines": [
                        {
                            "price": round(pick.uniform(0.01, 999.99), 2),
                            "quantity": pick.choice([1.0, 3.0, 0.5, 12.0]),
                            "discount": pick.choice([0.0, 10.0, 33.33]),
                            "taxes": pick.choice(TAXES),
                            "less": pick.choice(["", "", "quantity", "price"]),
                        }
                        for _line in range(pick.choice([1, 2, 4]))
                    ],
                    **values,
                }
            )
        )

    def _invoice_again(self, credit_note, post=True):
        again = self.env["account.move"].browse(
            credit_note.with_user(self.clerk).action_invoice_again()["res_id"]
        )
        if post:
            again.with_user(self.clerk).action_post()
        return again

    def assertTakenBack(self, credit_note, again):
        self.assertEqual(again.amount_total, credit_note.amount_total)
        self.assertEqual(again.amount_tax, credit_note.amount_tax)
        items = (credit_note + again).line_ids
        for group in (
            items.grouped("account_id"),
            items.filtered("tax_line_id").grouped("tax_line_id"),
        ):
            for record, lines in group.items():
                name = record.display_name
                self.assertAmount(
                    sum(lines.mapped("amount_currency")), 0.0, credit_note, name
                )
                self.assertAlmostEqual(sum(lines.mapped("balance")), 0.0, 2, name)
        self.assertFalse(
            again.line_ids.tax_repartition_line_id.filtered(
                lambda line: line.document_type == "refund"
            )
        )

    def test_to_the_cent(self):
        pick = random.Random(8)
        for currency, rounding, cash in (
            ("company", "round_globally", "add_invoice_line"),
            ("EUR", "round_per_line", "biggest_tax"),
            ("JPY", "round_globally", ""),
            ("KWD", "round_per_line", "add_invoice_line"),
        ):
            self.env.company.tax_calculation_rounding_method = rounding
            invoice = self._random_invoice(pick, currency=currency, cash=cash)
            invoice.action_post()
            self._check_taken_back(invoice)

    def _check_taken_back(self, invoice):
        for values in (
            {"credit_method": "percentage", "percentage": 37},
            {
                "credit_method": "amount",
                "amount": invoice.currency_id.round(invoice.amount_total / 7),
            },
            {},
        ):
            with self.subTest(invoice=invoice.name, values=values):
                credit_note = self._credit(invoice, **values)
                again = self._invoice_again(credit_note)
                self.assertTakenBack(credit_note, again)
                self.assertEqual(
                    again.invoice_currency_rate, invoice.invoice_currency_rate
                )

    def test_rounding_and_tax_changed_since(self):
        self.env.company.tax_calculation_rounding_method = "round_globally"
        invoice = self._invoice(10.03, 10.03, 10.03)
        credit_note = self._credit(invoice)
        self.env.company.tax_calculation_rounding_method = "round_per_line"
        self.tax_sale_a.amount = 20.0
        self.assertTakenBack(credit_note, self._invoice_again(credit_note))

    def test_draft_is_edited(self):
        """Its taxes are those of what the clerk changed it to, and it is guarded."""
        invoice = self._invoice(100.0, 50.0)
        credit_note = self._credit(invoice)
        again = self._invoice_again(credit_note, post=False)
        with Form(again) as form, form.invoice_line_ids.edit(0) as line:
            line.price_unit = 80.0
        self.assertAlmostEqual(again.amount_total, 149.5)
        with Form(again) as form, form.invoice_line_ids.edit(0) as line:
            line.price_unit = 100.01
        with self.assertRaisesRegex(UserError, "more than is left of"):
            again.action_post()

    def test_keeps_sections_notes_and_links(self):
        invoice = self._create_invoice(
            invoice_origin="S00042",
            invoice_line_ids=[
                Command.create({"name": "Section", "display_type": "line_section"}),
                self._prepare_invoice_line(name="Goods", price_unit=10.0),
                Command.create({"name": "Note", "display_type": "line_note"}),
            ],
            post=True,
        )
        credit_note = self._credit(invoice)
        again = self._invoice_again(credit_note)
        self.assertEqual(
            again.invoice_line_ids.mapped("name"), ["Section", "Goods", "Note"]
        )
        self.assertEqual(again.invoice_origin, "S00042")
        self.assertEqual(again.reversed_entry_id, credit_note)
        # It can be credited in turn.
        self._credit(again)
        self.assertEqual(again.amount_creditable, 0.0)
