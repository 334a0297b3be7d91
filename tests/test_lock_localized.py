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
            "l10n_in_gstin",
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
            "l10n_it_document_type",
            "l10n_it_origin_document_date",
            "l10n_it_origin_document_name",
            "l10n_it_origin_document_type",
            "l10n_it_stamp_duty",
        },
        {
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
            "l10n_ar_afip_responsibility_type_id",
            "l10n_ar_afip_service_end",
            "l10n_ar_afip_service_start",
            "l10n_latam_document_type_id",
        },
        set(),
    ),
    ("l10n_sa", "account.move", {"l10n_sa_confirmation_datetime"}, set()),
    (
        "l10n_gr_edi",
        "account.move.line",
        {"l10n_gr_edi_cls_category", "l10n_gr_edi_tax_exemption_category"},
        set(),
    ),
    ("l10n_hr_edi", "account.move.line", {"l10n_hr_kpd_category_id"}, set()),
    ("l10n_my_edi", "account.move.line", {"l10n_my_edi_classification_code"}, set()),
    ("l10n_pl_edi", "account.move", set(), {"l10n_pl_edi_number"}),
)
# Fields of localizations, not read-only in themselves, that stay open; why.
OPEN_FIELDS = {
    "Odoo's form takes them after posting, until the document is reported": {
        "l10n_ec_sri_payment_id",
        "l10n_es_edi_facturae_reason_code",
        "l10n_es_invoicing_period_end_date",
        "l10n_es_invoicing_period_start_date",
        "l10n_es_payment_means",
        "l10n_es_registration_date",
        "l10n_it_payment_method",
        "l10n_my_edi_custom_form_reference",
        "l10n_my_edi_exemption_reason",
        "l10n_rs_tax_date_obligations_code",
        "l10n_rs_turnover_date",
    },
    "states, numbers and files of e-invoicing, written by what an authority says": {
        "l10n_dk_nemhandel_message_uuid",
        "nemhandel_message_uuid",
        "l10n_eg_is_signed",
        "l10n_eg_signing_time",
        "l10n_es_edi_csv",
        "l10n_hu_edi_batch_upload_index",
        "l10n_hu_edi_messages",
        "l10n_hu_edi_send_time",
        "l10n_hu_edi_state",
        "l10n_hu_edi_transaction_code",
        "l10n_hu_invoice_chain_index",
        "l10n_in_edi_cancel_reason",
        "l10n_in_edi_cancel_remarks",
        "l10n_it_edi_attachment_name",
        "l10n_it_edi_state",
        "l10n_it_edi_transaction",
        "l10n_jo_edi_qr",
        "l10n_jo_edi_state",
        "l10n_rs_edi_invoice",
        "l10n_rs_edi_purchase_invoice",
        "l10n_rs_edi_sales_invoice",
        "l10n_sa_invoice_signature",
        "l10n_sa_uuid",
        "l10n_vn_e_invoice_number",
        "l10n_vn_edi_invoice_state",
        "l10n_vn_edi_invoice_transaction_id",
    },
    "entered for the authority before it is reported": {
        "l10n_vn_edi_adjustment_type",
        "l10n_vn_edi_agreement_document_date",
        "l10n_vn_edi_agreement_document_name",
        "l10n_vn_edi_invoice_symbol",
    },
    "bookkeeping: withholding, tax reports": {
        "l10n_in_gstr_section",
        "l10n_in_is_withholding",
    },
}


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

    def test_each_field_is_decided(self):
        """A field of a localization that somebody can write is closed, or stays open
        for a reason.
        """
        known = set().union(*OPEN_FIELDS.values())
        for model in (self.env["account.move"], self.env["account.move.line"]):
            closed = model._get_lock_closed_fields()
            fields = {
                name: field
                for name, field in model._fields.items()
                if field.store
                and field.column_type
                and all(module.startswith("l10n_") for module in field._modules)
            }
            with self.subTest(model=model._name):
                self.assertEqual(
                    {
                        name
                        for name, field in fields.items()
                        if not field.readonly
                        and name not in closed
                        and name not in known
                        and not name.startswith("l10n_tw_edi_")
                    },
                    set(),
                )

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

    def test_document_type_of_italy(self):
        """Posting fills it; a user chooses it in the draft."""
        self._needs("l10n_it_edi", "l10n_it_document_type")
        types = self.env["l10n_it.document.type"].search([], limit=2)
        invoice = self._invoice(10.0, post=False)
        invoice.with_user(self.clerk).l10n_it_document_type = types[1]
        invoice.action_post()
        self._end_transaction()
        self.assertEqual(invoice.l10n_it_document_type, types[1])
        self.assertHole(
            lambda move: move.write({"l10n_it_document_type": types[0].id}), invoice
        )

    def test_lines_of_greece(self):
        self._needs("l10n_gr_edi", "l10n_gr_edi_cls_category", "account.move.line")
        self.assertHole(self._write_line({"l10n_gr_edi_cls_category": "category1_1"}))

    def test_argentina(self):
        self._needs("l10n_ar", "l10n_ar_afip_responsibility_type_id")
        kind = self.env["l10n_ar.afip.responsibility.type"].search([], limit=1)
        self.assertHole(
            lambda move: move.write({"l10n_ar_afip_responsibility_type_id": kind.id})
        )

    def test_filled_by_posting(self):
        """A localization may complete its own fields in the transaction that posts."""
        self._needs("l10n_it_edi", "l10n_it_cig")
        invoice = self._invoice(10.0)
        invoice.l10n_it_cig = "0123456789"
        self.env.flush_all()
        self.assertEqual(invoice.l10n_it_cig, "0123456789")
