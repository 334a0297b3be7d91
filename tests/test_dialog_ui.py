from odoo.tests import tagged

from .screens_common import ScreensCommon


@tagged("post_install", "-at_install")
class TestDialogUi(ScreensCommon):
    """The dialog in a browser, on a desk and on a phone."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._show_references()
        cls.partner_a.invoice_sending_method = "email"

    def _forty(self):
        return self._invoice(*(10.0 for _number in range(40)), ref="Dialog forty")

    def test_refused_while_typed(self):
        invoice = self._invoice(100.0, 50.0, ref="Dialog lines")
        self._tour("credit_note_refused_while_typed")
        self.assertEqual(invoice.reversal_move_ids.amount_total, 172.5)

    def test_lines_picked(self):
        invoice = self._forty()
        self._tour("credit_note_lines_picked")
        lines = invoice.reversal_move_ids.invoice_line_ids
        self.assertEqual(sorted(lines.mapped("quantity")), [0.5] + [1.0] * 14)

    def test_lines_on_phone(self):
        invoice = self._forty()
        self._tour_on_phone(
            "credit_note_lines_on_phone",
            f"/odoo/customer-invoices/{invoice.id}",
        )

    def test_many(self):
        for number in range(20):
            self._invoice(100.0, ref=f"Dialog {number}")
        self._tour("credit_notes_of_many")

    def test_left_undone(self):
        self._invoice(100.0, 50.0, ref="Dialog lines")
        self._register_payment(self._invoice(200.0, ref="Dialog paid"))
        self._tour("credit_note_left_undone")

    def test_nothing_is_cut(self):
        self._forty()
        self._tour_everywhere("credit_note_dialog_fits")
