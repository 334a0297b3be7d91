"""Calls that a program makes up: whoever makes them, what was issued stays as it is.

`LOCK_CALLS` in the environment says how many, `LOCK_SEED` which: a failure names it.
"""

import logging
import os
import random

import psycopg2

from odoo.exceptions import UserError
from odoo.tests import tagged
from odoo.tools import SQL

from ..models.lock.columns import get_closed_columns
from ..models.lock.database import FILE_COLUMNS, MESSAGE_COLUMNS
from ..models.lock.res_company import SWITCHES
from .lock_common import LockCommon

CALLS = int(os.environ.get("LOCK_CALLS", "250"))
CONTEXTS = (
    {},
    {"skip_invoice_sync": True, "check_move_validity": False},
    {"skip_readonly_check": True, "skip_account_move_synchronization": True},
    {"_force_unlink": True, "force_delete": True, "dynamic_unlink": True},
    {"bypass_lock_check": True, "tracking_disable": True},
    {"account_partner_credit_note.posting": True, "bin_size": True},
)
# The number of a message or a file may be guessed; the tables are known.
TABLES = (
    "account_move",
    "account_move_line",
    "account_move_line_account_tax_rel",
    "ir_attachment",
    "mail_message",
    "mail_tracking_value",
    "account_document_seal",
)


@tagged("post_install", "-at_install")
class TestLockGenerated(LockCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.document = cls.init_invoice("out_invoice", products=cls.product_a)
        cls.document.action_post()
        cls.pdf = cls._archive(cls.document)
        cls.message = cls.document._message_log(body="Issued")
        cls.env.flush_all()
        cls.env.cr.execute(
            "UPDATE mail_message SET create_date = '2020-01-01' WHERE id = %s",
            [cls.message.id],
        )
        cls._end_transaction()
        cls.env.invalidate_all()

    def _read_issued(self):
        """:return: what must not change, as the database has it"""
        self.env.cr.execute(
            SQL(
                """
                SELECT account_document_pick(to_jsonb(m), %s),
                       (SELECT jsonb_object_agg(
                            l.id, account_document_pick(to_jsonb(l), %s))
                          FROM account_move_line l WHERE l.move_id = m.id),
                       (SELECT jsonb_agg(to_jsonb(r) ORDER BY to_jsonb(r))
                          FROM account_move_line_account_tax_rel r
                          JOIN account_move_line l ON l.id = r.account_move_line_id
                         WHERE l.move_id = m.id),
                       (SELECT account_document_pick(to_jsonb(f), %s)
                          FROM ir_attachment f WHERE f.id = %s),
                       (SELECT account_document_pick(to_jsonb(t), %s)
                          FROM mail_message t WHERE t.id = %s),
                       (SELECT to_jsonb(s) FROM account_document_seal s
                         WHERE s.move_id = m.id)
                  FROM account_move m WHERE m.id = %s
                """,
                # Securing is Odoo's own, once.
                sorted(get_closed_columns(self.document) - {"inalterable_hash"}),
                sorted(get_closed_columns(self.document.line_ids)),
                list(FILE_COLUMNS),
                self.pdf.id,
                list(MESSAGE_COLUMNS),
                self.message.id,
                self.document.id,
            )
        )
        return self.env.cr.fetchall()

    # --- what is called ------------------------------------------------------------

    def _make_value(self, rng, field, record):
        match field.type:
            case "boolean":
                return rng.choice([True, False])
            case "integer" | "float" | "monetary":
                return rng.choice([0, 1, -7.5, "3", record.id])
            case "many2one" | "many2one_reference":
                return rng.choice([False, 1, 2, record.id, str(record.id)])
            case "one2many" | "many2many":
                return rng.choice(
                    [[(5,)], [(6, 0, [])], [(0, 0, {})], [(3, record.id)], [(2, 1)], []]
                )
            case "date" | "datetime":
                return rng.choice([False, "2020-01-01", "2031-12-31"])
            case "selection":
                return rng.choice([False, *field.get_values(self.env)])
        return rng.choice([False, "", "x", "0", {"en_US": "x"}])

    def _make_write(self, rng, record):
        field = rng.choice(list(record._fields.values()))
        if record._name == "res.company" and field.name in SWITCHES:
            return {}
        values = {field.name: self._make_value(rng, field, record)}
        if rng.random() < 0.3:
            # A value that it has, which may set off computations.
            stored = [f for f in record._fields.values() if f.store]
            field = rng.choice(stored)
            values[field.name] = field.convert_to_write(
                record.sudo()[field.name], record
            )
        return values

    def _make_statement(self, rng):
        table = rng.choice(TABLES)
        self.env.cr.execute(
            "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass"
            " AND attnum > 0 AND NOT attisdropped ORDER BY attname",
            [table],
        )
        column = SQL.identifier(rng.choice(self.env.cr.fetchall())[0])
        change = rng.choice(
            (
                SQL("UPDATE %s SET %s = NULL", SQL.identifier(table), column),
                SQL(
                    "UPDATE %(table)s SET %(column)s = (SELECT %(column)s"
                    " FROM %(table)s WHERE %(column)s IS NOT NULL"
                    " ORDER BY random() LIMIT 1)",
                    table=SQL.identifier(table),
                    column=column,
                ),
                SQL("DELETE FROM %s", SQL.identifier(table)),
                SQL("TRUNCATE %s CASCADE", SQL.identifier(table)),
            )
        )
        return self.env.cr.mogrify(change.code, change.params).decode()

    def _make_call(self, rng):
        """:return: (text that describes it, function to call)"""
        user = rng.choice(list(self.users.values()))
        env = self.env(
            user=user.id, su=rng.random() < 0.4, context=dict(rng.choice(CONTEXTS))
        )
        document = self.document.with_env(env)
        record = rng.choice(
            (
                document,
                document.line_ids[:1],
                document.line_ids[-1:],
                document.invoice_line_ids,
                self.pdf.with_env(env),
                self.message.with_env(env),
                document.partner_id,
                document.line_ids.product_id[:1],
                document.line_ids.tax_ids[:1],
                document.company_id,
                document.journal_id,
            )
        )
        kind = rng.randrange(8)
        if kind == 0:
            statement = self._make_statement(rng)
            return statement, lambda: self.env.cr.execute(statement)
        if kind == 1:
            statement = self._make_statement(rng)
            action = (
                self.env["ir.actions.server"]
                .sudo()
                .create(
                    {
                        "name": "x",
                        "model_id": self.env["ir.model"]._get_id("account.move"),
                        "state": "code",
                        "code": f"env.cr.execute({statement!r})",
                    }
                )
            )
            return f"action: {statement}", action.run
        if kind == 2:
            return f"{user.login} unlinks {record}", record.unlink
        if kind == 3:
            methods = [
                name
                for name in dir(type(record))
                if name.startswith(("action_", "button_", "_compute_", "toggle_"))
            ]
            name = rng.choice(methods or ["unlink"])
            return f"{user.login} calls {record}.{name}", getattr(record, name)
        values = self._make_write(rng, record)
        if kind == 4:
            values = {
                name: value
                for name, value in values.items()
                if record._fields[name].column_type and not isinstance(value, list)
            }
            return f"{user.login} _write {record} {values}", lambda: record._write(
                values
            )
        return f"{user.login} writes {record} {values}", lambda: record.write(values)

    def test_generated_calls(self):
        # Odoo has much to say about values that are made up.
        logging.disable(logging.CRITICAL)
        self.addCleanup(logging.disable, logging.NOTSET)
        seed = int(os.environ.get("LOCK_SEED", "17"))
        rng = random.Random(seed)
        before = self._read_issued()
        done = refused = 0
        through = []
        for number in range(CALLS):
            with self._undone():
                text, call = self._make_call(rng)
                self.env.flush_all()
                try:
                    with self.env.cr.savepoint(flush=False):
                        call()
                        self.env.flush_all()
                    done += 1
                except (UserError, psycopg2.Error):
                    refused += 1
                # What a made up value does to Odoo's own code.
                except Exception:  # noqa: BLE001
                    refused += 1
                self.env.invalidate_all(flush=False)
                self.env.transaction.clear()
                if self._read_issued() != before:
                    through.append(f"{text} (call {number})")
        logging.disable(logging.NOTSET)
        self.assertEqual(through, [], f"seed {seed}")
        self.assertGreater(done, CALLS // 20, f"seed {seed}: it proves nothing")
        self.assertGreater(refused, CALLS // 20, f"seed {seed}: it proves nothing")
