import json
from datetime import timedelta

from freezegun import freeze_time

from odoo import Command, fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import HttpCase, new_test_user, tagged
from odoo.tools import mute_logger

from .common import CreditNoteCommon


def _as_json(answer):
    return json.loads(json.dumps(answer, default=str))


@tagged("post_install", "-at_install")
class TestRequest(CreditNoteCommon):
    """A dialog issues once, and a program may repeat what it asked for."""

    def _dialog(self, invoices, user=None, **values):
        return (
            self.env["account.move.reversal"]
            .with_user(user or self.clerk)
            .create({"move_ids": [Command.set(invoices.ids)], **values})
        )

    def _ask(self, invoices, method="action_issue", **values):
        """:return: (answer, credit notes) of a program that has lost its dialog"""
        wizard = self._dialog(invoices, **values)
        return _as_json(getattr(wizard, method)()), wizard.new_move_ids

    def test_dialog_issues_once(self):
        invoice = self._invoice(100.0)
        wizard = self._dialog(invoice, credit_method="amount", amount=10.0)
        answer = _as_json(wizard.action_issue())
        self.assertEqual(wizard.action_issue(), answer)
        self.assertEqual(len(invoice.reversal_move_ids), 1)
        for change in (
            wizard.action_save_draft,
            wizard.action_issue_and_print,
            wizard.action_reinvoice,
            lambda: wizard.write({"amount": 20.0}),
        ):
            with self.assertRaisesRegex(UserError, invoice.reversal_move_ids.name):
                change()
        self.assertEqual(len(invoice.reversal_move_ids), 1)

    def test_refused_can_be_tried_again(self):
        invoice = self._invoice(100.0)
        wizard = self._dialog(
            invoice, credit_method="amount", amount=999.0, request_key="K"
        )
        with self.assertRaises(UserError), self.env.cr.savepoint():
            wizard.action_issue()
        wizard.amount = 10.0
        wizard.action_issue()
        self.assertEqual(invoice.reversal_move_ids.amount_total, 10.0)

    def test_same_key_same_credit_notes(self):
        invoices = self._invoice(100.0) + self._invoice(200.0)
        for method in (
            "action_issue",
            "action_issue_and_print",
            "action_issue_and_send",
            "action_save_draft",
        ):
            values = {
                "credit_method": "percentage",
                "percentage": 10.0,
                "request_key": method,
            }
            first = self._ask(invoices, method, **values)
            self.assertEqual(len(first[1]), 2)
            self.assertEqual(self._ask(invoices, method, **values), first)
        self.assertEqual(len(invoices.reversal_move_ids), 8)

    def test_everything_is_credited_once(self):
        """Nothing is left then, which is no reason to refuse the answer."""
        invoice = self._invoice(100.0)
        first = self._ask(invoice, request_key="K")
        self.env["account.move.reversal"].search([]).unlink()  # hours later
        self.assertEqual(self._ask(invoice, request_key="K"), first)
        self.assertEqual(invoice.reversal_move_ids, first[1])

    def test_next_day(self):
        invoice = self._invoice(100.0)
        first = self._ask(invoice, request_key="K")
        with freeze_time(fields.Date.today() + timedelta(days=1)):
            self.assertEqual(self._ask(invoice, request_key="K"), first)

    def test_lines(self):
        invoice = self._invoice(10.0, 20.0, quantity=5.0)
        values = {
            "credit_method": "lines",
            "line_ids": [
                Command.create({"invoice_line_id": line.id, "quantity": 1.0})
                for line in invoice.invoice_line_ids
            ],
            "request_key": "K",
        }
        first = self._ask(invoice, **values)
        self.assertEqual(self._ask(invoice, **values), first)
        values["line_ids"][0][2]["quantity"] = 2.0
        with self.assertRaises(UserError):
            self._ask(invoice, **values)

    def test_reinvoiced_once(self):
        invoice = self._invoice(100.0)
        first = self._ask(invoice, "action_reinvoice", request_key="K")
        self.assertEqual(self._ask(invoice, "action_reinvoice", request_key="K"), first)
        self.assertEqual(len(invoice.reversal_move_ids), 1)

    def test_in_the_background(self):
        self.env.company.credit_note_background_limit = 2
        invoices = self._invoice(100.0) + self._invoice(200.0)
        first, _none = self._ask(invoices, request_key="K")
        self.assertEqual(first["res_model"], "account.credit.note.batch")
        self.assertEqual(self._ask(invoices, request_key="K")[0], first)
        self.assertEqual(
            self.env["account.credit.note.batch"].search_count(
                [("line_ids.invoice_id", "in", invoices.ids)]
            ),
            1,
        )

    def test_approval_is_asked_for_once(self):
        self.env.company.write(
            {"credit_note_approval": True, "credit_note_approval_amount": 100.0}
        )
        new_test_user(
            self.env,
            "approver",
            groups="account_partner_credit_note.group_credit_note_approver",
        )
        invoice = self._invoice(100.0)
        first, _none = self._ask(invoice, "action_ask_approval", request_key="K")
        again, _none = self._ask(invoice, "action_ask_approval", request_key="K")
        self.assertEqual(again, first)
        self.assertEqual(first["res_model"], "account.credit.note.batch")

    def test_same_key_for_something_else(self):
        invoice, other = self._invoice(100.0), self._invoice(100.0)
        values = {"credit_method": "amount", "amount": 10.0, "request_key": "K"}
        self._ask(invoice, **values)
        for change in (
            {"amount": 20.0},
            {"credit_method": "remaining"},
            {"reason": "because"},
            {"date": fields.Date.today()},
            {"settlement": "apply"},
        ):
            with self.assertRaisesRegex(UserError, "K"):
                self._ask(invoice, **(values | change))
        with self.assertRaisesRegex(UserError, other.name):
            self._ask(other, **values)
        with self.assertRaisesRegex(UserError, "K"):
            self._ask(invoice, "action_save_draft", **values)
        changed = self._dialog(invoice, **values)
        changed.amount = 20.0
        with self.assertRaisesRegex(UserError, "K"):
            changed.action_issue()
        self.assertEqual(invoice.reversal_move_ids.mapped("amount_total"), [10.0])
        self.assertFalse(other.reversal_move_ids)

    def test_what_comes_by_the_context(self):
        """Invoices and defaults are values, too, and invoices have no order."""
        invoice, other = self._invoice(100.0), self._invoice(100.0)

        def ask(invoices, percentage):
            wizard = (
                self.env["account.move.reversal"]
                .with_user(self.clerk)
                .with_context(
                    active_model="account.move",
                    active_ids=invoices.ids,
                    default_percentage=percentage,
                )
                .create({"request_key": "K", "credit_method": "percentage"})
            )
            wizard.action_issue()
            return wizard.new_move_ids

        first = ask(invoice + other, 10.0)
        self.assertEqual(ask(other + invoice, 10.0), first)
        with self.assertRaisesRegex(UserError, "The key K"):
            ask(invoice, 10.0)
        with self.assertRaisesRegex(UserError, "The key K"):
            ask(invoice + other, 20.0)
        self.assertEqual((invoice + other).reversal_move_ids, first)

    def test_key_is_given_at_first(self):
        """Else it would stand for values that were given before it."""
        invoice = self._invoice(100.0)
        wizard = self._dialog(invoice, credit_method="amount", amount=10.0)
        with self.assertRaisesRegex(UserError, "request_key"):
            wizard.request_key = "K"
        wizard = self._dialog(invoice, request_key="K")
        with self.assertRaisesRegex(UserError, "request_key"):
            wizard.request_key = "L"
        wizard.write({"request_key": "K", "credit_method": "amount", "amount": 10.0})
        wizard.action_issue()
        self.assertEqual(invoice.reversal_move_ids.amount_total, 10.0)

    def test_keys_of_other_companies(self):
        company = self.setup_other_company()["company"]
        self.clerk.company_ids += company
        invoice = self._invoice(100.0)
        other = (
            self.env["account.move"]
            .with_company(company)
            .create(
                {
                    "move_type": "out_invoice",
                    "partner_id": self.partner_a.id,
                    "invoice_date": invoice.invoice_date,
                    "invoice_line_ids": [
                        Command.create({"name": "A", "price_unit": 1.0, "tax_ids": []})
                    ],
                }
            )
        )
        other.action_post()
        self._ask(invoice, request_key="K")
        self._ask(other, request_key="K")
        self.assertTrue(invoice.reversal_move_ids and other.reversal_move_ids)

    def test_who_cannot_read_gets_no_answer(self):
        invoice = self._invoice(100.0)
        values = {"move_ids": [Command.set(invoice.ids)], "request_key": "K"}
        self._ask(invoice, request_key="K")
        for groups in ("base.group_user", "base.group_portal"):
            user = new_test_user(self.env, groups, groups=groups)
            with self.assertRaises(AccessError):
                self.env["account.move.reversal"].with_user(user).create(values)
            with self.assertRaises(AccessError):
                self.env["account.credit.note.request"].with_user(user).search([])
        stranger = new_test_user(
            self.env,
            "stranger",
            groups="account.group_account_invoice",
            company_id=self.setup_other_company()["company"].id,
        )
        with self.assertRaises(AccessError):
            self._ask(invoice, user=stranger, request_key="K")

    def test_vendor_bills_as_ever(self):
        bill = self.init_invoice("in_invoice", amounts=[100.0], post=True)
        wizard = self.env["account.move.reversal"].create(
            {"move_ids": [Command.set(bill.ids)], "journal_id": bill.journal_id.id}
        )
        wizard.refund_moves()
        wizard.refund_moves()
        self.assertEqual(len(bill.reversal_move_ids), 2)

    def test_no_invoices(self):
        for values in ({}, {"move_ids": []}, {"request_key": "K"}):
            with self.assertRaisesRegex(UserError, "invoices"):
                self.env["account.move.reversal"].with_user(self.clerk).create(values)


@tagged("post_install", "-at_install")
class TestRequestHttp(CreditNoteCommon, HttpCase):
    @mute_logger("odoo.http")
    def test_status(self):
        key = (
            self.env["res.users.apikeys"]
            .with_user(self.clerk)
            ._generate("rpc", "test", fields.Datetime.now() + timedelta(days=0.5))
        )
        invoice = self._invoice(100.0)

        def call(method, **body):
            response = self.url_open(
                f"/json/2/account.move.reversal/{method}",
                data=json.dumps(body),
                headers={
                    "Authorization": f"Bearer {key}",
                    "Content-Type": "application/json",
                },
            )
            return response.status_code, response.json()

        def ask(amount):
            _status, ids = call(
                "create",
                vals_list=[
                    {
                        "move_ids": [[6, 0, invoice.ids]],
                        "credit_method": "amount",
                        "amount": amount,
                        "request_key": "K",
                    }
                ],
            )
            status, answer = call("action_issue", ids=ids)
            _status, [values] = call("read", ids=ids, fields=["new_move_ids"])
            return status, answer, values["new_move_ids"]

        first = ask(10.0)
        self.assertEqual(first[0], 200)
        self.assertEqual(first[2], invoice.reversal_move_ids.ids)
        self.assertEqual(ask(10.0), first)
        self.assertEqual(ask(20.0)[0], 422)
        self.assertEqual(call("create", vals_list=[{}])[0], 422)
        self.assertEqual(len(invoice.reversal_move_ids), 1)
