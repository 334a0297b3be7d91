import os

from hypothesis import HealthCheck, Phase, assume, example, given, settings
from hypothesis import strategies as st

from odoo import Command
from odoo.exceptions import UserError
from odoo.tests import tagged

from .random_invoices import TAXES, RandomInvoices

# Fixed in CI, free with CREDIT_NOTE_EXAMPLES=1000 dev/test :TestProperties
EXAMPLES = int(os.environ.get("CREDIT_NOTE_EXAMPLES", "0"))
SETTINGS = settings(
    max_examples=EXAMPLES or 25,
    derandomize=not EXAMPLES,
    deadline=None,
    # To make a failing example smaller takes minutes.
    phases=[Phase.explicit, Phase.generate],
    database=None,
    suppress_health_check=list(HealthCheck),
)

PRICES = st.decimals(min_value="0.00", max_value="9999.99", places=2).map(float)
LINES = st.lists(
    st.fixed_dictionaries(
        {
            "price": PRICES,
            "quantity": st.sampled_from([1.0, 2.0, 3.0, 7.0, 0.5, 1.25, 12.0]),
            "discount": st.sampled_from([0.0, 0.0, 10.0, 33.33, 100.0]),
            "taxes": st.sampled_from(TAXES),
            # Goods taken back and a discount of their own: less than the line before.
            "less": st.sampled_from(["", "", "", "quantity", "price"]),
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
INVOICES = st.fixed_dictionaries(
    {
        "lines": LINES,
        "rounding": st.sampled_from(["round_globally", "round_per_line"]),
        "currency": st.sampled_from(["company", "company", "EUR", "JPY", "KWD"]),
        "cash": st.sampled_from(["", "", "add_invoice_line", "biggest_tax"]),
        "term": st.sampled_from(["", "", "instalments", "included", "mixed"]),
    }
)
# Cents that the clerk took off the first tax by hand, or added.
CORRECTIONS = st.sampled_from([0, 0, 0, -3, -1, 1, 2])
# What was changed between the invoice and its credit notes.
CHANGES = st.sampled_from(
    ["", "rounding", "rate", "archived", "price_include", "cash", "product", "account"]
)
PAID = st.sampled_from([0, 0, 0, 30, 100])
# Ways to credit it beside the dialog, and what happens in between.
DOORS = st.lists(
    st.tuples(
        st.sampled_from(["dialog", "pay", "reverse", "hand", "draft", "cancel"]),
        st.integers(min_value=1, max_value=70),
    ),
    min_size=2,
    max_size=5,
)
# Found by chance: Odoo's draft of a part of it does not balance.
UNBALANCED = {
    "lines": [
        {"price": price, "taxes": taxes, "less": less, "quantity": 1.0, "discount": 0.0}
        for price, taxes, less in (
            (6.9, "none", ""),
            (8.01, "none", ""),
            (131.52, "division", ""),
            (969.12, "two", "quantity"),
            (186.49, "fixed_two", "quantity"),
        )
    ],
    "rounding": "round_globally",
    "currency": "KWD",
    "cash": "",
    "term": "mixed",
}
# As before: what is left of it is tax alone, and 5 of 6 were asked for.
TAX_ALONE = {
    "lines": [
        {
            "price": 0.04,
            "taxes": "fixed",
            "quantity": 12.0,
            "discount": 33.33,
            "less": "quantity",
        }
    ],
    "rounding": "round_globally",
    "currency": "JPY",
    "cash": "",
    "term": "included",
}
# Lines credited whole, and cents in company currency that none of them may take.
CENTS = {
    "lines": [
        {
            "price": price,
            "taxes": taxes,
            "quantity": quantity,
            "discount": 33.33,
            "less": "",
        }
        for price, taxes, quantity in ((6.48, "division", 0.5), (17.34, "group", 12.0))
    ],
    "rounding": "round_per_line",
    "currency": "KWD",
    "cash": "",
    "term": "mixed",
}


@tagged("post_install", "-at_install")
class TestProperties(RandomInvoices):
    """Whatever the invoice and however it is credited, it adds up to the cent."""

    def _random_invoice(self, invoice, correction=0):
        self.env.company.tax_calculation_rounding_method = invoice["rounding"]
        try:
            move = self.env["account.move"].create(
                self._prepare_random_invoice(invoice)
            )
        except UserError:
            # Odoo does not balance all of these.
            assume(invoice["term"] != "mixed" or invoice["currency"] == "company")
            raise
        tax_line = move.line_ids.filtered(lambda line: line.display_type == "tax")[:1]
        if correction and tax_line:
            tax_line.amount_currency += correction * move.currency_id.rounding
        # Odoo posts no invoice of less than nothing.
        assume(move.amount_total >= 0)
        move.action_post()
        return move

    def _change(self, invoice, change):
        """Change something that Odoo's own reversal would look at again."""
        company = invoice.company_id
        taxes = invoice.invoice_line_ids.tax_ids
        taxes += taxes.children_tax_ids
        if change == "rounding":
            company.tax_calculation_rounding_method = (
                "round_per_line"
                if company.tax_calculation_rounding_method == "round_globally"
                else "round_globally"
            )
        elif change == "rate":
            for tax in taxes:
                tax.amount += 1.5
        elif change == "archived":
            taxes.active = False
        elif change == "price_include":
            for tax in taxes.filtered(lambda tax: tax.amount_type == "percent"):
                tax.price_include_override = (
                    "tax_excluded" if tax.price_include else "tax_included"
                )
        elif change == "cash":
            self.roundings["add_invoice_line"].rounding = 0.1
            self.roundings["biggest_tax"].rounding = 1.0
        elif change == "product":
            self.product_a.write(
                {
                    "list_price": 1.23,
                    "taxes_id": [Command.clear()],
                    "property_account_income_id": self.company_data[
                        "default_account_revenue"
                    ]
                    .copy({"name": "other"})
                    .id,
                }
            )
        elif change == "account":
            account = self.company_data["default_account_tax_sale"].copy()
            (
                taxes.invoice_repartition_line_ids + taxes.refund_repartition_line_ids
            ).filtered(lambda line: line.repartition_type == "tax").account_id = account

    @SETTINGS
    @given(
        invoice=INVOICES,
        correction=CORRECTIONS,
        change=CHANGES,
        paid=PAID,
        steps=STEPS,
    )
    @example(
        invoice=UNBALANCED, correction=0, change="", paid=0, steps=[("percentage", 37)]
    )
    @example(
        invoice=CENTS,
        correction=-3,
        change="cash",
        paid=0,
        steps=[("amount", 1), ("lines", 5217)],
    )
    @example(
        invoice=TAX_ALONE,
        correction=-3,
        change="",
        paid=30,
        steps=[("amount", 75), ("percentage", 4), ("amount", 75)],
    )
    def test_any_sequence_ends_at_zero(self, invoice, correction, change, paid, steps):
        with self.env.cr.savepoint() as savepoint:
            move = self._random_invoice(invoice, correction)
            if part := move.currency_id.round(move.amount_total * paid / 100):
                # After the days of the discount.
                self._register_payment(
                    move,
                    amount=part,
                    payment_date="2026-05-19",
                    payment_difference_handling="open",
                )
            matched = move._get_reconciled_amls()
            self._change(move, change)
            # As in the request that comes after it.
            self.env.invalidate_all()
            for method, number in steps:
                self._credit_step(move, method, number)
                self.assertGreaterEqual(move.amount_creditable, 0.0)
            if move.amount_creditable or not move.reversal_move_ids:
                wizard = self._wizard(move, date="2026-05-20")
                preview = wizard._get_preview(move)
                wizard.action_issue()
                self.assertAsPreviewed(wizard.new_move_ids, preview)
            self.assertCreditedToZero(move)
            self.assertTrue(matched <= move._get_reconciled_amls())
            self.assertNoExchangeDifference(move)
            savepoint.rollback()
            self.env.invalidate_all()

    @settings(SETTINGS, max_examples=EXAMPLES or 8)
    @given(invoices=st.lists(INVOICES, min_size=2, max_size=4))
    def test_several_invoices_as_previewed(self, invoices):
        """A percentage of all, then everything left of all."""
        with self.env.cr.savepoint() as savepoint:
            moves = self.env["account.move"].union(
                *(self._random_invoice(invoice) for invoice in invoices)
            )
            for values in (
                {"credit_method": "percentage", "percentage": 37.0},
                {},
            ):
                share = values.get("percentage", 100.0) / 100
                moves = moves.browse(
                    move.id
                    for move in moves
                    if move.currency_id.round(move.amount_creditable * share)
                )
                if not moves:
                    break
                wizard = self._wizard(moves, date="2026-05-20", **values)
                previews = {move: wizard._get_preview(move) for move in moves}
                wizard.action_issue()
                for credit_note in wizard.new_move_ids:
                    self.assertAsPreviewed(
                        credit_note, previews[credit_note.reversed_entry_id]
                    )
            for move in moves:
                self.assertCreditedToZero(move)
            savepoint.rollback()
            self.env.invalidate_all()

    @settings(SETTINGS, max_examples=EXAMPLES or 5)
    @given(invoice=INVOICES, doors=DOORS)
    def test_never_more_than_the_invoice_by_any_door(self, invoice, doors):
        """Whatever is refused on the way, the rest can be credited, and is the rest."""
        # Odoo's own credit note of a part does not always balance there.
        assume(invoice["term"] != "mixed")
        with self.env.cr.savepoint() as savepoint:
            move = self._random_invoice(invoice)
            for door, number in doors:
                getattr(self, f"_by_{door}")(move, number)
                self.assertNeverMore(move)
            for draft in move._get_credit_notes(states=("draft",)):
                self._post_unless_refused(draft)
                self.assertNeverMore(move)
            move._get_credit_notes(states=("draft",)).unlink()
            if move.amount_creditable or not move.reversal_move_ids:
                wizard = self._wizard(move, date="2026-05-20")
                preview = wizard._get_preview(move)
                wizard.action_issue()
                self.assertAsPreviewed(wizard.new_move_ids, preview)
            self.assertAmount(
                sum(move._get_credit_notes().mapped("amount_total")),
                move.amount_total,
                move,
            )
            self.assertEqual(move.amount_creditable, 0.0)
            self.assertEqual(move.amount_residual, 0.0)
            if "hand" not in dict(doors) and not invoice["cash"]:
                # Odoo books cash rounding back on another account.
                self.assertCreditedToZero(move)
            if {"dialog", "pay"} >= dict(doors).keys():
                self.assertNoExchangeDifference(move)
            savepoint.rollback()
            self.env.invalidate_all()

    def assertNeverMore(self, invoice):
        posted = invoice._get_credit_notes(states=("posted",))
        compare = invoice.currency_id.compare_amounts
        total = sum(posted.mapped("amount_total"))
        self.assertLessEqual(compare(total, invoice.amount_total), 0)
        drafts = invoice._get_credit_notes() - posted
        left = invoice.amount_total - total - sum(drafts.mapped("amount_total"))
        self.assertAmount(invoice.amount_creditable, max(0.0, left), invoice)

    def _by_dialog(self, invoice, number):
        method = ("amount", "percentage", "lines")[number % 3]
        if invoice.amount_creditable:
            self._credit_step(invoice, method, number)

    def _by_pay(self, invoice, number):
        if part := invoice.currency_id.round(invoice.amount_residual * number / 100):
            self._register_payment(
                invoice,
                amount=part,
                payment_date="2026-05-19",
                payment_difference_handling="open",
            )

    def _by_reverse(self, invoice, number):
        """Odoo's Reverse, the draft then edited."""
        draft = self._reverse(invoice, number)
        if not self._post_unless_refused(draft):
            draft.unlink()

    def _by_draft(self, invoice, number):
        """As before, but posted at the very end."""
        self._reverse(invoice, number)

    def _by_cancel(self, invoice, number):
        self._reverse(invoice, number).button_cancel()

    def _reverse(self, invoice, number):
        draft = invoice._reverse_moves(
            [{"invoice_date": "2026-05-19", "date": "2026-05-19"}]
        )
        for line in draft.invoice_line_ids:
            line.quantity = line.quantity * number / 50
        return draft

    def _by_hand(self, invoice, number):
        draft = self.env["account.move"].create(
            {
                "move_type": "out_refund",
                "partner_id": invoice.partner_id.id,
                "invoice_date": "2026-05-19",
                "reversed_entry_id": invoice.id,
                "currency_id": invoice.currency_id.id,
                "invoice_line_ids": [
                    Command.create(
                        {
                            "name": "by hand",
                            "price_unit": invoice.amount_total * number / 50,
                            "tax_ids": [Command.set(self.taxes["percent"].ids)],
                        }
                    )
                ],
            }
        )
        if not self._post_unless_refused(draft):
            draft.unlink()

    def _post_unless_refused(self, draft):
        """:return: whether it is posted; else it is refused with a sentence"""
        try:
            with self.env.cr.savepoint():
                draft.action_post()
        except UserError as error:
            self.assertRegex(
                str(error), "more than (is left to credit|the line)|negative total"
            )
            return False
        return True
