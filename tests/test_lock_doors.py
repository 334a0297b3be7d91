"""Doors beside the document: what hangs on it, what it is of, what Odoo makes of it.

A door that stands open in Odoo is proved to be open first. Where Odoo closes it itself,
or nothing of the document goes through, that is what is seen.
"""

from odoo import Command, fields
from odoo.exceptions import UserError
from odoo.tests import tagged

from .lock_common import LockCommon


@tagged("post_install", "-at_install")
class TestLockDoors(LockCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.document = cls._invoice(100.0, 50.0)

    def _draft(self):
        return self._invoice(10.0, post=False)

    def assertNothingClosedChanges(self, attack, may_refuse=False):
        """With the lock on, nobody changes anything closed in this way."""
        changes, refusal = self._attack(attack, self.document, self.users["superuser"])
        self.assertEqual(
            [
                change
                for change in self._get_closed_changes(changes)
                # The name in lists, see COMPUTED_ANEW in test_lock_fields.
                if not change.startswith("account_move.invoice_partner_display_name")
            ],
            [],
        )
        if not may_refuse:
            self.assertFalse(refusal)

    # --- what the document refers to ---------------------------------------------

    def test_what_it_refers_to_is_edited(self):
        """What was issued is not computed anew when somebody edits what it is of."""
        line = self.document.invoice_line_ids[0]
        receivable = self.document.line_ids.filtered("date_maturity")
        journal = self.document.journal_id
        self.document.partner_id.vat = "123"
        self.env["res.lang"]._activate_lang("fr_FR")
        for record, values in (
            (line.account_id, {"code": "CHANGED", "name": "Changed"}),
            (line.account_id, {"account_type": "income_other"}),
            (line.account_id, {"active": False}),
            (receivable.account_id, {"name": "Changed", "non_trade": True}),
            (journal, {"name": "Changed", "code": "CHG", "refund_sequence": False}),
            (journal, {"active": False}),
            (
                journal,
                {
                    "sequence_override_regex": r"^(?P<prefix1>.*?)(?P<seq>\d{0,9})"
                    r"(?P<suffix>\D*?)$"
                },
            ),
            (self.tax_sale_a, {"name": "Changed", "description": "Changed"}),
            (
                self.tax_sale_a,
                {"amount": 3.0, "price_include_override": "tax_included"},
            ),
            (self.tax_sale_a, {"active": False}),
            (
                self.tax_sale_a.invoice_repartition_line_ids,
                {"tag_ids": [Command.create({"name": "T", "applicability": "taxes"})]},
            ),
            (self.product_a, {"name": "Changed", "list_price": 7.0}),
            (line.product_uom_id, {"name": "Changed"}),
            (self.document.partner_id, {"name": "Changed", "vat": "456"}),
            (self.document.partner_id, {"lang": "fr_FR", "street": "Changed"}),
            (self.document.partner_id, {"active": False}),
            (self.pay_terms_a, {"note": "Changed", "name": "Changed"}),
            (self.pay_terms_a.line_ids, {"nb_days": 77}),
            (self.company, {"name": "Changed", "invoice_terms": "Changed"}),
            (self.company.currency_id, {"symbol": "X", "position": "before"}),
        ):
            with self.subTest(record=record, values=values):
                self.assertNothingClosedChanges(
                    lambda move, record=record, values=values: record.with_env(
                        move.env
                    ).write(values)
                )

    def test_currency_of_the_company(self):
        """Odoo closes it, without a key."""
        currency = self.setup_other_currency("EUR")
        for locked in (False, True):
            self._set_lock(locked)
            with self.assertRefusal("some journal items already exist"):
                self.company.with_context(_force_unlink=True).currency_id = currency

    def test_terms_in_another_language(self):
        """What is translated is written below `write`."""
        self.assertNothingClosedChanges(
            lambda move: move.update_field_translations(
                "narration", {"en_US": {"a": "b"}}
            ),
            may_refuse=True,
        )
        self.assertNothingClosedChanges(
            lambda move: move.web_override_translations({"narration": "Changed"}),
            may_refuse=True,
        )

    def test_h28_tags_of_taxes_rewritten(self):
        """The tags of all lines since a day, as the taxes have them today."""
        self._needs(
            "account_update_tax_tags", "date_from", "account.update.tax.tags.wizard"
        )
        tag = self.env["account.account.tag"].create(
            {"name": "Changed", "applicability": "taxes"}
        )
        self.tax_sale_a.invoice_repartition_line_ids.tag_ids = tag

        def update(move):
            move.env["account.update.tax.tags.wizard"].with_company(
                self.company
            ).create({"date_from": move.date}).update_amls_tax_tags()

        self.assertHole(update, by="superuser")
        later = fields.Date.add(self.today, days=1)
        self.assertNothingClosedChanges(
            lambda move: (
                move.env["account.update.tax.tags.wizard"]
                .create({"date_from": later})
                .update_amls_tax_tags()
            )
        )

    def test_h27_delivered_after_it_was_invoiced(self):
        """A delivery moved the printed day of delivery of what was invoiced before."""
        self._needs("sale_stock", "effective_date", "sale.order")
        self.env.user.group_ids += self.env.ref("sales_team.group_sale_manager")
        order = self.env["sale.order"].create(
            {
                "partner_id": self.partner_a.id,
                "order_line": [Command.create({"product_id": self.product_a.id})],
            }
        )
        self.product_a.invoice_policy = "order"
        order.action_confirm()
        invoice = order._create_invoices()
        invoice.action_post()
        self.env.flush_all()
        self.assertFrozen(
            lambda move: (
                order.with_env(move.env)
                .sudo()
                .write(
                    {
                        "effective_date": fields.Datetime.add(
                            fields.Datetime.now(), days=9
                        )
                    }
                )
            ),
            invoice,
            by="superuser",
        )

    def test_h29_document_type_in_use(self):
        self._needs("l10n_latam_invoice_document", "l10n_latam_document_type_id")
        document_type = self.env["l10n_latam.document.type"].create(
            {"name": "Invoice", "code": "X", "country_id": self.env.ref("base.cl").id}
        )
        invoice = self._draft()
        invoice.l10n_latam_document_type_id = document_type
        invoice.action_post()
        self.assertEqual(invoice.l10n_latam_document_type_id, document_type)
        self.assertHole(
            lambda move: document_type.with_env(move.env).unlink(),
            document=invoice,
            by="superuser",
        )

    # --- other ways to write -----------------------------------------------------

    def test_import_by_external_id(self):
        def load(move):
            move.env["ir.model.data"].sudo().create(
                {
                    "module": "__import__",
                    "name": "attacked",
                    "model": "account.move",
                    "res_id": move.id,
                }
            )
            result = move.load(["id", "ref"], [["__import__.attacked", "imported"]])
            if result["messages"]:
                raise UserError(result["messages"][0]["message"])

        self.assertHole(load)

    def test_data_of_an_addon(self):
        """A data file that names the document as its own, loaded once more."""
        self.env["ir.model.data"].create(
            {
                "module": "__import__",
                "name": "attacked",
                "model": "account.move",
                "res_id": self.document.id,
            }
        )
        self.assertHole(
            lambda move: move.sudo()._load_records(
                [{"xml_id": "__import__.attacked", "values": {"ref": "changed"}}],
                update=True,
            )
        )

    def test_uninstalled_addon(self):
        """Who gives a document to an addon and uninstalls that."""
        self.env["ir.model.data"].create(
            {
                "module": "attacker",
                "name": "attacked",
                "model": "account.move",
                "res_id": self.document.id,
            }
        )

        def uninstall(move):
            move.env["ir.model.data"].sudo()._module_data_uninstall(["attacker"])

        self._set_lock(False)
        self.assertTrue(
            self._attack(uninstall, self.document, self.users["superuser"])[0]
        )
        self._set_lock(True)
        with self.assertLogs("odoo.addons.base.models.ir_model"):
            self.assertNothingClosedChanges(uninstall)

    def test_copy(self):
        """A copy is a draft without a number, whatever is asked of it."""
        for values in (
            {"name": f"INV/{self.today.year}/80000"},
            {"posted_before": True},
        ):
            with self.subTest(values=values):
                self._set_lock(False)
                with self._undone():
                    copy = self.document.with_user(self.clerk).copy(values)
                    [[name, value]] = values.items()
                    self.assertEqual(copy[name], value)
                self._set_lock(True)
                with self._undone(), self.assertRefusal():
                    self.document.with_user(self.clerk).copy(values)

    def test_lines_copied_into_it(self):
        draft = self._draft()
        note = self.env["account.move.line"].create(
            {"move_id": draft.id, "display_type": "line_note", "name": "A note"}
        )
        self.assertHole(lambda move: note.with_env(move.env).copy({"move_id": move.id}))

    def test_messages_taken_to_another_document(self):
        draft = self._draft()
        self.document._message_log(body="History")
        self.assertHole(
            lambda move: move.message_change_thread(draft.with_env(move.env))
        )

    def test_answer_by_email(self):
        """What a mail gateway writes on the document that is answered to."""
        self.assertHole(
            lambda move: move.message_update({"from": "x"}, {"ref": "changed"}),
        )

    # --- what Odoo makes of it ---------------------------------------------------

    def test_automatic_entries(self):
        """Another period, another account: entries of their own, as ever."""
        line = self.document.invoice_line_ids[:1]
        accrual = self.copy_account(self.company_data["default_account_receivable"])
        other = self.copy_account(self.company_data["default_account_revenue"])
        made = []

        def make_entries(move, values):
            wizard = (
                move.env["account.automatic.entry.wizard"]
                .with_company(self.company)
                .with_context(active_model="account.move.line", active_ids=line.ids)
                .create(
                    {
                        "journal_id": self.company_data["default_journal_misc"].id,
                        **values,
                    }
                )
            )
            made.append(wizard.do_action())

        for values in (
            {
                "action": "change_period",
                "date": fields.Date.add(self.today, months=1),
                "revenue_accrual_account": accrual.id,
                "percentage": 60.0,
            },
            {"action": "change_account", "destination_account_id": other.id},
        ):
            with self.subTest(action=values["action"]):
                self.assertNothingClosedChanges(
                    lambda move, values=values: make_entries(move, values)
                )
        self.assertEqual([action["res_model"] for action in made], ["account.move"] * 2)
