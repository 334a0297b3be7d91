from lxml import etree

from odoo import Command
from odoo.exceptions import UserError
from odoo.tests import Form, tagged

from .common import CreditNoteCommon


@tagged("post_install", "-at_install", "neighbours")
class TestOdooReversal(CreditNoteCommon):
    """Odoo's own doors: the same dialog for invoices, nothing new for the rest."""

    def _form(self, moves):
        return Form.from_action(
            self.env,
            {
                **self.env["ir.actions.act_window"]._for_xml_id(
                    "account.action_view_account_move_reversal"
                ),
                "context": {"active_model": "account.move", "active_ids": moves.ids},
            },
        )

    def test_button_of_the_invoice_opens_the_dialog(self):
        invoice = self._invoice(100.0)
        action = invoice.action_reverse()
        self.assertEqual(action["res_model"], "account.move.reversal")
        with self._form(invoice) as form:
            self.assertTrue(form.is_credit_note)
            form.reason_id = self.reason
            form.reason = "by phone"
        form.record.action_issue()
        self.assertEqual(invoice.payment_state, "reversed")
        self.assertEqual(
            invoice.reversal_move_ids._get_credit_note_reason(),
            "Order cancelled – by phone",
        )

    def test_list_of_invoices_opens_the_dialog(self):
        invoices = self._invoice(100.0) + self._invoice(50.0)
        with self._form(invoices) as form:
            self.assertTrue(form.is_credit_note)
        self.assertEqual(form.record.move_ids, invoices)
        form.record.action_issue()
        self.assertEqual(set(invoices.mapped("payment_state")), {"reversed"})

    def test_reverse_and_create_invoice(self):
        invoice = self._invoice(100.0)
        with self._form(invoice) as form:
            form.reason_id = self.reason
        action = form.record.modify_moves()
        new_invoice = self.env["account.move"].browse(action["res_id"])
        self.assertEqual(invoice.payment_state, "reversed")
        self.assertEqual(new_invoice.move_type, "out_invoice")
        self.assertEqual(new_invoice.state, "draft")
        # The reason is the credit note's, not the new invoice's.
        self.assertFalse(new_invoice.credit_note_reason_id)
        self.assertFalse(new_invoice.invoice_line_ids.credited_line_id)
        self.assertEqual(invoice.reversal_move_ids.credit_note_reason_id, self.reason)

    def test_reverse_and_create_invoice_keeps_payments(self):
        """Odoo un-reconciles payments and earlier credit notes here."""
        invoice = self._invoice(100.0, quantity=4, invoice_origin="S00042")  # 460.00
        payment = self._register_payment(
            invoice, amount=60.0, payment_difference_handling="open"
        )
        earlier = self._native_credit_note(invoice, quantity=1)
        matched = invoice._get_reconciled_amls()
        action = self._form(invoice).save().modify_moves()
        new_invoice = self.env["account.move"].browse(action["res_id"])
        credit_note = invoice.reversal_move_ids - earlier
        self.assertTrue(payment)
        self.assertTrue(matched <= invoice._get_reconciled_amls())
        self.assertEqual(earlier.amount_residual, 0.0)
        self.assertEqual(credit_note.state, "posted")
        self.assertEqual(credit_note.amount_total, 345.0)
        self.assertEqual(credit_note.amount_residual, 60.0)
        self.assertEqual(invoice.amount_residual, 0.0)
        self.assertEqual(new_invoice.state, "draft")
        self.assertEqual(new_invoice.amount_total, 460.0)
        self.assertEqual(new_invoice.invoice_origin, "S00042")

    def test_the_screen_names_the_credit_note_of_the_new_invoice(self):
        for invoices, views in (
            (self._invoice(100.0), [(False, "form")]),
            (
                self._invoice(100.0) + self._invoice(50.0),
                [(False, "list"), (False, "form")],
            ),
        ):
            wizard = self._wizard(invoices)
            action = wizard.action_reinvoice()
            self.assertEqual(
                [link["label"] for link in action["params"]["links"]],
                invoices.reversal_move_ids.mapped("name"),
            )
            self.assertEqual(action["params"]["next"]["views"], views)
            self.assertEqual(
                wizard.new_move_ids.mapped("state"), ["draft"] * len(invoices)
            )

    def test_new_invoice_is_the_invoice_to_correct(self):
        """Sections, notes, discounts, terms: as they stand on the one credited."""
        invoice = self._create_invoice(
            invoice_origin="S00042",
            invoice_payment_term_id=self.pay_terms_b.id,
            narration="<p>Thank you</p>",
            invoice_line_ids=[
                Command.create({"name": "Section", "display_type": "line_section"}),
                self._prepare_invoice_line(
                    name="Goods", price_unit=10.0, quantity=3, discount=12.5
                ),
                Command.create({"name": "Note", "display_type": "line_note"}),
                Command.create({"name": "Part", "display_type": "line_subsection"}),
                self._prepare_invoice_line(name="Service", price_unit=7.0),
            ],
            post=True,
        )
        action = self._wizard(invoice).action_reinvoice()["params"]["next"]
        new_invoice = self.env["account.move"].browse(action["res_id"])
        for name in ("name", "display_type", "quantity", "price_unit", "discount"):
            self.assertEqual(
                new_invoice.invoice_line_ids.mapped(name),
                invoice.invoice_line_ids.mapped(name),
            )
        for name in (
            "amount_total",
            "invoice_origin",
            "invoice_payment_term_id",
            "narration",
            "partner_id",
        ):
            self.assertEqual(new_invoice[name], invoice[name])
        self.assertFalse(new_invoice.reversed_entry_id)
        self.assertEqual(new_invoice.replaces_id, invoice)
        self.assertEqual(invoice.replaced_by_id, new_invoice)
        self.assertFalse(new_invoice.copy().replaces_id)

    def test_reverse_and_create_invoice_without_lock_and_guard(self):
        """As Odoo has it: what was matched is free for the new invoice."""
        company = self.env.company
        for locked, policy, is_free in (
            (True, "warn", False),
            (False, "block", False),
            (False, "warn", True),
        ):
            with self.subTest(locked=locked, policy=policy):
                company.lock_posted_invoices = locked
                company.over_credit_policy = policy
                invoice = self._invoice(100.0, quantity=4)  # 460.00
                self._register_payment(
                    invoice, amount=60.0, payment_difference_handling="open"
                )
                payment_lines = invoice._get_reconciled_amls()
                earlier = self._native_credit_note(invoice, quantity=1)
                self._form(invoice).save().modify_moves()
                credit_note = invoice.reversal_move_ids - earlier
                self.assertEqual(credit_note.amount_total, 345.0)
                self.assertEqual(
                    (-payment_lines.amount_residual, earlier.amount_residual),
                    (60.0, 115.0) if is_free else (0.0, 0.0),
                )
                (invoice + earlier + credit_note).line_ids.filtered(
                    lambda line: line.display_type == "payment_term"
                ).reconcile()
                self.assertEqual(invoice.amount_residual, 0.0)

    def test_vendor_bill_is_reversed_as_ever(self):
        bill = self._create_invoice(move_type="in_invoice", post=True)
        with self._form(bill) as form:
            self.assertFalse(form.is_credit_note)
            form.reason = "wrong price"
            # The field of credit notes is not to be seen.
            with self.assertRaises(AssertionError):
                form.reason_id = self.reason
        action = form.record.refund_moves()
        refund = self.env["account.move"].browse(action["res_id"])
        self.assertEqual(refund.move_type, "in_refund")
        self.assertEqual(refund.state, "draft")
        self.assertEqual(refund.ref, f"Reversal of: {bill.name}, wrong price")
        self.assertFalse(refund.credit_note_reason_text)
        self.assertFalse(refund.invoice_line_ids.credited_line_id)
        # Over and over again, as Odoo has it for vendor bills.
        self._form(bill).save().refund_moves()

    def test_journal_entry_is_reversed_as_ever(self):
        entry = self.env["account.move"].create(
            {
                "move_type": "entry",
                "line_ids": [
                    Command.create(
                        {
                            "account_id": self.company_data[account].id,
                            "debit": debit,
                            "credit": credit,
                        }
                    )
                    for account, debit, credit in (
                        ("default_account_revenue", 10.0, 0.0),
                        ("default_account_expense", 0.0, 10.0),
                    )
                ],
            }
        )
        entry.action_post()
        with self._form(entry) as form:
            self.assertFalse(form.is_credit_note)
        form.record.refund_moves()
        self.assertEqual(entry.reversal_move_ids.state, "posted")
        self.assertIn(
            "This entry has been reversed from",
            "".join(entry.reversal_move_ids.message_ids.mapped("body")),
        )

    def test_rest_of_a_partly_credited_invoice(self):
        """Odoo's Reverse credits 100 % again; through the dialog only the rest."""
        invoice = self._invoice(100.0, quantity=4)
        self._native_credit_note(invoice, quantity=1)
        self._form(invoice).save().refund_moves()
        draft = invoice.reversal_move_ids.filtered(lambda move: move.state == "draft")
        self.assertEqual(draft.invoice_line_ids.quantity, 3.0)

    def test_credit_note_on_a_reinvoiced_invoice(self):
        invoice = self._invoice(100.0)
        action = self._wizard(invoice).action_reinvoice()["params"]["next"]
        new_invoice = self.env["account.move"].browse(action["res_id"])
        with self.assertRaisesRegex(UserError, "Nothing is left to credit"):
            self._credit(invoice)
        new_invoice.invoice_line_ids.price_unit = 80.0
        new_invoice.action_post()
        self.assertEqual(new_invoice.amount_creditable, 92.0)
        self._credit(new_invoice)
        self.assertCreditedToZero(new_invoice)
        self.assertEqual(new_invoice.payment_state, "reversed")

    def test_localization_installed_later(self):
        """Its fields go beside Odoo's own, which vendor bills and entries show."""
        self.env["ir.ui.view"].create(
            {
                "name": "a localization",
                "model": "account.move.reversal",
                "inherit_id": self.env.ref("account.view_account_move_reversal").id,
                "arch": """<data>
                    <field name="date" position="before">
                        <field name="country_code" class="later"/>
                    </field>
                    <field name="journal_id" position="after">
                        <field name="country_code" class="later"/>
                    </field>
                </data>""",
            }
        )
        arch = self.env["account.move.reversal"].get_view(
            self.env.ref("account.view_account_move_reversal").id, "form"
        )["arch"]
        for node in etree.fromstring(arch).xpath("//field[@class='later']"):
            self.assertFalse(node.xpath("ancestor::*[@invisible]"))

    def _part_credited(self):
        invoice = self._invoice(9.99, 19.95, quantity=3)
        earlier = self._native_credit_note(invoice, post=False)
        for line in earlier.invoice_line_ids:
            line.price_unit = round(line.price_unit * 0.37, 2)
        earlier.action_post()
        return invoice, earlier

    def test_reverse_and_create_invoice_keeps_the_earlier_credit_note(self):
        invoice, earlier = self._part_credited()
        left = invoice.amount_creditable
        self._wizard(invoice).modify_moves()
        credit_note = invoice.reversal_move_ids - earlier
        self.assertEqual(credit_note.amount_total, left)
        self.assertEqual(earlier.amount_residual, 0.0)
        self.assertEqual(invoice.amount_residual, 0.0)

    def test_reverse_and_create_invoice_keeps_the_payment(self):
        """design.md: crediting never un-reconciles a payment."""
        invoice = self._invoice(100.0)
        self._register_payment(invoice, amount=40.0, payment_difference_handling="open")
        payment_lines = invoice._get_reconciled_amls()
        self._wizard(invoice).modify_moves()
        self.assertTrue(payment_lines <= invoice._get_reconciled_amls())
        self.assertEqual(invoice.reversal_move_ids.amount_residual, 40.0)

    def test_part_paid_then_reverse_and_create_invoice(self):
        """Odoo takes the payment off the invoice and forgets the source document."""
        invoice = self._invoice(100.0, invoice_origin="S00042")
        self._register_payment(invoice, amount=40.0, payment_difference_handling="open")
        matched = invoice._get_reconciled_amls()
        action = self._wizard(invoice).action_reinvoice()["params"]["next"]
        self.assertTrue(matched <= invoice._get_reconciled_amls())
        new_invoice = self.env["account.move"].browse(action["res_id"])
        self.assertEqual(new_invoice.invoice_origin, "S00042")
