"""What counts as a change: all forms of a value that Odoo's `write` takes."""

from odoo import Command
from odoo.tests import tagged

from ..models.lock.changes import is_changed
from .lock_common import LockCommon


@tagged("post_install", "-at_install")
class TestLockChanges(LockCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.document = cls._invoice(100.0, 50.0)
        cls.line = cls.document.invoice_line_ids[0]
        cls.tax = cls.line.tax_ids
        cls.other_tax = cls.tax_sale_b

    def _assert_changes(self, record, fname, value, changes):
        """`is_changed` says what a write to an entry that is not locked does."""
        with self.subTest(field=fname, value=value):
            self.assertEqual(is_changed(record, fname, value), changes)

    def test_values(self):
        document = self.document
        for fname, value, changes in (
            ("ref", False, False),
            ("ref", "", False),
            ("ref", "new", True),
            ("partner_id", document.partner_id.id, False),
            ("partner_id", document.partner_id, False),
            ("partner_id", self.partner_b.id, True),
            ("invoice_date", str(document.invoice_date), False),
            ("invoice_date", "2020-02-30", True),
            ("narration", False, False),
            ("narration", "<p>new</p>", True),
            ("invoice_currency_rate", document.invoice_currency_rate, False),
            ("invoice_currency_rate", "much", True),
        ):
            self._assert_changes(document, fname, value, changes)
        # As it is stored: to the cent.
        self._assert_changes(self.line, "amount_currency", -100.001, False)
        self._assert_changes(self.line, "amount_currency", -100.01, True)

    def test_links(self):
        """A many2many takes commands, ids, records, one command, and nothing."""
        tax_id, other_id = self.tax.id, self.other_tax.id
        for value, changes in (
            ([], False),
            ([Command.link(tax_id)], False),
            ([Command.link(other_id)], True),
            ([Command.unlink(other_id)], False),
            ([Command.unlink(tax_id)], True),
            ([Command.set([tax_id])], False),
            ([Command.set([other_id])], True),
            ([Command.set(None)], True),
            ([(Command.SET, 0, "all")], True),
            ([Command.clear()], True),
            ([Command.create({"name": "New"})], True),
            ([Command.delete(tax_id)], True),
            ([Command.update(tax_id, {"name": "Another name"})], False),
            ([Command.link(tax_id), Command.link(other_id)], True),
            (self.tax, False),
            (self.other_tax, True),
            ([tax_id], False),
            ((tax_id,), False),
            ([other_id], True),
            ((tax_id, other_id), True),
            (False, True),
            (None, True),
            (tax_id, True),
            ("all", True),
        ):
            self._assert_changes(self.line, "tax_ids", value, changes)

    def test_no_links(self):
        line = self.document.line_ids.filtered("date_maturity")[0]
        for value, changes in (
            ([Command.clear()], False),
            (False, False),
            (None, False),
            (self.tax[:0], False),
            ((), False),
            (self.tax, True),
        ):
            self._assert_changes(line, "tax_ids", value, changes)

    def test_lines(self):
        """The lines of a document: which there are, and what each of them says."""
        line, lines = self.line, self.document.invoice_line_ids
        foreign = self._invoice(10.0).invoice_line_ids
        for value, changes in (
            ([Command.update(line.id, {})], False),
            ([Command.update(line.id, {"name": line.name})], False),
            ([Command.update(line.id, {"name": "Another name"})], True),
            ([Command.update(line.id, {"no_such_field": 1})], True),
            ([Command.update(line.id, {"tax_ids": self.tax.ids})], False),
            ([Command.update(line.id, {"tax_ids": self.other_tax.ids})], True),
            ([Command.update(foreign.id, {})], True),
            ([Command.update(foreign.id, {"name": foreign.name})], True),
            ([Command.link(line.id)], False),
            ([Command.link(foreign.id)], True),
            ([Command.unlink(foreign.id)], True),
            ([Command.delete(line.id)], True),
            ([Command.set(lines.ids)], False),
            ([Command.set(line.ids)], True),
            (lines, False),
            (lines + foreign, True),
        ):
            self._assert_changes(self.document, "invoice_line_ids", value, changes)

    def test_the_lock_takes_its_word(self):
        """A program that writes the same links goes on, another link is refused."""
        self.line.write({"tax_ids": self.tax.ids})
        self.document.with_context(skip_readonly_check=True).write(
            {"invoice_line_ids": [Command.link(self.line.id)]}
        )
        for value in (self.other_tax.ids, self.other_tax, False):
            with self.subTest(value=value), self.assertRefusal("Taxes"):
                self.line.write({"tax_ids": value})
