from unittest.mock import patch

from odoo import Command, api
from odoo.tests import tagged

from odoo.addons.account.tests.common import AccountTestInvoicingHttpCommon

from ..models.bridges import rejection
from .common import CreditNoteCommon
from .test_rejection import STATE


@tagged("post_install", "-at_install")
class TestUi(CreditNoteCommon, AccountTestInvoicingHttpCommon):
    """The main job in a browser, as the clerk does it."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.clerk.group_ids += cls.env.ref("base.group_partner_manager")
        # The column is optional; the tours find the invoices by it.
        cls.env.ref(
            "account_partner_credit_note.customer_invoices_view_list"
        ).arch_db = cls.env.ref(
            "account_partner_credit_note.customer_invoices_view_list"
        ).arch_db.replace(
            'name="ref" string="Reference" optional="hide"',
            'name="ref" string="Reference" optional="show"',
        )
        cls.invoices = cls.env["account.move"].union(
            *(
                cls._invoice(100.0 * number, ref=f"Tour {name}")
                for number, name in enumerate(("one", "two", "three"), start=1)
            )
        )
        cls._invoice(50.0, ref="Tour draft", post=False)
        cls.partner_a.invoice_sending_method = "email"
        cls.env.company.external_report_layout_id = cls.env.ref(
            "web.external_layout_standard"
        )

    def _tour(self, name, path=None, **kwargs):
        self.start_tour(
            path or f"/odoo/customers/{self.partner_a.id}",
            name,
            login=self.clerk.login,
            **kwargs,
        )

    def test_credit_note_from_customer(self):
        self._tour("credit_note_from_customer")
        invoice = self.invoices[0]
        credit_note = invoice.reversal_move_ids
        self.assertEqual(credit_note.state, "posted")
        self.assertEqual(credit_note.create_uid, self.clerk)
        self.assertEqual(
            credit_note._get_credit_note_reason(), "Order cancelled – by phone"
        )
        self.assertEqual(invoice.payment_state, "reversed")
        self.assertFalse(self.invoices[1:].reversal_move_ids)

    def test_credit_notes_printed_and_sent(self):
        self._tour("credit_notes_printed_and_sent")
        self.assertEqual(
            self.invoices.mapped("payment_state"), ["reversed"] * len(self.invoices)
        )
        credit_note = self.invoices[2].reversal_move_ids
        self.assertTrue(credit_note.is_move_sent)
        self.assertTrue(credit_note.invoice_pdf_report_id)

    def test_in_french(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        self.env["ir.module.module"]._load_module_terms(
            ["account_partner_credit_note"], ["fr_FR"]
        )
        self.clerk.lang = "fr_FR"
        self._tour("credit_note_in_french")

    def test_ticked(self):
        for _number in range(12):
            self._invoice(10.0, invoice_date="2020-01-01")
        self._tour("customer_invoices_ticked")

    def test_opens_on_what_is_open(self):
        paid = self._invoice(50.0, ref="Tour paid")
        self._register_payment(paid)
        self._credit(paid)
        self._tour("customer_invoices_opens_on_open")

    def test_companies_are_named(self):
        other = self.setup_other_company()["company"]
        self.clerk.company_ids += other
        self.clerk.group_ids += self.env.ref("base.group_multi_company")
        self.env["account.move"].with_company(other).create(
            {
                "move_type": "out_invoice",
                "partner_id": self.partner_a.id,
                "invoice_date": self.today,
                "ref": "Tour other",
                "invoice_line_ids": [Command.create({"name": "x", "price_unit": 10.0})],
            }
        ).action_post()
        cids = f"{self.env.company.id}-{other.id}"
        self._tour(
            "customer_invoices_all_companies",
            path=f"/odoo/customers/{self.partner_a.id}",
            cookies={"cids": cids},
        )

    def test_contact_without_invoices(self):
        contact = self.env["res.partner"].create(
            {"name": "Bob", "parent_id": self.partner_a.id}
        )
        self._tour(
            "customer_invoices_empty_contact", path=f"/odoo/customers/{contact.id}"
        )

    def test_access_key(self):
        self._tour("customer_invoices_access_key")

    def test_rejected(self):
        self.startPatcher(patch.object(rejection, "REJECTED_STATES", (STATE,)))
        self._invoice(
            70.0,
            ref="Tour rejected",
            l10n_pl_correction_type="3",
            narration="Price is wrong",
        )
        self._tour("customer_invoices_rejected")

    def test_search(self):
        self._tour("customer_invoices_search")

    def test_new_customer(self):
        self._tour("customer_invoices_new_customer", path="/odoo/customers/new")

    def test_phone(self):
        self.browser_size = "375x667"
        self.touch_enabled = True
        self._tour("customer_invoices_phone")

    def test_contact_and_company(self):
        contact = self.env["res.partner"].create(
            {"name": "Ann", "parent_id": self.partner_a.id}
        )
        self._invoice(10.0, partner=contact, ref="Tour contact")
        self._tour("customer_invoices_contact", path=f"/odoo/customers/{contact.id}")
        self._tour("customer_invoices_company")

    def test_by_line(self):
        invoice = self._invoice(100.0, 50.0, ref="Tour lines")
        self._tour("credit_note_by_line")
        self.assertEqual(
            invoice.reversal_move_ids.invoice_line_ids.credited_line_id,
            invoice.invoice_line_ids[1],
        )

    def test_by_amount(self):
        invoice = self._invoice(100.0, 50.0, ref="Tour lines")
        self._tour("credit_note_by_amount")
        self.assertEqual(invoice.reversal_move_ids.amount_total, 33.33)
        self.assertEqual(invoice.amount_residual, 139.17)

    def test_paid_invoice_refunded(self):
        invoice = self._invoice(100.0, 50.0, ref="Tour lines")
        self._register_payment(invoice)
        self._tour("credit_note_refunded")
        self.assertEqual(invoice.reversal_move_ids.amount_residual, 0.0)
        self.assertIn(invoice.payment_state, ("paid", "in_payment"))

    def test_credit_and_invoice_again(self):
        invoice = self._invoice(100.0, 50.0, ref="Tour lines")
        self._tour("credit_and_invoice_again")
        self.assertEqual(invoice.payment_state, "reversed")
        self.assertEqual(
            self.partner_a.invoice_ids.filtered(
                lambda move: move.state == "draft" and move.amount_total == 172.5
            ).mapped("move_type"),
            ["out_invoice"],
        )

    def test_credit_note_from_invoice(self):
        invoice = self.invoices[0]
        self._tour(
            "credit_note_from_invoice", path=f"/odoo/customer-invoices/{invoice.id}"
        )
        self.assertEqual(invoice.payment_state, "reversed")

    def test_user_without_accounting_rights_has_no_tab(self):
        self.clerk.group_ids = [
            Command.set(
                (
                    self.env.ref("base.group_user")
                    + self.env.ref("base.group_partner_manager")
                ).ids
            )
        ]
        arch = self.env["res.partner"].with_user(self.clerk).get_view(view_type="form")
        self.assertNotIn("customer_invoices", arch["arch"])


@tagged("post_install", "-at_install")
class TestBatchUi(CreditNoteCommon, AccountTestInvoicingHttpCommon):
    """Very many invoices in a browser: dialog, progress, reload, what failed."""

    def test_progress(self):
        self.clerk.group_ids += self.env.ref("base.group_partner_manager")
        self.env.company.credit_note_background_limit = 4
        invoices = self.env["account.move"].union(
            *(self._invoice(100.0) for _number in range(4))
        )
        batch_class = self.env.registry["account.credit.note.batch"]

        @api.model
        def run_cron_of_test(batches):
            """A piece, as the scheduler does it while the page is open."""
            batch = batches.sudo().search([("state", "=", "running")])
            if not batch.done_count:
                # Somebody else was quicker.
                batch._make_dialog(batch.line_ids[0].invoice_id)._credit()
            batch._process_piece(2)

        with patch.object(
            batch_class, "run_cron_of_test", run_cron_of_test, create=True
        ):
            self.start_tour(
                f"/odoo/customers/{self.partner_a.id}",
                "credit_note_batch",
                login=self.clerk.login,
            )
        for invoice in invoices:
            self.assertEqual(len(invoice.reversal_move_ids), 1)
