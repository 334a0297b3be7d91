from odoo.tests import tagged

from odoo.addons.account.tests.common import AccountTestInvoicingHttpCommon

from .lock_common import LockCommon


@tagged("post_install", "-at_install")
class TestLockUi(LockCommon, AccountTestInvoicingHttpCommon):
    def test_locked_document(self):
        """What a clerk sees of the lock, in a browser."""
        invoice = self._invoice(100.0, invoice_payment_term_id=False)
        self.start_tour(
            f"/odoo/customer-invoices/{invoice.id}",
            "locked_document",
            login=self.clerk.login,
        )
