from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import float_compare, formatLang

# Digits of a price that count; more come from dividing.
PRICE_DIGITS = 6

# Larger floats have no cents.
MAX_NUMBER = 1e13


def is_number(value):
    """:return: whether this can be an amount, a quantity or a price; NaN cannot"""
    return abs(value) < MAX_NUMBER


class AccountMoveReversalLine(models.TransientModel):
    _name = "account.move.reversal.line"
    _description = "Invoice Line to Credit"

    reversal_id = fields.Many2one(
        comodel_name="account.move.reversal",
        required=True,
        ondelete="cascade",
    )
    invoice_line_id = fields.Many2one(
        comodel_name="account.move.line",
        required=True,
        ondelete="cascade",
    )
    # Related with the user's rights: RPC can give the dialog the line of any invoice.
    name = fields.Char(
        string="Description", related="invoice_line_id.name", related_sudo=False
    )
    currency_id = fields.Many2one(
        related="invoice_line_id.currency_id", related_sudo=False
    )
    quantity_creditable = fields.Float(
        string="Left to Credit",
        related="invoice_line_id.quantity_creditable",
        related_sudo=False,
    )
    quantity = fields.Float(digits="Product Unit")
    price_unit = fields.Float(
        string="Price to Credit",
        min_display_digits="Product Price",
        compute="_compute_price_unit",
        compute_sudo=False,
        store=True,
        readonly=False,
        precompute=True,
        help="The price that is left on the invoice to take the goods back. A lower "
        "price credits an overcharge: the difference is credited, the quantity is not.",
    )
    amount = fields.Monetary(string="Tax Excluded", compute="_compute_amount")
    quantity_invoiced = fields.Float(
        string="Invoiced",
        digits="Product Unit",
        related="invoice_line_id.quantity",
        related_sudo=False,
    )
    product_uom_id = fields.Many2one(
        related="invoice_line_id.product_uom_id", string="Unit", related_sudo=False
    )
    discount = fields.Float(
        related="invoice_line_id.discount", string="Disc.%", related_sudo=False
    )
    taxes = fields.Char(compute="_compute_taxes")

    # -------------------------------------------------------------------------
    # COMPUTE METHODS
    # -------------------------------------------------------------------------

    @api.depends("invoice_line_id")
    def _compute_price_unit(self):
        for line in self:
            line.price_unit = line.invoice_line_id._get_price_left()

    @api.depends("quantity", "price_unit", "invoice_line_id")
    def _compute_amount(self):
        for line in self:
            line.amount = abs(line._get_amount_currency())

    @api.depends("invoice_line_id")
    def _compute_taxes(self):
        for line in self:
            taxes = line.invoice_line_id.tax_ids
            line.taxes = ", ".join(tax.tax_label or tax.name for tax in taxes)

    # -------------------------------------------------------------------------
    # HELPERS
    # -------------------------------------------------------------------------

    def _get_amount_currency(self):
        """:return: tax excluded, in the invoice's currency, signed as on the invoice"""
        self.ensure_one()
        line = self.invoice_line_id
        if not is_number(self.quantity * self.price_unit):
            return 0.0
        if self._takes_goods_back():
            left = abs(line.quantity_creditable)
            share = min(abs(self.quantity) / left, 1.0) if left else 0.0
            amount = line._get_amount_left() * share
        else:
            share_of_price = line._get_shares_of_price().get(False, 1.0)
            amount = line.amount_currency * self._get_share_of_price() * share_of_price
        return line.currency_id.round(amount)

    def _get_share_of_price(self):
        """:return: how much of the price of the whole invoice line is credited"""
        line = self.invoice_line_id
        full = line.price_unit * line.quantity
        return self.quantity * self.price_unit / full if full else 0.0

    def _check_left(self):
        """:raise UserError: more is credited than is left of the invoice line"""
        self.ensure_one()
        self._check_invoice_line()
        self._check_quantity()
        self._check_price()
        line = self.invoice_line_id
        if (
            self.reversal_id.reopen_order
            and line._is_deduction()
            and not self._is_all_left()
        ):
            raise UserError(line._get_deduction_refusal())

    def _get_names(self):
        """:return: dict of `line` and `invoice`, as refusals name them"""
        line = self.invoice_line_id
        return {
            "line": (line.name or line.product_id.display_name or "").split("\n")[0],
            "invoice": line.move_id.name,
        }

    def _check_invoice_line(self):
        """:raise UserError: the line is of another invoice"""
        if self.invoice_line_id not in (
            self.reversal_id.move_ids._origin.invoice_line_ids
        ):
            raise UserError(
                self.env._(
                    "The line “%(line)s” of %(invoice)s is not of the invoice that is "
                    "credited.",
                    **self._get_names(),
                )
            )

    def _check_quantity(self):
        """:raise UserError: the quantity is none of this line, or more than is left"""
        sign = -1 if self.invoice_line_id.quantity < 0 else 1
        if not 0 < sign * self.quantity < float("inf"):
            self._raise_wrong_number()
        if self._compare_with_left() > 0:
            raise UserError(
                self.env._(
                    "%(quantity)s of “%(line)s” is more than is left to credit on "
                    "%(invoice)s: %(left)s.",
                    quantity=self._format_quantity(self.quantity),
                    left=self._format_quantity(
                        self.invoice_line_id.quantity_creditable
                    ),
                    **self._get_names(),
                )
            )

    def _format_quantity(self, quantity):
        return formatLang(self.env, quantity, dp="Product Unit")

    def _check_price(self):
        """:raise UserError: the price is no number, or more than is left of it"""
        if not abs(self.price_unit) < float("inf"):
            self._raise_wrong_number()
        price_left = self.invoice_line_id._get_price_left()
        if self.price_unit * price_left < 0 or self._compare_with_price_left() > 0:
            raise UserError(
                self.env._(
                    "The price to credit for “%(line)s”, %(price)s, is more than is "
                    "left of the price on %(invoice)s: %(price_left)s.",
                    price=self.price_unit,
                    price_left=price_left,
                    **self._get_names(),
                )
            )

    def _raise_wrong_number(self):
        """:raise UserError: always"""
        if self.invoice_line_id.quantity < 0:
            raise UserError(
                self.env._(
                    "Enter the quantity of “%(line)s” on %(invoice)s to credit as a "
                    "negative number, as on the invoice.",
                    **self._get_names(),
                )
            )
        raise UserError(
            self.env._(
                "Enter the quantity of “%(line)s” on %(invoice)s to credit as a "
                "positive number.",
                **self._get_names(),
            )
        )

    def _is_all_left(self):
        """:return: whether all that is left of the invoice line is credited"""
        self.ensure_one()
        return (
            self.quantity
            and self._takes_goods_back()
            and self._compare_with_left() >= 0
        )

    def _takes_goods_back(self):
        """:return: whether the quantity is credited, and not only a lower price"""
        self.ensure_one()
        return self._compare_with_price_left() >= 0

    def _compare_with_left(self):
        """:return: -1, 0 or 1: the quantity is less, all or more than what is left"""
        return float_compare(
            abs(self.quantity),
            abs(self.invoice_line_id.quantity_creditable),
            precision_digits=self.env["decimal.precision"].precision_get(
                "Product Unit"
            ),
        )

    def _compare_with_price_left(self):
        """:return: -1, 0 or 1: the price is less, all or more than what is left"""
        return float_compare(
            abs(self.price_unit),
            abs(self.invoice_line_id._get_price_left()),
            precision_digits=PRICE_DIGITS,
        )
