import inspect
from contextlib import suppress
from datetime import date
from functools import partial

from odoo import Command, models
from odoo.exceptions import AccessError
from odoo.service.model import call_kw
from odoo.tests import tagged
from odoo.tools import mute_logger

from .test_approval import APPROVERS, ApprovalCommon
from .test_without_invoice import DIALOG, WithoutInvoiceCommon

MODULE = "odoo.addons.account_partner_credit_note."
MODELS = (
    "account.credit.application",
    "account.credit.application.line",
    "account.credit.note.approval",
    "account.credit.note.batch",
    "account.credit.note.batch.line",
    "account.credit.note.reason",
    "account.credit.note.without.invoice",
    "account.credit.note.without.invoice.line",
    "account.credit.refund",
    "account.credit.refund.line",
    "account.former.invoice",
    "account.move",
    "account.move.reversal",
    "account.move.reversal.line",
    "account.payment",
    "res.partner",
)
MAGIC = {"id", *models.MAGIC_COLUMNS}
# What everybody may change: not called with records of others, or as one likes.
OF_ODOO = {"create", "write", "unlink", "copy", "copy_data", "default_get", "get_views"}
TABLES = (
    "account_move",
    "account_move_line",
    "account_partial_reconcile",
    "account_full_reconcile",
    "account_payment",
    "payment_transaction",
    "account_credit_note_batch",
    "account_credit_note_batch_line",
    "account_credit_note_batch_approver_rel",
    "account_credit_note_reason",
    "account_credit_note_reason_approver_rel",
    "account_former_invoice",
    "mail_activity",
    "res_partner",
)


class Undo(Exception):
    """Leaves a savepoint without a trace."""


class ButtonsCommon(WithoutInvoiceCommon, ApprovalCommon):
    """All that the clerk has under way, and every button of it for everybody."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company.credit_without_invoice_approval = True
        cls.other_company = cls.setup_other_company()["company"]
        cls.asker = cls._user("asker", APPROVERS)
        cls.users = {
            "clerk": cls.clerk,
            "another clerk": cls._user("billing"),
            "approver who asked": cls.asker,
            "approver": cls.approver,
            "auditor": cls._user("auditor", "account.group_account_readonly"),
            "stranger": cls._user("stranger", APPROVERS, cls.other_company),
            "employee": cls._user("employee", "base.group_user"),
            "portal": cls._user("portal", "base.group_portal"),
            "public": cls.env.ref("base.public_user"),
        }

    def setUp(self):
        super().setUp()
        self.invoices = self._invoice(1000.0) + self._invoice(1100.0)
        batches = [
            self._ask(invoice, user=user)
            for invoice, user in zip(
                self.invoices, (self.clerk, self.asker), strict=True
            )
        ]
        for user in (self.clerk, self.asker):
            for values in ({}, {"subject": "former"}):
                make = self._former if values else self._dialog
                action = make(50.0, user=user).action_ask_approval()
                batches.append(self.Batch.browse(action["res_id"]))
        self.env.flush_all()
        refused = self._ask(self._invoice(1200.0))
        self._decide(refused, method="action_refuse", note="No")
        action = self._dialog(60.0).action_ask_approval()
        self.env.flush_all()
        drafted = self.Batch.browse(action["res_id"])
        self._decide(drafted, method="action_refuse", note="No")
        self.waiting = self.Batch.union(*batches)
        self.refused = refused | drafted
        self.batches = self.waiting | self.refused
        self.drafts = self.batches.line_ids.credit_note_id
        self.credited = self.batches.line_ids.invoice_id
        # Credit that is open, and applied to one of two invoices.
        paid = self._invoice(100.0)
        self._register_payment(paid)
        self.credit_note = self._credit(paid)
        self.open_invoices = self._invoice(10.0) + self._invoice(20.0)
        self.credit_note._apply_credit(self.open_invoices[0])
        self.env.flush_all()

    # -------------------------------------------------------------------------
    # WHAT CAN BE CALLED
    # -------------------------------------------------------------------------

    def _get_public_methods(self, model):
        """:return: names of the methods of ours that RPC calls"""
        names = set()
        for cls in type(self.env[model]).mro():
            if cls.__module__.startswith(MODULE):
                names |= {
                    name
                    for name, value in vars(cls).items()
                    if inspect.isfunction(value) and not name.startswith("_")
                }
        return sorted(names - OF_ODOO)

    def _get_buttons_of_odoo(self, model):
        """:return: names of the methods of Odoo and its addons that want no values"""
        for name in dir(type(self.env[model])):
            if name.startswith(("action_", "button_", "js_", "refund_", "modify_")):
                method = getattr(type(self.env[model]), name)
                if inspect.isfunction(method) and not self._get_wanted(method):
                    yield name

    def _get_wanted(self, method):
        """:return: names of the values that have to be given"""
        parameters = list(inspect.signature(method).parameters.values())[1:]
        return [
            parameter.name
            for parameter in parameters
            if parameter.default is parameter.empty
            and parameter.kind is parameter.POSITIONAL_OR_KEYWORD
        ]

    def _get_values(self, method):
        """:return: the values that this method wants"""
        values = {"duty": "credit"}
        return [values[name] for name in self._get_wanted(method)]

    def _prepare_dialogs(self):
        """:return: [(model, values)] of dialogs, as a program fills them in"""
        lines = [
            Command.create({"invoice_id": invoice.id, "is_applied": applied, **values})
            for invoice, applied, values in zip(
                self.open_invoices,
                (False, True),
                ({"amount_applied": 11.5}, {}),
                strict=True,
            )
        ]
        invoices = (self.invoices[0], self._small)
        decisions = [
            {"batch_id": batch.id, "amount": amount, "note": "me"}
            for batch in self.batches
            for amount in (batch.amount_to_approve, 1.0)
        ]
        without = {
            "partner_id": self.partner_a.id,
            "company_id": self.company.id,
            "currency_id": self.company.currency_id.id,
            "journal_id": self.company_data["default_journal_sale"].id,
            "reason_id": self.reason.id,
            "period_start": date(2026, 1, 1),
            "period_end": date(2026, 1, 31),
            "line_ids": [
                Command.create(
                    {
                        "name": "x",
                        "amount": 50.0,
                        "tax_ids": [Command.set(self.tax_sale_a.ids)],
                    }
                )
            ],
        }
        former = {
            "subject": "former",
            "former_number": "NEW-9",
            "former_date": date(2020, 1, 1),
            "former_total": 9999.0,
        }
        credit_note_ids = [Command.set(self.credit_note.ids)]
        return [
            (
                "account.credit.application",
                {"credit_note_id": self.credit_note.id, "line_ids": lines},
            ),
            ("account.credit.refund", {"credit_note_ids": credit_note_ids}),
            *(
                ("account.move.reversal", {"move_ids": [Command.set(invoice.ids)]})
                for invoice in invoices
            ),
            *(("account.credit.note.approval", decision) for decision in decisions),
            (DIALOG, without),
            (DIALOG, {**without, **former}),
        ]

    def _get_targets(self, user):
        """:return: {model: records} to call methods on, those of others and one's own;
        a dialog that cannot be opened is none
        """
        batches = self.batches
        targets = {
            "account.credit.note.batch": [*batches],
            "account.credit.note.batch.line": [*batches.line_ids],
            "account.credit.note.reason": [self.reason],
            "account.former.invoice": [self.drafts.former_invoice_id[:1]],
            "account.move": [
                self.drafts[0],
                self.drafts[-1],
                self.credited[0],
                self.credit_note,
                self.open_invoices[0],
            ],
            "account.payment": [self.env["account.payment"]],
            "res.partner": [self.partner_a],
        }
        for owner in {self.clerk, user}:
            for model, values in self._prepare_dialogs():
                with suppress(Exception), self.env.cr.savepoint():
                    dialog = self.env[model].browse(
                        call_kw(self._env(owner)[model], "create", [values], {})
                    )
                    self.env.flush_all()
                    targets.setdefault(model, []).append(dialog)
        return targets

    def _env(self, user):
        return self.env(user=user, su=False, context={})

    # -------------------------------------------------------------------------
    # WHAT IS IN THE DATABASE
    # -------------------------------------------------------------------------

    def _read_rows(self):
        """:return: {table: checksum of all its rows}"""
        self.env.flush_all()
        rows = {}
        for table in TABLES:
            self.env.cr.execute(f"SELECT to_regclass('{table}') IS NOT NULL")
            if self.env.cr.fetchone()[0]:
                self.env.cr.execute(
                    "SELECT md5(string_agg(md5(t::text), '' ORDER BY md5(t::text)))"
                    f" FROM {table} t"
                )
                rows[table] = self.env.cr.fetchone()[0]
        return rows

    def _call(self, user, records, name, *values):
        """Call it as RPC does. Inside a savepoint of the caller."""
        model = self._env(user)[records._name]
        method = getattr(type(model), name)
        ids = [] if getattr(method, "_api_model", False) else [records.ids]
        call_kw(model, name, [*ids, *values], {})
        self.env.flush_all()

    def _get_harm(self):
        """:return: what nobody who asked may bring about"""
        self.env.invalidate_all()
        requests = self.batches
        moves = self.drafts.exists() | self.credited.reversal_move_ids
        posted = moves.filtered(
            lambda move: (move.state, move.move_type) == ("posted", "out_refund")
        )
        return [
            *posted.mapped("name"),
            *requests.filtered(lambda batch: batch.state in ("running", "done")).ids,
            *(requests.approver_id - self.approver).mapped("login"),
        ]

    def _try(self, user, records, name, check, *values):
        """Call it, let `check` look at the database, and undo it."""
        with suppress(Undo), self.env.cr.savepoint():
            with suppress(Exception), self.env.cr.savepoint():
                self._call(user, records, name, *values)
            check()
            raise Undo
        self.env.invalidate_all()


@tagged("post_install", "-at_install")
class TestAccessButtons(ButtonsCommon):
    """Every button and public method, as everybody, on what is under way."""

    def setUp(self):
        super().setUp()
        self._small = self._invoice(10.0)

    def _check_rows(self, before):
        self.assertEqual(self._read_rows(), before)

    def _for_all_methods(self, user_name, check):
        """:return: the calls that were made"""
        user = self.users[user_name]
        calls = []
        for model, targets in self._get_targets(user).items():
            self.assertIn(model, MODELS)
            for name in self._get_public_methods(model):
                method = getattr(type(self.env[model]), name)
                for records in targets:
                    with self.subTest(user=user_name, model=model, method=name):
                        values = self._get_values(method)
                        self._try(user, records, name, check, *values)
                        calls.append((model, name))
        return calls

    @mute_logger("odoo.addons.base.models.ir_model", "odoo.addons.base.models.ir_rule")
    def test_nothing_changes_for_who_may_not(self):
        for name in ("auditor", "stranger", "employee", "portal", "public"):
            check = partial(self._check_rows, self._read_rows())
            calls = self._for_all_methods(name, check)
            self.assertGreater(len(set(calls)), 25)

    @mute_logger("odoo.addons.base.models.ir_model", "odoo.addons.base.models.ir_rule")
    def test_nobody_approves_what_he_asked_for(self):
        """A clerk, whoever asked or not, and an approver: only what others asked."""
        self.assertFalse(self._get_harm())
        for name in ("clerk", "another clerk"):
            self._for_all_methods(name, lambda: self.assertFalse(self._get_harm()))
        own = self.waiting.filtered(lambda batch: batch.user_id == self.asker)
        others, self.batches = self.batches, own
        self.drafts = own.line_ids.credit_note_id
        self.credited = own.line_ids.invoice_id
        self.assertEqual(len(own), 3)
        self._for_all_methods(
            "approver who asked", lambda: self.assertFalse(self._get_harm())
        )
        self.batches = others

    def test_an_approver_does(self):
        """So the test above calls what would approve."""
        approved = []
        self._for_all_methods(
            "approver", lambda: approved.append(bool(self._get_harm()))
        )
        # Each in whole, and a part of the credit note of an invoice.
        self.assertGreaterEqual(approved.count(True), 8)

    @mute_logger(
        "odoo.addons.base.models.ir_model",
        "odoo.addons.base.models.ir_rule",
        "odoo.sql_db",
    )
    def test_no_button_of_odoo_posts_them(self):
        """Nor does a dialog of Odoo: all that wants no values, of draft and request."""
        for model, targets in (
            ("account.move", [*self.drafts, *self.credited]),
            ("account.credit.note.batch", [*self.batches]),
        ):
            names = [*self._get_buttons_of_odoo(model)]
            self.assertGreater(len(names), 5)
            for name in names:
                for records in targets:
                    with self.subTest(model=model, method=name):
                        self._try(
                            self.clerk,
                            records,
                            name,
                            lambda: self.assertFalse(self._get_harm()),
                        )
        for wizard, values in (
            (
                "validate.account.move",
                {"move_ids": [Command.set(self.drafts.ids)], "force_post": True},
            ),
            (
                "account.move.reversal",
                {"move_ids": [Command.set(self.invoices.ids)]},
            ),
        ):
            for name in {"validate_move", *self._get_buttons_of_odoo(wizard)}:
                if not hasattr(type(self.env[wizard]), name):
                    continue
                dialog = self._env(self.clerk)[wizard].create(values)
                with self.subTest(model=wizard, method=name):
                    self._try(
                        self.clerk,
                        dialog,
                        name,
                        lambda: self.assertFalse(self._get_harm()),
                    )

    @mute_logger("odoo.addons.base.models.ir_model", "odoo.addons.base.models.ir_rule")
    def test_no_field_of_a_request_is_written(self):
        """All of them, by who asked and by others, administrators, too."""
        administrator = self._user(
            "administrator", "account.group_account_manager,base.group_system"
        )
        for user in (self.clerk, self.asker, self.approver, administrator):
            for records in (self.batches[0], self.batches.line_ids[0]):
                model = self._env(user)[records._name]
                for name, field in records._fields.items():
                    if not field.store or name in MAGIC or field.type == "one2many":
                        continue
                    value = field.convert_to_write(records[name], records) or 1
                    with (
                        self.subTest(user=user.login, model=records._name, field=name),
                        self.assertRaises(AccessError),
                        self.env.cr.savepoint(),
                    ):
                        call_kw(model, "write", [records.ids, {name: value}], {})
                for method, values in (
                    ("create", [{}]),
                    ("unlink", [records.ids]),
                    ("copy", [records.ids]),
                    ("web_save", [records.ids, {"state": "running"}, {}]),
                ):
                    with (
                        self.subTest(user=user.login, method=method),
                        self.assertRaises(AccessError),
                        self.env.cr.savepoint(),
                    ):
                        call_kw(model, method, values, {})

    @mute_logger("odoo.addons.base.models.ir_model", "odoo.addons.base.models.ir_cron")
    def test_doors_of_a_draft(self):
        """Written, copied, posted by itself, by an action of the server."""
        draft = self.drafts.filtered(lambda move: move.create_uid == self.clerk)[0]
        model = self._env(self.clerk)["account.move"]
        action = self.env["ir.actions.server"].create(
            {
                "name": "Confirm",
                "model_id": self.env["ir.model"]._get_id("account.move"),
                "state": "code",
                "code": "records.action_post()",
            }
        )

        def write_and_post(**values):
            call_kw(model, "write", [draft.ids, values], {})
            call_kw(model, "action_post", [draft.ids], {})

        def copy_and_post():
            [copy] = call_kw(model, "copy", [draft.ids], {})
            self.drafts |= self.env["account.move"].browse(copy)
            call_kw(model, "write", [[copy], {"invoice_date": self.today}], {})
            call_kw(model, "action_post", [[copy]], {})

        def create_posted():
            values = {
                "move_type": "out_refund",
                "partner_id": self.partner_a.id,
                "state": "posted",
                "credit_note_approver_id": self.approver.id,
                "line_ids": [Command.create({"name": "x", "price_unit": 5000.0})],
            }
            [move] = call_kw(model, "create", [[values]], {})
            self.drafts |= self.env["account.move"].browse(move)

        def run_action():
            action.with_env(self._env(self.clerk)).with_context(
                active_model="account.move", active_ids=draft.ids, active_id=draft.id
            ).run()

        doors = {
            "state": lambda: write_and_post(state="posted"),
            "approver": lambda: write_and_post(
                credit_note_approver_id=self.approver.id
            ),
            "makers": lambda: write_and_post(
                create_uid=self.approver.id, write_uid=self.approver.id
            ),
            "type": lambda: write_and_post(move_type="out_invoice"),
            "company": lambda: write_and_post(company_id=self.other_company.id),
            "reason": lambda: write_and_post(credit_note_reason_id=False),
            "entry": lambda: write_and_post(auto_post="at_date"),
            "copy": copy_and_post,
            "create": create_posted,
            "server action": run_action,
        }
        for name, door in doors.items():
            with self.subTest(door=name), suppress(Undo), self.env.cr.savepoint():
                with suppress(Exception), self.env.cr.savepoint():
                    door()
                    self.env.flush_all()
                self.assertFalse(self._get_harm())
                raise Undo
            self.env.invalidate_all()
        # That of the superuser passes, and the document says so.
        action.sudo().with_context(
            active_model="account.move", active_ids=draft.ids, active_id=draft.id
        ).run()
        self.assertEqual(draft.state, "posted")
        self.assertFalse(draft.credit_note_approver_id)
        self.assertIn("without approval", " ".join(draft.message_ids.mapped("body")))
