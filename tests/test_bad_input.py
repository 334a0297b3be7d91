import inspect
import json
import logging
import os
import random
import traceback
from collections import Counter
from datetime import timedelta
from pathlib import Path

import psycopg2

from odoo import Command, fields
from odoo.exceptions import UserError
from odoo.service.model import call_kw
from odoo.tests import HttpCase, new_test_user, tagged
from odoo.tools import mute_logger

from .common import CreditNoteCommon

_logger = logging.getLogger(__name__)

FOLDER = str(Path(__file__).parents[1])
# Lines that hand on to Odoo what they were given: an error from there is Odoo's own.
PASSED_ON = ("super(", "ensure_one(", "check_access(", "convert_to_cache(", ".new(")
ADDON = "odoo.addons.account_partner_credit_note."
WIZARD = "account.move.reversal"
# The same draw in every run of CI; another seed finds other inputs.
SEED = int(os.environ.get("CREDIT_NOTE_SEED", "20261122"))
INPUTS = 1000
REQUESTS = 60
DIALOG = (
    "amount",
    "company_id",
    "credit_method",
    "date",
    "journal_id",
    "line_ids",
    "move_ids",
    "new_move_ids",
    "percentage",
    "reason",
    "reason_id",
    "reopen_order",
    "settlement",
    "stop_recurring",
    "use_invoice_rate",
)
BUTTONS = (
    "action_issue",
    "action_issue_and_print",
    "action_issue_and_send",
    "action_reinvoice",
    "action_save_draft",
    "modify_moves",
    "refund_moves",
)
ANYTHING = (
    None,
    True,
    False,
    0,
    -1,
    1.5,
    2**31,
    2**63,
    "",
    "abc",
    "1",
    [],
    [None],
    ["abc"],
    [[]],
    {},
    {"id": 1},
)
FLOATS = (
    -1,
    0,
    1e-9,
    0.001,
    10,
    33.333333,
    1e12,
    1e18,
    1e308,
    float("nan"),
    float("inf"),
    float("-inf"),
    10**400,
    "1e5",
    "NaN",
    "12,50",
)
DATES = (
    "2026-13-45",
    "tomorrow",
    "0001-01-01",
    "1970-01-01",
    "9999-12-31",
    "2026-01-01T00:00:00Z",
)
TEXTS = ("x" * 100_000, "a\x00b", "<script>alert(1)</script>", "é😀", "%s %(x)s {0}")


class Undo(Exception):
    """Leaves a savepoint without a trace."""


@tagged("post_install", "-at_install")
class TestBadInput(CreditNoteCommon, HttpCase):
    """Whatever a program sends, it gets a sentence, and no invoice is over-credited."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.other = cls.setup_other_company()["company"]
        cls.stranger = new_test_user(
            cls.env,
            "bad_input_stranger",
            groups="base.group_user,account.group_account_invoice",
            company_id=cls.other.id,
            company_ids=[Command.set(cls.other.ids)],
        )
        cls.users = {
            "clerk": cls.clerk,
            "stranger": cls.stranger,
            "auditor": new_test_user(
                cls.env,
                "bad_input_auditor",
                groups="base.group_user,account.group_account_readonly",
            ),
            "employee": new_test_user(cls.env, "bad_input_employee"),
            "portal": new_test_user(
                cls.env, "bad_input_portal", groups="base.group_portal"
            ),
            "public": cls.env.ref("base.public_user"),
        }
        cls.invoice = cls._invoice(100.0, 50.0, quantity=2)
        paid = cls._invoice(80.0)
        cls._register_payment(paid)
        credited = cls._invoice(60.0)
        cls.credit_note = credited._reverse_moves([{"invoice_date": cls.today}])
        cls.credit_note.action_post()
        foreign = cls._create_invoice(
            company_id=cls.other.id,
            partner_id=cls.partner_a.id,
            invoice_line_ids=[cls._prepare_invoice_line(name="Secret", price_unit=7.0)],
            post=True,
        )
        deleted = cls._invoice(1.0, post=False)
        deleted_id = deleted.id
        deleted.unlink()
        cls.moves = [
            cls.invoice.id,
            paid.id,
            credited.id,
            cls.credit_note.id,
            cls._invoice(10.0, post=False).id,
            cls._invoice(10.0, move_type="in_invoice").id,
            foreign.id,
            deleted_id,
        ]
        cls.foreign_wizard = (
            cls.env[WIZARD]
            .with_user(cls.stranger)
            .create({"move_ids": [Command.set(foreign.ids)]})
        )
        cls.wizard = (
            cls.env[WIZARD]
            .with_user(cls.clerk)
            .create({"move_ids": [Command.set(cls.invoice.ids)]})
        )
        cls.foreign = foreign
        cls.env.flush_all()

    def setUp(self):
        super().setUp()
        self.random = random.Random(SEED)

    # -------------------------------------------------------------------------
    # WHAT IS SENT
    # -------------------------------------------------------------------------

    def _value(self, field):
        """:return: a bad, or at times a good, value for the field"""
        pick = self.random.choice
        if self.random.random() < 0.1:
            return pick(ANYTHING)
        if field.type in ("float", "monetary", "integer"):
            return pick(FLOATS)
        if field.type in ("date", "datetime"):
            return pick(DATES)
        if field.type == "selection":
            return pick([*field.get_values(self.env), "nope", "REMAINING"])
        if field.type in ("many2one", "reference"):
            return pick([*self._ids(field.comodel_name), 0, -1, 2**31 - 1])
        if field.type in ("one2many", "many2many"):
            return self._commands(field)
        return pick(TEXTS)

    def _ids(self, model):
        if model == "account.move":
            return self.moves
        if model == WIZARD:
            return [self.wizard.id, self.foreign_wizard.id]
        if model == "account.move.line":
            return (self.invoice + self.foreign + self.credit_note).line_ids.ids
        if not self.env[model]._auto:
            # Odoo lets nobody search some of what is no table.
            return []
        return self.env[model].sudo().search([], limit=5, order="id desc").ids

    def _commands(self, field):
        pick = self.random.choice
        record_id = pick([*self._ids(field.comodel_name), 0, -1, "abc"])
        vals = self._vals(field.comodel_name, 2)
        return pick(
            (
                [[6, 0, [record_id]]],
                [[6, 0, record_id]],
                [[4, record_id]],
                [[3, record_id]],
                [[2, record_id]],
                [[1, record_id, vals]],
                [[0, 0, vals]],
                [[0, 0, vals], [0, 0, vals]],
                [[0, 0, "abc"]],
                [[5]],
                [[7, 1, 1]],
                [record_id],
            )
        )

    def _vals(self, model, count):
        names = [
            name
            for name, field in self.env[model]._fields.items()
            if name not in ("id", "display_name")
            and (not field.compute or field.store)
            and not field.related
        ]
        if model == "account.move.reversal.line":
            names = ["invoice_line_id", "quantity", "price_unit", "reversal_id"]
        return {
            name: self._value(self.env[model]._fields[name])
            for name in self.random.sample(names, min(count, len(names)))
        }

    def _good_wizard_vals(self):
        [line, other_line] = self.invoice.invoice_line_ids
        return self.random.choice(
            (
                {},
                {"credit_method": "amount", "amount": 20.0},
                {"credit_method": "percentage", "percentage": 10.0},
                {
                    "credit_method": "lines",
                    "line_ids": [
                        [0, 0, {"invoice_line_id": line.id, "quantity": 1.0}],
                        [0, 0, {"invoice_line_id": other_line.id, "quantity": 0.5}],
                    ],
                },
            )
        )

    def _public_methods(self):
        """:return: {(model, method)}: all that this addon defines or extends"""
        methods = set()
        for model in self.env.registry.values():
            for cls in model.mro():
                if cls.__module__.startswith(ADDON) and ".tests." not in cls.__module__:
                    methods |= {
                        (model._name, name)
                        for name, value in vars(cls).items()
                        if inspect.isfunction(value) and not name.startswith("_")
                    }
        return sorted(methods)

    # -------------------------------------------------------------------------
    # WHAT COMES BACK
    # -------------------------------------------------------------------------

    def _send(self, user, calls):
        """Call them as Odoo's RPC does, look at what became of it, and undo it.

        :param calls: (model, method, args); None as first argument: what the call
            before has made
        :return: (kind of outcome, what is wrong or None)
        """
        ids = []
        try:
            with self.env.cr.savepoint():
                env = self.env(user=user.id, su=False, context={})
                result = None
                for model, method, args in calls:
                    if args[:1] == [None]:
                        args = [[result], *args[1:]]
                    ids = args[0] if args and isinstance(args[0], list) else []
                    if method in ("create", "onchange"):
                        ids = []
                    result = call_kw(env[model], method, args, {})
                env.flush_all()
                wrong = self._look(user)
                raise Undo
        except Undo:
            outcome = "done", wrong
        except UserError as error:
            outcome = type(error).__name__, None if str(error).strip() else "no text"
        except Exception as error:  # noqa: BLE001
            outcome = type(error).__name__, self._blame(error, ids)
        self.env.invalidate_all()
        return outcome

    def _look(self, user):
        """:return: what is wrong in the database, None if nothing is"""
        state = self._state()
        if state["over_credited"]:
            return f"over-credited: {state}"
        if user not in (self.clerk, self.stranger) and state != self.state:
            return f"changed by {user.id}: {state}, before {self.state}"
        theirs = "own" if user == self.stranger else "foreign"
        if state[theirs] != self.state[theirs]:
            return f"changed in another company: {state}, before {self.state}"
        return None

    def _state(self):
        self.env.cr.execute(
            """
            SELECT count(*), sum(amount_total), sum(amount_residual),
                string_agg(state, ',' ORDER BY id)
            FROM account_move WHERE company_id = %s
            """,
            [self.env.company.id],
        )
        own = self.env.cr.fetchall()
        self.env.cr.execute(
            """
            SELECT count(*), sum(amount_total), sum(amount_residual),
                string_agg(state, ',' ORDER BY id)
            FROM account_move WHERE company_id = %s
            """,
            [self.other.id],
        )
        foreign = self.env.cr.fetchall()
        self.env.cr.execute(
            """
            SELECT i.id, i.name, i.move_type, i.amount_total,
                string_agg(c.name || ' ' || c.move_type || ' ' || c.amount_total, ', ')
            FROM account_move i
            JOIN account_move c ON c.reversed_entry_id = i.id AND c.state = 'posted'
            WHERE i.move_type IN ('out_invoice', 'out_receipt', 'out_refund')
            GROUP BY i.id HAVING sum(c.amount_total) > i.amount_total
            """
        )
        over_credited = self.env.cr.fetchall()
        self.env.cr.execute(
            """
            SELECT count(*), (SELECT count(*) FROM account_document_lock_log),
                (SELECT string_agg(over_credit_policy, ',' ORDER BY id)
                    FROM res_company),
                (SELECT count(*) FROM res_company WHERE lock_posted_invoices)
            FROM account_credit_note_reason
            """
        )
        return {
            "own": own,
            "foreign": foreign,
            "over_credited": over_credited,
            "settings": self.env.cr.fetchall(),
        }

    def _blame(self, error, ids):
        """:return: the place in this addon that raised the error, None if Odoo did"""
        if isinstance(error, psycopg2.Error) or not self._are_ids(ids):
            # Ids and values that the database refuses: the same with any model.
            return None
        frames = [
            frame
            for frame in traceback.extract_tb(error.__traceback__)
            if frame.filename.startswith(FOLDER) and "/tests/" not in frame.filename
        ]
        if not frames or any(call in (frames[-1].line or "") for call in PASSED_ON):
            return None
        frame = frames[-1]
        return f"{type(error).__name__}: {error} in {frame.name}: {frame.line}"

    @staticmethod
    def _are_ids(ids):
        return isinstance(ids, list) and all(
            isinstance(record_id, int) and record_id > 0 for record_id in ids
        )

    # -------------------------------------------------------------------------
    # TESTS
    # -------------------------------------------------------------------------

    @mute_logger(
        "odoo.addons.base.models.ir_model",
        "odoo.addons.base.models.ir_qweb",
        "odoo.models",
        "odoo.sql_db",
        "odoo.tools.mail",
    )
    def test_generated(self):
        """Every public method and every field of the dialog, as all kinds of users."""
        self.state = self._state()
        methods = self._public_methods()
        outcomes = Counter()
        wrong = {}
        for _number in range(INPUTS):
            kind_of_user = self.random.choice(["clerk"] * 6 + list(self.users))
            calls = self._some_calls(methods)
            outcome, problem = self._send(self.users[kind_of_user], calls)
            outcomes[outcome] += 1
            if problem:
                wrong.setdefault(problem, f"{kind_of_user}: {str(calls)[:1000]}")
        _logger.info("%s inputs: %s", INPUTS, dict(outcomes))
        self.assertFalse(wrong)
        # The draw has to be such that all of it happens.
        for outcome in ("AccessError", "UserError", "done"):
            self.assertGreater(outcomes[outcome], INPUTS / 20, outcomes)

    def test_no_numbers(self):
        """The dialog shows no amounts, and its button refuses."""
        line = self.invoice.invoice_line_ids[0]
        for number in (float("nan"), float("inf"), float("-inf"), 1e308, 1e18):
            for values in (
                {"credit_method": "amount", "amount": number},
                {"credit_method": "percentage", "percentage": number},
                {
                    "credit_method": "lines",
                    "line_ids": [
                        Command.create(
                            {
                                "invoice_line_id": line.id,
                                "quantity": 1.0,
                                "price_unit": number,
                            }
                        )
                    ],
                },
            ):
                with self.subTest(values=values):
                    wizard = self._wizard(self.invoice, **values)
                    self.assertFalse(wizard.preview)
                    self.assertFalse(any(wizard.line_ids.mapped("amount")))
                    with self.assertRaisesRegex(UserError, "as a number"):
                        wizard.action_issue()
        self.assertFalse(self.invoice.reversal_move_ids)

    def test_no_numbers_in_any_dialog(self):
        """Every float field of every dialog of ours ends in a sentence."""
        dialogs = [
            name
            for name, model in self.env.registry.items()
            if model._transient
            and model._original_module == "account_partner_credit_note"
            and name != "account.move.reversal.line"
        ]
        tried = set()
        for name in dialogs:
            for field in self.env[name]._fields.values():
                if field.type not in ("float", "monetary"):
                    continue
                if not field.store:
                    continue
                tried.add(name)
                for number in (float("nan"), float("inf"), 10**400, "abc", [1]):
                    with (
                        self.subTest(field=str(field), number=str(number)[:9]),
                        self.assertRaisesRegex(UserError, "as a number"),
                        self.env.cr.savepoint(),
                    ):
                        self.env[name].create({field.name: number})
        self.assertGreaterEqual(len(tried), 4, tried)

    @mute_logger("odoo.http", "odoo.sql_db", "odoo.models")
    def test_over_http(self):
        self.state = self._state()
        key = (
            self.env["res.users.apikeys"]
            .with_user(self.clerk)
            ._generate("rpc", "test", fields.Datetime.now() + timedelta(days=0.5))
        )
        statuses = Counter()
        for _number in range(REQUESTS):
            (_wizard, _create, [vals]), (_model, button, _none) = self._some_dialog()
            result = self._request(key, WIZARD, "create", vals_list=[vals])
            if result.ok:
                result = self._request(key, WIZARD, button, ids=result.json())
            statuses[result.status_code] += 1
            if not result.ok:
                error = result.json()
                self.assertTrue(error["message"], vals)
                self.assertNotIn(FOLDER, error["message"])
            self.assertFalse(self._state()["over_credited"], vals)
        self.assertEqual(self._state()["foreign"], self.state["foreign"])
        self.assertGreater(statuses[200], 0, statuses)
        self.assertGreater(statuses[422], 0, statuses)

    def _request(self, key, model, method, **body):
        return self.url_open(
            f"/json/2/{model}/{method}",
            data=json.dumps(body),
            headers={
                "Authorization": f"Bearer {key}",
                "Content-Type": "application/json",
            },
        )

    def _some_calls(self, methods):
        """:return: list of (model, method, args)"""
        pick = self.random.choice
        kind = self.random.random()
        if kind < 0.45:
            return self._some_dialog()
        if kind < 0.6:
            values = {**self._good_wizard_vals(), **self._dialog_vals(2)}
            specification = {name: {} for name in ("preview", "line_ids")}
            return [(WIZARD, "onchange", [[], values, list(values), specification])]
        model, method = pick(methods)
        function = getattr(type(self.env[model]), method)
        args = []
        if not getattr(function, "_api_model", False):
            known = self._ids(model)
            args.append([pick(known)] if known and pick((1, 1, 0)) else pick(ANYTHING))
        for parameter in list(inspect.signature(function).parameters.values())[1:]:
            if parameter.kind == parameter.POSITIONAL_OR_KEYWORD:
                args.append(self._argument(model, parameter.name))
        return [(model, method, args)]

    def _argument(self, model, name):
        if name in ("vals", "values"):
            return self._vals(model, 2)
        if name == "vals_list":
            return [self._vals(model, 2)]
        return self.random.choice(ANYTHING)

    def _some_dialog(self):
        pick = self.random.choice
        values = {
            "move_ids": [[6, 0, [pick([self.invoice.id] * 8 + self.moves)]]],
            **self._good_wizard_vals(),
            **self._dialog_vals(pick((0, 1, 1, 2))),
        }
        return [(WIZARD, "create", [values]), (WIZARD, pick(BUTTONS), [None])]

    def _dialog_vals(self, count):
        return {
            name: self._value(self.env[WIZARD]._fields[name])
            for name in self.random.sample(DIALOG, count)
        }
