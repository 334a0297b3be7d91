import json
from datetime import timedelta

from odoo import fields
from odoo.tests import HttpCase, tagged
from odoo.tools import mute_logger

from .common import CreditNoteCommon


@tagged("post_install", "-at_install")
class TestRpc(CreditNoteCommon, HttpCase):
    """A program issues a credit note with two calls, as README.md shows it."""

    def _call(self, model, method, **body):
        response = self.url_open(
            f"/json/2/{model}/{method}",
            data=json.dumps(body),
            headers={
                "Authorization": f"Bearer {self.key}",
                "Content-Type": "application/json",
            },
        )
        return response.status_code, response.json()

    def setUp(self):
        super().setUp()
        self.key = (
            self.env["res.users.apikeys"]
            .with_user(self.clerk)
            ._generate("rpc", "test", fields.Datetime.now() + timedelta(days=0.5))
        )

    def test_two_calls(self):
        invoice = self._invoice(100.0)
        status, wizard_ids = self._call(
            "account.move.reversal",
            "create",
            vals_list=[
                {
                    "move_ids": [[6, 0, [invoice.id]]],
                    "reason_id": self.reason.id,
                    "credit_method": "amount",
                    "amount": 50.0,
                }
            ],
        )
        self.assertEqual(status, 200, wizard_ids)
        status, action = self._call(
            "account.move.reversal", "action_issue", ids=wizard_ids
        )
        self.assertEqual(status, 200, action)
        credit_note = invoice.reversal_move_ids
        self.assertEqual(action["params"]["links"][0]["label"], credit_note.name)
        self.assertEqual(credit_note.amount_total, 50.0)
        self.assertEqual(invoice.amount_residual, 65.0)
        status, [values] = self._call(
            "account.move.reversal", "read", ids=wizard_ids, fields=["new_move_ids"]
        )
        self.assertEqual(values["new_move_ids"], credit_note.ids)

    @mute_logger("odoo.http")
    def test_a_refusal_is_a_sentence(self):
        invoice = self._invoice(100.0)
        self._credit(invoice)
        status, error = self._call(
            "account.move.reversal",
            "create",
            vals_list=[{"move_ids": [[6, 0, [invoice.id]]]}],
        )
        self.assertEqual(status, 200)
        status, error = self._call("account.move.reversal", "action_issue", ids=error)
        self.assertEqual(status, 422, error)
        self.assertIn(f"Nothing is left to credit on {invoice.name}", error["message"])

    @mute_logger("odoo.http")
    def test_a_user_without_rights_is_refused(self):
        invoice = self._invoice(100.0)
        self.clerk.group_ids = self.env.ref("base.group_user")
        status, _error = self._call(
            "account.move", "action_credit_note", ids=invoice.ids
        )
        self.assertEqual(status, 403)
