"""What a document says of its amounts, wherever it says so, beside its journal items.

Each function gives comparisons: two amounts that are one, said in two places. Amounts
are positive as printed, on an invoice and on a credit note.
"""

from collections import defaultdict
from typing import Any, NamedTuple

from lxml import etree

from odoo.exceptions import UserError


class Comparison(NamedTuple):
    """Two amounts that are one.

    `name` is the same for all documents, `about` the tax, tag or line in question.
    """

    name: str
    amount: float
    other: float
    currency: Any
    about: str = ""

    @property
    def is_equal(self):
        return self.currency.is_zero(self.amount - self.other)

    def __str__(self):
        return (
            f"{self.name}{self.about and f' ({self.about})'}:"
            f" {self.amount:.3f} / {self.other:.3f} {self.currency.name}"
        )


class Value(NamedTuple):
    """An amount in the currency of the document and in that of the company."""

    currency: float
    company: float


class Ledger:
    """What the journal items of an invoice or credit note say."""

    def __init__(self, move):
        self.move = move
        self.sign = move.direction_sign
        self.term_items = self._items("payment_term")
        self.tax_items = move.line_ids.filtered("tax_repartition_line_id")
        self.line_items = self._items("product") - self.tax_items
        self.discount_items = self._items("epd")
        self.rounding_items = self._items("rounding") - self.tax_items

    def _items(self, display_type):
        return self.move.line_ids.filtered(
            lambda item: item.display_type == display_type
        )

    def add_up(self, items):
        return Value(
            self.sign * sum(items.mapped("amount_currency")),
            self.sign * sum(items.mapped("balance")),
        )

    @property
    def untaxed(self):
        """Without cash rounding, which is printed in a row of its own."""
        return self.add_up(
            self.move.line_ids - self.term_items - self.tax_items - self.rounding_items
        )

    @property
    def rounding(self):
        return self.add_up(self.rounding_items)

    @property
    def tax(self):
        return self.add_up(self.tax_items)

    @property
    def total(self):
        total = self.add_up(self.term_items)
        return Value(-total.currency, -total.company)

    def group_taxes(self):
        """:return: dict of tax group -> what its taxes come to"""
        return {
            group: self.add_up(items)
            for group, items in self.tax_items.grouped("tax_group_id").items()
        }

    def group_bases(self):
        """:return: dict of tax group -> what its taxes are computed on"""
        bases = defaultdict(lambda: self.move.line_ids.browse())
        for item in self.move.line_ids.filtered("tax_ids"):
            taxes = item.tax_ids.flatten_taxes_hierarchy()
            for group in taxes.tax_group_id:
                bases[group] += item
        return {group: self.add_up(items) for group, items in bases.items()}

    def tags(self):
        """:return: dict of tax tag -> its balance on this document"""
        balances = defaultdict(float)
        for item in self.move.line_ids:
            for tag in item.tax_tag_ids:
                balances[tag] += self.sign * item.balance
        return balances


def get_comparisons(move):
    """All that need no other addon and no paper."""
    ledger = Ledger(move)
    return [
        *compare_fields(ledger),
        *compare_tax_totals(ledger),
        *compare_lines(ledger),
        *compare_tags(ledger),
    ]


def compare_fields(ledger):
    """The stored amounts of the document."""
    move = ledger.move
    untaxed = ledger.untaxed.currency + ledger.rounding.currency
    yield from (
        Comparison(f"{name} / journal items", move[name], amount, move.currency_id)
        for name, amount in (
            ("amount_untaxed", untaxed),
            ("amount_tax", ledger.tax.currency),
            ("amount_total", ledger.total.currency),
        )
    )
    yield from (
        Comparison(
            f"{name} / journal items",
            abs(move[name]),
            abs(amount),
            move.company_currency_id,
        )
        for name, amount in (
            (
                "amount_untaxed_signed",
                ledger.untaxed.company + ledger.rounding.company,
            ),
            ("amount_tax_signed", ledger.tax.company),
            ("amount_total_signed", ledger.total.company),
        )
    )


def compare_tax_totals(ledger):
    """What is shown and printed under the lines."""
    move = ledger.move
    totals = move.tax_totals
    # Odoo lets lines without taxes, discounts and cash rounding carry no amounts: what
    # they are worth in company currency is computed anew.
    is_company_carried = move.currency_id == move.company_currency_id or (
        all(line.tax_ids for line in ledger.line_items)
        and not ledger.rounding_items
        and not ledger.discount_items
    )

    def compare(what, values, key, value, about=""):
        for suffix, other, currency in (
            ("_currency", value.currency, move.currency_id),
            ("", value.company, move.company_currency_id),
        ):
            if not suffix and not is_company_carried:
                continue
            yield Comparison(
                f"tax_totals {what} / journal items"
                f"{'' if suffix else ', company currency'}",
                values.get(f"{key}{suffix}", 0.0),
                other,
                currency,
                about,
            )

    yield from compare("base", totals, "base_amount", ledger.untaxed)
    yield from compare("tax", totals, "tax_amount", ledger.tax)
    yield from compare("total", totals, "total_amount", ledger.total)
    yield from compare(
        "cash rounding", totals, "cash_rounding_base_amount", ledger.rounding
    )
    shown = {
        group["id"]: group
        for subtotal in totals["subtotals"]
        for group in subtotal["tax_groups"]
    }
    taxes, bases = ledger.group_taxes(), ledger.group_bases()
    # Odoo computes anew what taxes on a discount add to the base of other taxes.
    is_base_carried = not any(
        ledger.discount_items.tax_ids.flatten_taxes_hierarchy().mapped(
            "include_base_amount"
        )
    )
    for group in {*taxes, *bases, *move.env["account.tax.group"].browse(shown)}:
        values = shown.get(group.id, {})
        yield from compare(
            "tax of a group",
            values,
            "tax_amount",
            taxes.get(group, Value(0.0, 0.0)),
            group.name,
        )
        if is_base_carried:
            yield from compare(
                "base of a group",
                values,
                "base_amount",
                bases.get(group, Value(0.0, 0.0)),
                group.name,
            )


def compare_lines(ledger):
    """What the lines say is what is booked for them."""
    move = ledger.move
    for line in ledger.line_items:
        yield Comparison(
            "price_subtotal of a line / its journal item",
            line.price_subtotal,
            ledger.sign * line.amount_currency,
            move.currency_id,
            line.name,
        )
    yield Comparison(
        "sum of price_subtotal / journal items",
        sum(ledger.line_items.mapped("price_subtotal")),
        ledger.untaxed.currency,
        move.currency_id,
    )
    if "rounding" in ledger.tax_items.mapped("display_type") or ledger.discount_items:
        # Cash rounding that is tax is of no line, nor what a discount takes off taxes.
        return
    taxes = sum(line.price_total - line.price_subtotal for line in ledger.line_items)
    yield Comparison(
        "taxes of the lines / journal items",
        taxes,
        ledger.tax.currency,
        move.currency_id,
    )


def compare_tags(ledger):
    """The tax report adds up what the taxes of the document say.

    Each repartition line has a tag of its own.
    """
    move = ledger.move
    document = "refund" if move.move_type == "out_refund" else "invoice"
    expected = defaultdict(float)
    names = {}
    for item in move.line_ids:
        for tax in item.tax_ids.flatten_taxes_hierarchy():
            for tag in (
                tax[f"{document}_repartition_line_ids"]
                .filtered(lambda part: part.repartition_type == "base")
                .tag_ids
            ):
                expected[tag] += ledger.sign * item.balance
                names[tag] = "tag of a base"
        for tag in item.tax_repartition_line_id.tag_ids:
            expected[tag] += ledger.sign * item.balance
            names[tag] = "tag of a tax"
    tags = ledger.tags()
    for tag in {*tags, *expected}:
        yield Comparison(
            f"{names.get(tag, 'tag')} / journal items",
            tags.get(tag, 0.0),
            expected.get(tag, 0.0),
            move.company_currency_id,
            tag.name,
        )


class ElectronicFile:
    """Amounts of an XML file, found by local names: `at("A/B")`."""

    def __init__(self, content):
        self.root = etree.fromstring(content)

    def find(self, path, node=None):
        steps = "/".join(
            step if step in (".", "") else f"{{*}}{step}" for step in path.split("/")
        )
        return (self.root if node is None else node).findall(steps)

    def amount(self, path, node=None):
        return sum(float(found.text) for found in self.find(path, node))


def export_file(move, model):
    """:return: the electronic file, None where Odoo makes none of such a document"""
    try:
        content, _errors = move.env[model]._export_invoice(move)
    except UserError:
        return None
    return ElectronicFile(content)


def compare_ubl(move, model="account.edi.xml.ubl_bis3"):
    """Peppol BIS 3: the sums that the rules ask for, and those of the ledger."""
    file = export_file(move, model)
    if file is None:
        return
    ledger = Ledger(move)
    currency = move.currency_id
    line_tag = "CreditNoteLine" if move.move_type == "out_refund" else "InvoiceLine"
    totals = "LegalMonetaryTotal"
    lines = file.find(line_tag)
    exclusive = file.amount(f"{totals}/TaxExclusiveAmount")
    inclusive = file.amount(f"{totals}/TaxInclusiveAmount")
    rounding = file.amount(f"{totals}/PayableRoundingAmount")
    [tax_total] = [
        node
        for node in file.find("TaxTotal")
        if file.find("TaxAmount", node)[0].get("currencyID") == currency.name
    ][:1] or [None]
    tax = 0.0 if tax_total is None else file.amount("TaxAmount", tax_total)
    allowances = sum(
        file.amount("Amount", node)
        * (1 if file.find("ChargeIndicator", node)[0].text == "true" else -1)
        for node in file.find("AllowanceCharge")
    )
    extension = file.amount(f"{totals}/LineExtensionAmount")
    yield from (
        Comparison(f"UBL {name}", amount, other, currency)
        for name, amount, other in (
            (
                "lines / LineExtensionAmount",
                sum(file.amount("LineExtensionAmount", line) for line in lines),
                extension,
            ),
            (
                "LineExtensionAmount + charges / TaxExclusiveAmount",
                extension + allowances,
                exclusive,
            ),
            (
                "TaxExclusiveAmount + TaxAmount / TaxInclusiveAmount",
                exclusive + tax,
                inclusive,
            ),
            ("TaxInclusiveAmount / ledger", inclusive + rounding, ledger.total[0]),
            (
                "TaxInclusiveAmount / amount_total",
                inclusive + rounding,
                move.amount_total,
            ),
        )
    )
    if tax_total is not None:
        yield Comparison(
            "UBL TaxSubtotal amounts / TaxAmount",
            file.amount("TaxSubtotal/TaxAmount", tax_total),
            tax,
            currency,
        )
        yield Comparison(
            "UBL TaxSubtotal bases / TaxExclusiveAmount",
            file.amount("TaxSubtotal/TaxableAmount", tax_total),
            exclusive,
            currency,
        )
    # Fixed taxes are charges there.
    fixed = ledger.add_up(
        ledger.tax_items.filtered(lambda item: item.tax_line_id.amount_type == "fixed")
    )
    yield Comparison(
        "UBL TaxAmount / ledger", tax, ledger.tax.currency - fixed.currency, currency
    )


def compare_cii(move):
    """Factur-X: as UBL, its own sums and those of the ledger."""
    file = export_file(move, "account.edi.xml.cii")
    if file is None:
        return
    ledger = Ledger(move)
    currency = move.currency_id
    trade = "SupplyChainTradeTransaction"
    settlement = f"{trade}/ApplicableHeaderTradeSettlement"
    totals = f"{settlement}/SpecifiedTradeSettlementHeaderMonetarySummation"
    lines = file.amount(
        f"{trade}/IncludedSupplyChainTradeLineItem/SpecifiedLineTradeSettlement/"
        "SpecifiedTradeSettlementLineMonetarySummation/LineTotalAmount"
    )
    line_total = file.amount(f"{totals}/LineTotalAmount")
    basis = file.amount(f"{totals}/TaxBasisTotalAmount")
    tax = file.amount(f"{totals}/TaxTotalAmount")
    grand = file.amount(f"{totals}/GrandTotalAmount")
    charges = file.amount(f"{totals}/ChargeTotalAmount")
    allowances = file.amount(f"{totals}/AllowanceTotalAmount")
    taxes = f"{settlement}/ApplicableTradeTax"
    yield from (
        Comparison(f"CII {name}", amount, other, currency)
        for name, amount, other in (
            ("lines / LineTotalAmount", lines, line_total),
            (
                "LineTotalAmount + charges - allowances / TaxBasisTotalAmount",
                line_total + charges - allowances,
                basis,
            ),
            (
                "TaxBasisTotalAmount + TaxTotalAmount / GrandTotalAmount",
                basis + tax,
                grand,
            ),
            ("taxes / TaxTotalAmount", file.amount(f"{taxes}/CalculatedAmount"), tax),
            ("bases / TaxBasisTotalAmount", file.amount(f"{taxes}/BasisAmount"), basis),
            ("GrandTotalAmount / ledger", grand, ledger.total.currency),
        )
    )
