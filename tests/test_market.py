from lxml import etree, html

from odoo import Command
from odoo.exceptions import UserError
from odoo.tests import tagged

from .common import CreditNoteCommon


@tagged("post_install", "-at_install")
class TestMarket(CreditNoteCommon):
    """What plain Odoo 19 does was measured, row by row; each row is better here.

    In depth they are in TestReport, TestMail, TestEdiReference and TestInvoicesTab; how
    well plain Odoo keeps what is posted is in TestLockHoles.
    """

    def _html_text(self, move):
        content, _type = self.env["ir.actions.report"]._render_qweb_html(
            "account.account_invoices", move.ids
        )
        return " ".join(" ".join(html.fromstring(content).itertext()).split())

    def test_row_credit_note_of_300_on_an_invoice_of_100(self):
        """Odoo posts it silently."""
        invoice = self._invoice(100.0)
        with self.assertRaisesRegex(UserError, "more than is left to credit"):
            self._native_credit_note(invoice, price_unit=300.0)

    def test_row_three_full_credit_notes(self):
        """Odoo posts all three, two of them stay open."""
        invoice = self._invoice(100.0)
        self._credit(invoice)
        with self.assertRaisesRegex(UserError, "more than is left to credit"):
            self._native_credit_note(invoice)
        with self.assertRaisesRegex(UserError, "Nothing is left to credit"):
            self._credit(invoice)

    def test_row_part_paid_then_reverse(self):
        """As in Odoo: the payment stays, the rest is the customer's credit."""
        invoice = self._invoice(100.0)
        self._register_payment(invoice, amount=40.0, payment_difference_handling="open")
        credit_note = self._credit(invoice)
        self.assertEqual(credit_note.amount_residual, 40.0)
        self.assertEqual(invoice.amount_residual, 0.0)

    def test_row_part_paid_then_reverse_and_create_invoice(self):
        """Odoo takes the payment off the invoice and forgets the source document."""
        invoice = self._invoice(100.0, invoice_origin="S00042")
        self._register_payment(invoice, amount=40.0, payment_difference_handling="open")
        matched = invoice._get_reconciled_amls()
        action = self._wizard(invoice).action_reinvoice()["params"]["next"]
        self.assertTrue(matched <= invoice._get_reconciled_amls())
        new_invoice = self.env["account.move"].browse(action["res_id"])
        self.assertEqual(new_invoice.invoice_origin, "S00042")

    def test_row_fully_paid_then_reverse(self):
        """Odoo leaves the credit note open, and nobody is told what to do next."""
        invoice = self._invoice(100.0)
        self._register_payment(invoice)
        wizard = self._wizard(invoice, settlement="refund")
        self.assertEqual(wizard.amount_customer_credit, 115.0)
        action = wizard.action_issue()
        self.assertEqual(
            action["params"]["next"]["res_model"], "account.payment.register"
        )
        self.assertEqual(wizard.new_move_ids.billing_status, "open_credit")

    def test_row_credit_note_dated_before_the_invoice(self):
        invoice = self._invoice(100.0, invoice_date="2026-10-01")
        with self.assertRaisesRegex(UserError, "before its invoice"):
            self._credit(invoice, date="2026-09-01")

    def test_row_reason_empty(self):
        self.env.company.credit_note_reason_required = True
        with self.assertRaisesRegex(UserError, "Choose a reason"):
            self._credit(self._invoice(100.0))

    def test_row_original_number_on_the_pdf(self):
        """Odoo prints it from the free text `ref`, and never the date."""
        invoice = self._invoice(100.0, invoice_date="2026-05-10")
        draft = self._native_credit_note(invoice, post=False)
        draft.ref = "PO 4711"
        draft.action_post()
        self.assertIn(
            f"Credits the whole of invoice {invoice.name} of 05/10/2026.",
            self._html_text(draft),
        )
        with self.assertRaises(UserError):
            draft.reversed_entry_id = False
        self.assertEqual(draft.reversed_entry_id, invoice)

    def test_row_rate_2_then_rate_3(self):
        """Odoo: 50.00 against -33.33 and an exchange difference."""
        currency = self.setup_other_currency(
            "EUR", rates=[("2026-01-01", 2.0), ("2026-02-01", 3.0)]
        )
        invoice = self._invoice(
            100.0, currency_id=currency.id, invoice_date="2026-01-15"
        )
        credit_note = self._credit(invoice, date="2026-02-15")
        self.assertEqual(credit_note.amount_total_signed, -invoice.amount_total_signed)
        self.assertFalse(invoice._get_reconciled_invoices_partials()[1])

    def test_row_tax_rounding_method_changed(self):
        """odoo/odoo#196382: 0.01 stays due."""
        self.env.company.tax_calculation_rounding_method = "round_globally"
        invoice = self._invoice(10.03, 10.03, 10.03)
        self.env.company.tax_calculation_rounding_method = "round_per_line"
        self._credit(invoice)
        self.assertEqual(invoice.amount_residual, 0.0)
        self.assertEqual(invoice.payment_state, "reversed")

    def test_row_four_credit_notes_of_one_line_each(self):
        """Odoo: 335.00 credited of 334.99. lago-api#2643."""
        self.env.company.tax_calculation_rounding_method = "round_globally"
        self.tax_sale_a.amount = 20.0
        invoice = self._invoice(33.33, 66.63, 88.88, 90.33)
        for line in invoice.invoice_line_ids:
            self._credit(
                invoice,
                credit_method="lines",
                line_ids=[
                    Command.create({"invoice_line_id": line.id, "quantity": 1.0})
                ],
            )
        self.assertAlmostEqual(
            sum(invoice.reversal_move_ids.mapped("amount_total")), invoice.amount_total
        )
        self.assertEqual(invoice.payment_state, "reversed")

    def test_row_fields_of_the_dialog(self):
        """Odoo: reason, journal and date; no lines, amounts, preview or guard."""
        fields = self.env["account.move.reversal"]._fields
        for name in ("line_ids", "amount", "percentage", "preview", "reason_id"):
            self.assertIn(name, fields)
        self.assertEqual(
            list(dict(fields["credit_method"].selection)),
            ["remaining", "lines", "amount", "percentage"],
        )

    def test_row_batch(self):
        """As in Odoo: one company, all posted; here with a sentence that names them."""
        draft = self._invoice(50.0, post=False)
        with self.assertRaisesRegex(UserError, "A draft has nothing to credit"):
            (self._invoice(100.0) + draft).action_credit_note()

    def test_row_mail(self):
        """As in Odoo: its own composer, and a template for credit notes alone."""
        invoice = self._invoice(100.0)
        credit_note = self._credit(invoice)
        self.assertEqual(
            credit_note._get_mail_template(),
            self.env.ref("account_partner_credit_note.mail_template_credit_note"),
        )
        self.assertNotEqual(
            (credit_note + invoice)._get_mail_template(),
            credit_note._get_mail_template(),
        )
        self.assertEqual(
            credit_note.action_send_and_print()["res_model"], "account.move.send.wizard"
        )

    def test_row_qr_code_and_payment_communication(self):
        """As in Odoo: nothing is to be paid on a credit note."""
        self.env.company.qr_code = True
        invoice = self._invoice(100.0)
        credit_note = self._credit(invoice)
        self.assertTrue(invoice.display_qr_code)
        self.assertFalse(credit_note.display_qr_code)
        self.assertIn("Payment Communication", self._html_text(invoice))
        self.assertNotIn("Payment Communication", self._html_text(credit_note))

    def test_row_ubl_billing_reference(self):
        """Odoo writes it for Dutch suppliers only, and from the free text `ref`."""
        if "account.edi.xml.ubl_bis3" not in self.env:
            self.skipTest("no UBL in this database: --with account_edi_ubl_cii")
        invoice = self._invoice(100.0, invoice_date="2026-05-10")
        draft = self._native_credit_note(invoice, post=False)
        draft.ref = "PO 4711"
        draft.action_post()
        content, _errors = self.env["account.edi.xml.ubl_bis3"]._export_invoice(draft)
        [reference] = etree.fromstring(content).iterfind(".//{*}BillingReference")
        self.assertEqual(
            [node.text for node in reference.iterfind(".//{*}ID")], [invoice.name]
        )
        self.assertEqual(reference.findtext(".//{*}IssueDate"), "2026-05-10")

    def test_row_partner_form(self):
        """Odoo has a page “Invoicing” of accounting data; invoices are on another."""
        view = self.env["res.partner"].with_user(self.clerk).get_view(view_type="form")
        pages = {
            page.get("name"): page.get("string")
            for page in etree.fromstring(view["arch"]).iter("page")
        }
        self.assertEqual(pages["accounting"], "Invoicing")
        self.assertEqual(pages["customer_invoices"], "Invoices")

    def test_row_credit_note_in_another_currency_by_hand(self):
        """Odoo matches per currency: what is open is seen and settled by hand."""
        currency = self.setup_other_currency("EUR", rates=[("2020-01-01", 2.0)])
        invoice = self._invoice(100.0)
        credit_note = self.env["account.move"].create(
            {
                "move_type": "out_refund",
                "partner_id": invoice.partner_id.id,
                "invoice_date": self.today,
                "reversed_entry_id": invoice.id,
                "currency_id": currency.id,
                "invoice_line_ids": [
                    Command.create({"name": "x", "price_unit": 100.0, "tax_ids": []})
                ],
            }
        )
        credit_note.action_post()
        # Worth 50.00 of the invoice: so much less can be credited, nothing is matched.
        self.assertEqual(invoice.amount_creditable, 65.0)
        self.assertEqual(invoice.amount_residual, 115.0)
        self.assertEqual(credit_note.billing_status, "open_credit")
        # Odoo's own "outstanding credits" on the invoice match them, at that worth.
        invoice.js_assign_outstanding_line(
            credit_note.line_ids.filtered(
                lambda line: line.display_type == "payment_term"
            ).id
        )
        self.assertEqual(invoice.amount_residual, 65.0)
        self.assertEqual(credit_note.amount_residual, 0.0)
