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
from .e_invoicing_contents import CII_CONTENTS, UBL_CONTENTS, get_preceding_invoices
from .e_invoicing_lines import write_excise, write_line_amount, write_recycling_fee

KSEF_TEXT_LENGTH = 256  # of TZnakowy in the schema FA(3)


class AccountMove(models.Model):
    _inherit = "account.move"

    @api.model
    def _get_method_wrappers(self):
        # Names as they stand: dev/check drift reads them.
        return super()._get_method_wrappers() | {
            ("account.move", "_l10n_hu_edi_get_operation_type"): after(
                _add_whole_credit
            ),
            ("account.move", "_l10n_pl_edi_get_xml_values"): after(
                _add_correction_to_ksef
            ),
            ("account.edi.xml.ubl_bis3", "_get_invoice_node"): after(
                _add_references_to_ubl, *UBL_CONTENTS
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
def _add_references_to_ubl(_self, node, vals):
    """:param node: what `_get_invoice_node(vals)` of account.edi.xml.ubl_bis3 returns
    :return: the same, with the credited invoices under `cac:BillingReference`
    """
    credit_note = vals["invoice"]
    invoices = get_preceding_invoices(credit_note)
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
    """:return: whether Odoo wrote this from a free text"""
    return reference.keys() <= {
        "cac:InvoiceDocumentReference"
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


@addition
def _add_correction_to_ksef(self, values):
    """Poland: why an invoice is corrected, and when that counts.

    :param values: what `_l10n_pl_edi_get_xml_values()` of account.move returns
    """
    correction = values["correction_info"]
    if correction and self.move_type == "out_refund":
        reason = self.with_context(lang=self.partner_id.lang)._get_credit_note_reason()
        if reason:
            correction["PrzyczynaKorekty"] = reason[:KSEF_TEXT_LENGTH]
        if self.l10n_pl_correction_type:
            correction["TypKorekty"] = self.l10n_pl_correction_type
    return values


@addition
def _add_whole_credit(self, operation):
    """Hungary is told of a storno once nothing of an invoice is left. Odoo takes
    "nothing open" for it, and a credit note of a paid invoice stays open here, as its
    payments stay matched.

    :param operation: what `_l10n_hu_edi_get_operation_type()` of account.move returns
    """
    if operation == "MODIFY" and set(self.mapped("move_type")) == {"out_refund"}:
        base = self._l10n_hu_get_chain_base()
        chain = base._l10n_hu_get_chain_invoices().filtered(
            lambda move: move.state == "posted"
        )
        total = sum(chain.mapped("amount_total_in_currency_signed"))
        if base.currency_id.is_zero(total):
            return "STORNO"
    return operation
