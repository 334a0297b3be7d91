"""Fields that a localization has on the document: found by rule, and closed."""

from odoo.tests import tagged

from ..models.lock.policy import CLOSING_ADDONS
from .lock_common import LockCommon

# (addon, model, fields that are closed, fields that Odoo goes on writing)
FIELDS = (
    (
        "l10n_in",
        "account.move",
        {
            "l10n_in_gst_treatment",
            "l10n_in_shipping_bill_date",
            "l10n_in_shipping_bill_number",
            "l10n_in_shipping_port_code_id",
            "l10n_in_state_id",
        },
        set(),
    ),
    ("l10n_in", "account.move.line", {"l10n_in_hsn_code"}, {"l10n_in_gstr_section"}),
    (
        "l10n_it_edi",
        "account.move",
        {
            "l10n_it_cig",
            "l10n_it_cup",
            "l10n_it_ddt_id",
            "l10n_it_origin_document_date",
            "l10n_it_origin_document_name",
            "l10n_it_origin_document_type",
            "l10n_it_stamp_duty",
        },
        {
            # Odoo's form takes it after posting: it is filled by posting only.
            "l10n_it_document_type",
            # It follows the payment.
            "l10n_it_payment_method",
            "l10n_it_edi_attachment_file",
            "l10n_it_edi_attachment_name",
            "l10n_it_edi_header",
            "l10n_it_edi_state",
            "l10n_it_edi_transaction",
        },
    ),
    ("l10n_es", "account.move", {"l10n_es_is_simplified"}, set()),
    (
        "l10n_ar",
        "account.move",
        {
            "l10n_ar_afip_service_end",
            "l10n_ar_afip_service_start",
            "l10n_latam_document_type_id",
        },
        set(),
    ),
)


@tagged("post_install", "-at_install")
class TestLockLocalized(LockCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.document = cls._invoice(100.0, 50.0)
        cls._end_transaction()

    def test_fields(self):
        for addon, model, closed, free in FIELDS:
            fields = self.env[model]._get_lock_closed_fields()
            if not closed & self.env[model]._fields.keys():
                continue
            with self.subTest(addon=addon, model=model):
                self.assertEqual(closed - fields, set())
                self.assertEqual(free & fields, set())

    def test_nothing_else(self):
        """Without a localization the rule closes nothing that is not closed anyway."""
        for model in (self.env["account.move"], self.env["account.move.line"]):
            names = self.env["account.move"]._get_fields_on_document(model)
            self.assertTrue(names)
            self.assertEqual(
                {
                    name
                    for name in names
                    if not CLOSING_ADDONS & set(model._fields[name]._modules)
                    and not name.startswith("l10n_")
                },
                set(),
            )

    def _write_line(self, values):
        return lambda move: move.invoice_line_ids[0].write(values)

    def test_india(self):
        self._needs("l10n_in", "l10n_in_gst_treatment")
        state = self.env.ref("base.state_in_gj")
        self.assertHole(lambda move: move.write({"l10n_in_gst_treatment": "overseas"}))
        self.assertHole(lambda move: move.write({"l10n_in_state_id": state.id}))
        self.assertHole(self._write_line({"l10n_in_hsn_code": "1234"}))

    def test_italy(self):
        self._needs("l10n_it_edi", "l10n_it_cig")
        self.assertHole(lambda move: move.write({"l10n_it_cig": "0123456789"}))
        self.assertHole(lambda move: move.write({"l10n_it_stamp_duty": 2.0}))
        # What the tax authority answers is Odoo's to write.
        changes, error = self._attack(
            lambda move: move.write({"l10n_it_edi_transaction": "1"}),
            self.document,
            self.users["superuser"],
        )
        self.assertTrue(changes)
        self.assertFalse(error)

    def test_filled_by_posting(self):
        """A localization may complete its own fields in the transaction that posts."""
        self._needs("l10n_it_edi", "l10n_it_cig")
        invoice = self._invoice(10.0)
        invoice.l10n_it_cig = "0123456789"
        self.env.flush_all()
        self.assertEqual(invoice.l10n_it_cig, "0123456789")
