"""What Odoo itself does with issued documents, and goes on doing with the lock."""

import logging
from unittest.mock import patch

from odoo import Command, fields
from odoo.tests import Form, tagged

from .lock_common import LockCommon

_logger = logging.getLogger(__name__)
# One query more for each document shows with a few of them.
MANY = 6
FEW = 3
# Posting tells the scheduler to archive, and `reconcile` posts a credit note.
# To archive what is sealed asks the database for leave, once for all.
MORE = {"post": 1, "post credit notes": 1, "reconcile": 1, "send": 2}


@tagged("post_install", "-at_install")
class TestLockOdooWorks(LockCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.document = cls._invoice(100.0, 50.0)

    def test_unchanged_values_pass(self):
        move = self.document.with_user(self.clerk)
        line = move.invoice_line_ids[0]
        move.write(
            {
                "name": move.name,
                "invoice_date_due": fields.Date.to_string(move.invoice_date_due),
                "commercial_partner_id": move.commercial_partner_id.id,
                "ref": False,
                "narration": "",
                "amount_total": move.amount_total,
                "state": "posted",
            }
        )
        move.with_context(skip_readonly_check=True).write(
            {
                "invoice_line_ids": [
                    Command.update(line.id, {"price_unit": line.price_unit}),
                    Command.link(line.id),
                ],
            }
        )
        line.write(
            {
                "price_unit": line.price_unit,
                "quantity": 1,
                "name": line.name,
                "tax_ids": [Command.set(line.tax_ids.ids)],
                "move_id": move.id,
            }
        )
        self.assertEqual(line.price_unit, 100.0)

    def test_pay_and_undo(self):
        self._register_payment(self.document, amount=10.0)
        self.assertEqual(self.document.payment_state, "partial")
        self.document.line_ids.remove_move_reconcile()
        self.assertEqual(self.document.payment_state, "not_paid")
        self._register_payment(self.document)
        self.assertIn(self.document.payment_state, ("paid", "in_payment"))

    def test_pay_after_the_payment_term_changed(self):
        """What a term says today does not move the due date of what was issued."""
        invoice = self._invoice(100.0, invoice_payment_term_id=self.pay_terms_b.id)
        due = invoice.invoice_date_due
        maturities = invoice.line_ids.mapped("date_maturity")
        self.pay_terms_b.line_ids.write({"nb_days": 90})
        self.env.flush_all()
        self.env.invalidate_all()
        self._register_payment(invoice, amount=10.0)
        self.env.flush_all()
        self.assertEqual(invoice.payment_state, "partial")
        self.assertEqual(invoice.invoice_date_due, due)
        self.assertEqual(invoice.line_ids.mapped("date_maturity"), maturities)
        self._register_payment(invoice)
        invoice.line_ids.remove_move_reconcile()
        self._native_credit_note(invoice)
        self.assertEqual(invoice.invoice_date_due, due)

    def test_block_payment(self):
        move = self.document.with_user(self.clerk)
        move.action_toggle_block_payment()
        self.assertEqual(move.payment_state, "blocked")
        move.action_toggle_block_payment()
        self.assertEqual(move.payment_state, "not_paid")

    def test_bookkeeping(self):
        move = self.document.with_user(self.clerk)
        move.write(
            {"checked": True, "no_followup": True, "invoice_user_id": self.clerk.id}
        )
        move.button_set_checked()
        move.activity_schedule("mail.mail_activity_data_todo", summary="Call")
        move._portal_ensure_token()
        move.message_post(body="Hello", subtype_xmlid="mail.mt_comment")
        move.message_subscribe(self.partner_b.ids)

    def test_files_of_a_message_are_unwrapped(self):
        """As the e-invoicing addons do it with what a signed file holds."""
        document_class = type(self.document)
        inner = (
            self.env["ir.attachment"]
            .with_user(self.clerk)
            .create({"name": "inner.xml", "raw": b"<a/>"})
        )
        unwrapped = self.document._to_files_data(inner)
        with patch.object(document_class, "_unwrap_attachments", lambda *a: unwrapped):
            message = self.document.with_user(self.clerk).message_post(
                body="See the file",
                subtype_xmlid="mail.mt_comment",
                message_type="comment",
                attachments=[("outer.p7m", b"signed")],
            )
        self.assertEqual(
            message.attachment_ids.mapped("name"), ["outer.p7m", "inner.xml"]
        )

    def test_analytic_distribution(self):
        plan = self.env["account.analytic.plan"].create({"name": "Plan"})
        account = self.env["account.analytic.account"].create(
            {"name": "Account", "plan_id": plan.id}
        )
        line = self.document.invoice_line_ids[0].with_user(self.clerk)
        line.analytic_distribution = {str(account.id): 100}
        self.assertTrue(line.sudo().analytic_line_ids)

    def test_hash(self):
        self.document.journal_id.restrict_mode_hash_table = True
        self.document.button_hash()
        self.assertTrue(self.document.inalterable_hash)
        self.assertTrue(self._invoice(10.0).inalterable_hash)

    def test_hash_on_the_dashboard(self):
        """Odoo asks there whether anything is left to hash."""
        journal = self.document.journal_id
        journal.restrict_mode_hash_table = True
        self.assertTrue(journal._get_moves_to_hash(False, early_stop=True))
        self.document.button_hash()
        self.assertFalse(journal._get_moves_to_hash(False, early_stop=True))

    def test_send_archives_the_file_once(self):
        self.document.partner_id.email = "customer@example.com"
        wizard = self._create_account_move_send_wizard_single(self.document)
        wizard.action_send_and_print(allow_fallback_pdf=False)
        pdf = self.document.invoice_pdf_report_id
        self.assertTrue(pdf)
        again = self._create_account_move_send_wizard_single(self.document)
        again.action_send_and_print(allow_fallback_pdf=False)
        self.assertEqual(self.document.invoice_pdf_report_id, pdf)

    def test_file_that_another_addon_archives_while_sending(self):
        """What sending has looked up holds until there is a file."""
        self.document.partner_id.email = "customer@example.com"
        wizard = self._create_account_move_send_wizard_single(self.document)

        def archive(send, invoices_data):
            send.sudo().env["ir.attachment"].create(
                [
                    {
                        "name": "other.pdf",
                        "raw": b"other",
                        "res_model": "account.move",
                        "res_id": move.id,
                        "res_field": "invoice_pdf_report_file",
                    }
                    for move in invoices_data
                ]
            )

        with (
            patch.object(
                type(wizard), "_call_web_service_after_invoice_pdf_render", archive
            ),
            self.assertRefusal("was issued with the document"),
        ):
            wizard.action_send_and_print(allow_fallback_pdf=False)
        self.assertFalse(self.document.invoice_pdf_report_id)

    def test_reparented_customer(self):
        """Odoo hands the documents of a contact to its new company."""
        contact = self.env["res.partner"].create({"name": "Contact"})
        company = self.env["res.partner"].create({"name": "Co", "is_company": True})
        invoice = self._invoice(10.0, partner=contact)
        contact.parent_id = company
        self.assertEqual(invoice.commercial_partner_id, company)
        self.assertEqual(invoice.line_ids.partner_id, company)
        self.assertEqual(invoice.partner_id, contact)

    def test_other_documents_are_odoos(self):
        bill = self._create_invoice(
            move_type="in_invoice",
            partner_id=self.partner_a.id,
            invoice_line_ids=[
                self._prepare_invoice_line(price_unit=10.0, tax_ids=self.tax_purchase_a)
            ],
            post=True,
        )
        bill.ref = "changed"
        bill.button_draft()
        bill.invoice_line_ids.price_unit = 20.0
        bill.action_post()
        bill.button_draft()
        bill.button_cancel()

    def test_drafts_are_odoos(self):
        draft = self._invoice(10.0, post=False).with_user(self.clerk)
        draft.invoice_line_ids.price_unit = 20.0
        draft.ref = "changed"
        draft.button_cancel()
        draft.button_draft()
        draft.unlink()

    def test_first_number_of_a_journal(self):
        journal = self.company_data["default_journal_sale"].copy({"code": "SHOP"})
        draft = self._invoice(10.0, post=False, journal_id=journal.id)
        draft.with_user(self.clerk).name = "SHOP-0100"
        draft.with_user(self.clerk).action_post()
        self.assertEqual(draft.name, "SHOP-0100")
        self.assertEqual(
            self._invoice(10.0, journal_id=journal.id).name,
            "SHOP-0101",
        )
        third = self._invoice(10.0, post=False, journal_id=journal.id)
        with self.assertRefusal("SHOP-0200"):
            third.name = "SHOP-0200"

    def test_form_of_a_numbered_draft(self):
        """The form sends what it knows: a number, and that nothing is posted."""
        journal = self.company_data["default_journal_sale"].copy({"code": "HAND"})
        values = {
            "move_type": "out_invoice",
            "partner_id": self.partner_a.id,
            "journal_id": journal.id,
            "name": "HAND-0001",
            "posted_before": False,
            "inalterable_hash": False,
            "state": "draft",
        }
        moves = self.env["account.move"].with_user(self.clerk)
        with self._undone():
            self.assertEqual(moves.create(values).name, "HAND-0001")
        del values["state"]
        draft = moves.with_context(default_state="draft").create(values)
        self.assertEqual(draft.name, "HAND-0001")

    def test_number_leaves_no_capability(self):
        posted = self._invoice(10.0, post=False)._post(soft=False)
        self.assertFalse(
            [key for key in posted.env.context if "account_partner_credit_note" in key]
        )

    def test_off_is_odoo(self):
        self._set_lock(False)
        self.assertFalse(self.document.is_locked)
        self.assertTrue(self.document.show_reset_to_draft_button)
        self.document.button_draft()
        self.document.invoice_line_ids[0].price_unit = 1.0
        self.document.action_post()
        self.document.button_cancel()

    # --- the form ----------------------------------------------------------------

    def test_form(self):
        with Form(self.document.with_user(self.clerk)) as form:
            for name in ("ref", "invoice_date_due", "payment_reference", "narration"):
                with self.subTest(field=name), self.assertRaises(AssertionError):
                    setattr(form, name, "2030-01-01")
        self.assertFalse(self.document.show_reset_to_draft_button)
        self._set_lock(False)
        self.env.invalidate_all()
        with Form(self.document.with_user(self.clerk)) as form:
            form.payment_reference = "changed"
        self.assertEqual(self.document.payment_reference, "changed")

    def test_vendor_bill_in_the_form(self):
        bill = self._create_invoice(
            move_type="in_invoice",
            partner_id=self.partner_a.id,
            invoice_line_ids=[self._prepare_invoice_line(price_unit=10.0)],
            post=True,
        )
        with Form(bill.with_user(self.clerk)) as form:
            form.ref = "changed"
        self.assertEqual(bill.ref, "changed")


@tagged("post_install", "-at_install")
class TestLockQueries(LockCommon):
    """The lock costs nothing where it is not concerned, nor where it is."""

    def _count(self, work):
        """:return: queries of `work`, flushed, on a cold cache"""
        self.env.flush_all()
        self.env.invalidate_all()
        # Every request knows its user and company.
        self.env.user.partner_id.mapped("name")
        before = self.env.cr.sql_log_count
        work()
        self.env.flush_all()
        return self.env.cr.sql_log_count - before

    def _count_flow(self, locked):
        # Both ways, so that both runs begin alike.
        self._set_lock(not locked)
        self._set_lock(locked)
        counts = {}
        drafts = self._invoice(100.0, post=False)
        for _number in range(4):
            drafts += self._invoice(100.0, post=False)
        counts["post"] = self._count(drafts.action_post)
        counts["pay"] = self._count(lambda: self._register_payment(drafts[0]))
        counts["part-pay"] = self._count(
            lambda: self._register_payment(drafts[1], amount=10.0)
        )
        lines = drafts[1:2].line_ids.filtered("reconciled") or drafts[0].line_ids
        counts["unreconcile"] = self._count(lines.remove_move_reconcile)
        credit_note = self._native_credit_note(drafts[2], post=False)
        counts["reconcile"] = self._count(credit_note.action_post)
        counts["write"] = self._count(lambda: drafts.write({"checked": True}))
        bill = self._create_invoice(
            move_type="in_invoice",
            invoice_date=self.today,
            partner_id=self.partner_a.id,
            invoice_line_ids=[self._prepare_invoice_line(price_unit=10.0)],
            post=False,
        )
        counts["bill"] = self._count(bill.action_post)
        counts["bill reset"] = self._count(bill.button_draft)
        return counts

    def _count_many(self, locked):
        """Posting, paying, reconciling, sending and noting, many documents at once."""
        self._set_lock(not locked)
        self._set_lock(locked)
        counts = {}
        self.partner_a.email = "customer@example.com"
        drafts = self.env["account.move"].union(
            *(self._invoice(100.0, 50.0, post=False) for _number in range(MANY))
        )
        counts["post"] = self._count(drafts.action_post)
        counts["pay"] = self._count(
            lambda: (
                self.env["account.payment.register"]
                .with_context(
                    active_model="account.move", active_ids=drafts[: MANY // 2].ids
                )
                .create({"group_payment": True})
                ._create_payments()
            )
        )
        rest = drafts[MANY // 2 :]
        reversals = rest._reverse_moves([{"invoice_date": self.today}] * len(rest))
        counts["post credit notes"] = self._count(reversals.action_post)
        counts["unreconcile"] = self._count(rest.line_ids.remove_move_reconcile)
        counts["reconcile"] = self._count(
            (rest + reversals)
            .line_ids.filtered(lambda line: line.account_type == "asset_receivable")
            .reconcile
        )
        wizard = self._create_account_move_send_wizard_multi(drafts[:FEW])
        counts["send"] = self._count(
            lambda: wizard.action_send_and_print(
                force_synchronous=True, allow_fallback_pdf=False
            )
        )
        counts["attach"] = self._count(
            lambda: self.env["ir.attachment"].create(
                [
                    {
                        "name": "x",
                        "raw": b"x",
                        "res_model": move._name,
                        "res_id": move.id,
                    }
                    for move in drafts
                ]
            )
        )
        counts["detach"] = self._count(
            lambda: (
                self.env["ir.attachment"]
                .search(
                    [("res_model", "=", "account.move"), ("res_id", "in", drafts.ids)]
                )
                .unlink()
            )
        )
        counts["note"] = self._count(
            lambda: drafts._message_log_batch(bodies=dict.fromkeys(drafts.ids, "Noted"))
        )
        return counts

    def _compare(self, count):
        # What a process looks up once is looked up by the first.
        for is_locked in (True, False):
            with self._undone():
                count(is_locked)
        with self._undone():
            unlocked = count(False)
        with self._undone():
            locked = count(True)
        _logger.info("queries without and with the lock: %s, %s", unlocked, locked)
        for work, queries in locked.items():
            with self.subTest(work=work):
                self.assertLessEqual(queries, unlocked[work] + MORE.get(work, 0))

    def test_no_query_more(self):
        self._compare(self._count_flow)

    def test_no_query_more_for_many(self):
        self._compare(self._count_many)
