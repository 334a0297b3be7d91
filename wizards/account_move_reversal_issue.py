from markupsafe import Markup

from odoo import Command, models
from odoo.tools import format_amount

from ..models.bulk.reversal_batch import ReversalBatch


class AccountMoveReversal(models.TransientModel):
    """Issue: make the planned credit notes and post them."""

    _inherit = "account.move.reversal"

    def _issue_credit_notes(self):
        ReversalBatch(is_issued=True).on(self).refund_moves()
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
        # What an addon of a country says itself is left to it.
        values = {**self._prepare_codes(move), **values}
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
        if not plan.is_whole:
            # The plan contains the cash rounding: Odoo's would add another one.
            values["invoice_cash_rounding_id"] = False
            # A payment term would split the amount due.
            values["invoice_payment_term_id"] = False
            values["line_ids"] = [
                Command.create(line_values)
                for line_values in (
                    *self._prepare_credit_note_lines(move, plan),
                    *self._prepare_early_discounts(move, plan),
                )
            ]
        return values

    def _modify_default_reverse_values(self, origin_move):
        # EXTENDS 'account': the new invoice keeps its source document, and names the
        # invoice that it replaces
        values = super()._modify_default_reverse_values(origin_move)
        if self.is_credit_note:
            values["invoice_origin"] = origin_move.invoice_origin
            values["replaces_id"] = origin_move.id
        return values

    def _prepare_credit_note_lines(self, invoice, plan):
        """:param plan: CreditNotePlan
        :return: values of the credit note lines: what is credited, with the section it
            stands in and the notes below it
        """
        line_plans = {line_plan.line: line_plan for line_plan in plan.lines}
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
                    quantity=line_plan.quantity,
                    price_unit=line_plan.price_unit,
                    credited_as=line_plan.credited_as,
                    extra_tax_data=self._prepare_extra_tax_data(line_plan),
                )
        return values_list

    def _prepare_extra_tax_data(self, line_plan):
        """:param line_plan: CreditNoteLine
        :return: the amounts that its line carries
        """
        return line_plan.line._prepare_extra_tax_data(
            line_plan.amounts,
            line_plan.quantity,
            line_plan.price_unit,
            self._get_rate(line_plan.line.move_id),
        )

    def _prepare_early_discounts(self, invoice, plan):
        """:return: values of the items by which an early payment discount lowers the
        price and not the base of taxes, or the other way round
        """
        return [
            {
                "account_id": column.account,
                "display_type": "epd",
                "name": self.env._("Early Payment Discount"),
                "tax_ids": [Command.set(column.taxes)],
                **invoice._prepare_amounts(-amount),
            }
            for column, amount in plan.get_early_discounts().items()
        ]

    def _copy_line(self, line, **values):
        """:return: list of the values of a credit note line, copied as Odoo does it"""
        values_list = line.with_context(
            include_business_fields=True, move_reverse_cancel=False
        ).copy_data(values)
        for line_values in values_list:
            line_values.pop("move_id", None)
        return values_list

    def _apply_plan(self, credit_notes, plans):
        """Correct the journal items that Odoo computes anew, as settings and taxes are
        today, where they differ from the plan.

        :param credit_notes: drafts that were made from the plans
        :param plans: {invoice: CreditNotePlan}
        """
        # As Odoo's own `_reverse_moves`: the amounts are given, not to be computed.
        credit_notes = credit_notes.with_context(
            skip_invoice_sync=True, dynamic_unlink=True
        )
        commands = []
        for credit_note in credit_notes:
            plan = plans[credit_note.reversed_entry_id]
            amounts = plan.credit.amounts
            own_commands = credit_note._get_item_commands(
                -amounts, {credit_note.reversed_entry_id: amounts.total}
            )
            if plan.is_whole and credit_note._is_corrected_by(own_commands):
                own_commands += self._get_amount_commands(credit_note, plan)
            if any(command[0] == Command.CREATE for command in own_commands):
                # Written one by one: a command that creates an item would create it on
                # each.
                credit_note.write({"line_ids": own_commands})
            else:
                commands += own_commands
        if commands:
            credit_notes.write({"line_ids": commands})

    def _get_amount_commands(self, credit_note, plan):
        """:return: commands that make the lines of Odoo's copy carry their amounts: the
        taxes of the invoice are not those that Odoo computes today
        """
        line_plans = {line_plan.line: line_plan for line_plan in plan.lines}
        return [
            Command.update(
                line.id, {"extra_tax_data": self._prepare_extra_tax_data(line_plan)}
            )
            for line in credit_note.invoice_line_ids
            if (line_plan := line_plans.get(line.credited_line_id))
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
            lines._unmark_down_payments()
        lines._unlink_order_lines()

    def _log_issued(self, credit_notes):
        """Say on each invoice which credit note was issued, of how much and why.

        The credit note itself says it since it was made, see
        `account.move._get_copy_message_content`.
        """
        credited = credit_notes._group_by_credited()
        self.env["account.move"].union(*credited)._message_log_batch(
            bodies={
                invoice.id: Markup("<br/>").join(map(self._get_issued_message, issued))
                for invoice, issued in credited.items()
            }
        )

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
