from odoo import Command, fields
from odoo.tests import new_test_user
from odoo.tools import mute_logger

from odoo.addons.account.tests.common import AccountTestInvoicingCommon


class CreditNoteCommon(AccountTestInvoicingCommon):
    """A company with a tax of 15 %, a Billing user, and short ways to the main job."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # The class switches tracking off; the chatter is part of the product.
        cls.env = cls.env(context={**cls.env.context, "tracking_disable": False})
        cls.today = fields.Date.today()
        cls.reason = cls.env.ref(
            "account_partner_credit_note.credit_note_reason_order_cancelled"
        )
        cls.clerk = new_test_user(
            cls.env,
            login="credit_note_clerk",
            groups="base.group_user,account.group_account_invoice",
            company_id=cls.env.company.id,
            company_ids=[Command.set(cls.env.company.ids)],
        )
        cls.partner_a.email = "customer@example.com"

    @classmethod
    def _invoice(cls, *prices, post=True, partner=None, quantity=1.0, **values):
        """A posted customer invoice with a line for each price, all with the tax."""
        return cls._create_invoice(
            partner_id=(partner or cls.partner_a).id,
            invoice_line_ids=[
                cls._prepare_invoice_line(
                    name=f"Service {number}",
                    price_unit=price,
                    quantity=quantity,
                    tax_ids=cls.tax_sale_a,
                )
                for number, price in enumerate(prices or (100.0,), start=1)
            ],
            post=post,
            **values,
        )

    def _wizard(self, invoices, user=None, **values):
        """The dialog, opened as the button of the tab opens it."""
        invoices = invoices.with_user(user or self.env.user)
        action = invoices.action_credit_note()
        return (
            self.env["account.move.reversal"]
            .with_user(user or self.env.user)
            .with_context(**action["context"])
            .create(values)
        )

    def _credit(self, invoices, user=None, **values):
        """:return: the credit notes that *Issue* makes for these invoices"""
        wizard = self._wizard(invoices, user=user, **values)
        wizard.action_issue()
        return wizard.new_move_ids

    def _native_credit_note(self, invoice, post=True, **line_values):
        """A credit note by Odoo's own Reverse, its lines then edited by hand."""
        credit_note = invoice._reverse_moves([{"invoice_date": self.today}])
        if line_values:
            credit_note.invoice_line_ids.write(line_values)
        if post:
            credit_note.action_post()
        return credit_note

    def _credit_note_by_hand(self, invoice, price, tax_ids=(), **values):
        """:return: draft of a credit note of the invoice, its one line not linked"""
        return self.env["account.move"].create(
            {
                "move_type": "out_refund",
                "partner_id": invoice.partner_id.id,
                "invoice_date": self.today,
                "reversed_entry_id": invoice.id,
                "invoice_line_ids": [
                    Command.create(
                        {
                            "name": "by hand",
                            "price_unit": price,
                            "tax_ids": [Command.set(tax_ids)],
                        }
                    )
                ],
                **values,
            }
        )

    def _post_due_drafts(self):
        """Odoo's scheduler posts drafts as superuser, and logs what is refused."""
        with (
            self.enter_registry_test_mode(),
            mute_logger("odoo.addons.base.models.ir_cron"),
        ):
            self.env.ref(
                "account.ir_cron_auto_post_draft_entry"
            ).method_direct_trigger()

    def assertBalanced(self, moves):
        """The receivable of these documents, taken together, is settled to zero."""
        lines = moves.line_ids.filtered(
            lambda line: line.account_id.account_type == "asset_receivable"
        )
        self.assertAlmostEqual(sum(lines.mapped("balance")), 0.0)
        self.assertAlmostEqual(sum(lines.mapped("amount_residual")), 0.0)

    def assertAmount(self, amount, expected, move, message=None):
        self.assertTrue(
            move.currency_id.is_zero(amount - expected),
            f"{amount} is not {expected} {message or ''}",
        )

    def assertCreditedToZero(self, invoice):
        """Totals, each tax and each account, in both currencies."""
        credit_notes = invoice._get_credit_notes()
        self.assertEqual(invoice.amount_creditable, 0.0)
        self.assertEqual(invoice.amount_residual, 0.0)
        self.assertBookedToZero(invoice + credit_notes)

    def assertBookedToZero(self, moves):
        """Each account and each tax, in both currencies."""
        for group in (
            moves.line_ids.grouped("account_id"),
            moves.line_ids.filtered("tax_line_id").grouped("tax_line_id"),
        ):
            for record, lines in group.items():
                name = record.display_name
                self.assertAmount(
                    sum(lines.mapped("amount_currency")), 0.0, moves[:1], name
                )
                self.assertAlmostEqual(sum(lines.mapped("balance")), 0.0, 2, name)

    def assertNoExchangeDifference(self, invoice):
        partials = invoice._get_credit_notes().line_ids.matched_debit_ids
        self.assertFalse(partials.exchange_move_id)
