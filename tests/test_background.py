import time
from unittest.mock import patch

from psycopg2.errors import CheckViolation, SerializationFailure, UniqueViolation

from odoo import Command
from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, new_test_user, tagged
from odoo.tools import mute_logger

from ..models.background import account_credit_note_batch
from .common import CreditNoteCommon

CRON = "account_partner_credit_note.ir_cron_account_credit_note_batch"
ROOM = "odoo.addons.account_partner_credit_note.models.background"
LINE_LOGGER = f"{ROOM}.account_credit_note_batch_line"
REVERSAL = "odoo.addons.account_partner_credit_note.wizards.%s.AccountMoveReversal"


class BackgroundCommon(CreditNoteCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env.company.credit_note_background_limit = 3
        # As the scheduler works; nobody else writes them.
        cls.Batch = cls.env["account.credit.note.batch"].sudo()

    def _start(self, invoices, user=None, method="action_issue", **values):
        """:return: the batch that the dialog of these invoices starts"""
        action = getattr(
            self._wizard(invoices, user=user or self.clerk, **values), method
        )()
        self.assertEqual(action["res_model"], self.Batch._name)
        return self.Batch.browse(action["res_id"])

    def _get_notification(self, batch):
        """:return: the message that tells a user of the batch"""
        return (
            self.env["mail.message"]
            .sudo()
            .search(
                [
                    ("model", "=", batch._name),
                    ("res_id", "=", batch.id),
                    ("message_type", "=", "user_notification"),
                ]
            )
        )

    def _run_cron(self, times=20):
        """Odoo's scheduler, which commits: here to the test's own transaction."""
        with self.enter_registry_test_mode():
            for _time in range(times):
                self.env.ref(CRON).method_direct_trigger()
                if not self.Batch._get_pending():
                    break

    def _invoices(self, count):
        invoices = self.env["account.move"].create(
            [
                {
                    "move_type": "out_invoice",
                    "partner_id": self.partner_a.id,
                    "invoice_date": self.today,
                    "invoice_line_ids": [
                        self._prepare_invoice_line(
                            name="Service",
                            price_unit=100.0 + number,
                            tax_ids=self.tax_sale_a,
                        )
                    ],
                }
                for number in range(count)
            ]
        )
        invoices.action_post()
        return invoices


@tagged("post_install", "-at_install")
class TestBackground(BackgroundCommon):
    """More invoices than a request can hold are credited by Odoo's scheduler."""

    def test_from_the_company_s_number_on(self):
        invoices = self._invoices(3)
        self.assertFalse(self._wizard(invoices[:2]).is_background)
        self.assertTrue(self._wizard(invoices).is_background)
        self.env.company.credit_note_background_limit = 0
        self.assertFalse(self._wizard(invoices).is_background)
        self._credit(invoices)
        self.assertEqual(set(invoices.mapped("payment_state")), {"reversed"})
        self.assertFalse(self.Batch.search([]))
        with (
            self.assertRaises(CheckViolation),
            mute_logger("odoo.sql_db"),
            self.env.cr.savepoint(),
        ):
            self.env.company.credit_note_background_limit = -1

    def test_nothing_is_credited_before_the_scheduler_runs(self):
        invoices = self._invoices(3)
        triggers = self.env["ir.cron.trigger"].search_count(
            [("cron_id", "=", self.env.ref(CRON).id)]
        )
        batch = self._start(invoices)
        self.assertFalse(invoices.reversal_move_ids)
        self.assertEqual(batch.state, "running")
        self.assertEqual((batch.line_count, batch.waiting_count), (3, 3))
        self.assertEqual(batch.progress, 0.0)
        self.assertEqual(
            self.env["ir.cron.trigger"].search_count(
                [("cron_id", "=", self.env.ref(CRON).id)]
            ),
            triggers + 1,
        )

    def test_amounts_done_and_to_do(self):
        invoices = self._invoices(4)
        batch = self._start(invoices, credit_method="percentage", percentage=50)
        total = sum(
            self.env.company.currency_id.round(invoice.amount_total / 2)
            for invoice in invoices
        )
        self.assertEqual(batch.amount_done, 0.0)
        self.assertAlmostEqual(batch.amount_to_do, total)
        self.assertEqual(batch.customer_names, self.partner_a.display_name)
        batch._process_piece(3)
        done = sum(batch.line_ids.credit_note_id.mapped("amount_total"))
        self.assertGreater(done, 0.0)
        self.assertAlmostEqual(batch.amount_done, done)
        self.assertAlmostEqual(batch.amount_to_do, total - done)
        batch._process_piece(3)
        self.assertAlmostEqual(batch.amount_done, total)
        self.assertEqual(batch.amount_to_do, 0.0)

    def test_waiting_is_told_from_working(self):
        batch = self._start(self._invoices(4))
        as_clerk = batch.with_user(self.clerk).sudo(False)
        self.assertIn("Waits for the scheduler since", as_clerk.progress_text)
        self.assertIn("Issue credit notes in the background", as_clerk.progress_text)
        batch._process_piece(3)
        batch.invalidate_recordset()
        self.assertEqual(as_clerk.progress_text, "Working: 3 of 4 invoices.")
        # The scheduler died two minutes ago.
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE account_credit_note_batch_line"
            " SET write_date = write_date - INTERVAL '2 minutes'"
        )
        self.env.invalidate_all()
        self.assertIn("Waits for the scheduler since", as_clerk.progress_text)
        self.env.ref(CRON).active = False
        batch.invalidate_recordset()
        self.assertIn("is switched off", as_clerk.progress_text)
        action = batch.action_open_scheduled_action()
        self.assertEqual(
            (action["res_model"], action["res_id"]), ("ir.cron", self.env.ref(CRON).id)
        )
        self.env.ref(CRON).active = True
        batch._process_piece(3)
        batch.invalidate_recordset()
        self.assertFalse(as_clerk.progress_text)

    def test_every_invoice_is_credited_once(self):
        invoices = self._invoices(7)
        batch = self._start(invoices)
        with patch.object(account_credit_note_batch, "PIECE", 3):
            self._run_cron()
        self._run_cron()
        self.assertEqual(batch.state, "done")
        self.assertEqual((batch.done_count, batch.progress), (7, 100.0))
        for invoice in invoices:
            self.assertEqual(len(invoice.reversal_move_ids), 1)
            self.assertBalanced(invoice + invoice.reversal_move_ids)
        self.assertEqual(batch.line_ids.credit_note_id, invoices.reversal_move_ids)
        numbers = invoices.reversal_move_ids.mapped("sequence_number")
        self.assertEqual(
            sorted(numbers), list(range(min(numbers), min(numbers) + len(numbers)))
        )

    def test_the_same_credit_note_as_in_the_dialog(self):
        """The clerk is the author, and all that was chosen is kept."""
        values = {
            "reason_id": self.reason.id,
            "reason": "by phone",
            "credit_method": "percentage",
            "percentage": 30.0,
        }
        at_once = self._credit(self._invoices(2), user=self.clerk, **values)
        batch = self._start(self._invoices(3), **values)
        self._run_cron()
        credit_notes = batch.line_ids.credit_note_id
        for field_name in (
            "create_uid",
            "credit_note_reason_id",
            "credit_note_reason_text",
            "date",
            "invoice_date",
            "journal_id",
            "state",
        ):
            self.assertEqual(
                credit_notes.mapped(field_name)[:1],
                at_once.mapped(field_name)[:1],
                field_name,
            )
        self.assertEqual(
            credit_notes.sorted("amount_total")[:2].mapped("amount_total"),
            at_once.sorted("amount_total").mapped("amount_total"),
        )
        self.assertEqual(batch.reason_id, self.reason)
        self.assertEqual(batch.percentage, 30.0)
        message = credit_notes[0].reversed_entry_id.message_ids[0]
        self.assertEqual(message.author_id, self.clerk.partner_id)

    def test_what_cannot_be_credited_is_listed_and_the_rest_goes_on(self):
        invoices = self._invoices(5)
        batch = self._start(invoices)
        self._credit(invoices[1])
        self._run_cron()
        failed = batch.failed_line_ids
        self.assertEqual(failed.invoice_id, invoices[1])
        self.assertEqual(failed.error, invoices[1]._get_credit_refusal())
        self.assertIn(invoices[1].reversal_move_ids.name, failed.error)
        self.assertEqual((batch.state, batch.done_count), ("done", 4))
        for invoice in invoices:
            self.assertEqual(len(invoice.reversal_move_ids), 1)
        numbers = invoices.reversal_move_ids.mapped("sequence_number")
        self.assertEqual(max(numbers) - min(numbers), 4, "no gap by the failure")

    def test_the_reason_is_in_the_language_of_the_user(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        self.clerk.lang = "fr_FR"
        batch = self._start(self._invoices(3))
        dialog = batch._make_dialog(batch.line_ids.invoice_id)
        self.assertEqual(dialog.env.lang, "fr_FR")
        self.assertEqual(dialog.env.user, self.clerk)
        self.assertFalse(dialog.env.su)
        self.assertEqual(dialog.env.companies, self.env.company)

    def test_an_error_of_a_program_is_listed_too(self):
        invoices = self._invoices(3)
        batch = self._start(invoices)
        check = type(self.env["account.move.reversal"])._check_method

        def fail_on_the_first(dialog):
            if invoices[0] in dialog.move_ids:
                raise ValueError("no such thing")
            return check(dialog)

        with (
            patch(
                f"{REVERSAL % 'account_move_reversal_checks'}._check_method",
                fail_on_the_first,
            ),
            self.assertLogs(level="ERROR") as log,
        ):
            self._run_cron()
        self.assertIn("no such thing", batch.failed_line_ids.error)
        self.assertIn(invoices[0].name, log.output[0])
        self.assertEqual(batch.done_count, 2)

    def test_try_again(self):
        invoices = self._invoices(3)
        batch = self._start(invoices)
        with patch(
            f"{REVERSAL % 'account_move_reversal_checks'}._check_method",
            side_effect=UserError("Not today"),
        ):
            self._run_cron()
        self.assertEqual(batch.failed_line_ids.mapped("error"), ["Not today"] * 3)
        self.assertEqual((batch.state, batch.progress), ("done", 100.0))
        batch.with_user(self.clerk).action_retry()
        self.assertEqual((batch.state, batch.waiting_count), ("running", 3))
        self._run_cron()
        self.assertEqual((batch.state, batch.done_count), ("done", 3))

    def test_cancel(self):
        invoices = self._invoices(4)
        batch = self._start(invoices)
        batch._process_piece(2)
        self.assertEqual((batch.state, batch.done_count), ("running", 2))
        batch.with_user(self.clerk).action_cancel()
        self.assertEqual((batch.state, batch.waiting_count), ("cancelled", 0))
        self._run_cron()
        self.assertEqual(len(invoices.reversal_move_ids), 2)
        self.assertEqual(batch.state, "cancelled")
        # The rest can be credited otherwise.
        rest = invoices.filtered(lambda invoice: not invoice.reversal_move_ids)
        self._credit(rest)

    def test_cancelled_while_the_scheduler_works_on_it(self):
        """What the button could not reach is cancelled by the scheduler."""
        batch = self._start(self._invoices(3))
        batch.state = "cancelled"
        self._run_cron()
        self.assertEqual(set(batch.line_ids.mapped("state")), {"cancelled"})
        self.assertFalse(batch.line_ids.invoice_id.reversal_move_ids)

    def test_an_invoice_waits_in_one_batch_only(self):
        invoices = self._invoices(4)
        self._start(invoices, credit_method="percentage", percentage=10.0)
        wizard = self._wizard(invoices[1:], user=self.clerk)
        with self.assertRaisesRegex(UserError, "to be credited already"):
            wizard.action_issue()
        # Two clerks at the same instant meet at the index.
        with (
            self.assertRaises(UniqueViolation),
            mute_logger("odoo.sql_db"),
            self.env.cr.savepoint(),
        ):
            self.Batch.create(wizard._prepare_batch(send_by_email=False))

    def test_a_wrong_dialog_is_refused_at_once(self):
        self.env.company.credit_note_reason_required = True
        wizard = self._wizard(self._invoices(3), user=self.clerk)
        with self.assertRaisesRegex(UserError, "Choose a reason"):
            wizard.action_issue()
        wizard.write({"reason_id": self.reason.id, "credit_method": "percentage"})
        with self.assertRaisesRegex(UserError, "Enter a percentage"):
            wizard.action_issue()

    def test_choices_are_those_of_the_dialog(self):
        for name in ("credit_method", "settlement"):
            [ours], [dialog] = (
                self.env[model].fields_get([name], ["selection"]).values()
                for model in (self.Batch._name, "account.move.reversal")
            )
            self.assertEqual(ours, dialog)

    def test_one_invoice_by_amount(self):
        """Where all is done in the background, whichever button starts it."""
        self.env.company.credit_note_background_limit = 1
        invoice = self._invoices(1)
        wizard = self._wizard(
            invoice, user=self.clerk, credit_method="amount", amount=10**6
        )
        with self.assertRaisesRegex(UserError, "is more than is left to credit"):
            wizard.action_issue_and_print()
        wizard.amount = 10.0
        action = wizard.action_issue_and_print()
        self.assertEqual(action["res_model"], self.Batch._name)
        self.assertFalse(invoice.reversal_move_ids)
        self._run_cron()
        self.assertEqual(invoice.reversal_move_ids.amount_total, 10.0)

    def test_the_scheduled_action_is_switched_off(self):
        """As in a copy of a database that is neutralized."""
        wizard = self._wizard(self._invoices(3), user=self.clerk)
        self.env.ref(CRON).active = False
        with self.assertRaisesRegex(UserError, "is switched off"):
            wizard.action_issue()
        self.assertFalse(self.Batch.search([]))

    def test_totals_of_the_dialog_are_those_of_the_plans(self):
        invoices = self._invoices(3)
        self._credit(invoices[0], credit_method="amount", amount=50.0)
        self._register_payment(invoices[1])
        for values in (
            {},
            {"credit_method": "percentage", "percentage": 33.0},
            {"credit_method": "percentage", "percentage": 100.0},
        ):
            wizard = self._wizard(invoices, **values)
            self.assertTrue(wizard.is_background)
            totals = {
                name: wizard[name]
                for name in (
                    "amount_to_credit",
                    "amount_due",
                    "amount_due_after",
                    "amount_customer_credit",
                )
            }
            self.env.company.credit_note_background_limit = 0
            planned = self._wizard(invoices, **values)
            for name, total in totals.items():
                self.assertAlmostEqual(total, planned[name], msg=(values, name))
            self.env.company.credit_note_background_limit = 3

    def test_the_form_of_the_dialog(self):
        invoices = self._invoices(3)
        action = invoices.with_user(self.clerk).action_credit_note()
        form = Form(
            self.env["account.move.reversal"]
            .with_user(self.clerk)
            .with_context(**action["context"])
        )
        form.reason_id = self.reason
        form.credit_method = "percentage"
        form.percentage = 10.0
        batch = self.Batch.browse(form.save().action_issue()["res_id"])
        self._run_cron()
        self.assertEqual(batch.done_count, 3)
        self.assertEqual(batch.percentage, 10.0)

    def test_starting_costs_the_same_for_any_number(self):
        def count(number):
            wizard = self._wizard(self._invoices(number), user=self.clerk)
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            wizard.action_issue()
            self.env.flush_all()
            return self.env.cr.sql_log_count - before

        count(3)
        self.assertLessEqual(count(12), count(4))

    def test_queries_do_not_grow_with_the_batch(self):
        def count(number):
            batch = self._start(self._invoices(number))
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            batch._process_piece(number)
            self.env.flush_all()
            self.assertEqual(batch.done_count, number)
            return (self.env.cr.sql_log_count - before) / number

        count(3)
        self.assertLess(count(12), count(4) * 1.05)

    # -------------------------------------------------------------------------
    # AFTERWARDS
    # -------------------------------------------------------------------------

    def test_who_started_it_is_told(self):
        self.clerk.notification_type = "inbox"
        invoices = self._invoices(3)
        batch = self._start(invoices)
        self._credit(invoices[0])
        with patch.object(type(self.env["res.users"]), "_bus_send") as bus_send:
            self._run_cron()
        [call] = [
            call
            for call in bus_send.call_args_list
            if call.args[0] == "account_notification"
        ]
        self.assertEqual(call.args[1]["action_button"]["res_ids"], batch.ids)
        message = self._get_notification(batch)
        self.assertEqual(message.notified_partner_ids, self.clerk.partner_id)
        self.assertIn("Credit notes issued: 2", message.body)
        self.assertIn("could not be credited: 1", message.body)

    def test_send(self):
        """Odoo's own scheduled action sends them, one after the other."""
        batch = self._start(self._invoices(3), method="action_issue_and_send")
        self._run_cron()
        credit_notes = batch.line_ids.credit_note_id
        self.assertEqual(
            {data["author_user_id"] for data in credit_notes.mapped("sending_data")},
            {self.clerk.id},
        )
        with self.enter_registry_test_mode():
            self.env.ref("account.ir_cron_account_move_send").method_direct_trigger()
        self.assertEqual(set(credit_notes.mapped("is_move_sent")), {True})
        self.assertEqual(set(credit_notes.mapped("sending_data")), {False})

    def test_what_cannot_be_sent_stays_issued(self):
        self.env.ref("account.ir_cron_account_move_send").active = False
        batch = self._start(self._invoices(3), method="action_issue_and_send")
        self._run_cron()
        self.assertEqual((batch.state, batch.done_count), ("done", 3))
        self.assertIn("activate the cron", batch.send_error)

    def test_what_was_chosen_may_be_gone(self):
        reason = self.env["account.credit.note.reason"].create({"name": "Passing"})
        batch = self._start(self._invoices(3), reason_id=reason.id)
        self.assertEqual(batch.reason_id, reason)
        reason.unlink()
        self.assertFalse(batch.reason_id)
        self.assertEqual(batch.journal_id, batch.line_ids.invoice_id.journal_id)
        with mute_logger("odoo.sql_db", LINE_LOGGER):
            self._run_cron()
        self.assertEqual(batch.failed_count, 3)

    def test_print_send_refund(self):
        invoices = self._invoices(3)
        batch = self._start(invoices, settlement="refund")
        with self.assertRaisesRegex(UserError, "No credit note is issued yet"):
            batch.action_print()
        self._register_payment(invoices[0])
        self._run_cron()
        batch = batch.with_user(self.clerk)
        credit_notes = batch.line_ids.credit_note_id
        self.assertEqual(
            batch.action_print()["context"]["active_ids"], credit_notes.ids
        )
        self.assertTrue(batch.can_print)
        with (
            patch.object(account_credit_note_batch, "MAX_PRINT", 2),
            self.assertRaisesRegex(UserError, "tick up to 2"),
        ):
            batch.action_print()
        self.assertEqual(batch.action_send()["context"]["active_ids"], credit_notes.ids)
        action = batch.action_register_refunds()
        wizard = (
            self.env["account.payment.register"]
            .with_context(**action["context"])
            .create({})
        )
        wizard.action_create_payments()
        self.assertFalse(sum(credit_notes.mapped("amount_residual")))
        with self.assertRaisesRegex(UserError, "left to pay"):
            batch.action_register_refunds()

    # -------------------------------------------------------------------------
    # SCHEDULER
    # -------------------------------------------------------------------------

    def test_small_batches_do_not_wait_for_large_ones(self):
        large = self._start(self._invoices(6))
        small = self._start(self._invoices(3))
        order = []
        process = type(self.Batch)._process_piece

        def note(batch, size):
            order.append(batch)
            return process(batch, size)

        with (
            patch.object(account_credit_note_batch, "PIECE", 3),
            patch.object(type(self.Batch), "_process_piece", note),
        ):
            self._run_cron()
        self.assertEqual(order[:2], [large, small])
        self.assertEqual({large.state, small.state}, {"done"})

    def test_a_conflict_with_another_transaction_is_no_failure(self):
        """Once: run again. As often as Odoo tries: in the next run."""
        for times in (1, 6):
            with self.subTest(times=times):
                batch = self._start(self._invoices(3))
                self._run_cron_with_conflicts(batch, times)
                self.assertEqual((batch.state, batch.done_count), ("done", 3))
                self.assertFalse(batch.failed_count)

    def _run_cron_with_conflicts(self, batch, times):
        lines = type(batch.line_ids)
        issue = lines._issue_credit_notes
        conflicts = [SerializationFailure("could not serialize access")] * times

        def meet_another_clerk(records):
            if conflicts:
                raise conflicts.pop()
            return issue(records)

        with (
            patch.object(lines, "_issue_credit_notes", meet_another_clerk),
            patch("odoo.service.model.errorcodes.lookup", return_value="40001"),
            patch("odoo.service.model.time.sleep"),
            # Odoo warns of a run that came to nothing.
            mute_logger("odoo.service.model", "odoo.addons.base.models.ir_cron"),
        ):
            self._run_cron()
        self.assertFalse(conflicts)

    def test_an_invoice_that_takes_the_server_down(self):
        """After a run that was killed: one by one, and not for ever."""
        batch = self._start(self._invoices(4))
        batch.line_ids[0].tries = 3
        batch.line_ids[1].tries = 2
        with patch.object(self.registry["ir.cron"], "_was_cut_off", lambda self: True):
            self._run_cron()
        self.assertEqual(batch.failed_line_ids, batch.line_ids[0])
        self.assertIn("stopped 3 times", batch.failed_line_ids.error)
        self.assertEqual((batch.state, batch.done_count), ("done", 3))
        batch.action_retry()
        self._run_cron()
        self.assertEqual(batch.done_count, 4)

    def test_other_jobs_have_their_turn(self):
        """Odoo reloads a server whose scheduler is busy for two minutes."""
        batch = self._start(self._invoices(3))
        process = type(self.Batch)._process_piece
        cron_module = "odoo.addons.base.models.ir_cron"

        def take_time(batch, size):
            time.sleep(1.0)
            return process(batch, size)

        with (
            patch.object(account_credit_note_batch, "PIECE", 1),
            patch(f"{cron_module}.MIN_TIME_PER_JOB", 0.9),
            patch.object(type(self.Batch), "_process_piece", take_time),
        ):
            self._run_cron(times=1)
            self.assertEqual((batch.state, batch.done_count), ("running", 1))
            self.assertTrue(
                self.env["ir.cron.trigger"].search(
                    [("cron_id", "=", self.env.ref(CRON).id)]
                ),
                "it goes on at once",
            )
            self._run_cron()
        self.assertEqual((batch.state, batch.done_count), ("done", 3))

    def test_a_run_that_was_killed_is_recognised(self):
        cron = self.env.ref(CRON)
        for counter, was_cut_off in ((None, False), (0, False), (1, True)):
            run, _progress = cron._add_progress(timed_out_counter=counter)
            self.assertEqual(run._was_cut_off(), was_cut_off, counter)
        self.assertFalse(cron._was_cut_off())


@tagged("post_install", "-at_install")
class TestBackgroundAccess(BackgroundCommon):
    """Each public method checks by itself, since RPC can call it."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        invoice_group = "base.group_user,account.group_account_invoice"
        cls.colleague = new_test_user(cls.env, "batch_colleague", groups=invoice_group)
        cls.auditor = new_test_user(
            cls.env,
            "batch_auditor",
            groups="base.group_user,account.group_account_readonly",
        )
        cls.accountant = new_test_user(
            cls.env,
            "batch_accountant",
            groups="base.group_user,account.group_account_user",
        )
        cls.manager = new_test_user(
            cls.env,
            "batch_manager",
            groups="base.group_user,account.group_account_manager",
        )
        cls.employee = new_test_user(cls.env, "batch_employee")
        cls.portal_user = new_test_user(
            cls.env, "batch_portal", groups="base.group_portal"
        )
        other = cls.setup_other_company()["company"]
        cls.stranger = new_test_user(
            cls.env,
            "batch_stranger",
            groups="base.group_user,account.group_account_manager",
            company_id=other.id,
            company_ids=[Command.set(other.ids)],
        )

    def setUp(self):
        super().setUp()
        self.batch = self._start(self._invoices(3))
        self._run_cron()

    METHODS = (
        "action_cancel",
        "action_print",
        "action_register_refunds",
        "action_retry",
        "action_send",
        "action_view_credit_notes",
        "action_view_lines",
    )

    def test_others_are_refused(self):
        for user in (self.colleague, self.employee, self.portal_user, self.stranger):
            for method in self.METHODS:
                with (
                    self.subTest(user=user.login, method=method),
                    self.assertRaises(AccessError),
                ):
                    getattr(self.batch.with_user(user), method)()
            with self.subTest(user=user.login), self.assertRaises(AccessError):
                self.batch.line_ids[0].with_user(user).action_open_invoice()

    def test_who_reads(self):
        for user, reads in (
            (self.clerk, True),
            (self.manager, True),
            (self.auditor, True),
            (self.colleague, False),
            (self.stranger, False),
        ):
            found = self.Batch.with_user(user).search([("id", "=", self.batch.id)])
            lines = self.env["account.credit.note.batch.line"].with_user(user)
            with self.subTest(user=user.login):
                self.assertEqual(bool(found), reads)
                self.assertEqual(
                    bool(lines.search([("batch_id", "=", self.batch.id)])), reads
                )
                found.read()

    def test_who_changes(self):
        for user, may in (
            (self.clerk, True),
            (self.manager, True),
            (self.auditor, False),
            (self.accountant, False),
        ):
            for method in ("action_cancel", "action_retry"):
                with self.subTest(user=user.login, method=method):
                    if may:
                        getattr(self.batch.with_user(user), method)()
                    else:
                        with self.assertRaises(AccessError):
                            getattr(self.batch.with_user(user), method)()

    def test_nobody_writes_a_batch(self):
        """Whoever writes one makes the scheduler act as another user."""
        line = self.batch.line_ids[0]
        for user in (self.clerk, self.manager, self.auditor):
            batch = self.batch.with_user(user)
            for attempt in (
                lambda batch=batch: batch.write({"user_id": self.manager.id}),
                lambda batch=batch: batch.copy(),
                lambda batch=batch: batch.unlink(),
                lambda batch=batch: batch.create(
                    {
                        "user_id": self.manager.id,
                        "company_id": self.env.company.id,
                        "dialog_values": {},
                    }
                ),
                lambda user=user: line.with_user(user).write({"state": "waiting"}),
                lambda user=user: line.with_user(user).unlink(),
            ):
                with self.subTest(user=user.login), self.assertRaises(AccessError):
                    attempt()

    def test_the_rights_are_those_of_who_started_it(self):
        batch = self._start(self._invoices(3))
        self.clerk.group_ids -= self.env.ref("account.group_account_invoice")
        self._run_cron()
        self.assertEqual((batch.done_count, batch.failed_count), (0, 3))
        self.assertIn("account.move", batch.failed_line_ids[0].error)
        self.assertFalse(batch.line_ids.invoice_id.reversal_move_ids)

    def test_notification_when_another_cancels(self):
        batch = self._start(self._invoices(3))
        batch.with_user(self.manager).action_cancel()
        message = self._get_notification(batch)
        self.assertEqual(message.partner_ids, self.clerk.partner_id)
        self.assertIn("Cancelled", message.body)
