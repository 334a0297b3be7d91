"""Cancellations that a tax authority has accepted, and files with its answer on them.

The e-invoicing addons cancel a document after the authority's answer, in a method of
their own. This addon depends on none of them: those methods are wrapped to give their
documents leave to be cancelled, see `wrappers`. Other addons wrap their
own call with `with_accepted_cancellation`.
"""

from functools import partial

from odoo import api, models

from ..addition import addition
from .capability import Cancellation, FileRenewal, with_capability

# (model, method, path from its records or arguments to the documents). All of them are
# private, or ask the authority themselves: calling one over RPC gives no leave without
# the authority's answer.
CANCELLING_METHODS = (
    ("account.edi.document", "_process_job", "job"),
    ("account.move", "_l10n_hu_edi_process_query_transaction_result", "chain"),
    ("account.move", "_l10n_in_edi_cancel_invoice", "self"),
    ("account.move", "_l10n_my_edi_cancel_moves", "self"),
    ("account.move", "_l10n_vn_edi_cancel_invoice", "self"),
    ("account.move", "l10n_es_tbai_cancel", "tbai"),
    ("l10n_es_edi_verifactu.document", "_cancel_after_sending", "verifactu"),
    ("l10n_tw_edi.invoice.cancel", "button_request_cancel", "invoice_id"),
)
# {field of the company: value with which the authority itself is asked}. What a test or
# demo system accepts cancels nothing: whoever administers the settings switches to it.
PRODUCTION_SETTINGS = {
    "l10n_es_edi_verifactu_test_environment": False,
    "l10n_es_tbai_test_env": False,
    "l10n_hu_edi_server_mode": "production",
    "l10n_in_edi_production_env": True,
    "l10n_my_edi_mode": "prod",
    "l10n_tw_edi_ecpay_staging_mode": False,
}
# The same for the formats of the account_edi family: {code: (field, value)}.
PRODUCTION_FORMATS = {
    "eg_eta": ("l10n_eg_production_env", True),
    "es_sii": ("l10n_es_sii_test_env", False),
}
# The settings that each method depends on.
SETTING_PREFIXES = {
    "_l10n_hu_edi_process_query_transaction_result": "l10n_hu_",
    "_l10n_in_edi_cancel_invoice": "l10n_in_",
    "_l10n_my_edi_cancel_moves": "l10n_my_",
    "l10n_es_tbai_cancel": "l10n_es_tbai_",
    "_cancel_after_sending": "l10n_es_edi_verifactu_",
    "button_request_cancel": "l10n_tw_",
}
# India prints the number that the authority gave, also on a document whose file was
# archived before it was reported: its file is made anew, in this method.
RENEWING_METHOD = ("account.move.send", "_call_web_service_before_invoice_pdf_render")


def with_accepted_cancellation(recordset, documents, accepted_by=None):
    """Give `documents` leave to be cancelled, for what is called on the result.

    For e-invoicing addons, once the authority has accepted: the documents have to be
    cancelled in this transaction, and stay locked in every other respect.

    :param recordset: whose method is called next
    :param documents: the `account.move` that the authority has cancelled
    :param accepted_by: what tells it, for the log: the name of a method or an authority
    :return: `recordset` with the leave
    """
    return with_capability(
        recordset, Cancellation, documents, accepted_by=accepted_by or recordset._name
    )


class AccountMove(models.Model):
    _inherit = "account.move"

    @api.model
    def _get_method_wrappers(self):
        wrappers = {
            (model_name, method_name): partial(
                _with_leave,
                path=path,
                accepted_by=f"{model_name}.{method_name}",
                settings=_get_production_settings(self.env, method_name),
            )
            for model_name, method_name, path in CANCELLING_METHODS
        }
        if "l10n_in_edi_status" in self._fields:
            wrappers[RENEWING_METHOD] = _with_renewal
        return super()._get_method_wrappers() | wrappers


def _get_production_settings(env, method_name):
    """:return: those of `PRODUCTION_SETTINGS` that this method depends on"""
    prefix = SETTING_PREFIXES.get(method_name)
    return {
        name: value
        for name, value in PRODUCTION_SETTINGS.items()
        if prefix and name.startswith(prefix) and name in env["res.company"]._fields
    }


def _with_leave(method, path, accepted_by, settings):
    def wrapper(self, *args, **kwargs):
        released = _get_released(self, path, accepted_by, settings, *args, **kwargs)
        return method(self if released is None else released, *args, **kwargs)

    return wrapper


@addition(otherwise=None)
def _get_released(records, path, accepted_by, settings, *args, **kwargs):
    # sudo: the same for everybody
    documents = _get_documents(records, path, *args, **kwargs).filtered(
        lambda move: all(
            move.company_id.sudo()[name] == value for name, value in settings.items()
        )
    )
    return with_accepted_cancellation(records, documents, accepted_by)


def _with_renewal(method):
    def wrapper(self, invoices_data, *args, **kwargs):
        renewed = _get_renewed(self, invoices_data)
        return method(
            self, invoices_data if renewed is None else renewed, *args, **kwargs
        )

    return wrapper


@addition(otherwise=None)
def _get_renewed(_self, invoices_data):
    return {
        with_capability(invoice, FileRenewal, invoice): data
        for invoice, data in invoices_data.items()
    }


def _get_documents(records, path, *args, **kwargs):
    """:return: the documents that the method cancels if the authority accepts"""
    match path:
        case "self":
            return records
        case "chain":
            # Hungary cancels the corrections of an invoice with it.
            return records | records._l10n_hu_get_chain_invoices()
        case "tbai":
            return records.filtered(_is_tbai_to_ask)
        case "verifactu":
            # A user can write what state the document is in, not these.
            return records.filtered(
                lambda document: (
                    document.document_type == "cancellation"
                    and document.state in ("accepted", "registered_with_errors")
                )
            ).move_id
        case "job":
            job = kwargs.get("job") or args[0]
            if not job["method_to_call"]:
                # The authority is not asked here: a user wrote that the document is to
                # be cancelled.
                return records.env["account.move"]
            return (
                job["documents"]
                .filtered(
                    lambda document: (
                        document.state == "to_cancel"
                        and document.edi_format_id._needs_web_services()
                        and _is_in_production(document)
                    )
                )
                .move_id
            )
    return records[path]


def _is_in_production(document):
    """:return: whether the authority itself is asked about this electronic document"""
    setting, value = PRODUCTION_FORMATS.get(document.edi_format_id.code, (None, None))
    # sudo: the same for everybody
    return not setting or document.move_id.company_id.sudo()[setting] == value


def _is_tbai_to_ask(move):
    """:return: whether the authority is asked about this very document: a user can
    write which request is its own, and one that was accepted is asked no more
    """
    # sudo: who may cancel an invoice need not be able to read the requests
    request = move.sudo().l10n_es_tbai_cancel_document_id
    return not request or (
        request.is_cancel and request.name == move.name and request.state != "accepted"
    )
