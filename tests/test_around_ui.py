from odoo import fields
from odoo.tests import tagged

from .screens_common import ScreensCommon
from .test_approval import ApprovalCommon
from .test_refund_online import OnlineCommon
from .test_without_invoice import WithoutInvoiceCommon

TO_APPROVE = "/odoo/credit-notes-to-approve"


@tagged("post_install", "-at_install")
class TestAroundUi(ScreensCommon, ApprovalCommon, WithoutInvoiceCommon):
    """What a company needs around a credit note, in a browser."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._show_references()
        # As long as a name is.
        cls.clerk.name = "Tour clerk"

    def _tour_of(self, user, name, path=TO_APPROVE):
        self.start_tour(path, name, login=user.login)

    def test_asked_and_approved(self):
        invoice = self._invoice(1000.0, ref="Around big")
        self._tour("credit_note_approval_asked")
        self.assertFalse(invoice.reversal_move_ids)
        self._tour_of(self.approver, "credit_note_approved")
        self._run_cron()
        credit_note = invoice.reversal_move_ids
        self.assertEqual(credit_note.create_uid, self.clerk)
        self.assertEqual(credit_note.credit_note_approver_id, self.approver)

    def test_a_part_is_approved(self):
        invoice = self._invoice(1000.0)
        self._ask(invoice)
        self._tour_of(self.approver, "credit_note_approved_in_part")
        self._run_cron()
        self.assertEqual(invoice.reversal_move_ids.amount_total, 300.0)

    def test_refused_with_a_word(self):
        invoice = self._invoice(1000.0)
        batch = self._ask(invoice)
        # Without a word it is refused, which Odoo logs.
        with self.assertLogs("odoo.http", "WARNING"):
            self._tour_of(self.approver, "credit_note_refused")
        self.assertEqual((batch.state, batch.approval_note), ("refused", "Not ours"))
        self._run_cron()
        self.assertFalse(invoice.reversal_move_ids)

    def test_approved_on_phone(self):
        batch = self._ask(self._invoice(1000.0))
        self.browser_size = "375x812"
        self.touch_enabled = True
        path = f"{TO_APPROVE}/{batch.id}"
        self._tour_of(self.approver, "credit_note_approved_on_phone", path)
        self.assertEqual(batch.approver_id, self.approver)

    def test_one_for_several(self):
        invoices = self._invoice(100.0, ref="Around one") + self._invoice(
            50.0, ref="Around two"
        )
        self._tour("credit_note_for_several")
        self.assertEqual(invoices.mapped("payment_state"), ["reversed"] * 2)
        credit_note = invoices.mapped(lambda move: move._get_credit_notes())
        self.assertEqual(len(credit_note), 1)

    def test_without_invoice(self):
        self._tour("credit_note_without_invoice")
        former = self.env["account.former.invoice"].search([("name", "=", "OLD-1")])
        self.assertEqual(former.credit_note_ids.state, "posted")
        self.assertEqual(former.amount_left, 115.0)

    def test_batch_on_phone(self):
        invoices = self._invoice(100.0) + self._invoice(50.0)
        self.company.credit_note_background_limit = 2
        self._wizard(invoices, user=self.clerk).action_issue()
        # Somebody else was quicker.
        self._credit(invoices[0])
        self._run_cron()
        self._tour_on_phone("credit_note_batch_on_phone", "/odoo/credit-note-batches")

    def test_analysis(self):
        reason = self.env.ref(
            "account_partner_credit_note.credit_note_reason_order_cancelled"
        )
        self._credit(self._invoice(100.0), reason_id=reason.id)
        self._credit(self._invoice(10.0))
        self._tour("credit_note_analysis", "/odoo/credit-notes-analysis")
        self._tour_on_phone(
            "credit_note_analysis_on_phone", "/odoo/credit-notes-analysis"
        )

    def _open_credit(self):
        """:return: credit note of a paid invoice, open with 115.00"""
        paid = self._invoice(100.0)
        self._register_payment(paid)
        return self._credit(paid, user=self.clerk)

    def test_credit_used_on_phone(self):
        credit_note = self._open_credit()
        first = self._invoice(1000.0, invoice_date_due=self.today)
        later = self._invoice(
            50.0,
            invoice_date_due=fields.Date.add(self.today, days=5),
            invoice_payment_term_id=False,
        )
        self._tour_on_phone(
            "credit_used_on_phone", f"/odoo/credit-notes/{credit_note.id}"
        )
        self.assertEqual(
            (first + later).mapped("amount_residual"), [1150.0 - 115.0, 57.5]
        )

    def test_taken_off(self):
        credit_note = self._open_credit()
        invoice = self._invoice(50.0)
        credit_note._apply_credit(invoice)
        self.assertEqual(invoice.amount_residual, 0.0)
        self._tour("credit_taken_off", f"/odoo/credit-notes/{credit_note.id}")
        self.assertEqual(invoice.amount_residual, 57.5)
        self.assertEqual(credit_note.amount_residual, 115.0)


@tagged("post_install", "-at_install")
class TestRefundOnlineUi(ScreensCommon, OnlineCommon):
    """Money goes back through the provider, in a browser."""

    def test_refunded(self):
        credit_note = self._credit(self.paid, user=self.clerk)
        self._tour("credit_refunded_online", f"/odoo/credit-notes/{credit_note.id}")
        self.assertEqual(self._refunds().mapped("amount"), [-115.0])
        self.assertEqual(credit_note.amount_residual, 0.0)
