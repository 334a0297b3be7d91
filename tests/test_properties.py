import os
import random

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from odoo import Command
from odoo.tests import tagged

from .common import CreditNoteCommon

# Fixed in CI, free with CREDIT_NOTE_EXAMPLES=1000 dev/test :TestProperties
EXAMPLES = int(os.environ.get("CREDIT_NOTE_EXAMPLES", "0"))
SETTINGS = settings(
    max_examples=EXAMPLES or 25,
    derandomize=not EXAMPLES,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)

PRICES = st.decimals(min_value="0.01", max_value="9999.99", places=2).map(float)
LINES = st.lists(
    st.fixed_dictionaries(
        {
            "price": PRICES,
            "quantity": st.sampled_from([1.0, 2.0, 3.0, 7.0, 0.5, 1.25, 12.0]),
            "discount": st.sampled_from([0.0, 0.0, 10.0, 33.33]),
            "taxes": st.sampled_from(
                ["none", "percent", "odd", "included", "two", "fixed", "fixed_two"]
            ),
        }
    ),
    min_size=1,
    max_size=5,
)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("amount"), st.integers(min_value=1, max_value=80)),
        st.tuples(st.just("percentage"), st.integers(min_value=1, max_value=60)),
        st.tuples(st.just("lines"), st.integers(min_value=0, max_value=10**6)),
    ),
    max_size=3,
)


@tagged("post_install", "-at_install")
class TestProperties(CreditNoteCommon):
    """Whatever the invoice and however it is credited, it adds up to the cent."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()

        def tax(name, amount, **values):
            return cls.env["account.tax"].create(
                {
                    "name": name,
                    "amount": amount,
                    "type_tax_use": "sale",
                    "tax_group_id": cls.tax_sale_a.tax_group_id.id,
                    "country_id": cls.tax_sale_a.country_id.id,
                    **values,
                }
            )

        percent, odd = tax("20 %", 20.0), tax("7.7 %", 7.7)
        fixed = tax("fixed", 0.37, amount_type="fixed", include_base_amount=True)
        included = tax("21 % included", 21.0, price_include_override="tax_included")
        cls.taxes = {
            "none": cls.env["account.tax"],
            "percent": percent,
            "odd": odd,
            "included": included,
            "two": percent + odd,
            "fixed": fixed,
            "fixed_two": fixed + percent,
        }
        cls.currency = cls.setup_other_currency("EUR", rates=[("2020-01-01", 1.3337)])

    def _random_invoice(self, lines, rounding, foreign):
        self.env.company.tax_calculation_rounding_method = rounding
        currency = self.currency if foreign else self.env.company.currency_id
        invoice = self.env["account.move"].create(
            {
                "move_type": "out_invoice",
                "partner_id": self.partner_a.id,
                "invoice_date": "2026-05-10",
                "currency_id": currency.id,
                "invoice_payment_term_id": False,
                "invoice_line_ids": [
                    Command.create(
                        {
                            "name": f"Line {number}",
                            "price_unit": line["price"],
                            "quantity": line["quantity"],
                            "discount": line["discount"],
                            "tax_ids": [Command.set(self.taxes[line["taxes"]].ids)],
                        }
                    )
                    for number, line in enumerate(lines)
                ],
            }
        )
        invoice.action_post()
        return invoice

    def _credit_step(self, invoice, method, number):
        """A partial credit that is possible now; None if there is none."""
        values = {"credit_method": method}
        left = invoice.amount_creditable
        if method == "amount":
            values["amount"] = invoice.currency_id.round(left * number / 100)
        elif method == "percentage":
            values["percentage"] = number
            asked = invoice.currency_id.round(invoice.amount_total * number / 100)
            if asked > left or not asked:
                return None
        else:
            pick = random.Random(number)
            lines = invoice.invoice_line_ids.filtered("quantity_creditable")
            values["line_ids"] = [
                Command.create(
                    {
                        "invoice_line_id": line.id,
                        "quantity": pick.choice(
                            [
                                0.0,
                                line.quantity_creditable,
                                line.quantity_creditable * 0.5,
                            ]
                        ),
                        "price_unit": pick.choice(
                            [
                                line._get_price_left(),
                                round(line._get_price_left() / 3, 2),
                            ]
                        ),
                    }
                )
                for line in lines
            ]
            if not any(command[2]["quantity"] for command in values["line_ids"]):
                return None
        if method == "amount" and not values["amount"]:
            return None
        wizard = self._wizard(invoice, date="2026-05-20", **values)
        preview = wizard._get_preview(invoice)
        if not preview["total"]:
            return None
        wizard.action_issue()
        credit_note = wizard.new_move_ids
        self.assertAlmostEqual(credit_note.amount_total, preview["total"], 2)
        self.assertAlmostEqual(credit_note.amount_untaxed, preview["untaxed"], 2)
        self.assertAlmostEqual(credit_note.amount_tax, preview["tax"], 2)
        if method == "amount":
            self.assertAlmostEqual(credit_note.amount_total, values["amount"], 2)
        return credit_note

    def assertCreditedToZero(self, invoice):
        """Totals, each tax and each account, in both currencies."""
        credit_notes = invoice.reversal_move_ids
        self.assertEqual(invoice.amount_creditable, 0.0)
        self.assertEqual(invoice.amount_residual, 0.0)
        self.assertEqual(set(credit_notes.mapped("amount_residual")), {0.0})
        items = (invoice + credit_notes).line_ids
        for group in (
            items.grouped("account_id"),
            items.filtered("tax_line_id").grouped("tax_line_id"),
        ):
            for record, lines in group.items():
                self.assertAlmostEqual(
                    sum(lines.mapped("amount_currency")), 0.0, 2, record.display_name
                )
                self.assertAlmostEqual(
                    sum(lines.mapped("balance")), 0.0, 2, record.display_name
                )

    @SETTINGS
    @given(
        lines=LINES,
        steps=STEPS,
        rounding=st.sampled_from(["round_globally", "round_per_line"]),
        rounding_afterwards=st.sampled_from(["round_globally", "round_per_line"]),
        foreign=st.booleans(),
    )
    def test_any_sequence_ends_at_zero(
        self, lines, steps, rounding, rounding_afterwards, foreign
    ):
        with self.env.cr.savepoint() as savepoint:
            invoice = self._random_invoice(lines, rounding, foreign)
            self.env.company.tax_calculation_rounding_method = rounding_afterwards
            for method, number in steps:
                self._credit_step(invoice, method, number)
                self.assertGreaterEqual(invoice.amount_creditable, 0.0)
            if invoice.amount_creditable:
                self._credit(invoice, date="2026-05-20")
            self.assertCreditedToZero(invoice)
            savepoint.rollback()

    @SETTINGS
    @given(
        lines=LINES,
        rounding=st.sampled_from(["round_globally", "round_per_line"]),
        foreign=st.booleans(),
    )
    def test_full_credit_books_what_odoo_books(self, lines, rounding, foreign):
        """Account by account, tax tag by tax tag. Only at the same settings and rate:
        where those changed, Odoo's own credit note is off, see TestRemaining.
        """
        with self.env.cr.savepoint() as savepoint:
            invoice = self._random_invoice(lines, rounding, foreign)
            ours = self._credit(invoice, date="2026-05-10")
            our_items = self._items(ours)
            savepoint.rollback()
        with self.env.cr.savepoint() as savepoint:
            invoice = self._random_invoice(lines, rounding, foreign)
            native = invoice._reverse_moves(
                [{"invoice_date": invoice.invoice_date, "date": invoice.date}]
            )
            native.action_post()
            self.assertEqual(our_items, self._items(native))
            savepoint.rollback()

    def _items(self, move):
        return sorted(
            (
                line.display_type,
                line.account_id.code,
                line.tax_line_id.name or "",
                tuple(sorted(line.tax_ids.mapped("name"))),
                tuple(sorted(line.tax_tag_ids.mapped("name"))),
                round(line.amount_currency, 2),
                round(line.balance, 2),
                round(line.tax_base_amount, 2),
            )
            for line in move.line_ids
        )
