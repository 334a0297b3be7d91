from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, new_test_user, tagged

from .common import CreditNoteCommon


@tagged("post_install", "-at_install")
class TestAppliedCredit(CreditNoteCommon):
    """What was applied to an invoice is taken off again and used elsewhere."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.paid = cls._invoice(100.0)  # 115.00 with tax
        cls._register_payment(cls.paid)
        cls.first = cls._invoice(40.0, invoice_date_due=cls.today)  # 46.00
        cls.second = cls._invoice(
            80.0,
            invoice_date_due=fields.Date.add(cls.today, days=5),
            invoice_payment_term_id=False,
        )  # 92.00

    def _use(self, credit_note, user=None):
        """The dialog that *Use credit* opens, as a form."""
        action = credit_note.with_user(user or self.clerk).action_use_credit()
        return Form(
            self.env[action["res_model"]]
            .with_user(user or self.clerk)
            .with_context(**action["context"])
        )

    def _tick(self, form, **ticks):
        """Tick or untick invoices by the name of their attribute here."""
        for name, ticked in ticks.items():
            number = [
                form.line_ids.edit(index).invoice_id
                for index in range(len(form.line_ids))
            ].index(getattr(self, name))
            with form.line_ids.edit(number) as line:
                line.is_applied = ticked

    def _notes(self, move):
        return " ".join(str(body) for body in move.message_ids.mapped("body"))

    def test_taken_off_and_used_elsewhere(self):
        credit_note = self._credit(self.paid, settlement="apply")
        self.assertEqual(
            (self.first + self.second).mapped("amount_residual"), [0.0, 23.0]
        )
        form = self._use(credit_note)
        self._tick(form, first=False)
        self.assertEqual((form.amount_credit, form.amount_open), (115.0, 23.0))
        form.save().action_apply()
        self.assertEqual(
            (self.first + self.second).mapped("amount_residual"), [46.0, 0.0]
        )
        self.assertEqual(credit_note.amount_residual, 23.0)
        self.assertEqual(self.paid.amount_residual, 0.0)
        self.assertIn(f"Taken off {self.first.name}", self._notes(credit_note))
        self.assertIn("taken off", self._notes(self.first))
        self.assertIn(credit_note.name, self._notes(self.second))

    def test_preview_is_what_comes(self):
        credit_note = self._credit(self.paid)
        form = self._use(credit_note)
        self._tick(form, second=True, first=True)
        lines = [form.line_ids.edit(index) for index in range(2)]
        self.assertEqual([line.amount_after for line in lines], [46.0, 69.0])
        application = form.save()
        application.action_apply()
        applied = credit_note._get_applied_amounts()
        self.assertEqual(applied, {self.first: 46.0, self.second: 69.0})
        self.assertEqual(credit_note.amount_residual, 0.0)

    def test_what_would_be_refused_is_said(self):
        """An invoice that would get nothing: while it is ticked, in the same words."""
        credit_note = self._credit(self.paid)
        self.third = self._invoice(
            10.0,
            invoice_date_due=fields.Date.add(self.today, days=9),
            invoice_payment_term_id=False,
        )
        form = self._use(credit_note)
        self._tick(form, first=True, second=True)
        self.assertFalse(form.refusals)
        self.assertFalse(form.button_refusals)
        self._tick(form, third=True)
        sentence = form.refusals["line_ids"]
        self.assertIn(f"is left for {self.third.name}", sentence)
        self.assertEqual(form.button_refusals, {"action_apply": sentence})
        application = form.save()
        with self.assertRaises(UserError) as refused:
            application.action_apply()
        self.assertEqual(str(refused.exception), sentence)
        self.assertEqual(credit_note.amount_residual, 115.0)
        self._tick(form, third=False)
        self.assertFalse(form.button_refusals)

    def test_the_invoice_it_credits_stays(self):
        """A credit note stays set against its own invoice."""
        invoice = self._invoice(50.0)
        credit_note = self._credit(invoice)
        with self.assertRaisesRegex(UserError, credit_note.name):
            credit_note.action_use_credit()
        self.assertEqual(invoice.payment_state, "reversed")

    def test_what_others_opened_meanwhile(self):
        credit_note = self._credit(self.paid)
        stale = self._use(credit_note).save()
        credit_note._apply_credit(self.first)
        with self.assertRaisesRegex(UserError, "meanwhile"):
            stale.action_apply()
        self.assertEqual(credit_note._get_applied_amounts(), {self.first: 46.0})

    def test_cash_basis_and_exchange_entries_are_reversed(self):
        """Taking off undoes what Odoo booked when the credit was applied."""
        foreign = self.setup_other_currency(
            "EUR",
            rounding=0.01,
            rates=[
                ("2016-01-01", 2.0),
                (str(self.today), 4.0),
            ],
        )
        paid = self._invoice(100.0, currency_id=foreign.id)
        self._register_payment(paid)
        other = self._invoice(100.0, currency_id=foreign.id, invoice_date="2017-01-01")
        credit_note = self._credit(paid)
        credit_note._apply_credit(other)
        exchange = credit_note._get_applied_partials().exchange_move_id
        credit_note._take_off_credit(other)
        self.assertEqual(other.amount_residual, other.amount_total)
        self.assertEqual(credit_note.amount_residual, credit_note.amount_total)
        self.assertTrue(exchange)
        self.assertEqual(exchange.reversal_move_ids.state, "posted")

    def test_drafts_invoices_and_several(self):
        credit_note = self._credit(self.paid)
        draft = self._native_credit_note(self._invoice(10.0), post=False)
        for documents in (self.first, credit_note + self.first, draft):
            with self.assertRaises(UserError):
                documents.action_use_credit()
            self.assertTrue(documents.get_customer_document_hints()["use_credit"])
        self.assertFalse(credit_note.get_customer_document_hints()["use_credit"])

    def test_access(self):
        credit_note = self._credit(self.paid)
        reader = new_test_user(
            self.env, login="reader", groups="account.group_account_readonly"
        )
        with self.assertRaises(AccessError):
            credit_note.with_user(reader).action_use_credit()
        application = self._use(credit_note).save()
        for user in (reader, self.env.ref("base.public_user")):
            with self.assertRaises(AccessError):
                application.with_user(user).action_apply()
        other_company = self.setup_other_company()["company"]
        stranger = new_test_user(
            self.env,
            login="stranger",
            groups="account.group_account_invoice",
            company_id=other_company.id,
            company_ids=[(6, 0, other_company.ids)],
        )
        with self.assertRaises(AccessError):
            credit_note.with_user(stranger).action_use_credit()
        with self.assertRaises(AccessError):
            self.env["account.credit.application"].with_user(stranger).create(
                {"credit_note_id": credit_note.id}
            ).action_apply()

    def test_foreign_lines_over_rpc(self):
        """Lines that name documents of others change nothing there."""
        credit_note = self._credit(self.paid)
        stranger = self._invoice(50.0, partner=self.partner_b)
        application = (
            self.env["account.credit.application"]
            .with_user(self.clerk)
            .create(
                {
                    "credit_note_id": credit_note.id,
                    "line_ids": [
                        (0, 0, {"invoice_id": stranger.id, "is_applied": True}),
                        (0, 0, {"invoice_id": self.paid.id, "is_applied": False}),
                    ],
                }
            )
        )
        application.action_apply()
        self.assertEqual(stranger.amount_residual, stranger.amount_total)
        self.assertEqual(self.paid.amount_residual, 0.0)
        self.assertEqual(credit_note.amount_residual, 115.0)
