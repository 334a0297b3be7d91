"""Records that issued documents refer to: they are not deleted, merged or renamed.

The database takes a deleted tax off every line, and empties the delivery address, the
incoterm and their like. Merging rewrites the references below Odoo's `write`.
"""

from odoo import api, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import format_list

from .changes import is_changed

PARTNER_PATHS = (
    "partner_id",
    "commercial_partner_id",
    "partner_shipping_id",
    "line_ids.partner_id",
)
# Odoo merges contacts, and accounts by the same method.
MERGED_PATHS = {
    "res.partner": PARTNER_PATHS,
    "account.account": ("line_ids.account_id",),
}


class AccountMove(models.Model):
    _inherit = "account.move"

    @api.model
    def _get_method_wrappers(self):
        return super()._get_method_wrappers() | {
            ("l10n_latam.document.type", "unlink"): _with_document_type_kept,
            (
                "account.update.tax.tags.wizard",
                "_modify_tag_to_aml_relation",
            ): _with_tags_kept,
        }

    @api.model
    def _check_not_on_locked(self, records, field_paths):
        """Keep what issued documents refer to.

        :param records: records that are about to disappear
        :param field_paths: fields of `account.move` that refer to them, with a
            `line_ids.` before fields of the lines
        :raise UserError: an issued document refers to one of them
        """
        if records and (documents := self._find_issued(field_paths, "in", records.ids)):
            # sudo: the refusal names it
            names = format_list(
                self.env,
                records.sudo()[:3].mapped(lambda r: r.display_name or ""),
            )
            raise UserError(
                self.env._(
                    "%(records)s cannot be removed or merged: the issued document "
                    "%(document)s refers to it. Archive it instead.",
                    records=names,
                    document=documents._get_document_names(),
                )
            )

    @api.model
    def _find_issued(self, field_paths, operator, value):
        """:param field_paths: fields of `account.move`, with a `line_ids.` before those
            of the lines; those that do not exist find nothing
        :return: an issued document for one of whose fields this is true, as superuser,
            or none
        """
        models = {True: self.env["account.move.line"], False: self}
        # sudo: the same for everybody
        return self.sudo().search(
            self._get_locked_domain()
            & Domain.OR(
                Domain(path, operator, value)
                for path in field_paths
                if path.split(".")[-1] in models["." in path]._fields
            ),
            limit=1,
        )


def _with_document_type_kept(method):
    """Wrap `unlink()` of l10n_latam.document.type: the field of issued documents would
    become empty.
    """

    def wrapper(self):
        self.env["account.move"]._check_not_on_locked(
            self, ["l10n_latam_document_type_id"]
        )
        return method(self)

    return wrapper


def _with_tags_kept(method):
    """Wrap `_modify_tag_to_aml_relation(company_id, date_from)`: it rewrites the tags
    of all lines since a day, in the database.
    """

    def wrapper(self, company_id, date_from):
        moves = self.env["account.move"]
        domain = (
            moves._get_locked_domain()
            & Domain("company_id", "=", company_id)
            & Domain("date", ">=", date_from)
            & (
                Domain("line_ids.tax_ids", "!=", False)
                | Domain("line_ids.tax_line_id", "!=", False)
            )
        )
        # sudo: the same for everybody
        if issued := moves.sudo().search(domain, limit=1):
            lines = self.env["account.move.line"]
            raise UserError(issued._get_lock_refusal(lines, ["tax_tag_ids"]))
        return method(self, company_id, date_from)

    return wrapper


class AccountCashRounding(models.Model):
    _inherit = "account.cash.rounding"

    def unlink(self):
        # EXTENDS 'account': the field of issued documents would become empty
        self.env["account.move"]._check_not_on_locked(
            self, ["invoice_cash_rounding_id"]
        )
        return super().unlink()


class AccountCreditNoteReason(models.Model):
    _inherit = "account.credit.note.reason"

    def write(self, vals):
        # EXTENDS 'account_partner_credit_note': it stands on what is printed later
        if "name" in vals:
            self.filtered(
                lambda reason: is_changed(reason, "name", vals["name"])
            )._check_name_kept()
        return super().write(vals)

    def _update_field_translations(self, field_name, *args, **kwargs):
        # EXTENDS 'base': in the customer's language, too
        if field_name == "name":
            self._check_name_kept()
        return super()._update_field_translations(field_name, *args, **kwargs)

    def _check_name_kept(self):
        """:raise UserError: one of these reasons stands on an issued credit note"""
        for reason in self:
            if document := self.env["account.move"]._find_issued(
                ["credit_note_reason_id"], "=", reason.id
            ):
                raise UserError(
                    self.env._(
                        "%(reason)s cannot be renamed: the issued document "
                        "%(document)s names it. Archive it, and add another reason.",
                        reason=reason.name,
                        document=document._get_document_names(),
                    )
                )


class AccountIncoterms(models.Model):
    _inherit = "account.incoterms"

    def unlink(self):
        # EXTENDS 'account': the field of issued documents would become empty
        self.env["account.move"]._check_not_on_locked(self, ["invoice_incoterm_id"])
        return super().unlink()


class AccountJournal(models.Model):
    _inherit = "account.journal"

    def write(self, vals):
        # EXTENDS 'account': what it is tells what its documents are
        if "type" in vals:
            self.filtered(
                lambda journal: is_changed(journal, "type", vals["type"])
            )._check_type_kept()
        return super().write(vals)

    def _check_type_kept(self):
        """:raise UserError: one of these journals has an issued document"""
        for journal in self:
            if document := self.env["account.move"]._find_issued(
                ["journal_id"], "=", journal.id
            ):
                raise UserError(
                    self.env._(
                        "The type of %(journal)s cannot be changed: the issued "
                        "document %(document)s is in it. Archive it, and add another "
                        "journal.",
                        journal=journal.display_name,
                        document=document._get_document_names(),
                    )
                )


class AccountPaymentTerm(models.Model):
    _inherit = "account.payment.term"

    def unlink(self):
        # EXTENDS 'account': Odoo's own check passes with a context key
        self.env["account.move"]._check_not_on_locked(self, ["invoice_payment_term_id"])
        return super().unlink()


class AccountTax(models.Model):
    _inherit = "account.tax"

    def unlink(self):
        # EXTENDS 'account': a tax without a tax line disappears from its lines
        self.env["account.move"]._check_not_on_locked(
            self, ["line_ids.tax_ids", "line_ids.tax_line_id", "line_ids.group_tax_id"]
        )
        return super().unlink()


class AccountTaxGroup(models.Model):
    _inherit = "account.tax.group"

    def unlink(self):
        # EXTENDS 'account': the tax group of the tax lines would become empty
        self.env["account.move"]._check_not_on_locked(self, ["line_ids.tax_group_id"])
        return super().unlink()


class ResPartner(models.Model):
    _inherit = "res.partner"

    def unlink(self):
        # EXTENDS 'base': the delivery address of issued documents would become empty
        self.env["account.move"]._check_not_on_locked(self, PARTNER_PATHS)
        return super().unlink()


class ResUsers(models.Model):
    _inherit = "res.users"

    def unlink(self):
        # EXTENDS 'base': who issued a document would be forgotten
        self.env["account.move"]._check_not_on_locked(
            self, ["create_uid", "line_ids.create_uid"]
        )
        return super().unlink()


class BasePartnerMergeAutomaticWizard(models.TransientModel):
    _inherit = "base.partner.merge.automatic.wizard"

    def _update_foreign_keys_generic(self, model, src_records, dst_record):
        # EXTENDS 'base': it rewrites customer and accounts in the database
        if paths := MERGED_PATHS.get(model):
            self.env["account.move"]._check_not_on_locked(src_records, paths)
        return super()._update_foreign_keys_generic(model, src_records, dst_record)


class AccountResequenceWizard(models.TransientModel):
    _inherit = "account.resequence.wizard"

    def resequence(self):
        # EXTENDS 'account': say it before Odoo empties the numbers
        if locked := self.move_ids._filter_locked():
            raise UserError(locked._get_lock_refusal(locked, ["name"]))
        return super().resequence()
