from typing import NamedTuple

from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.tools import ormcache

# No other field of a credit note is filled from this table.
COUNTRY_FIELDS = ("l10n_", "x_")


class ReasonCode(NamedTuple):
    field_name: str  # of the credit note, and of the dialog where it has one
    code: str
    condition: str | bool  # field of the invoice that has to be true, if any


class AccountCreditNoteReasonCode(models.Model):
    """How a country's document calls a reason: the code that goes into a field which
    the addon of this country has.

    A table of data: the addon need not be there, and users may change and add codes.
    """

    _name = "account.credit.note.reason.code"
    _description = "Code of a Credit Note Reason"
    _order = "country_id, field_name, reason_id, id"
    _rec_name = "code"

    country_id = fields.Many2one("res.country", required=True, index=True)
    field_name = fields.Char(
        string="Field",
        required=True,
        help="Technical name of the field of the credit note that takes the code.",
    )
    reason_id = fields.Many2one(
        "account.credit.note.reason",
        ondelete="cascade",
        index="btree_not_null",
        help="Leave empty for all reasons that have no code of their own.",
    )
    condition = fields.Char(
        help="Technical name of a field of the invoice. The code is for invoices for "
        "which it is true, and comes before others.",
    )
    code = fields.Char(required=True)
    source = fields.Char(required=True, help="Where the law or the standard says so.")
    is_installed = fields.Boolean(
        compute="_compute_is_installed",
        help="Whether an addon that is installed has this field.",
    )

    @api.depends("field_name")
    def _compute_is_installed(self):
        names = self.env["account.move"]._fields
        for code in self:
            code.is_installed = code.field_name in names

    @api.constrains("code", "condition", "field_name")
    def _check_code(self):
        """What the field does not take would be refused once somebody credits."""
        move_fields = self.env["account.move"]._fields
        for code in self:
            if not (code.field_name or "").startswith(COUNTRY_FIELDS):
                raise ValidationError(
                    self.env._(
                        "“%s” is not a field of a country. The name of such a field "
                        "begins with l10n_, that of one of your own with x_.",
                        code.field_name,
                    )
                )
            if code.is_installed and not code._is_taken():
                raise ValidationError(
                    self.env._(
                        "The field “%(field)s” does not take the code “%(code)s”. Look "
                        "up what it offers.",
                        field=code.field_name,
                        code=code.code,
                    )
                )
            condition = move_fields.get(code.condition)
            if condition and condition.type != "boolean":
                raise ValidationError(
                    self.env._(
                        "“%s” is not a field that is true or false.", code.condition
                    )
                )

    def _is_taken(self):
        """:return: whether the field is there and takes the code; the addon of the
        field may have come after the code
        """
        field = self.env["account.move"]._fields.get(self.field_name)
        return bool(field) and (
            field.type == "char"
            or (field.type == "selection" and self.code in field.get_values(self.env))
        )

    @api.model_create_multi
    def create(self, vals_list):
        res = super().create(vals_list)
        self.env.registry.clear_cache()
        return res

    def write(self, vals):
        res = super().write(vals)
        self.env.registry.clear_cache()
        return res

    def unlink(self):
        res = super().unlink()
        self.env.registry.clear_cache()
        return res

    @api.model
    def _get_field_names(self, company):
        """:return: set of the fields of the company's country that take codes"""
        # sudo: the same for everybody
        country = company.sudo().account_fiscal_country_id
        return set(self._list_field_names(country.id))

    @api.model
    @ormcache("country_id")
    def _list_field_names(self, country_id):
        # sudo: the same for everybody
        return tuple(
            self.sudo()
            .search([("country_id", "=", country_id)])
            .filtered("is_installed")
            .mapped("field_name")
        )

    @api.model
    @ormcache("country_id", "reason_id")
    def _get_codes(self, country_id, reason_id):
        """:return: tuple of ReasonCode that the fields which are there take, the one
        that counts last
        """
        # sudo: the same for everybody
        codes = (
            self.sudo()
            .search(
                [
                    ("country_id", "=", country_id),
                    ("reason_id", "in", [False, reason_id]),
                ]
            )
            .filtered(lambda code: code._is_taken())
            .sorted(lambda code: (bool(code.condition), bool(code.reason_id)))
        )
        return tuple(
            ReasonCode(code.field_name, code.code, code.condition) for code in codes
        )
