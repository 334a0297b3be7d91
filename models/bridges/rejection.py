from typing import NamedTuple

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import html2plaintext

from ..addition import addition


class RejectedState(NamedTuple):
    """A state of electronic invoicing in which an invoice is rejected: by the customer,
    or by the platform before.
    """

    field_name: str  # a selection of account.move
    values: tuple
    note: str = ""  # field that says why


class ImpliedCredit(NamedTuple):
    """What the answer of the customer implies for the credit note."""

    credit_method: str
    reason: str  # the end of its external id


REJECTED_STATES = (
    RejectedState(
        "l10n_hr_business_document_status", ("1",), "l10n_hr_business_status_reason"
    ),
    RejectedState("l10n_hu_edi_state", ("rejected",)),
    RejectedState(
        "l10n_it_edi_state",
        ("rejected", "rejected_by_pa_partner"),
        "l10n_it_edi_header",
    ),
    RejectedState("l10n_my_edi_state", ("rejected", "invalid")),
    RejectedState("l10n_pl_edi_status", ("rejected",), "l10n_pl_edi_header"),
    RejectedState("l10n_ro_edi_state", ("invoice_refused",)),
    # Peppol, and the French platforms
    RejectedState("peppol_move_state", ("RE", "refused")),
)
ALL_BY_MISTAKE = ImpliedCredit("remaining", "issued_by_mistake")
LINES_WRONG = ImpliedCredit("lines", "incorrect_amount")
PEPPOL_REASONS = "OPStatusReason"  # list of codes in Peppol's Invoice Response
# By these codes, and those of the French platforms.
IMPLIED_CREDITS = {
    "DEL": LINES_WRONG,
    "ITM": LINES_WRONG,
    "PRI": LINES_WRONG,
    "QTY": LINES_WRONG,
    "QUA": ImpliedCredit("lines", "unhappy_goods"),
    "LEG": ALL_BY_MISTAKE,
    "PAY": ALL_BY_MISTAKE,
    "REC": ALL_BY_MISTAKE,
    "REF": ALL_BY_MISTAKE,
    "UNR": ALL_BY_MISTAKE,
    "CALCUL_ERR": LINES_WRONG,
    "MONTANTTOTAL_ERR": LINES_WRONG,
    "TX_TVA_ERR": ImpliedCredit("remaining", "incorrect_amount"),
    "DOUBLE_FACT": ImpliedCredit("remaining", "duplicate"),
    "CONTRAT_TERM": ImpliedCredit("remaining", "order_cancelled"),
}


class AccountMove(models.Model):
    """An invoice that was rejected electronically, where an addon stores that."""

    _inherit = "account.move"

    rejection = fields.Char(
        string="Rejected",
        compute="_compute_rejection",
        search="_search_rejection",
        help="What the customer or the platform answered to the electronic invoice.",
    )

    @api.depends(
        lambda self: [state.field_name for state in self._get_rejected_states()]
    )
    def _compute_rejection(self):
        for move in self:
            move.rejection = move._get_rejection()

    def _search_rejection(self, operator, value):
        if operator != "in" or set(value) != {False}:
            return NotImplemented
        return ~Domain.OR(
            Domain(state.field_name, "in", state.values)
            for state in self._get_rejected_states()
        )

    @api.model
    def _get_rejected_states(self):
        """:return: list of RejectedState, of the addons that are there"""
        return [state for state in REJECTED_STATES if state.field_name in self._fields]

    @addition(otherwise=False)
    def _get_rejection(self):
        """:return: text, False if this document is not rejected"""
        self.ensure_one()
        for state in self._get_rejected_states():
            value = self[state.field_name]
            if value in state.values:
                field = self._fields[state.field_name]
                label = dict(field._description_selection(self.env))[value]
                note = self._get_rejection_note(state)
                return f"{label}: {note}" if note else label
        return False

    def _get_rejection_note(self, state):
        """:return: text that says why, may be empty"""
        if "peppol_response_ids" in self._fields and not state.note:
            return self._get_peppol_note(state)
        note = self[state.note] if state.note else ""
        return " ".join(html2plaintext(note or "").split())

    def _get_peppol_note(self, state):
        """Odoo logs what is in the answer when it stores the answer."""
        # sudo: who reads an invoice reads its answers
        answer = self.sudo().peppol_response_ids.filtered(
            lambda response: response.response_code in state.values
        )[-1:]
        info = answer["pdp_status_info"] if "pdp_status_info" in answer._fields else ""
        messages = self.message_ids.filtered(
            lambda message: message.create_date == answer.create_date
        )
        bodies = map(html2plaintext, messages.mapped("body"))
        return " ".join(" ".join(filter(None, (info, *bodies))).split())

    @addition(otherwise={})
    def _get_implied_credit(self):
        """:return: values of the dialog in which these invoices are credited, as their
        rejection implies; none if they are not rejected, or for different reasons
        """
        answers = {move._find_implied_credit(move.rejection) for move in self}
        if len(answers) != 1 or None in answers:
            return {}
        [answer] = answers
        reason = self.env.ref(
            f"account_partner_credit_note.credit_note_reason_{answer.reason}",
            raise_if_not_found=False,
        )
        values = {"reason_id": reason.id} if reason and reason.active else {}
        if len(self) == 1 or answer.credit_method == "remaining":
            values["credit_method"] = answer.credit_method
        return values

    @api.model
    def _find_implied_credit(self, rejection):
        """:return: ImpliedCredit, None without a rejection"""
        if not rejection:
            return None
        names = {code: code for code in IMPLIED_CREDITS if "_" in code}
        if "account.peppol.clarification" in self.env:
            # sudo: a table of codes, the same for everybody
            reasons = (
                self.env["account.peppol.clarification"]
                .sudo()
                .search_read(
                    [("list_identifier", "=", PEPPOL_REASONS)], ["code", "name"]
                )
            )
            names |= {reason["code"]: reason["name"] for reason in reasons}
        return next(
            (
                implied
                for code, implied in IMPLIED_CREDITS.items()
                if code in names and names[code] in rejection
            ),
            ALL_BY_MISTAKE,
        )
