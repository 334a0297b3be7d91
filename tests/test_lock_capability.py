"""Who passes the lock, and that nobody else does."""

from functools import partial

from odoo.exceptions import UserError
from odoo.tests import tagged

from odoo.addons.account.models.account_move import BYPASS_LOCK_CHECK

from ..models.bridges.wrappers import wrap_methods
from ..models.lock import capability, edi_cancellation
from ..models.lock.edi_cancellation import with_accepted_cancellation
from .lock_common import LockCommon


class Forged:
    """Says yes to everything."""

    def covers(self, record):
        return True


@tagged("post_install", "-at_install")
class TestLockCapability(LockCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.document = cls._invoice(100.0)
        cls.other = cls._invoice(10.0)

    def test_forged(self):
        """Only an object of the very class counts, for the very documents."""

        class Derived(capability.Cancellation):
            pass

        for value in (
            True,
            1,
            "1",
            self.document.ids,
            {"ids": self.document.ids, "fields": ["state"]},
            object(),
            BYPASS_LOCK_CHECK,
            Forged(),
            Derived(self.document),
            capability.Cancellation,
            capability.Cancellation(self.other),
            capability.Posting(self.document),
        ):
            context = {
                capability.Cancellation._key: value,
                capability.Posting._key: value,
                "bypass_lock_check": value,
            }
            for attack in (
                lambda move, c=context: move.with_context(**c).button_cancel(),
                lambda move, c=context: move.with_context(**c).write(
                    {"state": "draft"}
                ),
                lambda move, c=context: move.with_context(**c).write({"ref": "x"}),
            ):
                with self.subTest(value=value):
                    self.assertClosed(attack)

    def test_bypass_of_odoo_opens_one_field(self):
        move = self.document.with_context(bypass_lock_check=BYPASS_LOCK_CHECK)
        move.commercial_partner_id = self.partner_b
        move.line_ids.partner_id = self.partner_b
        with self.assertRefusal("Partner"):
            move.with_context(skip_readonly_check=True).partner_id = self.partner_b

    def test_accepted_cancellation(self):
        move = with_accepted_cancellation(self.document, self.document)
        move.button_cancel()
        self.env.cr.precommit.run()
        self.assertEqual(self.document.state, "cancel")
        self.assertTrue(self.document.is_locked)
        with self.assertRefusal("Create a new document instead."):
            self.document.button_draft()

    def test_accepted_cancellation_of_a_paid_document(self):
        """Paid in another currency, taxed on payment, with analytic lines.

        What Odoo undoes on the way to `cancel` goes through, and so does a savepoint
        around all of it.
        """
        self.company.tax_exigibility = True
        self.tax_sale_a.write(
            {
                "tax_exigibility": "on_payment",
                "cash_basis_transition_account_id": self.company_data[
                    "default_account_revenue"
                ].copy({"reconcile": True}),
            }
        )
        currency = self.setup_other_currency("EUR")
        plan = self.env["account.analytic.plan"].create({"name": "Plan"})
        account = self.env["account.analytic.account"].create(
            {"name": "Account", "plan_id": plan.id}
        )
        invoice = self._invoice(100.0, post=False, currency_id=currency.id)
        invoice.invoice_line_ids.analytic_distribution = {str(account.id): 100}
        invoice.action_post()
        self._register_payment(invoice)
        self.assertIn(invoice.payment_state, ("paid", "in_payment"))
        with self.env.cr.savepoint():
            with_accepted_cancellation(invoice, invoice).button_cancel()
        self.env.cr.precommit.run()
        self.assertEqual(invoice.state, "cancel")
        self.assertFalse(invoice.invoice_line_ids.analytic_line_ids)

    def test_accepted_cancellation_keeps_the_file(self):
        pdf = self._archive(self.document)
        with_accepted_cancellation(self.document, self.document).button_cancel()
        self.assertEqual(pdf.res_field, "invoice_pdf_report_file")
        with self.assertRefusal():
            pdf.unlink()

    def test_cancellation_is_no_draft(self):
        """In between it stays locked, and left there the transaction fails."""
        move = with_accepted_cancellation(self.document, self.document)
        move.button_draft()
        for attack in (
            lambda: move.write({"ref": "x"}),
            lambda: move.invoice_line_ids.write({"price_unit": 1.0}),
            lambda: move.invoice_line_ids.unlink(),
            lambda: move.unlink(),
            lambda: move.action_post(),
            lambda: move.write({"state": "posted"}),
        ):
            self.assertRefusedAsItIs(attack)
        self.assertRefusedAsItIs(self.env.cr.precommit.run)

    def assertRefusedAsItIs(self, attack):
        """Refused, without the savepoint of `assertRaises`: it ends a transaction."""
        try:
            attack()
        except UserError:
            return
        self.fail("not refused")

    def test_cancellation_is_for_its_documents(self):
        move = with_accepted_cancellation(self.other, self.document)
        with self.assertRefusal(self.other.name):
            move.button_cancel()

    def test_posting_is_for_its_documents(self):
        drafts = self._invoice(10.0, post=False) + self._invoice(10.0, post=False)
        leave = capability.with_capability(drafts, capability.Posting, drafts[0])
        with self.assertRefusal("can only be posted by confirming it"):
            leave[1].write({"state": "posted"})

    def test_renewed_file(self):
        """India's archive: the file goes for the one with the authority's number."""
        pdf = self._archive(self.document)
        [move] = edi_cancellation._get_renewed(self.document, {self.document: {}})
        with self.assertRefusal():
            move.ref = "changed"
        with self.assertRefusal():
            self.document.invoice_pdf_report_file = False
        move.invoice_pdf_report_file = False
        self.assertFalse(pdf.exists())

    def test_wrapped_methods_stay_private(self):
        """The e-invoicing addons' methods keep what they say of themselves."""

        class Model:
            def _method(self):
                """Says so."""

        Model._method._api_private = True
        before = Model._method
        wrappers = {
            ("model", "_method"): partial(
                edi_cancellation._with_leave, path="self", accepted_by="x", settings={}
            ),
            ("model", "_of_a_later_odoo"): edi_cancellation._with_renewal,
            ("not.there", "_method"): edi_cancellation._with_renewal,
        }
        wrap_methods({"model": Model}, wrappers)
        self.assertIsNot(Model._method, before)
        self.assertTrue(Model._method._api_private)
        self.assertEqual(Model._method.__name__, "_method")
