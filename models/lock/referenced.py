"""What issued documents refer to, and what would disappear from them with it.

The database takes a deleted tax off every line, and empties the delivery address, the
incoterm and their like. Merging rewrites the references below Odoo's `write`.
"""

from odoo import models
from odoo.exceptions import UserError

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


class AccountCashRounding(models.Model):
    _inherit = "account.cash.rounding"

    def unlink(self):
        # EXTENDS 'account': the field of issued documents would become empty
        self.env["account.move"]._check_not_on_locked(
            self, ["invoice_cash_rounding_id"]
        )
        return super().unlink()


class AccountIncoterms(models.Model):
    _inherit = "account.incoterms"

    def unlink(self):
        # EXTENDS 'account': the field of issued documents would become empty
        self.env["account.move"]._check_not_on_locked(self, ["invoice_incoterm_id"])
        return super().unlink()


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
