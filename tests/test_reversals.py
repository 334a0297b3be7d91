import re
from contextlib import nullcontext
from unittest.mock import patch

from odoo import Command, fields
from odoo.tests import tagged

from odoo.addons.account.models.account_move import AccountMove as OdooAccountMove
from odoo.addons.base.tests.common import DISABLED_MAIL_CONTEXT

from ..models.bulk import account_move as bulk
from ..models.bulk.reversal_batch import ReversalBatch
from .common import CreditNoteCommon

# What differs between any two documents.
UNCOMPARED = {
    "access_token",
    "create_date",
    "id",
    "line_ids",
    "move_id",
    "parent_id",
    "write_date",
}
# What is numbered anew whenever documents are reconciled.
NUMBERED = {"full_reconcile_id", "matching_number"}


class ReversalsCommon(CreditNoteCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # Odoo's tests say nothing in the chatter; the product does, and it costs.
        context = {
            key: value
            for key, value in cls.env.context.items()
            if key not in DISABLED_MAIL_CONTEXT
        }
        cls.env = cls.env(context=context)
        cls.partner_b.email = "other@example.com"
        cls.euro = cls.setup_other_currency("EUR", rates=[("2020-01-01", 1.3337)])

    def _invoices(self):
        """One of each kind; with the values that neighbours hand to credit notes."""
        included = self.tax_sale_a.copy(
            {"name": "21 % included", "amount": 21, "price_include_override": None}
        )
        included.price_include_override = "tax_included"
        discount_terms = self.env["account.payment.term"].create(
            {
                "name": "2 % in 7 days",
                "early_discount": True,
                "early_pay_discount_computation": "mixed",
                "discount_percentage": 2,
                "discount_days": 7,
                "line_ids": [Command.create({"value": "percent", "value_amount": 100})],
            }
        )
        rounding = self.env["account.cash.rounding"].create(
            {
                "name": "0.05",
                "rounding": 0.05,
                "strategy": "add_invoice_line",
                "profit_account_id": self.company_data["default_account_revenue"].id,
                "loss_account_id": self.company_data["default_account_expense"].id,
            }
        )
        sections = [
            Command.create({"display_type": "line_section", "name": "Work"}),
            self._prepare_invoice_line(
                name="Hours",
                price_unit=33.33,
                quantity=3,
                discount=12.5,
                tax_ids=self.tax_sale_a + self.tax_sale_b,
            ),
            Command.create({"display_type": "line_note", "name": "As agreed"}),
        ]
        invoices = (
            self._invoice(100.0, 10.37, 7.77)
            + self._invoice(99.99, partner=self.partner_b)
            + self._invoice(12.34, 56.78, currency_id=self.euro.id)
            + self._create_invoice(invoice_line_ids=sections, post=True)
            + self._invoice(50.0, invoice_payment_term_id=self.pay_terms_b.id)
            + self._invoice(200.0, invoice_payment_term_id=discount_terms.id)
            + self._invoice(3.33, invoice_cash_rounding_id=rounding.id)
        )
        draft = self._invoice(10.99, 5.49, post=False)
        draft.invoice_line_ids.tax_ids = included
        draft.action_post()
        by_hand = self._invoice(77.77, post=False)
        tax_line = by_hand.line_ids.filtered("tax_line_id")
        by_hand.write(
            {"line_ids": [Command.update(tax_line.id, {"amount_currency": -11.67})]}
        )
        by_hand.action_post()
        return invoices + draft + by_hand

    def _draft_credit_notes(self, invoices, one_by_one=False, **values):
        """:return: {invoice: its draft}, made by the dialog"""
        wizard = self._wizard(invoices, reason_id=self.reason.id, **values)
        with (
            patch.object(ReversalBatch, "of", return_value=None)
            if one_by_one
            else nullcontext()
        ):
            wizard.refund_moves()
        return {draft.reversed_entry_id: draft for draft in wizard.new_move_ids}

    def _get_content(self, draft):
        """:return: all that is stored of a document, and what its chatter says"""

        def read(record):
            return {
                name: record[name].ids
                if field.type in ("many2many", "one2many")
                else bool(record[name])
                if name in NUMBERED
                else record[name]
                for name, field in record._fields.items()
                if field.store
                and name not in UNCOMPARED
                and not name.startswith(("activity_", "message_", "write_"))
                and field.type not in ("one2many", "reference")
            }

        return (
            read(draft),
            [read(line) for line in draft.line_ids.sorted(self._get_line_key)],
            [
                re.sub(r'data-oe-id="\d+"', "", str(message.body))
                for message in draft.message_ids
            ],
            draft.message_partner_ids,
        )

    def _get_line_key(self, line):
        return (line.display_type, line.sequence, line.name or "", line.balance)


@tagged("post_install", "-at_install", "neighbours")
class TestReversals(ReversalsCommon):
    """Many credit notes at once: as Odoo makes them one by one, addons included."""

    def _fill_neighbours(self, invoices):
        """Give the invoices what other addons have on them, as far as installed."""
        today = fields.Date.today()
        models = {
            "campaign_id": "utm.campaign",
            "l10n_it_document_type": "l10n_it.document.type",
        }
        values = {
            name: self.env[model].search([], limit=1).id
            for name, model in models.items()
            if name in invoices._fields
        }
        for name in ("l10n_ar_afip_service_start", "l10n_ar_afip_service_end"):
            if name in invoices._fields:
                values[name] = today
        if values:
            for fname, value in values.items():
                field = invoices._fields[fname]
                self.env.cr.execute(
                    f"UPDATE account_move SET {field.name} = %s WHERE id IN %s",
                    [value or None, tuple(invoices.ids)],
                )
            invoices.invalidate_recordset()
        return values

    def _assert_same(self, **values):
        invoices = self._invoices()
        filled = self._fill_neighbours(invoices)
        # The plan would make them equal.
        self.patch(
            self.registry["account.move.reversal"], "_apply_plan", lambda *args: None
        )
        expected = {}
        for invoice in invoices:
            [draft] = self._draft_credit_notes(
                invoice, one_by_one=True, **values
            ).values()
            expected[invoice] = self._get_content(draft)
            # What makes it hard to be deleted is not of interest here.
            draft.unlink()
        with patch.object(bulk._logger, "info") as info:
            drafts = self._draft_credit_notes(invoices, **values)
        info.assert_not_called()
        self.assertEqual(set(drafts), set(invoices))
        self.maxDiff = None
        for invoice in invoices:
            with self.subTest(invoice=invoice.name):
                for is_, should in zip(
                    self._get_content(drafts[invoice]), expected[invoice], strict=True
                ):
                    self.assertEqual(is_, should)
        return filled, drafts

    def test_as_odoo_one_by_one(self):
        self._assert_same()

    def test_as_odoo_one_by_one_in_part(self):
        self._assert_same(credit_method="percentage", percentage=33.0)

    def test_as_odoo_one_by_one_at_the_rate_of_the_day(self):
        self._assert_same(use_invoice_rate=False)

    def test_neighbours(self):
        """Run with `dev/test --with sale,l10n_it_edi,l10n_ar :TestReversals`."""
        filled, drafts = self._assert_same()
        if not filled:
            self.skipTest("no neighbour is in this database: --with sale,l10n_ar")
        for draft in drafts.values():
            for name in filled:
                value = draft[name]
                if name == "l10n_it_document_type":
                    self.assertFalse(value)
                else:
                    self.assertEqual(value, draft.reversed_entry_id[name])

    def _get_issued(self, invoices):
        """:return: {invoice: content of it and of its credit note}, as issued; nothing
        of it stays
        """
        savepoint = self.env.cr.savepoint()
        self._credit(invoices, reason_id=self.reason.id)
        self.env.cr.flush()
        contents = {
            invoice: [
                (*self._get_content(document), self._get_changes_told(document))
                for document in (invoice, invoice.reversal_move_ids)
            ]
            for invoice in invoices
        }
        savepoint.close(rollback=True)
        return contents

    def _get_changes_told(self, document):
        return [
            (
                value.field_id.name,
                value.old_value_char,
                value.new_value_char,
                value.old_value_integer,
                value.new_value_integer,
            )
            for value in document.message_ids.tracking_value_ids
        ]

    def test_posted_as_odoo_one_by_one(self):
        """Posted, reconciled and told in the chatter, to the last field."""
        invoices = self._invoices()
        self._register_payment(invoices[0])
        self.env.cr.flush()
        wizards = self.registry["account.move.reversal"]
        post = wizards._post_credit_notes

        def post_later(wizard, credit_notes):
            # What is new in a transaction has no changes to tell.
            wizard.env.cr.flush()
            return post(wizard, credit_notes)

        with (
            patch.object(wizards, "_post_credit_notes", post_later),
            patch.object(ReversalBatch, "of", return_value=None),
        ):
            expected = self._get_issued(invoices)
        issued = self._get_issued(invoices)
        self.maxDiff = None
        for invoice in invoices:
            with self.subTest(invoice=invoice.name):
                # Odoo's note on the invoice says the same as ours, and less.
                messages = expected[invoice][0][2]
                messages[:] = [body for body in messages if ">reversed<" not in body]
                self.assertEqual(issued[invoice], expected[invoice])

    def test_issued_at_once(self):
        """Everything that is said and counted is there for each document."""
        invoices = self._invoices()
        payment = self._register_payment(invoices[0])
        # What is new in a transaction has no changes to tell.
        self.env.cr.flush()
        credit_notes = self._credit(invoices, reason_id=self.reason.id)
        self.env.cr.flush()
        self.assertTrue(payment)
        self.assertEqual(set(credit_notes.mapped("state")), {"posted"})
        self.assertEqual(len(set(credit_notes.mapped("name"))), len(invoices))
        self.assertEqual(credit_notes.reversed_entry_id, invoices)
        self.assertFalse(any((invoices - invoices[0]).mapped("amount_residual")))
        for invoice in invoices:
            credit_note = invoice.reversal_move_ids
            self.assertEqual(credit_note.amount_total, invoice.amount_total)
            said = "".join(credit_note.message_ids.mapped("body"))
            self.assertIn("Credit Note Created", said)
            self.assertIn("Credit note for <a href", said)
            states = credit_note.message_ids.tracking_value_ids.filtered(
                lambda value: value.field_id.name == "state"
            )
            self.assertEqual(states.mapped("new_value_char"), ["Posted"])
            self.assertIn(
                states.mail_message_id.subtype_id,
                self.env.ref("account.mt_invoice_validated")
                + self.env.ref("account.mt_invoice_paid"),
            )
            if invoice == invoices[0]:
                continue
            paid = invoice.message_ids.tracking_value_ids.filtered(
                lambda value: value.field_id.name == "payment_state"
            )
            self.assertEqual(paid.mapped("new_value_char")[-1:], ["Reversed"])
            self.assertIn(credit_note.name, "".join(invoice.message_ids.mapped("body")))

    def test_followers_are_told(self):
        invoices = self._invoice(10.0) + self._invoice(20.0)
        subtype = self.env.ref("account.mt_invoice_paid")
        model = self.registry["account.move"]
        origin = model.copy
        follower = self.clerk.partner_id

        def copy(records, default=None):
            copies = origin(records, default)
            copies.message_subscribe(follower.ids, subtype.ids)
            return copies

        self.patch(model, "copy", copy)
        credit_notes = self._credit(invoices)
        self.env.cr.flush()
        for credit_note in credit_notes:
            message = credit_note.message_ids.filtered(
                lambda message: message.subtype_id == subtype
            )
            self.assertEqual(message.notified_partner_ids, follower)
            mail = self.env["mail.mail"].search([("mail_message_id", "=", message.id)])
            self.assertIn("Posted", mail.body_html)

    def test_addon_changes_the_invoice(self):
        """What changes on it while it is reversed is told as Odoo tells it."""
        invoices = self._invoice(10.0) + self._invoice(20.0)
        self.env.cr.flush()
        model = self.registry["account.move"]
        origin = model.copy

        def copy(records, default=None):
            records.invoice_user_id = self.clerk
            return origin(records, default)

        self.patch(model, "copy", copy)
        self._credit(invoices)
        self.env.cr.flush()
        for invoice in invoices:
            told = invoice.message_ids.tracking_value_ids.filtered(
                lambda value: value.field_id.name == "invoice_user_id"
            )
            self.assertEqual(told.new_value_char, self.clerk.name)

    def test_addon_says_more_of_what_changed(self):
        """Whatever command it adds is Odoo's to carry out."""
        model = self.registry["account.move"]
        origin = model._mail_track

        def track(record, tracked_fields, initial_values):
            changes, commands = origin(record, tracked_fields, initial_values)
            return changes, [*commands, Command.clear()]

        self.patch(model, "_mail_track", track)
        credit_notes = self._credit(self._invoice(10.0) + self._invoice(20.0))
        self.env.cr.flush()
        for credit_note in credit_notes:
            told = self._get_changes_told(credit_note)
            self.assertIn(("state", "Draft", "Posted", 0, 0), told)

    def test_rpc_makes_no_batch(self):
        """A context that comes over the network holds no object of ours."""
        for value in ({"plans": {}}, "ReversalBatch", [1], True, object()):
            moves = self.env["account.move"].with_context(**{ReversalBatch.key: value})
            self.assertIsNone(ReversalBatch.of(moves.env))


@tagged("post_install", "-at_install")
class TestReversalQueries(ReversalsCommon):
    """Of this addon and Odoo: neighbours have their own."""

    def _count_queries(self, number):
        invoices = self.env["account.move"].concat(
            *(self._invoice(10.0, 20.0, 30.0) for _number in range(number))
        )
        self.env.flush_all()
        self.env.cr.precommit.run()
        self.env.invalidate_all()
        before = self.env.cr.sql_log_count
        credit_notes = self._credit(invoices)
        self.env.flush_all()
        self.env.cr.precommit.run()
        self.assertEqual(len(credit_notes), number)
        return self.env.cr.sql_log_count - before

    def test_queries_per_invoice(self):
        """Odoo's Reverse and post takes some 130. Ten are what Odoo says of the state
        of the credit note and of the invoice.
        """
        self._count_queries(1)
        few, many = self._count_queries(10), self._count_queries(40)
        each = (many - few) / 30
        self.assertLessEqual(each, 12)
        self.assertLess(self._count_queries(1), 180)


class HookCases:
    """What other addons do around these methods has its effect on each document."""

    def _hook(self, name, hook, model=None):
        """:param hook: function that gets the method below and its arguments"""
        model = model or self._get_model()
        origin = getattr(model, name)

        def method(records, *args, **kwargs):
            if name != "create" and not records:
                # Neighbours call it on nothing, too.
                return origin(records, *args, **kwargs)
            return hook(origin, records, *args, **kwargs)

        # Odoo's decorators leave their marks on the function.
        method.__dict__.update(getattr(origin, "__dict__", {}))
        self.patch(model, name, method)

    def setUp(self):
        super().setUp()
        self.invoices = self._invoice(10.0) + self._invoice(20.0)
        self.seen = []

    def test_reverse_moves(self):
        def hook(origin, moves, default_values_list=None, cancel=False):
            for move, values in zip(moves, default_values_list, strict=True):
                values["narration"] = f"<p>before {move.name}</p>"
            copies = origin(moves, default_values_list, cancel)
            for move, copy in zip(moves, copies, strict=True):
                self.seen.append((move, copy.reversed_entry_id, copy.state))
                copy.invoice_origin = f"after {move.name}"
            return copies

        self._hook("_reverse_moves", hook)
        for credit_note in self._credit(self.invoices):
            name = credit_note.reversed_entry_id.name
            self.assertIn(f"before {name}", credit_note.narration)
            self.assertEqual(credit_note.invoice_origin, f"after {name}")
        self.assertEqual(self.seen, [(move, move, "draft") for move in self.invoices])

    def test_copy_data(self):
        def hook(origin, moves, default=None):
            vals_list = origin(moves, {**default, "invoice_origin": "before"})
            for move, values in zip(moves, vals_list, strict=True):
                values["narration"] = f"<p>after {move.name}</p>"
            return vals_list

        self._hook("copy_data", hook)
        for credit_note in self._credit(self.invoices):
            self.assertEqual(credit_note.invoice_origin, "before")
            self.assertIn(
                f"after {credit_note.reversed_entry_id.name}", credit_note.narration
            )

    def test_copy_after(self):
        def hook(origin, move, default=None):
            copies = origin(move, default)
            self.seen.append((copies.reversed_entry_id, copies.state))
            copies.narration = f"<p>after {move.name}</p>"
            return copies

        self._hook("copy", hook)
        for credit_note in self._credit(self.invoices):
            self.assertIn(
                f"after {credit_note.reversed_entry_id.name}", credit_note.narration
            )
        self.assertEqual(self.seen, [(move, "draft") for move in self.invoices])

    def test_copy_before(self):
        """What an addon changes there is not foreseen: Odoo's way, one by one."""

        def hook(origin, move, default=None):
            copies = origin(move, {**default, "invoice_origin": f"for {move.name}"})
            copies.narration = f"<p>after {move.name}</p>"
            return copies

        self._hook("copy", hook)
        with patch.object(bulk._logger, "info") as info:
            credit_notes = self._credit(self.invoices)
        info.assert_called_once()
        for credit_note in credit_notes:
            name = credit_note.reversed_entry_id.name
            self.assertEqual(credit_note.invoice_origin, f"for {name}")
            self.assertIn(f"after {name}", credit_note.narration)
        self.assertEqual(self.invoices.reversal_move_ids, credit_notes)
        self.assertEqual(len(credit_notes), 2)

    def test_create(self):
        def hook(origin, moves, vals_list):
            copies = origin(moves, vals_list)
            self.seen.extend(copies.ids)
            for copy in copies:
                copy.narration = f"<p>after {copy.reversed_entry_id.name}</p>"
            return copies

        self._hook("create", hook)
        credit_notes = self._credit(self.invoices)
        self.assertEqual(sorted(self.seen), sorted(credit_notes.ids))
        for credit_note in credit_notes:
            self.assertIn(
                f"after {credit_note.reversed_entry_id.name}", credit_note.narration
            )

    def test_create_before(self):
        def hook(origin, moves, vals_list):
            for values in vals_list:
                values["invoice_origin"] = f"for {values['reversed_entry_id']}"
            return origin(moves, vals_list)

        self._hook("create", hook)
        for credit_note in self._credit(self.invoices):
            self.assertEqual(
                credit_note.invoice_origin, f"for {credit_note.reversed_entry_id.id}"
            )
        self.assertEqual(len(self.invoices.reversal_move_ids), 2)

    def test_prepare_default_reversal(self):
        def hook(origin, wizard, move):
            return {**origin(wizard, move), "invoice_origin": f"for {move.name}"}

        self._hook(
            "_prepare_default_reversal",
            hook,
            model=self.registry["account.move.reversal"],
        )
        for credit_note in self._credit(self.invoices):
            self.assertEqual(
                credit_note.invoice_origin, f"for {credit_note.reversed_entry_id.name}"
            )

    def test_post(self):
        def hook(origin, moves, soft=True):
            self.seen.append((moves, set(moves.mapped("state"))))
            posted = origin(moves, soft)
            self.seen.append((posted, set(posted.mapped("state"))))
            return posted

        self._hook("_post", hook)
        credit_notes = self._credit(self.invoices)
        self.assertEqual(
            self.seen, [(credit_notes, {"draft"}), (credit_notes, {"posted"})]
        )

    def test_reconcile_reversed_moves(self):
        def hook(origin, moves, reverse_moves, cancel):
            self.seen.append(sum(moves.mapped("amount_residual")))
            result = origin(moves, reverse_moves, cancel)
            self.seen.append(sum(moves.mapped("amount_residual")))
            return result

        self._hook("_reconcile_reversed_moves", hook)
        self._credit(self.invoices)
        self.assertEqual(self.seen, [34.5, 0.0])


@tagged("post_install", "-at_install")
class TestHooksAfter(HookCases, ReversalsCommon):
    """Addons that load after this one: the most."""

    allow_inherited_tests_method = True

    def _get_model(self):
        return self.registry["account.move"]


@tagged("post_install", "-at_install")
class TestHooksBefore(HookCases, ReversalsCommon):
    """Addons that load before this one, so that their methods come after ours."""

    allow_inherited_tests_method = True

    def _get_model(self):
        return OdooAccountMove
