from odoo import api, models
from odoo.exceptions import UserError


class AccountPayment(models.Model):
    _inherit = "account.payment"

    @api.model_create_multi
    def create(self, vals_list):
        # EXTENDS 'account': a payment is the master of its entry, it resets, changes,
        # and deletes it; an issued document has no master
        payments = super().create(vals_list)
        if any(vals.get("move_id") for vals in vals_list):
            payments._check_entry_unlocked()
        return payments

    def write(self, vals):
        # EXTENDS 'account': see `create`
        res = super().write(vals)
        if vals.get("move_id"):
            self._check_entry_unlocked()
        return res

    def _check_entry_unlocked(self):
        """:raise UserError: the entry of a payment is an issued document"""
        if locked := self.sudo().move_id._filter_locked():
            raise UserError(
                self.env._(
                    "%(documents)s cannot be the journal entry of a payment. "
                    "Register the payment on it instead.",
                    documents=locked._get_document_names(),
                )
            )
