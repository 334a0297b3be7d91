from collections import defaultdict

from odoo import models


class AccountMoveReversal(models.TransientModel):
    """Plan: what is credited, to the cent. Reads only.

    A plan says for one invoice what each journal item of its credit note comes to.
    The dialog shows the plan and the credit note is made from it, so that the two
    cannot differ. Amounts are taken from the invoice's own journal items, taxes
    changed by hand included, and never computed anew: whatever was changed since, the
    credit notes of an invoice add up to the invoice.

    Journal items are told apart by `account.move.line._get_credit_key`. Amounts are
    pairs (in the invoice's currency, in company currency), signed as on the invoice.
    """

    _inherit = "account.move.reversal"

    def _plan_credit_note(self, invoice):
        """:param invoice: one invoice
        :return: dict of
            `lines`: list of dicts `line`, `quantity`, `price_unit`, `credited_as`,
            `amounts`: {key: (amount in currency, balance)} to credit,
            `is_whole`: whether the invoice is credited as it stands
        """
        invoiced, left = self._get_invoiced_and_left(invoice)
        if not any(amount for amount, _balance in left.values()):
            # Only where the company does not refuse that: see `over_credit_policy`.
            left = invoiced
        lines = invoice.invoice_line_ids.filtered(
            lambda line: line.display_type == "product"
        )
        credited = self._get_credited_lines(invoice, lines, left)
        amounts = self._plan_amounts(invoice, lines, left, credited)
        takes_goods_back = self._is_rest_credited(invoice, left)
        if not self.use_invoice_rate:
            amounts = self._at_rate_of_the_day(invoice, amounts)
        return {
            "lines": [
                line_plan
                for line in lines
                if (line_plan := self._plan_line(line, amounts, takes_goods_back))
            ],
            "amounts": amounts,
            "is_whole": amounts == invoiced,
        }

    def _get_plan_totals(self, invoice, plan):
        """:return: dict of positive amounts in the invoice's currency: `untaxed`,
        `tax`, `total`, and `taxes`, the tax of each tax group
        """
        sign = invoice.direction_sign
        taxes = defaultdict(float)
        untaxed = 0.0
        for key, (amount, _balance) in plan["amounts"].items():
            tax_id = {"tax": 1, "other": -1}.get(key[0])
            if tax_id and key[tax_id]:
                tax = self.env["account.tax"].browse(key[tax_id])
                taxes[tax.tax_group_id] += sign * amount
            else:
                untaxed += sign * amount
        tax = sum(taxes.values())
        currency = invoice.currency_id
        return {
            "untaxed": currency.round(untaxed),
            "tax": currency.round(tax),
            "total": currency.round(untaxed + tax),
            "taxes": {group: currency.round(value) for group, value in taxes.items()},
        }

    # -------------------------------------------------------------------------
    # WHAT IS LEFT
    # -------------------------------------------------------------------------

    def _get_invoiced_and_left(self, invoice):
        """:return: ({key: amounts} of the invoice, {key: amounts} left to credit)"""
        invoiced = self._sum_by_key(invoice, invoice.line_ids)
        left = dict(invoiced)
        # sudo: what is left of an invoice does not depend on who looks at it
        credit_lines = invoice.sudo()._get_credit_notes().line_ids
        for key, amounts in self._sum_by_key(invoice, credit_lines).items():
            if key in left:
                left[key] = self._round_amounts(
                    invoice, map(sum, zip(left[key], amounts, strict=True))
                )
            elif key[0] != "unlinked":
                left[key] = amounts
        self._allot_unlinked(invoice, left, credit_lines)
        return invoiced, left

    def _sum_by_key(self, invoice, lines):
        sums = {}
        for line in lines:
            if key := line._get_credit_key():
                amount, balance = sums.get(key, (0.0, 0.0))
                line_amount, line_balance = self._get_amounts(invoice, line)
                sums[key] = (amount + line_amount, balance + line_balance)
        return {key: self._round_amounts(invoice, sums[key]) for key in sums}

    def _get_amounts(self, invoice, line):
        """:return: amounts of a journal item in the invoice's currency, at its rate

        Where an earlier credit note was booked at another rate, Odoo has booked the
        exchange difference.
        """
        rate = invoice.invoice_currency_rate
        if line.currency_id != invoice.currency_id:
            return (line.balance * rate, line.balance)
        if line.move_id.invoice_currency_rate != rate:
            return (line.amount_currency, line.amount_currency / rate)
        return (line.amount_currency, line.balance)

    def _allot_unlinked(self, invoice, left, credit_lines):
        """Take credit note lines without a link off the invoice lines they may credit.

        Credit notes from before this addon, or by other doors, know no lines. What
        they credit is taken, in proportion, off the lines of the same account and
        taxes; else of the same account; else off all lines.
        """
        unlinked = credit_lines.filtered(
            lambda line: (line._get_credit_key() or ("",))[0] == "unlinked"
        )
        if not unlinked:
            return
        invoice_lines = self.env["account.move.line"].browse(
            key[1] for key in left if key[0] == "line"
        )
        for (account, taxes), lines in unlinked.grouped(
            lambda line: (line.account_id, line.tax_ids)
        ).items():
            same_account = invoice_lines.filtered(
                lambda line, account=account: line.account_id == account
            )
            same_taxes = same_account.filtered(
                lambda line, taxes=taxes: line.tax_ids == taxes
            )
            credited = [
                sum(amounts)
                for amounts in zip(
                    *(self._get_amounts(invoice, line) for line in lines), strict=True
                )
            ]
            self._spread(
                invoice,
                left,
                [
                    line._get_credit_key()
                    for line in same_taxes or same_account or invoice_lines
                ],
                credited,
            )

    def _spread(self, invoice, left, keys, amounts):
        """Add these amounts to those of the keys, in proportion, to the cent.

        The largest comes last and takes the cents.
        """
        keys = sorted(keys, key=lambda key: abs(left[key][0]))
        totals = [sum(left[key][index] for key in keys) for index in (0, 1)]
        rest = list(amounts)
        for position, key in enumerate(keys):
            if position == len(keys) - 1:
                part = rest
            else:
                part = self._round_amounts(
                    invoice,
                    [
                        amounts[index] * left[key][index] / totals[index]
                        if totals[index]
                        else 0.0
                        for index in (0, 1)
                    ],
                )
            rest = [rest[index] - part[index] for index in (0, 1)]
            left[key] = self._round_amounts(
                invoice, map(sum, zip(left[key], part, strict=True))
            )

    def _round_amounts(self, invoice, amounts):
        """:return: (amount, balance), rounded; nothing in currency is nothing at all"""
        amount, balance = amounts
        if invoice.currency_id.is_zero(amount):
            return (0.0, 0.0)
        return (
            invoice.currency_id.round(amount),
            invoice.company_currency_id.round(balance),
        )

    # -------------------------------------------------------------------------
    # WHAT IS CREDITED
    # -------------------------------------------------------------------------

    def _get_credited_lines(self, invoice, lines, left):
        """Say what is credited of each invoice line, tax excluded.

        :param lines: the product lines of the invoice
        :param left: {key: amounts} left to credit
        :return: {line: amount in the invoice's currency, signed as on the invoice}
        """
        line_left = {line: left[line._get_credit_key()][0] for line in lines}
        share = self._get_credited_share(invoice, left)
        if share is None:
            return self._get_chosen_lines(invoice, line_left)
        if share == 1.0:
            return line_left
        return {
            line: invoice.currency_id.round(amount * share)
            for line, amount in line_left.items()
        }

    def _get_credited_share(self, invoice, left):
        """:return: the share of what is left that is credited, the same for each line;
        None if the clerk chooses line by line
        """
        if self.credit_method == "lines":
            return None
        total_left = abs(sum(amount for amount, _balance in left.values()))
        total = self._get_credited_total(invoice, left)
        if total is None or not total_left:
            return 1.0
        if self._is_tax_left_whole(invoice, left):
            tax_left = abs(sum(left[key][0] for key in left if key[0] == "tax"))
            return (total - tax_left) / (total_left - tax_left)
        return total / total_left

    def _get_credited_total(self, invoice, left):
        """:return: the total to hit, tax included; None if all that is left is"""
        total = None
        if self.credit_method == "amount":
            total = invoice.currency_id.round(self.amount)
        elif self.credit_method == "percentage":
            total = self._get_share_of_total(invoice)
        elif self.credit_method == "lines":
            return None
        most = self._get_most_creditable(invoice, left)
        if total is not None and invoice.currency_id.compare_amounts(total, most) < 0:
            return total
        total_left = abs(sum(amount for amount, _balance in left.values()))
        return None if invoice.currency_id.is_zero(most - total_left) else most

    def _get_share_of_total(self, invoice):
        return invoice.currency_id.round(invoice.amount_total * self.percentage / 100.0)

    def _get_most_creditable(self, invoice, left):
        """:return: what is left of the total, less an early payment discount that the
        customer took
        """
        total_left = abs(sum(amount for amount, _balance in left.values()))
        most = total_left - invoice._get_discounts_taken().get(invoice, 0.0)
        return invoice.currency_id.round(most) if most > 0 else total_left

    def _is_rest_credited(self, invoice, left):
        """:return: whether nothing is left afterwards that could be credited"""
        total = self._get_credited_total(invoice, left)
        return self.credit_method != "lines" and (
            total is None or total == self._get_most_creditable(invoice, left)
        )

    def _is_tax_left_whole(self, invoice, left):
        """:return: whether the tax is credited whole, and only the price without an
        early payment discount
        """
        return (
            self._is_rest_credited(invoice, left)
            and bool(invoice._get_discounts_taken())
            and invoice._is_discount_without_tax()
        )

    def _get_chosen_lines(self, invoice, line_left):
        """:return: as `_get_credited_lines`, from the lines of the dialog"""
        chosen = {}
        for wizard_line in self.line_ids:
            line = wizard_line.invoice_line_id
            if line not in line_left:
                continue
            amount = wizard_line._get_amount_currency()
            if wizard_line._is_all_left() or abs(amount) > abs(line_left[line]):
                amount = line_left[line]
            chosen[line] = amount
        return chosen

    def _plan_amounts(self, invoice, lines, left, credited):
        """:return: {key: amounts to credit}, signed as on the invoice"""
        is_zero = invoice.currency_id.is_zero
        line_left = {line: left[line._get_credit_key()][0] for line in lines}
        if all(is_zero(line_left[line] - credited.get(line, 0.0)) for line in lines):
            return dict(left)
        amounts = {}
        for line in lines:
            key = line._get_credit_key()
            amounts[key] = self._with_balance(
                invoice, credited.get(line, 0.0), left[key]
            )
        weights = self._get_tax_weights(invoice, lines, line_left, credited)
        total_left = sum(line_left.values())
        share = sum(credited.values()) / total_left if total_left else 0.0
        if self._is_tax_left_whole(invoice, left):
            weights, share = dict.fromkeys(weights, 1.0), 0.0
        for key, (amount_left, balance_left) in left.items():
            if key[0] == "line":
                continue
            # Early payment discounts and the like: the share of the lines.
            weight = weights.get(key[1], 0.0) if key[0] == "tax" else share
            amounts[key] = self._with_balance(
                invoice,
                invoice.currency_id.round(amount_left * weight),
                (amount_left, balance_left),
            )
        for display_type in ("discount", "epd"):
            self._keep_pairs_even(invoice, display_type, left, amounts, share)
        self._hit_total(invoice, lines, left, amounts)
        return amounts

    def _keep_pairs_even(self, invoice, display_type, left, amounts, share):
        """Give the largest item of this type the cents that rounding took off them.

        They come to nothing on the invoice, and Odoo leaves them out of its total.
        """
        keys = [key for key in left if key[:2] == ("other", display_type)]
        if not keys:
            return
        missing = [
            share * sum(left[key][index] for key in keys)
            - sum(amounts[key][index] for key in keys)
            for index in (0, 1)
        ]
        largest = max(keys, key=lambda key: abs(amounts[key][0]))
        amounts[largest] = self._round_amounts(
            invoice, map(sum, zip(amounts[largest], missing, strict=True))
        )

    def _at_rate_of_the_day(self, invoice, amounts):
        """:return: the amounts with their balances at the rate of the credit note"""
        rate = invoice._get_expected_currency_rate_at(self.date)
        return {
            key: self._round_amounts(invoice, (amount, amount / rate))
            for key, (amount, _balance) in amounts.items()
        }

    def _with_balance(self, invoice, amount, left):
        """:return: (amount, its balance), at the rate of what is left of the invoice"""
        amount_left, balance_left = left
        if invoice.currency_id.is_zero(amount - amount_left):
            return (amount_left, balance_left)
        balance = balance_left * amount / amount_left if amount_left else 0.0
        return self._round_amounts(invoice, (amount, balance))

    def _get_tax_weights(self, invoice, lines, line_left, credited):
        """:return: {tax id: share of what is left of the tax that is credited}"""
        base_lines, _tax_lines = invoice._get_rounded_base_and_tax_lines()
        tax_left = defaultdict(float)
        tax_credited = defaultdict(float)
        for base_line in base_lines:
            line = base_line["record"]
            if line not in lines or not line.amount_currency:
                continue
            share_left = line_left[line] / line.amount_currency
            share_credited = credited.get(line, 0.0) / line.amount_currency
            for tax_data in base_line["tax_details"]["taxes_data"]:
                tax_amount = tax_data["tax_amount_currency"]
                tax_left[tax_data["tax"].id] += tax_amount * share_left
                tax_credited[tax_data["tax"].id] += tax_amount * share_credited
        return {
            tax_id: tax_credited[tax_id] / amount if amount else 0.0
            for tax_id, amount in tax_left.items()
        }

    def _hit_total(self, invoice, lines, left, amounts):
        """Give the largest line the cents that are missing to the total asked for."""
        total = self._get_credited_total(invoice, left)
        if total is None or not lines:
            return
        sign = 1 if sum(amount for amount, _balance in left.values()) > 0 else -1
        missing = sign * total - sum(amount for amount, _balance in amounts.values())
        if invoice.currency_id.is_zero(missing):
            return
        key = max(
            (line._get_credit_key() for line in lines),
            key=lambda line_key: abs(amounts[line_key][0]),
        )
        amounts[key] = self._with_balance(
            invoice, invoice.currency_id.round(amounts[key][0] + missing), left[key]
        )

    def _plan_line(self, line, amounts, takes_goods_back):
        """:return: dict of the credit note line, None if the line is not credited"""
        is_zero = line.currency_id.is_zero
        key = line._get_credit_key()
        amount = amounts.get(key, (0.0, 0.0))[0]
        quantity = line.quantity_creditable or line.quantity
        if self.credit_method == "lines":
            wizard_line = self._get_wizard_line(line)
            quantity = wizard_line.quantity
            takes_goods_back = quantity and wizard_line._takes_goods_back()
            if quantity and line._is_down_payment() and not wizard_line._is_all_left():
                # No goods: the order deducts what is left of it, at a lower price.
                quantity = line.quantity_creditable
                takes_goods_back = False
        if not quantity or not line.quantity:
            return None
        full = line.amount_currency * quantity / line.quantity
        if is_zero(amount) and (not is_zero(full) or not line.quantity_creditable):
            return None
        price_unit = line.price_unit
        if is_zero(full):
            price_unit = line.move_id.direction_sign * amount / quantity
        elif not is_zero(full - amount):
            price_unit *= amount / full
        return {
            "line": line,
            "quantity": quantity,
            "price_unit": price_unit,
            "credited_as": "goods" if takes_goods_back else "price",
        }

    def _get_wizard_line(self, line):
        return self.line_ids.filtered(
            lambda wizard_line: wizard_line.invoice_line_id == line
        )[:1]
