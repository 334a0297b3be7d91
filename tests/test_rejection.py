from unittest.mock import patch

from lxml import etree

from odoo.exceptions import AccessError
from odoo.tests import Form, new_test_user, tagged

from ..models.bridges import rejection
from ..models.bridges.rejection import (
    IMPLIED_CREDITS,
    REJECTED_STATES,
    ImpliedCredit,
    RejectedState,
)
from .common import CreditNoteCommon

# A field that is there always stands for those that addons of countries bring.
STATE = RejectedState("l10n_pl_correction_type", ("2", "3"), "narration")


@tagged("post_install", "-at_install")
class TestRejection(CreditNoteCommon):
    """An invoice that was rejected electronically."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.startClassPatcher(patch.object(rejection, "REJECTED_STATES", (STATE,)))
        cls.fine = cls._invoice(10.0, l10n_pl_correction_type="1")
        cls.rejected = cls._invoice(
            20.0,
            l10n_pl_correction_type="3",
            narration="<p>The price<br/>is wrong</p>",
        )

    def _open(self, invoices):
        action = invoices.with_user(self.clerk).action_credit_note()
        return Form(
            self.env[action["res_model"]]
            .with_user(self.clerk)
            .with_context(**action["context"])
        )

    def test_row_says_why(self):
        self.assertFalse(self.fine.rejection)
        self.assertEqual(
            self.rejected.with_user(self.clerk).rejection,
            "At another time: The price is wrong",
        )
        self.assertEqual(self.rejected.billing_status, "rejected")
        wizard = self._wizard(self.rejected + self.fine)
        self.assertEqual(
            wizard.rejection,
            f"{self.rejected.name}: At another time: The price is wrong",
        )
        self._credit(self.rejected)
        self.assertEqual(self.rejected.billing_status, "credited")

    def test_filter(self):
        domain = [("id", "in", (self.fine + self.rejected).ids)]
        moves = self.env["account.move"].with_user(self.clerk)
        self.assertEqual(
            moves.search([*domain, ("rejection", "!=", False)]), self.rejected
        )
        self.assertEqual(moves.search([*domain, ("rejection", "=", False)]), self.fine)

    def test_filter_narrows_what_is_open(self):
        """The tab opens on *Open*. Filters without a separator between them add up."""
        view = self.env.ref("account_partner_credit_note.customer_invoices_view_search")
        groups = [set()]
        for node in etree.fromstring(view.arch):
            if node.tag == "separator":
                groups.append(set())
            groups[-1].add(node.get("name"))
        [with_open] = (group for group in groups if "open" in group)
        for name in ("overdue", "rejected"):
            self.assertTrue(any(name in group for group in groups))
            self.assertNotIn(name, with_open)

    def test_queries_do_not_grow(self):
        counts = []
        for number in (1, 10):
            invoices = self.env["account.move"].union(
                *(self._invoice(l10n_pl_correction_type="3") for _n in range(number))
            )
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.cr.sql_log_count
            self.assertTrue(all(invoices.mapped("rejection")))
            counts.append(self.cr.sql_log_count - before)
        self.assertEqual(*counts)

    def test_other_users(self):
        """Who reads the invoice reads why it was rejected, and nobody else."""
        reader = new_test_user(self.env, "r", groups="account.group_account_readonly")
        self.assertIn("wrong", self.rejected.with_user(reader).rejection)
        portal = new_test_user(self.env, "p", groups="base.group_portal")
        with self.assertRaises(AccessError):
            self.rejected.with_user(portal).read(["rejection"])

    def test_without_addons(self):
        with patch.object(rejection, "REJECTED_STATES", ()):
            self.assertFalse(self.rejected.rejection)
            self.assertFalse(
                self.env["account.move"].search([("rejection", "!=", False)])
            )

    def test_dialog(self):
        """It opens with what the answer implies, once there is one answer."""
        implied = ImpliedCredit("lines", "incorrect_amount")
        reason = self.env.ref(
            "account_partner_credit_note.credit_note_reason_incorrect_amount"
        )
        find = patch.object(
            type(self.rejected),
            "_find_implied_credit",
            lambda self, text: implied if text else None,
        )
        other = self._invoice(30.0, l10n_pl_correction_type="2")
        with find:
            form = self._open(self.rejected)
            self.assertEqual((form.credit_method, form.reason_id), ("lines", reason))
            form = self._open(self.rejected + other)
            self.assertEqual(
                (form.credit_method, form.reason_id), ("remaining", reason)
            )
            form = self._open(self.rejected + self.fine)
            self.assertFalse(form.reason_id)
            reason.active = False
            self.assertFalse(self._open(self.rejected).reason_id)

    def test_codes(self):
        """Every code has a reason of ours and a method of the dialog."""
        methods = dict(
            self.env["account.move.reversal"]._fields["credit_method"].selection
        )
        for implied in IMPLIED_CREDITS.values():
            self.assertIn(implied.credit_method, methods)
            self.assertTrue(
                self.env.ref(
                    f"account_partner_credit_note.credit_note_reason_{implied.reason}"
                )
            )
        find = self.env["account.move"]._find_implied_credit
        self.assertEqual(find("Refused: DOUBLE_FACT").reason, "duplicate")
        self.assertEqual(find("Rejected").credit_method, "remaining")
        self.assertIsNone(find(False))

    def test_states_of_addons(self):
        """Those that are there have the fields and the states of the table."""
        names = self.env["account.move"]._fields
        installed = [state for state in REJECTED_STATES if state.field_name in names]
        if not installed:
            self.skipTest(
                "not in this database: --with "
                "l10n_it_edi,l10n_my_edi,l10n_ro_edi,l10n_hu_edi,l10n_hr_edi"
            )
        for state in installed:
            values = names[state.field_name].get_values(self.env)
            # Those of Peppol come with an addon more.
            known = set(state.values) & set(values)
            self.assertTrue(known or state.field_name == "peppol_move_state")
            self.assertTrue(not state.note or state.note in names)


@tagged("post_install", "-at_install")
class TestRejectionItaly(CreditNoteCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        if "l10n_it_edi_state" not in cls.env["account.move"]._fields:
            cls.skipTest(cls, "not in this database: --with l10n_it_edi")

    def test_rejected(self):
        invoice = self._invoice()
        # sudo: as Odoo's scheduler stores the answer of SdI
        invoice.sudo().write(
            {
                "l10n_it_edi_state": "rejected_by_pa_partner",
                "l10n_it_edi_header": "<p>Order is missing</p>",
            }
        )
        self.assertIn("Rejected by the PA Partner: Order is missing", invoice.rejection)
        self.assertEqual(
            self.env["account.move"].search(
                [("id", "in", invoice.ids), ("rejection", "!=", False)]
            ),
            invoice,
        )


@tagged("post_install", "-at_install")
class TestRejectionPeppol(CreditNoteCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        if "peppol_response_ids" not in cls.env["account.move"]._fields:
            cls.skipTest(cls, "not in this database: --with account_peppol_response")

    def test_rejected(self):
        for text, method, reason in (
            ("Prices incorrect", "lines", "incorrect_amount"),
            ("Item quality insufficient", "lines", "unhappy_goods"),
            ("Not recognized", "remaining", "issued_by_mistake"),
        ):
            with self.subTest(text):
                invoice = self._invoice()
                # As Odoo stores the answer: both in one transaction.
                self.env["account.peppol.response"].create(
                    {
                        "peppol_message_uuid": text,
                        "response_code": "RE",
                        "peppol_state": "done",
                        "move_id": invoice.id,
                    }
                )
                invoice._message_log(body=f"Reasons: {text}")
                self.assertIn(text, invoice.rejection)
                wizard = self._wizard(invoice)
                self.assertEqual(wizard.credit_method, method)
                self.assertEqual(
                    wizard.reason_id,
                    self.env.ref(
                        f"account_partner_credit_note.credit_note_reason_{reason}"
                    ),
                )


@tagged("post_install", "-at_install")
class TestRejectionFrance(CreditNoteCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        if "pdp_ppf_move_state" not in cls.env["account.move"]._fields:
            cls.skipTest(cls, "not in this database: --with l10n_fr_pdp")

    def test_rejected(self):
        invoice = self._invoice()
        self.env["account.peppol.response"].create(
            {
                "peppol_message_uuid": "1",
                "response_code": "refused",
                "peppol_state": "done",
                "move_id": invoice.id,
                "pdp_status_info": "DOUBLE_FACT: paid last month",
            }
        )
        # As the platform's state is stored; which it is, the proxy decides.
        invoice.sudo().peppol_move_state = "refused"
        self.assertIn("paid last month", invoice.rejection)
        wizard = self._wizard(invoice)
        self.assertEqual(
            wizard.reason_id,
            self.env.ref("account_partner_credit_note.credit_note_reason_duplicate"),
        )
