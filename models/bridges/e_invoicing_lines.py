"""What the lines of electronic credit notes come to: what is booked, to the cent.

Lines carry their amounts, see `account.move.line._prepare_extra_tax_data`, and UBL
multiplies prices again. Each is an addition to a method of account.edi.xml.ubl_bis3 of
this name, and leaves documents other than customer credit notes alone.
"""

from ..addition import addition


def _is_credit_note(vals):
    invoice = vals.get("invoice")
    return bool(invoice) and invoice.move_type == "out_refund"


@addition
def write_line_amount(self, result, vals, in_foreign_currency=True):
    """BT-131. Odoo rounds prices and discounts each by themselves, and spreads the
    cents that are missing over lines of any tax (BR-E-08, BR-AE-08).
    """
    if not _is_credit_note(vals) or not any(
        base_line["manual_total_excluded_currency"] is not None
        for base_line in vals["base_lines"]
    ):
        return result
    suffix = "_currency" if in_foreign_currency else ""
    details = vals["line_vals"]["base_line"]["tax_details"]
    charges = sum(
        tax_data[f"tax_amount{suffix}"]
        for tax_data in details["taxes_data"]
        if self._ubl_is_recycling_contribution_tax(tax_data)
        or self._ubl_is_excise_tax(tax_data)
    )
    net = details[f"total_excluded{suffix}"] + details[f"delta_total_excluded{suffix}"]
    node = vals["line_node"]["cbc:LineExtensionAmount"]
    text = node["_text"]
    node["_text"] = type(text)(net + charges, min_dp=text.min_dp)
    return result


def _is_charge(vals, values):
    """:return: whether a tax of so much a piece is a charge, and Odoo does not see it:
    it looks at the amount in company currency, of which there may be less than a cent
    """
    return _is_credit_note(vals) and not values["is_charge"] and values["amount"] >= 0


@addition
def write_recycling_fee(self, node, vals, values):
    """BG-28"""
    if not _is_charge(vals, values):
        return node
    return self._ubl_get_line_allowance_charge_recycling_contribution_node(
        vals, {**values, "is_charge": True}
    )


@addition
def write_excise(self, node, vals, values):
    """BG-28"""
    if not _is_charge(vals, values):
        return node
    return self._ubl_get_line_allowance_charge_excise_node(
        vals, {**values, "is_charge": True}
    )
