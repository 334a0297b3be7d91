from collections import defaultdict

from odoo import Command, models
from odoo.tools import format_amount

from ..models.bulk.reversal_batch import ReversalBatch


class AccountMoveReversal(models.TransientModel):
    """Issue: make the planned credit notes and post them."""

    _inherit = "account.move.reversal"

    def _issue_credit_notes(self):
        self.refund_moves()
        self._post_credit_notes(self.new_move_ids)
        return self.new_move_ids

    def _post_credit_notes(self, credit_notes):
        """:param credit_notes: drafts, posted then and set against their invoices"""
        ReversalBatch().on(credit_notes).action_post()
        # Again: Sales sets the prices of all down payments they have once it posted.
        credit_notes._update_down_payments()
        self._log_issued(credit_notes)

    def _prepare_default_reversal(self, move):
        # EXTENDS 'account': reason, lines and rate of a customer's credit note
        values = super()._prepare_default_reversal(move)
        if not self.is_credit_note:
            return values
        values.update(
            {
                "credit_note_reason_id": self.reason_id.id,
                "credit_note_reason_text": self.reason,
            }
        )
        if self.use_invoice_rate and move.currency_id != move.company_currency_id:
            # The rate of the invoice: several tax laws want it, and it leaves no
            # exchange difference.
            values["invoice_currency_rate"] = move.invoice_currency_rate
        batch = ReversalBatch.of(self.env)
        plan = batch.plans[move] if batch else self._plan_credit_note(move)
        if not plan["is_whole"]:
            # Cents are part of the plan and not to be rounded away.
            values["invoice_cash_rounding_id"] = False
            values["line_ids"] = [
                Command.create(line_values)
                for line_values in self._prepare_credit_note_lines(move, plan)
            ]
        return values

    def _modify_default_reverse_values(self, origin_move):
        # EXTENDS 'account': the new invoice keeps its source document
        values = super()._modify_default_reverse_values(origin_move)
        if self.is_credit_note:
            values["invoice_origin"] = origin_move.invoice_origin
        return values

    def _prepare_credit_note_lines(self, invoice, plan):
        """:param plan: see `_plan_credit_note`
        :return: values of the credit note lines: what is credited, with the section it
            stands in and the notes below it
        """
        line_plans = {line_plan["line"]: line_plan for line_plan in plan["lines"]}
        headings = {"line_section": None, "line_subsection": None}
        is_credited = False
        values_list = []
        for line in invoice.invoice_line_ids.sorted("sequence"):
            if line.display_type == "line_section":
                headings = {"line_section": line, "line_subsection": None}
                is_credited = False
            elif line.display_type == "line_subsection":
                headings["line_subsection"] = line
                is_credited = False
            elif line.display_type == "line_note":
                if is_credited:
                    values_list += self._copy_line(line)
            elif is_credited := line in line_plans:
                for heading, heading_line in headings.items():
                    if heading_line:
                        values_list += self._copy_line(heading_line)
                        headings[heading] = None
                line_plan = line_plans[line]
                values_list += self._copy_line(
                    line,
                    quantity=line_plan["quantity"],
                    price_unit=line_plan["price_unit"],
                    credited_as=line_plan["credited_as"],
                )
        return values_list

    def _copy_line(self, line, **values):
        """:return: list of the values of a credit note line, copied as Odoo does it"""
        values_list = line.with_context(
            include_business_fields=True, move_reverse_cancel=False
        ).copy_data(values)
        for line_values in values_list:
            line_values.pop("move_id", None)
        return values_list

    def _apply_plan(self, credit_notes, plans):
        """Make these drafts come to the planned amounts, journal item by journal item.

        Odoo computes taxes and roundings of a credit note anew, as settings and taxes
        are today. Where that differs from the plan, the plan holds.

        :param credit_notes: drafts that were made from the plans
        :param plans: {invoice: plan}, see `_plan_credit_note`
        """
        # As Odoo's own `_reverse_moves`: the amounts are given, not to be computed.
        credit_notes = credit_notes.with_context(
            skip_invoice_sync=True, dynamic_unlink=True
        )
        commands = []
        for credit_note in credit_notes:
            plan = plans[credit_note.reversed_entry_id]
            own_commands = self._get_commands(
                credit_note, self._reverse_amounts(plan["amounts"])
            )
            if any(command[0] == Command.CREATE for command in own_commands):
                # Written to all, it would create an item on each of them.
                credit_note.write({"line_ids": own_commands})
            else:
                commands += own_commands
        if commands:
            credit_notes.write({"line_ids": commands})

    def _take_back(self, invoice):
        """Make this draft come to what its credit note comes to, which was issued by
        mistake. Odoo computes taxes and roundings anew here, too.

        :param invoice: draft that was made from a posted credit note
        """
        credit_note = invoice.reversed_entry_id
        amounts = self._sum_by_key(credit_note, credit_note.line_ids)
        commands = self._get_commands(invoice, self._reverse_amounts(amounts))
        if commands:
            invoice.with_context(skip_invoice_sync=True, dynamic_unlink=True).write(
                {"line_ids": commands}
            )

    def _reverse_amounts(self, amounts):
        """:return: {key: amounts} of the document that reverses these"""
        return {
            key: (-amount, -balance)
            for key, (amount, balance) in amounts.items()
            if key[1] != "rounding" or amount or balance
        }

    def _get_commands(self, document, planned):
        """:param document: draft that reverses another document
        :param planned: {key: amounts} that it is to come to
        :return: commands on its journal items that differ from that
        """
        items = defaultdict(lambda: self.env["account.move.line"])
        for line in document.line_ids:
            if key := line._get_reversed_key():
                items[self._match_key(key, planned)] |= line
        commands = self._get_account_commands(items)
        changes = {}
        for key in planned | items:
            lines = items.get(key, self.env["account.move.line"])
            missing = [
                target - sum(lines.mapped(field_name))
                for target, field_name in zip(
                    planned.get(key, (0.0, 0.0)),
                    ("amount_currency", "balance"),
                    strict=True,
                )
            ]
            if document.currency_id.is_zero(
                missing[0]
            ) and document.company_currency_id.is_zero(missing[1]):
                continue
            if not lines:
                commands.append(self._get_missing_item_command(document, key, missing))
            changes[key] = missing
            if key[1] == "rounding" and key not in planned:
                # Odoo finds no more than one of them on a draft.
                commands += [Command.delete(line.id) for line in lines]
                continue
            commands += [
                Command.update(
                    line.id,
                    {
                        "amount_currency": line.amount_currency + missing[0],
                        "balance": line.balance + missing[1],
                    },
                )
                for line in lines[:1]
            ]
        # With early payment discounts in a foreign currency, what Odoo makes does not
        # always balance.
        amount, balance = (
            sum(document.line_ids.mapped(field_name))
            + sum(change[index] for change in changes.values())
            for index, field_name in enumerate(("amount_currency", "balance"))
        )
        if document.currency_id.is_zero(
            amount
        ) and document.company_currency_id.is_zero(balance):
            return commands
        receivable = document.line_ids.filtered(
            lambda line: line.display_type == "payment_term"
        )[:1]
        commands.append(
            Command.update(
                receivable.id,
                {
                    "amount_currency": receivable.amount_currency - amount,
                    "balance": receivable.balance - balance,
                },
            )
        )
        return commands

    def _get_account_commands(self, items):
        """:param items: {key: journal items of the credit note}
        :return: commands that put roundings and taxes on the account where the invoice
            has them, whatever the settings say since. Some taxes have an account of
            their own for credit notes, and keep it.
        """
        return [
            Command.update(line.id, {"account_id": key[2]})
            for key, lines in items.items()
            if key[0] == "tax" or key[1] == "rounding"
            for line in lines
            if line.account_id.id != key[2]
            and not (
                key[0] == "tax"
                and line.tax_repartition_line_id._has_own_refund_account()
            )
        ]

    def _keep_orders_invoiced(self, credit_notes):
        """Take the order lines off credit note lines that give no quantity back.

        Those are differences in price, and all lines if the clerk does not re-open the
        order. Odoo counts every credit note line of an order line as not invoiced.

        :param credit_notes: drafts
        """
        lines = credit_notes.invoice_line_ids
        if not lines._get_order_lines():
            return
        if self.reopen_order:
            lines = lines.filtered(lambda line: line._is_price_difference())
        else:
            lines._keep_down_payments()
        lines._unlink_order_lines()

    def _get_missing_item_command(self, document, key, amounts):
        """:return: command that adds what is reversed under this key and Odoo did not
        make on the draft, as the rounding of an invoice paid in cash
        """
        origin = document.reversed_entry_id
        # sudo: an earlier credit note may have what the invoice has not, and this one
        # takes it back; see `_get_invoiced_and_left`
        items = (origin.line_ids + origin.sudo()._get_credit_notes().line_ids).sudo(
            False
        )
        source = items.filtered(lambda line: line._get_credit_key() == key)[:1]
        repartition = source.tax_repartition_line_id
        if source:
            [values] = source.copy_data({"move_id": document.id})
            # As Odoo books it on the others.
            values.pop("is_storno", None)
        else:
            # What comes to nothing on the invoice is no item of it.
            _kind, tax_id, account_id, position, group_id, tax_ids = key
            tax = self.env["account.tax"].browse(tax_id)
            repartition = tax.invoice_repartition_line_ids[position]
            values = {
                "account_id": account_id,
                "display_type": "tax",
                "group_tax_id": group_id,
                "move_id": document.id,
                "name": tax.name,
                "tax_ids": [Command.set(tax_ids)],
            }
        amount, balance = amounts
        return Command.create(
            {
                **values,
                **self._prepare_tax_of(document, repartition),
                "amount_currency": amount,
                "balance": balance,
            }
        )

    def _prepare_tax_of(self, document, repartition):
        """:param repartition: that of a tax item of a document that this one reverses
        :return: values that make it an item of this one in the tax report; none where
            it is no tax
        """
        document_type = "refund" if document.move_type == "out_refund" else "invoice"
        counterpart = repartition._get_counterpart(document_type)
        if repartition.document_type == document_type or not counterpart:
            return {}
        tax_items = document.line_ids.filtered(
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

    def _log_issued(self, credit_notes):
        """Say on each invoice which credit note was issued, of how much and why.

        The credit note itself says it since it was made, see
        `account.move._get_copy_message_content`.
        """
        credit_notes.reversed_entry_id._message_log_batch(
            bodies={
                credit_note.reversed_entry_id.id: self._get_issued_message(credit_note)
                for credit_note in credit_notes
            }
        )

    def _log_changes(self, credit_notes):
        """Tell the changes of these documents and their invoices in the chatter now,
        for all of them at once, and not when the transaction ends.
        """
        self.env.flush_all()
        ReversalBatch().on(credit_notes)._track_finalize()

    def _get_issued_message(self, credit_note):
        link = credit_note._get_html_link(title=credit_note.name)
        amount = format_amount(
            self.env, credit_note.amount_total, credit_note.currency_id
        )
        reason = credit_note._get_credit_note_reason()
        if not reason:
            return self.env._(
                "Credit note %(credit_note)s of %(amount)s issued",
                credit_note=link,
                amount=amount,
            )
        return self.env._(
            "Credit note %(credit_note)s of %(amount)s issued. Reason: %(reason)s",
            credit_note=link,
            amount=amount,
            reason=reason,
        )
