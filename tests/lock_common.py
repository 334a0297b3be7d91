from contextlib import contextmanager

from odoo import Command
from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user
from odoo.tools import SQL, mute_logger

from ..models.lock.capability import Filing, with_capability
from ..models.lock.policy import CLOSING_ADDONS, FREE_FIELDS, FREE_LINE_FIELDS
from ..models.lock.transaction import lock_transaction
from .common import CreditNoteCommon

# What changes on every write, or is bookkeeping that Odoo goes on writing.
NOT_COMPARED = ("write_date", "write_uid", "is_manually_modified")
# What writing a free field may change besides itself: bookkeeping as well.
FREE_COLUMNS = {
    "account_move": FREE_FIELDS
    | {"access_token", "message_main_attachment_id", "payment_state"},
    "account_move_line": FREE_LINE_FIELDS,
}
# Relations of the lines: (name, table, column of the other side).
LINE_RELATIONS = (
    ("taxes", "account_move_line_account_tax_rel", "account_tax_id"),
    ("tags", "account_account_tag_account_move_line_rel", "account_account_tag_id"),
)


class Undo(Exception):
    """Leaves a savepoint without a trace."""


class LockCommon(CreditNoteCommon):
    """Documents to attack, and users of each kind who attack them."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company = cls.env.company
        cls.manager = cls._new_user("lock_manager", "account.group_account_manager")
        cls.administrator = cls._new_user(
            "lock_administrator",
            "base.group_system,account.group_account_manager,base.group_partner_manager",
        )
        cls.users = {
            "Billing": cls.clerk,
            "Accounting administrator": cls.manager,
            "administrator": cls.administrator,
            "superuser": cls.env.ref("base.user_root"),
        }

    @classmethod
    def _new_user(cls, login, groups):
        return new_test_user(
            cls.env,
            login=login,
            groups=f"base.group_user,{groups}",
            company_id=cls.company.id,
            company_ids=[Command.set(cls.company.ids)],
        )

    @classmethod
    def _archive(cls, document):
        """:return: the archived PDF of this document, as Odoo puts it there"""
        # sudo: as Odoo does it
        attachments = with_capability(
            cls.env["ir.attachment"].sudo(), Filing, document
        ).create(
            {
                "name": "invoice.pdf",
                "raw": b"%PDF-1.4 issued",
                "res_model": "account.move",
                "res_id": document.id,
                "res_field": "invoice_pdf_report_file",
            }
        )
        return attachments.with_env(cls.env)

    @classmethod
    def _end_transaction(cls):
        """Seal what is posted, as the database does when a transaction ends."""
        cls.env.flush_all()
        cls.env.cr.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cls.env.cr.execute("SET CONSTRAINTS ALL DEFERRED")
        lock_transaction(cls.env).unsealed_ids.clear()

    @contextmanager
    def _undone(self):
        """What is done in the block is not done after it."""
        try:
            with self.env.cr.savepoint():
                yield
                raise Undo
        except Undo:
            self.env.invalidate_all()

    def _set_lock(self, locked):
        self.company.lock_posted_invoices = locked
        self.env.flush_all()

    def _snapshot(self, move_id):
        """All that the database knows of a document and of what hangs on it."""
        hidden = list(NOT_COMPARED)
        parts = {}
        for table, condition in (
            ("account_move", SQL("id = %s", move_id)),
            ("account_move_line", SQL("move_id = %s", move_id)),
            (
                "ir_attachment",
                SQL("res_model = 'account.move' AND res_id = %s", move_id),
            ),
            (
                "mail_message",
                SQL("model = 'account.move' AND res_id = %s", move_id),
            ),
            (
                "mail_tracking_value",
                SQL(
                    "mail_message_id IN (SELECT id FROM mail_message"
                    " WHERE model = 'account.move' AND res_id = %s)",
                    move_id,
                ),
            ),
        ):
            self.env.cr.execute(
                SQL(
                    "SELECT to_jsonb(t) - %s::text[] FROM %s t WHERE %s ORDER BY id",
                    hidden,
                    SQL.identifier(table),
                    condition,
                )
            )
            parts[table] = [row[0] for row in self.env.cr.fetchall()]
        for name, table, column in LINE_RELATIONS:
            self.env.cr.execute(
                SQL(
                    "SELECT account_move_line_id, %(column)s FROM %(table)s r"
                    " JOIN account_move_line l ON l.id = r.account_move_line_id"
                    " WHERE l.move_id = %(move_id)s ORDER BY 1, 2",
                    column=SQL.identifier(column),
                    table=SQL.identifier(table),
                    move_id=move_id,
                )
            )
            parts[name] = self.env.cr.fetchall()
        return parts

    def _changes(self, before, after):
        """:return: what differs between two snapshots, to read in a failure"""
        changes = []
        for table, rows in before.items():
            if len(rows) != len(after[table]):
                changes.append(f"{table}: {len(rows)} rows -> {len(after[table])}")
                continue
            for old, new in zip(rows, after[table], strict=True):
                if old != new and isinstance(old, dict):
                    changes += [
                        f"{table}.{name}: {old[name]!r} -> {new[name]!r}"
                        for name in old
                        if old[name] != new[name]
                    ]
                elif old != new:
                    changes.append(f"{table}: {old} -> {new}")
        return changes

    def _get_closed_changes(self, changes):
        """:return: those changes that the lock does not leave free"""
        result = []
        for change in changes:
            table, _, rest = change.partition(".")
            table = table.partition(":")[0]
            column = rest.partition(":")[0]
            if (
                column not in FREE_COLUMNS.get(table, ())
                and not self._is_open(table, column)
                and table
                in (
                    "account_move",
                    "account_move_line",
                    *(name for name, _table, _column in LINE_RELATIONS),
                )
            ):
                result.append(change)
        return result

    def _is_open(self, table, column):
        """:return: whether another addon has this field, which the rules leave open"""
        model = self.env.get(table.replace("_", "."))
        field = None if model is None else model._fields.get(column)
        return bool(
            field
            and not CLOSING_ADDONS & set(field._modules)
            and column not in model._get_lock_closed_fields()
        )

    def _needs(self, addon, field, model="account.move"):
        """Skip without the addon that has this field of this model."""
        if model not in self.env or field not in self.env[model]._fields:
            self.skipTest(f"{addon} is not in this database: --with {addon}")

    def _attack(self, attack, document, user):
        """:return: (what changed in the database, the refusal)"""
        self.env.flush_all()
        before = self._snapshot(document.id)
        refusal = None
        with self._undone():
            env = self.env(user=user.id, su=user.id == 1, context={})
            try:
                attack(document.with_env(env))
                env.flush_all()
            except (UserError, AccessError) as error:
                refusal = error
            changes = self._changes(before, self._snapshot(document.id))
        return changes, refusal

    def assertHole(
        self, attack, document=None, by="Billing", refusal=None, closed_since=None
    ):
        """Odoo lets the attack through, and the lock does not, for anyone.

        :param attack: function of the document, with the attacker's environment
        :param by: the kind of user for whom Odoo alone lets it through
        :param refusal: text that the refusal has for this user
        :param closed_since: text of the refusal of builds of Odoo that closed the hole
        """
        document = document or self.document
        self._set_lock(False)
        changes, error = self._attack(attack, document, self.users[by])
        if not (closed_since and error and closed_since in str(error)):
            self.assertFalse(error, f"Odoo itself refuses it: {error}")
            self.assertTrue(changes, "it changes nothing, so it is no hole")
        self._set_lock(True)
        self.assertClosed(attack, document, by=by, refusal=refusal)

    @mute_logger("odoo.sql_db")
    def assertClosed(self, attack, document=None, by="Billing", refusal=None):
        """The lock refuses the attack, whoever tries it, and nothing has changed."""
        document = document or self.document
        for kind, user in self.users.items():
            with self.subTest(user=kind):
                changes, error = self._attack(attack, document, user)
                self.assertEqual(changes, [], f"{kind} changed an issued document")
                self.assertTrue(error, f"no refusal for {kind}")
                if kind == by:
                    self.assertNotIsInstance(error, AccessError)
                    self.assertIn(refusal or document.name, str(error))

    def assertFrozen(self, change, document, by):
        """Odoo alone changes the document when something else changes; not locked."""
        self._set_lock(False)
        changes, error = self._attack(change, document, self.users[by])
        self.assertFalse(error)
        self.assertTrue(changes, "it changes nothing, so it is no hole")
        self._set_lock(True)
        self.assertEqual(
            self._attack(change, document, self.users[by]), ([], None), "not frozen"
        )

    @contextmanager
    def assertRefusal(self, text=""):
        """The block is refused with a sentence for users that has this text."""
        with self.assertRaises(UserError) as refusal:
            yield
            self.env.flush_all()
        self.assertIn(text, str(refusal.exception))

    def assertRefusedFor(self, user, attack):
        with self.assertRaises(UserError), self.env.cr.savepoint():
            attack(self.env(user=user.id, su=user.id == 1, context={}))

    def _get_earlier_message(self, **values):
        """:return: message about the document, posted by an earlier transaction"""
        message = self.document.message_post(
            body="Your invoice", subtype_xmlid="mail.mt_comment", **values
        )
        self._post_yesterday(message)
        return message

    def _post_yesterday(self, message):
        """An earlier transaction posted this message."""
        self.env.flush_all()
        self.env.cr.execute(
            SQL(
                "UPDATE mail_message SET create_date = create_date - interval '1 day'"
                " WHERE id = %s",
                message.id,
            )
        )
        message.invalidate_recordset()

    def assertNothingClosedChanges(self, attack, may_refuse=False):
        """With the lock on, nobody changes anything closed in this way."""
        changes, refusal = self._attack(attack, self.document, self.users["superuser"])
        self.assertEqual(
            [
                change
                for change in self._get_closed_changes(changes)
                # The name in lists, see COMPUTED_ANEW in test_lock_fields.
                if not change.startswith("account_move.invoice_partner_display_name")
            ],
            [],
        )
        if not may_refuse:
            self.assertFalse(refusal)

    def _line(self, move):
        return move.invoice_line_ids[:1]

    def _draft(self, **values):
        return self._invoice(10.0, post=False, **values)
