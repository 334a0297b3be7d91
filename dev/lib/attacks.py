"""Calls that a program makes up, each committed unless it is refused.

usage: attacks.py prepare|attack|report OPTION...

See dev/check attacks. `prepare` makes issued documents, users of each kind and all that
hangs on a document. `attack` makes up calls in a copy of that database, and compares
after each what was issued. `report` adds up what the copies found.
"""

import argparse
import hashlib
import inspect
import json
import logging
import random
import re
import signal
import socket
import sys
import time
from collections import Counter
from datetime import date, timedelta
from pathlib import Path

import psycopg2

ADDON = "account_partner_credit_note"
GROUPS = {
    "billing": "account.group_account_invoice",
    "accountant": "account.group_account_user",
    "administrator": "base.group_system,account.group_account_manager",
}
# Whoever calls: a person by RPC, the code of a server action as superuser, SQL.
CALLERS = ("billing", "accountant", "administrator", "action", "sql", "sql in action")
WEIGHTS = (5, 4, 5, 7, 3, 2)
WIZARDS = (
    "account.move.reversal",
    "account.move.send.wizard",
    "account.move.send.batch.wizard",
    "account.payment.register",
    "account.resequence.wizard",
    "account.automatic.entry.wizard",
    "account.autopost.bills.wizard",
    "account.secure.entries.wizard",
    "account.merge.wizard",
    "base.partner.merge.automatic.wizard",
    "mail.compose.message",
    "validate.account.move",
)
TABLES = (
    "account_move",
    "account_move_line",
    "account_move_line_account_tax_rel",
    "account_document_seal",
    "account_document_lock_log",
    "ir_attachment",
    "mail_message",
    "mail_tracking_value",
    "message_attachment_rel",
    "account_partial_reconcile",
    "account_tax",
    "product_product",
    "res_partner",
    "res_users",
)
# The lock is switched by who may, and logged; the rest is what somebody does who
# installs an addon: it changes the schema or the running process.
SWITCHES = {
    "archive_after_posting",
    "lock_in_database",
    "lock_posted_invoices",
    "over_credit_policy",
}
LEFT_OUT = re.compile(
    r"__|_?(auto_init|init|setup|prepare_setup|register_hook|unregister_hook|add_field"
    r"|pop_field|add_inherited|build|check_m2m|create_parent|parent_store|table_|drop"
    r"|ids$|env$|pool$|cr$|uid$|context$|sudo|with_|browse|transient|module)"
    r"|.*(uninstall|_cron_seal|set_switch)"
)
# A contact that becomes part of another company takes its documents along.
FOLLOWS_CONTACT = {"commercial_partner_id", "partner_id"}
SECONDS = 10
# New ones of these come with Odoo's life; those that are there stay.
GROWING = {"file", "sent file", "message", "tracked value", "seal", "log"}


class TooLong(BaseException):
    """The call takes longer than anybody waits."""


# --- the process -------------------------------------------------------------------


def load_registry(conf, database):
    from odoo.modules.registry import Registry
    from odoo.tools import config

    config.parse_config(["-c", conf, "--no-http", "--log-level=critical"])
    logging.disable(logging.CRITICAL)
    return Registry(database)


def stay_inside():
    """No call reaches the network, none takes for ever."""

    def refuse(*_args, **_kwargs):
        raise OSError("no network here")

    def stop(*_args):
        raise TooLong

    socket.socket.connect = socket.create_connection = refuse
    time.sleep = lambda _seconds: None
    signal.signal(signal.SIGALRM, stop)


# --- what there is to attack -------------------------------------------------------


def prepare(env):
    """Documents of each kind, sent and paid, with all that hangs on them."""
    from odoo import Command

    groups = {
        name: [Command.link(env.ref(xmlid).id) for xmlid in ids.split(",")]
        for name, ids in GROUPS.items()
    }
    for name, commands in groups.items():
        env["res.users"].create(
            {"name": name, "login": f"attack_{name}", "group_ids": commands}
        )
    partner = env["res.partner"].create(
        {"name": "Attacked", "email": "attacked@example.com"}
    )
    product = env["product.product"].create({"name": "Lamp", "list_price": 100.0})
    euro = env.ref("base.EUR")
    euro.active = True

    def invoice(**values):
        move = env["account.move"].create(
            {
                "move_type": "out_invoice",
                "partner_id": partner.id,
                "invoice_date": date.today() - timedelta(days=9),
                "invoice_line_ids": [
                    Command.create({"product_id": product.id, "quantity": 2.0}),
                    Command.create({"name": "Delivery", "price_unit": 5.55}),
                ],
                **values,
            }
        )
        move.action_post()
        return move

    moves = (
        invoice()
        + invoice(currency_id=euro.id)
        + invoice(move_type="out_receipt")
        + invoice(move_type="out_refund")
        + invoice()
    )
    dialog = env["account.move.reversal"].with_context(
        active_model="account.move", active_ids=moves[0].ids
    )
    dialog.create({"credit_method": "percentage", "percentage": 10.0}).action_issue()
    moves += moves[0].reversal_move_ids
    env["account.payment.register"].with_context(
        active_model="account.move", active_ids=moves[1].ids
    ).create({})._create_payments()
    for move in moves[:4]:
        move._generate_and_send(sending_methods=["manual"])
        move.message_post(
            body="Your invoice",
            subtype_xmlid="mail.mt_comment",
            attachments=[("copy.pdf", b"%PDF-1.4 sent")],
        )
        move._track_set_log_message("Told")
        move.message_post(body="Among us", subtype_xmlid="mail.mt_note")
    invoice_draft = moves[0].copy()
    invoice_draft.message_post(body="Draft")
    env.cr.commit()
    seals = env["account.document.seal"].sudo()
    while seals.search_count([("chain", "=", False)]):
        seals._cron_chain()
        env.cr.commit()


class Watch:
    """What was issued, as the database has it."""

    def __init__(self, env):
        import importlib

        lock = f"odoo.addons.{ADDON}.models.lock"
        columns = importlib.import_module(f"{lock}.columns").get_closed_columns
        self.database = importlib.import_module(f"{lock}.database")
        env.cr.execute("SELECT array_agg(move_id) FROM account_document_seal")
        [self.ids] = env.cr.fetchone()
        fields = sorted(env["account.move"]._get_lock_file_fields())
        note = env.ref("mail.mt_note").id
        # Securing is Odoo's own, once.
        move = sorted(
            columns(env["account.move"]) - {"inalterable_hash"} - FOLLOWS_CONTACT
        )
        line = sorted(columns(env["account.move.line"]) - FOLLOWS_CONTACT)
        env.cr.execute(
            "SELECT array_agg(m.id) FROM mail_message m WHERE model = 'account.move'"
            " AND res_id = ANY(%s) AND (message_type <> 'comment'"
            " OR subtype_id IS DISTINCT FROM %s OR EXISTS (SELECT"
            " FROM mail_tracking_value v WHERE v.mail_message_id = m.id))",
            [self.ids, note],
        )
        [messages] = env.cr.fetchone()
        pick = "account_document_pick(to_jsonb(t), %s)"
        file_columns = list(self.database.FILE_COLUMNS)
        self.queries = {
            "document": (
                f"SELECT id, {pick} FROM account_move t WHERE id = ANY(%s)",
                [move, self.ids],
            ),
            "line": (
                f"SELECT id, {pick} FROM account_move_line t WHERE move_id = ANY(%s)",
                [line, self.ids],
            ),
            "file": (
                (
                    f"SELECT id, {pick} FROM ir_attachment t WHERE res_id = ANY(%s)"
                    " AND res_model = 'account.move' AND res_field = ANY(%s)"
                ),
                [file_columns, self.ids, fields],
            ),
            "sent file": (
                (
                    f"SELECT id, {pick} FROM ir_attachment t WHERE id IN ("
                    " SELECT attachment_id FROM message_attachment_rel"
                    " WHERE message_id = ANY(%s)) AND res_field IS NULL"
                ),
                [file_columns, messages],
            ),
            "message": (
                f"SELECT id, {pick} FROM mail_message t WHERE id = ANY(%s)",
                [list(self.database.MESSAGE_COLUMNS), messages],
            ),
            "tracked value": (
                (
                    "SELECT id, to_jsonb(t) FROM mail_tracking_value t"
                    " WHERE mail_message_id = ANY(%s)"
                ),
                [messages],
            ),
            "forged message": (
                (
                    "SELECT id, to_jsonb(t) FROM mail_message t WHERE res_id = ANY(%s)"
                    " AND model = 'account.move' AND (date - create_date"
                    " NOT BETWEEN '-10 minutes' AND '10 minutes') IS NOT FALSE"
                ),
                [self.ids],
            ),
            "seal": (
                (
                    "SELECT id, to_jsonb(t) FROM account_document_seal t"
                    " WHERE move_id = ANY(%s)"
                ),
                [self.ids],
            ),
            "log": ("SELECT id, to_jsonb(t) FROM account_document_lock_log t", []),
        }
        for table, column in self.database._get_line_relations(env):
            self.queries[table] = (
                (
                    f"SELECT to_jsonb(t)::text, to_jsonb(t) FROM {table} t"
                    f" JOIN account_move_line l ON l.id = t.{column}"
                    " WHERE l.move_id = ANY(%s)"
                ),
                [self.ids],
            )

    def get_digests(self, cr):
        """:return: one digest for each kind of row"""
        return {
            kind: self._ask(
                cr,
                "SELECT md5(string_agg(row::text, ',' ORDER BY id)) FROM"
                f" ({query}) AS q (id, row)",
                params,
            )[0][0]
            for kind, (query, params) in self.queries.items()
        }

    def get_rows(self, cr):
        """:return: {kind: {id: row}}"""
        return {
            kind: dict(self._ask(cr, query, params))
            for kind, (query, params) in self.queries.items()
        }

    def _ask(self, cr, query, params):
        cr.execute(query, params)
        return cr.fetchall()

    def find_changes(self, before, after):
        """:return: texts that say what is not as it was"""
        changes = []
        for kind, rows in before.items():
            for id_, row in rows.items():
                now = after[kind].get(id_)
                if now is None:
                    changes.append(f"{kind} {id_} is gone")
                elif now != row:
                    names = [name for name in row if row[name] != now.get(name)]
                    changes.append(
                        f"{kind} {id_}: "
                        + ", ".join(f"{n}: {row[n]!r} -> {now.get(n)!r}" for n in names)
                    )
            if kind not in GROWING:
                changes += [
                    f"{kind} {id_} is new" for id_ in after[kind].keys() - rows.keys()
                ]
        return changes


def find_targets(env, watch):
    """:return: list of (model, ids) that hang on what was issued"""
    moves = env["account.move"].browse(watch.ids[-8:])
    messages = moves.message_ids
    files = env["ir.attachment"].search(
        [("res_model", "=", "account.move"), ("res_id", "in", moves.ids)]
        + [("res_field", "!=", "x")]
    )
    draft = env["account.move"].search([("state", "=", "draft")], limit=1)
    records = [
        *[moves] * 3,
        *moves,
        draft,
        *[moves.line_ids] * 2,
        *moves.line_ids[:12],
        draft.line_ids,
        *[*files] * 3,
        files + messages.attachment_ids,
        *[*messages.attachment_ids] * 2,
        *messages[:12],
        messages.tracking_value_ids,
        messages.mail_ids,
        moves.message_follower_ids,
        moves.partner_id,
        messages.author_id,
        env["res.users"].search([("login", "like", "attack_")]),
        moves.line_ids.product_id,
        moves.line_ids.product_id.product_tmpl_id,
        moves.line_ids.tax_ids,
        moves.line_ids.tax_ids.invoice_repartition_line_ids,
        moves.line_ids.tax_group_id,
        moves.line_ids.account_id,
        moves.line_ids.tax_tag_ids,
        moves.line_ids.matched_debit_ids + moves.line_ids.matched_credit_ids,
        moves.line_ids.full_reconcile_id,
        moves.matched_payment_ids,
        moves.journal_id,
        moves.currency_id,
        moves.company_id,
        moves.invoice_payment_term_id,
        moves.fiscal_position_id,
        moves.partner_bank_id,
        env["account.credit.note.reason"].search([], limit=2),
        env["account.document.seal"].search([("move_id", "in", moves.ids)]),
        env["account.document.lock.log"].search([], limit=3),
        env["account.bank.statement.line"].search([], limit=2),
        env["ir.model.data"].search([("name", "=", "mt_note")]),
        env["ir.model.fields"]._get("account.move", "narration"),
        env["ir.default"],
    ]
    return [(r._name, list(r._ids)) for r in records if r or r._name == "ir.default"]


def find_context_keys(env):
    """:return: keys that Odoo's installed addons read from the context"""
    from odoo.modules.module import get_module_path

    names = env["ir.module.module"].search([("state", "=", "installed")])
    keys = set()
    for name in ("base", *names.mapped("name")):
        for path in Path(get_module_path(name)).rglob("*.py"):
            if "/tests/" not in str(path):
                text = path.read_text(errors="ignore")
                keys.update(re.findall(r"context\.get\(['\"]([\w.]+)['\"]", text))
                keys.update(re.findall(r"\b(\w+)=True\)", text))
    return sorted(keys - {"lang"})


# --- calls -------------------------------------------------------------------------


class Generator:
    def __init__(self, env, watch, rng):
        self.rng = rng
        self.ids = watch.ids[-8:]
        self.targets = find_targets(env, watch)
        self.keys = find_context_keys(env)
        self.uids = {
            name: env["res.users"].search([("login", "=", f"attack_{name}")]).id
            for name in GROUPS
        }
        self.columns = {}
        env.cr.execute(
            "SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod)"
            " FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid"
            " WHERE c.relname = ANY(%s) AND attnum > 0 AND NOT attisdropped"
            " ORDER BY 1, 2",
            [list(TABLES)],
        )
        for table, column, kind in env.cr.fetchall():
            self.columns.setdefault(table, {})[column] = kind

    # Values

    def make_value(self, env, field, record):
        rng = self.rng
        ids = [*self.ids, *(record._ids[:3] or (1,)), 1, 2, False]
        match field.type:
            case "boolean":
                return rng.choice([True, False])
            case "integer" | "float" | "monetary":
                return rng.choice([0, 1, -7.5, "3", 1e12, rng.choice(ids)])
            case "many2one" | "many2one_reference":
                return rng.choice([*ids, str(rng.choice(ids)), [rng.choice(ids)]])
            case "one2many" | "many2many":
                id_ = rng.choice(ids) or 1
                return rng.choice(
                    [
                        [(5,)],
                        [(6, 0, [])],
                        [(6, 0, [id_])],
                        [(0, 0, self.make_values(env, field.comodel_name, 2))],
                        [(1, id_, self.make_values(env, field.comodel_name, 1))],
                        [(2, id_)],
                        [(3, id_)],
                        [(4, id_)],
                        [id_],
                        False,
                    ]
                )
            case "date" | "datetime":
                return rng.choice([False, "2020-01-01", str(date.today()), "x"])
            case "selection":
                return rng.choice([False, *field.get_values(env)])
            case "binary":
                return rng.choice([False, "JVBERi0xLjQ=", "x"])
            case "json" | "properties":
                return rng.choice([False, {}, {"1": 100}])
        return rng.choice([False, "", "x", "/", "INV/2026/99999", {"en_US": "x"}])

    def make_values(self, env, model, number, record=None):
        record = env[model] if record is None else record
        fields = [f for f in env[model]._fields.values() if f.name not in SWITCHES]
        values = {}
        for _number in range(number):
            field = self.rng.choice(fields)
            if record and self.rng.random() < 0.3 and field.store:
                # A value that it has, which may set off computations.
                value = field.convert_to_write(record.sudo()[:1][field.name], record)
                values[field.name] = value
            else:
                values[field.name] = self.make_value(env, field, record)
        return values

    def make_context(self, env):
        context = {}
        for _number in range(self.rng.choice([0, 0, 1, 2, 4])):
            key = self.rng.choice(self.keys)
            context[key] = self.rng.choice([True, False, 1, "x", self.ids, self.ids[0]])
        if self.rng.random() < 0.15:
            values = self.make_values(env, "account.move", 2)
            context.update({f"default_{name}": v for name, v in values.items()})
        return context

    def make_argument(self, env, record, name):
        rng = self.rng
        if "vals_list" in name or "values_list" in name:
            return [self.make_values(env, record._name, 3, record)]
        if "val" in name or "default" in name or "data" in name:
            return self.make_values(env, record._name, rng.choice([1, 2]), record)
        if "domain" in name:
            return rng.choice([[], [("id", "in", list(record._ids))]])
        if "field" in name or "fname" in name:
            fname = rng.choice(list(record._fields))
            return rng.choice([fname, [fname]])
        if "ids" in name:
            return list(record._ids) or self.ids
        if name.endswith("id") or name in ("limit", "offset", "count"):
            return rng.choice([*self.ids, 1])
        if "date" in name:
            return rng.choice([False, "2020-01-01"])
        return rng.choice([True, False, None, 1, "x", [], {}, self.ids, "draft"])

    # Calls: (model, ids, context, method, arguments)

    def make_call(self, env):
        rng = self.rng
        context = self.make_context(env)
        if rng.random() < 0.08:
            model = rng.choice([name for name in WIZARDS if name in env])
            context.update(active_model="account.move", active_ids=self.ids)
            values = self.make_values(env, model, rng.choice([0, 1, 2]))
            return model, [], context, "create", [values]
        model, ids = rng.choice(self.targets)
        record = env[model].browse(ids)
        kind = rng.randrange(20)
        values = self.make_values(env, model, rng.choice([1, 1, 2, 3]), record)
        if kind < 6:
            return model, ids, context, "write", [values]
        if kind == 6:
            plain = {n: v for n, v in values.items() if env[model]._fields[n].store}
            return model, ids, context, "_write", [plain]
        if kind == 7:
            return model, ids, context, "unlink", []
        if kind == 8:
            values = self.make_values(env, model, rng.choice([2, 4, 6]), record)
            return model, [], context, "create", [values]
        if kind == 9:
            fname = rng.choice(list(record._fields))
            value = self.make_value(env, record._fields[fname], record)
            row = [str((ids or [1])[0]), str(value or "")]
            return model, [], context, "load", [[".id", fname], [row]]
        if kind == 10:
            return model, ids[:1], context, "web_save", [values, {}]
        if kind == 11:
            return model, ids[:1], context, "copy", [values]
        if kind == 12 and model == "account.move":
            return model, ids, context, "message_post", [], {"body": "x", **values}
        names = self.get_methods(type(record), public=kind < 17)
        name = rng.choice(names)
        return model, ids, context, name, *self.make_arguments(env, record, name)

    def get_methods(self, model_class, public):
        return [
            name
            for name in dir(model_class)
            if not LEFT_OUT.match(name)
            and (not public or not name.startswith("_"))
            and callable(getattr(model_class, name, None))
        ]

    def make_arguments(self, env, record, name):
        """:return: (list of arguments, dict of named ones)"""
        positional, named = [], {}
        try:
            signature = inspect.signature(getattr(type(record), name))
        except (TypeError, ValueError):
            return positional, named
        for parameter in list(signature.parameters.values())[1:]:
            if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
                continue
            if parameter.default is parameter.empty:
                value = self.make_argument(env, record, parameter.name)
                if parameter.kind is parameter.KEYWORD_ONLY:
                    named[parameter.name] = value
                else:
                    positional.append(value)
            elif self.rng.random() < 0.4:
                value = self.make_argument(env, record, parameter.name)
                named[parameter.name] = value
        return positional, named

    # SQL

    def make_statement(self):
        rng = self.rng
        table = rng.choice(TABLES)
        columns = list(self.columns[table])
        column = rng.choice(columns)
        where = "TRUE"
        if "id" in columns:
            where = rng.choice(
                [
                    "TRUE",
                    f"{table}.id = (SELECT max(id) FROM {table})",
                    f"{table}.id = ANY(ARRAY{self.ids})",
                ]
            )
            for name in ("move_id", "res_id", "mail_message_id"):
                if name in columns and rng.random() < 0.6:
                    where = f"{table}.{name} = ANY(ARRAY{self.ids})"
        other = (
            f'(SELECT "{column}" FROM {table} WHERE "{column}" IS NOT NULL'
            " ORDER BY random() LIMIT 1)"
        )
        value = rng.choice(["NULL", other, "DEFAULT", *self.make_literals(column)])
        names = ", ".join(f'"{name}"' for name in columns if name != "id")
        copied = names.replace(f'"{column}"', other, 1)
        return rng.choice(
            [
                f'UPDATE {table} SET "{column}" = {value} WHERE {where}',
                f'UPDATE {table} SET "{column}" = {value} WHERE {where}',
                f'UPDATE {table} SET "{column}" = {value} WHERE {where}',
                f"DELETE FROM {table} WHERE {where}",
                (
                    f"INSERT INTO {table} ({names}) SELECT {copied} FROM {table}"
                    f" WHERE {where} LIMIT 1"
                ),
                f"TRUNCATE {table} CASCADE",
            ]
        )

    def make_literals(self, column):
        if column in ("res_id", "move_id", "mail_message_id", "parent_id"):
            return [str(self.rng.choice(self.ids))] * 3
        return [
            "'x'",
            "'2020-01-01'",
            "'2099-01-01'",
            "0",
            "1",
            "'draft'",
            "'account.move'",
            "'invoice_pdf_report_file'",
            "TRUE",
        ]


def make_code(call, quiet):
    """:return: the code of a server action that makes the call as superuser"""
    model, ids, context, method, arguments, *named = call
    line = (
        f"result = env[{model!r}].sudo().browse({ids!r}).with_context(**{context!r})"
        f".{method}(*{arguments!r}, **{(named or [{}])[0]!r})"
    )
    if quiet:
        return (
            f"try:\n    {line}\nexcept Exception:\n"
            "    action = {'type': 'refused'}\nenv.flush_all()"
        )
    return line


# --- the attack --------------------------------------------------------------------


class Attack:
    def __init__(self, registry, seed):
        from odoo import api

        self.registry, self.api = registry, api
        self.rng = random.Random(seed)
        with registry.cursor() as cr:
            env = api.Environment(cr, 1, {})
            self.watch = Watch(env)
            self.generator = Generator(env, self.watch, self.rng)
            self.rows = self.watch.get_rows(cr)
            self.digests = self.watch.get_digests(cr)
        self.counts = Counter()
        self.through = []

    def run(self, count):
        for number in range(count):
            caller = self.rng.choices(CALLERS, WEIGHTS)[0]
            with self.registry.cursor() as cr:
                try:
                    text, call = self.make(cr, caller)
                except Exception:  # noqa: BLE001
                    # What it was to be made of has gone since.
                    self.counts[caller, "broke"] += 1
                    continue
                outcome = self.make_call(cr, call)
            self.counts[caller, outcome] += 1
            with self.registry.cursor() as cr:
                self.look(cr, f"call {number}, {caller}: {text}")

    def make(self, cr, caller):
        """:return: (text that describes the call, function that makes it)"""
        env = self.api.Environment(cr, 1, {})
        if caller == "sql":
            statement = self.generator.make_statement()
            return statement, lambda: cr.execute(statement, log_exceptions=False)
        if caller in ("action", "sql in action"):
            if caller == "action":
                quiet = self.rng.random() < 0.3
                code = make_code(self.generator.make_call(env), quiet)
            else:
                code = f"env.cr.execute({self.generator.make_statement()!r})"
            return code, lambda: self.run_action(env, code)
        call = self.generator.make_call(env)
        model, ids, context, method, arguments, *named = call
        env = self.api.Environment(cr, self.generator.uids[caller], context)
        record = env[model].browse(ids)
        return repr(call), lambda: self.follow(
            getattr(record, method)(*arguments, **(named or [{}])[0]), method
        )

    def follow(self, result, method):
        """A dialog that was made is used."""
        if method == "create" and result._name in WIZARDS:
            names = [
                name
                for name in self.generator.get_methods(type(result), public=True)
                if re.match(
                    "action_|button_|refund|modify|resequence|reverse|do_", name
                )
            ]
            if names:
                getattr(result, self.rng.choice(names))()
        return result

    def run_action(self, env, code):
        action = env["ir.actions.server"].create(
            {
                "name": "x",
                "model_id": env["ir.model"]._get_id("account.move"),
                "state": "code",
                "code": code,
            }
        )
        return action.with_user(self.generator.uids["administrator"]).run()

    def make_call(self, cr, call):
        """:return: what became of it; it is committed unless it was refused"""
        from odoo.exceptions import UserError

        cr.execute("SET LOCAL statement_timeout = '8s'", log_exceptions=False)
        signal.alarm(SECONDS)
        try:
            result = call()
            cr.flush()
            cr.execute("SELECT pg_current_xact_id_if_assigned() IS NOT NULL")
            [wrote] = cr.fetchone()
            cr.commit()
            if isinstance(result, dict) and result.get("type") == "refused":
                return "refused and caught"
            return "answered and wrote" if wrote else "answered"
        except (UserError, psycopg2.Error) as error:
            cr.rollback()
            return "refused by the lock" if is_of_lock(error) else "refused by Odoo"
        except Exception as error:  # noqa: BLE001
            cr.rollback()
            # The code of a server action.
            return "refused by the lock" if is_of_lock(error) else "broke"
        except TooLong:
            cr.rollback()
            return "took too long"
        finally:
            signal.alarm(0)

    def look(self, cr, text):
        digests = self.watch.get_digests(cr)
        if digests == self.digests:
            return
        rows = self.watch.get_rows(cr)
        changes = self.watch.find_changes(self.rows, rows)
        if changes:
            self.through.append((text, changes))
        for kind, old in self.rows.items():
            # What came is watched from here on, but for Odoo's own notes.
            if changes or kind in ("file", "sent file"):
                old.clear()
                old.update(rows[kind])
        self.digests = digests

    def check_files(self, env):
        """Compare the archived files on the disk with their checksums."""
        for id_ in self.rows["file"]:
            file = env["ir.attachment"].browse(id_)
            if hashlib.sha1(file.raw or b"").hexdigest() != file.checksum:
                self.through.append(("files on the disk", [f"file {id_}"]))


def is_of_lock(error):
    """:return: whether this addon's lock refused it, and not Odoo or the database"""
    while error:
        if isinstance(error, psycopg2.Error):
            if "account_document_" in (error.diag.context or ""):
                return True
        elif "account_document_" in str(error):
            return True
        trace = error.__traceback__
        while trace:
            last = trace.tb_frame.f_code.co_filename
            trace = trace.tb_next
        if error.__traceback__ and f"/{ADDON}/models/lock/" in last:
            return True
        error = error.__cause__ or error.__context__
    return False


def attack(args):
    registry = load_registry(args.conf, args.db)
    stay_inside()
    type(registry["ir.actions.report"])
    registry["ir.actions.report"]._run_wkhtmltopdf = lambda self, bodies, **_kwargs: (
        b"%PDF-1.4\n%EOF"
    )
    attack = Attack(registry, args.seed)
    if args.unlocked:
        with registry.cursor() as cr:
            env = attack.api.Environment(cr, attack.generator.uids["administrator"], {})
            env["res.company"].sudo().search([]).write({"lock_posted_invoices": False})
        with registry.cursor() as cr:
            attack.rows = attack.watch.get_rows(cr)
            attack.digests = attack.watch.get_digests(cr)
    attack.run(args.count)
    if not args.unlocked:
        with registry.cursor() as cr:
            env = attack.api.Environment(cr, 1, {})
            attack.check_files(env)
            if not all(env["res.company"].search([]).mapped("lock_posted_invoices")):
                attack.through.append(("the lock is off", ["it was switched"]))
    Path(args.output).write_text(
        json.dumps(
            {
                "unlocked": args.unlocked,
                "seed": args.seed,
                "documents": len(attack.watch.ids),
                "counts": [[*key, value] for key, value in attack.counts.items()],
                "through": attack.through,
            }
        )
    )


def report(args):
    """Print what was tried and what became of it; fail if something went through."""
    results = [json.loads(Path(path).read_text()) for path in args.files]
    locked = [result for result in results if not result["unlocked"]]
    counts = Counter()
    for result in locked:
        for caller, outcome, number in result["counts"]:
            counts[caller, outcome] += number
    outcomes = sorted({outcome for _caller, outcome in counts})
    width = max(map(len, CALLERS))
    print(" " * width, *(f"{outcome:>20}" for outcome in outcomes), f"{'all':>8}")
    for caller in CALLERS:
        numbers = [counts[caller, outcome] for outcome in outcomes]
        print(f"{caller:{width}}", *(f"{n:>20}" for n in numbers), f"{sum(numbers):>8}")
    through = [
        (result["seed"], text, changes)
        for result in locked
        for text, changes in result["through"]
    ]
    for seed, text, changes in through:
        print(f"seed {seed}, {text}")
        for change in changes[:5]:
            print(f"    {change[:300]}")
    for result in results:
        if result["unlocked"]:
            calls = sum(number for *_key, number in result["counts"])
            print(
                f"with the lock off, {len(result['through'])} of {calls} calls change"
                " what was issued"
            )
    print(
        f"with the lock on, {len(through)} of {counts.total()} calls change what was"
        f" issued ({locked[0]['documents']} documents)"
    )
    control = [r for r in results if r["unlocked"]]
    return bool(through) or any(not r["through"] for r in control)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("mode", choices=("prepare", "attack", "report"))
    parser.add_argument("files", nargs="*")
    parser.add_argument("--conf")
    parser.add_argument("--db")
    parser.add_argument("--count", type=int)
    parser.add_argument("--seed", type=int)
    parser.add_argument("--output")
    parser.add_argument("--unlocked", action="store_true")
    args = parser.parse_args()
    if args.mode == "report":
        sys.exit(report(args))
    if args.mode == "attack":
        attack(args)
        return
    from odoo import api

    registry = load_registry(args.conf, args.db)
    with registry.cursor() as cr:
        prepare(api.Environment(cr, 2, {"lang": "en_US"}))


if __name__ == "__main__":
    main()
