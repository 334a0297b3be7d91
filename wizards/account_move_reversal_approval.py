from odoo import fields, models
from odoo.exceptions import UserError

# A sentence for each invoice that needs approval, for so many.
MAX_NEEDS = 5


class AccountMoveReversal(models.TransientModel):
    """A credit note that needs a second person is asked for, and waits in a batch."""

    _inherit = "account.move.reversal"

    approval_needs = fields.Text(
        string="Why Approval",
        compute="_compute_amounts",
    )

    def _get_approval_needs(self, previews):
        """:param previews: what crediting each invoice comes to
        :return: sentences that say why somebody else has to approve it, or False
        """
        # sudo: the same for everybody
        if not self.company_id.sudo().credit_note_approval or not previews:
            return False
        invoices = self.move_ids._origin
        credited = invoices._get_credited_amounts(("posted",))
        sentences = []
        for preview in previews:
            invoice = preview["invoice"]
            amount = preview["amount_to_credit"] + credited.get(invoice, 0.0)
            needs = invoice._get_approval_needs(
                self.company_id,
                invoice._get_company_value(amount),
                self.reason_id,
                self.env.user,
            )
            if needs:
                sentences.append(f"{invoice.name}: {' '.join(needs)}")
        if len(sentences) > MAX_NEEDS:
            more = self.env._("%s more", len(sentences) - MAX_NEEDS)
            sentences[MAX_NEEDS:] = [more]
        return "\n".join(sentences) or False

    # -------------------------------------------------------------------------
    # BUTTONS
    # -------------------------------------------------------------------------

    def action_ask_approval(self):
        """Ask somebody else to approve what is chosen here. It is issued then.

        :return: action that opens the batch in which it waits
        :raise UserError: it needs no approval or nobody can give it, or what was chosen
            is wrong
        """
        self.ensure_one()
        self._check_background()
        self._check_chosen()
        moves = self.move_ids
        moves._check_needed(self.approval_needs, moves._get_document_names())
        batch = self.env["account.credit.note.batch"]._ask(self._prepare_request())
        return self._get_batch_action(batch)

    def _prepare_request(self):
        """:return: values of the batch that waits for approval"""
        values = self._prepare_batch(send_by_email=False)
        if self.date == fields.Date.context_today(self):
            # Dated the day on which it is issued.
            del values["dialog_values"]["date"]
        for move, (_command, _id, line_values) in zip(
            self._get_moves(), values["line_ids"], strict=True
        ):
            line_values["state"] = "to_approve"
            line_values["amount"] = self._get_preview(move)["amount_to_credit"]
        return {
            **values,
            "approval_needs": self.approval_needs,
            "preview": self.preview,
        }

    def _get_parts_of_amount(self):
        # EXTENDS: each invoice is credited what was approved of it
        lines = self.env["account.credit.note.batch.line"]._get_approved()
        if lines.invoice_id != self.move_ids._origin:
            return super()._get_parts_of_amount()
        return {
            line.invoice_id.with_env(self.env): line.invoice_id._to_units(
                line.amount, 0.0
            ).currency
            for line in lines
        }

    def _issue_in_background(self, send_by_email=False):
        # EXTENDS: refused at once, not invoice by invoice later
        if self.approval_needs:
            raise UserError(
                self.env._(
                    "This needs approval. Click “Ask for approval”.\n%s",
                    self.approval_needs,
                )
            )
        return super()._issue_in_background(send_by_email=send_by_email)
