"""What a country's own format says of a credit note, where its addon is there: which
invoices it credits, the buyer's order, and why.

Odoo takes the order and the reason from the free text "Reversal of", and the invoices
from what a credit note was set off against, which may be a payment or another invoice.
"""

import re

from lxml import etree

from odoo import api, models

from ..addition import addition, after
from .e_invoicing_contents import (
    get_credited_invoices,
    get_order_reference,
    get_preceding_invoices,
    get_reason,
)

KSEF_TEXT_LENGTH = 256  # of TZnakowy in the schema FA(3)
CAUSALE_LENGTH = 200  # of String200LatinType in FatturaPA
RETTIFICATI_LENGTH = 1000
FATTURA_NUMBER_LENGTH = 20
FACTURAE_ORDER_LENGTH = 20
FACTURAE_REFERENCES = (
    "ReceiverTransactionReference",
    "FileReference",
    "ReceiverContractReference",
)
IRP_NUMBER = re.compile(r"[a-zA-Z1-9][a-zA-Z0-9/-]{0,15}")  # of INV-01 in India


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
            ("account.move", "_l10n_it_edi_get_values"): after(_add_links_to_fattura),
            ("account.move", "_l10n_it_edi_render_xml"): after(_add_words_to_fattura),
            ("account.move", "_l10n_in_edi_generate_invoice_json"): after(
                _add_preceding_to_irp
            ),
            ("account.move", "_l10n_es_edi_facturae_get_refunded_invoices"): after(
                _add_links_to_facturae
            ),
            ("account.move", "_l10n_es_edi_facturae_export_facturae"): after(
                _add_order_to_facturae
            ),
            ("account.edi.format", "_l10n_eg_eta_prepare_eta_invoice"): after(
                _add_preceding_to_eta
            ),
            ("account.edi.xml.ubl_21.jo", "_get_invoice_node"): after(
                _add_reason_to_jofotara
            ),
            (
                "account.edi.xml.ubl_myinvois_my",
                "_add_myinvois_document_monetary_total_vals",
            ): after(_drop_set_off_from_myinvois),
        }


# -----------------------------------------------------------------------------
# POLAND, HUNGARY
# -----------------------------------------------------------------------------


@addition
def _add_correction_to_ksef(self, values):
    """Poland: why an invoice is corrected, and when that counts.

    :param values: what `_l10n_pl_edi_get_xml_values()` of account.move returns
    """
    correction = values["correction_info"]
    if correction and self.move_type == "out_refund":
        reason = get_reason(self)
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


# -----------------------------------------------------------------------------
# ITALY
# -----------------------------------------------------------------------------


@addition
def _add_links_to_fattura(self, values, *_args, **_kwargs):
    """DatiFattureCollegate: the invoices that are credited, none that its credit paid.

    :param values: what `_l10n_it_edi_get_values()` of account.move returns
    """
    invoices = get_credited_invoices(self)
    if self.move_type == "out_refund" and invoices:
        paid = self._get_reconciled_invoices() - invoices
        values["linked_moves"] = invoices.filtered(
            lambda move: move.date <= self.date
        ) | (values["linked_moves"] - paid)
    return values


@addition
def _add_words_to_fattura(self, content, *_args, **_kwargs):
    """Causale (ElementiRettificati of a simplified one), DatiOrdineAcquisto, and the
    invoice of a former system.

    :param content: what `_l10n_it_edi_render_xml()` of account.move returns
    """
    if self.move_type != "out_refund":
        return content
    root = etree.fromstring(content)
    reason = _get_latin(get_reason(self))
    for node in root.iterfind(".//DatiFatturaRettificata/ElementiRettificati"):
        node.text = reason[:RETTIFICATI_LENGTH] or node.text
    for document in root.iterfind(".//DatiGeneraliDocumento[ImportoTotaleDocumento]"):
        if reason:
            [total] = document.iterfind("ImportoTotaleDocumento")
            cause = etree.Element("Causale")
            cause.text = reason[:CAUSALE_LENGTH]
            total.addnext(cause)
        if get_credited_invoices(self) and not self.l10n_it_origin_document_type:
            for order in document.getparent().findall("DatiOrdineAcquisto"):
                document.getparent().remove(order)
            if reference := get_order_reference(self):
                document.addnext(_prepare_fattura_link("DatiOrdineAcquisto", reference))
        # sudo: the same for everybody
        for former in self.sudo().former_invoice_id:
            link = _prepare_fattura_link("DatiFattureCollegate", former.name)
            etree.SubElement(link, "Data").text = f"{former.date}"
            transport = document.getparent().find("DatiDDT")
            if transport is None:
                document.getparent().append(link)
            else:
                transport.addprevious(link)
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8")


def _prepare_fattura_link(tag, number):
    link = etree.Element(tag)
    text = _get_latin(number)[:FATTURA_NUMBER_LENGTH]
    etree.SubElement(link, "IdDocumento").text = text
    return link


def _get_latin(text):
    """:return: the text in the characters that FatturaPA knows"""
    text = (text or "").replace("–", "-")
    return text.encode("latin-1", "replace").decode("latin-1")


# -----------------------------------------------------------------------------
# SPAIN
# -----------------------------------------------------------------------------


@addition
def _add_links_to_facturae(self, refunded):
    """:param refunded: what `_l10n_es_edi_facturae_get_refunded_invoices()` of
    account.move returns: {id of the credit note: id of an invoice, or of a payment}
    """
    for move in self:
        if move.move_type == "out_refund" and move.reversed_entry_id:
            refunded[move.id] = move.reversed_entry_id.id
    return refunded


@addition
def _add_order_to_facturae(self, result):
    """:param result: what `_l10n_es_edi_facturae_export_facturae()` of account.move
    returns: values of the file and of its signature
    """
    if self.move_type != "out_refund" or not get_credited_invoices(self):
        return result
    values, _signature = result
    text = self.ref and self.ref[:FACTURAE_ORDER_LENGTH]
    reference = get_order_reference(self)
    reference = reference and reference[:FACTURAE_ORDER_LENGTH]
    for invoice in values["Invoices"]:
        for part in (invoice["InvoiceIssueData"], *invoice["Items"]):
            part.update(
                {name: reference for name in FACTURAE_REFERENCES if part[name] == text}
            )
    return result


# -----------------------------------------------------------------------------
# INDIA, EGYPT, JORDAN, MALAYSIA
# -----------------------------------------------------------------------------


@addition
def _add_preceding_to_irp(self, values):
    """PrecDocDtls of India's INV-01.

    :param values: what `_l10n_in_edi_generate_invoice_json()` of account.move returns
    """
    preceding = [
        {"InvNo": invoice.name, "InvDt": f"{invoice.invoice_date:%d/%m/%Y}"}
        for invoice in get_preceding_invoices(self)
        if invoice.invoice_date and IRP_NUMBER.fullmatch(invoice.name)
    ]
    if self.move_type == "out_refund" and preceding:
        values.setdefault("RefDtls", {}).setdefault("PrecDocDtls", preceding)
    return values


@addition
def _add_preceding_to_eta(_self, values, credit_note):
    """References and order of Egypt's credit note.

    :param values: what `_l10n_eg_eta_prepare_eta_invoice(credit_note)` of
        account.edi.format returns
    """
    if credit_note.move_type != "out_refund":
        return values
    invoices = get_credited_invoices(credit_note)
    if references := list(filter(None, invoices.mapped("l10n_eg_uuid"))):
        values["references"] = references
    if invoices:
        values.pop("purchaseOrderReference", None)
        if reference := get_order_reference(credit_note):
            values["purchaseOrderReference"] = reference
    return values


@addition
def _add_reason_to_jofotara(_self, node, vals):
    """InstructionNote of Jordan, for which Odoo takes the free text.

    :param node: what `_get_invoice_node(vals)` of account.edi.xml.ubl_21.jo returns
    """
    credit_note = vals["invoice"]
    if credit_note.move_type == "out_refund" and (reason := get_reason(credit_note)):
        node["cac:PaymentMeans"]["cbc:InstructionNote"]["_text"] = reason
    return node


@addition
def _drop_set_off_from_myinvois(_self, result, vals):
    """PrepaidPayment of Malaysia: what was set off against its invoice was not paid.

    :param result: what `_add_myinvois_document_monetary_total_vals(vals)` of
        account.edi.xml.ubl_myinvois_my returns, which adds to the values
    """
    moves = vals["myinvois_document"].invoice_ids
    if set(moves.mapped("move_type")) == {"out_refund"}:
        vals.update(total_paid_amount=0.0, total_paid_amount_currency=0.0)
    return result
