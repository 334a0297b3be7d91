"""Every field of both models, as the registry knows them: none is forgotten.

A field that another addon or a later Odoo adds is attacked like the rest. If it belongs
to the document it is closed without a change here; if it is not, the test says so.
"""

import base64
import datetime
import inspect

from odoo import Command
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.service.model import get_public_method
from odoo.tests import tagged
from odoo.tools import SQL, mute_logger

from ..models.lock.policy import CLOSING_ADDONS, FREE_FIELDS, FREE_LINE_FIELDS
from .lock_common import LockCommon


@tagged("post_install", "-at_install")
class TestLockFields(LockCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.document = cls._invoice(100.0)
        cls.other = cls._invoice(10.0)
        cls._end_transaction()

    def _other_value(self, record, field):
        """:return: a value that the field does not have, None if there is none"""
        value = record[field.name]
        match field.type:
            case "boolean":
                return not value
            case "integer" | "float" | "monetary":
                return (value or 0) + 7
            case "char" | "text" | "html":
                return f"{value or ''} changed"
            case "date":
                return (value or self.today) + datetime.timedelta(days=3)
            case "datetime":
                return (value or datetime.datetime.now()) + datetime.timedelta(days=3)
            case "binary":
                return base64.b64encode(b"changed")
            case "selection":
                options = [key for key in field.get_values(self.env) if key != value]
                return options[0] if options else None
            case "many2one":
                return self._other_id(field, value) or (False if value else None)
            case "many2many":
                if value:
                    return [Command.clear()]
                other_id = self._other_id(field, value)
                return [Command.link(other_id)] if other_id else None
            case "one2many":
                return [Command.clear()] if value else [Command.create({})]
            case "json":
                return {"changed": True}
            case "many2one_reference":
                return (value or 0) + 1
        return None

    def _other_id(self, field, value):
        """:return: id of a record that the field does not refer to, None without"""
        table = self.env[field.comodel_name]._table
        if not self.env[field.comodel_name]._auto:
            return None
        self.env.cr.execute(
            SQL(
                "SELECT id FROM %s WHERE id != ALL(%s) ORDER BY id LIMIT 1",
                SQL.identifier(table),
                list(value.ids),
            )
        )
        row = self.env.cr.fetchone()
        return row and row[0]

    def _attack_field(self, record, field, value, user):
        """:return: (changes of what is closed, whether it was refused)"""

        def attack(move):
            target = record.with_env(move.env).with_context(
                skip_readonly_check=True,
                force_delete=True,
                dynamic_unlink=True,
                tracking_disable=True,
            )
            target.write({field.name: value})

        try:
            with mute_logger("odoo.sql_db"):
                changes, refusal = self._attack(attack, self.document, user)
        except (AssertionError, TypeError, ValueError, KeyError, ValidationError):
            # Odoo itself cannot take the value.
            return [], True
        except Exception:  # noqa: BLE001 the database cannot
            return [], True
        return self._get_closed_changes(changes), bool(refusal)

    def _attack_all(self, record, closed_fields, free_fields):
        belongs = {
            name
            for name, field in record._fields.items()
            if CLOSING_ADDONS & set(field._modules)
        }
        for name, field in record._fields.items():
            if name in ("id", "create_uid", "create_date", "write_uid", "write_date"):
                continue
            value = self._other_value(record.sudo(), field)
            if value is None:
                continue
            for kind in ("Billing", "superuser"):
                with self.subTest(field=name, user=kind):
                    changes, refused = self._attack_field(
                        record, field, value, self.users[kind]
                    )
                    if name in self._exempt_for_superuser(kind):
                        continue
                    self.assertEqual(changes, [], "changes an issued document")
                    if (
                        name in belongs
                        and name not in free_fields
                        and (field.store or field.inverse)
                    ):
                        self.assertTrue(refused, "is not refused")
                        self.assertIn(name, closed_fields)

    def _exempt_for_superuser(self, kind):
        # Archived once, by Odoo's own code.
        files = self.env["account.move"]._get_lock_file_fields()
        return files if kind == "superuser" else set()

    def test_document(self):
        self._attack_all(
            self.document,
            self.document._get_lock_closed_fields(),
            FREE_FIELDS | {"payment_state"},
        )

    def test_product_line(self):
        line = self.document.invoice_line_ids[0]
        self._attack_all(line, line._get_lock_closed_fields(), FREE_LINE_FIELDS)

    def test_receivable_line(self):
        line = self.document.line_ids.filtered("date_maturity")[0]
        self._attack_all(line, line._get_lock_closed_fields(), FREE_LINE_FIELDS)

    def test_tax_line(self):
        line = self.document.line_ids.filtered("tax_line_id")[0]
        self._attack_all(line, line._get_lock_closed_fields(), FREE_LINE_FIELDS)

    def test_public_methods(self):
        """What anybody may call over RPC changes nothing that is closed."""
        called = 0
        for record in (
            self.document,
            self.document.line_ids,
            self.document.invoice_line_ids[:1],
        ):
            for name in self._public_methods(record):
                with self.subTest(model=record._name, method=name):
                    changes = self._call_public_method(record, name)
                    if changes is not None:
                        called += 1
                        self.assertEqual(changes, [])
        self.assertGreater(called, 100)

    def _call_public_method(self, record, name):
        """:return: changes of what is closed, None if Odoo's method broke"""

        def call(move):
            target = record.with_env(move.env).with_context(
                skip_readonly_check=True, force_delete=True, dynamic_unlink=True
            )
            getattr(target, name)()

        try:
            with mute_logger("odoo", "py.warnings"):
                changes, _refusal = self._attack(
                    call, self.document, self.users["superuser"]
                )
        except Exception:  # noqa: BLE001 Odoo's methods break as they like
            return None
        # Odoo's own buttons: the link for the portal, the hash, the blocked payment.
        allowed = ("access_token:", "inalterable_hash:", "payment_state:")
        return [
            change
            for change in self._get_closed_changes(changes)
            if not change.partition(".")[2].startswith(allowed)
        ]

    def _public_methods(self, record):
        """:return: names of the methods that RPC may call without an argument"""
        for name in dir(type(record)):
            if name.startswith("_"):
                continue
            try:
                method = get_public_method(record, name)
                parameters = list(inspect.signature(method).parameters.values())[1:]
            except (AccessError, AttributeError, TypeError, ValueError):
                continue
            if all(
                parameter.default is not parameter.empty
                or parameter.kind in (parameter.VAR_KEYWORD, parameter.VAR_POSITIONAL)
                for parameter in parameters
            ):
                yield name

    def test_database_empties_nothing_else(self):
        """What deleting a record takes off documents is known, and refused."""
        self.env.cr.execute(
            """
            SELECT table_class.relname, attribute.attname
              FROM pg_constraint fk
              JOIN pg_attribute attribute
                ON attribute.attrelid = fk.conrelid AND attribute.attnum = fk.conkey[1]
              JOIN pg_class table_class ON table_class.oid = fk.conrelid
             WHERE fk.contype = 'f' AND fk.confdeltype IN ('n', 'c')
               AND table_class.relname IN ('account_move', 'account_move_line')
            """
        )
        closed = {
            "account_move": self.document._get_lock_closed_fields(),
            "account_move_line": self.document.line_ids._get_lock_closed_fields(),
        }
        emptied = {
            f"{table}.{column}"
            for table, column in self.env.cr.fetchall()
            if column in closed[table]
            # Those of localizations the triggers keep.
            and CLOSING_ADDONS
            & set(self.env[table.replace("_", ".")]._fields[column]._modules)
        }
        self.assertEqual(emptied - KEPT_BY_CODE - KEPT_BY_DATABASE, set())

    def test_database_unlinks_nothing_else(self):
        """The same for what is linked in tables of relations."""
        unlinked = set()
        for model in (self.env["account.move"], self.env["account.move.line"]):
            for name in model._get_lock_closed_fields():
                field = model._fields[name]
                if field.type == "many2many" and field.store:
                    self.env.cr.execute(
                        """
                        SELECT 1 FROM pg_constraint fk JOIN pg_attribute attribute
                            ON attribute.attrelid = fk.conrelid
                            AND attribute.attnum = fk.conkey[1]
                         WHERE fk.contype = 'f' AND fk.confdeltype IN ('n', 'c')
                           AND fk.conrelid = %s::regclass AND attribute.attname = %s
                        """,
                        [field.relation, field.column2],
                    )
                    if self.env.cr.fetchone():
                        unlinked.add(f"{model._table}.{name}")
        self.assertEqual(unlinked - KEPT_BY_CODE - LINKS, set())

    def test_refused_errors(self):
        """The attacks above count these as refusals."""
        self.assertTrue(issubclass(AccessError, UserError))


# Deleting what they refer to is refused, see models/lock/referenced.py.
KEPT_BY_CODE = {
    "account_move.debit_origin_id",
    "account_move.invoice_cash_rounding_id",
    "account_move.invoice_incoterm_id",
    "account_move.invoice_payment_term_id",
    "account_move.l10n_latam_document_type_id",
    "account_move.partner_shipping_id",
    "account_move.reversed_entry_id",
    "account_move_line.cogs_origin_id",
    "account_move_line.credited_line_id",
    "account_move_line.group_tax_id",
    "account_move_line.l10n_latam_document_type_id",
    "account_move_line.move_id",
    "account_move_line.tax_group_id",
    "account_move_line.tax_ids",
}
# Who deletes a cancelled order, or a draft entry that defers the income, deletes the
# link to it.
LINKS = {
    "account_move.adjusting_entries_move_ids",
    "account_move.adjusting_entry_origin_move_ids",
    "account_move_line.sale_line_ids",
}
# Never set on customer documents, or required elsewhere: the database keeps them.
KEPT_BY_DATABASE = {
    "account_move.auto_post_origin_id",
    "account_move.company_id",
    "account_move.origin_payment_id",
    "account_move.statement_line_id",
    "account_move.tax_cash_basis_origin_move_id",
    "account_move.tax_cash_basis_rec_id",
    "account_move_line.company_currency_id",
    "account_move_line.company_id",
    "account_move_line.journal_id",
    "account_move_line.payment_id",
    "account_move_line.reconcile_model_id",
    "account_move_line.statement_id",
    "account_move_line.statement_line_id",
}
