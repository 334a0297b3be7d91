from odoo import Command, api, fields, models

from .json_values import to_json


class AccountMoveReversal(models.TransientModel):
    """More invoices than a request can hold: a batch in the background."""

    _inherit = "account.move.reversal"

    is_background = fields.Boolean(
        compute="_compute_is_background",
        help="So many invoices are credited in the background.",
    )

    @api.depends("company_id", "move_ids")
    def _compute_is_background(self):
        for wizard in self:
            limit = wizard.company_id.credit_note_background_limit
            wizard.is_background = (
                wizard.is_credit_note and 0 < limit <= wizard.invoice_count
            )

    # -------------------------------------------------------------------------
    # BUTTONS
    # -------------------------------------------------------------------------

    def action_issue(self):
        if self.is_background:
            return self._issue_in_background()
        return super().action_issue()

    def action_issue_and_print(self):
        if self.is_background:
            return self._issue_in_background()
        return super().action_issue_and_print()

    def action_issue_and_send(self):
        if self.is_background:
            return self._issue_in_background(send_by_email=True)
        return super().action_issue_and_send()

    # -------------------------------------------------------------------------
    # BATCH
    # -------------------------------------------------------------------------

    def _issue_in_background(self, send_by_email=False):
        """Leave the credit notes to Odoo's scheduler.

        :return: action that opens the batch
        :raise UserError: what was chosen is wrong, whatever the invoice
        """
        self._check_background()
        # sudo: users cannot write batches, only make one by this dialog
        batch = (
            self.env["account.credit.note.batch"]
            .sudo()
            .create(self._prepare_batch(send_by_email))
        )
        batch._trigger_cron()
        return self._get_batch_action(batch)

    def _get_batch_action(self, batch):
        """:return: action that opens this batch"""
        return {
            "type": "ir.actions.act_window",
            "res_model": batch._name,
            "res_id": batch.id,
            "views": [(False, "form")],
        }

    def _check_background(self):
        """:raise UserError: what was chosen is wrong, whatever the invoice

        What is wrong with one of the invoices is found in the background, and listed.
        """
        self._check_issue()
        self._check_reason()
        self._check_entered()
        # Of two users who start a batch of the same invoices, Odoo runs one again.
        self.move_ids._lock_for_credit()
        self.move_ids._check_not_in_batch()
        self.env["account.credit.note.batch"].with_company(
            self.company_id
        )._check_cron()

    def _check_entered(self):
        # EXTENDS: what is wrong with one of the invoices is listed later
        if not self.is_background:
            return super()._check_entered()
        if self.credit_method == "percentage":
            return self._check_percentage_range()
        return self.credit_method == "remaining" or self._check_method()

    def _prepare_batch(self, send_by_email):
        """:return: values of the batch that does the work of this dialog"""
        return {
            "user_id": self.env.user.id,
            "company_id": self.company_id.id,
            "dialog_values": self._get_dialog_values(),
            "send_by_email": send_by_email,
            "line_ids": [
                Command.create({"invoice_id": move.id}) for move in self._get_moves()
            ],
        }

    def _get_dialog_values(self):
        """:return: values to make a dialog from in which the same is chosen: all its
        fields, so that those of localizations are kept
        """
        [values] = self.copy_data()
        for field_name in ("move_ids", "new_move_ids"):
            values.pop(field_name, None)
        lines = self.line_ids.copy_data()
        for line_values in lines:
            del line_values["reversal_id"]
        values["line_ids"] = [Command.create(line_values) for line_values in lines]
        return to_json(values)

    # -------------------------------------------------------------------------
    # PREVIEW: totals only, which costs the same for any number of invoices.
    # -------------------------------------------------------------------------

    def _get_preview(self, invoice):
        # EXTENDS: what is credited of each line is planned later
        if not self.is_background:
            return super()._get_preview(invoice)
        left = invoice.amount_creditable
        credit = left or invoice.amount_total
        if self.credit_method == "percentage":
            credit = min(credit, self._get_share_of_total(invoice))
        return {
            **self._plan_settlement(invoice, credit),
            "invoice": invoice,
            "currency": invoice.currency_id,
            "amount_to_credit": credit,
            "amount_left": max(0.0, left - credit),
        }

    def _render_preview(self, previews):
        if not self.is_background:
            return super()._render_preview(previews)
        totals = {}
        for preview in previews:
            total = totals.setdefault(preview["currency"], {"count": 0})
            total["count"] += 1
            for name, amount in preview.items():
                if name.startswith("amount_"):
                    total[name] = total.get(name, 0.0) + amount
        return self.env["ir.qweb"]._render(
            "account_partner_credit_note.credit_note_preview_totals",
            {"totals": totals, "outcomes": self._get_outcomes(previews)},
        )
