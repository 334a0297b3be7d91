"""Tests with whole Odoo servers, which are killed, and of what two do at the same time
and commit: Odoo's own test runner cannot.

usage: server_tests.py CONF DATABASE COPY

They run in COPY, made from DATABASE, where the addon is installed. The log tells of
them as Odoo's does of its tests, so that run_tests.py counts them.
"""

import io
import itertools
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import uuid
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

from log_result import LogResult
from pypdf import PdfWriter

import odoo
from odoo import SUPERUSER_ID, Command, api, fields
from odoo.exceptions import UserError, ValidationError
from odoo.modules.registry import Registry
from odoo.service.model import retrying
from odoo.sql_db import close_all, close_db, db_connect
from odoo.tools import config

ADDON = "account_partner_credit_note"
LOGGER = f"odoo.addons.{ADDON}.tests.server_tests"
INVOICES = 40
PATIENCE = 120  # seconds until something is given up


class Server:
    """An Odoo server with one thread for scheduled actions and no HTTP."""

    def __init__(self):
        self.log = Path(tempfile.mkstemp(prefix="odoo-server-", suffix=".log")[1])
        with self.log.open("w") as log:
            # It inherits the environment that dev/ has prepared.
            self.process = subprocess.Popen(
                [
                    *(sys.executable, "-m", "odoo"),
                    *("-c", CONF, "-d", COPY, "--no-http", "--workers", "0"),
                    *("--max-cron-threads", "1"),
                ],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def stop(self, how=signal.SIGKILL):
        self.process.send_signal(how)
        self.process.wait(timeout=PATIENCE)

    def remove(self):
        if self.process.poll() is None:
            self.stop()
        self.log.unlink()


class TestKilledServer(unittest.TestCase):
    """Stopping the server in the middle of a batch loses and doubles nothing."""

    @classmethod
    def setUpClass(cls):
        cls.registry = Registry(COPY)
        with cls.registry.cursor() as cr:
            env = api.Environment(cr, SUPERUSER_ID, {})
            # Nothing else of the demo data shall run meanwhile.
            cron = env.ref(f"{ADDON}.ir_cron_account_credit_note_batch")
            (env["ir.cron"].search([]) - cron).active = False

    def make_invoices(self, env):
        customer = env["res.partner"].create({"name": "Customer of many"})
        invoices = env["account.move"].create(
            [
                {
                    "move_type": "out_invoice",
                    "partner_id": customer.id,
                    "invoice_date": fields.Date.today(),
                    "invoice_line_ids": [
                        Command.create({"name": "Service", "price_unit": 100.0 + cents})
                    ],
                }
                for cents in range(INVOICES)
            ]
        )
        invoices.action_post()
        return invoices

    def start_batch(self):
        with self.registry.cursor() as cr:
            env = api.Environment(cr, SUPERUSER_ID, {})
            invoices = self.make_invoices(env(user=env.ref("base.user_admin")))
            self.invoice_ids = invoices.ids
            invoices.company_id.credit_note_background_limit = INVOICES
            action = invoices.action_credit_note()
            dialog = (
                invoices.env["account.move.reversal"]
                .with_context(**action["context"])
                .create({})
            )
            self.batch_id = dialog.action_issue()["res_id"]

    def start_server(self):
        server = Server()
        self.addCleanup(server.remove)
        return server

    def sql(self, query, *parameters):
        with self.registry.cursor() as cr:
            cr.execute(query, parameters)
            return cr.fetchall()

    def wait_until(self, condition, what):
        end = time.monotonic() + PATIENCE
        while not condition():
            if time.monotonic() > end:
                self.fail(f"waited in vain: {what}\n{self.count_states()}")
            # As somebody who clicks: a server that starts looks after a minute.
            with db_connect("postgres").cursor() as cr:
                cr.execute("SELECT pg_notify('cron_trigger', %s)", [COPY])
            time.sleep(0.05)

    def count_states(self):
        return dict(
            self.sql(
                "SELECT state, count(*) FROM account_credit_note_batch_line"
                " WHERE batch_id = %s GROUP BY state",
                self.batch_id,
            )
        )

    def count_done(self):
        return self.count_states().get("done", 0)

    def is_crediting(self):
        """Whether a transaction holds invoices of the batch and is not committed."""
        with self.registry.cursor() as cr:
            cr.execute(
                "SELECT id FROM account_move WHERE id = ANY(%s)"
                " FOR NO KEY UPDATE SKIP LOCKED",
                [self.invoice_ids],
            )
            return cr.rowcount < len(self.invoice_ids)

    def check_nothing_lost_nor_doubled(self):
        """What is committed is whole: a line is done where its credit note is."""
        credit_notes = self.sql(
            "SELECT reversed_entry_id, id, state FROM account_move"
            " WHERE reversed_entry_id = ANY(%s) ORDER BY reversed_entry_id",
            self.invoice_ids,
        )
        lines = self.sql(
            "SELECT invoice_id, credit_note_id, 'posted'"
            " FROM account_credit_note_batch_line"
            " WHERE batch_id = %s AND state = 'done' ORDER BY invoice_id",
            self.batch_id,
        )
        self.assertEqual(credit_notes, lines)

    def check_every_invoice_is_credited_once(self):
        self.check_nothing_lost_nor_doubled()
        self.assertEqual(self.count_states(), {"done": INVOICES})
        rows = self.sql(
            "SELECT sequence_number, payment_state, journal_id FROM account_move"
            " WHERE reversed_entry_id = ANY(%s) ORDER BY sequence_number",
            self.invoice_ids,
        )
        numbers = [number for number, *_rest in rows]
        self.assertEqual(numbers, list(range(numbers[0], numbers[0] + INVOICES)))
        self.assertEqual({state for _number, state, _journal in rows}, {"paid"})
        [(told,)] = self.sql(
            "SELECT count(*) FROM mail_message WHERE model = %s AND res_id = %s"
            " AND message_type = 'user_notification'",
            "account.credit.note.batch",
            self.batch_id,
        )
        self.assertEqual(told, 1, "who started it is told once")

    def test_kill_and_restart(self):
        self.start_batch()

        server = self.start_server()
        self.wait_until(self.is_crediting, "the first piece begins")
        server.stop()
        self.check_nothing_lost_nor_doubled()

        server = self.start_server()
        self.wait_until(lambda: self.count_done() >= 3, "three are credited")
        server.stop()
        self.check_nothing_lost_nor_doubled()

        before = self.count_done()
        server = self.start_server()
        self.wait_until(lambda: self.count_done() > before, "it goes on")
        self.wait_until(self.is_crediting, "another piece begins")
        server.stop(signal.SIGTERM)
        self.check_nothing_lost_nor_doubled()
        self.assertLess(self.count_done(), INVOICES, "stopped in the middle")

        # Two servers: whichever is free.
        servers = [self.start_server(), self.start_server()]
        self.wait_until(
            lambda: self.sql(
                "SELECT id FROM account_credit_note_batch"
                " WHERE id = %s AND state = 'done'",
                self.batch_id,
            ),
            "the batch is done",
        )
        self.check_every_invoice_is_credited_once()
        for server in servers:
            self.assertIsNone(server.process.poll())
            self.assertNotRegex(server.log.read_text(), " (ERROR|CRITICAL) ")

    def test_two_runs_at_once(self):
        """By whatever door: they do not meet on the same invoices."""
        self.start_batch()
        with self.registry.cursor() as first, self.registry.cursor() as second:
            batches = [
                api.Environment(cr, SUPERUSER_ID, {})[
                    "account.credit.note.batch"
                ].browse(self.batch_id)
                for cr in (first, second)
            ]
            lines = batches[0]._get_waiting_lines(limit=15).try_lock_for_update()
            self.assertEqual(len(lines), 15)
            self.assertEqual(batches[1]._process_piece(15), 0)
            self.assertEqual(batches[1].state, "running", "there is more to do")
            # The button does not wait for them either.
            batches[1].action_cancel()
            second.commit()
            lines._process()
            first.commit()
            self.assertEqual(batches[0]._process_piece(15), 0)
        self.assertEqual(self.count_states(), {"done": 15, "cancelled": INVOICES - 15})
        self.check_nothing_lost_nor_doubled()


def render_unlike_any_other(*_args, **_kwargs):
    """Instead of wkhtmltopdf, which takes the styles from a server."""
    time.sleep(0.5)
    document = PdfWriter()
    document.add_blank_page(width=200, height=200)
    document.add_metadata({"/Title": uuid.uuid4().hex})
    content = io.BytesIO()
    document.write(content)
    return content.getvalue()


class TestFirstPrint(unittest.TestCase):
    """Two who print a document for the first time at once get one and the same file."""

    def make_credit_note(self):
        with Registry(COPY).cursor() as cr:
            env = api.Environment(cr, SUPERUSER_ID, {})
            credit_note = env["account.move"].create(
                {
                    "move_type": "out_refund",
                    "partner_id": env["res.partner"].create({"name": "Customer"}).id,
                    "invoice_date": fields.Date.today(),
                    "invoice_line_ids": [
                        Command.create({"name": "Service", "price_unit": 100.0})
                    ],
                }
            )
            credit_note.action_post()
            return credit_note.id

    def test_two_at_once(self):
        credit_note_id = self.make_credit_note()
        both_see_no_file = threading.Barrier(2, timeout=PATIENCE)

        def print_it():
            tries = []
            with Registry(COPY).cursor() as cr:
                env = api.Environment(
                    cr, SUPERUSER_ID, {"force_report_rendering": True}
                )

                def render():
                    credit_note = env["account.move"].browse(credit_note_id)
                    tries.append(bool(credit_note.invoice_pdf_report_id))
                    if len(tries) == 1:
                        both_see_no_file.wait()
                    reports = env["ir.actions.report"]
                    return reports._render_qweb_pdf(
                        "account.account_invoices", credit_note.ids
                    )[0]

                return retrying(render, env), tries

        reports = Registry(COPY)["ir.actions.report"]
        with (
            patch.object(reports, "_run_wkhtmltopdf", render_unlike_any_other),
            ThreadPoolExecutor(2) as clerks,
        ):
            printed = [clerks.submit(print_it) for _clerk in range(2)]
            (first, first_tries), (second, second_tries) = [
                clerk.result() for clerk in printed
            ]
        self.assertEqual(first, second)
        # One made it; the other began again and found it.
        self.assertEqual(
            sorted([first_tries, second_tries], key=len), [[False], [False, True]]
        )
        with Registry(COPY).cursor() as cr:
            files = api.Environment(cr, SUPERUSER_ID, {})["ir.attachment"].search(
                [
                    ("res_model", "=", "account.move"),
                    ("res_id", "=", credit_note_id),
                    ("res_field", "=", "invoice_pdf_report_file"),
                ]
            )
            self.assertEqual(files.mapped("raw"), [first])


class TestKilledRefund(unittest.TestCase):
    """A server that is killed while a provider gives money back: never twice.

    Each request runs in a process of its own, forked as Odoo's workers are, and is
    killed at one of these steps, as they are reached.
    """

    STEPS = (
        ("account.payment", "_lock_online_transaction"),
        ("account.payment", "_check_refund_online"),
        ("account.payment", "_commit_refund"),
        ("account.payment", "_book_refund"),
        ("account.payment", "action_post"),
        ("payment.transaction", "_create_child_transaction"),
        ("payment.transaction", "_send_refund_request"),
        ("payment.transaction", "_set_done"),
        ("payment.transaction", "_set_error"),
        ("payment.transaction", "_post_process"),
    )

    @classmethod
    def setUpClass(cls):
        addons = "account_payment,payment_demo"
        close_db(COPY)
        subprocess.run(
            [
                *(sys.executable, "-m", "odoo", "-c", CONF, "-d", COPY, "-i", addons),
                *("--no-http", "--max-cron-threads=0", "--stop-after-init"),
                "--log-level=error",
            ],
            check=True,
            timeout=600,
        )
        cls.registry = Registry.new(COPY)
        cls.ledger = Path(tempfile.mkstemp(prefix="odoo-refunds-", suffix=".log")[1])
        cls.addClassCleanup(cls.ledger.unlink)
        with cls.env() as env:
            provider = env.ref("payment.payment_provider_demo")
            provider.write({"state": "test", "code": "demo"})
            provider.journal_id = env["account.journal"].search(
                [("type", "=", "bank"), ("company_id", "=", provider.company_id.id)],
                limit=1,
            )

    @classmethod
    @contextmanager
    def env(cls):
        """An environment of the administrator, in a transaction of its own."""
        with cls.registry.cursor() as cr:
            env = api.Environment(cr, SUPERUSER_ID, {})
            yield env(user=env.ref("base.user_admin"), su=True)

    def make_credit_note(self):
        """:return: id of a credit note of an invoice that was paid online"""
        with self.env() as env:
            invoice = env["account.move"].create(
                {
                    "move_type": "out_invoice",
                    "partner_id": env["res.partner"].create({"name": "Customer"}).id,
                    "invoice_date": fields.Date.today(),
                    "invoice_line_ids": [
                        Command.create({"name": "Service", "price_unit": 100.0})
                    ],
                }
            )
            invoice.action_post()
            transaction = env["payment.transaction"].create(
                {
                    "provider_id": env.ref("payment.payment_provider_demo").id,
                    "payment_method_id": env.ref("payment_demo.payment_method_demo").id,
                    "reference": f"online {invoice.name}",
                    "amount": invoice.amount_total,
                    "currency_id": invoice.currency_id.id,
                    "partner_id": invoice.partner_id.id,
                    "invoice_ids": [Command.set(invoice.ids)],
                    "operation": "online_direct",
                }
            )
            transaction._set_done()
            transaction._post_process()
            return self.call(env, "account.move", invoice.id, self.credit).id

    @staticmethod
    def call(env, model, id_, method):
        return method(env(su=False)[model].browse(id_))

    @staticmethod
    def credit(invoice):
        context = invoice.action_credit_note()["context"]
        dialog = invoice.env["account.move.reversal"].with_context(**context)
        dialog = dialog.create({})
        dialog.action_issue()
        return dialog.new_move_ids

    @staticmethod
    def refund(credit_note):
        """As the button and the dialog after it."""
        action = credit_note.action_refund_credit()
        if action["res_model"] != "account.credit.refund":
            raise UserError("Nothing is refunded online.")
        dialog = credit_note.env[action["res_model"]].with_context(**action["context"])
        return dialog.create({}).action_refund()

    def provider(self, is_refusing):
        """:return: what the demo provider does, with a ledger that no kill undoes"""
        answer = self.registry["payment.transaction"]._send_refund_request

        def send(transaction):
            if is_refusing:
                raise ValidationError("Card expired.")
            with self.ledger.open("a") as ledger:
                ledger.write(f"{transaction.invoice_ids.id} {-transaction.amount}\n")
            return answer(transaction)

        return patch.object(
            self.registry["payment.transaction"], "_send_refund_request", send
        )

    def paid_out(self, credit_note_id):
        lines = map(str.split, self.ledger.read_text().splitlines())
        return [float(amount) for id_, amount in lines if int(id_) == credit_note_id]

    def request_that_is_killed(self, credit_note_id, step, is_refusing):
        """:return: whether it came to so many steps"""
        close_all()
        pid = os.fork()
        if not pid:
            try:
                self.run_and_be_killed(credit_note_id, step, is_refusing)
            finally:
                os._exit(0)
        _pid, status = os.waitpid(pid, 0)
        if os.WIFSIGNALED(status):
            self.assertEqual(os.WTERMSIG(status), signal.SIGKILL)
            return True
        self.assertEqual(os.WEXITSTATUS(status), 1, "it came to its end")
        return False

    def run_and_be_killed(self, credit_note_id, step, is_refusing):
        steps = 0

        def reach():
            nonlocal steps
            if steps == step:
                os.kill(os.getpid(), signal.SIGKILL)
            steps += 1

        def watch(method):
            def watched(*args, **kwargs):
                reach()
                result = method(*args, **kwargs)
                reach()
                return result

            return watched

        with self.provider(is_refusing):
            for model, name in self.STEPS:
                cls = self.registry[model]
                setattr(cls, name, watch(getattr(cls, name)))
            with self.env() as env:
                self.call(env, "account.move", credit_note_id, self.refund)
                reach()
        os._exit(1)

    def ask_again(self, credit_note_id):
        """:return: whether it was asked, or why not"""
        with self.env() as env, self.provider(is_refusing=False):
            try:
                self.call(env, "account.move", credit_note_id, self.refund)
            except UserError as error:
                return str(error)
        return True

    def kill_at_every_step(self, is_refusing):
        """:return: list of what is paid out in the end, for each step"""
        outcomes = []
        for step in range(100):
            credit_note_id = self.make_credit_note()
            killed = self.request_that_is_killed(credit_note_id, step, is_refusing)
            with self.subTest(step=step):
                before = self.paid_out(credit_note_id)
                first, second = (self.ask_again(credit_note_id) for _time in range(2))
                paid_out = self.paid_out(credit_note_id)
                self.assertLessEqual(len(paid_out), 1, (before, first, second))
                # Asked again only if nothing was asked for before.
                self.assertEqual(first is True, paid_out != before, first)
                self.assertIsNot(second, True)
                with self.env() as env:
                    env["payment.transaction"]._cron_post_process()
                    credit_note = env["account.move"].browse(credit_note_id)
                    refunds = credit_note.transaction_ids.filtered(
                        lambda refund: refund.operation == "refund"
                    )
                    outcomes.append((sum(paid_out), *sorted(refunds.mapped("state"))))
                    booked = credit_note.amount_total - credit_note.amount_residual
                    done = refunds.filtered(lambda refund: refund.state == "done")
                    self.assertAlmostEqual(booked, -sum(done.mapped("amount")))
                    self.assertLessEqual(booked, sum(paid_out))
            if not killed:
                return outcomes
        return self.fail("it never came to its end")

    def test_killed_at_every_step(self):
        outcomes = self.kill_at_every_step(is_refusing=False)
        [total] = {total for total, *_states in outcomes if total}
        # Before it was on record; after that and before it went out; before the answer
        # was on record; and after that.
        kinds = [kind for kind, _same in itertools.groupby(outcomes)]
        self.assertEqual(
            kinds, [(total, "done"), (0, "draft"), (total, "draft"), (total, "done")]
        )
        self.assertGreater(len(outcomes), 15)

    def test_refused_and_killed_at_every_step(self):
        """A refusal that is on record leaves the credit to be asked for again."""
        outcomes = self.kill_at_every_step(is_refusing=True)
        [total] = {total for total, *_states in outcomes if total}
        kinds = [kind for kind, _same in itertools.groupby(outcomes)]
        self.assertEqual(
            kinds, [(total, "done"), (0, "draft"), (total, "done", "error")]
        )


def copy_database():
    with db_connect("postgres").cursor() as cr:
        cr._cnx.autocommit = True
        cr.execute(f'CREATE DATABASE "{COPY}" TEMPLATE "{DATABASE}"')


def main():
    config.parse_config(["-c", CONF, "-d", COPY, "--no-http", "--max-cron-threads=0"])
    odoo.netsvc.init_logger()
    copy_database()
    result = LogResult(LOGGER)
    for tests in (TestFirstPrint, TestKilledServer, TestKilledRefund):
        unittest.defaultTestLoader.loadTestsFromTestCase(tests).run(result)
    close_db(COPY)
    return 0 if result.wasSuccessful() else 1


if __name__ == "__main__":
    CONF, DATABASE, COPY = sys.argv[1:]
    sys.exit(main())
