import io
import itertools
import os
import random
from collections import Counter, defaultdict
from dataclasses import dataclass, replace
from typing import NamedTuple

import psycopg2
from pypdf import PdfReader

from odoo import Command
from odoo.exceptions import UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from .document_amounts import Ledger, compare_cii, compare_ubl, get_comparisons
from .random_invoices import RARE_TAXES, TAXES, RandomInvoices

# In CI always the same, with CREDIT_NOTE_EXAMPLES=5000 so many others. A failure names
# its seed: CREDIT_NOTE_CASES=17,23 dev/test :TestOneTruth makes just these again.
EXAMPLES = int(os.environ.get("CREDIT_NOTE_EXAMPLES", "0"))
SEEDS = [
    int(seed) for seed in os.environ.get("CREDIT_NOTE_CASES", "").split(",") if seed
]
# A PDF takes a second or two.
PRINTED_ONE_OF = 75
# What electronic invoices know: one value added tax for a line.
PLAIN_TAXES = ["percent", "odd", "included", "included", "percent", "fixed_two"]


class Step(NamedTuple):
    """A way to credit: a percentage of what is left or of the total, or lines."""

    method: str
    number: int


@dataclass(frozen=True)
class Case:
    """An invoice, what happens to it, and the parts in which it is credited."""

    seed: int
    invoice: dict
    storno: bool
    discount_account: bool
    # Cents that the clerk took off the first tax by hand, or added.
    correction: int
    # Percent of the invoice that is paid, and whether within the days of the discount.
    paid: int
    is_early: bool
    # Else the rate of the credit note's day.
    use_invoice_rate: bool
    steps: tuple[Step, ...]

    def __str__(self):
        """So short that a person reads it; the seed makes it again."""
        lines = [
            " ".join(
                [
                    f"{line['quantity']:g} x {line['price']:g} {line['taxes']}",
                    *([f"- {line['discount']:g} %"] if line["discount"] else []),
                    *([f"less {line['less']}"] if line["less"] else []),
                ]
            )
            for line in self.invoice["lines"]
        ]
        counted = [
            f"{count} times {text}" if (count := len(list(alike))) > 1 else text
            for text, alike in itertools.groupby(lines)  # pylint: disable=bad-builtin-groupby
        ]
        more = f"; and {len(counted) - 6} more" if len(counted) > 6 else ""
        settings = [
            self.invoice["rounding"],
            self.invoice["currency"],
            self.invoice["term"],
            self.invoice["cash"] and f"cash rounding: {self.invoice['cash']}",
            self.storno and "storno",
            self.discount_account and "discount account",
            self.correction and f"tax corrected by {self.correction}",
            self.paid and f"paid {self.paid} %{', early' if self.is_early else ''}",
            not self.use_invoice_rate and "rate of the day",
        ]
        return "\n    ".join(
            [
                f"seed {self.seed}: {', '.join(filter(None, settings))}",
                f"{'; '.join(counted[:6])}{more}",
                "steps: "
                + ", ".join(f"{step.method} {step.number}" for step in self.steps),
            ]
        )

    @classmethod
    def make(cls, seed):
        pick = random.Random(seed)
        currency = pick.choice(["company"] * 3 + ["EUR", "EUR", "JPY", "KWD"])
        term = pick.choice(["", "", "instalments", "included", "excluded", "mixed"])
        discounted = term in ("included", "excluded", "mixed")
        is_early = discounted and pick.random() < 0.4
        return cls(
            seed=seed,
            invoice={
                "lines": cls._make_lines(pick),
                "rounding": pick.choice(["round_globally", "round_per_line"]),
                "currency": currency,
                "cash": pick.choice([""] * 6 + ["add_invoice_line", "biggest_tax"]),
                "term": term,
            },
            storno=pick.random() < 0.1,
            discount_account=pick.random() < 0.15,
            correction=pick.choice([0] * 8 + [-3, -1, 1, 2]),
            paid=100 if is_early else pick.choice([0, 0, 0, 30, 100]),
            is_early=is_early,
            use_invoice_rate=currency == "company" or pick.random() < 0.8,
            steps=tuple(
                Step(
                    *pick.choice(
                        [
                            ("amount", pick.randint(1, 80)),
                            ("percentage", pick.randint(1, 60)),
                            ("lines", pick.randrange(10**6)),
                        ]
                    )
                )
                for _number in range(pick.choice([1, 1, 2, 3]))
            ),
        )

    @classmethod
    def _make_lines(cls, pick):
        kinds = PLAIN_TAXES if pick.random() < 0.5 else TAXES + RARE_TAXES
        count = pick.choice(
            [pick.randint(1, 5)] * 30
            + [pick.randint(6, 15)] * 9
            + [pick.randint(16, 50)] * 2
            + [pick.randint(51, 120)]
        )
        lines = []
        while len(lines) < count:
            line = {
                "price": cls._make_price(pick),
                "quantity": pick.choice([1.0, 1.0, 2.0, 3.0, 7.0, 0.5, 1.25, 12.0]),
                "discount": pick.choice([0.0, 0.0, 0.0, 10.0, 33.33, 12.5, 100.0]),
                "taxes": pick.choice(kinds),
                # Goods taken back and a discount of their own.
                "less": pick.choice([""] * 8 + ["quantity", "price"]),
            }
            # Many lines of one kind, as by the month or by the piece.
            alike = 1 if pick.random() < 0.7 else pick.randint(2, count + 1)
            lines += [line] * min(alike, count - len(lines))
        return lines

    @staticmethod
    def _make_price(pick):
        highest = pick.choice([1, 30, 30, 300, 10000])
        return round(pick.uniform(0.01, highest), 2)


class Results:
    """Counts for each thing compared: of how many credit notes, and where it failed."""

    def __init__(self):
        self.asked = Counter()
        self.failures = defaultdict(list)

    def note(self, name, case, document, failures):
        self.asked[name] += 1
        if failures:
            self.failures[name].append((case, document, failures))

    def report(self, name):
        """:return: how many are wrong, and the three shortest invoices among them"""
        failures = sorted(
            self.failures[name], key=lambda failure: len(failure[0].invoice["lines"])
        )
        texts = [f"{name}: {len(failures)} of {self.asked[name]} are wrong"]
        for case, document, details in failures[:3]:
            texts.append(f"{case}")
            texts.append(f"    {document}")
            texts += [f"    {detail}" for detail in details[:4]]
        return "\n".join(texts)


@tagged("post_install", "-at_install")
class TestOneTruth(RandomInvoices):
    """Ledger, screen, paper, electronic file and tax report say the same cent.

    Random invoices are credited in random parts until nothing is left. What Odoo's own
    invoice does not keep is not asked of its credit notes.
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # No history: it is no part of this, and takes a quarter of the time.
        cls.env = cls.env(context={**cls.env.context, "tracking_disable": True})
        taxes = cls.env["account.tax"].union(*cls.taxes.values())
        taxes += taxes.children_tax_ids
        for number, tax in enumerate(taxes):
            tax.tax_group_id = cls.tax_sale_a.tax_group_id.copy(
                {"name": f"Group of {tax.name}", "sequence": number}
            )
            # As charts of account have it: a credit note lowers what the invoice says.
            for invoice, refund in zip(
                tax.invoice_repartition_line_ids,
                tax.refund_repartition_line_ids,
                strict=True,
            ):
                refund.tag_ids = invoice.tag_ids
        for name, rate in (("EUR", 1.2719), ("JPY", 155.91), ("KWD", 0.3127)):
            cls.env["res.currency.rate"].create(
                {
                    "currency_id": cls.currencies[name].id,
                    "company_id": cls.env.company.id,
                    "name": "2026-05-15",
                    "rate": rate,
                }
            )
        cls.discount_account = cls.company_data["default_account_expense"].copy()
        cls.has_edi = "account.edi.xml.ubl_bis3" in cls.env.registry
        belgium = cls.env.ref("base.be")
        for partner, vat in (
            (cls.env.company.partner_id, "BE0202239951"),
            (cls.partner_a, "BE0477472701"),
        ):
            partner.write(
                {
                    "vat": vat,
                    "country_id": belgium.id,
                    "street": "Chaussée de Namur 40",
                    "zip": "1367",
                    "city": "Ramillies",
                }
            )

    def test_random_invoices(self):
        seeds = self._run_seeds(
            300,
            lambda number, seed: self._run_case(
                Case.make(seed), is_printed=not number % PRINTED_ONE_OF
            ),
        )
        if not SEEDS:
            self.assertComparedEnough(len(seeds))

    def test_one_for_several(self):
        """One credit note of several random invoices, in parts till nothing is left."""
        self._run_seeds(15, lambda _number, seed: self._run_several(seed))

    def test_without_invoice(self):
        """Credit notes of random amounts that credit no invoice of Odoo."""
        self._run_seeds(30, lambda _number, seed: self._run_without_invoice(seed))

    def _run_seeds(self, count, run):
        """:param count: so many seeds in CI
        :param run: function of the number of a seed and the seed
        :return: the seeds
        """
        if SEEDS:
            seeds = SEEDS
        elif EXAMPLES:
            seeds = random.SystemRandom().sample(range(10**9), EXAMPLES)
        else:
            seeds = range(count)
        self.results = Results()
        self.refused = 0
        for number, seed in enumerate(seeds):
            with self.env.cr.savepoint() as savepoint:
                run(number, seed)
                savepoint.rollback()
            self.env.invalidate_all()
        for name in sorted(self.results.asked):
            with self.subTest(name):
                if self.results.failures[name]:
                    self.fail(self.results.report(name))
        return seeds

    def assertComparedEnough(self, count):
        """A comparison that is never made holds always."""
        asked = self.results.asked
        self.assertLess(self.refused, count / 10, "Odoo refuses most of the invoices")
        self.assertGreater(asked["issued as asked and previewed"], count)
        for name, number in asked.items():
            share = 0.01 if name.startswith("paper") else 0.25
            self.assertGreater(number, count * share, name)

    # -------------------------------------------------------------------------
    # One invoice
    # -------------------------------------------------------------------------

    def _run_case(self, case, is_printed):
        invoice = self._make_invoice(case)
        if not invoice:
            self.refused += 1
            return
        # What Odoo's invoice does not keep is no fault of its credit notes.
        excused = {
            comparison.name
            for comparison in self._compare(invoice)
            if not comparison.is_equal
        }
        for number, step in enumerate((*case.steps, Step("remaining", 0))):
            credit_note = self._credit_part(case, invoice, step)
            if not credit_note:
                continue
            self._note_comparisons(case, step, credit_note, excused)
            self._note_lines(case, step, credit_note, is_first=not number)
            if is_printed:
                self._note_paper(case, step, credit_note)
        if not self.has_broken:
            self._note_end(case, invoice)

    # -------------------------------------------------------------------------
    # Several invoices, and none
    # -------------------------------------------------------------------------

    def _run_several(self, seed):
        pick = random.Random(f"several {seed}")
        first = Case.make(pick.randrange(10**9))
        cases = [first] + [
            Case.make(pick.randrange(10**9)) for _n in range(pick.choice([1, 1, 2]))
        ]
        cases = [
            replace(
                case,
                seed=seed,
                invoice={
                    **case.invoice,
                    "cash": "",
                    "currency": first.invoice["currency"],
                    "rounding": first.invoice["rounding"],
                    "term": pick.choice(["", "", "instalments"]),
                },
                storno=first.storno,
                discount_account=False,
                paid=pick.choice([0, 0, 30, 100]),
                is_early=False,
                use_invoice_rate=first.use_invoice_rate,
            )
            for case in cases
        ]
        first = cases[0]
        made = [self._make_invoice(case) for case in cases]
        if not all(made):
            self.refused += 1
            return
        invoices = self.env["account.move"].union(*made)
        lines = [line for case in cases for line in case.invoice["lines"]]
        together = replace(first, invoice={**first.invoice, "lines": lines}, paid=0)
        # What Odoo's invoice of all these lines does not keep is no fault of it.
        excused = {
            comparison.name
            for invoice in (*invoices, *self._make_invoice(together))
            for comparison in self._compare(invoice)
            if not comparison.is_equal
        }
        for step in (
            *(step for step in first.steps[:2] if step.method != "lines"),
            Step("remaining", 0),
        ):
            credit_note = self._credit_several(first, invoices, step)
            if self.has_broken:
                return
            if credit_note:
                self._note_comparisons(first, step, credit_note, excused)
                self._note_lines(first, step, credit_note, is_first=False)
        self._note_end(replace(first, paid=sum(case.paid for case in cases)), invoices)

    def _credit_several(self, case, invoices, step):
        """:return: the credit note of this step, None if there is nothing to credit"""
        left = {invoice: invoice.amount_creditable for invoice in invoices}
        due = {invoice: invoice.amount_residual for invoice in invoices}
        creditable = invoices.filtered("amount_creditable")
        currency = invoices.currency_id
        if len(creditable) < 2:
            for invoice in creditable:
                self._credit_part(case, invoice, Step("remaining", 0))
            return None
        values = {"credit_method": step.method, "as_one": True, "date": "2026-05-20"}
        if not case.use_invoice_rate:
            values["use_invoice_rate"] = False
        if step.method == "amount":
            total = values["amount"] = currency.round(
                sum(left.values()) * step.number / 100
            )
        elif step.method == "percentage":
            values["percentage"] = step.number
            parts = [
                currency.round(invoice.amount_total * step.number / 100)
                for invoice in creditable
            ]
            total = sum(parts)
            if not all(parts) or any(
                part > left[invoice]
                for part, invoice in zip(parts, creditable, strict=True)
            ):
                return None
        else:
            total = sum(left.values())
        if not total:
            return None
        name = "issued as asked"
        try:
            with self.env.cr.savepoint():
                wizard = self._wizard(creditable, **values)
                self.assertAmount(wizard.amount_to_credit, total, creditable[:1])
                wizard.action_issue()
                credit_note = wizard.new_move_ids
                self.assertAmount(credit_note.amount_total, total, credit_note)
                shares = sum(map(credit_note._get_share_of, creditable))
                self.assertAmount(shares, total, credit_note, "shares")
                for invoice in creditable:
                    share = credit_note._get_share_of(invoice)
                    self.assertAmount(
                        invoice.amount_creditable, left[invoice] - share, invoice
                    )
                    table = invoice._get_invoiced_and_left()[1]
                    self.assertAmount(
                        abs(invoice._from_units(table.total)[0]),
                        left[invoice] - share,
                        invoice,
                        "table",
                    )
                    self.assertAmount(
                        invoice.amount_residual,
                        max(0.0, due[invoice] - share),
                        invoice,
                        "due",
                    )
        except (AssertionError, UserError, psycopg2.Error) as error:
            self.results.note(
                name, case, step, [f"{type(error).__name__} {error}"[:400]]
            )
            self.has_broken = True
            return None
        self.results.note(name, case, step, [])
        self.env.flush_all()
        self.env.invalidate_all()
        return credit_note

    def _run_without_invoice(self, seed):
        pick = random.Random(f"without {seed}")
        case = Case.make(pick.randrange(10**9))
        self.env.company.tax_calculation_rounding_method = case.invoice["rounding"]
        currency = self.currencies[case.invoice["currency"]]
        amounts = [
            (currency.round(line["price"] * pick.choice([1, 10])), line["taxes"])
            for line in case.invoice["lines"][:6]
        ]
        total = currency.round(sum(amount for amount, _taxes in amounts))
        if not total:
            return
        step = Step("without", seed)
        try:
            with self.env.cr.savepoint():
                dialog = self.env["account.credit.note.without.invoice"].create(
                    {
                        "partner_id": self.partner_a.id,
                        "currency_id": currency.id,
                        "date": "2026-05-20",
                        "reason_id": self.reason.id,
                        "period_start": "2026-01-01",
                        "period_end": "2026-03-31",
                        "line_ids": [
                            Command.create(
                                {
                                    "name": f"Line {number}",
                                    "amount": amount,
                                    "tax_ids": [Command.set(self.taxes[taxes].ids)],
                                }
                            )
                            for number, (amount, taxes) in enumerate(amounts)
                        ],
                    }
                )
                dialog.action_issue()
                credit_note = dialog.new_move_id
                self.assertAmount(credit_note.amount_total, total, credit_note)
                self.assertAmount(credit_note.amount_residual, total, credit_note)
        except (AssertionError, UserError, psycopg2.Error) as error:
            self.results.note(
                "issued as asked", case, amounts, [f"{type(error).__name__} {error}"]
            )
            return
        self.results.note("issued as asked", case, step, [])
        self.env.flush_all()
        self.env.invalidate_all()
        # What Odoo's invoice of such lines does not keep is no fault of it.
        lines = [
            {"price": amount, "quantity": 1, "discount": 0, "taxes": taxes, "less": ""}
            for amount, taxes in amounts
        ]
        invoice = self._make_invoice(
            replace(
                case,
                invoice={**case.invoice, "lines": lines, "cash": ""},
                correction=0,
                paid=0,
                is_early=False,
            )
        )
        if not invoice:
            self.refused += 1
            return
        excused = {
            comparison.name
            for comparison in self._compare(invoice)
            if not comparison.is_equal
        }
        self._note_comparisons(case, amounts, credit_note, excused)

    def _make_invoice(self, case):
        """:return: the posted invoice, paid as the case says; None if Odoo refuses"""
        self.has_broken = False
        self.env.company.write(
            {
                "tax_calculation_rounding_method": case.invoice["rounding"],
                "account_storno": case.storno,
                "account_discount_expense_allocation_id": (
                    self.discount_account.id if case.discount_account else False
                ),
            }
        )
        try:
            invoice = self.env["account.move"].create(
                self._prepare_random_invoice(case.invoice)
            )
            if case.correction:
                self._correct_tax(invoice, case.correction)
            # Of less than this, cash rounding may be all of the tax.
            least = 1.0 if case.invoice["cash"] else 0.0
            if invoice.currency_id.compare_amounts(invoice.amount_total, least) <= 0:
                return None
            invoice.action_post()
        except UserError:
            return None
        part = invoice.currency_id.round(invoice.amount_total * case.paid / 100)
        if case.is_early:
            self._register_payment(invoice, payment_date="2026-05-12")
        elif part:
            self._register_payment(
                invoice,
                amount=part,
                payment_date="2026-05-25",
                payment_difference_handling="open",
            )
        # As in the request that comes after it.
        self.env.flush_all()
        self.env.invalidate_all()
        return invoice

    def _correct_tax(self, invoice, correction):
        """Type the amount of the first tax group over, as the form does."""
        totals = invoice.tax_totals
        for subtotal in totals["subtotals"]:
            for group in subtotal["tax_groups"]:
                # Not so little that the cents turn it round.
                cent = invoice.currency_id.rounding
                if abs(group["tax_amount_currency"]) > 10 * cent:
                    group["tax_amount_currency"] += correction * cent
                    invoice.tax_totals = totals
                    return

    def _credit_part(self, case, invoice, step):
        """:return: the credit note of this step, None if there is nothing to credit"""
        if self.has_broken:
            return None
        name = "issued as asked and previewed"
        values = {} if case.use_invoice_rate else {"use_invoice_rate": False}
        try:
            with self.env.cr.savepoint():
                if step.method == "remaining":
                    if not invoice.amount_creditable:
                        return None
                    wizard = self._wizard(invoice, date="2026-05-20", **values)
                    preview = wizard._get_preview(invoice)
                    wizard.action_issue()
                    credit_note = wizard.new_move_ids
                    self.assertAsPreviewed(credit_note, preview)
                else:
                    credit_note = self._credit_step(
                        invoice, step.method, step.number, **values
                    )
                    if not credit_note:
                        return None
                    if step.method == "percentage" and not case.is_early:
                        self.assertAmount(
                            credit_note.amount_total,
                            invoice.currency_id.round(
                                invoice.amount_total * step.number / 100
                            ),
                            invoice,
                            "percentage asked for",
                        )
        except (AssertionError, UserError, psycopg2.Error) as error:
            self.results.note(
                name, case, step, [f"{type(error).__name__} {error}"[:400]]
            )
            self.has_broken = True
            return None
        self.results.note(name, case, step, [])
        # What is stored, not what is left in the cache.
        self.env.flush_all()
        self.env.invalidate_all()
        return credit_note

    # -------------------------------------------------------------------------
    # What is compared
    # -------------------------------------------------------------------------

    def _compare(self, move):
        comparisons = get_comparisons(move)
        # Files say no more than two decimals. A discount with two taxes is in them
        # twice, and Odoo refuses to send them. One with a tax that divides the price is
        # half in them: Odoo leaves such a tax out of any file. Invoices are asked all
        # the same, for what they do not keep.
        discounts = move.line_ids.filtered(
            lambda line: line.display_type == "epd" and move.move_type == "out_refund"
        )
        if (
            self.has_edi
            and move.currency_id.decimal_places <= 2
            and all(
                len(taxes) < 2 and "division" not in taxes.mapped("amount_type")
                for line in discounts
                for taxes in [line.tax_ids.flatten_taxes_hierarchy()]
            )
        ):
            comparisons += compare_ubl(move)
            # Odoo's knows no cash rounding.
            if not (move.reversed_entry_id or move).invoice_cash_rounding_id:
                comparisons += compare_cii(move)
        return comparisons

    def _note_comparisons(self, case, step, credit_note, excused):
        wrong = defaultdict(list)
        names = set()
        for comparison in self._compare(credit_note):
            if comparison.name in excused:
                continue
            names.add(comparison.name)
            if not comparison.is_equal:
                wrong[comparison.name].append(str(comparison))
        for name in names:
            self.results.note(name, case, step, wrong[name])

    def _note_lines(self, case, step, credit_note, is_first):
        currency = credit_note.currency_id
        lines = credit_note.invoice_line_ids.filtered(
            lambda line: line.display_type == "product"
        )
        charges = []
        for line in lines:
            origin = line.credited_line_id
            # On an invoice that is rounded globally they may differ by a cent.
            is_as_booked = currency.is_zero(
                origin.price_subtotal - abs(origin.amount_currency)
            )
            for field, opposite in (("price_subtotal", 1), ("amount_currency", -1)):
                if field == "price_subtotal" and not is_as_booked:
                    continue
                if (
                    opposite * line[field] * origin[field] < 0
                    or abs(line[field]) > abs(origin[field]) + currency.rounding / 2
                ):
                    charges.append(
                        f"{line.name}: {field} {line[field]} of {origin[field]}"
                    )
        self.results.note(
            "no line is charged or more than its own", case, step, charges
        )
        if not is_first or step.method not in ("percentage", "amount"):
            return
        alike = defaultdict(set)
        for line in credit_note.reversed_entry_id.invoice_line_ids:
            credited = lines.filtered(
                lambda item, line=line: item.credited_line_id == line
            )
            alike[
                line.price_unit,
                line.quantity,
                line.discount,
                line.tax_ids,
                line.price_subtotal,
                line.amount_currency,
            ].add(sum(credited.mapped("price_subtotal")))
        uneven = [
            f"{key[1]} x {key[0]}, {key[4]} in all: {sorted(amounts)}"
            for key, amounts in alike.items()
            if max(amounts) - min(amounts) > currency.rounding * 1.5
        ]
        self.results.note("equal lines differ by a cent at most", case, step, uneven)

    def _note_paper(self, case, step, credit_note):
        # No server is there to fetch the styles from.
        with mute_logger("odoo.addons.base.models.ir_actions_report"):
            pdf, _type = (
                self.env["ir.actions.report"]
                .with_context(force_report_rendering=True)
                ._render_qweb_pdf("account.account_invoices", credit_note.ids)
            )
        text = " ".join(
            page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages
        )
        text = "".join(text.split())
        currency = credit_note.currency_id
        amounts = {
            "total": credit_note.amount_total,
            "untaxed": Ledger(credit_note).untaxed.currency,
        }
        missing = []
        for name, amount in amounts.items():
            printed = f"{amount:,.{currency.decimal_places}f}"
            if printed not in text:
                missing.append(f"{name} {printed} is not printed")
        self.results.note("paper / journal items", case, step, missing)

    def _note_end(self, case, invoices):
        """All adds up to nothing: accounts, taxes, bases, tags, in both currencies."""
        credit_notes = invoices._get_credit_notes()
        if not credit_notes:
            return
        currency, company_currency = invoices.currency_id, invoices.company_currency_id
        # At the day's rate it is worth something else; so is a payment of its own rate.
        is_same_rate = case.use_invoice_rate and (
            currency == company_currency or not case.is_early
        )
        for kind, sums in self._add_up(case, invoices + credit_notes).items():
            left = [
                f"{name}: {amount:.3f} {currency.name},"
                f" {balance:.3f} {company_currency.name}"
                for name, (amount, balance) in sums.items()
                if not currency.is_zero(amount)
                or (is_same_rate and not company_currency.is_zero(balance))
            ]
            self.results.note(f"nothing is left by {kind}", case, "end", left)
        left = [
            f"{field}: {invoice[field]}"
            for invoice in invoices
            for field in ("amount_residual", "amount_creditable")
            if not currency.is_zero(invoice[field])
        ]
        self.results.note("nothing is left to pay or to credit", case, "end", left)
        if case.use_invoice_rate:
            entries = credit_notes.line_ids.matched_debit_ids.exchange_move_id
            self.results.note(
                "no exchange difference",
                case,
                "end",
                entries.line_ids.mapped(
                    lambda item: f"{item.account_id.display_name} {item.balance}"
                ),
            )

    def _add_up(self, case, documents):
        """:return: dict of kind (account, tax, base, tag) -> dict of name -> sums in
            the currency of the document and of the company

        With an early discount taken, the entries of its payment belong to it.
        """
        is_settled = ["asset_receivable"] if case.paid else []
        if case.is_early:
            documents += documents.matched_payment_ids.move_id
            is_settled += ["asset_cash", "asset_current"]
        kinds = defaultdict(lambda: defaultdict(lambda: [0.0, 0.0]))

        def add(kind, records, item):
            for record in records:
                sums = kinds[kind][record if kind == "account" else record.display_name]
                sums[0] += item.amount_currency
                sums[1] += item.balance

        for item in documents.line_ids.filtered("account_id"):
            account = item.account_id
            if account.account_type not in is_settled:
                # Odoo rounds the tax in a discount by itself, and what is credited
                # after it in parts is credited at full price until the last.
                name = "all" if case.is_early else account.display_name
                add("account", [name], item)
            if not case.is_early:
                add("tax", item.tax_line_id, item)
                add("base", item.tax_ids.flatten_taxes_hierarchy(), item)
                add("tag", item.tax_tag_ids, item)
        return kinds
