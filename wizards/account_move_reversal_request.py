from odoo import api, fields, models
from odoo.exceptions import UserError

from ..models.row_lock import lock_rows
from .json_values import to_json


class AccountMoveReversal(models.TransientModel):
    """Exactly once: a call that is repeated gets the answer of the first time."""

    _inherit = "account.move.reversal"

    request_key = fields.Char(
        copy=False,
        help="Of a program that may have to ask again: in another dialog with the same "
        "key and the same values it gets the credit notes of the first one.",
    )
    request_content = fields.Json(
        copy=False, help="The values that this dialog was given, where it has a key."
    )
    answered_method = fields.Char(copy=False, help="The button that was pressed.")
    answer = fields.Json(copy=False, help="What that button answered.")

    # -------------------------------------------------------------------------
    # CRUD
    # -------------------------------------------------------------------------

    @api.model
    def _add_missing_values(self, vals):
        # EXTENDS: remember what a program asked for
        values = super()._add_missing_values(vals)
        if vals.get("request_key"):
            defaults = {
                name: value
                for name, value in self.env.context.items()
                if name.startswith("default_")
            }
            # The invoices are looked at when it issues.
            given = {**defaults, **vals, "move_ids": None}
            values = {**values, "request_content": [to_json(given)]}
        return values

    def write(self, vals):
        # EXTENDS: the same, and what was issued is not changed by a dialog
        for wizard in self:
            if wizard.answer:
                wizard._raise_answered()
            if vals.get("request_key", wizard.request_key) != wizard.request_key:
                raise UserError(
                    self.env._(
                        "Give `request_key` when you create the dialog, and leave it."
                    )
                )
        res = super().write(vals)
        if "reason_id" in vals:
            for wizard in self:
                codes = wizard._get_code_values(given=vals)
                super(AccountMoveReversal, wizard).write(codes)
        for wizard in self:
            if wizard.request_key and not vals.keys() <= self._get_answer_fields():
                wizard.request_content = [
                    *(wizard.request_content or []),
                    to_json(vals),
                ]
        return res

    @api.model
    def _get_answer_fields(self):
        return {"answer", "answered_method", "new_move_ids", "request_content"}

    # -------------------------------------------------------------------------
    # BUTTONS
    # -------------------------------------------------------------------------

    def action_issue(self):
        return self._answer_once("action_issue", super().action_issue)

    def action_issue_and_print(self):
        return self._answer_once(
            "action_issue_and_print", super().action_issue_and_print
        )

    def action_issue_and_send(self):
        return self._answer_once("action_issue_and_send", super().action_issue_and_send)

    def action_ask_approval(self):
        return self._answer_once("action_ask_approval", super().action_ask_approval)

    def action_save_draft(self):
        return self._answer_once("action_save_draft", super().action_save_draft)

    def action_reinvoice(self):
        return self._answer_once("action_reinvoice", super().action_reinvoice)

    # -------------------------------------------------------------------------
    # ONCE
    # -------------------------------------------------------------------------

    def _answer_once(self, method_name, method):
        """:param method_name: name of the button
        :param method: what the button does, called at most once
        :return: what it returned, the first time that it was called
        :raise UserError: the dialog, or its key, was used for something else
        """
        self.ensure_one()
        self.check_access("write")
        if not self.is_credit_note:
            return method()
        lock_rows(self)
        if self.answer:
            if self.answered_method != method_name:
                self._raise_answered()
            return self.answer
        if self.request_key:
            answer = self._answer_request(method_name, method)
        else:
            answer = method()
        self.write({"answered_method": method_name, "answer": to_json(answer)})
        return answer

    def _answer_request(self, method_name, method):
        """:return: what this request was answered before, or what `method` returns"""
        # sudo: of another user of the company; what they may see of it is checked
        request = (
            self.env["account.credit.note.request"]
            .sudo()
            ._get_or_create(self.company_id, self.request_key)
        )
        content = [method_name, sorted(self.move_ids.ids), *self.request_content]
        if not request.content:
            answer = method()
            request.write(
                {
                    "content": content,
                    "answer": to_json(answer),
                    "move_ids": self.new_move_ids.ids,
                }
            )
            return answer
        if request.content != content:
            raise UserError(
                self.env._(
                    "The key %(key)s, given to credit %(invoices)s, was used before "
                    "with other values. Take a new key for a new request, and repeat a "
                    "request with the same values.",
                    key=self.request_key,
                    invoices=self.move_ids._get_document_names(),
                )
            )
        credit_notes = request.move_ids.sudo(False)
        credit_notes.check_access("read")
        self.new_move_ids = credit_notes
        return request.answer

    def _raise_answered(self):
        raise UserError(
            self.env._(
                "This dialog was used before, for %(moves)s. Open a new one to credit "
                "more.",
                moves=(self.new_move_ids or self.move_ids)._get_document_names(),
            )
        )
