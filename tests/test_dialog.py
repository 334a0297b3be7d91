from odoo import Command, fields
from odoo.exceptions import UserError
from odoo.tests import Form, tagged
from odoo.tools import format_amount

from .common import CreditNoteCommon

BUTTONS = (
    "action_issue",
    "action_issue_and_print",
    "action_issue_and_send",
    "action_save_draft",
    "action_reinvoice",
)


@tagged("post_install", "-at_install")
class TestDialog(CreditNoteCommon):
    """What the dialog says before the click is what happens after it."""

    def _form(self, invoices, **values):
        form = Form(
            self.env["account.move.reversal"].with_context(
                **invoices.action_credit_note()["context"]
            )
        )
        for name, value in values.items():
            form[name] = value
        return form

    def _format(self, amount, currency=None):
        return format_amount(self.env, amount, currency or self.env.company.currency_id)

    def assertMarked(self, form, field_name, sentence):
        """Marked at the field, the buttons are off, and the button says the same."""
        self.assertIn(sentence, form.refusals[field_name])
        self.assertEqual(
            [form.button_refusals.get(name) for name in BUTTONS],
            [form.refusals[field_name]] * len(BUTTONS),
        )
        with self.assertRaisesRegex(UserError, "(?s).") as refused:
            form.save().action_issue()
        self.assertEqual(str(refused.exception), form.refusals[field_name])

    # --- head -----------------------------------------------------------------------

    def test_head_of_one(self):
        invoice = self._invoice(100.0)
        form = self._form(invoice)
        self.assertEqual(form.customer_names, "partner_a")
        self.assertIn(invoice.name, form.document_names)
        self.assertEqual(form.total, self._format(115.0))

    def test_head_of_many(self):
        invoices = self._invoice(100.0) + self._invoice(10.0)
        form = self._form(invoices + self._invoice(1.0, partner=self.partner_b))
        self.assertEqual(form.customer_names, "2 customers")
        self.assertEqual(form.document_names, "3 invoices")
        self.assertEqual(form.total, self._format(127.65))

    def test_total_in_two_currencies(self):
        euro = self.setup_other_currency("EUR")
        invoices = self._invoice(100.0) + self._invoice(10.0, currency_id=euro.id)
        total = self._form(invoices).total
        self.assertIn(self._format(115.0), total)
        self.assertIn(self._format(11.5, euro), total)

    # --- refusals -------------------------------------------------------------------

    def test_amount(self):
        invoice = self._invoice(100.0)
        form = self._form(invoice, credit_method="amount")
        self.assertMarked(form, "amount", "Enter the amount")
        form.amount = 115.01
        self.assertMarked(form, "amount", "more than is left to credit")
        self.assertFalse(form.preview)
        self.assertFalse(form.total)
        form.amount = 115.0
        self.assertFalse(form.refusals)
        self.assertFalse(form.button_refusals.get("action_issue"))
        self.assertEqual(form.total, self._format(115.0))

    def test_percentage(self):
        form = self._form(self._invoice(100.0), credit_method="percentage")
        self.assertMarked(form, "percentage", "above 0 and up to 100")
        form.percentage = 150.0
        self.assertMarked(form, "percentage", "above 0 and up to 100")

    def test_lines(self):
        invoice = self._invoice(10.0, quantity=16.0)
        form = self._form(invoice, credit_method="lines")
        self.assertMarked(form, "line_ids", "Tick the lines")
        with form.line_ids.edit(0) as line:
            line.quantity = 99.0
        self.assertMarked(form, "line_ids", "more than is left to credit")
        line_id = str(invoice.invoice_line_ids.id)
        self.assertEqual(
            form.line_outcomes[line_id]["refusal"], form.refusals["line_ids"]
        )
        with form.line_ids.edit(0) as line:
            line.quantity = 4.0
        self.assertFalse(form.refusals)
        self.assertEqual(
            form.line_outcomes,
            {line_id: {"amount": 40.0, "refusal": False, "is_price": False}},
        )

    def test_line_says_what_it_is(self):
        invoice = self._invoice(10.0, quantity=16.0)
        invoice_line = invoice.invoice_line_ids
        self._credit(
            invoice,
            credit_method="lines",
            line_ids=[
                Command.create({"invoice_line_id": invoice_line.id, "quantity": 4.0})
            ],
        )
        with self._form(invoice, credit_method="lines").line_ids.edit(0) as line:
            self.assertEqual(line.quantity_invoiced, 16.0)
            self.assertEqual(line.quantity_creditable, 12.0)
            self.assertEqual(line.product_uom_id, invoice_line.product_uom_id)
            self.assertEqual(line.taxes, "15%")

    def test_reason(self):
        self.env.company.credit_note_reason_required = True
        invoice = self._invoice(100.0)
        form = self._form(invoice)
        self.assertIn("Choose a reason", form.refusals["reason_id"])
        form.reason_id = self.reason
        self.assertFalse(form.refusals)

    def test_date_before_the_invoice(self):
        invoice = self._invoice(100.0, invoice_date="2020-02-02")
        form = self._form(invoice)
        form.date = "2020-02-01"
        self.assertMarked(form, "date", "before its invoice")

    def test_future_date_leaves_the_draft(self):
        form = self._form(self._invoice(100.0))
        form.date = fields.Date.add(self.today, days=1)
        self.assertFalse(form.refusals)
        self.assertIn("in the future", form.button_refusals["action_issue"])
        self.assertNotIn("action_save_draft", form.button_refusals)
        form.save().action_save_draft()

    def test_several_at_different_rates(self):
        euro = self.setup_other_currency("EUR")
        invoices = self._invoice(
            10.0, currency_id=euro.id, invoice_date="2016-01-01"
        ) + self._invoice(10.0, currency_id=euro.id, invoice_date="2017-01-01")
        form = self._form(invoices, as_one=True)
        self.assertIn("different exchange rates", form.refusals["as_one"])
        form.use_invoice_rate = False
        self.assertFalse(form.refusals)

    def test_no_address(self):
        self.partner_a.write({"email": False, "invoice_sending_method": "email"})
        form = self._form(self._invoice(100.0))
        self.assertEqual(list(form.button_refusals), ["action_issue_and_send"])
        self.assertIn(
            "No e-mail address", form.button_refusals["action_issue_and_send"]
        )

    def test_refund_comes_before_print_and_send(self):
        invoice = self._invoice(100.0)
        self._register_payment(invoice)
        form = self._form(invoice)
        self.assertFalse(form.button_refusals)
        form.settlement = "refund"
        self.assertEqual(set(form.button_refusals), set(BUTTONS[1:]))

    def test_nothing_is_capped_silently(self):
        invoice = self._invoice(100.0)
        self._credit(invoice, credit_method="amount", amount=100.0)
        form = self._form(invoice, credit_method="percentage", percentage=100.0)
        self.assertIn("What is left is credited", form.preview)
        self.assertEqual(form.total, self._format(15.0))
        form.percentage = 99.0
        self.assertMarked(form, "percentage", "more than is left to credit")

    # --- what becomes of it ---------------------------------------------------------

    def test_kept_or_refunded(self):
        invoice = self._invoice(100.0)
        self._register_payment(invoice)
        form = self._form(invoice)
        self.assertIn(f"Kept as customer credit: {self._format(115.0)}", form.preview)
        form.settlement = "refund"
        self.assertIn(f"To refund: {self._format(115.0)}", form.preview)
        self.assertNotIn("Kept as customer credit", form.preview)

    def test_applied_as_the_dialog_says(self):
        """The invoices credited here are paid by their own credit notes first."""
        paid = self._invoice(100.0) + self._invoice(30.0)
        for invoice in paid:
            self._register_payment(invoice)
        credited = self._invoice(20.0, invoice_date_due="2020-01-01")
        late = self._invoice(50.0, invoice_date_due="2020-02-01")
        later = self._invoice(500.0, invoice_date_due="2030-02-01")
        wizard = self._wizard(paid + credited, settlement="apply")
        preview = wizard.preview
        wizard.action_issue()
        applied = {}
        for credit_note in wizard.new_move_ids:
            for invoice, amount in credit_note._get_applied_amounts().items():
                applied[invoice] = applied.get(invoice, 0.0) + amount
        self.assertEqual(set(applied), {late, later})
        for invoice, amount in applied.items():
            self.assertIn(f"{invoice.name} {self._format(amount)}", preview)
        self.assertNotIn("kept as customer credit", preview)

    def test_applied_in_part(self):
        paid = self._invoice(100.0)
        self._register_payment(paid)
        other = self._invoice(20.0)
        preview = self._wizard(paid, settlement="apply").preview
        self.assertIn(f"{other.name} {self._format(23.0)}", preview)
        self.assertIn(f"No other open invoice for {self._format(92.0)}", preview)

    def test_foreign_currency(self):
        euro = self.setup_other_currency("EUR", rates=[("2020-01-01", 2.0)])
        invoice = self._invoice(100.0, currency_id=euro.id, invoice_date="2020-02-02")
        form = self._form(invoice)
        self.assertIn("1 USD = 2 EUR", form.preview)
        self.assertIn("57.50", form.preview)

    # --- after issuing --------------------------------------------------------------

    def test_message_says_number_amount_and_what_next(self):
        wizard = self._wizard(self._invoice(100.0))
        params = wizard.action_issue()["params"]
        self.assertEqual(params["message"], f"%s: {self._format(115.0)}")
        self.assertEqual(params["move_ids"], wizard.new_move_ids.ids)
        action = wizard.new_move_ids.action_open_documents()
        self.assertEqual(action["res_id"], wizard.new_move_ids.id)

    def test_message_of_many_says_the_total(self):
        invoices = self.env["account.move"].union(
            *(self._invoice(100.0) for _number in range(5))
        )
        wizard = self._wizard(invoices)
        params = wizard.action_issue()["params"]
        self.assertIn(f"Total: {self._format(575.0)}", params["message"])
        action = wizard.new_move_ids.action_open_documents()
        self.assertEqual(action["domain"], [("id", "in", wizard.new_move_ids.ids)])

    def test_series_that_ends_is_said(self):
        invoice = self._invoice(100.0, auto_post="monthly", post=False)
        invoice.auto_post_until = "2100-01-01"
        invoice.action_post()
        following = invoice._get_next_recurring_invoices()
        wizard = self._wizard(invoice, stop_recurring=True)
        self.assertIn("The series ends", wizard.preview)
        self.assertIn(
            "A draft stops no series", wizard.button_refusals["action_save_draft"]
        )
        message = wizard.action_issue()["params"]["message"]
        self.assertIn(f"Series ended: {invoice.name}", message)
        self.assertEqual(following.state, "cancel")

    def test_what_is_left_undone_is_said(self):
        invoice = self._invoice(100.0)
        self._register_payment(invoice)
        credit_note = self._credit(invoice)
        self.assertIn(credit_note.name, credit_note.get_undone("refund"))
        self.assertIn(credit_note.name, credit_note.get_undone("send"))
        self._register_payment(credit_note)
        credit_note.is_move_sent = True
        self.assertFalse(credit_note.get_undone("refund"))
        self.assertFalse(credit_note.get_undone("send"))

    def test_no_fact_is_told_twice(self):
        invoice = self._invoice(100.0)
        credit_note = self._credit(invoice, reason_id=self.reason.id)
        for document, other in ((invoice, credit_note), (credit_note, invoice)):
            told = document.message_ids.filtered(
                lambda message, other=other: f'data-oe-id="{other.id}"' in message.body
            )
            self.assertEqual(len(told), 1, document.message_ids.mapped("body"))
        # A draft is told by Odoo, as ever.
        other_invoice = self._invoice(100.0)
        self._wizard(other_invoice).action_save_draft()
        self.assertIn("reversed", "".join(other_invoice.message_ids.mapped("body")))

    def test_numbers_run_in_the_order_of_the_list(self):
        invoices = self.env["account.move"].union(
            *(
                self._invoice(10.0, invoice_date=f"2020-01-{day}")
                for day in (20, 10, 15)
            )
        )
        wizard = self._wizard(invoices)
        preview = wizard.preview
        wizard.action_issue()
        listed = sorted(invoices, key=lambda invoice: preview.index(invoice.name))
        numbers = [invoice.reversal_move_ids.name for invoice in listed]
        self.assertEqual(numbers, sorted(numbers))
