from odoo import api, models
from odoo.exceptions import UserError


class AccountPayment(models.Model):
    _inherit = "account.payment"

    @api.model_create_multi
    def create(self, vals_list):
        # EXTENDS 'account': a payment is the master of its entry, it resets, changes,
        # and deletes it; an issued document has no master
        default = self.env.context.get("default_move_id")
        self._check_entries_unlocked(
            # Odoo says what is wrong with values that are none.
            [
                vals.get("move_id", default)
                for vals in vals_list
                if isinstance(vals, dict)
            ]
        )
        return super().create(vals_list)

    def write(self, vals):
        # EXTENDS 'account': see `create`
        self._check_entries_unlocked([vals.get("move_id")])
        return super().write(vals)

    @api.model
    def _check_entries_unlocked(self, values):
        """:param values: values of `move_id`, as `create` and `write` take them
        :raise UserError: the entry of a payment would be an issued document
        """
        field = self._fields["move_id"]
        move_ids = [field.convert_to_cache(value, self) for value in values if value]
        moves = self.env["account.move"].browse(move_ids)
        if locked := moves._filter_locked():
            raise UserError(
                self.env._(
                    "%(documents)s cannot be the journal entry of a payment. "
                    "Register the payment on it instead.",
                    documents=locked._get_document_names(),
                )
            )
