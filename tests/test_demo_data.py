from odoo import fields
from odoo.tests import TransactionCase, tagged


@tagged("post_install", "-at_install")
class TestDemoData(TransactionCase):
    """Every posted customer invoice of the database can be credited.

    On Odoo's own demo data; on a database without, on what other demo data there is.
    """

    def test_every_posted_invoice_can_be_credited(self):
        invoices = self.env["account.move"].search(
            [
                ("move_type", "in", ["out_invoice", "out_receipt"]),
                ("state", "=", "posted"),
                ("company_id", "=", self.env.ref("base.main_company").id),
            ]
        )
        if not invoices:
            self.skipTest("this database was made without Odoo's demo data")
        for invoice in invoices:
            with self.subTest(invoice=invoice.name):
                paid = invoice.amount_total - invoice.amount_residual
                left = invoice.amount_creditable
                if not left:
                    continue
                wizard = (
                    self.env["account.move.reversal"]
                    .with_context(**invoice.action_credit_note()["context"])
                    .create({})
                )
                wizard.date = max(wizard.date, fields.Date.context_today(wizard))
                wizard.action_issue()
                credit_note = wizard.new_move_ids
                self.assertEqual(credit_note.state, "posted")
                self.assertAlmostEqual(credit_note.amount_total, left)
                self.assertAlmostEqual(invoice.amount_residual, 0.0)
                self.assertAlmostEqual(
                    credit_note.amount_residual,
                    max(0.0, left - (invoice.amount_total - paid)),
                )
                self.assertEqual(invoice.amount_creditable, 0.0)
                for account in invoice.line_ids.account_id:
                    lines = (invoice + invoice.reversal_move_ids).line_ids.filtered(
                        lambda line, account=account: (
                            line.account_id == account and line.parent_state == "posted"
                        )
                    )
                    self.assertAlmostEqual(sum(lines.mapped("balance")), 0.0)
