from psycopg2.errors import RestrictViolation

from odoo import Command, fields
from odoo.tests import tagged
from odoo.tools import mute_logger

from .lock_common import LockCommon


@tagged("post_install", "-at_install")
class TestLockReferences(LockCommon):
    """What an issued document refers to is edited, merged or deleted."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.document = cls._invoice(100.0, 50.0)

    def _invoice_order(self):
        """:return: (a sales order, its posted invoice)"""
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
        return order, invoice

    def test_exempt_tax(self):
        tax = self.tax_sale_a.copy({"name": "Exempt", "amount": 0.0})
        invoice = self._create_invoice(
            partner_id=self.partner_a.id,
            invoice_line_ids=[
                self._prepare_invoice_line(price_unit=10.0, tax_ids=tax),
            ],
            post=True,
        )
        self.assertHole(
            lambda move: move.env["account.tax"].browse(tax.id).unlink(),
            document=invoice,
            by="Accounting administrator",
            closed_since="cannot delete taxes that are currently in use",
        )

    def test_what_it_refers_to(self):
        address = self.env["res.partner"].create(
            {"name": "Ramp", "type": "delivery", "parent_id": self.partner_a.id}
        )
        incoterm = self.env["account.incoterms"].create({"name": "New", "code": "NEW"})
        rounding = self.cash_rounding_a
        invoice = self._invoice(
            10.0,
            partner_shipping_id=address.id,
            invoice_incoterm_id=incoterm.id,
            invoice_cash_rounding_id=rounding.id,
        )
        for record, by in (
            (address, "superuser"),
            (incoterm, "Accounting administrator"),
            (rounding, "Accounting administrator"),
        ):
            with self.subTest(record=record):
                self.assertHole(
                    lambda move, record=record: record.with_env(move.env).unlink(),
                    document=invoice,
                    by=by,
                )

    def test_merge_of_contacts(self):
        def merge(move):
            move.env["base.partner.merge.automatic.wizard"]._merge(
                (self.partner_a + other).ids, other.with_env(move.env)
            )

        other = self.env["res.partner"].create(
            {"name": "The one that stays", "email": self.partner_a.email}
        )
        self.assertHole(merge, by="superuser", refusal="cannot be removed or merged")

    def test_merge_of_accounts(self):
        accounts = self.company_data["default_account_revenue"] + self.env[
            "account.account"
        ].create(
            {"name": "Other", "code": "OTHER", "account_type": "income"},
        )

        def merge(move):
            wizard = move.env["account.merge.wizard"].new()
            wizard._action_merge((accounts[1] + accounts[0]).with_env(move.env))

        self.assertHole(merge, by="superuser", refusal="cannot be removed or merged")

    def test_split_of_an_account(self):
        """Of two companies: the lines of one of them go to a new account."""
        other = self.setup_other_company()["company"]
        account = self.company_data["default_account_revenue"]
        account.write(
            {
                "company_ids": [Command.link(other.id)],
                "code_mapping_ids": [
                    Command.create({"company_id": other.id, "code": "SPLIT"})
                ],
            }
        )
        self.users["superuser"].company_ids += self.company + other

        def split(move):
            account.with_env(move.env).with_company(other)._action_unmerge()

        self.assertHole(split, by="superuser", refusal="cannot be removed or merged")

    def test_language_of_the_customer(self):
        """Another language of the customer rewrote the terms of old invoices."""
        self.env["ir.config_parameter"].sudo().set_param(
            "account.use_invoice_terms", True
        )
        self.env["res.lang"]._activate_lang("fr_FR")
        self.company.invoice_terms = "Pay in time"
        invoice = self._invoice(10.0)
        self.env.flush_all()
        self.company.invoice_terms = "Pay at once"
        self.assertFrozen(
            lambda move: move.partner_id.sudo().write({"lang": "fr_FR"}),
            invoice,
            by="Billing",
        )

    def test_payment_term(self):
        """A payment moved the due date to what the payment term says by then."""
        invoice = self._invoice(100.0, invoice_payment_term_id=self.pay_terms_b.id)
        self.env.flush_all()
        self.pay_terms_b.line_ids.write({"nb_days": 90})

        def get_due(move):
            self.env["account.payment.register"].with_context(
                active_model="account.move", active_ids=move.ids
            ).create({"amount": 10.0})._create_payments()
            self.env.flush_all()
            move.invalidate_recordset()
            return move.invoice_date_due

        due = invoice.invoice_date_due
        self._set_lock(False)
        with self._undone():
            self.assertNotEqual(get_due(invoice), due)
        self._set_lock(True)
        with self._undone():
            self.assertEqual(get_due(invoice), due)

    def test_tax_group(self):
        """Another group of a tax regrouped the totals of old invoices."""
        group = self.tax_sale_a.tax_group_id.copy({"name": "Other"})
        self.assertFrozen(
            lambda move: move.line_ids.tax_line_id.sudo().write(
                {"tax_group_id": group.id}
            ),
            self.document,
            by="Accounting administrator",
        )

    @mute_logger("odoo.sql_db")
    def test_order_line(self):
        self._needs("sale", "invoice_lines", "sale.order.line")
        order, invoice = self._invoice_order()
        self.env.cr.execute("SET CONSTRAINTS ALL IMMEDIATE")
        self.env.cr.execute("SET CONSTRAINTS ALL DEFERRED")
        with self.assertRaises(RestrictViolation), self.env.cr.savepoint():
            order.order_line.write(
                {"invoice_lines": [Command.unlink(invoice.invoice_line_ids.id)]}
            )
        self.env.invalidate_all()
        self.assertEqual(invoice.invoice_line_ids.sale_line_ids, order.order_line)

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

    def test_tags_of_taxes_rewritten(self):
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

    def test_delivered_after_it_was_invoiced(self):
        """A delivery moved the printed day of delivery of what was invoiced before."""
        self._needs("sale_stock", "effective_date", "sale.order")
        order, invoice = self._invoice_order()
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

    def test_document_type_in_use(self):
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

    def test_reason_renamed(self):
        """What is printed later says what was issued."""
        reason = self.env["account.credit.note.reason"].create({"name": "Broken"})
        unused = reason.copy()
        self._set_lock(True)
        credit_note = self._credit(self.document, reason_id=reason.id)
        rename = {"name": "Fraud"}
        for attack in (
            lambda move: reason.with_env(move.env).write(rename),
            lambda move: reason.with_env(move.env).update_field_translations(
                "name", {"en_US": "Fraud"}
            ),
        ):
            for user in self.users.values():
                self._attack(attack, credit_note, user)
                reason.invalidate_recordset()
                self.assertEqual(credit_note._get_credit_note_reason(), "Broken")
            with self.assertRefusal("Archive it"):
                attack(credit_note)
        reason.write({"name": "Broken", "active": False, "sequence": 3})
        unused.write(rename)
        self.assertEqual(unused.name, "Fraud")

    def test_type_of_the_journal(self):
        """What its journal is tells what a document is."""
        journal = self.document.journal_id
        self._set_lock(False)
        with self._undone():
            journal.with_user(self.manager).type = "general"
            self.env.flush_all()
        self._set_lock(True)
        for user in self.users.values():
            self.assertRefusedFor(
                user, lambda env: journal.with_env(env).write({"type": "general"})
            )
        journal.invalidate_recordset()
        self.assertEqual(journal.type, "sale")
        # The form writes what it has.
        journal.with_user(self.manager).write({"type": "sale", "name": "Sales"})
        empty = journal.copy({"code": "EMPTY"})
        empty.with_user(self.manager).type = "general"

    @mute_logger("odoo.sql_db")
    def test_user_who_issued(self):
        user = self._new_user("lock_leaving", "account.group_account_invoice")
        invoice = self._invoice(10.0, post=False).with_user(user).copy()
        invoice.action_post()
        self.env.flush_all()
        with self.assertRefusal(invoice.name):
            user.unlink()
        self._end_transaction()
        with self.assertRaises(RestrictViolation), self.env.cr.savepoint():
            self.env.cr.execute(
                "UPDATE account_move SET create_uid = NULL WHERE id = %s", [invoice.id]
            )
        self.assertEqual(invoice.create_uid, user)

    def test_addon_that_goes(self):
        """Columns of issued documents go with no other addon."""
        self._needs("account_debit_note", "debit_origin_id")
        addon = self.env.ref("base.module_account_debit_note")
        self.env["account.debit.note"].with_context(
            active_model="account.move", active_ids=self.document.ids
        ).create({"copy_lines": True}).create_debit()
        debit_note = self.document.debit_note_ids
        # Without those that depend on it.
        addon.state = "to remove"
        addon.state = "installed"
        debit_note.action_post()
        for uninstall in (
            lambda: addon.write({"state": "to remove"}),
            addon.button_uninstall,
        ):
            with self.assertRefusal("cannot be uninstalled"):
                uninstall()
        self.assertEqual(addon.state, "installed")
        # sudo: documents of demo data, too
        self.env["res.company"].sudo().search([]).lock_posted_invoices = False
        addon.button_uninstall()
        self.assertEqual(addon.state, "to remove")
