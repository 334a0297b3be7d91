from collections import defaultdict

from odoo import Command, models
from odoo.tools import format_amount

from ..models.reversal_batch import ReversalBatch


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
            own_commands = self._get_plan_commands(
                credit_note, plans[credit_note.reversed_entry_id]
            )
            if any(command[0] == Command.CREATE for command in own_commands):
                # Written to all, it would create an item on each of them.
                credit_note.write({"line_ids": own_commands})
            else:
                commands += own_commands
        if commands:
            credit_notes.write({"line_ids": commands})

    def _get_plan_commands(self, credit_note, plan):
        """:return: commands on the journal items that differ from the plan"""
        planned = {
            key: (-amount, -balance)
            for key, (amount, balance) in plan["amounts"].items()
            if key[1] != "rounding" or amount or balance
        }
        commands = self._get_tax_account_commands(credit_note)
        items = defaultdict(lambda: self.env["account.move.line"])
        for line in credit_note.line_ids:
            if key := line._get_credit_key():
                items[self._get_planned_key(key, planned)] |= line
        commands += self._get_rounding_account_commands(items)
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
            if credit_note.currency_id.is_zero(
                missing[0]
            ) and credit_note.company_currency_id.is_zero(missing[1]):
                continue
            if not lines:
                commands.append(
                    self._get_missing_item_command(credit_note, key, missing)
                )
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
            sum(credit_note.line_ids.mapped(field_name))
            + sum(change[index] for change in changes.values())
            for index, field_name in enumerate(("amount_currency", "balance"))
        )
        if credit_note.currency_id.is_zero(
            amount
        ) and credit_note.company_currency_id.is_zero(balance):
            return commands
        receivable = credit_note.line_ids.filtered(
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

    def _get_planned_key(self, key, planned):
        """Odoo books the reversal of a rounding profit as a loss, and the other way
        around: it is the same item all the same.

        :param planned: {key: amounts}
        :return: the key under which the plan has the item of this key
        """
        if key in planned or key[1] != "rounding":
            return key
        return next(
            (
                planned_key
                for planned_key in planned
                if (*planned_key[:2], *planned_key[3:]) == (*key[:2], *key[3:])
            ),
            key,
        )

    def _get_rounding_account_commands(self, items):
        """:param items: {key: journal items of the credit note}
        :return: commands that put the roundings on the account where the invoice has
        them
        """
        return [
            Command.update(line.id, {"account_id": key[2]})
            for key, lines in items.items()
            if key[1] == "rounding"
            for line in lines
            if line.account_id.id != key[2]
        ]

    def _get_tax_account_commands(self, credit_note):
        """:return: commands that put the taxes on the accounts where the invoice has
        them, whatever the tax says since
        """
        accounts = {
            line._get_credit_key(): line.account_id
            for line in credit_note.reversed_entry_id.line_ids
            if line.display_type == "tax"
        }
        return [
            Command.update(line.id, {"account_id": account.id})
            for line in credit_note.line_ids
            if line.display_type == "tax"
            and (account := accounts.get(line._get_credit_key(), line.account_id))
            != line.account_id
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

    def _get_missing_item_command(self, credit_note, key, amounts):
        """:return: command that adds what the invoice has under this key and Odoo did
        not make on the credit note, as the rounding of an invoice paid in cash
        """
        invoice = credit_note.reversed_entry_id
        # sudo: an earlier credit note may have what the invoice has not, and this one
        # takes it back; see `_get_invoiced_and_left`
        items = (invoice.line_ids + invoice.sudo()._get_credit_notes().line_ids).sudo(
            False
        )
        source = items.filtered(lambda line: line._get_credit_key() == key)[:1]
        [values] = source.copy_data({"move_id": credit_note.id})
        amount, balance = amounts
        return Command.create(
            {
                **values,
                **self._prepare_refund_tax(credit_note, source),
                "amount_currency": amount,
                "balance": balance,
            }
        )

    def _prepare_refund_tax(self, credit_note, source):
        """:param source: journal item of an invoice or of its credit notes
        :return: values that make it an item of a credit note in the tax report; none
            where it is no tax
        """
        repartition = source.tax_repartition_line_id
        # Odoo keeps both distributions of a tax in the same order.
        position = source._get_tax_key()[0]
        refund = repartition.tax_id.refund_repartition_line_ids[position : position + 1]
        if repartition.document_type != "invoice" or not refund:
            return {}
        tax_items = credit_note.line_ids.filtered(
            lambda line: line.tax_repartition_line_id == refund
        )
        return {
            "tax_repartition_line_id": refund.id,
            "tax_tag_ids": [
                Command.set((tax_items[:1].tax_tag_ids or refund.tag_ids).ids)
            ],
        }

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
