"""Tests of models/plan, without Odoo and without a database, in seconds.

usage: python tests/unit/test_plan.py

CREDIT_NOTE_EXAMPLES=100000 tries that many random invoices, each time others.
"""

import importlib.util
import os
import sys
import time
import unittest
from fractions import Fraction
from math import ceil, floor
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st


def load_plan():
    """Import models/plan without models, which imports Odoo."""
    folder = Path(__file__).parents[2] / "models" / "plan"
    spec = importlib.util.spec_from_file_location("plan", folder / "__init__.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules["plan"] = module
    spec.loader.exec_module(module)
    return module


plan = load_plan()
NET, Amount, Cell, Table = plan.NET, plan.Amount, plan.Cell, plan.Table
VAT = plan.TaxItem("21 %", "VAT")
LOW = plan.TaxItem("6 %", "VAT")
FIXED = plan.TaxItem("fixed", "duty")
DUE = plan.TaxItem("reverse charge", "due", 0)
DEDUCTED = plan.TaxItem("reverse charge", "deducted", 1)
RATES = {VAT: 210, LOW: 60, FIXED: 37, DUE: 200, DEDUCTED: -200}  # of 1000
TAXES = [[], [VAT], [LOW], [VAT, LOW], [FIXED, VAT], [DUE, DEDUCTED]]
DISCOUNTS = [plan.PairedItem("discount", account) for account in "ABC"]

EXAMPLES = int(os.environ.get("CREDIT_NOTE_EXAMPLES", "0"))
SETTINGS = settings(
    max_examples=EXAMPLES or 2000,
    derandomize=not EXAMPLES,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)

LINES = st.tuples(
    st.one_of(st.integers(-300, 300), st.integers(-(10**7), 10**7)),  # price
    st.sampled_from(TAXES),
    st.integers(0, 30),  # discount, percent
    st.integers(1, 3),  # how many lines like this
)
INVOICES = st.tuples(
    st.lists(LINES, min_size=1, max_size=5),
    # Company units for a unit: the same currency, another one, JPY in a KWD company,
    # KWD in a JPY company.
    st.sampled_from([None, Fraction(11, 10), Fraction(201, 100), Fraction(1, 47)]),
    st.integers(-4, 4),  # cash rounding
    st.integers(-3, 3),  # company amount of an item of nothing in currency
)
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["total", "total", "taxes whole", "lines", "unlinked"]),
        st.integers(0, 1000),  # share of what is left, of 1000
        st.integers(-3, 3),  # company units that the total is worth more
    ),
    max_size=4,
)


def cents(*prices, tax=0):
    """:return: Table of lines at these prices in cents, with a tax in percent"""
    table = Table()
    for row, price in enumerate(prices):
        table[row, NET] = Amount(price, price)
        if tax:
            amount = round(Fraction(price * tax, 100))
            table[row, VAT] = Amount(amount, amount)
    return Table({Cell(*cell): amount for cell, amount in table.items()})


def make_invoice(lines, rate, rounding, odd):
    """:return: Table of an invoice"""
    table = Table()

    def add(row, column, currency):
        company = currency if rate is None else round(currency * rate)
        table[Cell(row, column)] = Amount(currency, company)

    row = 0
    for price, taxes, discount, times in lines:
        for _copy in range(times):
            add(row, NET, price)
            for tax in taxes:
                add(row, tax, round(Fraction(price * RATES[tax], 1000)))
            if discount:
                taken_off = price * discount // 100
                first, second, counterpart = (Cell(row, c) for c in DISCOUNTS)
                add(*first, taken_off // 3)
                add(*second, taken_off - taken_off // 3)
                table[counterpart] = -(table[first] + table[second])
            row += 1
    if rounding:
        add("rounding", plan.RoundingItem("profit"), rounding)
    if odd and rate:
        table[Cell("odd", NET)] = Amount(0, odd)
    return table


def get_shares(left, permille):
    """:return: {Cell: share}, another one for each row, with the fixed tax left alone"""
    shares = {}
    for cell in left:
        row = cell.row if isinstance(cell.row, int) else 0
        share = Fraction((permille * (row + 1)) % 1001, 1000)
        if share:
            shares[cell] = Fraction(0) if cell.column == FIXED else share
    return shares


class TestRandomInvoices(unittest.TestCase):
    """Any invoice is credited in parts, in any way and order, until nothing is left."""

    def _check_bounds(self, left, credit):
        """No part is more than its whole, or against it."""
        for cell, amount in credit.amounts.items():
            for part, whole in zip(amount, left[cell], strict=True):
                self.assertTrue(min(0, whole) <= part <= max(0, whole), cell)

    def _check_pairs(self, credit):
        pairs = [c for c in credit.amounts if isinstance(c.column, plan.PairedItem)]
        currency, company = (sum(credit.amounts[c][i] for c in pairs) for i in (0, 1))
        self.assertEqual(currency, 0)
        return company

    def _check_rounding(self, left, credit, shares):
        """Each cell and each column is its exact share, rounded down or up."""
        columns, exact_columns = {}, {}
        for cell, amount in credit.amounts.items():
            exact = left[cell].currency * shares[cell]
            self.assertIn(amount.currency, (floor(exact), ceil(exact)))
            columns[cell.column] = columns.get(cell.column, 0) + amount.currency
            exact_columns[cell.column] = exact_columns.get(cell.column, 0) + exact
        for column, amount in columns.items():
            exact = exact_columns[column]
            self.assertIn(amount, (floor(exact), ceil(exact)))

    def _check_company_total(self, left, credit, worth):
        """What is due afterwards is worth what it should be, if the cells allow it."""
        pairs = self._check_pairs(credit)
        if worth is None or credit.total.currency == left.total.currency:
            return
        credited = [
            left[cell].company
            for cell, amount in credit.amounts.items()
            if amount.currency and not isinstance(cell.column, plan.PairedItem)
        ]
        least = sum(whole for whole in credited if whole < 0)
        most = sum(whole for whole in credited if whole > 0)
        # Those of nothing in currency are credited at their share, whatever that is.
        odd = sum(
            amount.company
            for cell, amount in credit.amounts.items()
            if not amount.currency and not isinstance(cell.column, plan.PairedItem)
        )
        if least <= worth - odd - pairs <= most:
            self.assertEqual(credit.total.company, worth)

    @SETTINGS
    @given(INVOICES, STEPS)
    def test_credited_until_nothing_is_left(self, invoice, steps):
        invoiced = left = make_invoice(*invoice)
        credit_notes = []
        for method, permille, more in steps:
            whole = left.total.currency
            total = whole * permille // 1000
            worth = None
            if more and whole:
                worth = round(Fraction(left.total.company * total, whole)) + more
            if method == "lines":
                shares = get_shares(left, permille)
                credit = plan.plan_lines(left, shares)
                self._check_bounds(left, credit)
                self._check_pairs(credit)
                self.assertEqual(set(credit.amounts), set(shares))
            elif method == "unlinked":
                rows = [cell.row for cell in left if cell.column == NET]
                net = sum(left[Cell(row, NET)].currency for row in rows)
                amount = Amount(-net * permille // 1000, 7 - permille)
                table = plan.allot(left, NET, amount, [rows[:1], rows])
                self.assertEqual(table.total, amount)
                credit_notes.append(table)
                left = plan.get_left(invoiced, *credit_notes)
                continue
            else:
                columns = {VAT, LOW} if method == "taxes whole" else set()
                credit = plan.plan_total(left, total, columns, worth)
                self._check_bounds(left, credit)
                self._check_pairs(credit)
                self.assertEqual(credit.total.currency, total)
                self.assertEqual(set(credit.amounts), set(left))
                if method == "total" and whole:
                    share = Fraction(total, whole)
                    self._check_rounding(left, credit, dict.fromkeys(left, share))
                self._check_company_total(left, credit, worth)
            if (
                invoice[1] is None
                and worth is None
                and not any(step[0] == "unlinked" or step[2] for step in steps)
            ):
                for amount in credit.amounts.values():
                    self.assertEqual(amount.currency, amount.company)
            credit_notes.append(-credit.amounts)
            left = plan.get_left(invoiced, *credit_notes)
        credit_notes.append(-plan.plan_total(left, left.total.currency).amounts)
        left = plan.get_left(invoiced, *credit_notes)
        self.assertEqual(set(left), set(invoiced))
        self.assertFalse(any(left.values()))


class TestManySmallLines(unittest.TestCase):
    """Equal lines differ by a cent at most (they took it all off one line once)."""

    def _check_lines(self, times, price, tax, permille, expected):
        left = cents(*[price] * times, tax=tax)
        total = round(Fraction(left.total.currency * permille, 1000))
        credit = plan.plan_total(left, total)
        self.assertEqual(credit.total, Amount(total, total))
        prices = [credit.amounts[Cell(row, NET)].currency for row in range(times)]
        self.assertEqual(set(prices), set(expected))
        exact = Fraction(price * times * permille, 1000)
        self.assertLessEqual(abs(sum(prices) - exact), 1)

    def test_120_lines_at_half(self):
        self._check_lines(120, 99, 15, 500, [49, 50])

    def test_100_lines_at_half(self):
        self._check_lines(100, 99, 15, 500, [49, 50])

    def test_60_lines_at_half(self):
        self._check_lines(60, 29, 15, 500, [14, 15])

    def test_4_lines_at_half(self):
        self._check_lines(4, 5, 0, 500, [2, 3])

    def test_24_lines_at_an_eighth(self):
        self._check_lines(24, 1995, 15, 125, [249, 250])

    def test_half_cents_are_spread_over_lines_taxed_alike(self):
        # By line alone, all 30 cents would be in the base of the first tax.
        left = Table()
        for row in range(120):
            left[Cell(row, NET)] = Amount(99, 99)
            left[Cell(row, VAT if row < 60 else LOW)] = Amount(21, 21)
        credit = plan.plan_total(left, left.total.currency // 2)
        first = sum(credit.amounts[Cell(row, NET)].currency for row in range(60))
        self.assertEqual(first, 2970)

    def test_a_line_of_nothing_stays_on_the_credit_note(self):
        credit = plan.plan_total(cents(1, 1, 1), 1)
        self.assertEqual(len(credit.amounts), 3)


class TestSpeed(unittest.TestCase):
    def test_500_lines_with_two_taxes(self):
        left = Table()
        for row in range(500):
            for column, price in ((NET, 1999 + row), (VAT, 420), (LOW, 120)):
                left[Cell(row, column)] = Amount(price, price * 11 // 10)
        start = time.process_time()
        plan.plan_total(left, left.total.currency // 3)
        middle = time.process_time()
        plan.plan_lines(left, {cell: Fraction(1, 3 + cell.row) for cell in left})
        end = time.process_time()
        print(
            f"500 lines: {middle - start:.3f} s by total, {end - middle:.3f} s by line"
        )
        self.assertLess(max(middle - start, end - middle), 0.25)


if __name__ == "__main__":
    unittest.main()
