from collections import defaultdict

from odoo import Command, models

from ..plan import (
    NET,
    NOTHING,
    Cell,
    PairedItem,
    RoundingItem,
    TaxItem,
    but_account,
    distribute,
)

MADE_BY_LINES = ("product", "tax")


class AccountMove(models.Model):
    """Journal items of a draft that reverses a document, where Odoo makes them anew as
    settings and taxes are today: accounts, discounts, cash rounding, what is due.
    """

    _inherit = "account.move"

    def _get_item_commands(self, planned, due):
        """:param planned: Table that this draft is to come to, with the rows of the
            document that it reverses, signed as booked on the draft
        :param due: {document: Amount that this draft takes off it}, signed as booked
        :return: commands on `line_ids` for the journal items that differ from that
        """
        self.ensure_one()
        targets = defaultdict(lambda: NOTHING)
        for cell, amount in planned.items():
            targets[cell if cell.column == NET else cell.column] += amount
        items = self._get_items_by_key(targets)
        commands = self._get_account_commands(items)
        for key in targets | items:
            lines = items.get(key, self.env["account.move.line"])
            target = targets.get(key, NOTHING)
            missing = target + -self._get_own_units(lines)
            is_nothing = missing or not any(lines.mapped("amount_currency"))
            if not target and is_nothing and isinstance(key, RoundingItem | PairedItem):
                # Odoo finds no more than one rounding on a draft, and writes a discount
                # of nothing into electronic files.
                commands += [Command.delete(line.id) for line in lines]
            elif not missing:
                continue
            elif not lines:
                commands.append(self._get_missing_item_command(key, missing))
            else:
                amount = self._get_own_units(lines[0]) + missing
                values = self._prepare_amounts(amount)
                commands.append(Command.update(lines[0].id, values))
        return commands + self._get_due_commands(due)

    def _get_items_by_key(self, targets):
        """:return: {key of `targets`, or another: journal items of this draft}"""
        origin = self.reversed_entry_id
        key_of = {but_account(key): key for key in targets}
        items = defaultdict(lambda: self.env["account.move.line"])
        for line in self.line_ids:
            column = line._get_table_column()
            if column == NET:
                items[Cell(line._get_table_row(origin), NET)] |= line
            elif column:
                key = key_of.get(but_account(column), column)
                items[column if column in targets else key] |= line
        return items

    def _is_corrected_by(self, commands):
        """:param commands: what `_get_item_commands` returned
        :return: whether a line or a tax comes to another amount by them
        """
        items = self.line_ids.filtered(lambda line: line.display_type in MADE_BY_LINES)
        return any(
            command[0] != Command.UPDATE or "amount_currency" in command[2]
            for command in commands
            if command[1] in items.ids
            or (command[2] or {}).get("display_type") in MADE_BY_LINES
        )

    def _get_account_commands(self, items):
        """:param items: {key: journal items of this draft}
        :return: commands that put roundings and taxes on the account where the origin
            has them, whatever the settings say since. Some taxes have an account of
            their own for credit notes, and keep it.
        """
        return [
            Command.update(line.id, {"account_id": key.account})
            for key, lines in items.items()
            if isinstance(key, TaxItem | RoundingItem)
            for line in lines
            if line.account_id.id != key.account
            and not line.tax_repartition_line_id._has_own_refund_account()
        ]

    # -------------------------------------------------------------------------
    # WHAT IS DUE
    # -------------------------------------------------------------------------

    def _get_due_commands(self, due):
        """:param due: see `_get_item_commands`
        :return: commands that put it on the accounts where the instalments are that it
            comes off, one item for each document and account
        """
        lines = self.line_ids.filtered(lambda line: line.display_type == "payment_term")
        wanted = [
            values
            for document, amount in due.items()
            for values in self._prepare_due(document, amount)
        ]
        if not lines or not wanted:
            return []
        commands = [Command.delete(line.id) for line in lines[len(wanted) :]]
        for number, values in enumerate(wanted):
            if not (line := lines[number : number + 1]):
                [copied] = lines[0].copy_data({"move_id": self.id})
                commands.append(Command.create(copied | values))
            elif (
                line._convert_to_write({name: line[name] for name in values}) != values
            ):
                commands.append(Command.update(line.id, values))
        return commands

    def _prepare_due(self, document, due):
        """:return: list of the values of the items that take `due` off the document"""
        parts = defaultdict(lambda: NOTHING)
        for item in document._get_due_items(-due.currency):
            parts[item.account] += -item.amount
        if not parts:
            return []
        return [
            self._prepare_due_item(document, cell.row) | self._prepare_amounts(amount)
            for cell, amount in distribute("due", due, parts).items()
        ]

    def _prepare_due_item(self, document, account):
        """:return: values of the item that is set against the document"""
        return {"account_id": account.id}

    # -------------------------------------------------------------------------
    # WHAT ODOO DID NOT MAKE
    # -------------------------------------------------------------------------

    def _get_missing_item_command(self, column, amount):
        """:param column: that of an item which the origin has and this draft has not,
            for instance a cash rounding
        :param amount: Amount, signed as booked on this draft
        :return: command that adds it
        """
        origin = self.reversed_entry_id
        # sudo: an earlier credit note may have what the invoice has not, and this one
        # takes it back; see `_get_invoiced_and_left`
        items = origin.sudo().line_ids + origin.sudo()._get_credit_notes().line_ids
        source = items.filtered(lambda line: line._get_table_column() == column)[
            :1
        ].sudo(False)
        repartition = source.tax_repartition_line_id
        if source:
            [values] = source.copy_data({"move_id": self.id})
            # Like Odoo's own items of this kind.
            values.pop("is_storno", None)
        else:
            # A tax whose amounts cancel out has no journal item on the invoice.
            tax = self.env["account.tax"].browse(column.tax)
            repartition = tax.invoice_repartition_line_ids[column.position]
            values = {
                "account_id": column.account,
                "display_type": "tax",
                "group_tax_id": column.group,
                "move_id": self.id,
                "name": tax.name,
                "tax_ids": [Command.set(column.taxes)],
            }
        return Command.create(
            values | self._prepare_tax_of(repartition) | self._prepare_amounts(amount)
        )

    def _prepare_tax_of(self, repartition):
        """:param repartition: that of a tax item of a document that this one reverses
        :return: values that make it an item of this one in the tax report; none where
            it is no tax
        """
        document_type = "refund" if self.move_type == "out_refund" else "invoice"
        counterpart = repartition._get_counterpart(document_type)
        if repartition.document_type == document_type or not counterpart:
            return {}
        tax_items = self.line_ids.filtered(
            lambda line: line.tax_repartition_line_id == counterpart
        )
        values = {
            "tax_repartition_line_id": counterpart.id,
            "tax_tag_ids": [
                Command.set((tax_items[:1].tax_tag_ids or counterpart.tag_ids).ids)
            ],
        }
        if counterpart._has_own_refund_account():
            values["account_id"] = counterpart._get_target_account().id
        return values

    # -------------------------------------------------------------------------
    # UNITS
    # -------------------------------------------------------------------------

    def _get_own_units(self, lines):
        """:return: Amount of journal items of this document, in whole units"""
        return self._to_units(
            sum(lines.mapped("amount_currency")), sum(lines.mapped("balance"))
        )

    def _prepare_amounts(self, amount):
        """:return: values of a journal item of this Amount"""
        amount_currency, balance = self._from_units(amount)
        return {"amount_currency": amount_currency, "balance": balance}
