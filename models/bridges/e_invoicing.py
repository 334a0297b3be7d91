"""What electronic invoices say of a credit note: which invoices it credits.

The invoice's number and date are BT-25 and BT-26 of EN 16931. Odoo writes its number
for suppliers in the Netherlands only, from a free text, and never its date. This addon
does not depend on the e-invoicing addons: their methods are wrapped, for every country
and format made from them, see `wrappers`.
"""

from lxml import etree

from odoo import api, models

from ..addition import addition, after
from .cii import CII, QDT, RAM
from .e_invoicing_contents import (
    BIS3_CONTENTS,
    CII_CONTENTS,
    OIOUBL_CONTENTS,
    UBL_CONTENTS,
    get_preceding_invoices,
)
from .e_invoicing_lines import write_excise, write_line_amount, write_recycling_fee

# Where the file has another number than the document.
NUMBERS = {"account.edi.xml.ubl_hr": "l10n_hr_fiscalization_number"}


class AccountMove(models.Model):
    _inherit = "account.move"

    @api.model
    def _get_method_wrappers(self):
        # Names as they stand: dev/check drift reads them.
        return super()._get_method_wrappers() | {
            ("account.edi.xml.ubl_bis3", "_get_invoice_node"): after(
                _add_references_to_ubl, *BIS3_CONTENTS
            ),
            # Made from UBL itself: Serbia and Denmark.
            ("account.edi.xml.ubl.rs", "_get_invoice_node"): after(
                _add_references_to_ubl, *UBL_CONTENTS
            ),
            ("account.edi.xml.oioubl_21", "_get_invoice_node"): after(
                _add_references_to_ubl, *OIOUBL_CONTENTS
            ),
            ("account.edi.xml.oioubl_201", "_get_invoice_node"): after(
                _add_references_to_ubl, *OIOUBL_CONTENTS
            ),
            (
                "account.edi.xml.ubl_bis3",
                "_invoice_constraints_peppol_en16931_ubl",
            ): after(_drop_constraints_of_invoices),
            (
                "account.edi.xml.ubl_bis3",
                "_ubl_add_line_extension_amount_node",
            ): after(write_line_amount),
            (
                "account.edi.xml.ubl_bis3",
                "_ubl_get_line_allowance_charge_recycling_contribution_node",
            ): after(write_recycling_fee),
            (
                "account.edi.xml.ubl_bis3",
                "_ubl_get_line_allowance_charge_excise_node",
            ): after(write_excise),
            ("account.edi.xml.cii", "_export_invoice"): after(
                _add_references_to_cii, *CII_CONTENTS
            ),
        }


@addition
def _add_references_to_ubl(self, node, vals):
    """:param node: what `_get_invoice_node(vals)` of account.edi.xml.ubl_bis3 returns
    :return: the same, with the credited invoices under `cac:BillingReference`
    """
    credit_note = vals["invoice"]
    number = NUMBERS.get(self._name, "name")
    invoices = get_preceding_invoices(credit_note, number)
    if not invoices:
        return node
    references = node.get("cac:BillingReference") or []
    if isinstance(references, dict):
        references = [references]
    references = [
        reference
        for reference in references
        if not _is_free_text(reference, credit_note)
    ]
    names = [_get_referenced_name(reference) for reference in references]
    # Else a country has its own way to name them.
    if set(names) <= {invoice.name for invoice in invoices}:
        references += [
            {"cac:InvoiceDocumentReference": {"cbc:ID": {"_text": invoice.name}}}
            for invoice in invoices
            if invoice.name not in names
        ]
    dates = {invoice.name: invoice.invoice_date for invoice in invoices}
    for reference in references:
        if date := dates.get(_get_referenced_name(reference)):
            document = reference["cac:InvoiceDocumentReference"]
            if not (document.get("cbc:IssueDate") or {}).get("_text"):
                document["cbc:IssueDate"] = {"_text": date}
    node["cac:BillingReference"] = references
    return node


def _get_referenced_name(reference):
    """:return: the number under `cac:BillingReference`, or None"""
    document = reference.get("cac:InvoiceDocumentReference") or {}
    return (document.get("cbc:ID") or {}).get("_text")


def _is_free_text(reference, credit_note):
    """:return: whether Odoo wrote this from a free text, or where the schema has no
    place for it, as in Croatia and Serbia
    """
    return reference.keys() <= {
        "cac:InvoiceDocumentReference",
        "cbc:ID",
        "cbc:IssueDate",
    } and _get_referenced_name(reference) in (None, False, credit_note.ref)


@addition
def _drop_constraints_of_invoices(_self, constraints, invoice, _vals):
    """For suppliers in the Netherlands Odoo wants a bank account of the customer
    (NL-R-007 is about what the customer pays), and a free text as the reference
    (NL-R-001), which is written from the link.

    :param constraints: what `_invoice_constraints_peppol_en16931_ubl(invoice, vals)` of
        account.edi.xml.ubl_bis3 returns
    """
    if invoice.move_type == "out_refund":
        constraints.pop("nl_r_007", None)
        if get_preceding_invoices(invoice):
            constraints.pop("nl_r_001", None)
    return constraints


@addition
def _add_references_to_cii(_self, result, invoice):
    """:param result: what `_export_invoice(invoice)` of account.edi.xml.cii returns
    :return: the same, with the credited invoices after the totals
    """
    invoices = get_preceding_invoices(invoice)
    if not invoices:
        return result
    content, errors = result
    root = etree.fromstring(content)
    [totals] = root.iterfind(
        ".//ram:SpecifiedTradeSettlementHeaderMonetarySummation", CII
    )
    if root.find(".//ram:InvoiceReferencedDocument", CII) is None:
        for credited in reversed(invoices):
            totals.addnext(_prepare_cii_reference(credited))
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8"), errors


def _prepare_cii_reference(invoice):
    reference = etree.Element(f"{{{RAM}}}InvoiceReferencedDocument", nsmap=CII)
    number = etree.SubElement(reference, f"{{{RAM}}}IssuerAssignedID")
    number.text = invoice.name
    if invoice.invoice_date:
        date = etree.SubElement(reference, f"{{{RAM}}}FormattedIssueDateTime")
        # 102: year, month and day
        day = etree.SubElement(date, f"{{{QDT}}}DateTimeString", format="102")
        day.text = f"{invoice.invoice_date:%Y%m%d}"
    return reference
