"""What else electronic invoices say of a credit note: the order, the reason, the day of
supply and the amount, by their numbers in EN 16931. Odoo writes what it would write for
an invoice, of fields that a credit note fills otherwise.

Each is an addition of its own, to what `_get_invoice_node(vals)` of
account.edi.xml.ubl_bis3 or `_export_invoice(invoice)` of account.edi.xml.cii returns,
and leaves documents other than customer credit notes alone.
"""

from datetime import date
from functools import wraps
from typing import NamedTuple

from lxml import etree

from ..addition import addition
from .cii import CII, RAM
from .e_invoicing_discounts import add_discounts_to_cii

# 57: standing agreement, as Odoo writes it in UBL. UNTDID 4461
STANDING_AGREEMENT = "57"


def get_credited_invoices(credit_note):
    # sudo: the same for everybody
    return credit_note.sudo()._get_credited_invoices()


class Preceding(NamedTuple):
    """A preceding invoice, BG-3."""

    name: str
    invoice_date: date


def get_preceding_invoices(credit_note, number="name"):
    """:param number: field of the number that electronic files of this format have
    :return: list of Preceding: what the credit note credits, in Odoo or in a former
    system
    """
    # sudo: the same for everybody
    former = credit_note.sudo().former_invoice_id
    return [
        *(
            Preceding(invoice[number] or invoice.name, invoice.invoice_date)
            for invoice in get_credited_invoices(credit_note)
        ),
        *(Preceding(invoice.name, invoice.date) for invoice in former),
    ]


def get_reason(credit_note):
    """:return: reason and details in the language of the buyer, may be empty"""
    # sudo: the same for everybody
    reader = credit_note.sudo().with_context(lang=credit_note.partner_id.lang)
    return reader._get_credit_note_reason()


def get_order_reference(credit_note):
    """:return: the buyer's reference of the invoices, unless the credit note has one of
    its own, and not only "Reversal of"; None if there is none, or not one for all
    """
    invoices = get_credited_invoices(credit_note)
    if not invoices or credit_note._is_reference_printed():
        return credit_note.ref or None
    references = set(invoices.mapped("ref"))
    return references.pop() or None if len(references) == 1 else None


class Contents(NamedTuple):
    """What a credit note takes over from what it credits."""

    order_reference: str
    reason: str
    supply_date: object  # BT-72: when the supply was made or completed
    period: tuple

    @classmethod
    def of(cls, credit_note):
        invoices = get_credited_invoices(credit_note)
        # Without an order Odoo names the invoice itself.
        name = invoices.name if len(invoices) == 1 else credit_note.name
        return cls(
            order_reference=get_order_reference(credit_note) or name,
            reason=get_reason(credit_note),
            supply_date=max(
                (move.delivery_date or move.invoice_date for move in invoices),
                default=None,
            ),
            period=cls._get_period(credit_note, invoices),
        )

    @classmethod
    def _get_period(cls, credit_note, invoices):
        if credit_note.credit_period_start:
            return credit_note.credit_period_start, credit_note.credit_period_end
        lines = invoices.invoice_line_ids
        starts, ends = (
            lines.mapped(name) if name in lines._fields else []
            for name in ("deferred_start_date", "deferred_end_date")
        )
        # As Odoo has them of an invoice.
        return (
            min(
                filter(None, [*invoices.mapped("invoice_date"), *starts]), default=None
            ),
            max(
                filter(None, [*invoices.mapped("invoice_date_due"), *ends]),
                default=None,
            ),
        )


def _of_credit_notes_in_ubl(extend):
    """:param extend: function of the node, the credit note and its contents, which
    changes the node
    """

    @addition
    @wraps(extend)
    def add(_self, node, vals):
        credit_note = vals["invoice"]
        if credit_note.move_type == "out_refund":
            extend(node, credit_note, Contents.of(credit_note))
        return node

    return add


def _of_credit_notes_in_cii(extend):
    """:param extend: function of the XML, the credit note and its contents, which
    changes the XML
    """

    @addition
    @wraps(extend)
    def add(_self, result, credit_note):
        if credit_note.move_type != "out_refund":
            return result
        content, errors = result
        root = etree.fromstring(content)
        extend(root, credit_note, Contents.of(credit_note))
        return etree.tostring(root, xml_declaration=True, encoding="UTF-8"), errors

    return add


def _is_account_of_seller(credit_note):
    """:return: whether the buyer would pay to the bank account of the credit note"""
    # sudo: the same for everybody
    bank, company = (
        credit_note.sudo()[name] for name in ("partner_bank_id", "company_id")
    )
    return bank.partner_id == company.partner_id


# -----------------------------------------------------------------------------
# UBL
# -----------------------------------------------------------------------------


@_of_credit_notes_in_ubl
def _add_order_to_ubl(node, credit_note, contents):
    """BT-13"""
    reference = node["cac:OrderReference"]["cbc:ID"]
    if reference["_text"] in (credit_note.ref, credit_note.name):
        reference["_text"] = contents.order_reference


@_of_credit_notes_in_ubl
def _add_reason_to_ubl(node, _credit_note, contents):
    """BT-22: one note, as Peppol has no more (PEPPOL-EN16931-R002)"""
    if not contents.reason:
        return
    notes = node.get("cbc:Note") or {}
    first, *rest = notes if isinstance(notes, list) else [notes]
    texts = filter(None, (contents.reason, first.get("_text")))
    node["cbc:Note"] = [{**first, "_text": " ".join(texts)}, *rest]


@_of_credit_notes_in_ubl
def _add_supply_to_ubl(node, credit_note, contents):
    """BT-72, where Odoo writes the day of the credit note or none; UBL 2.0 has no
    delivery on a credit note
    """
    if "cac:Delivery" not in node:
        return
    delivery = node["cac:Delivery"] or {}
    if isinstance(delivery, list):
        [delivery] = delivery
    written = (delivery.get("cbc:ActualDeliveryDate") or {}).get("_text")
    date = contents.supply_date
    if not written:
        deliveries = get_credited_invoices(credit_note).mapped("delivery_date")
        date = max(filter(None, deliveries), default=None)
    if date and not credit_note.delivery_date:
        delivery["cbc:ActualDeliveryDate"] = {"_text": date}
        node["cac:Delivery"] = delivery


@_of_credit_notes_in_ubl
def _add_period_to_ubl(node, credit_note, contents):
    """BG-14: of a credit note without an invoice, and for the day of the credit note,
    as in Japan, the days of the invoices
    """
    periods = node.get("cac:InvoicePeriod") or {}
    periods = periods if isinstance(periods, list) else [periods]
    # Serbia has a code in it.
    [period] = list(filter(None, periods)) or [{}]
    names = ("cbc:StartDate", "cbc:EndDate")
    if credit_note.credit_period_start:
        days = contents.period
    else:
        invoiced = get_credited_invoices(credit_note).mapped("invoice_date")
        days = [
            choose(invoiced, default=None)
            if (period.get(name) or {}).get("_text") == credit_note.invoice_date
            else None
            for name, choose in zip(names, (min, max), strict=True)
        ]
    if all(days):
        dates = {name: {"_text": day} for name, day in zip(names, days, strict=True)}
        node["cac:InvoicePeriod"] = {**period, **dates}


@_of_credit_notes_in_ubl
def _add_amounts_to_ubl(node, credit_note, _contents):
    """BT-113, BT-115: what was set off at issue was not paid before"""
    totals = node["cac:LegalMonetaryTotal"]
    names = ("TaxInclusive", "PayableRounding", "Prepaid")
    nodes = [totals.get(f"cbc:{name}Amount") or {} for name in names]
    total, rounding, prepaid = (float(part.get("_text") or 0.0) for part in nodes)
    if nodes[-1]:
        # The rest that Odoo calls prepaid is tax withheld.
        prepaid -= credit_note.amount_total - credit_note.amount_residual
    # BR-CO-16
    payable = total + rounding - prepaid
    currency = credit_note.currency_id
    for name, amount in (
        ("cbc:PrepaidAmount", prepaid),
        ("cbc:PayableAmount", payable),
    ):
        text = f"{currency.round(amount) + 0.0:.{currency.decimal_places}f}"
        # Denmark has no node for nothing.
        if totals.get(name):
            totals[name]["_text"] = text


@_of_credit_notes_in_ubl
def _drop_account_from_ubl(node, credit_note, _contents):
    """BG-17: not the account that invoices are paid to"""
    if not _is_account_of_seller(credit_note):
        return
    means = node.get("cac:PaymentMeans") or []
    for mean in means if isinstance(means, list) else [means]:
        mean["cac:PayeeFinancialAccount"] = None


@_of_credit_notes_in_ubl
def _merge_exemptions_in_ubl(node, _credit_note, _contents):
    """BG-23: one breakdown says all that is exempt (BR-E-01). What a discount takes off
    without taxes has another reason in Odoo than lines with an exempt tax.
    """
    tax_totals = node.get("cac:TaxTotal") or []
    for total in tax_totals if isinstance(tax_totals, list) else [tax_totals]:
        subtotals = total.get("cac:TaxSubtotal") or []
        exempt = [
            subtotal
            for subtotal in subtotals
            if subtotal["cac:TaxCategory"][0]["cbc:ID"]["_text"] == "E"
        ]
        if len(exempt) < 2:
            continue
        for name in ("cbc:TaxableAmount", "cbc:TaxAmount"):
            text = exempt[0][name]["_text"]
            amount = sum(subtotal[name]["_text"] for subtotal in exempt)
            exempt[0][name]["_text"] = type(text)(amount, min_dp=text.min_dp)
        total["cac:TaxSubtotal"] = [
            subtotal for subtotal in subtotals if subtotal not in exempt[1:]
        ]


@_of_credit_notes_in_ubl
def _drop_nothing_prepaid(node, _credit_note, _contents):
    """OIOUBL: an amount that is not there is left out."""
    totals = node["cac:LegalMonetaryTotal"]
    prepaid = totals.get("cbc:PrepaidAmount")
    if prepaid and not float(prepaid["_text"]):
        totals["cbc:PrepaidAmount"] = None


UBL_CONTENTS = (
    _add_order_to_ubl,
    _add_reason_to_ubl,
    _add_supply_to_ubl,
    _add_period_to_ubl,
    _add_amounts_to_ubl,
    _drop_account_from_ubl,
)
BIS3_CONTENTS = (*UBL_CONTENTS, _merge_exemptions_in_ubl)
OIOUBL_CONTENTS = (*UBL_CONTENTS, _drop_nothing_prepaid)


# -----------------------------------------------------------------------------
# CII
# -----------------------------------------------------------------------------


def _write_date(root, path, date):
    """Put the date where Odoo has one, in its format 102: year, month and day."""
    for node in root.iterfind(f".//{path}/udt:DateTimeString[@format='102']", CII):
        if date:
            node.text = f"{date:%Y%m%d}"


@_of_credit_notes_in_cii
def _add_order_to_cii(root, credit_note, contents):
    """BT-13"""
    path = ".//ram:BuyerOrderReferencedDocument/ram:IssuerAssignedID"
    for node in root.iterfind(path, CII):
        if node.text in (credit_note.ref, credit_note.name):
            node.text = contents.order_reference


@_of_credit_notes_in_cii
def _add_reason_to_cii(root, _credit_note, contents):
    """BT-22"""
    if contents.reason:
        [document] = root.iterfind("rsm:ExchangedDocument", CII)
        note = etree.SubElement(document, f"{{{RAM}}}IncludedNote")
        etree.SubElement(note, f"{{{RAM}}}Content").text = contents.reason


@_of_credit_notes_in_cii
def _add_supply_to_cii(root, credit_note, contents):
    """BT-72, BG-14"""
    if not credit_note.delivery_date:
        event = "ram:ActualDeliverySupplyChainEvent/ram:OccurrenceDateTime"
        _write_date(root, event, contents.supply_date)
    period = "ram:ApplicableHeaderTradeSettlement/ram:BillingSpecifiedPeriod/"
    for name, day in zip(("Start", "End"), contents.period, strict=True):
        _write_date(root, f"{period}ram:{name}DateTime", day)


@_of_credit_notes_in_cii
def _add_amounts_to_cii(root, _credit_note, _contents):
    """BT-113, BT-115: what was set off at issue was not paid before"""
    [total] = root.iterfind(".//ram:GrandTotalAmount", CII)
    [prepaid] = root.iterfind(".//ram:TotalPrepaidAmount", CII)
    [due] = root.iterfind(".//ram:DuePayableAmount", CII)
    prepaid.text, due.text = "0.00", total.text


@_of_credit_notes_in_cii
def _drop_account_from_cii(root, credit_note, _contents):
    """BG-17: not the account that invoices are paid to"""
    if not _is_account_of_seller(credit_note):
        return
    for means in root.iterfind(".//ram:SpecifiedTradeSettlementPaymentMeans", CII):
        for account in means.findall("ram:PayeePartyCreditorFinancialAccount", CII):
            means.remove(account)
        means.find("ram:TypeCode", CII).text = STANDING_AGREEMENT


CII_CONTENTS = (
    _of_credit_notes_in_cii(add_discounts_to_cii),
    _add_order_to_cii,
    _add_reason_to_cii,
    _add_supply_to_cii,
    _add_amounts_to_cii,
    _drop_account_from_cii,
)
