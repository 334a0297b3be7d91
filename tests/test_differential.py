import random

from odoo import Command
from odoo.tests import tagged

from .random_invoices import TAXES, RandomInvoices

NUMBER = 200


@tagged("post_install", "-at_install")
class TestDifferential(RandomInvoices):
    """Hundreds of random invoices: credited in full, they book what Odoo books."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        pick = random.Random(19)
        cls.specifications = [
            {
                "rounding": pick.choice(["round_globally", "round_per_line"]),
                "currency": (
                    currency := pick.choice(["company", "company", "EUR", "JPY", "KWD"])
                ),
                "cash": pick.choice(["", "", "", "add_invoice_line", "biggest_tax"]),
                # Odoo does not balance "mixed" ones in another currency.
                "term": pick.choice(
                    ["", "", "instalments", "included"]
                    + ["mixed"] * (currency == "company")
                ),
                "lines": [
                    {
                        "price": round(pick.uniform(0.01, 999.99), 2),
                        "quantity": pick.choice([1.0, 2.0, 3.0, 7.0, 0.5, 1.25, 12.0]),
                        "discount": pick.choice([0.0, 0.0, 10.0, 33.33]),
                        "taxes": pick.choice(TAXES),
                        # Less than the line before, so that no total is negative.
                        "less": pick.choice(["", "", "", "quantity", "price"]),
                    }
                    for _line in range(pick.choice([1, 1, 1, 2, 3]))
                ],
            }
            for _invoice in range(NUMBER)
        ]

    def _random_invoices(self, rounding, currency=None):
        self.env.company.tax_calculation_rounding_method = rounding
        moves = self.env["account.move"].create(
            [
                self._prepare_random_invoice(specification)
                for specification in self.specifications
                if specification["rounding"] == rounding
                and currency in (None, specification["currency"])
            ]
        )
        moves.action_post()
        return moves

    def _get_items(self, move):
        """:return: what is booked, account by account and tax tag by tax tag

        Odoo is wrong on the account of cash rounding, so that it is left out: what an
        invoice books as a profit, its reversal adds to the losses. See
        `assertRoundingOnSameAccount` for ours.
        """
        return sorted(
            (
                line.display_type,
                line.account_id.code if line.display_type != "rounding" else "",
                line.tax_line_id.name or "",
                tuple(sorted(line.tax_ids.mapped("name"))),
                tuple(sorted(line.tax_tag_ids.mapped("name"))),
                str(line.date_maturity or ""),
                round(line.amount_currency, 3),
                round(line.balance, 2),
                round(line.tax_base_amount, 2),
                line.quantity if line.display_type == "product" else 0.0,
            )
            for line in move.line_ids
            if line.account_id
        )

    def _reverse_as_odoo(self, moves, date="2026-05-10"):
        """:return: drafts with the values that Odoo's own dialog gives them"""
        return moves._reverse_moves(
            [
                {
                    "date": date,
                    "invoice_date": date,
                    "invoice_date_due": date,
                    "invoice_payment_term_id": term.id
                    if (term := move.invoice_payment_term_id)
                    and term.early_pay_discount_computation == "mixed"
                    else None,
                }
                for move in moves
            ]
        )

    def assertRoundingOnSameAccount(self, invoice, credit_note):
        """The credit note takes the cash rounding off the account of the invoice."""
        invoiced, credited = (
            [
                (line.account_id, line.tax_line_id, sign * line.balance)
                for line in move.line_ids
                if line.display_type == "rounding"
            ]
            for move, sign in ((invoice, -1), (credit_note, 1))
        )
        self.assertEqual(credited, invoiced, invoice.name)

    def assertBooksAsOdoo(self, moves):
        """Credited, these invoices leave nothing on any account, and it books what
        Odoo's own reversal books.
        """
        credit_notes = self._credit(moves, date="2026-05-10")
        for move in moves:
            self.assertCreditedToZero(move)
        for native in self._reverse_as_odoo(moves):
            move = native.reversed_entry_id
            [credit_note] = credit_notes & move.reversal_move_ids
            self.assertEqual(
                self._get_items(credit_note), self._get_items(native), move.name
            )
            self.assertRoundingOnSameAccount(move, credit_note)

    def test_full_credit_books_what_odoo_books(self):
        for rounding in ("round_globally", "round_per_line"):
            moves = self._random_invoices(rounding)
            self.assertGreater(len(moves), NUMBER // 3)
            self.assertBooksAsOdoo(moves)

    def test_where_odoo_books_an_exchange_difference(self):
        """The rate has changed since: Odoo credits at the new one."""
        moves = self._random_invoices("round_per_line", "EUR").filtered(
            lambda move: move.amount_total > 1
        )
        self.assertTrue(moves)
        self.currencies["EUR"].rate_ids = [
            Command.create({"name": "2026-05-15", "rate": 2.0})
        ]
        self._credit(moves, date="2026-05-20")
        for move in moves:
            self.assertCreditedToZero(move)
        for native in self._reverse_as_odoo(moves, date="2026-05-20"):
            self.assertNotEqual(
                native.amount_total_signed,
                -native.reversed_entry_id.amount_total_signed,
            )
