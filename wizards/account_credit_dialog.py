from odoo import fields, models

from .refusal import get_refusal


class AccountCreditDialog(models.AbstractModel):
    """A dialog that says before the click what would be refused, in the words of the
    refusal: at the field that is wrong, and at each button.
    """

    _name = "account.credit.dialog"
    _description = "Dialog of Credit"

    refusals = fields.Json(
        compute="_compute_refusals",
        help="What would be refused: the sentence of each field that is wrong.",
    )
    button_refusals = fields.Json(
        compute="_compute_refusals",
        help="The sentence of each button that would be refused.",
    )

    def _compute_refusals(self):
        for dialog in self:
            dialog.refusals = dialog._get_refusals()
            dialog.button_refusals = dialog._get_button_refusals()

    def _list_checks(self):
        """:return: list of the name of a field and the method that refuses it"""
        return []

    def _list_buttons(self):
        """:return: names of the buttons that refuse what is wrong"""
        return []

    def _check(self):
        """:raise UserError: the first that is wrong"""
        for _field_name, check in self._list_checks():
            check()

    def _get_refusals(self):
        """:return: {name of a field: the sentence that would refuse it}"""
        refusals = {}
        for field_name, check in self._list_checks():
            if field_name not in refusals and (refusal := get_refusal(check)):
                refusals[field_name] = refusal
        return refusals

    def _get_button_refusals(self):
        """:return: {name of a button: why it does not work now}"""
        for refusal in (self.refusals or {}).values():
            return dict.fromkeys(self._list_buttons(), refusal)
        return {}
