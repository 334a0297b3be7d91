from odoo import fields
from odoo.tests import tagged

from .screens_common import ScreensCommon


@tagged("post_install", "-at_install")
class TestTabScreens(ScreensCommon):
    """Nothing of the customer's Invoices tab is cut."""

    def test_nothing_is_cut(self):
        last_year = fields.Date.subtract(self.today, years=1)
        partly = self._invoice(200_000.0, invoice_date=last_year)
        self._credit(partly, credit_method="percentage", percentage=10)
        paid = self._invoice(123_456.0)
        self._register_payment(paid)
        self._credit(paid)
        euro = self.setup_other_currency("EUR")
        self._invoice(1000.0, currency_id=euro.id)
        self._invoice(50.0, post=False)
        cancelled = self._invoice(50.0, post=False)
        cancelled.button_cancel()
        self._tour_everywhere("customer_invoices_fits")
