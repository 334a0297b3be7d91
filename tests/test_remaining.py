from unittest.mock import patch

from odoo import Command
from odoo.exceptions import UserError
from odoo.tests import Form, tagged

from .common import CreditNoteCommon


@tagged("post_install", "-at_install")
class TestRemaining(CreditNoteCommon):
    """What is left is credited when some was credited before."""

    def assertNothingLeft(self, invoice):
        credit_notes = invoice.reversal_move_ids
        self.assertAlmostEqual(
            sum(credit_notes.mapped("amount_total")), invoice.amount_total
        )
        self.assertAlmostEqual(
            sum(credit_notes.mapped("amount_tax")), invoice.amount_tax
        )
        for account in invoice.line_ids.account_id:
            lines = (invoice + credit_notes).line_ids.filtered(
                lambda line, account=account: line.account_id == account
            )
            self.assertAlmostEqual(sum(lines.mapped("balance")), 0.0, msg=account.code)
        self.assertEqual(invoice.amount_creditable, 0.0)
        self.assertEqual(invoice.payment_state, "reversed")

    def test_after_a_part_of_the_quantity(self):
        invoice = self._invoice(100.0, 50.0, quantity=10)
        self._native_credit_note(invoice, quantity=4)
        self.assertEqual(
            invoice.invoice_line_ids.mapped("quantity_creditable"), [6.0, 6.0]
        )
        self.assertEqual(invoice.billing_status, "partially_credited")
        credit_note = self._credit(invoice)
        self.assertEqual(credit_note.invoice_line_ids.mapped("quantity"), [6.0, 6.0])
        self.assertEqual(
            credit_note.invoice_line_ids.mapped("price_unit"), [100.0, 50.0]
        )
        self.assertNothingLeft(invoice)

    def test_after_one_of_the_lines(self):
        invoice = self._invoice(100.0, 50.0)
        draft = self._native_credit_note(invoice, post=False)
        draft.invoice_line_ids[0].unlink()
        draft.action_post()
        credit_note = self._credit(invoice)
        self.assertEqual(
            credit_note.invoice_line_ids.credited_line_id, invoice.invoice_line_ids[0]
        )
        self.assertNothingLeft(invoice)

    def test_after_a_lower_price(self):
        invoice = self._invoice(100.0, quantity=3)
        self._native_credit_note(invoice, price_unit=33.33)
        self._credit(invoice)
        self.assertNothingLeft(invoice)

    def test_after_a_credit_note_without_line_links(self):
        """A credit note from before the addon, of a third of the invoice."""
        invoice = self._invoice(100.0, 50.0)
        earlier = self._native_credit_note(invoice, post=False, quantity=1 / 3)
        earlier.invoice_line_ids.credited_line_id = False
        earlier.action_post()
        self._credit(invoice)
        self.assertNothingLeft(invoice)

    def test_cents_of_rounding_by_line(self):
        """Four credit notes of one line each are 0.01 more than the invoice."""
        self.env.company.tax_calculation_rounding_method = "round_globally"
        self.tax_sale_a.amount = 20.0
        invoice = self._invoice(33.33, 66.63, 88.88, 90.33)
        for number in range(3):
            draft = self._native_credit_note(invoice, post=False)
            line = draft.invoice_line_ids[number]
            (draft.invoice_line_ids - line).unlink()
            draft.action_post()
        self._credit(invoice)
        self.assertNothingLeft(invoice)

    def test_rounding_method_changed_since(self):
        """odoo/odoo#196382: Odoo's own credit note leaves a cent open."""
        self.env.company.tax_calculation_rounding_method = "round_globally"
        invoice = self._invoice(10.03, 10.03, 10.03)
        self.env.company.tax_calculation_rounding_method = "round_per_line"
        native = invoice._reverse_moves()
        self.assertNotEqual(native.amount_total, invoice.amount_total)
        native.unlink()
        self._credit(invoice)
        self.assertNothingLeft(invoice)

    def test_cancelled_credit_note_does_not_count(self):
        invoice = self._invoice(100.0)
        draft = self._native_credit_note(invoice, post=False)
        draft.button_cancel()
        self.assertEqual(invoice.amount_creditable, invoice.amount_total)
        self._credit(invoice)
        self.assertEqual(invoice.payment_state, "reversed")

    def test_mixed_early_payment_discount_in_another_currency(self):
        """Its journal items go in proportion with a part; none are left at the end."""
        currency = self.setup_other_currency("EUR", rates=[("2020-01-01", 1.3337)])
        term = self._mixed_term()
        invoice = self._invoice(
            100.0, 33.33, currency_id=currency.id, invoice_payment_term_id=term.id
        )
        self.assertTrue(
            invoice.line_ids.filtered(lambda line: line.display_type == "epd")
        )
        for percentage in (10, 33):
            self._credit(invoice, credit_method="percentage", percentage=percentage)
        self._credit(invoice)
        self.assertNothingLeft(invoice)

    def test_mixed_early_payment_discount_in_part(self):
        """Odoo leaves its journal items out of the total, so that they come to nothing
        on each credit note.
        """
        odd = self.tax_sale_a.copy({"name": "odd", "amount": 7.7})
        invoice = self._create_invoice(
            invoice_payment_term_id=self._mixed_term().id,
            invoice_line_ids=[
                self._prepare_invoice_line(price_unit=price, tax_ids=taxes)
                for price, taxes in (
                    (131.52, self.tax_sale_a),
                    (969.12, odd),
                    (186.49, self.tax_sale_a + odd),
                )
            ],
            post=True,
        )
        for percentage in (1, 7, 13, 29, 31):
            values = {"credit_method": "percentage", "percentage": percentage}
            preview = self._wizard(invoice, **values)._get_preview(invoice)
            credit_note = self._credit(invoice, **values)
            self.assertAlmostEqual(credit_note.amount_total, preview["total"])
            self.assertAlmostEqual(
                credit_note.amount_total,
                sum(self._get_terms(credit_note).mapped("balance")) * -1,
            )
        self._credit(invoice)
        self.assertNothingLeft(invoice)

    def _get_terms(self, move):
        return move.line_ids.filtered(lambda line: line.display_type == "payment_term")

    def _mixed_term(self):
        return self.env["account.payment.term"].create(
            {
                "name": "2/10",
                "early_discount": True,
                "early_pay_discount_computation": "mixed",
                "discount_percentage": 2,
                "discount_days": 10,
                "line_ids": [
                    Command.create({"value": "percent", "value_amount": 100.0})
                ],
            }
        )

    def test_cash_rounding(self):
        for strategy in ("add_invoice_line", "biggest_tax"):
            with self.subTest(strategy=strategy):
                rounding = self.env["account.cash.rounding"].create(
                    {
                        "name": "0.05",
                        "rounding": 0.05,
                        "strategy": strategy,
                        "rounding_method": "HALF-UP",
                        "profit_account_id": self.company_data[
                            "default_account_revenue"
                        ].id,
                        "loss_account_id": self.company_data[
                            "default_account_expense"
                        ].id,
                    }
                )
                invoice = self._invoice(
                    9.99, 19.94, invoice_cash_rounding_id=rounding.id
                )
                self.assertTrue(
                    invoice.line_ids.filtered(
                        lambda line: line.display_type == "rounding"
                    )
                )
                self._credit(invoice, credit_method="amount", amount=11.51)
                self._credit(invoice)
                self.assertNothingLeft(invoice)

    def _cash_rounding(self, strategy="add_invoice_line"):
        return self.env["account.cash.rounding"].create(
            {
                "name": "0.05",
                "rounding": 0.05,
                "strategy": strategy,
                "rounding_method": "HALF-UP",
                "profit_account_id": self.company_data["default_account_revenue"].id,
                "loss_account_id": self.company_data["default_account_expense"].id,
            }
        )

    def _get_roundings(self, move):
        return move.line_ids.filtered(lambda line: line.display_type == "rounding")

    def test_cash_rounding_is_one_item_on_the_account_of_the_invoice(self):
        """Odoo would put the reversal of a profit on the account of losses."""
        for strategy in ("add_invoice_line", "biggest_tax"):
            for price in (9.99, 10.01):
                for is_in_part in (False, True):
                    with self.subTest(strategy, price=price, is_in_part=is_in_part):
                        invoice = self._invoice(
                            price,
                            19.94,
                            invoice_cash_rounding_id=self._cash_rounding(strategy).id,
                        )
                        if is_in_part:
                            self._credit(
                                invoice, credit_method="percentage", percentage=1
                            )
                        credit_note = self._credit(invoice)
                        [invoiced] = self._get_roundings(invoice)
                        [credited] = self._get_roundings(credit_note)
                        self.assertEqual(credited.account_id, invoiced.account_id)
                        self.assertAlmostEqual(credited.balance, -invoiced.balance)
                        self.assertNothingLeft(invoice)

    def test_cash_rounding_stays_when_a_draft_is_written(self):
        """Neighbours do so on posting, and Odoo rounds a draft anew each time."""
        for credited in (0, 1):
            for is_draft in (True, False):
                for setting in (0.05, 1.0):
                    with self.subTest(credited, is_draft=is_draft, setting=setting):
                        self._check_written_draft(credited, is_draft, setting)

    def _check_written_draft(self, credited, is_draft, setting):
        rounding = self._cash_rounding()
        invoice = self._invoice(9.99, 19.94, invoice_cash_rounding_id=rounding.id)
        if credited:
            self._credit(invoice, credit_method="percentage", percentage=credited)
        rounding.rounding = setting
        left = invoice.amount_creditable
        model = self.registry["account.move"]
        origin = model._post

        def post(moves, soft=True):
            moves.write({"ref": "written"})
            return origin(moves, soft)

        wizard = self._wizard(invoice)
        if is_draft:
            wizard.action_save_draft()
            wizard.new_move_ids.ref = "written"
            wizard.new_move_ids.action_post()
        else:
            with patch.object(model, "_post", post):
                wizard.action_issue()
        self.assertEqual(wizard.new_move_ids.ref, "written")
        self.assertEqual(wizard.new_move_ids.amount_total, left)
        self.assertEqual(len(self._get_roundings(wizard.new_move_ids)), 1)
        if not is_draft:
            self.assertNothingLeft(invoice)

    def test_cash_rounding_on_a_tax_is_a_refund_of_it(self):
        """In the tax report, as what Odoo's own reversal books."""
        self.tax_sale_a.invoice_repartition_line_ids.tag_ids = self._tag("invoice")
        self.tax_sale_a.refund_repartition_line_ids.tag_ids = self._tag("refund")
        invoice = self._invoice(
            9.99, 19.94, invoice_cash_rounding_id=self._cash_rounding("biggest_tax").id
        )
        native = self._get_roundings(invoice._reverse_moves())
        self.assertEqual(native.tax_tag_ids.name, "refund")
        native.move_id.unlink()
        for values in (
            {"credit_method": "percentage", "percentage": 50},
            {"credit_method": "percentage", "percentage": 30},
            {},
        ):
            for rounding in self._get_roundings(self._credit(invoice, **values)):
                self.assertEqual(rounding.tax_tag_ids.name, "refund")
                self.assertEqual(
                    rounding.tax_repartition_line_id.document_type, "refund"
                )
        self.assertTrue(self._get_roundings(invoice.reversal_move_ids))
        self.assertNothingLeft(invoice)

    def _tag(self, name):
        return self.env["account.account.tag"].create(
            {
                "name": name,
                "applicability": "taxes",
                "country_id": self.tax_sale_a.country_id.id,
            }
        )

    def test_draft_edited_after_the_tax_rounding_changed(self):
        """What the clerk writes on it leaves its amounts alone."""
        self.env.company.tax_calculation_rounding_method = "round_globally"
        for method in ("remaining", "percentage"):
            for name, edit in (
                ("reference", lambda form, _line: setattr(form, "ref", "written")),
                ("label", lambda _form, line: setattr(line, "name", "written")),
            ):
                with self.subTest(method=method, edited=name):
                    self._check_edited_draft(method, edit)

    def _check_edited_draft(self, method, edit):
        company = self.env.company
        company.tax_calculation_rounding_method = "round_globally"
        invoice = self._invoice(10.03, 10.03, 10.03)
        company.tax_calculation_rounding_method = "round_per_line"
        wizard = self._wizard(invoice, credit_method=method, percentage=50)
        wizard.action_save_draft()
        draft = wizard.new_move_ids
        total = draft.amount_total
        with Form(draft) as form, form.invoice_line_ids.edit(0) as line:
            edit(form, line)
        self.assertAlmostEqual(draft.amount_total, total)
        draft.action_post()
        if invoice.amount_creditable:
            self._credit(invoice)
        self.assertNothingLeft(invoice)

    def test_invoice_of_zero(self):
        invoice = self._invoice(100.0, -100.0)
        self.assertEqual(invoice.amount_total, 0.0)
        credit_note = self._credit(invoice)
        self.assertEqual(credit_note.amount_total, 0.0)
        self.assertEqual(len(credit_note.invoice_line_ids), 2)
        with self.assertRaisesRegex(UserError, "Nothing is left to credit"):
            self._credit(invoice)

    def test_free_line_and_line_without_quantity(self):
        """Nothing is divided by them, wherever they stand."""
        invoice = self._invoice(100.0, 50.0, 0.0, 10.0, post=False)
        invoice.invoice_line_ids[3].quantity = 0.0
        invoice.action_post()
        earlier = self._native_credit_note(invoice, post=False, quantity=1 / 3)
        earlier.invoice_line_ids.credited_line_id = False
        earlier.action_post()
        free = invoice.invoice_line_ids[3]
        with self.assertRaisesRegex(UserError, "more than is left to credit"):
            self._credit(
                invoice,
                credit_method="lines",
                line_ids=[
                    Command.create({"invoice_line_id": free.id, "quantity": 1.0})
                ],
            )
        self._credit(invoice)
        self.assertNothingLeft(invoice)

    # -------------------------------------------------------------------------
    # NOTHING BUT ODDS AND ENDS
    # -------------------------------------------------------------------------

    def test_quantities_were_taken_back_before(self):
        """A cent is left of a line whose quantity is spent: it is not spent twice."""
        invoice = self._invoice(100.0, quantity=10)
        wizard = self._wizard(invoice)
        wizard.refund_moves()
        draft = wizard.new_move_ids
        draft.invoice_line_ids.discount = 1.0
        draft.action_post()
        credit_note = self._credit(invoice)
        self.assertEqual(credit_note.invoice_line_ids.credited_as, "price")
        self.assertNothingLeft(invoice)

    def test_all_lines_that_are_offered(self):
        """They are not all that is left: of the first line some of the price is."""
        invoice = self._invoice(100.0, 50.0)
        wizard = self._wizard(invoice)
        wizard.refund_moves()
        draft = wizard.new_move_ids
        draft.invoice_line_ids[1].unlink()
        draft.invoice_line_ids.discount = 10.0
        draft.action_post()
        first, second = invoice.invoice_line_ids
        self.assertEqual(
            (first.quantity_creditable, second.quantity_creditable), (0, 1)
        )
        credit_note = self._credit(
            invoice,
            credit_method="lines",
            line_ids=[Command.create({"invoice_line_id": second.id, "quantity": 1.0})],
        )
        self.assertAlmostEqual(credit_note.amount_total, 57.5)
        self._credit(invoice)
        self.assertNothingLeft(invoice)

    def test_only_cash_rounding_is_left(self):
        invoice = self._create_invoice(
            invoice_line_ids=[self._prepare_invoice_line(price_unit=9.98, tax_ids=[])],
            invoice_cash_rounding_id=self._cash_rounding().id,
            post=True,
        )
        self.assertEqual(invoice.amount_total, 10.0)
        by_hand = self._native_credit_note(invoice, post=False)
        by_hand.invoice_cash_rounding_id = False
        by_hand.action_post()
        self.assertAlmostEqual(invoice.amount_creditable, 0.02)
        credit_note = self._credit(invoice)
        self.assertAlmostEqual(credit_note.amount_total, 0.02)
        self.assertEqual(invoice.amount_creditable, 0.0)

    def test_line_that_is_listed_twice(self):
        invoice = self._invoice(100.0, quantity=10)
        wizard = self._wizard(
            invoice,
            credit_method="lines",
            line_ids=[
                Command.create(
                    {"invoice_line_id": invoice.invoice_line_ids.id, "quantity": 2.0}
                )
                for _time in range(2)
            ],
        )
        self.assertIn("listed twice", wizard.refusals["line_ids"])
        with self.assertRaisesRegex(UserError, "listed twice"):
            wizard.action_issue()

    def test_cash_rounding_on_one_of_several(self):
        """The item for it was once made on each of the credit notes."""
        rounding = self.env["account.cash.rounding"].create(
            {
                "name": "1.00",
                "rounding": 1.0,
                "strategy": "biggest_tax",
                "rounding_method": "HALF-UP",
            }
        )
        invoices = self._invoice(33.33) + self._invoice(
            33.33, invoice_cash_rounding_id=rounding.id
        )
        for values in ({"credit_method": "percentage", "percentage": 37}, {}):
            wizard = self._wizard(invoices, **values)
            previews = [wizard._get_preview(invoice) for invoice in invoices]
            wizard.action_issue()
            for credit_note, preview in zip(wizard.new_move_ids, previews, strict=True):
                self.assertAlmostEqual(credit_note.amount_total, preview["total"])
                # What is rounded on the tax is tax.
                self.assertAlmostEqual(credit_note.amount_tax, preview["tax"])
        for invoice in invoices:
            self.assertCreditedToZero(invoice)

    def test_archived_tax_account_and_currency(self):
        currency = self.setup_other_currency("EUR", rates=[("2020-01-01", 2.0)])
        tax = self.tax_sale_a.copy({"name": "old"})
        account = self.company_data["default_account_revenue"].copy({"name": "old"})
        invoice = self._invoice(100.0, 50.0, currency_id=currency.id, post=False)
        invoice.invoice_line_ids.tax_ids = tax
        invoice.invoice_line_ids.account_id = account
        invoice.action_post()
        tax.active = False
        # Odoo posts nothing with these; it says so, and nothing is changed.
        for record, sentence in (
            (account, "account old .* is archived"),
            (currency, "inactive currency: EUR"),
        ):
            record.active = False
            with (
                self.assertRaisesRegex(UserError, sentence),
                self.env.cr.savepoint(),
            ):
                self._credit(invoice)
            self.assertFalse(invoice.reversal_move_ids)
            record.active = True
        self._credit(invoice, credit_method="amount", amount=10.01)
        self._credit(invoice)
        self.assertCreditedToZero(invoice)

    def test_currencies_of_0_and_3_decimals(self):
        for name, rounding, rate in (
            ("JPY", 1.0, 163.37),
            ("KWD", 0.001, 0.3071),
            ("CHF", 0.05, 0.91),
        ):
            currency = self.setup_other_currency(
                name, rounding=rounding, rates=[("2020-01-01", rate)]
            )
            with self.subTest(currency=name):
                invoice = self._invoice(
                    1033.0, 77.0, 15.0, currency_id=currency.id, quantity=3
                )
                for values in (
                    {"credit_method": "amount", "amount": 100.0},
                    {"credit_method": "percentage", "percentage": 33.33},
                    {},
                ):
                    wizard = self._wizard(invoice, **values)
                    preview = wizard._get_preview(invoice)
                    wizard.action_issue()
                    self.assertAlmostEqual(
                        wizard.new_move_ids.amount_total, preview["total"]
                    )
                self.assertCreditedToZero(invoice)
                self.assertEqual(invoice.payment_state, "reversed")

    def test_only_credit_notes_of_the_invoice_take_its_lines(self):
        """credited_line_id is writable over RPC, on a line of any draft."""
        invoice = self._invoice(100.0, quantity=3)
        draft = self._invoice(1.0, post=False).with_user(self.clerk)
        draft.invoice_line_ids.write({"credited_line_id": invoice.invoice_line_ids.id})
        self.assertEqual(invoice.invoice_line_ids.quantity_creditable, 3.0)

    def test_a_plain_copy_credits_nothing(self):
        invoice = self._invoice(100.0)
        copy = invoice.with_context(
            include_business_fields=True, move_reverse_cancel=False
        ).copy()
        self.assertEqual(copy.move_type, "out_invoice")
        self.assertEqual(invoice.invoice_line_ids.quantity_creditable, 1.0)

    def test_earlier_credit_note_with_a_tax_the_invoice_has_not(self):
        """A traceback on 14886e8; 1.50 too much on d8a69f2."""
        other_tax = self.tax_sale_a.copy({"name": "other", "amount": 7.0})
        for taxes in (other_tax, self.env["account.tax"]):
            with self.subTest(taxes=taxes.mapped("name")):
                invoice = self._invoice(100.0, post=False)
                invoice.invoice_line_ids.tax_ids = taxes
                invoice.action_post()
                self._credit_note_by_hand(
                    invoice, 10.01, tax_ids=self.tax_sale_a.ids
                ).action_post()
                left = invoice.amount_creditable
                credit_note = self._credit(invoice)
                self.assertEqual(credit_note.amount_total, left)
                self.assertBalanced(invoice + invoice.reversal_move_ids)

    def test_by_hand_more_than_the_lines_with_its_tax(self):
        """What it credits is no cent line's alone: all that is left was refused."""
        other_tax = self.tax_sale_a.copy({"name": "other", "amount": 7.0})
        invoice = self._invoice(150.0, 0.01, post=False)
        invoice.invoice_line_ids[0].tax_ids = other_tax
        invoice.action_post()
        self._credit_note_by_hand(
            invoice, 10.01, tax_ids=self.tax_sale_a.ids
        ).action_post()
        left = invoice.amount_creditable
        credit_note = self._credit(invoice)
        self.assertEqual(credit_note.amount_total, left)
        self.assertBalanced(invoice + invoice.reversal_move_ids)

    def test_rounding_to_the_other_account(self):
        rounding = self.env["account.cash.rounding"].create(
            {
                "name": "0.05",
                "rounding": 0.05,
                "strategy": "add_invoice_line",
                "rounding_method": "HALF-UP",
                "profit_account_id": self.company_data["default_account_revenue"].id,
                "loss_account_id": self.company_data["default_account_expense"].id,
            }
        )
        for price in (99.98, 100.02, 33.31, 33.34):
            with self.subTest(price=price):
                invoice = self._invoice(
                    price, 66.63, invoice_cash_rounding_id=rounding.id
                )
                self._native_credit_note(invoice, price_unit=12.34)
                left = invoice.amount_creditable
                credit_note = self._credit(invoice)
                self.assertEqual(credit_note.amount_total, left)
                self.assertBalanced(invoice + invoice.reversal_move_ids)

    def test_tax_rounding_method_changed(self):
        """odoo/odoo#196382: 0.01 stays due."""
        self.env.company.tax_calculation_rounding_method = "round_globally"
        invoice = self._invoice(10.03, 10.03, 10.03)
        self.env.company.tax_calculation_rounding_method = "round_per_line"
        self._credit(invoice)
        self.assertEqual(invoice.amount_residual, 0.0)
        self.assertEqual(invoice.payment_state, "reversed")
