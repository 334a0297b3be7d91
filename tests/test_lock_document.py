from odoo import Command
from odoo.tests import tagged

from ..models.lock.transaction import lock_transaction
from .lock_common import LockCommon


@tagged("post_install", "-at_install")
class TestLockDocument(LockCommon):
    """Deleting an issued document, its state and its header, and how it is issued."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.document = cls._invoice(100.0, 50.0)
        cls.next_document = cls._invoice(10.0)
        cls.draft = cls._invoice(10.0, post=False)

    def test_force_delete(self):
        self.assertHole(lambda move: move.with_context(force_delete=True).unlink())

    def test_force_unlink(self):
        self.company.restrictive_audit_trail = True
        self.assertHole(lambda move: move.with_context(_force_unlink=True).unlink())

    def test_last_of_the_chain(self):
        self.assertHole(
            lambda move: move.with_context(_force_unlink=True).unlink(),
            document=self.next_document,
        )

    def test_issued_before_and_a_draft_now(self):
        """A number that was issued does not disappear with its draft."""
        self._set_lock(False)
        self.document.button_draft()
        self.assertHole(lambda move: move.with_context(force_delete=True).unlink())

    def test_write_draft(self):
        self.assertHole(lambda move: move.write({"state": "draft"}))

    def test_write_cancel(self):
        self.assertHole(lambda move: move.write({"state": "cancel"}))

    def test_buttons(self):
        self.assertHole(lambda move: move.button_draft())
        self.assertHole(lambda move: move.button_cancel())

    def test_cancelled_comes_back(self):
        """Cancelled once it was issued, it is not a draft for new amounts."""
        self._set_lock(False)
        self.document.button_cancel()
        self.assertHole(lambda move: move.button_draft())
        self.assertHole(lambda move: move.write({"state": "draft"}))
        self.assertHole(lambda move: move.write({"ref": "changed"}))

    def test_draft_and_lines_in_one_call(self):
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

    def test_skip_readonly_check(self):
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

    def test_currency_rate(self):
        currency = self.setup_other_currency("EUR")
        invoice = self._invoice(100.0, currency_id=currency.id)
        self.assertHole(
            lambda move: move.write({"invoice_currency_rate": 7.0}), document=invoice
        )

    def test_computed_columns(self):
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

    def test_values_behind_computed_fields(self):
        """Not stored itself, and yet Odoo computes stored fields from it.

        Odoo of today throws the value away before it does, so this is closed without
        having been open: on what Odoo's order of computing is, nothing should depend.
        """
        self.assertClosed(
            lambda move: move.write({"needed_terms": {"date_maturity": "2030-01-01"}})
        )

    def test_header(self):
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

    def test_payment_method_changes_the_bank_account(self):
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

    def test_web_save(self):
        self.assertHole(lambda move: move.web_save({"ref": "changed"}, {}))

    def test_commands_of_the_customer(self):
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

    def test_server_action(self):
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

    def test_posted_by_hand(self):
        self.assertHole(
            lambda move: move.write({"state": "posted"}),
            document=self.draft,
            refusal="can only be posted by confirming it",
        )

    def test_posted_before_by_hand(self):
        self.assertHole(
            lambda move: move.write({"posted_before": True}),
            document=self.draft,
            refusal="Only confirming a document sets",
        )

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

    def test_born_posted(self):
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

    def test_born_posted_by_user_default(self):
        defaults = self.env["ir.default"].with_user(self.clerk)
        defaults.set("account.move", "state", "posted", user_id=True)
        self._set_lock(False)
        with self._undone():
            self.assertEqual(self._create_document(self.clerk).state, "posted")
        self._set_lock(True)
        with self._undone(), self.assertRefusal("Only confirming"):
            self._create_document(self.clerk, prices=())

    def test_another_kind_of_document(self):
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

    def test_delivery_date(self):
        lock_transaction(self.env).unsealed_ids.clear()
        self.assertHole(lambda move: move.write({"delivery_date": move.invoice_date}))

    def test_link_that_can_be_guessed(self):
        """Who has the link downloads the document."""
        for token in ("1", "x" * 36, self.document.name):
            self.assertHole(
                lambda move, token=token: move.write({"access_token": token})
            )
        self.document.with_user(self.clerk)._portal_ensure_token()
        self.env.flush_all()
        self.assertEqual(len(self.document.access_token), 36)
