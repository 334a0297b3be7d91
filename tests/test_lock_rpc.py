"""The doors of the outside world, over real HTTP, with every key that can be sent."""

import datetime
import json
from xmlrpc.client import Fault

from odoo.tests import HttpCase, JsonRpcException, get_db_name, tagged
from odoo.tools import mute_logger

from odoo.addons.rpc.controllers.xmlrpc import (
    RPC_FAULT_CODE_ACCESS_ERROR,
    RPC_FAULT_CODE_WARNING,
)

from ..models.lock import capability
from .lock_common import LockCommon

# The plain keys that Odoo honours, and forged ones of the lock.
CONTEXTS = (
    {},
    {"force_delete": True, "dynamic_unlink": True},
    {"_force_unlink": True},
    {"skip_readonly_check": True},
    {"hash_version": 1},
    {"tracking_disable": True, "mail_notrack": True},
    {"skip_invoice_sync": True, "skip_account_move_synchronization": True},
    {"skip_is_manually_modified": True},
    {"install_mode": True, "module": "account", "import_file": True},
    {"bypass_lock_check": True, "bypass_audit": True},
    {"move_reverse_cancel": True},
    {
        capability.Posting._key: True,
        capability.Cancellation._key: {"ids": [1], "fields": ["state"]},
        capability.LogEntry._key: "object",
    },
)
ALL_KEYS = {key: value for context in CONTEXTS for key, value in context.items()}
# A refusal with a sentence, as the three doors tell it; nothing that broke.
ERRORS = (
    "odoo.exceptions.UserError",
    "odoo.exceptions.AccessError",
    RPC_FAULT_CODE_WARNING,
    RPC_FAULT_CODE_ACCESS_ERROR,
)


@tagged("post_install", "-at_install")
class TestLockRpc(LockCommon, HttpCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.document = cls._invoice(100.0, 50.0)
        cls.draft = cls._invoice(10.0, post=False)
        cls.message = cls.document._message_log(body="History")
        cls.pdf = cls._archive(cls.document)
        cls.attackers = {
            kind: user for kind, user in cls.users.items() if kind != "superuser"
        }
        for user in cls.attackers.values():
            user.password = f"{user.login}-password"

    def _attacks(self):
        """:return: list of (model, method, ids, arguments by name)"""
        document, line = self.document, self.document.invoice_line_ids[0]
        return [
            ("account.move", "unlink", document.ids, {}),
            ("account.move", "button_draft", document.ids, {}),
            ("account.move", "button_cancel", document.ids, {}),
            *(
                ("account.move", "write", document.ids, {"vals": vals})
                for vals in (
                    {"state": "draft"},
                    {"state": "cancel"},
                    {"name": "FAKE/1"},
                    {"name": False},
                    {"partner_id": self.partner_b.id},
                    {"invoice_date": "2020-01-01"},
                    {"invoice_date_due": "2030-01-01"},
                    {"ref": "changed"},
                    {"amount_total": 1.0},
                    {"payment_state": "paid"},
                    {"move_type": "entry"},
                    {"inalterable_hash": "forged"},
                    {"invoice_pdf_report_file": False},
                    {"line_ids": [[1, line.id, {"price_unit": 1.0}]]},
                    {"invoice_line_ids": [[2, line.id, 0]]},
                    {"message_ids": [[2, self.message.id, 0]]},
                    {"attachment_ids": [[2, self.pdf.id, 0]]},
                )
            ),
            (
                "account.move",
                "web_save",
                document.ids,
                {"vals": {"ref": "changed"}, "specification": {}},
            ),
            *(
                ("account.move.line", "write", line.ids, {"vals": vals})
                for vals in (
                    {"price_unit": 1.0},
                    {"balance": -1.0},
                    {"name": "changed"},
                    {"move_id": self.draft.id},
                )
            ),
            ("account.move.line", "unlink", line.ids, {}),
            (
                "account.move.line",
                "create",
                [],
                {
                    "vals_list": [
                        {
                            "move_id": document.id,
                            "display_type": "line_note",
                            "name": "added",
                        }
                    ]
                },
            ),
            ("ir.attachment", "unlink", self.pdf.ids, {}),
            ("ir.attachment", "write", self.pdf.ids, {"vals": {"datas": "Zm9yZ2Vk"}}),
            ("ir.attachment", "write", self.pdf.ids, {"vals": {"res_field": False}}),
            ("mail.message", "unlink", self.message.ids, {}),
            ("mail.message", "write", self.message.ids, {"vals": {"body": "other"}}),
            ("account.move", "write", self.draft.ids, {"vals": {"state": "posted"}}),
        ]

    def _call_jsonrpc(self, user, model, method, ids, kwargs, context):
        args = [] if method == "create" else [ids]
        return self.make_jsonrpc_request(
            "/web/dataset/call_kw",
            {
                "model": model,
                "method": method,
                "args": args,
                "kwargs": {**kwargs, "context": context},
            },
        )

    def _call_xmlrpc(self, user, model, method, ids, kwargs, context):
        args = [] if method == "create" else [ids]
        return self.xmlrpc_object.execute_kw(
            get_db_name(),
            user.id,
            f"{user.login}-password",
            model,
            method,
            args,
            {**kwargs, "context": context},
        )

    def _call_json2(self, user, model, method, ids, kwargs, context):
        body = {**kwargs, "context": context}
        if method != "create":
            body["ids"] = ids
        response = self.url_open(
            f"/json/2/{model}/{method}",
            data=json.dumps(body),
            headers={
                "Authorization": f"Bearer {self.keys[user]}",
                "Content-Type": "application/json",
            },
        )
        if response.status_code != 200:
            raise PermissionError(response.text)
        return response.json()

    @mute_logger("odoo.http", "odoo.sql_db", "odoo.addons.rpc")
    def _get_error(self, call, user, attack, context):
        """:return: kind of the error that the caller gets, None if it got through"""
        try:
            call(user, *attack, context)
        except JsonRpcException as error:
            return str(error)
        except Fault as error:
            # An integer for what users are told, a text for what broke.
            return error.faultCode
        except PermissionError as error:
            return json.loads(str(error))["name"]
        return None

    def assertDoorClosed(self, call, user, contexts):
        self.env.flush_all()
        before = self._snapshot(self.document.id), self._snapshot(self.draft.id)
        for attack in self._attacks():
            for context in contexts:
                with self.subTest(attack=attack, context=context):
                    self.assertIn(self._get_error(call, user, attack, context), ERRORS)
                    self.env.invalidate_all()
        after = self._snapshot(self.document.id), self._snapshot(self.draft.id)
        for old, new in zip(before, after, strict=True):
            self.assertEqual(self._changes(old, new), [])

    def test_jsonrpc(self):
        for kind, user in self.attackers.items():
            with self.subTest(user=kind):
                self.authenticate(user.login, f"{user.login}-password")
                contexts = CONTEXTS if kind == "Billing" else ({}, ALL_KEYS)
                self.assertDoorClosed(self._call_jsonrpc, user, contexts)

    def test_xmlrpc(self):
        for kind, user in self.attackers.items():
            with self.subTest(user=kind):
                self.assertDoorClosed(self._call_xmlrpc, user, ({}, ALL_KEYS))

    def test_json2(self):
        tomorrow = datetime.datetime.now() + datetime.timedelta(days=1)
        self.keys = {
            user: self.env["res.users.apikeys"]
            .with_user(user)
            .sudo()
            ._generate("rpc", "attack", tomorrow)
            for user in self.attackers.values()
        }
        for kind, user in self.attackers.items():
            with self.subTest(user=kind):
                self.assertDoorClosed(self._call_json2, user, ({}, ALL_KEYS))

    def test_private_methods_are_not_called(self):
        """What gives leave inside is not to be called from outside."""
        self.authenticate(self.manager.login, f"{self.manager.login}-password")
        for method in (
            "_post",
            "_note_cancellation",
            "_get_lock_closed_fields",
            "_compute_field_value",
        ):
            attack = ("account.move", method, self.draft.ids, {})
            self.assertIn(
                self._get_error(self._call_jsonrpc, self.manager, attack, {}), ERRORS
            )

    def test_open_without_the_lock(self):
        """The same calls do get through when the setting is off."""
        self._set_lock(False)
        self.authenticate(self.clerk.login, f"{self.clerk.login}-password")
        self._call_jsonrpc(
            self.clerk,
            "account.move",
            "write",
            self.document.ids,
            {"vals": {"partner_id": self.partner_b.id}},
            {"skip_readonly_check": True},
        )
        self.env.invalidate_all()
        self.assertEqual(self.document.partner_id, self.partner_b)
