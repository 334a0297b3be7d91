from odoo import api, models
from odoo.exceptions import UserError

from .account_move_reversal_line import is_number


class AccountCreditNumbers(models.AbstractModel):
    """A dialog that takes numbers only, whatever a program sends."""

    _name = "account.credit.numbers"
    _description = "Dialog of Numbers"

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            self._check_numbers(vals)
        return super().create(vals_list)

    def write(self, vals):
        self._check_numbers(vals)
        return super().write(vals)

    @api.model
    def _check_numbers(self, vals):
        """:raise UserError: one of these values cannot be an amount"""
        for name, value in vals.items():
            field = self._fields.get(name)
            if field is None or field.type not in ("float", "monetary"):
                continue
            try:
                is_refused = not is_number(float(value or 0.0))
            except (OverflowError, TypeError, ValueError):
                is_refused = True
            if is_refused:
                raise UserError(
                    self.env._(
                        "%(dialog)s: enter “%(field)s” as a number.",
                        dialog=self.env["ir.model"]._get(self._name).name,
                        field=field._description_string(self.env),
                    )
                )
