"""What Odoo computes anew on an issued document: nothing of what it says."""

from contextlib import nullcontext, suppress

from odoo import Command
from odoo.exceptions import UserError
from odoo.tests import tagged

from ..models.lock.frozen import RECOMPUTED_FIELDS, RECOMPUTED_LINE_FIELDS
from .lock_common import LockCommon


@tagged("post_install", "-at_install")
class TestLockFrozen(LockCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.document = cls.init_invoice(
            "out_invoice", products=cls.product_a + cls.product_b
        )
        cls.document.invoice_payment_term_id = cls.pay_terms_b
        cls.document.action_post()
        cls.env.flush_all()

    def _change_master_data(self):
        """Everything that the fields of the document are computed from."""
        product = self.document.invoice_line_ids.product_id
        product.write(
            {
                "name": "Other",
                "list_price": 7.0,
                "taxes_id": [Command.clear()],
                "property_account_income_id": self.company_data[
                    "default_account_revenue"
                ]
                .copy()
                .id,
            }
        )
        self.document.partner_id.write(
            {
                "name": "Renamed",
                "property_payment_term_id": self.pay_terms_a.id,
                "property_account_receivable_id": self.company_data[
                    "default_account_receivable"
                ]
                .copy()
                .id,
                "child_ids": [Command.create({"name": "There", "type": "delivery"})],
            }
        )
        self.pay_terms_b.line_ids.nb_days = 77
        self.company.partner_id.bank_ids = [Command.create({"acc_number": "123 456"})]
        self.env.flush_all()

    def _get_computed(self):
        """:return: pairs of records and a stored field of theirs that is computed"""
        return [
            (records, field)
            for records in (self.document, self.document.line_ids)
            for field in records._fields.values()
            if field.compute and field.store
        ]

    def _recompute(self, move):
        for records, field in self._get_computed():
            move.env.add_to_compute(field, records.with_env(move.env))
        move.env.flush_all()

    def _call_compute_methods(self, move):
        for records, field in self._get_computed():
            if isinstance(field.compute, str):
                # Odoo alone refuses some.
                with nullcontext() if move.is_locked else suppress(UserError):
                    getattr(records.with_env(move.env), field.compute)()

    def _assert_frozen(self, change):
        self._change_master_data()
        bookkeeping = tuple(
            f"{table}.{name}:"
            for table, names in (
                ("account_move", RECOMPUTED_FIELDS),
                ("account_move_line", RECOMPUTED_LINE_FIELDS),
            )
            for name in names
        )
        self._set_lock(False)
        changes, error = self._attack(change, self.document, self.users["superuser"])
        self.assertFalse(error)
        closed_changes = self._get_closed_changes(changes)
        for column in ("invoice_partner_display_name", "price_unit", "account_id"):
            self.assertIn(f".{column}:", str(closed_changes), "it proves nothing")
        self._set_lock(True)
        for user in self.users.values():
            changes, error = self._attack(change, self.document, user)
            self.assertFalse(error)
            self.assertEqual(
                [
                    change
                    for change in self._get_closed_changes(changes)
                    if not change.startswith(bookkeeping)
                ],
                [],
            )

    def test_recomputed(self):
        self._assert_frozen(self._recompute)

    def test_compute_method_called(self):
        """As Odoo does on a credit note that it has just posted."""
        self._assert_frozen(self._call_compute_methods)

    def test_drafts_among_them(self):
        """One call for an issued document and a draft: the draft is computed."""
        draft = self._invoice(100.0, post=False)
        both = self.document + draft
        self.env.flush_all()
        bank_account = self.env["res.partner.bank"].create(
            {
                "acc_number": "DE88 1234",
                "partner_id": self.company.partner_id.id,
                "allow_out_payment": True,
            }
        )
        issued_for = self.document.partner_bank_id
        both._compute_partner_bank_id()
        self.assertEqual(draft.partner_bank_id, bank_account)
        self.assertEqual(self.document.partner_bank_id, issued_for)

    def test_written_by_hand(self):
        """The value that Odoo would compute is refused like any other."""
        self._change_master_data()
        with self.assertRefusal(self.document.name):
            self.document.invoice_line_ids[0].price_unit = 7.0
        with self.assertRefusal(self.document.name):
            self.document.partner_bank_id = self.company.partner_id.bank_ids[0]

    def test_refused_posting(self):
        """A refusal in `_post` leaves nothing open."""
        draft = self._invoice(100.0, post=False)
        draft.partner_id = False
        with self.assertRefusal():
            (draft + self._invoice(50.0, post=False)).action_post()
        self._assert_frozen(self._call_compute_methods)

    def test_bookkeeping_goes_on(self):
        self._register_payment(self.document)
        self.assertIn(self.document.payment_state, ("paid", "in_payment"))
        self.assertFalse(self.document.amount_residual)
        self.env.flush_all()
        self._recompute(self.document)
        self.document.invalidate_recordset()
        self.assertFalse(self.document.amount_residual)

    def test_reverse_and_create_of_credit_note(self):
        """Newer Odoo computes the bank account of what it has just posted."""
        credit_note = self.init_invoice(
            "out_refund", products=self.product_a, post=True
        )
        wizard = (
            self.env["account.move.reversal"]
            .with_context(active_model="account.move", active_ids=credit_note.ids)
            .create({"journal_id": credit_note.journal_id.id})
        )
        action = wizard.modify_moves()
        again = self.env["account.move"].browse(action["res_id"])
        self.assertEqual(again.state, "draft")
        self.assertEqual(again.move_type, "out_refund")
        self.assertEqual(credit_note.reversal_move_ids.state, "posted")
