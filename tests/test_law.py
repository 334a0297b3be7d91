from lxml import etree

from odoo import Command, fields
from odoo.exceptions import ValidationError
from odoo.modules.registry import Registry
from odoo.tests import Form, new_test_user, tagged
from odoo.tests.common import get_db_name

from .common import CreditNoteCommon
from .test_background import BackgroundCommon


class LawCommon(CreditNoteCommon):
    """A field that is there always stands for those that addons of countries bring."""

    @classmethod
    def _add_code(cls, code, reason=None, **values):
        return cls.env["account.credit.note.reason.code"].create(
            {
                "country_id": cls.env.company.account_fiscal_country_id.id,
                "field_name": "l10n_pl_correction_type",
                "reason_id": reason and reason.id,
                "code": code,
                "source": "of this test",
                **values,
            }
        )


@tagged("post_install", "-at_install")
class TestReasonCodes(LawCommon, BackgroundCommon):
    """A reason carries the code that a country's document asks for."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.other = cls.env.ref(
            "account_partner_credit_note.credit_note_reason_goods_returned"
        )
        cls._add_code("1", cls.reason)
        cls._add_code("2")

    def _get_code(self, credit_note):
        return credit_note.l10n_pl_correction_type

    def test_over_rpc(self):
        for values, code in (
            ({"reason_id": self.reason.id}, "1"),
            ({"reason_id": self.other.id}, "2"),
            ({}, "2"),
            ({"reason_id": self.reason.id, "l10n_pl_correction_type": "3"}, "3"),
        ):
            with self.subTest(values):
                credit_note = self._credit(self._invoice(), user=self.clerk, **values)
                self.assertEqual(self._get_code(credit_note), code)

    def test_the_reason_is_changed(self):
        wizard = self._wizard(self._invoice(), reason_id=self.other.id)
        wizard.reason_id = self.reason
        self.assertEqual(wizard.l10n_pl_correction_type, "1")
        wizard.write({"reason_id": self.other.id, "l10n_pl_correction_type": "3"})
        wizard.action_issue()
        self.assertEqual(self._get_code(wizard.new_move_ids), "3")

    def test_no_code_of_the_reason_before(self):
        """Changed to a reason without a code, the dialog has what it has at first."""
        self.env["account.credit.note.reason.code"].search(
            [("reason_id", "=", False), ("source", "=", "of this test")]
        ).unlink()
        wizard = self._wizard(self._invoice(), reason_id=self.reason.id)
        wizard.reason_id = self.other
        self.assertFalse(wizard.l10n_pl_correction_type)

    def test_in_the_dialog(self):
        invoice = self._invoice().with_user(self.clerk)
        action = invoice.action_credit_note()
        with Form(
            self.env[action["res_model"]]
            .with_user(self.clerk)
            .with_context(**action["context"])
        ) as form:
            form.reason_id = self.reason
        form.record.action_issue()
        self.assertEqual(self._get_code(form.record.new_move_ids), "1")

    def test_in_the_background(self):
        invoices = self._invoice() + self._invoice(50.0) + self._invoice(20.0)
        self._start(invoices, reason_id=self.reason.id)
        self._run_cron()
        credit_notes = invoices._get_credit_notes()
        self.assertEqual(credit_notes.mapped("l10n_pl_correction_type"), ["1"] * 3)

    def test_one_for_several(self):
        invoices = self._invoice() + self._invoice(50.0)
        credit_note = self._credit(invoices, reason_id=self.reason.id, as_one=True)
        self.assertEqual(self._get_code(credit_note), "1")

    def test_condition(self):
        """A code for invoices of a kind comes first."""
        self._add_code("3", condition="is_purchase_matched")
        self.assertNotIn("is_purchase_matched", self.env["account.move"]._fields)
        values = {"reason_id": self.reason.id}
        self.assertEqual(self._get_code(self._credit(self._invoice(), **values)), "1")
        self._add_code("3", condition="posted_before")
        self.assertEqual(self._get_code(self._credit(self._invoice(), **values)), "3")

    def test_other_country(self):
        self.env["account.credit.note.reason.code"].search(
            [("source", "=", "of this test")]
        ).country_id = self.env.ref("base.aq")
        self.assertFalse(self._get_code(self._credit(self._invoice())))

    def test_no_query_for_each_invoice(self):
        invoices = self.env["account.move"].union(
            *(self._invoice(10.0 * number) for number in range(1, 6))
        )
        self.reason._get_codes(self.env.company, invoices)
        with self.assertQueryCount(0):
            for invoice in invoices:
                self.reason._get_codes(self.env.company, invoice)

    def test_a_code_that_the_field_does_not_take(self):
        with self.assertRaisesRegex(ValidationError, "does not take the code"):
            self._add_code("4")
        for name in ("state", "name", "ref", "partner_id", "amount_total"):
            with self.assertRaisesRegex(ValidationError, "not a field of a country"):
                self._add_code("posted", field_name=name)
        with self.assertRaisesRegex(ValidationError, "true or false"):
            self._add_code("1", condition="name")
        # An addon that is not there may take it.
        self._add_code("4", field_name="l10n_aq_reason", condition="l10n_aq_penguin")

    def test_a_code_from_before_the_addon(self):
        """One that the field does not take, once it is there, stops no credit note."""
        codes = self._add_code("1", self.other) + self._add_code("2", self.other)
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE account_credit_note_reason_code SET code = '4' WHERE id IN %s",
            [tuple(codes.ids)],
        )
        codes.invalidate_recordset()
        self.env.registry.clear_cache()
        credit_note = self._credit(self._invoice(), reason_id=self.other.id)
        self.assertEqual(self._get_code(credit_note), "2")

    def test_chosen_without_a_code_of_the_reason(self):
        self.env["account.credit.note.reason.code"].search([]).unlink()
        credit_note = self._credit(self._invoice(), l10n_pl_correction_type="3")
        self.assertEqual(self._get_code(credit_note), "3")

    def test_no_field(self):
        code = self._add_code("1")
        with self.assertRaises(ValidationError):
            code.field_name = False

    def test_access(self):
        """Everybody in Invoicing reads the tables, and accountants change them."""
        portal = new_test_user(self.env, login="p", groups="base.group_portal")
        manager = new_test_user(
            self.env, login="m", groups="account.group_account_manager"
        )
        for model in ("reason.code", "deadline"):
            records = self.env[f"account.credit.note.{model}"].search([], limit=1)
            self.assertTrue(records.with_user(self.clerk).has_access("read"))
            self.assertFalse(records.with_user(portal).has_access("read"))
            for operation in ("create", "write", "unlink"):
                self.assertFalse(records.with_user(self.clerk).has_access(operation))
                self.assertTrue(records.with_user(manager).has_access(operation))

    def test_archived_reason_and_deleted_code(self):
        self.reason.active = False
        values = {"reason_id": self.reason.id}
        self.assertEqual(self._get_code(self._credit(self._invoice(), **values)), "1")
        self.env["account.credit.note.reason.code"].search([]).unlink()
        self.assertFalse(self._get_code(self._credit(self._invoice(), **values)))

    def test_in_odoos_own_ways(self):
        """*Reverse* and *Invoice again* of Odoo go through the same dialog."""
        invoice = self._invoice()
        wizard = self._wizard(invoice, reason_id=self.reason.id)
        wizard.refund_moves()
        self.assertEqual(self._get_code(wizard.new_move_ids), "1")
        other = self._invoice()
        self._wizard(other, reason_id=self.reason.id).action_reinvoice()
        self.assertEqual(self._get_code(other.reversal_move_ids), "1")

    def test_without_invoice(self):
        dialog = self.env["account.credit.note.without.invoice"].create(
            {
                "partner_id": self.partner_a.id,
                "reason_id": self.reason.id,
                "period_start": self.today,
                "period_end": self.today,
                "line_ids": [Command.create({"name": "Bonus", "amount": 10.0})],
            }
        )
        dialog.action_issue()
        self.assertEqual(self._get_code(dialog.new_move_id), "1")

    def test_table(self):
        """Each code of the table says its source, and fits the addon if it is there."""
        codes = self.env["account.credit.note.reason.code"].search(
            [("source", "!=", "of this test")]
        )
        self.assertGreater(len(codes), 25)
        codes._check_code()
        self.assertTrue(all(len(code.source) > 20 for code in codes))


def has_field(name):
    """:return: whether an addon of a country is there. Asked before Odoo's class wants
    the chart of accounts of the country.
    """
    return name in Registry(get_db_name())["account.move"]._fields


class CountryCommon(BackgroundCommon):
    field = ""

    def assertCode(self, code, reason, **values):
        """In the dialog, over RPC and in the background."""
        reason = self.env.ref(
            f"account_partner_credit_note.credit_note_reason_{reason}"
        )
        credit_notes = self._credit_in_dialog(reason, values)
        values["reason_id"] = reason.id
        credit_notes += self._credit(self._invoice(), user=self.clerk, **values)
        invoices = self._invoice() + self._invoice(50.0) + self._invoice(20.0)
        self._start(invoices, **values)
        self._run_cron()
        credit_notes += invoices.reversal_move_ids
        self.assertEqual(credit_notes.mapped(self.field), [code] * 5)
        self.assertEqual(set(credit_notes.mapped("state")), {"posted"})

    def _credit_in_dialog(self, reason, values):
        action = self._invoice().with_user(self.clerk).action_credit_note()
        dialogs = self.env[action["res_model"]].with_user(self.clerk)
        with Form(dialogs.with_context(**action["context"])) as form:
            form.reason_id = reason
            for name, value in values.items():
                form[name] = value
        form.record.action_issue()
        return form.record.new_move_ids


@tagged("post_install", "-at_install")
class TestReasonCodesVerifactu(CountryCommon):
    field = "l10n_es_edi_verifactu_refund_reason"

    @classmethod
    @CreditNoteCommon.setup_country("es")
    def setUpClass(cls):
        if not has_field(cls.field):
            cls.skipTest(cls, "not in this database: --with l10n_es_edi_verifactu")
        super().setUpClass()

    def test_codes(self):
        self.partner_a.country_id = self.env.ref("base.es")
        self.partner_a.vat = "ESA12345674"
        self.assertCode("R1", "goods_returned")
        self.assertCode("R4", "issued_by_mistake")
        # Without a certificate the dialog does not show the field.
        credit_note = self._credit(self._invoice(), **{self.field: "R2"})
        self.assertEqual(credit_note[self.field], "R2")


@tagged("post_install", "-at_install")
class TestReasonCodesFacturae(CountryCommon):
    field = "l10n_es_edi_facturae_reason_code"

    @classmethod
    @CreditNoteCommon.setup_country("es")
    def setUpClass(cls):
        if not has_field(cls.field):
            cls.skipTest(cls, "not in this database: --with l10n_es_edi_facturae")
        super().setUpClass()

    def test_codes(self):
        self.assertCode("16", "goods_returned")
        self.assertCode("83", "unhappy_goods")
        self.assertCode("01", "unhappy_goods", **{self.field: "01"})


@tagged("post_install", "-at_install")
class TestReasonCodesTicketbai(CountryCommon):
    field = "l10n_es_tbai_refund_reason"

    @classmethod
    @CreditNoteCommon.setup_country("es")
    def setUpClass(cls):
        if not has_field(cls.field):
            cls.skipTest(cls, "not in this database: --with l10n_es_edi_tbai")
        super().setUpClass()
        cls.env.company.l10n_es_tbai_tax_agency = "bizkaia"

    def _invoice(self, *prices, **values):
        # Nothing is sent.
        invoice = super()._invoice(*prices, **values)
        self.assertTrue(invoice.l10n_es_tbai_is_required)
        return invoice

    def test_codes(self):
        self.partner_a.country_id = self.env.ref("base.es")
        self.partner_a.vat = "ESA12345674"
        self.assertCode("R1", "goods_returned")
        self.assertCode("R4", "duplicate")
        # Of a customer without a tax id, below the limit: a simplified invoice.
        self.partner_a.vat = False
        self.assertTrue(self._invoice().l10n_es_is_simplified)
        self.assertCode("R5", "goods_returned")


@tagged("post_install", "-at_install")
class TestReasonCodesSaudiArabia(CountryCommon):
    field = "l10n_sa_reason"

    @classmethod
    @CreditNoteCommon.setup_country("sa")
    def setUpClass(cls):
        if not has_field(cls.field):
            cls.skipTest(cls, "not in this database: --with l10n_sa")
        super().setUpClass()
        if has_field("l10n_sa_uuid"):
            # Nothing is sent: it wants a certificate.
            cls.company_data["default_journal_sale"].edi_format_ids = False

    def test_codes(self):
        self.assertCode("BR-KSA-17-reason-4", "goods_returned")
        self.assertCode("BR-KSA-17-reason-2", "incorrect_amount")


@tagged("post_install", "-at_install")
class TestReasonCodesPoland(CreditNoteCommon):
    @classmethod
    @CreditNoteCommon.setup_country("pl")
    def setUpClass(cls):
        if not has_field("l10n_pl_edi_ref"):
            cls.skipTest(cls, "not in this database: --with l10n_pl_edi")
        super().setUpClass()

    def test_file(self):
        """What KSeF gets: the reason, and when the correction counts."""
        address = {"street": "Prosta 1", "zip": "00-001", "city": "Warszawa"}
        poland = self.env.ref("base.pl").id
        self.env.company.write({**address, "vat": "PL1234563218"})
        self.partner_a.write({**address, "country_id": poland, "vat": "PL5260001246"})
        for values, effect in (({}, "2"), ({"l10n_pl_correction_type": "3"}, "3")):
            credit_note = self._credit(
                self._invoice(), reason_id=self.reason.id, reason="by phone", **values
            )
            file = etree.fromstring(credit_note._l10n_pl_edi_render_xml())
            self.assertEqual(file.findtext(".//{*}TypKorekty"), effect)
            self.assertEqual(
                file.findtext(".//{*}PrzyczynaKorekty"), "Order cancelled – by phone"
            )


@tagged("post_install", "-at_install")
class TestDeadlines(CreditNoteCommon):
    """The dialog warns of a deadline that the law of the country sets."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.deadlines = cls.env["account.credit.note.deadline"]
        cls.table = cls.deadlines.search([])
        cls.invoice = cls._invoice(invoice_date="2024-02-15")

    def _take(self, start, number, unit):
        """A deadline of the company's country, and no other."""
        country = self.env.company.account_fiscal_country_id
        self.deadlines.search([("country_id", "=", country.id)]).active = False
        return self.deadlines.create(
            {
                "country_id": country.id,
                "start": start,
                "number": number,
                "unit": unit,
                "rule": "The law.",
                "source": "Act 1",
            }
        )

    def _warn(self, date, invoice=None):
        return self._wizard(invoice or self.invoice, date=date).deadline_warning

    def test_around_the_last_day(self):
        """Quiet on the last day, and a warning on the next."""
        self.env.company.fiscalyear_last_month = "3"
        for start, number, unit, last in (
            ("supply", 10, "days", "2024-02-25"),
            ("supply", 6, "months", "2024-08-15"),
            ("supply", 1, "years", "2025-02-15"),
            # From 31 March to 30 November.
            ("fiscal_year", 8, "months", "2024-11-30"),
            ("fiscal_year", 2, "years", "2026-03-31"),
            ("event", 14, "days", "2024-02-29"),
        ):
            with self.subTest(start=start, number=number, unit=unit):
                deadline = self._take(start, number, unit)
                last = fields.Date.to_date(last)
                self.assertFalse(self._warn(last))
                late = fields.Date.add(last, days=1)
                warning = self._warn(late)
                self.assertIn(self.invoice.name, warning)
                self.assertIn("The law.", warning)
                self.assertIn("Act 1", warning)
                day = fields.Date.add(self.invoice.invoice_date, days=1)
                deadline.active = False
                self.assertFalse(self._warn(late))
                deadline.active = True
                if start == "event":
                    self.assertIn(f"{day:%m/%d/%Y}", warning)
                else:
                    self.assertIn(f"{last:%m/%d/%Y}", warning)

    def test_delivery(self):
        self._take("supply", 1, "months")
        invoice = self._invoice(invoice_date="2024-02-15", delivery_date="2024-01-20")
        self.assertFalse(self._warn("2024-02-20", invoice))
        self.assertTrue(self._warn("2024-02-21", invoice))

    def test_several_invoices(self):
        """Only those that are late are named."""
        self._take("supply", 1, "months")
        late = self._invoice(invoice_date="2024-01-15")
        warning = self._warn("2024-03-01", self.invoice + late)
        self.assertIn(late.name, warning)
        self.assertNotIn(self.invoice.name, warning)

    def test_stops_nothing(self):
        self._take("supply", 1, "days")
        credit_note = self._credit(self.invoice, user=self.clerk)
        self.assertEqual(credit_note.state, "posted")

    def test_dates_that_are_none(self):
        """Receipts, drafts without a date, and a time that no calendar has."""
        self._take("supply", 1, "days")
        draft = self._invoice(post=False, invoice_date=False)
        self.assertFalse(self.deadlines._get_warnings(draft.company_id, draft, None))
        self.assertFalse(
            self.deadlines._get_warnings(draft.company_id, draft, self.today)
        )
        with self.assertRaisesRegex(ValidationError, "a hundred years"):
            self._take("supply", 101, "years")

    def test_leap_day(self):
        self._take("supply", 1, "years")
        invoice = self._invoice(invoice_date="2024-02-29")
        self.assertFalse(self._warn("2025-02-28", invoice))
        self.assertTrue(self._warn("2025-03-01", invoice))

    def test_other_country(self):
        self._take("supply", 1, "days").country_id = self.env.ref("base.aq")
        self.assertFalse(self._warn(self.today))

    def test_table(self):
        """At least ten countries, each with what the law says and where."""
        self.assertGreaterEqual(len(self.table.country_id), 10)
        for deadline in self.table:
            self.assertTrue(deadline.rule and deadline.source)
            self.assertTrue(
                set(deadline.source) & set("0123456789"), "no article is named"
            )
            self.assertGreater(
                deadline._get_last_day(self.invoice), self.invoice.invoice_date
            )
