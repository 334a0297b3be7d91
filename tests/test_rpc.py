import json
import re
from datetime import timedelta
from pathlib import Path

from odoo import fields
from odoo.tests import HttpCase, tagged
from odoo.tools import mute_logger

from .common import CreditNoteCommon


@tagged("post_install", "-at_install")
class TestRpc(CreditNoteCommon, HttpCase):
    """Programs issue credit notes over JSON-2, as docs/api.md says."""

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

    def _make_dialog(self, invoices, **values):
        status, wizard_ids = self._call(
            "account.move.reversal",
            "create",
            vals_list=[{"move_ids": [[6, 0, invoices.ids]], **values}],
        )
        self.assertEqual(status, 200, wizard_ids)
        return wizard_ids

    def _read(self, model, ids, *field_names):
        """:return: the values of the first record"""
        status, values_list = self._call(model, "read", ids=ids, fields=field_names)
        self.assertEqual(status, 200, values_list)
        return values_list[0]

    def test_what_comes_out_is_read_before(self):
        invoice = self._invoice(100.0)
        wizard_ids = self._make_dialog(invoice, credit_method="amount", amount=50.0)
        values = self._read(
            "account.move.reversal",
            wizard_ids,
            "amount_to_credit",
            "amount_due",
            "amount_due_after",
            "amount_customer_credit",
        )
        del values["id"]
        self.assertEqual(
            values,
            {
                "amount_to_credit": 50.0,
                "amount_due": 115.0,
                "amount_due_after": 65.0,
                "amount_customer_credit": 0.0,
            },
        )
        self.assertFalse(invoice.reversal_move_ids)

    @mute_logger("odoo.http")
    def test_preview(self):
        """It says what issuing comes to, and what issuing refuses."""
        invoice = self._invoice(100.0)
        wizard = "account.move.reversal"
        ids = self._make_dialog(invoice, credit_method="amount", amount=46.0)
        status, [preview] = self._call(wizard, "get_preview", ids=ids)
        self.assertEqual(status, 200)
        self.assertFalse(invoice.reversal_move_ids)
        self._call(wizard, "action_issue", ids=ids)
        credit_note = invoice.reversal_move_ids
        [tax] = preview.pop("taxes")
        self.assertEqual(tax["amount"], credit_note.amount_tax)
        self.assertEqual(
            preview,
            {
                "invoice_id": invoice.id,
                "currency": invoice.currency_id.name,
                "amount_total": credit_note.amount_total,
                "amount_untaxed": credit_note.amount_untaxed,
                "amount_tax": credit_note.amount_tax,
                "amount_due": 115.0,
                "amount_due_after": invoice.amount_residual,
                "amount_customer_credit": 0.0,
                "amount_left_to_credit": invoice.amount_creditable,
            },
        )
        for values in (
            {"credit_method": "amount", "amount": 999.0},
            {"credit_method": "percentage", "percentage": -1.0},
            {"date": "2999-01-01"},
        ):
            ids = self._make_dialog(invoice, **values)
            status, refusal = self._call(wizard, "get_preview", ids=ids)
            self.assertEqual(status, 422, values)
            status, answer = self._call(wizard, "action_issue", ids=ids)
            self.assertEqual((status, answer["message"]), (422, refusal["message"]))

    def test_preview_of_many(self):
        self.env.company.credit_note_background_limit = 2
        invoices = self._invoice(100.0) + self._invoice(200.0)
        ids = self._make_dialog(invoices)
        _status, previews = self._call("account.move.reversal", "get_preview", ids=ids)
        self.assertEqual(
            {row["invoice_id"]: row["amount_total"] for row in previews},
            {invoice.id: invoice.amount_total for invoice in invoices},
        )

    def test_lines(self):
        invoice = self._invoice(10.0, 20.0, quantity=5.0)
        wizard_ids = self._make_dialog(
            invoice,
            credit_method="lines",
            line_ids=[
                [0, 0, {"invoice_line_id": line.id, "quantity": quantity}]
                for line, quantity in zip(
                    invoice.invoice_line_ids, (2.0, 1.0), strict=True
                )
            ],
        )
        self._call("account.move.reversal", "action_issue", ids=wizard_ids)
        self.assertEqual(invoice.reversal_move_ids.amount_total, 46.0)

    def test_several_invoices(self):
        invoices = self._invoice(100.0) + self._invoice(200.0)
        wizard_ids = self._make_dialog(
            invoices, credit_method="percentage", percentage=10.0
        )
        self._call("account.move.reversal", "action_issue", ids=wizard_ids)
        values = self._read("account.move.reversal", wizard_ids, "new_move_ids")
        self.assertEqual(
            set(values["new_move_ids"]), set(invoices.reversal_move_ids.ids)
        )
        self.assertEqual(
            [self._read("account.move", [i.id], "amount_creditable") for i in invoices],
            [
                {"id": invoice.id, "amount_creditable": left}
                for invoice, left in zip(invoices, (103.5, 207.0), strict=True)
            ],
        )

    def test_draft(self):
        invoice = self._invoice(100.0)
        wizard_ids = self._make_dialog(invoice)
        status, action = self._call(
            "account.move.reversal", "action_save_draft", ids=wizard_ids
        )
        self.assertEqual(status, 200, action)
        values = self._read("account.move.reversal", wizard_ids, "new_move_ids")
        self.assertEqual(values["new_move_ids"], invoice.reversal_move_ids.ids)
        self.assertEqual(invoice.reversal_move_ids.state, "draft")

    def test_example(self):
        """The calls of docs/api.md, as they stand there, with the ids of here."""
        text = (Path(__file__).parents[1] / "docs" / "api.md").read_text()
        calls = re.findall(r'curl "\$URL/(\w+)".*? -d \'(.*?)\'', text, re.DOTALL)
        self.assertEqual(
            [method for method, _body in calls], ["create", "action_issue", "read"]
        )
        invoice = self._invoice(100.0)
        ids = {42: invoice.id, 1: self.reason.id}
        for method, body in calls:
            for number, record_id in ids.items():
                body = re.sub(rf"(?<=[\[ ]){number}(?=[\],])", str(record_id), body)
            status, answer = self._call(
                "account.move.reversal", method, **json.loads(body)
            )
            self.assertEqual(status, 200, answer)
            if method == "create":
                ids = {7: answer[0]}
        self.assertEqual(answer[0]["new_move_ids"], invoice.reversal_move_ids.ids)
        self.assertEqual(invoice.reversal_move_ids.amount_total, 50.0)

    def _get_names(self, title):
        """:return: what the first column of a table of docs/api.md names"""
        text = (Path(__file__).parents[1] / "docs" / "api.md").read_text()
        [part] = re.findall(rf"^## {title}\n(.*?)^## ", text, re.DOTALL | re.MULTILINE)
        rows = re.findall(r"^\| ([^|]*) \|", part, re.MULTILINE)
        return {name for row in rows for name in re.findall(r"`(\w+)`", row)}

    def test_fields_of_the_page(self):
        """Each field can be given, and the preview has these names."""
        invoice = self._invoice(100.0)
        [line] = invoice.invoice_line_ids
        values = {
            "credit_method": "lines",
            "amount": 0.0,
            "percentage": 0.0,
            "line_ids": [
                [0, 0, {"invoice_line_id": line.id, "quantity": 1, "price_unit": 50.0}]
            ],
            "reason_id": self.reason.id,
            "reason": "by phone",
            "date": str(self.today),
            "journal_id": invoice.journal_id.id,
            "settlement": "apply",
            "use_invoice_rate": False,
            "as_one": False,
            "reopen_order": False,
            "stop_recurring": True,
            "l10n_pl_correction_type": "3",
            "request_key": "page",
        }
        self.assertEqual(values.keys(), self._get_names("Create"))
        ids = self._make_dialog(invoice, **values)
        _status, [preview] = self._call("account.move.reversal", "get_preview", ids=ids)
        self.assertEqual(preview.keys(), self._get_names("See what comes out"))
        self.assertEqual(preview["taxes"][0].keys(), {"tax_group_id", "name", "amount"})
        status, answer = self._call("account.move.reversal", "action_issue", ids=ids)
        self.assertEqual(status, 200, answer)
        credit_note = invoice.reversal_move_ids
        self.assertEqual(credit_note.amount_untaxed, 50.0)
        self.assertEqual(credit_note.l10n_pl_correction_type, "3")
        self.assertEqual(
            credit_note._get_credit_note_reason(), "Order cancelled – by phone"
        )

    def test_one_for_all(self):
        invoices = self._invoice(100.0) + self._invoice(200.0)
        ids = self._make_dialog(invoices, as_one=True)
        self._call("account.move.reversal", "action_issue", ids=ids)
        values = self._read("account.move.reversal", ids, "new_move_ids")
        [credit_note] = self.env["account.move"].browse(values["new_move_ids"])
        self.assertEqual(credit_note._get_credited_invoices(), invoices)

    def test_many_go_to_the_background(self):
        self.env.company.credit_note_background_limit = 2
        invoices = self._invoice(100.0) + self._invoice(200.0)
        wizard_ids = self._make_dialog(invoices)
        status, action = self._call(
            "account.move.reversal", "action_issue", ids=wizard_ids
        )
        self.assertEqual(status, 200, action)
        self.assertEqual(action["res_model"], "account.credit.note.batch")
        values = self._read("account.move.reversal", wizard_ids, "new_move_ids")
        self.assertFalse(values["new_move_ids"])
        values = self._read(
            "account.credit.note.batch", [action["res_id"]], "state", "line_ids"
        )
        self.assertEqual(values["state"], "running")
        line = self._read(
            "account.credit.note.batch.line",
            values["line_ids"],
            "invoice_id",
            "credit_note_id",
            "state",
            "error",
        )
        self.assertEqual(line["state"], "waiting")
        self.assertFalse(line["credit_note_id"])

    @mute_logger("odoo.http")
    def test_statuses_of_what_is_wrong(self):
        invoice = self._invoice(100.0)
        status, _error = self._call("account.move", "no_such_method", ids=invoice.ids)
        self.assertEqual(status, 404)
        self.key = "0" * 40
        status, _error = self._call("account.move", "read", ids=invoice.ids)
        self.assertEqual(status, 401)

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
