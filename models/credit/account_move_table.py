from collections import defaultdict

from odoo import api, models

from ..plan import (
    NET,
    NOTHING,
    Amount,
    Cell,
    DiscountedLine,
    Table,
    TaxItem,
    UnlinkedLines,
    allot,
    but_account,
    distribute,
    get_left,
)


class AccountMove(models.Model):
    """The journal items of a document as a table, see `models/plan`: a row for each
    invoice line (its id), a column for prices and for each tax. Receivables, sections,
    notes and cost of goods sold are in no cell.
    """

    _inherit = "account.move"

    def _get_invoiced_and_left(self, base_lines=None):
        """:param base_lines: as `_get_table` takes them
        :return: (Table of this invoice, Table of what its credit notes left of it),
            drafts included, at the rate of the invoice
        """
        self.ensure_one()
        invoiced = self._get_table(self, base_lines)
        # sudo: the same for everybody
        credit_notes = self.sudo()._get_credit_notes()
        if not credit_notes:
            return invoiced, invoiced
        left = get_left(
            invoiced, *(credit_note._get_table(self) for credit_note in credit_notes)
        )
        return invoiced, self._allot_unlinked_lines(left)

    def _get_table(self, origin, base_lines=None):
        """:param origin: the document that has the rows: this one, or the one that it
            reverses
        :param base_lines: of this document as Odoo's tax engine computes them today, if
            they are known
        :return: Table of what is booked, in units of the currency of `origin` and at
            its rate
        """
        self.ensure_one()
        table = Table()
        booked = defaultdict(lambda: NOTHING)
        for line in self.line_ids:
            column = line._get_table_column()
            amount = origin._get_units(line)
            if column == NET:
                cell = Cell(line._get_table_row(origin), NET)
                table[cell] = table.get(cell, NOTHING) + amount
            elif column:
                booked[column] += amount
        made = self._get_items_made_by_lines(origin, base_lines)
        for column in booked | made:
            made_by = made.get(column, {})
            if not any(made_by.values()):
                # The tax is 0 % today: spread it in proportion to the prices.
                made_by = {row: table.get(Cell(row, NET), NOTHING) for row in made_by}
            table += distribute(column, booked.get(column, NOTHING), made_by)
        if origin != self and self._is_of_several():
            rows = set(origin.line_ids.ids)
            return table.without(lambda cell: cell.row not in rows)
        return table

    def _get_units(self, line):
        """:param line: journal item of this document, or of one that reverses it
        :return: Amount of it, in whole units of this document's currencies, at its rate

        Where a credit note was booked at another rate, Odoo has booked the exchange
        difference.
        """
        rate = self.invoice_currency_rate
        amount, balance = line.amount_currency, line.balance
        if line.currency_id != self.currency_id:
            amount = balance * rate
        elif line.move_id.invoice_currency_rate != rate:
            balance = amount / rate
        return self._to_units(amount, balance)

    def _to_units(self, amount, balance):
        """:return: Amount in whole units of currency and company currency"""
        return Amount(
            round(amount / self.currency_id.rounding),
            round(balance / self.company_currency_id.rounding),
        )

    def _from_units(self, amount):
        """:return: (amount in currency, balance) of an Amount"""
        return (
            self.currency_id.round(amount.currency * self.currency_id.rounding),
            self.company_currency_id.round(
                amount.company * self.company_currency_id.rounding
            ),
        )

    # -------------------------------------------------------------------------
    # WHICH LINES MAKE AN ITEM
    # -------------------------------------------------------------------------

    def _get_items_made_by_lines(self, origin, base_lines):
        """Say what each line adds to the items that Odoo books for all lines together.

        What Odoo would compute today only tells how an item is spread over the lines.
        Its amount is the one that is booked.

        :return: {column: {row: Amount}}
        """
        lines = self.line_ids.filtered(lambda line: line.display_type == "product")
        rows = {line: line._get_table_row(origin) for line in lines}
        made = defaultdict(lambda: defaultdict(lambda: NOTHING))
        for item in self.line_ids.filtered(
            lambda line: line.display_type in ("discount", "epd")
        ):
            made_by = made[item._get_table_column()]
            for line, size in item._get_sizes_of_lines(lines).items():
                row = rows[line]
                if item.display_type == "epd":
                    row = DiscountedLine(row)
                made_by[row] += self._to_units(size, size)
        for record, column, amount in self._get_taxes_of_lines(base_lines):
            if record in rows:
                made[column][rows[record]] += amount
            elif record.display_type == "epd":
                made_by = made[record._get_table_column()]
                for cell, part in distribute(column, amount, made_by).items():
                    made[column][cell.row] += part
        return self._name_as_booked(made)

    def _get_taxes_of_lines(self, base_lines):
        """:param base_lines: as `_get_table` takes them
        :return: list of (journal item that is taxed, TaxItem, Amount), as Odoo has
            the taxes today, signed as booked
        """
        if base_lines is None:
            base_lines, _tax_lines = self._get_rounded_base_and_tax_lines()
        self.env["account.tax"]._add_accounting_data_in_base_lines_tax_details(
            base_lines, self.company_id
        )
        sign = self.direction_sign
        return [
            (
                base_line["record"],
                tax_item["tax_rep"]._get_table_column(
                    tax_item["account"], tax_data["group"], tax_item["taxes"]
                ),
                self._to_units(
                    sign * tax_item["tax_amount_currency"],
                    sign * tax_item["tax_amount"],
                ),
            )
            for base_line in base_lines
            for tax_data in base_line["tax_details"]["taxes_data"]
            for tax_item in tax_data["tax_reps_data"]
        ]

    @api.model
    def _is_computed_as_booked(self, base_lines):
        """:param base_lines: of a document, as Odoo's tax engine computes them today
        :return: whether the prices are booked like this, so that a copy says the same
            on paper: rounding, taxes that are in the price and the like are as they
            were
        """
        return all(
            base_line["record"].display_type != "product"
            or base_line["currency_id"].is_zero(
                base_line["sign"]
                * (
                    base_line["tax_details"]["total_excluded_currency"]
                    + base_line["tax_details"]["delta_total_excluded_currency"]
                )
                - base_line["record"].amount_currency
            )
            for base_line in base_lines
        )

    def _name_as_booked(self, made):
        """:return: the same by the columns that are booked: a tax may have had another
        account then, and one whose amounts cancel out has no journal item
        """
        columns = [line._get_table_column() for line in self.line_ids]
        booked = [column for column in columns if isinstance(column, TaxItem)]
        of_item = {but_account(column): column for column in booked}
        taxes = {column.tax for column in booked}
        named = {}
        for column, made_by in made.items():
            if isinstance(column, TaxItem) and column not in booked:
                if but_account(column) in of_item:
                    column = of_item[but_account(column)]
                elif column.tax in taxes:
                    # The taxes were changed since and match no booked item: use the
                    # lines instead.
                    continue
            named.setdefault(column, {}).update(made_by)
        return named

    # -------------------------------------------------------------------------
    # CREDIT NOTES WITHOUT LINKS TO LINES
    # -------------------------------------------------------------------------

    def _allot_unlinked_lines(self, left):
        """Take credit note lines without a link off the invoice lines they may credit.

        Credit notes from before this addon, or made without its dialog, have no links.
        What they credit is taken, in proportion, off the lines of the same account and
        taxes; else of the same account; else off all lines: the first of these groups
        of which enough is left.
        """
        unlinked = {
            cell: amount
            for cell, amount in left.items()
            if isinstance(cell.row, UnlinkedLines)
        }
        if not unlinked:
            return left
        left = left.without(unlinked.__contains__)
        lines = self.line_ids.filtered(lambda line: line.display_type == "product")
        rows = {line.id: line._get_unlinked_row() for line in lines}
        for cell, amount in unlinked.items():
            same_account = [
                line_id
                for line_id, row in rows.items()
                if row.account == cell.row.account
            ]
            same_taxes = [
                line_id for line_id in same_account if rows[line_id] == cell.row
            ]
            candidates = [same_taxes, same_account, list(rows)]
            left += allot(left, cell.column, amount, candidates)
        return left
