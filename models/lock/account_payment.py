"""Payments and statement lines: each is the master of its journal entry.

It resets, changes and deletes it. An issued document has no master.
"""

from odoo import api, models
from odoo.exceptions import UserError


def _check_entries_unlocked(masters, values):
    """:param values: values of `move_id`, as `create` and `write` take them
    :raise UserError: the entry of a payment or statement line would be an issued
        document
    """
    field = masters._fields["move_id"]
    move_ids = [field.convert_to_cache(value, masters) for value in values if value]
    if locked := masters.env["account.move"].browse(move_ids)._filter_locked():
        raise UserError(
            masters.env._(
                "%(documents)s cannot be the journal entry of a payment. "
                "Register the payment on it instead.",
                documents=locked._get_document_names(),
            )
        )


class AccountPayment(models.Model):
    _inherit = "account.payment"

    @api.model_create_multi
    def create(self, vals_list):
        # EXTENDS 'account': an issued document has no master
        default = self.env.context.get("default_move_id")
        _check_entries_unlocked(
            self,
            # Odoo says what is wrong with values that are none.
            [
                vals.get("move_id", default)
                for vals in vals_list
                if isinstance(vals, dict)
            ],
        )
        return super().create(vals_list)

    def write(self, vals):
        # EXTENDS 'account': see `create`
        _check_entries_unlocked(self, [vals.get("move_id")])
        return super().write(vals)


class AccountBankStatementLine(models.Model):
    _inherit = "account.bank.statement.line"

    def write(self, vals):
        # EXTENDS 'account': an issued document has no master; creating one for it is
        # a change of the document, which is refused
        _check_entries_unlocked(self, [vals.get("move_id")])
        return super().write(vals)
