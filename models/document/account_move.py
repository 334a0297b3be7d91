from collections import defaultdict
from typing import NamedTuple

from odoo import api, fields, models
from odoo.tools import format_amount, format_date, html2plaintext

from ..addition import addition
from .ir_ui_view import CREDIT_NOTE_DOCUMENT


class SettlementLine(NamedTuple):
    """A line of the settlement on the printed credit note."""

    label: str
    amount: float  # positive, tax included
    currency: models.BaseModel
    is_result: bool = False  # whether it is left, instead of something that happened


class AccountMove(models.Model):
    """The credit note on paper: what it says, and which template and e-mail say it."""

    _inherit = "account.move"

    # -------------------------------------------------------------------------
    # REPORT AND E-MAIL
    # -------------------------------------------------------------------------

    def _get_name_invoice_report(self):
        # EXTENDS 'account': our document, unless a localization has its own
        return self._add_document(super()._get_name_invoice_report())

    @addition
    def _add_document(self, name):
        if (
            name == "account.report_invoice_document"
            and self.move_type == "out_refund"
            and self.env["ir.ui.view"]._is_credit_note_document_called()
        ):
            return CREDIT_NOTE_DOCUMENT
        return name

    @api.model
    @addition(otherwise=False)
    def _has_own_words(self):
        """:return: whether this addon is translated to the language, so that its words
        for the document are used; Odoo's are in the others
        """
        source = "Credit Note"
        return self.env._("Credit Note") != source

    @addition(otherwise=False)
    def _get_credit_note_title(self, proforma):
        """Name the document in this addon's own words: in German, Odoo's "Gutschrift"
        means self-billing by law.

        :param proforma: whether it is printed as a proforma
        :return: text; False in the languages that this addon is not translated to
        """
        self.ensure_one()
        if not self._has_own_words():
            return False
        match self.state, bool(proforma):
            case "draft", False:
                return self.env._("Draft Credit Note")
            case "draft", True:
                return self.env._("Draft Proforma Credit Note")
            case "cancel", False:
                return self.env._("Cancelled Credit Note")
            case "cancel", True:
                return self.env._("Cancelled Proforma Credit Note")
            case _, True:
                return self.env._("Proforma Credit Note")
        return self.env._("Credit Note")

    def _get_mail_template(self):
        # EXTENDS 'account': the e-mail names the invoice that is credited
        return self._add_mail_template(super()._get_mail_template())

    @addition
    def _add_mail_template(self, template):
        if set(self.mapped("move_type")) != {"out_refund"}:
            return template
        if template != self.env.ref("account.email_template_edi_credit_note"):
            return template
        return (
            self.env.ref(
                "account_partner_credit_note.mail_template_credit_note",
                raise_if_not_found=False,
            )
            or template
        )

    def _notify_by_email_prepare_rendering_context(self, message, *args, **kwargs):
        # EXTENDS 'account': a credit note is not due
        return self._add_subtitles(
            super()._notify_by_email_prepare_rendering_context(message, *args, **kwargs)
        )

    @addition
    def _add_subtitles(self, context):
        if self.move_type == "out_refund":
            amount = format_amount(
                self.env, self.amount_total, self.currency_id, context.get("lang")
            )
            context["subtitles"] = [context["subtitles"][0], amount]
        return context

    def _get_print_action(self):
        """:return: action that downloads these credit notes as a PDF"""
        report = self.env.ref("account_partner_credit_note.action_report_credit_note")
        return {
            **report.report_action(self, config=False),
            "close_on_report_download": True,
        }

    def _get_send_action(self):
        """:return: action that opens Odoo's e-mail composer on these credit notes"""
        return {
            **self.action_send_and_print(),
            # The server completes an action, but not one inside another.
            "views": [(False, "form")],
        }

    # -------------------------------------------------------------------------
    # WHAT IS CREDITED AND WHY
    # -------------------------------------------------------------------------

    @addition(otherwise="")
    def _get_credit_note_reason(self):
        """:return: reason and free text of a credit note as one text, may be empty"""
        self.ensure_one()
        return self._join_reason(
            self.credit_note_reason_id, self.credit_note_reason_text
        )

    @api.model
    def _join_reason(self, reason, text):
        # No colon: the label before it has one.
        return " – ".join(filter(None, (reason.name, text)))

    def _get_credited_invoices(self):
        """:return: the issued invoices that this credit note credits: that of the
        document first, then those of its lines
        """
        self.ensure_one()
        if self.move_type != "out_refund":
            return self.browse()
        invoices = (
            self.reversed_entry_id | self.invoice_line_ids.credited_line_id.move_id
        )
        return invoices.filtered(lambda move: move.state != "draft")

    @addition(otherwise="")
    def _get_credited_numbers(self):
        """:return: numbers of the invoices that this credit note credits, or of that of
        a former system, as one text; empty if it credits none
        """
        self.ensure_one()
        invoices = self._get_credited_invoices()
        return invoices._get_document_names() or self.former_invoice_id.name or ""

    @addition(otherwise=())
    def _get_readable_credit_notes(self, user):
        """:return: the posted credit notes of this invoice that the user may read"""
        self.ensure_one()
        # sudo: which there are; each is then filtered by the user's own rights
        credit_notes = self.sudo()._get_credit_notes(states=("posted",))
        return credit_notes.with_user(user)._filtered_access("read")

    @addition(otherwise=False)
    def _get_credit_status(self):
        """:return: value and label of the status that the tab shows, False if no
        credit has to do with it
        """
        self.ensure_one()
        if self.billing_status not in (
            "credited",
            "partially_credited",
            "open_credit",
            "settled",
        ):
            return False
        labels = self._fields["billing_status"]._description_selection(self.env)
        return self.billing_status, dict(labels)[self.billing_status]

    @addition(otherwise=0.0)
    def _get_amount_credited(self):
        """:return: what credit notes took off the amount due of this invoice"""
        self.ensure_one()
        if self.move_type not in self._get_creditable_types():
            return 0.0
        partials, _exchange_moves = self._get_reconciled_invoices_partials()
        return sum(
            amount
            for _partial, amount, counterpart in partials
            if counterpart.move_id.move_type == "out_refund"
        )

    def _get_credited_amount(self, invoice):
        """:param invoice: one of the invoices that this credit note credits
        :return: what this credit note credits of it, tax included, in the currency of
            the credit note
        """
        self.ensure_one()
        others = self._get_credited_invoices() - invoice
        if invoice != self.reversed_entry_id:
            return sum(self._get_lines_crediting(invoice).mapped("price_total"))
        return self.amount_total - sum(map(self._get_credited_amount, others))

    @addition(otherwise=())
    def _get_credit_note_references(self):
        """Say what this credit note credits, from the links and not from a free text.

        :return: list of sentences, one for each invoice
        """
        self.ensure_one()
        return [
            *(
                self._get_credit_note_reference(invoice)
                for invoice in self._get_credited_invoices()
            ),
            *self._get_references_without_invoice(),
        ]

    @addition(otherwise=())
    def _get_portal_references(self, user):
        """:return: list of the sentences that say what this credit note credits, each
        with the address of the invoice, False if the user may not read it
        """
        self.ensure_one()
        return [
            (
                self._get_credit_note_reference(invoice),
                invoice.with_user(user).has_access("read")
                and f"/my/invoices/{invoice.id}",
            )
            for invoice in self._get_credited_invoices()
        ] + [(text, False) for text in self._get_references_without_invoice()]

    def _get_references_without_invoice(self):
        """:return: list of the sentence that says which invoice of a former system or
        which period this credit note is for, empty if it is for none
        """
        if former := self.former_invoice_id:
            return [
                self.env._(
                    "Credits invoice %(invoice)s of %(date)s.",
                    invoice=former.name,
                    date=format_date(self.env, former.date),
                )
            ]
        if self.credit_period_start:
            return [
                self.env._(
                    "Credit for the period from %(start)s to %(end)s.",
                    start=format_date(self.env, self.credit_period_start),
                    end=format_date(self.env, self.credit_period_end),
                )
            ]
        return []

    def _get_credit_note_reference(self, invoice):
        values = {
            "invoice": invoice.name,
            "date": format_date(self.env, invoice.invoice_date or invoice.date),
        }
        if invoice.currency_id != self.currency_id:
            return self.env._("Credits invoice %(invoice)s of %(date)s.", **values)
        credited = self._get_credited_amount(invoice)
        if self.currency_id.compare_amounts(credited, invoice.amount_total) >= 0:
            return self.env._(
                "Credits the whole of invoice %(invoice)s of %(date)s.", **values
            )
        return self.env._(
            "Credits a part of invoice %(invoice)s of %(date)s.", **values
        )

    @addition(otherwise=False)
    def _get_missing_company_vat(self):
        """:return: the tax id of the company, False if its letterhead says one: in the
        company's details, or that of the fiscal position
        """
        self.ensure_one()
        # sudo: the same for everybody
        vat, details = (
            self.company_id.sudo()[name] for name in ("vat", "company_details")
        )
        details = html2plaintext(details or "").replace(" ", "")
        if (
            not vat
            or self.fiscal_position_id.foreign_vat
            or vat.replace(" ", "") in details
        ):
            return False
        return vat

    @addition(otherwise=True)
    def _is_reference_printed(self):
        """:return: whether the free text says more than which invoice is credited"""
        self.ensure_one()
        # sudo: the same for everybody
        credited = self.sudo()._get_credited_invoices().mapped("name")
        return bool(self.ref) and not any(name in self.ref for name in credited)

    @addition(otherwise=None)
    def _get_information_block(self):
        """:return: dict of label to text, for the layout of l10n_din5008 beside the
        address: without a due date, and with the credited invoice only once
        """
        self.ensure_one()
        labels = self._fields
        incoterm = filter(None, (self.invoice_incoterm_id.code, self.incoterm_location))
        customer = self.partner_id
        texts = {
            labels["name"]._description_string(self.env): self.name,
            self.env._("Credit Note Date"): format_date(self.env, self.invoice_date),
            labels["delivery_date"]._description_string(self.env): format_date(
                self.env, self.delivery_date
            ),
            labels["invoice_incoterm_id"]._description_string(self.env): " - ".join(
                incoterm
            ),
            labels["invoice_origin"]._description_string(self.env): self.invoice_origin,
            labels["ref"]._description_string(self.env): (
                self._is_reference_printed() and self.ref
            ),
            customer._fields["vat"]._description_string(self.env): (
                customer == self.commercial_partner_id and customer.vat
            ),
        }
        return {label: text for label, text in texts.items() if text}

    # -------------------------------------------------------------------------
    # WHAT HAPPENED WITH THE AMOUNT
    # -------------------------------------------------------------------------

    @addition(otherwise="")
    def _get_settlement_title(self):
        """:return: title of the settlement lines with today's date: the printed
        document stays as it is, while payments and credits go on
        """
        today = fields.Date.context_today(self)
        return self.env._("As of %s", format_date(self.env, today))

    @addition(otherwise=())
    def _get_settlement_lines(self):
        """:return: list of SettlementLine: what happened with the amount of a posted
        credit note until now, then what is left
        """
        self.ensure_one()
        lines = [
            SettlementLine(label, amount, self.currency_id)
            for label, amount in self._get_settled_amounts().items()
        ]
        left = self.amount_residual - sum(self._get_refunds_under_way().values())
        if self.currency_id.compare_amounts(left, 0.0) > 0:
            lines.append(
                SettlementLine(
                    self.env._("Kept as your credit"),
                    left,
                    self.currency_id,
                    is_result=True,
                )
            )
        lines += [
            SettlementLine(
                self.env._("Left to pay on %s", invoice.name),
                invoice.amount_residual,
                invoice.currency_id,
                is_result=True,
            )
            for invoice in self._get_credited_invoices()
            if invoice.state == "posted"
        ]
        return lines

    def _get_settled_amounts(self):
        """:return: dict of label to amount, in the currency of this credit note, from
        what it is reconciled with
        """
        amounts = defaultdict(float)
        partials, _exchange_moves = self._get_reconciled_invoices_partials()
        for _partial, amount, counterpart in partials:
            amounts[self._get_settlement_label(counterpart)] += amount
        for payment, amount in self._get_refunds_under_way().items():
            amounts[self._get_refund_label(payment.date)] += amount
        return amounts

    def _get_settlement_label(self, counterpart):
        """:param counterpart: journal item that this credit note is reconciled with"""
        document = counterpart.move_id
        if document in self._get_credited_invoices():
            return self.env._("Taken off %s", document.name)
        if document.is_sale_document(include_receipts=True):
            return self.env._("Applied to %s", document.name)
        if payment_method := self._get_till_payment_method(document):
            return self.env._(
                "Refunded on %(date)s using %(payment_method)s",
                date=format_date(self.env, counterpart.date),
                payment_method=payment_method.name,
            )
        if document.journal_id.type in ("bank", "cash", "credit"):
            return self._get_refund_label(counterpart.date)
        return self.env._("Settled on %s", format_date(self.env, counterpart.date))

    @api.model
    def _get_till_payment_method(self, document):
        """:return: how a till order was paid back by this entry, where there are any"""
        if "pos_payment_ids" not in document._fields:
            return None
        # sudo: who reads a document need not have rights on the till
        return document.sudo().pos_payment_ids[:1].payment_method_id

    def _get_refund_label(self, date):
        return self.env._("Refunded on %s", format_date(self.env, date))

    def _get_refunds_under_way(self):
        """:return: dict of payment to amount, for the refunds that the bank has not
        confirmed and that make no journal entry before
        """
        left = self.amount_residual
        amounts = {}
        for payment in self.matched_payment_ids:
            if (
                payment.move_id
                or payment.state not in ("in_process", "paid")
                or payment.currency_id != self.currency_id
            ):
                continue
            amounts[payment] = min(left, payment.amount)
            left -= amounts[payment]
        return amounts
