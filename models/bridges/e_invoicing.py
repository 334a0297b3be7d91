"""What electronic invoices say of a credit note: what it credits, and how much.

The invoice's number and date are BT-25 and BT-26 of EN 16931. Odoo writes its number
for suppliers in the Netherlands only, from a free text, and never its date. This addon
does not depend on the e-invoicing addons: their methods are wrapped, for every country
and format made from them, see `wrappers`.
"""

from lxml import etree

from odoo import api, models

CII = {
    "ram": (
        "urn:un:unece:uncefact:data:standard:"
        "ReusableAggregateBusinessInformationEntity:100"
    ),
    "qdt": "urn:un:unece:uncefact:data:standard:QualifiedDataType:100",
}


class AccountMove(models.Model):
    _inherit = "account.move"

    @api.model
    def _get_method_wrappers(self):
        return super()._get_method_wrappers() | {
            ("account.move", "_l10n_hu_edi_get_operation_type"): _with_whole_credit,
            ("account.edi.xml.ubl_bis3", "_get_invoice_node"): _with_reference_in_ubl,
            (
                "account.edi.xml.ubl_bis3",
                "_invoice_constraints_peppol_en16931_ubl",
            ): _with_constraints_of_credit_notes,
            ("account.edi.xml.cii", "_export_invoice"): _with_reference_in_cii,
        }


def _with_reference_in_ubl(method):
    """Wrap `_get_invoice_node(vals)` of account.edi.xml.ubl_bis3."""

    def wrapper(self, vals):
        node = method(self, vals)
        credit_note = vals["invoice"]
        # sudo: what the file says does not depend on who makes it
        invoices = credit_note.sudo()._get_credited_invoices()
        name = (
            node.get("cac:BillingReference", {})
            .get("cac:InvoiceDocumentReference", {})
            .get("cbc:ID", {})
            .get("_text")
        )
        # A reference that a country writes is kept, unless it is the free text.
        if invoices and name in (None, False, credit_note.ref):
            node["cac:BillingReference"] = [
                {
                    "cac:InvoiceDocumentReference": {
                        "cbc:ID": {"_text": invoice.name},
                        "cbc:IssueDate": {"_text": invoice.invoice_date},
                    }
                }
                for invoice in invoices
            ]
        return node

    return wrapper


def _with_constraints_of_credit_notes(method):
    """Wrap `_invoice_constraints_peppol_en16931_ubl(invoice, vals)` of
    account.edi.xml.ubl_bis3: for suppliers in the Netherlands it wants a bank account
    of the customer (NL-R-007 is about what the customer pays), and a free text as the
    reference (NL-R-001), which is written from the link.
    """

    def wrapper(self, invoice, vals):
        constraints = method(self, invoice, vals)
        if invoice.move_type == "out_refund":
            constraints.pop("nl_r_007", None)
            # sudo: what the file says does not depend on who makes it
            if invoice.sudo()._get_credited_invoices():
                constraints.pop("nl_r_001", None)
        return constraints

    return wrapper


def _with_reference_in_cii(method):
    """Wrap `_export_invoice(invoice)` of account.edi.xml.cii."""

    def wrapper(self, invoice):
        content, errors = method(self, invoice)
        # sudo: what the file says does not depend on who makes it
        invoices = invoice.sudo()._get_credited_invoices()
        if not invoices:
            return content, errors
        root = etree.fromstring(content)
        [totals] = root.iterfind(
            ".//ram:SpecifiedTradeSettlementHeaderMonetarySummation", CII
        )
        if root.find(".//ram:InvoiceReferencedDocument", CII) is None:
            for credited in reversed(invoices):
                totals.addnext(_prepare_cii_reference(credited))
        return (
            etree.tostring(root, xml_declaration=True, encoding="UTF-8"),
            errors,
        )

    return wrapper


def _prepare_cii_reference(invoice):
    def add(parent, prefix, tag, text=None, **attributes):
        child = etree.SubElement(parent, f"{{{CII[prefix]}}}{tag}", **attributes)
        child.text = text
        return child

    reference = etree.Element(f"{{{CII['ram']}}}InvoiceReferencedDocument", nsmap=CII)
    add(reference, "ram", "IssuerAssignedID", invoice.name)
    if invoice.invoice_date:
        date = add(reference, "ram", "FormattedIssueDateTime")
        # 102: year, month and day
        text = f"{invoice.invoice_date:%Y%m%d}"
        add(date, "qdt", "DateTimeString", text, format="102")
    return reference


def _with_whole_credit(method):
    """Wrap `_l10n_hu_edi_get_operation_type()` of account.move: Hungary is told of a
    storno once nothing of an invoice is left. Odoo takes "nothing open" for it, and a
    credit note of a paid invoice stays open here, as its payments stay matched.
    """

    def wrapper(self):
        operation = method(self)
        if operation == "MODIFY" and set(self.mapped("move_type")) == {"out_refund"}:
            base = self._l10n_hu_get_chain_base()
            chain = base._l10n_hu_get_chain_invoices().filtered(
                lambda move: move.state == "posted"
            )
            total = sum(chain.mapped("amount_total_in_currency_signed"))
            if base.currency_id.is_zero(total):
                return "STORNO"
        return operation

    return wrapper
