"""Cancellations that a tax authority has accepted, with the addons that ask for them.

The authority is played: what is tried is that its yes cancels the document, that its no
does not, and that nobody else says yes.
"""

from contextlib import ExitStack, suppress
from unittest.mock import patch

from odoo import fields
from odoo.exceptions import UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from ..models.lock import edi_cancellation
from ..models.lock.edi_cancellation import PRODUCTION_SETTINGS
from .lock_common import LockCommon

ADDONS = "odoo.addons"


@tagged("post_install", "-at_install")
class TestLockEdi(LockCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for name, value in PRODUCTION_SETTINGS.items():
            if name in cls.company._fields:
                cls.company[name] = value
        cls.document = cls._invoice(100.0)

    def _patched(self, *patches):
        stack = ExitStack()
        for target, name, result in patches:
            stack.enter_context(patch.object(target, name, lambda *a, r=result, **k: r))
        return stack

    def assertCancelled(self):
        self.env.cr.precommit.run()
        self.assertEqual(self.document.state, "cancel")
        self.assertTrue(self.document.is_locked)

    def assertNotCancelled(self):
        self.env.cr.precommit.run()
        self.assertEqual(self.document.state, "posted")

    # --- each addon --------------------------------------------------------------

    def _india(self, response):
        move = type(self.document)
        self.document.write(
            {"l10n_in_edi_cancel_reason": "1", "l10n_in_edi_cancel_remarks": "Wrong"}
        )
        with self._patched(
            (move, "_l10n_in_edi_connect_to_server", response),
            (move, "_get_l10n_in_edi_response_json", {"Irn": "123"}),
            (move, "_can_commit", False),
        ):
            self.document.with_user(self.clerk)._l10n_in_edi_cancel_invoice()

    def test_india(self):
        self._needs("l10n_in_edi", "l10n_in_edi_status")
        self._india({"data": {"CancelDate": "today"}})
        self.assertCancelled()
        self.assertEqual(self.document.l10n_in_edi_status, "cancelled")

    def test_india_refuses(self):
        self._needs("l10n_in_edi", "l10n_in_edi_status")
        self._india({"error": [{"code": "2270", "message": "Too late"}]})
        self.assertNotCancelled()
        self.document.l10n_in_edi_status = "sent"
        with self.assertRefusal("cannot be changed or cancelled"):
            self.document.with_user(self.clerk).action_l10n_in_edi_force_cancel()

    def test_malaysia(self):
        self._needs("l10n_my_edi", "l10n_my_edi_state")
        self.document.with_user(self.clerk)._l10n_my_edi_cancel_moves()
        self.assertCancelled()

    def _taiwan(self, answer):
        wizard = (
            self.env["l10n_tw_edi.invoice.cancel"]
            .with_user(self.clerk)
            .create({"invoice_id": self.document.id, "reason": "Wrong"})
        )
        path = f"{ADDONS}.l10n_tw_edi_ecpay.models.account_move.call_ecpay_api"
        with (
            patch(path, lambda *a, **k: answer),
            self._patched(
                (type(self.document), "_l10n_tw_edi_update_ecpay_invoice_info", None)
            ),
        ):
            wizard.button_request_cancel()

    def test_taiwan(self):
        self._needs("l10n_tw_edi_ecpay", "l10n_tw_edi_state")
        # Never sent: nobody is asked.
        with self.assertRefusal("not sent to Ecpay"):
            self._taiwan({"RtnCode": 1})
        self.document.l10n_tw_edi_ecpay_invoice_id = "AB12345678"
        self.document.l10n_tw_edi_invoice_create_date = fields.Datetime.now()
        with self.assertRefusal("Too late"):
            self._taiwan({"RtnCode": 0, "RtnMsg": "Too late"})
        self.assertNotCancelled()
        self._taiwan({"RtnCode": 1})
        self.assertCancelled()

    def _vietnam(self, error):
        path = f"{ADDONS}.l10n_vn_edi_viettel.models.account_move"
        self.document.l10n_vn_edi_issue_date = fields.Datetime.now()
        with (
            patch(f"{path}._l10n_vn_edi_send_request", lambda *a, **k: ({}, error)),
            self._patched(
                (type(self.document), "_l10n_vn_edi_get_access_token", ("token", None)),
                (type(self.document), "_can_commit", False),
            ),
        ):
            self.document.with_user(self.clerk)._l10n_vn_edi_cancel_invoice(
                "Wrong", "Agreement", fields.Datetime.now()
            )

    def test_vietnam(self):
        self._needs("l10n_vn_edi_viettel", "l10n_vn_edi_invoice_state")
        with self.assertRefusal("Too late"):
            self._vietnam("Too late")
        self.assertNotCancelled()
        self._vietnam(None)
        self.assertCancelled()

    def _hungary(self, annulment_status):
        self.document.l10n_hu_edi_state = "cancel_sent"
        self.document.with_user(
            self.clerk
        )._l10n_hu_edi_process_query_transaction_result(
            {
                "invoice_status": "DONE",
                "business_validation_messages": [],
                "technical_validation_messages": [],
            },
            annulment_status,
        )

    def test_hungary(self):
        """The authority annuls an invoice with the credit notes that it was told of."""
        self._needs("l10n_hu_edi", "l10n_hu_edi_state")
        told, untold = (
            self._credit(self.document, credit_method="amount", amount=amount)
            for amount in (23.0, 46.0)
        )
        told.l10n_hu_edi_state = "confirmed"
        # What a demo system says cancels nothing.
        self.company.l10n_hu_edi_server_mode = "demo"
        with self.assertRefusal(self.document.name):
            self._hungary("VERIFICATION_DONE")
        self.company.l10n_hu_edi_server_mode = "production"
        self._hungary("NOT_VERIFIABLE")
        self.assertNotCancelled()
        self._hungary("VERIFICATION_DONE")
        self.assertCancelled()
        self.assertEqual(told.state, "cancel")
        self.assertEqual(untold.state, "posted")

    def _basque_country(self, request):
        self.document.with_user(self.clerk).l10n_es_tbai_cancel_document_id = request
        move = type(self.document)
        with self._patched(
            (type(request), "_post_to_web_service", None),
            (move, "_l10n_es_tbai_lock_move", None),
            (move, "_l10n_es_tbai_get_values", {}),
            (move, "_l10n_es_tbai_post_document_in_chatter", None),
        ):
            self.document.with_user(self.clerk).l10n_es_tbai_cancel()

    def test_basque_country(self):
        self._needs("l10n_es_edi_tbai", "l10n_es_tbai_cancel_document_id")
        request = (
            self.env["l10n_es_edi_tbai.document"]
            .sudo()
            .create(
                {
                    "name": "Another document",
                    "date": self.today,
                    "company_id": self.company.id,
                    "is_cancel": True,
                    "state": "accepted",
                }
            )
        )
        self._set_lock(False)
        with self._undone():
            self._basque_country(request)
            self.assertEqual(self.document.state, "cancel")
        self._set_lock(True)
        with self.assertRefusal(self.document.name):
            self._basque_country(request)
        self.assertNotCancelled()

    def _verifactu(self, **values):
        document = (
            self.env["l10n_es_edi_verifactu.document"]
            .sudo()
            .create(
                {"move_id": self.document.id, "company_id": self.company.id, **values}
            )
        )
        self.env.flush_all()
        self.document.with_user(self.clerk).l10n_es_edi_verifactu_state = "cancelled"
        document._cancel_after_sending({})

    def test_verifactu(self):
        self._needs("l10n_es_edi_verifactu", "l10n_es_edi_verifactu_state")
        self._set_lock(False)
        with self._undone():
            self._verifactu(document_type="submission")
            self.assertEqual(self.document.state, "cancel")
        self._set_lock(True)
        with self._undone():
            # Odoo's log of the refusal breaks in Odoo 19.
            with suppress(TypeError), mute_logger("odoo"):
                self._verifactu(document_type="submission")
            self.assertEqual(self.document.state, "posted")
        self._verifactu(document_type="cancellation", state="accepted")
        self.assertCancelled()

    # --- the framework of electronic documents -----------------------------------

    def _process(self, cancel):
        """A Billing user writes an electronic document that is to be cancelled."""
        edi_format = self.env["account.edi.format"].create(
            {"name": "Played", "code": "played_authority"}
        )
        document = (
            self.env["account.edi.document"]
            .with_user(self.clerk)
            .create(
                {
                    "move_id": self.document.id,
                    "edi_format_id": edi_format.id,
                    "state": "to_cancel",
                }
            )
        )
        with self._patched(
            (type(edi_format), "_needs_web_services", True),
            (type(edi_format), "_get_move_applicability", cancel),
        ):
            document._process_documents_web_services(with_commit=False)

    def test_electronic_document(self):
        self._needs("account_edi", "state", "account.edi.document")
        self._process(
            {"cancel": lambda moves: {move: {"success": True} for move in moves}}
        )
        self.assertCancelled()

    def test_electronic_document_of_a_test_system(self):
        """What it accepts cancels nothing."""
        self._needs("account_edi", "state", "account.edi.document")
        played = {"played_authority": ("lock_posted_invoices", False)}
        with (
            patch.dict(edi_cancellation.PRODUCTION_FORMATS, played),
            self.assertRefusal(self.document.name),
        ):
            self._process({"cancel": lambda m: {move: {"success": True} for move in m}})
        self.assertNotCancelled()

    def test_electronic_document_refused(self):
        self._needs("account_edi", "state", "account.edi.document")
        self._process(
            {"cancel": lambda moves: {move: {"error": "No"} for move in moves}}
        )
        self.assertNotCancelled()

    def test_electronic_document_that_nobody_asks_for(self):
        """Where the format has nothing to ask, Odoo takes that for a yes."""
        self._needs("account_edi", "state", "account.edi.document")
        self._set_lock(False)
        with self._undone():
            self._process(None)
            self.assertEqual(self.document.state, "cancel")
        self._set_lock(True)
        with self._undone():
            try:
                self._process(None)
            except UserError as error:
                self.assertIn(self.document.name, str(error))
            else:
                self.fail("not refused")
            self.assertEqual(self.document.state, "posted")
