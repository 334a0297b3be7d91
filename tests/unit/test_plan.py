"""Tests of models/plan, without Odoo and without a database, in seconds.

usage: python tests/unit/test_plan.py

CREDIT_NOTE_EXAMPLES=100000 tries that many random invoices, each time others.
"""

import importlib.util
import os
import sys
import time
import unittest
from collections import Counter
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
    """:return: {Cell: share}, another one for each row, none of the fixed tax"""
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
        """What is paired comes to nothing in both currencies."""
        pairs = [c for c in credit.amounts if isinstance(c.column, plan.PairedItem)]
        for index in (0, 1):
            self.assertEqual(sum(credit.amounts[cell][index] for cell in pairs), 0)

    def _check_rounding(self, left, credit, share):
        """Each cell and sum is its exact share, rounded down or up."""
        columns = {}
        for cell in left:
            columns.setdefault(cell.row, set()).add(cell.column)
        sums, exact_sums = Counter(), Counter()
        for cell, amount in credit.amounts.items():
            tax = getattr(cell.column, "tax", None)
            for key in (
                cell,
                cell.column,
                tax and ("tax", tax),
                (cell.column, frozenset(columns[cell.row])),
            ):
                sums[key] += amount.currency
                exact_sums[key] += left[cell].currency * share
        for key, amount in sums.items():
            if key:
                self.assertIn(amount, (floor(exact_sums[key]), ceil(exact_sums[key])))

    def _check_lines(self, left, credit, shares):
        """Each price and each tax is its exact share, rounded to the nearest."""
        off = Counter()
        for cell, amount in credit.amounts.items():
            if not isinstance(cell.column, plan.PairedItem):
                this_off = amount.currency - left[cell].currency * shares[cell]
                self.assertLess(abs(this_off), 1)
                is_price = cell.column == NET
                off[cell if is_price else getattr(cell.column, "tax", None)] += this_off
        for this_off in off.values():
            self.assertLessEqual(abs(this_off), Fraction(1, 2))

    def _check_company_total(self, left, credit, worth):
        """What is due afterwards is worth what it should be, if the cells allow it."""
        if worth is None or credit.total.currency == left.total.currency:
            return
        credited = [
            left[cell].company
            for cell, amount in credit.amounts.items()
            if (amount.currency or not left[cell].currency)
            and not isinstance(cell.column, plan.PairedItem)
        ]
        least = sum(whole for whole in credited if whole < 0)
        most = sum(whole for whole in credited if whole > 0)
        self.assertEqual(credit.total.company, min(max(worth, least), most))

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
                self._check_lines(left, credit, shares)
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
                    self._check_rounding(left, credit, Fraction(total, whole))
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


class TestCreditPlan(unittest.TestCase):
    def test_no_odoo(self):
        self.assertFalse([name for name in sys.modules if name.startswith("odoo")])

    def test_more_than_is_left(self):
        for total in (101, -1):
            with self.assertRaisesRegex(ValueError, "not a part of the 100 left"):
                plan.plan_total(cents(100), total)
        with self.assertRaisesRegex(ValueError, "from 0 to 1"):
            plan.plan_lines(cents(100), {Cell(0, NET): Fraction(101, 100)})

    def test_lines_that_come_to_nothing_are_credited_whole(self):
        left = cents(10000, -10000, tax=21)
        self.assertEqual(plan.plan_total(left, 0).amounts, left)

    def test_down_payment_is_deducted(self):
        credit = plan.plan_total(cents(10000, -3000), 3500)
        self.assertEqual(list(credit.amounts.values()), [(5000, 5000), (-1500, -1500)])

    def test_taxes_whole(self):
        # 2 % of early payment discount on the price alone.
        left = cents(10000, 5000, tax=21)
        credit = plan.plan_total(left, left.total.currency - 300, {VAT})
        sums = credit.amounts.sum_by_column()
        self.assertEqual(sums, {NET: (14700, 14700), VAT: (3150, 3150)})

    def test_price_that_taxes_are_on(self):
        """The pair says what they are on beyond the price; all sums stay."""
        left = cents(10000, 5000, tax=21)
        credit = plan.plan_total(left, left.total.currency - 300, {VAT}).amounts
        taxed, untaxed = (
            plan.PairedItem("epd", "income", taxes) for taxes in (("21 %",), ())
        )
        pair = plan.TaxedPair(taxed, untaxed, frozenset({"21 %"}))
        table = plan.add_taxed_prices(
            credit, plan.get_taxed_prices(left), {0: pair, 1: pair}
        )
        self.assertEqual(
            table.sum_by_column(),
            {
                NET: (14700, 14700),
                VAT: (3150, 3150),
                taxed: (300, 300),
                untaxed: (-300, -300),
            },
        )
        line = plan.DiscountedLine(0)
        self.assertEqual(table[Cell(0, VAT)], (2058, 2058))
        self.assertEqual(table[Cell(line, VAT)], (42, 42))
        # What the next credit note finds is the price, and what taxes are on with it.
        self.assertEqual(plan.get_taxed_prices(table), plan.get_taxed_prices(left))
        self.assertEqual(table.without_discounts(), credit)

    def test_price_that_no_tax_is_on(self):
        credit = plan.plan_total(cents(10000), 9800).amounts
        self.assertEqual(
            plan.add_taxed_prices(credit, {0: Amount(10000, 10000)}, {}), credit
        )

    def test_taxes_that_are_more_than_the_total(self):
        credit = plan.plan_total(cents(826, tax=21), 100, {VAT})
        sums = credit.amounts.sum_by_column()
        self.assertEqual(sums, {NET: (0, 0), VAT: (100, 100)})

    def test_reverse_charge_comes_to_nothing(self):
        left = Table()
        for row in range(7):
            left[Cell(row, NET)] = Amount(999, 999)
            left[Cell(row, DUE)] = Amount(210, 210)
            left[Cell(row, DEDUCTED)] = Amount(-210, -210)
        for total in range(0, left.total.currency, 50):
            sums = plan.plan_total(left, total).amounts.sum_by_column()
            self.assertEqual(sums[DUE] + sums[DEDUCTED], (0, 0))

    def test_items_that_differ_in_their_account_alone(self):
        """What is credited of one is not taken off the other."""
        one, other = plan.TaxItem("t", "A"), plan.TaxItem("t", "B")
        invoiced = plan.Table(
            {
                plan.Cell(0, one): plan.Amount(1500, 1500),
                plan.Cell(other, other): plan.Amount(150, 150),
            }
        )
        credit_note = plan.Table(
            {
                plan.Cell(0, other): plan.Amount(-45, -45),
                plan.Cell(one, one): plan.Amount(-450, -450),
            }
        )
        sums = plan.get_left(invoiced, credit_note).sum_by_column()
        self.assertEqual(sums, {one: (1050, 1050), other: (105, 105)})

    def test_lines_are_rounded_as_the_clerk_sees_them(self):
        left = cents(2900, 2900, 500, tax=21)
        shares = {cell: Fraction(1, 3) for cell in left if cell.row < 2}
        credit = plan.plan_lines(left, shares)
        self.assertEqual(
            credit.amounts.sum_by_column(), {NET: (1934, 1934), VAT: (406, 406)}
        )
        self.assertEqual(
            credit.amounts.get_rows()[0], {NET: (967, 967), VAT: (203, 203)}
        )
        self.assertEqual(credit.amounts.get_rows().get(2, {}), {})

    def test_all_lines_are_all_in_both_currencies(self):
        left = Table({Cell(row, NET): Amount(33, 36) for row in range(3)})
        credit = plan.plan_lines(left, dict.fromkeys(left, Fraction(1)), 100)
        self.assertEqual(credit.amounts, left)

    def test_lower_price_leaves_fixed_tax_alone(self):
        left = cents(1000, tax=21)
        left[Cell(0, FIXED)] = Amount(37, 37)
        shares = {Cell(0, NET): Fraction(1, 10), Cell(0, VAT): Fraction(1, 10)}
        credit = plan.plan_lines(left, shares)
        self.assertEqual(credit.total, (121, 121))

    def test_discounts_follow_their_line(self):
        # 2 % off 100.00 at 21 % and off 50.00 at 6 %, whose counterpart is one item.
        high, low = (plan.PairedItem("epd", "sales", (tax,)) for tax in (VAT, LOW))
        counterpart = plan.PairedItem("epd", "sales")
        left = cents(10000, 5000)
        left[Cell(high, high)] = Amount(-200, -200)
        left[Cell(low, low)] = Amount(-100, -100)
        left[Cell(counterpart, counterpart)] = Amount(300, 300)
        first, second = Cell(0, NET), Cell(1, NET)
        shares = {first: Fraction(1)}
        shares[Cell(high, high)] = plan.get_share_of({first: 200}, shares)
        shares[Cell(low, low)] = plan.get_share_of({second: 100}, shares)
        made_by = {first: 200, second: 100}
        shares[Cell(counterpart, counterpart)] = plan.get_share_of(made_by, shares)
        sums = plan.plan_lines(left, shares).amounts.sum_by_column()
        self.assertEqual(
            sums,
            {
                NET: (10000,) * 2,
                high: (-200,) * 2,
                low: (0, 0),
                counterpart: (200,) * 2,
            },
        )

    def test_worth_of_what_is_due_afterwards(self):
        # 3 x 0.33 at 1.1: 0.36 each; 0.66 are worth 0.73, and not 2 x 0.36.
        left = Table({Cell(row, NET): Amount(33, 36) for row in range(3)})
        credit = plan.plan_total(left, 33, company_total=35)
        self.assertEqual(credit.total, (33, 35))
        self.assertEqual(plan.plan_total(left, 33, company_total=999).total, (33, 108))

    def test_worth_beside_a_pair_of_which_a_part_was_credited(self):
        left = Table({Cell(0, NET): Amount(100, 110)})
        left[Cell(0, DISCOUNTS[0])] = Amount(3, 4)
        self.assertEqual(plan.plan_total(left, 50, company_total=60).total, (50, 60))

    def test_yen_of_a_dinar_company_and_the_other_way_round(self):
        for rate in (Fraction(201, 100), Fraction(1, 47)):
            left = Table(
                {Cell(n, NET): Amount(n, round(n * rate)) for n in range(1, 90)}
            )
            credit = plan.plan_total(left, 2000)
            self.assertEqual(credit.total.currency, 2000)
            self.assertLessEqual(abs(credit.total.company - 2000 * rate), 3)

    def test_at_rate_of_the_day(self):
        pair = [plan.PairedItem("discount", account) for account in "AB"]
        left = cents(333, 333, 334)
        left[Cell(0, pair[0])], left[Cell(0, pair[1])] = (
            Amount(55, 55),
            Amount(-55, -55),
        )
        credit = plan.plan_all(left).at_rate(Fraction(13, 10))
        self.assertEqual(credit.total, (1000, 1300))
        self.assertEqual(credit.amounts.sum_by_column()[NET], (1000, 1300))


class TestLeft(unittest.TestCase):
    def test_tax_of_the_credit_note_is_on_another_account(self):
        refund = VAT._replace(account="VAT of credit notes")
        invoiced = cents(100, tax=21)
        credit_note = Table(
            {Cell(0, NET): Amount(-50, -50), Cell(0, refund): Amount(-11, -11)}
        )
        left = plan.get_left(invoiced, credit_note)
        self.assertEqual(left, {(0, NET): (50, 50), (0, VAT): (10, 10)})

    def test_two_accounts_of_one_tax_stay_apart(self):
        other = VAT._replace(account="other")
        invoiced = Table({Cell(0, VAT): Amount(5, 5), Cell(0, other): Amount(7, 7)})
        left = plan.get_left(invoiced, Table({Cell(0, other): Amount(-7, -7)}))
        self.assertEqual(left, {(0, VAT): (5, 5), (0, other): (0, 0)})

    def test_credit_that_names_no_line(self):
        left = cents(300, 100, 600)
        allotted = plan.allot(left, NET, Amount(-100, -100), [[0, 1], [0, 1, 2]])
        self.assertEqual(allotted, {(0, NET): (-75, -75), (1, NET): (-25, -25)})
        # More than is left of the likely lines.
        allotted = plan.allot(left, NET, Amount(-500, -500), [[0, 1], [0, 1, 2]])
        self.assertEqual(
            list(allotted.values()), [(-150, -150), (-50, -50), (-300, -300)]
        )
        # More than is left at all.
        allotted = plan.allot(left, NET, Amount(-1100, -1100), [[0, 1, 2]])
        self.assertEqual(
            list(allotted.values()), [(-330, -330), (-110, -110), (-660, -660)]
        )


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
        # A tenth of a second alone; a busy machine's caches cost several times that.
        self.assertLess(max(middle - start, end - middle), 1.0)


if __name__ == "__main__":
    unittest.main()
