"""A value that a document has already, written again after master data has changed.

Odoo computes everything anew that depends on a value it is given, changed or not: an
import of what was exported yesterday, with today's prices, lowered printed invoices.
"""

from odoo import Command
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from .lock_common import LockCommon

CONTEXTS = (
    {},
    {"skip_invoice_sync": True, "check_move_validity": False},
    {"skip_account_move_synchronization": True, "skip_readonly_check": True},
)


@tagged("post_install", "-at_install")
class TestLockUnchanged(LockCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.other_currency = cls.setup_other_currency("EUR")
        products = cls.product_a + cls.product_b
        cls.document = cls.init_invoice("out_invoice", products=products)
        cls.document.invoice_payment_term_id = cls.pay_terms_b
        cls.foreign = cls.init_invoice(
            "out_invoice", products=products, currency=cls.other_currency
        )
        (cls.document + cls.foreign).action_post()
        cls.env.flush_all()
        cls._change_master_data()

    @classmethod
    def _change_master_data(cls):
        """Everything that the fields of a document are computed from."""
        accounts = [
            cls.company_data[f"default_account_{name}"].copy().id
            for name in ("revenue", "receivable")
        ]
        (cls.product_a + cls.product_b).write(
            {
                "name": "Other",
                "list_price": 1.0,
                "taxes_id": [Command.clear()],
                "property_account_income_id": accounts[0],
            }
        )
        cls.company_data["default_account_revenue"].tax_ids = cls.tax_sale_b
        cls.partner_a.write(
            {
                "property_payment_term_id": cls.pay_terms_a.id,
                "property_account_position_id": cls.fiscal_pos_a.id,
                "property_account_receivable_id": accounts[1],
                "child_ids": [Command.create({"name": "There", "type": "delivery"})],
            }
        )
        cls.pay_terms_b.line_ids.nb_days = 77
        cls.other_currency.rate_ids[:1].rate = 7.0
        cls.env.flush_all()
        cls.env.invalidate_all()

    def _get_unchanged_values(self, record):
        """:return: each closed field and the value that the record has, as written"""
        # sudo: all fields
        record = record.sudo()
        for name in sorted(record._get_lock_closed_fields()):
            field = record._fields[name]
            if field.type != "binary":
                yield name, field.convert_to_write(record[name], record)

    @mute_logger("odoo.sql_db", "odoo.orm.fields", "odoo.fields")
    def _write_unchanged(self, record, document, name, value, context):
        """:return: what closed rows became when a Billing user wrote the value"""
        before = self._snapshot(document.id)
        with self._undone():
            # With a field that is free, as forms and imports do.
            vals = {name: value, "no_followup": not record.no_followup}
            try:
                record.with_user(self.clerk).with_context(**context).write(vals)
                self.env.flush_all()
            except (UserError, AccessError):
                self.env.cr.precommit.clear()
            return self._get_closed_changes(
                self._changes(before, self._snapshot(document.id))
            )

    def _scan(self, document, contexts):
        """:return: (number of writes, what they changed)"""
        lines = document.line_ids
        receivable = lines.filtered(lambda line: line.display_type == "payment_term")
        tax_line = lines.filtered("tax_line_id")
        writes, changes = 0, []
        for record in (
            document,
            document.invoice_line_ids[0],
            receivable[0],
            tax_line[0],
        ):
            for name, value in self._get_unchanged_values(record):
                for context in contexts:
                    writes += 1
                    if found := self._write_unchanged(
                        record, document, name, value, context
                    ):
                        changes.append((record, name, context, found))
        return writes, changes

    def test_without_lock(self):
        """What it is about: the price becomes that of the product, the totals not."""
        self._set_lock(False)
        line = self.document.invoice_line_ids[0]
        changes = self._write_unchanged(
            line, self.document, "product_id", line.product_id.id, {}
        )
        self.assertIn("price_unit", str(changes))

    def test_company_currency(self):
        writes, changes = self._scan(self.document, CONTEXTS[:1])
        self.assertGreater(writes, 150)
        self.assertEqual(changes, [])

    def test_foreign_currency(self):
        writes, changes = self._scan(self.foreign, CONTEXTS)
        self.assertGreater(writes, 300)
        self.assertEqual(changes, [])

    def test_import(self):
        """A file with the product that each line has."""
        line = self.document.invoice_line_ids[0]
        before = self._snapshot(self.document.id)
        result = (
            self.env["account.move.line"]
            .with_user(self.clerk)
            .load(
                [".id", "product_id/.id", "no_followup"],
                [[str(line.id), str(line.product_id.id), "1"]],
            )
        )
        self.env.flush_all()
        self.assertEqual(result["ids"], line.ids)
        self.assertTrue(line.no_followup)
        self.assertEqual(
            self._get_closed_changes(
                self._changes(before, self._snapshot(self.document.id))
            ),
            [],
        )

    def test_draft_among_them(self):
        """One write to an issued line and one of a draft: the draft is Odoo's."""
        draft = self.init_invoice("out_invoice", products=self.product_a)
        self.product_a.list_price = 5.0
        lines = self.document.invoice_line_ids[0] + draft.invoice_line_ids
        before = self._snapshot(self.document.id)
        lines.write({"product_id": self.product_a.id, "no_followup": True})
        self.env.flush_all()
        self.assertEqual(draft.invoice_line_ids.price_unit, 5.0)
        self.assertEqual(lines.mapped("no_followup"), [True, True])
        self.assertEqual(
            self._get_closed_changes(
                self._changes(before, self._snapshot(self.document.id))
            ),
            [],
        )


@tagged("post_install", "-at_install")
class TestLockColumns(LockCommon):
    """The last step before the database, for what never went through `write`."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.document = cls._invoice(100.0)

    def test_low_level_write(self):
        self.assertHole(lambda move: move._write({"ref": "x"}), by="superuser")
        self.assertHole(
            lambda move: move.line_ids[0]._write({"name": "x"}), by="superuser"
        )

    def test_value_in_the_cache(self):
        def forge(move):
            # The field's own write: no business logic.
            move._fields["ref"].write(move, "x")

        self.assertHole(forge, by="superuser")

    def test_translated_terms(self):
        """With Saudi Arabia's invoices the terms are translated."""
        self._needs("l10n_gcc_invoice", "amount_total", "account.move")
        if not self.env["account.move"]._fields["narration"].translate:
            self.skipTest("--with l10n_gcc_invoice")
        invoice = self._invoice(10.0, narration="<p>Reverse charge applies</p>")
        self.assertHole(
            lambda move: move.update_field_translations(
                "narration", {"en_US": {"Reverse charge applies": "Nothing to pay"}}
            ),
            document=invoice,
        )

    def test_refusal_leaves_the_truth(self):
        """Whoever catches the refusal reads what the database has."""
        with self.assertRefusal(self.document.name):
            self.document._write({"ref": "x"})
        self.assertFalse(self.document.ref)
        self.document.flush_recordset()
