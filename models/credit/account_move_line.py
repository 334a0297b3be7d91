from collections import defaultdict

from odoo import api, fields, models

from ..bulk.reversal_batch import ReversalBatch
from ..plan import NET, PairedItem, RoundingItem, TaxedPair, UnlinkedLines


def is_no_fixed_tax(tax):
    return tax.amount_type != "fixed"


class AccountMoveLine(models.Model):
    _inherit = "account.move.line"

    credited_line_id = fields.Many2one(
        comodel_name="account.move.line",
        string="Credited Invoice Line",
        index="btree_not_null",
        readonly=True,
        copy=False,
        check_company=True,
        help="The invoice line that this credit note line credits.",
    )
    credit_note_line_ids = fields.One2many(
        comodel_name="account.move.line",
        inverse_name="credited_line_id",
        string="Credit Note Lines",
        readonly=True,
    )
    credited_as = fields.Selection(
        selection=[("goods", "Goods taken back"), ("price", "Lower price")],
        readonly=True,
        copy=False,
        help="Whether this credit note line gives the quantity back or only lowers the "
        "price. Empty on credit notes made by hand, where a lower price tells.",
    )
    quantity_creditable = fields.Float(
        string="Left to Credit (Quantity)",
        digits="Product Unit",
        compute="_compute_quantity_creditable",
        compute_sudo=True,
        help="Quantity of the line less what drafts and posted credit notes credit.",
    )

    @api.depends(
        "credit_note_line_ids.amount_currency",
        "credit_note_line_ids.credited_as",
        "credit_note_line_ids.parent_state",
        "credit_note_line_ids.price_unit",
        "credit_note_line_ids.quantity",
        "display_type",
        "parent_state",
        "quantity",
    )
    def _compute_quantity_creditable(self):
        for line in self:
            line.quantity_creditable = (
                line._get_quantity_left()
                if line.display_type == "product" and line.move_id._is_creditable()
                else 0.0
            )

    def _get_quantity_left(self):
        """:return: quantity of this invoice line that no credit note took back,
        negative where the line's is

        If nothing is left of the amount, no quantity is left either.
        """
        self.ensure_one()
        credited = self._get_crediting_lines()
        if (
            credited
            and self.amount_currency
            and self.currency_id.is_zero(self._get_amount_left())
        ):
            return 0.0
        taken_back = sum(line.quantity for line in credited if line._takes_goods_back())
        if self.quantity < 0:
            return min(0.0, self.quantity - taken_back)
        return max(0.0, self.quantity - taken_back)

    def _get_amount_left(self):
        """:return: what credit notes left of this invoice line, tax excluded, in its
        currency, signed as on the invoice
        """
        self.ensure_one()
        return self.amount_currency + sum(
            self._get_crediting_lines().mapped("amount_currency")
        )

    def _get_price_left(self):
        """:return: the price at which what is left of this invoice line was sold, lower
        than that of the invoice once an overcharge was credited
        """
        self.ensure_one()
        quantity = self.quantity_creditable
        if not quantity or not self.amount_currency:
            return self.price_unit
        full = self.amount_currency * quantity / self.quantity
        amount_left = self._get_amount_left()
        if self.currency_id.is_zero(full - amount_left):
            return self.price_unit
        return self.price_unit * amount_left / full

    def _get_shares_of_price(self):
        """Say which share of each tax a lower price lowers: fixed taxes are an amount
        for each piece, whatever the price.

        :return: {tax id: share of this tax that goes with the price}, with that of the
            amount without tax under False; {} where all of it does
        """
        self.ensure_one()
        taxes = self.tax_ids.flatten_taxes_hierarchy()
        if "fixed" not in taxes.mapped("amount_type"):
            return {}
        whole, without_fixed = (
            self._get_raw_tax_details(computed)
            for computed in (taxes, taxes.filtered(is_no_fixed_tax))
        )
        return {
            key: without_fixed.get(key, 0.0) / amount
            for key, amount in whole.items()
            if amount
        }

    def _get_raw_tax_details(self, taxes):
        """:param taxes: those that are computed, none of them a group
        :return: {tax id: amount}, with the amount without tax under False, unrounded
        """
        # No `filter_tax_function`: an addon of Odoo puts its own in its place.
        base_line = {
            **self.move_id._prepare_product_base_line_for_taxes_computation(self),
            "tax_ids": taxes,
        }
        self.env["account.tax"]._add_tax_details_in_base_line(
            base_line, self.company_id, rounding_method="round_globally"
        )
        details = base_line["tax_details"]
        amounts = defaultdict(float, {False: details["raw_total_excluded_currency"]})
        for tax_data in details["taxes_data"]:
            amounts[tax_data["tax"].id] += tax_data["raw_tax_amount_currency"]
        return amounts

    def _get_crediting_lines(self):
        # sudo: the same for everybody
        return self.sudo().credit_note_line_ids.filtered(
            lambda line: line.parent_state != "cancel" and line._is_credit_note_line()
        )

    def _takes_goods_back(self):
        """:return: whether this credit note line gives its quantity back"""
        self.ensure_one()
        if self.credited_as:
            return self.credited_as == "goods"
        return self.price_unit == self.credited_line_id.price_unit

    def _is_credit_note_line(self):
        """:return: whether the link to the invoice line is that of the two documents"""
        self.ensure_one()
        return (
            self.move_type == "out_refund"
            and self.display_type == "product"
            and bool(self.credited_line_id)
            and self.move_id.reversed_entry_id
            in (self.credited_line_id.move_id, self.env["account.move"])
        )

    def _is_price_difference(self):
        """:return: whether this credit note line lowers the price and takes no goods
        back, so that the quantity of its invoice line is still left to credit
        """
        self.ensure_one()
        return (
            self._is_credit_note_line()
            and not self._takes_goods_back()
            and bool(self.credited_as or self.credited_line_id.quantity_creditable)
        )

    # -------------------------------------------------------------------------
    # THE TABLE OF THE DOCUMENT, see `account.move._get_table`
    # -------------------------------------------------------------------------

    def _get_table_column(self):
        """:return: the column of this journal item, None if it is in none"""
        self.ensure_one()
        match self.display_type:
            case "product":
                return NET
            case "tax":
                return self.tax_repartition_line_id._get_table_column(
                    self.account_id, self.group_tax_id, self.tax_ids
                )
            case "rounding":
                # Cash rounding on the largest tax is tax.
                return RoundingItem(self.account_id.id, self.tax_line_id.id or None)
            case "discount" | "epd":
                return PairedItem(
                    self.display_type,
                    self.account_id.id,
                    tuple(sorted(self.tax_ids.ids)),
                )
        return None

    def _get_table_row(self, origin):
        """:param origin: the document of this product line, or that it reverses
        :return: the row: the id of the line of `origin`, else `UnlinkedLines`
        """
        self.ensure_one()
        if self.move_id == origin:
            return self.id
        if self.credited_line_id and (
            self.credited_line_id.move_id == origin
            # A credit note of several invoices has the rows of all.
            or not self.move_id.reversed_entry_id
        ):
            return self.credited_line_id.id
        return self._get_unlinked_row()

    def _get_unlinked_row(self):
        return UnlinkedLines(self.account_id.id, tuple(sorted(self.tax_ids.ids)))

    def _get_taxed_pair(self):
        """:return: TaxedPair of this line, on its account as Odoo's are; None where no
        tax is a share of its price
        """
        self.ensure_one()
        taxes = self.tax_ids.filtered(is_no_fixed_tax)
        if not taxes or self.currency_id.is_zero(
            self.price_total - self.price_subtotal
        ):
            return None
        return TaxedPair(
            PairedItem("epd", self.account_id.id, tuple(sorted(taxes.ids))),
            PairedItem("epd", self.account_id.id),
            frozenset(taxes.flatten_taxes_hierarchy().filtered(is_no_fixed_tax).ids),
        )

    def _get_sizes_of_lines(self, lines):
        """Say which lines this discount item belongs to, as Odoo would compute it
        today.

        :param lines: the product lines of its document
        :return: {line: its part of the item, in currency, signed as the item}
        """
        self.ensure_one()
        if self.display_type == "epd":
            made_by = lines.filtered("tax_ids")
        else:
            made_by = lines.filtered("discount")
        # A newer Odoo 19.0 puts the taxes of a group on a discount, not the group.
        taxes = self.tax_ids.flatten_taxes_hierarchy()
        for is_same in (
            lambda line: line.account_id == self.account_id,
            lambda line: (
                not taxes
                or line.tax_ids.flatten_taxes_hierarchy().filtered(is_no_fixed_tax)
                == taxes
            ),
        ):
            made_by = made_by.filtered(is_same) or made_by
        sizes = {
            line: line.price_subtotal
            if self.display_type == "epd"
            else line.quantity * line.price_unit * line.discount / 100
            for line in made_by or lines
        }
        # The items are a pair: one has the sign of the lines, the other one the
        # opposite.
        sign = -1 if sum(sizes.values()) * self.amount_currency < 0 else 1
        return {line: sign * size for line, size in sizes.items()}

    def _copy_data_extend_business_fields(self, values):
        # EXTENDS 'account': link a credit note line to its invoice line as it is
        # built. `move_reverse_cancel` is set by `_reverse_moves` and by nothing else,
        # which tells a reversal from the new invoice of "Reverse and Create Invoice".
        res = super()._copy_data_extend_business_fields(values)
        if (
            "move_reverse_cancel" in self.env.context
            and self.display_type == "product"
            and self.move_id.is_sale_document(include_receipts=True)
        ):
            values["credited_line_id"] = self.id
            if ReversalBatch.of(self.env) or self.move_type == "out_refund":
                # As on a credit note made by hand, and not as on the invoice.
                values.pop("is_storno", None)
        return res

    def _reconcile_plan(self, reconciliation_plan):
        # EXTENDS 'account': credit notes of a batch are reconciled at once, see
        # `account.move._reconcile_reversed_moves`
        batch = ReversalBatch.of(self.env)
        if batch is None or batch.reconciliation_plan is None:
            return super()._reconcile_plan(reconciliation_plan)
        batch.reconciliation_plan += reconciliation_plan
        return None

    def _get_order_lines(self):
        """:return: the sales order lines of these lines; None without the Sales app"""
        return self.sale_line_ids if "sale_line_ids" in self._fields else None

    def _unlink_order_lines(self):
        """Take these lines off the sales orders, if there are any."""
        if "sale_line_ids" in self._fields:
            self.sale_line_ids = False
