from odoo import api, models
from odoo.tools import format_list

from ..addition import addition, after


class AccountMove(models.Model):
    """Document types of Latin America: a credit note has another type than its invoice.
    Odoo's dialog asks for it, for one document at a time.
    """

    _inherit = "account.move"

    def _prepare_document_type(self, move_type, journal):
        """:param move_type: of the document that reverses this one
        :param journal: in which it is made
        :return: values with its document type: where this one takes a document back,
            the type of that one if the journal has it, else the first that goes with
            its own; none where the journal has no document types
        """
        self.ensure_one()
        if (
            "l10n_latam_use_documents" not in journal._fields
            or not journal.l10n_latam_use_documents
        ):
            return {}
        draft = self.browse().new(
            {
                "company_id": self.company_id.id,
                "journal_id": journal.id,
                "move_type": move_type,
                "partner_id": self.partner_id.id,
                "reversed_entry_id": self.id,
            }
        )
        types = draft.l10n_latam_available_document_type_ids._origin
        own = self.l10n_latam_document_type_id
        same_type = self.reversed_entry_id.l10n_latam_document_type_id & types
        # Peru: F for invoices with their credit notes, B for tickets with theirs.
        same_prefix = types.filtered(
            lambda kind: kind.doc_code_prefix == own.doc_code_prefix
        )
        if hasattr(types, "_is_doc_type_export"):
            # Chile
            is_export = own._is_doc_type_export()
            types = (
                types.filtered(lambda kind: kind._is_doc_type_export() == is_export)
                or types
            )
        return {
            "l10n_latam_document_type_id": (same_type or same_prefix or types)[:1].id
        }

    def _get_document_type_refusal(self):
        """:return: why these cannot be credited together, False if they can"""
        if "l10n_latam_manual_document_number" not in self._fields or len(self) < 2:
            return False
        journals = self.journal_id
        if len(journals) > 1 and any(self.mapped("l10n_latam_use_documents")):
            return self.env._(
                "Documents with a legal document type are credited in their own "
                "journal. Credit the invoices of one journal at a time: %s.",
                format_list(self.env, journals.mapped("display_name")),
            )
        moves = self.filtered("l10n_latam_manual_document_number")
        if not moves:
            return False
        return self.env._(
            "The number of each document is typed in journal %(journals)s. Credit its "
            "invoices one at a time: %(invoices)s.",
            journals=format_list(self.env, moves.journal_id.mapped("display_name")),
            invoices=moves._get_document_names(),
        )

    @api.model
    def _get_method_wrappers(self):
        return super()._get_method_wrappers() | {
            (
                "account.move.reversal",
                "_compute_documents_info",
            ): _with_several_invoices,
            ("account.move.reversal", "_prepare_default_reversal"): after(
                _add_document_type
            ),
        }


def _with_several_invoices(method):
    """Wrap `_compute_documents_info()` of l10n_latam_invoice_document, which refuses
    several documents: there is one type to choose. Each gets its own then.
    """

    def wrapper(self, *args, **kwargs):
        several = _compute_several_invoices(self)
        return method(self - several if several else self, *args, **kwargs)

    return wrapper


@addition(otherwise=None)
def _compute_several_invoices(wizards):
    """:return: those of several invoices, in which no document type is chosen"""
    several = wizards.filtered(
        lambda wizard: wizard.is_credit_note and len(wizard.move_ids) > 1
    )
    several.l10n_latam_use_documents = False
    several.l10n_latam_available_document_type_ids = False
    return several


@addition
def _add_document_type(wizard, values, move):
    """:param values: of `_prepare_default_reversal(move)`: l10n_latam_invoice_document
        gives the type that was chosen for one document
    :return: the same, with the type of this document among several
    """
    if wizard.is_credit_note and len(wizard.move_ids) > 1:
        values.update(move._prepare_document_type("out_refund", wizard.journal_id))
    return values
