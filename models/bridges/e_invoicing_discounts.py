"""What Factur-X says of an early payment discount that lowers the price of a credit
note and not the base of its taxes. Odoo writes it into UBL and leaves it out of CII.
"""

from collections import defaultdict
from typing import NamedTuple

from lxml import etree

from .cii import CII, RAM, UDT

# UNTDID 7161 and 5189, as Odoo writes them in UBL.
CODE_OF_CHARGE, CODE_OF_ALLOWANCE = "ZZZ", "64"
SETTLEMENT = ".//ram:ApplicableHeaderTradeSettlement"


class Category(NamedTuple):
    """A tax category of EN 16931."""

    code: str
    rate: float
    exemption: str = ""


class Discount(NamedTuple):
    """What discount items add to the base of a tax category, and what its tax is with
    it, in the document's currency.
    """

    category: Category
    base: float
    tax: float


def add_discounts_to_cii(root, credit_note, _contents):
    """Allowances (BG-20), charges (BG-21), totals (BG-22), tax breakdown (BG-23)"""
    discounts = _get_discounts(credit_note)
    if not discounts:
        return
    [settlement] = root.iterfind(SETTLEMENT, CII)
    [summation] = settlement.iterfind(
        "ram:SpecifiedTradeSettlementHeaderMonetarySummation", CII
    )
    tax = sum(_add_to_category(settlement, discount) for discount in discounts)
    for discount in discounts:
        _add_allowance_or_charge(settlement, discount)
    charges = sum(discount.base for discount in discounts if discount.base > 0)
    allowances = -sum(discount.base for discount in discounts if discount.base < 0)
    [line_total] = summation.iterfind("ram:LineTotalAmount", CII)
    for name, amount in (
        ("AllowanceTotalAmount", allowances),
        ("ChargeTotalAmount", charges),
    ):
        # The one added last stands first.
        node = etree.Element(f"{{{RAM}}}{name}")
        node.text = f"{amount:.2f}"
        line_total.addnext(node)
    _increase(summation, "TaxBasisTotalAmount", charges - allowances)
    _increase(summation, "TaxTotalAmount", tax)


def _get_discounts(credit_note):
    """:return: list of Discount, those of one category together"""
    bases, taxes = defaultdict(float), defaultdict(float)
    base_lines, _tax_lines = credit_note._get_rounded_base_and_tax_lines()
    for base_line in base_lines:
        if base_line["special_type"] == "early_payment":
            details = base_line["tax_details"]
            tax = credit_note.env["account.tax"].union(
                *(tax_data["tax"] for tax_data in details["taxes_data"])
            )
            bases[_get_category(credit_note, tax)] += (
                details["total_excluded_currency"]
                + details["delta_total_excluded_currency"]
            )
    for item in credit_note.line_ids:
        if item.tax_line_id.amount_type == "percent":
            category = _get_category(credit_note, item.tax_line_id)
            taxes[category] += credit_note.direction_sign * item.amount_currency
    return [
        Discount(category, base, taxes[category])
        for category, base in bases.items()
        if not credit_note.currency_id.is_zero(base)
    ]


def _get_category(credit_note, taxes):
    tax = taxes.filtered(lambda tax: tax.amount_type == "percent")[:1]
    builder = credit_note.env["account.edi.xml.cii"]
    parties = (
        credit_note.commercial_partner_id,
        credit_note.company_id.partner_id.commercial_partner_id,
    )
    reason = builder._get_tax_exemption_reason(*parties, tax)
    return Category(
        builder._get_tax_category_code(*parties, tax),
        tax.amount,
        reason["tax_exemption_reason"],
    )


def _add_to_category(settlement, discount):
    """:return: what it adds to the tax of the file"""
    code, rate, exemption = discount.category
    taxes = settlement.findall("ram:ApplicableTradeTax", CII)
    for tax in taxes:
        if (
            tax.findtext("ram:CategoryCode", None, CII) == code
            and float(tax.findtext("ram:RateApplicablePercent", "0", CII)) == rate
        ):
            break
    else:
        tax = etree.Element(f"{{{RAM}}}ApplicableTradeTax")
        _append(tax, "CalculatedAmount", "0.00")
        _append(tax, "TypeCode", "VAT")
        if exemption:
            _append(tax, "ExemptionReason", exemption)
        _append(tax, "BasisAmount", "0.00")
        _append(tax, "CategoryCode", code)
        _append(tax, "RateApplicablePercent", str(rate))
        taxes[-1].addnext(tax)
    _increase(tax, "BasisAmount", discount.base)
    missing = discount.tax - float(tax.findtext("ram:CalculatedAmount", "0", CII))
    _increase(tax, "CalculatedAmount", missing)
    return missing


def _add_allowance_or_charge(settlement, discount):
    is_charge = discount.base > 0
    node = etree.Element(f"{{{RAM}}}SpecifiedTradeAllowanceCharge")
    indicator = etree.SubElement(
        _append(node, "ChargeIndicator"), f"{{{UDT}}}Indicator"
    )
    indicator.text = "true" if is_charge else "false"
    _append(node, "ActualAmount", f"{abs(discount.base):.2f}")
    _append(node, "ReasonCode", CODE_OF_CHARGE if is_charge else CODE_OF_ALLOWANCE)
    _append(node, "Reason", "Conditional cash/payment discount")
    tax = _append(node, "CategoryTradeTax")
    _append(tax, "TypeCode", "VAT")
    _append(tax, "CategoryCode", discount.category.code)
    _append(tax, "RateApplicablePercent", str(discount.category.rate))
    before = settlement.xpath(
        "ram:ApplicableTradeTax | ram:BillingSpecifiedPeriod"
        " | ram:SpecifiedTradeAllowanceCharge",
        namespaces=CII,
    )
    before[-1].addnext(node)


def _append(parent, name, text=None):
    node = etree.SubElement(parent, f"{{{RAM}}}{name}")
    node.text = text
    return node


def _increase(parent, name, amount):
    [node] = parent.iterfind(f"ram:{name}", CII)
    node.text = f"{float(node.text) + amount:.2f}"
