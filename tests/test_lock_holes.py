"""Each way in which a user changes or deletes an issued document in Odoo 19.

Every test proves first that Odoo alone lets it through (the setting off), and then that
nobody gets through with the lock. The numbers H1 to H23 are those of the measurement
that the lock was built on, H24 and above were found since; see also test_lock_doors.
"""

import base64

from odoo import Command, fields
from odoo.tests import tagged
from odoo.tools import SQL

from .lock_common import LockCommon


@tagged("post_install", "-at_install")
class TestLockHoles(LockCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.document = cls._invoice(100.0, 50.0)
        cls.next_document = cls._invoice(10.0)
        cls.draft = cls._invoice(10.0, post=False)

    def _line(self, move):
        return move.invoice_line_ids[:1]

    # --- deleting ----------------------------------------------------------------

    def test_h1_force_delete(self):
        self.assertHole(lambda move: move.with_context(force_delete=True).unlink())

    def test_h2_force_unlink(self):
        self.company.restrictive_audit_trail = True
        self.assertHole(lambda move: move.with_context(_force_unlink=True).unlink())

    def test_h2_last_of_the_chain(self):
        self.assertHole(
            lambda move: move.with_context(_force_unlink=True).unlink(),
            document=self.next_document,
        )

    def test_h3_lines(self):
        self.assertHole(
            lambda move: move.line_ids.with_context(
                _force_unlink=True, force_delete=True, dynamic_unlink=True
            ).unlink()
        )

    def test_h3_one_line(self):
        self.assertHole(
            lambda move: move.line_ids.with_context(
                force_delete=True, dynamic_unlink=True
            ).unlink()
        )

    def test_issued_before_and_a_draft_now(self):
        """A number that was issued does not disappear with its draft."""
        self._set_lock(False)
        self.document.button_draft()
        self.assertHole(lambda move: move.with_context(force_delete=True).unlink())

    def test_issued_before_loses_no_number(self):
        self._set_lock(False)
        self.document.button_draft()
        self.assertHole(lambda move: move.write({"name": False}))

    # --- state -------------------------------------------------------------------

    def test_h4_write_draft(self):
        self.assertHole(lambda move: move.write({"state": "draft"}))

    def test_h4_write_cancel(self):
        self.assertHole(lambda move: move.write({"state": "cancel"}))

    def test_h4_buttons(self):
        self.assertHole(lambda move: move.button_draft())
        self.assertHole(lambda move: move.button_cancel())

    def test_h4_cancelled_comes_back(self):
        """Cancelled once it was issued, it is not a draft for new amounts."""
        self._set_lock(False)
        self.document.button_cancel()
        self.assertHole(lambda move: move.button_draft())
        self.assertHole(lambda move: move.write({"state": "draft"}))
        self.assertHole(lambda move: move.write({"ref": "changed"}))

    def test_h5_draft_and_lines_in_one_call(self):
        self.assertHole(
            lambda move: move.write(
                {
                    "state": "draft",
                    "invoice_line_ids": [
                        Command.update(self._line(move).id, {"price_unit": 1.0})
                    ],
                }
            )
        )

    # --- lines -------------------------------------------------------------------

    def test_h6_line_fields(self):
        for values in (
            {"price_unit": 1.0},
            {"quantity": 7.0},
            {"discount": 50.0},
            {"name": "Something else"},
            {"product_id": self.product_b.id},
            {"account_id": self.company_data["default_account_expense"].id},
            {"sequence": 99},
            {"tax_base_amount": 1.0},
        ):
            with self.subTest(values=values):
                self.assertHole(
                    lambda move, values=values: self._line(move).write(values)
                )

    def test_h6_date_maturity(self):
        self.assertHole(
            lambda move: move.line_ids.filtered("date_maturity").write(
                {"date_maturity": "2030-01-01"}
            )
        )

    def test_h7_balance(self):
        self.assertHole(lambda move: self._line(move).write({"balance": -1.0}))

    def test_h8_new_line(self):
        values = {"display_type": "line_note", "name": "Free of charge"}
        self.assertHole(
            lambda move: move.env["account.move.line"].create(
                {**values, "move_id": move.id}
            )
        )
        self.assertHole(
            lambda move: move.with_context(skip_readonly_check=True).write(
                {"invoice_line_ids": [Command.create(values)]}
            )
        )

    def test_h9_line_carried_away(self):
        def away(move):
            move.env["account.move.line"].browse(note.id).move_id = self.draft

        self._set_lock(False)
        note = self.env["account.move.line"].create(
            {
                "move_id": self.document.id,
                "display_type": "line_note",
                "name": "A note",
            }
        )
        self.assertHole(away)

    def test_h9_line_carried_in(self):
        note = self.env["account.move.line"].create(
            {"move_id": self.draft.id, "display_type": "line_note", "name": "A note"}
        )

        def carry_in(move):
            move.env["account.move.line"].browse(note.id).move_id = move

        def link_in(move):
            move.with_context(skip_readonly_check=True).write(
                {"line_ids": [Command.link(note.id)]}
            )

        self.assertHole(carry_in)
        self.assertHole(link_in)

    # --- fields of the document --------------------------------------------------

    def test_h10_number(self):
        self.assertHole(lambda move: move.write({"name": "FAKE/2026/00001"}))
        self.assertHole(lambda move: move.write({"name": False}))

    def test_h10_number_of_a_hashed_document(self):
        self.document.journal_id.restrict_mode_hash_table = True
        self.document.button_hash()
        self.assertHole(
            lambda move: move.with_context(hash_version=1).write({"name": "FAKE/1"})
        )

    def test_h11_skip_readonly_check(self):
        currency = self.setup_other_currency("EUR")
        position = self.env["account.fiscal.position"].create({"name": "Other"})
        line_id = self._line(self.document).id
        # Another day of the same month: the number must fit the date.
        day = self.today.replace(day=1 if self.today.day > 1 else 2)
        for values in (
            {"partner_id": self.partner_b.id},
            {"invoice_date": day},
            {"date": day},
            {"currency_id": currency.id},
            {"fiscal_position_id": position.id},
            {"invoice_payment_term_id": self.pay_terms_b.id},
            {"invoice_cash_rounding_id": self.cash_rounding_a.id},
            {"invoice_line_ids": [Command.update(line_id, {"price_unit": 1.0})]},
            {"invoice_line_ids": [Command.delete(line_id)]},
            {"line_ids": [Command.update(line_id, {"name": "Something else"})]},
        ):
            with self.subTest(values=values):
                self.assertHole(
                    lambda move, values=values: move.with_context(
                        skip_readonly_check=True,
                        force_delete=True,
                        dynamic_unlink=True,
                    ).write(values)
                )

    def test_h12_currency_rate(self):
        currency = self.setup_other_currency("EUR")
        invoice = self._invoice(100.0, currency_id=currency.id)
        self.assertHole(
            lambda move: move.write({"invoice_currency_rate": 7.0}), document=invoice
        )

    def test_h13_computed_columns(self):
        for values in (
            {"amount_total": 1.0},
            {"amount_residual": 1.0},
            {"payment_state": "paid"},
            {"posted_before": False},
            {"move_type": "entry"},
            {"inalterable_hash": "forged"},
            {"commercial_partner_id": self.partner_b.id},
            {"sequence_number": 77},
        ):
            with self.subTest(values=values):
                self.assertHole(lambda move, values=values: move.write(values))

    def test_h13_values_behind_computed_fields(self):
        """Not stored itself, and yet Odoo computes stored fields from it.

        Odoo of today throws the value away before it does, so this is closed without
        having been open: on what Odoo's order of computing is, nothing should depend.
        """
        self.assertClosed(
            lambda move: move.write({"needed_terms": {"date_maturity": "2030-01-01"}})
        )

    def test_h14_header(self):
        bank = self.env["res.partner.bank"].create(
            {"acc_number": "123456", "partner_id": self.company.partner_id.id}
        )
        incoterm = self.env["account.incoterms"].search([], limit=1)
        for values in (
            {"invoice_date_due": "2030-01-01"},
            {"ref": "another"},
            {"narration": "<p>another</p>"},
            {"payment_reference": "another"},
            {"partner_shipping_id": self.partner_b.id},
            {"partner_bank_id": bank.id},
            {"reversed_entry_id": self.next_document.id},
            {"delivery_date": "2030-01-01"},
            {"taxable_supply_date": "2030-01-01"},
            {"invoice_origin": "another"},
            {"invoice_incoterm_id": incoterm.id},
            {"incoterm_location": "another"},
        ):
            with self.subTest(values=values):
                self.assertHole(lambda move, values=values: move.write(values))

    def test_h14_payment_method_changes_the_bank_account(self):
        """It is only a choice, but Odoo computes the printed account from it."""
        bank = self.env["res.partner.bank"].create(
            {"acc_number": "123456", "partner_id": self.company.partner_id.id}
        )
        journal = self.company_data["default_journal_bank"]
        journal.bank_account_id = bank
        method = journal.inbound_payment_method_line_ids[:1]
        self.assertFalse(self.document.partner_bank_id)
        for locked, account in ((False, bank), (True, self.env["res.partner.bank"])):
            self._set_lock(locked)
            with self._undone():
                move = self.document.with_user(self.clerk)
                move.preferred_payment_method_line_id = method
                self.env.flush_all()
                self.env.invalidate_all()
                self.assertEqual(move.partner_bank_id, account)

    # --- doors -------------------------------------------------------------------

    def test_h17_payment(self):
        def adopt(move):
            move.env["account.payment"].create(
                {"move_id": move.id, "amount": 1.0, "partner_id": move.partner_id.id}
            )

        def adopt_and_reset(move):
            payment = (
                move.env["account.payment"]
                .create({"amount": 1.0, "partner_id": move.partner_id.id})
                .with_context(skip_account_move_synchronization=True)
            )
            payment.move_id = move
            payment.action_draft()

        self.assertClosed(adopt)
        self.assertHole(adopt_and_reset)

    def test_h17_payment_from_before(self):
        """It became the master of the document while the lock was off."""
        self._set_lock(False)
        payment = self.env["account.payment"].create(
            {"amount": 1.0, "partner_id": self.partner_a.id}
        )
        payment.with_context(
            skip_account_move_synchronization=True
        ).move_id = self.document
        for attack in (
            lambda move: move.env["account.payment"].browse(payment.id).action_draft(),
            lambda move: move.env["account.payment"].browse(payment.id).unlink(),
        ):
            self.assertHole(attack, by="Accounting administrator")

    def test_h18_resequence(self):
        def resequence(move):
            wizard = (
                move.env["account.resequence.wizard"]
                .with_context(active_model="account.move", active_ids=move.ids)
                .create({"first_name": "INV/2026/90000"})
            )
            wizard.resequence()

        self.assertHole(resequence, by="Accounting administrator")

    def test_h19_exempt_tax(self):
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

    def test_h20_what_it_refers_to(self):
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

    def test_h22_import(self):
        def load(move):
            result = move.load([".id", "ref"], [[str(move.id), "imported"]])
            if result["messages"]:
                from odoo.exceptions import UserError

                raise UserError(result["messages"][0]["message"])

        self.assertHole(load)

    def test_h22_web_save(self):
        self.assertHole(lambda move: move.web_save({"ref": "changed"}, {}))

    def test_h22_commands_of_the_customer(self):
        self.env.user.group_ids += self.env.ref("base.group_partner_manager")
        self.clerk.group_ids += self.env.ref("base.group_partner_manager")
        self.manager.group_ids += self.env.ref("base.group_partner_manager")
        self.assertHole(
            lambda move: move.partner_id.write(
                {"invoice_ids": [Command.update(move.id, {"ref": "changed"})]}
            )
        )
        self.assertHole(
            lambda move: move.partner_id.with_context(_force_unlink=True).write(
                {"invoice_ids": [Command.delete(move.id)]}
            )
        )

    def test_h22_server_action(self):
        action = self.env["ir.actions.server"].create(
            {
                "name": "Change",
                "model_id": self.env["ir.model"]._get_id("account.move"),
                "state": "code",
                "code": "record.sudo().with_context(force_delete=True).write("
                "{'ref': 'changed'})",
            }
        )

        def run(move):
            action.with_env(move.env).sudo().with_context(
                active_model="account.move", active_id=move.id, active_ids=move.ids
            ).run()

        self.assertHole(run)

    def test_h22_statement_line(self):
        def adopt(move):
            move.env["account.bank.statement.line"].create(
                {
                    "move_id": move.id,
                    "journal_id": self.company_data["default_journal_bank"].id,
                    "payment_ref": "x",
                    "amount": 1.0,
                    "date": move.date,
                }
            )

        for user in self.users.values():
            changes, error = self._attack(adopt, self.document, user)
            self.assertEqual(changes, [])
            self.assertTrue(error)

    def test_h22_statement_line_that_becomes_the_master(self):
        """A statement line deletes its entry with it."""

        def adopt_and_delete(move):
            lines = move.env["account.bank.statement.line"]
            line = lines.create(
                {
                    "journal_id": self.company_data["default_journal_bank"].id,
                    "payment_ref": "x",
                    "amount": 1.0,
                    "date": move.date,
                }
            )
            line.move_id = move.id
            line.with_context(force_delete=True).unlink()

        self.assertHole(adopt_and_delete, by="superuser")

    def test_h23_merge_of_contacts(self):
        def merge(move):
            move.env["base.partner.merge.automatic.wizard"]._merge(
                (self.partner_a + other).ids, other.with_env(move.env)
            )

        other = self.env["res.partner"].create(
            {"name": "The one that stays", "email": self.partner_a.email}
        )
        self.assertHole(merge, by="superuser", refusal="cannot be removed or merged")

    def test_h23_merge_of_accounts(self):
        accounts = self.company_data["default_account_revenue"] + self.env[
            "account.account"
        ].create(
            {"name": "Other", "code": "OTHER", "account_type": "income"},
        )

        def merge(move):
            wizard = move.env["account.merge.wizard"].new()
            wizard._action_merge((accounts[1] + accounts[0]).with_env(move.env))

        self.assertHole(merge, by="superuser", refusal="cannot be removed or merged")

    def test_h23_split_of_an_account(self):
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

    # --- posting -----------------------------------------------------------------

    def test_h21_posted_by_hand(self):
        self.assertHole(
            lambda move: move.write({"state": "posted"}),
            document=self.draft,
            refusal="can only be posted by confirming it",
        )

    def test_h21_posted_before_by_hand(self):
        self.assertHole(
            lambda move: move.write({"posted_before": True}),
            document=self.draft,
            refusal="Only confirming a document sets",
        )

    def test_h21_number_by_hand(self):
        self.assertHole(
            lambda move: move.write({"name": "INV/2026/80000"}),
            document=self.draft,
            refusal="cannot be chosen",
        )

    def test_h21_number_taken_to_another_period(self):
        """Free to choose in a year without numbers, it comes back with the draft."""

        draft = self._invoice(10.0, post=False)
        draft.write(
            {
                "name": False,
                "invoice_date": self.today.replace(year=self.today.year + 1, day=1),
            }
        )
        draft.name = "MINE-0500"
        for fname in ("invoice_date", "date"):
            self.assertHole(
                lambda move, fname=fname: move.write({fname: self.today}),
                document=draft,
                refusal="MINE-0500 cannot be chosen",
            )

    def test_h21_number_of_its_own_series_moves(self):
        """Odoo's own number of a draft goes with it to another day."""
        year = self.today.year + 1
        first = self._invoice(
            10.0, post=False, invoice_date=self.today.replace(year=year, day=2)
        )
        first.name = f"INV/{year}/00001"
        second = self._invoice(10.0, invoice_date=first.invoice_date)
        self.assertEqual(second.name, f"INV/{year}/00002")
        first.invoice_date = self.today.replace(year=year, day=1)
        first.action_post()
        self.assertEqual(first.name, f"INV/{year}/00001")

    def test_h21_first_number_of_a_journal_moves(self):
        """It is the user's, and stays with the draft on another day."""
        draft = self._invoice(10.0, post=False)
        draft.journal_id = draft.journal_id.copy()
        draft.name = "MINE-0001"
        draft.invoice_date = self.today.replace(year=self.today.year - 1, day=1)
        self.assertEqual(draft.name, "MINE-0001")

    def test_h21_created_with_a_number(self):
        values = {
            "move_type": "out_invoice",
            "partner_id": self.partner_a.id,
            "invoice_date": fields.Date.today(),
        }
        number = f"INV/{self.today.year}/80000"
        for user in self.users.values():
            moves = self.env["account.move"].with_user(user).with_company(self.company)
            for context, more in (
                ({}, {"name": number}),
                ({"default_name": number}, {}),
                ({}, {"posted_before": True}),
                ({"default_posted_before": True}, {}),
                ({}, {"sequence_number": 80000, "name": number}),
            ):
                with self.subTest(user=user.login, context=context, more=more):
                    self._set_lock(False)
                    with self._undone():
                        moves.with_context(**context).create({**values, **more})
                    self._set_lock(True)
                    with self._undone(), self.assertRefusal():
                        moves.with_context(**context).create({**values, **more})

    def _create_document(self, user, prices=(10.0,), **context):
        return (
            self.env["account.move"]
            .with_user(user)
            .with_company(self.company)
            .with_context(**context)
            .create(
                {
                    "move_type": "out_invoice",
                    "partner_id": self.partner_a.id,
                    "invoice_date": self.today,
                    "invoice_line_ids": [
                        Command.create({"name": "Service", "price_unit": price})
                        for price in prices
                    ],
                }
            )
        )

    def test_h21_born_posted(self):
        """Odoo refuses the value, and not the default that says the same."""
        for user in self.users.values():
            with self.subTest(user=user.login):
                self._set_lock(False)
                with self._undone():
                    document = self._create_document(user, default_state="posted")
                    self.assertEqual(document.state, "posted")
                self._set_lock(True)
                with self._undone(), self.assertRefusal("Only confirming"):
                    self._create_document(user, prices=(), default_state="posted")
                with self._undone(), self.assertRefusal():
                    self._create_document(user, default_state="posted")

    def test_h21_born_posted_by_user_default(self):
        defaults = self.env["ir.default"].with_user(self.clerk)
        defaults.set("account.move", "state", "posted", user_id=True)
        self._set_lock(False)
        with self._undone():
            self.assertEqual(self._create_document(self.clerk).state, "posted")
        self._set_lock(True)
        with self._undone(), self.assertRefusal("Only confirming"):
            self._create_document(self.clerk, prices=())

    def test_h21_number_by_user_default(self):
        self.env["ir.default"].set("account.move", "name", "INV/2026/80000")
        with self._undone(), self.assertRefusal():
            self._invoice(10.0, post=False)

    def test_h21_another_kind_of_document(self):
        """An entry has no customer's checks, and becomes an invoice afterwards."""
        entry = self.env["account.move"].create(
            {
                "move_type": "entry",
                "journal_id": self.company_data["default_journal_sale"].id,
                "line_ids": [
                    Command.create(
                        {
                            "account_id": self.company_data[key].id,
                            "balance": balance,
                        }
                    )
                    for key, balance in (
                        ("default_account_receivable", 10.0),
                        ("default_account_revenue", -10.0),
                    )
                ],
            }
        )
        entry.action_post()
        self.assertHole(
            lambda move: move.write({"move_type": "out_invoice"}),
            document=entry,
            refusal="another kind of document",
        )

    # --- what Odoo computes anew -------------------------------------------------

    def test_h24_language_of_the_customer(self):
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

    def test_h25_payment_term(self):
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

    def test_h26_tax_group(self):
        """Another group of a tax regrouped the totals of old invoices."""
        group = self.tax_sale_a.tax_group_id.copy({"name": "Other"})
        self.assertFrozen(
            lambda move: move.line_ids.tax_line_id.sudo().write(
                {"tax_group_id": group.id}
            ),
            self.document,
            by="Accounting administrator",
        )

    # --- files -------------------------------------------------------------------

    def test_h15_archived_file(self):
        pdf = self._archive(self.document)
        forged = base64.b64encode(b"%PDF-1.4 forged")
        for attack in (
            lambda move: pdf.with_env(move.env).unlink(),
            lambda move: pdf.with_env(move.env).write({"raw": b"%PDF-1.4 forged"}),
            lambda move: pdf.with_env(move.env).write({"datas": forged}),
            lambda move: pdf.with_env(move.env).write({"name": "other.pdf"}),
            lambda move: pdf.with_env(move.env).write({"res_field": False}),
            lambda move: pdf.with_env(move.env).write({"res_id": self.draft.id}),
            lambda move: pdf.with_env(move.env).write({"mimetype": "text/plain"}),
            lambda move: move.write({"invoice_pdf_report_file": forged}),
            lambda move: move.write({"invoice_pdf_report_file": False}),
            lambda move: move.write({"attachment_ids": [Command.delete(pdf.id)]}),
        ):
            self.assertHole(attack)

    def test_h15_second_file(self):
        self._archive(self.document)

        def add(move):
            move.env["ir.attachment"].create(
                {
                    "name": "second.pdf",
                    "raw": b"%PDF-1.4 forged",
                    "res_model": "account.move",
                    "res_id": move.id,
                    "res_field": "invoice_pdf_report_file",
                }
            )

        def point(move):
            attachment = move.env["ir.attachment"].create(
                {"name": "second.pdf", "raw": b"%PDF-1.4 forged"}
            )
            attachment.write(
                {
                    "res_model": "account.move",
                    "res_id": move.id,
                    "res_field": "invoice_pdf_report_file",
                }
            )

        self.assertHole(add)
        self._set_lock(False)
        self.assertTrue(self._attack(point, self.document, self.clerk)[0])
        self._set_lock(True)
        for user in self.users.values():
            with self.subTest(user=user.login):
                self.assertTrue(self._attack(point, self.document, user)[1])

    def test_h15_first_file_of_a_user(self):
        """The archived file is Odoo's: a user does not put one in its place first."""
        forged = base64.b64encode(b"%PDF-1.4 forged")
        for user in (self.clerk, self.manager, self.administrator):
            _changes, error = self._attack(
                lambda move: move.write({"invoice_pdf_report_file": forged}),
                self.document,
                user,
            )
            self.assertTrue(error)

    # --- history -----------------------------------------------------------------

    def test_h16_history(self):
        # As Odoo notes it; the environments of tests track nothing.
        field = self.env["ir.model.fields"]._get("account.move", "ref")
        message = self.document._message_log(
            body="Changed",
            tracking_value_ids=[
                Command.create({"field_id": field.id, "new_value_char": "x"})
            ],
        )
        tracking = message.tracking_value_ids[:1]
        for attack in (
            lambda move: message.with_env(move.env).unlink(),
            lambda move: (
                message.with_env(move.env).with_context(_force_unlink=True).unlink()
            ),
            lambda move: message.with_env(move.env).write({"body": "rewritten"}),
            lambda move: message.with_env(move.env).write({"message_type": "comment"}),
            lambda move: move.write({"message_ids": [Command.delete(message.id)]}),
        ):
            self.assertHole(attack)
        for attack in (
            lambda move: message.with_env(move.env).write({"res_id": self.draft.id}),
            lambda move: message.with_env(move.env).write({"model": "res.partner"}),
            lambda move: tracking.with_env(move.env).unlink(),
            lambda move: tracking.with_env(move.env).write({"old_value_char": "x"}),
        ):
            self.assertHole(attack, by="superuser")

    def test_h16_history_is_not_declared_a_note(self):
        message = self.document.with_user(self.clerk).message_post(
            body="To the customer",
            subtype_xmlid="mail.mt_comment",
            message_type="comment",
        )

        def hide_and_delete(move):
            comment = message.with_env(move.env)
            comment.is_internal = True
            comment.unlink()

        def declare_and_delete(move):
            move.env.ref("mail.mt_comment").internal = True
            message.with_env(move.env).unlink()

        self.assertHole(hide_and_delete)
        self.assertHole(declare_and_delete, by="superuser")
        for values in (
            {"outgoing_email_to": "nobody@example.com"},
            {"incoming_email_to": "nobody@example.com"},
            {"incoming_email_cc": "nobody@example.com"},
        ):
            self.assertHole(
                lambda move, values=values: message.with_env(move.env).write(values)
            )
        with self.assertRefusal("history"):
            message.partner_ids = self.partner_b

    def _post_yesterday(self, message):
        self.env.flush_all()
        self.env.cr.execute(
            SQL(
                "UPDATE mail_message SET create_date = create_date - interval '1 day'"
                " WHERE id = %s",
                message.id,
            )
        )
        message.invalidate_recordset()

    def test_h16_files_of_a_message(self):
        message = self.document.with_user(self.clerk).message_post(
            body="See the file",
            subtype_xmlid="mail.mt_comment",
            message_type="comment",
            attachments=[("agreed.txt", b"agreed")],
        )
        other = self.env["ir.attachment"].create({"name": "x.txt", "raw": b"x"})
        self._post_yesterday(message)
        with self.assertRefusal("history"):
            message.attachment_ids = [Command.clear()]
        with self.assertRefusal("history"):
            message.attachment_ids = other

    def test_h16_tracking_added_later(self):
        """What a message of yesterday tells is not added to today."""
        field = self.env["ir.model.fields"]._get("account.move", "ref")
        message = self.document._message_log(body="Changed")
        self._post_yesterday(message)
        self.assertHole(
            lambda move: move.env["mail.tracking.value"].create(
                {
                    "mail_message_id": message.id,
                    "field_id": field.id,
                    "new_value_char": "forged",
                }
            ),
            by="superuser",
        )

    def test_h16_history_of_a_document_that_is_gone(self):
        """It hides none of those that are there."""
        draft = self._invoice(10.0, post=False)
        ids = (draft.id, self.document.id)
        draft.unlink()
        self.assertEqual(
            tuple(self.env["account.move"]._get_locked_ids(ids)), (self.document.id,)
        )

    def test_h16_notes_stay_the_users(self):
        note = self.document.with_user(self.clerk).message_post(
            body="Call them", subtype_xmlid="mail.mt_note", message_type="comment"
        )
        note.body = "Called them"
        note.unlink()
        self.assertFalse(note.exists())

    # --- what is refused is said -------------------------------------------------

    def test_refusal(self):
        _changes, error = self._attack(
            lambda move: move.write({"ref": "x", "invoice_date_due": "2030-01-01"}),
            self.document,
            self.clerk,
        )
        self.assertEqual(
            str(error),
            f"{self.document.name}: issued documents cannot be changed (Reference and "
            "Due Date). Create a credit note instead.",
        )
