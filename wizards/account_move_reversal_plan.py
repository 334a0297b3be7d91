from collections import defaultdict

from odoo import models


def is_part(amount, whole):
    """:return: whether the one is a part of the other, and not more or against it"""
    return bool(whole) and 0 <= amount / whole <= 1


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
        line_plans = [
            line_plan
            for line in lines
            if (line_plan := self._plan_line(line, amounts, takes_goods_back))
        ]
        if not line_plans and any(amount for amount, _balance in amounts.values()):
            line_plans = self._plan_tax_alone(lines)
        planned = {line_plan["line"] for line_plan in line_plans}
        return {
            "lines": line_plans,
            "amounts": amounts,
            # A free line may be left.
            "is_whole": amounts == invoiced
            and planned >= set(lines.filtered("quantity_creditable")),
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
        for own_key, amounts in self._sum_by_key(invoice, credit_lines).items():
            key = self._match_key(own_key, left) if own_key[0] == "tax" else own_key
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

    def _match_key(self, key, keys):
        """Taxes and roundings of credit notes may be on other accounts than those of
        invoices: where the tax says so, where it was changed, and the reversal of a
        rounding profit is a loss. They are the same item all the same.

        :param keys: keys of an invoice
        :return: the one of them under which the invoice has the item of this key; the
            key itself if it has none
        """
        if key in keys or key[0] != "tax" and key[1] != "rounding":
            return key
        return next(
            (
                other
                for other in keys
                if (*other[:2], *other[3:]) == (*key[:2], *key[3:])
            ),
            key,
        )

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
        taxes; else of the same account; else off all lines: the first that are enough.
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
            enough = (
                keys
                for same_lines in (same_taxes, same_account)
                if (keys := [line._get_credit_key() for line in same_lines])
                and abs(sum(left[key][0] for key in keys)) >= abs(credited[0])
            )
            keys = [line._get_credit_key() for line in invoice_lines]
            self._spread(invoice, left, next(enough, keys), credited)

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
        line_left = {line: left[line._get_credit_key()][0] for line in lines}
        if self._is_all_credited(invoice, left, line_left, credited):
            return dict(left)
        amounts = {}
        for line in lines:
            key = line._get_credit_key()
            amounts[key] = self._with_balance(
                invoice, credited.get(line, 0.0), left[key]
            )
        shares = self._get_shares_of_lines(invoice, left, line_left, credited)
        taxes = self._get_credited_taxes(invoice, left, shares)
        total_left = sum(line_left.values())
        share = sum(credited.values()) / total_left if total_left else 0.0
        if self._is_tax_left_whole(invoice, left):
            taxes = {key: left[key][0] for key in left if key[0] == "tax"}
            share = 0.0
        for key in {**left, **taxes}:
            if key[0] == "line":
                continue
            amounts_left = left.get(key, (0.0, 0.0))
            # Early payment discounts and the like: the share of the lines.
            amount = taxes[key] if key in taxes else amounts_left[0] * share
            amounts[key] = self._with_balance(
                invoice, invoice.currency_id.round(amount), amounts_left
            )
        for display_type in ("discount", "epd"):
            self._keep_pairs_even(invoice, display_type, left, amounts, share)
        self._hit_total(invoice, lines, left, amounts)
        self._hit_balance(invoice, left, amounts)
        return amounts

    def _is_all_credited(self, invoice, left, line_left, credited):
        """:return: whether all that is left is credited, free lines included"""
        if self.credit_method != "lines":
            return self._get_credited_total(invoice, left) is None
        return all(
            invoice.currency_id.is_zero(line_left[line] - credited.get(line, 0.0))
            and (
                line_left[line]
                or not line.quantity_creditable
                or self._get_wizard_line(line)._is_whole()
            )
            for line in line_left
        )

    def _get_shares_of_lines(self, invoice, left, line_left, credited):
        """:return: {line: (share that is left of it, share that is credited)}; the
        quantity tells that of free lines
        """
        share = self._get_credited_share(invoice, left)
        shares = {}
        for line in line_left:
            if line.amount_currency:
                share_left = line_left[line] / line.amount_currency
                share_credited = credited.get(line, 0.0) / line.amount_currency
            elif line.quantity:
                share_left = line.quantity_creditable / line.quantity
                share_credited = self._get_wizard_line(line).quantity / line.quantity
            else:
                continue
            if share is not None:
                # Not what small amounts were rounded to.
                share_credited = share_left * share
            shares[line] = (share_left, share_credited)
        return shares

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
        if is_part(amount, amount_left):
            balance = balance_left * amount / amount_left
        else:
            balance = amount / invoice.invoice_currency_rate
        return self._round_amounts(invoice, (amount, balance))

    def _get_credited_taxes(self, invoice, left, shares):
        """Say what is credited of each tax: as much of it as of the lines it is on.

        What Odoo makes of the lines today tells how the tax is spread over them. The
        amounts are those of the invoice, whatever the tax says since.

        :param shares: {line: (share that is left of it, share that is credited)}
        :return: {key: amount in the invoice's currency, signed as on the invoice}
        """
        keys = {key: left[key][0] for key in left if key[0] == "tax"}
        tax_left = dict.fromkeys(keys, 0.0)
        tax_credited = dict.fromkeys(keys, 0.0)
        price_shares = self._get_shares_of_prices(shares)
        for line, own_key, amount in self._get_taxes_of_lines(invoice, shares):
            key = self._match_key(own_key, keys)
            if key not in keys:
                if any(key[1] == other[1] for other in keys):
                    # It was changed so much since that the lines have to tell.
                    continue
                # What comes to nothing on the invoice is no item of it.
                tax_left.setdefault(key, 0.0)
                tax_credited.setdefault(key, 0.0)
            share_left, share_credited = shares[line]
            tax_left[key] += amount * share_left
            of_price = price_shares.get(line, {})
            tax_credited[key] += (
                amount
                * share_credited
                * (of_price.get(key[1], 1.0) / of_price.get(False, 1.0))
            )
        return {
            key: self._get_credited_tax(
                keys.get(key, 0.0),
                tax_left[key],
                tax_credited[key],
                self._get_share_of_taxed_lines(key, shares),
            )
            for key in tax_left
        }

    def _get_credited_tax(self, amount_left, tax_left, tax_credited, share):
        """:param amount_left: what is left of a tax item of the invoice
        :param tax_left: the same as Odoo would have it today
        :param tax_credited: what is credited of it as Odoo would have it today
        :param share: share of the lines with the tax that is credited
        :return: what is credited of the tax item
        """
        if is_part(tax_credited, tax_left):
            return amount_left * tax_credited / tax_left
        # Lines that take tax off each other, or a tax that is none any more.
        return tax_credited + (amount_left - tax_left) * share

    def _get_taxes_of_lines(self, invoice, lines):
        """:param lines: product lines of the invoice
        :return: list of (line, key, amount): the taxes of each line as Odoo would have
            them today, signed as on the invoice
        """
        base_lines, _tax_lines = invoice._get_rounded_base_and_tax_lines()
        base_lines = [
            base_line for base_line in base_lines if base_line["record"] in lines
        ]
        self.env["account.tax"]._add_accounting_data_in_base_lines_tax_details(
            base_lines, invoice.company_id
        )
        return [
            (
                base_line["record"],
                tax_item["tax_rep"]._get_credit_key(
                    tax_item["account"], tax_data["group"], tax_item["taxes"]
                ),
                invoice.direction_sign * tax_item["tax_amount_currency"],
            )
            for base_line in base_lines
            for tax_data in base_line["tax_details"]["taxes_data"]
            for tax_item in tax_data["tax_reps_data"]
        ]

    def _get_shares_of_prices(self, lines):
        """:return: {line: `_get_shares_of_price`} of the lines that are credited at a
        lower price
        """
        if self.credit_method != "lines":
            return {}
        lowered = self.line_ids.filtered(
            lambda wizard_line: (
                wizard_line.quantity
                and wizard_line.invoice_line_id in lines
                and not wizard_line._takes_goods_back()
            )
        ).invoice_line_id
        return {line: line._get_shares_of_price() for line in lowered}

    def _get_share_of_taxed_lines(self, key, shares):
        """:param key: that of a tax item
        :param shares: {line: (share that is left of it, share that is credited)}
        :return: the share that is credited of the lines with this tax
        """
        tax_id, group_id = key[1], key[4]
        left, credited = (
            sum(
                line.amount_currency * shares[line][index]
                for line in shares
                if {tax_id, group_id} & set(line.tax_ids.ids)
            )
            for index in (0, 1)
        )
        return credited / left if is_part(credited, left) else 0.0

    def _hit_total(self, invoice, lines, left, amounts):
        """Give the largest line the cents that are missing to the total asked for."""
        total = self._get_credited_total(invoice, left)
        if total is None or not lines:
            return
        sign = 1 if sum(amount for amount, _balance in left.values()) > 0 else -1
        missing = sign * total - sum(amount for amount, _balance in amounts.values())
        if invoice.currency_id.is_zero(missing):
            return
        key = self._get_largest_line_key(lines, amounts)
        amounts[key] = self._with_balance(
            invoice, invoice.currency_id.round(amounts[key][0] + missing), left[key]
        )

    def _hit_balance(self, invoice, left, amounts):
        """Give the largest item of which a part is credited the cents in company
        currency that are missing to what the total is worth.
        """
        if invoice.currency_id == invoice.company_currency_id:
            return
        keys = [
            key
            for key, (amount, _balance) in amounts.items()
            if key[0] in ("line", "tax")
            and amount
            and not invoice.currency_id.is_zero(amount - left.get(key, (0.0, 0.0))[0])
        ]
        if not keys:
            return
        total, balance = (sum(sums) for sums in zip(*amounts.values(), strict=True))
        worth = self._get_worth_off_due(invoice, -total)
        if worth is None:
            return
        key = max(keys, key=lambda key: (key[0] == "line", abs(amounts[key][0])))
        amount, own_balance = amounts[key]
        amounts[key] = self._round_amounts(
            invoice, (amount, own_balance - worth - balance)
        )

    def _get_worth_off_due(self, invoice, total):
        """Say what a total takes off the amount due in company currency: so much that
        what is due afterwards is worth what its amount in currency is.

        Were each part rounded by itself, a cent would be left with the last of them,
        and Odoo would book it as an exchange difference.

        :param total: in the invoice's currency, signed as the amount due
        :return: balance; None if nothing was ever due
        """
        due = invoice.line_ids.filtered(
            lambda line: line.display_type == "payment_term" and line.amount_currency
        )
        due_amount = sum(due.mapped("amount_currency"))
        if not due_amount:
            return None
        worth = 0.0
        # In the order in which Odoo matches them.
        for line in due.sorted(
            lambda line: (
                line.date_maturity or line.date,
                line.amount_currency,
                line.balance,
            )
        ):
            if invoice.currency_id.is_zero(total):
                break
            amount, balance = line.amount_residual_currency, line.amount_residual
            if is_part(total, amount):
                after = (amount - total) * line.balance / line.amount_currency
                return worth + max(
                    0.0, balance - invoice.company_currency_id.round(after)
                )
            if total * amount > 0:
                worth += balance
                total -= amount
        return worth + total * sum(due.mapped("balance")) / due_amount

    def _get_largest_line_key(self, lines, amounts):
        return max(
            (line._get_credit_key() for line in lines),
            key=lambda line_key: abs(amounts[line_key][0]),
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

    def _plan_tax_alone(self, lines):
        """:return: plan of a credit note of tax, on the largest line at no price: what
        is left of the lines is less than a cent
        """
        lines = lines.filtered("quantity").sorted(
            lambda line: abs(line.amount_currency), reverse=True
        )
        return [
            {
                "line": line,
                "quantity": line.quantity,
                "price_unit": 0.0,
                "credited_as": "price",
            }
            for line in lines[:1]
        ]

    def _get_wizard_line(self, line):
        return self.line_ids.filtered(
            lambda wizard_line: wizard_line.invoice_line_id == line
        )[:1]
