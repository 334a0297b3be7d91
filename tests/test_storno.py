from odoo.tests import tagged

from .random_invoices import RandomInvoices

INVOICE = {
    "lines": [
        {
            "price": 100.01,
            "quantity": 3.0,
            "discount": 0.0,
            "taxes": "two",
            "less": "price",
        },
        {
            "price": 10.03,
            "quantity": 1.0,
            "discount": 10.0,
            "taxes": "percent",
            "less": "quantity",
        },
    ],
    "cash": "add_invoice_line",
    "term": "",
}


@tagged("post_install", "-at_install")
class TestStorno(RandomInvoices):
    """Companies that book what is credited as less on the side of the invoice."""

    def setUp(self):
        super().setUp()
        self.env.company.account_storno = True

    def _post_invoice(self, currency):
        invoice = self.env["account.move"].create(
            self._prepare_random_invoice({**INVOICE, "currency": currency})
        )
        invoice.action_post()
        return invoice

    def _get_sides(self, move):
        """:return: what is booked on which side, cash rounding left out: Odoo books it
        on another account
        """
        return sorted(
            (line.display_type, line.account_id.code, line.debit, line.credit)
            for line in move.line_ids
            if line.account_id and line.display_type != "rounding"
        )

    def assertStorno(self, credit_note):
        for line in credit_note.line_ids.filtered("account_id"):
            self.assertTrue(line.is_storno, line.display_type)
            self.assertLessEqual(max(line.debit, line.credit), 0.0, line.display_type)

    def test_whole_as_odoo_books_it_by_hand(self):
        """Odoo's Reverse leaves the lines on the other side, until they are edited."""
        for currency in ("company", "EUR"):
            with self.subTest(currency):
                invoice = self._post_invoice(currency)
                by_hand = self.env["account.move"].create(
                    {
                        **self._prepare_random_invoice(
                            {**INVOICE, "currency": currency}
                        ),
                        "move_type": "out_refund",
                    }
                )
                credit_note = self._credit(invoice, date="2026-05-10")
                self.assertEqual(self._get_sides(credit_note), self._get_sides(by_hand))
                self.assertStorno(credit_note)

    def test_parts(self):
        """Even where Odoo has made no item of what is left of the invoice's."""
        invoice = self._post_invoice("company")
        taxes = invoice.invoice_line_ids.tax_ids
        for values in (
            {"credit_method": "percentage", "percentage": 50},
            {"credit_method": "amount", "amount": 10.0},
            {},
        ):
            self.assertStorno(self._credit(invoice, date="2026-05-10", **values))
            taxes.amount = 0.0
        self.assertCreditedToZero(invoice)

    def test_invoice_again(self):
        invoice = self._post_invoice("company")
        credit_note = self._credit(invoice, date="2026-05-10")
        action = credit_note.action_invoice_again()
        again = self.env["account.move"].browse(action["res_id"])
        self.assertEqual(self._get_sides(again), self._get_sides(invoice))
