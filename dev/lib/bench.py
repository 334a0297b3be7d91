"""Measure the addon against Odoo without it, for dev/check bench (see there).

Two processes, one for each database, are asked in turn. What they do is rolled back.
"""

import argparse
import collections
import contextlib
import cProfile
import gc
import json
import os
import platform
import pstats
import statistics
import subprocess
import sys
import time
from pathlib import Path

DOCUMENT_TYPES = ("out_invoice", "out_refund", "out_receipt")
LOCK_JOBS = ("post", "pay", "reconcile", "send")


# --- what is measured, in the process of one database ---------------------


def columns(cr, table, left_out):
    cr.execute(
        "SELECT quote_ident(attname) FROM pg_attribute WHERE attrelid = %s::regclass"
        " AND attnum > 0 AND NOT attisdropped AND attgenerated = ''",
        [table],
    )
    return [name for (name,) in cr.fetchall() if name not in left_out]


def clone(env, move, number, prefix, with_items=True, partner=None, chunk=20000):
    """Multiply a document with its journal items, in SQL."""
    cr = env.cr
    env.flush_all()
    own = {"id", "name", "sequence_number", "sequence_prefix", "access_token"}
    move_columns = columns(cr, "account_move", own)
    values = {name: f"m.{name}" for name in move_columns}
    if partner:
        values["partner_id"] = values["commercial_partner_id"] = str(partner.id)
    line_columns = columns(cr, "account_move_line", {"id", "move_id", "move_name"})
    for start in range(0, number, chunk):
        size = min(chunk, number - start)
        cr.execute(
            "CREATE TEMP TABLE new_move ON COMMIT DROP AS"
            " SELECT n, nextval('account_move_id_seq')::int AS id"
            " FROM generate_series(%s, %s) n",
            [start + 1, start + size],
        )
        cr.execute(
            f"INSERT INTO account_move (id, name, sequence_number, sequence_prefix,"
            f" {', '.join(values)})"
            f" SELECT new_move.id, %s || lpad(n::text, 6, '0'), n, %s,"
            f" {', '.join(values.values())} FROM new_move, account_move m"
            " WHERE m.id = %s",
            [prefix, prefix, move.id],
        )
        if with_items:
            cr.execute(
                "CREATE TEMP TABLE new_line ON COMMIT DROP AS"
                " SELECT new_move.id AS move_id, l.id AS old,"
                " nextval('account_move_line_id_seq')::int AS id"
                " FROM new_move CROSS JOIN account_move_line l"
                " WHERE l.move_id = %s ORDER BY n, l.id",
                [move.id],
            )
            cr.execute(
                "INSERT INTO account_move_line (id, move_id, move_name,"
                f" {', '.join(line_columns)})"
                " SELECT new_line.id, new_line.move_id, m.name,"
                f" {', '.join(f'l.{name}' for name in line_columns)} FROM new_line"
                " JOIN account_move m ON m.id = new_line.move_id"
                " JOIN account_move_line l ON l.id = new_line.old"
            )
            cr.execute(
                "INSERT INTO account_move_line_account_tax_rel"
                " (account_move_line_id, account_tax_id)"
                " SELECT new_line.id, rel.account_tax_id FROM new_line"
                " JOIN account_move_line_account_tax_rel rel"
                " ON rel.account_move_line_id = new_line.old"
            )
            cr.execute("DROP TABLE new_line")
        cr.execute("DROP TABLE new_move")
    env.invalidate_all()


class Worker:
    """Does in its database what the other process asks for, and says what it cost."""

    def __init__(self, conf, database):
        from odoo.modules.registry import Registry
        from odoo.tools import config

        config.parse_config(["-c", conf, "--no-http", "--log-level=error"])
        self.registry = Registry(database)
        self.profile = None

    @contextlib.contextmanager
    def env(self, commit=False):
        from odoo import api

        with self.registry.cursor() as cr:
            yield api.Environment(cr, 2, {"lang": "en_US", "tz": "UTC"})
            if commit:
                cr.commit()
            else:
                cr.rollback()

    def do_calls(self, job, number):
        """:return: how many function calls a job takes. Nothing else on the machine
        changes that, as it changes time.
        """
        do = getattr(self, f"do_{job}")
        do(min(number, 10))
        self.profile = cProfile.Profile()
        try:
            return do(number)
        finally:
            self.profile = None

    def serve(self):
        for line in sys.stdin:
            request = json.loads(line)
            result = getattr(self, f"do_{request.pop('do')}")(**request)
            print(f"RESULT {json.dumps(result)}", flush=True)

    def measure(self, env, work):
        """:return: what it costs, up to where the transaction could be committed"""
        env.flush_all()
        env.cr.flush()
        env.invalidate_all()
        if self.profile:
            self.profile.runcall(work)
            return {"calls": pstats.Stats(self.profile).total_calls}
        gc.collect()
        Path("/proc/self/clear_refs").write_text("5")
        memory = self._get_peak()
        queries, cpu = env.cr.sql_log_count, time.process_time()
        start = time.perf_counter()
        work()
        env.cr.flush()
        return {
            "seconds": time.perf_counter() - start,
            "cpu": time.process_time() - cpu,
            "queries": env.cr.sql_log_count - queries,
            "kb": self._get_peak() - memory,
        }

    def _get_peak(self):
        status = Path("/proc/self/status").read_text()
        return int(status.partition("VmHWM:")[2].split()[0])

    def _get_moves(self, env, prefix, number):
        moves = env["account.move"].search(
            [("name", "=like", f"{prefix}%")], limit=number, order="id"
        )
        assert len(moves) == number, (prefix, len(moves), number)
        return moves

    # --- data ---

    def do_prepare(self, number=0, install=0, pages=()):
        from odoo import Command

        with self.env(commit=True) as env:
            tax = env["account.tax"].search(
                [("type_tax_use", "=", "sale"), ("company_id", "=", env.company.id)],
                limit=1,
            )
            partner = env["res.partner"].create(
                {"name": "Customer", "email": "customer@example.com"}
            )
            move = env["account.move"].create(
                {
                    "move_type": "out_invoice",
                    "partner_id": partner.id,
                    "invoice_line_ids": [
                        Command.create(
                            {
                                "name": f"Service {line}",
                                "quantity": line,
                                "price_unit": 10.37 * line,
                                "tax_ids": [Command.set(tax.ids)],
                            }
                        )
                        for line in (1, 2, 3)
                    ],
                }
            )
            move.action_post()
            clone(env, move, number, "BENCH/1/")
            clone(env, move, install, "BENCH/2/")
            for size in pages:
                customer = env["res.partner"].create({"name": f"Customer of {size}"})
                clone(env, move, size, f"PAGE/{size}/", False, customer)
            env.cr.execute("ANALYZE account_move")
            env.cr.execute("ANALYZE account_move_line")

    # --- crediting ---

    def do_credit(self, number, ours):
        with self.env() as env:
            moves = self._get_moves(env, "BENCH/1/", number)
            wizards = env["account.move.reversal"].with_context(
                active_model="account.move", active_ids=moves.ids
            )

            def work():
                wizard = wizards.create({"journal_id": moves.journal_id.id})
                if ours:
                    # As the button, which takes more than 200 to the background.
                    wizard._credit()
                else:
                    wizard.refund_moves()
                    wizard.new_move_ids.action_post()

            cost = self.measure(env, work)
            assert set(moves.mapped("payment_state")) == {"reversed"}
            return cost

    # --- the customer's tab ---

    def do_form(self):
        with self.env() as env:
            partner = env["res.partner"].search([("name", "=", "Customer")], limit=1)
            arch = partner.get_view(view_type="form")["models"]["res.partner"]
            fields = {
                name: {}
                for name in arch
                if partner._fields[name].type not in ("one2many", "many2many")
            }
            return self.measure(env, lambda: partner.web_read(fields))

    def do_page(self, size):
        with self.env() as env:
            partner = env["res.partner"].search([("name", "=", f"Customer of {size}")])
            view = env.ref("account_partner_credit_note.customer_invoices_view_list")
            names = env["account.move"].get_view(view.id, "list")["models"]
            fields = {
                name: {"fields": {"display_name": {}}}
                if env["account.move"]._fields[name].type == "many2one"
                else {}
                for name in names["account.move"]
            }

            def work():
                env["account.move"].web_search_read(
                    [
                        ("commercial_partner_id", "=", partner.id),
                        ("move_type", "in", DOCUMENT_TYPES),
                    ],
                    fields,
                    order="invoice_date desc, id desc",
                    limit=20,
                    # As the web client counts: no further.
                    count_limit=10001,
                )

            return self.measure(env, work)

    # --- the check of what was issued ---

    def do_check(self):
        """Chain what was issued, then check it as the scheduler does: each piece its
        own transaction.
        """
        with self.env(commit=True) as env:
            seals = env["account.document.seal"]
            chained = self._commit_each(env, seals._cron_chain, self._is_chained)
            check = env["account.document.check"].sudo().create({})
            start = time.perf_counter()
            check._start()
            checked = self._commit_each(
                env, check._check_piece, lambda _env: check.state == "done"
            )
            return {
                "documents": check.checked_count,
                "deviations": check.deviation_count,
                "chained": chained,
                "seconds": time.perf_counter() - start,
                "piece": max(checked),
                "kb": self._get_peak(),
            }

    def _commit_each(self, env, work, is_done):
        """:return: list of the seconds that each time took"""
        seconds = []
        while not is_done(env):
            start = time.perf_counter()
            work()
            env.cr.commit()
            env.invalidate_all()
            seconds.append(time.perf_counter() - start)
        return seconds

    def _is_chained(self, env):
        env.cr.execute("SELECT FROM account_document_seal WHERE chain IS NULL LIMIT 1")
        return not env.cr.fetchone()

    # --- what the lock costs others ---

    def do_post(self, number):
        with self.env() as env:
            moves = self._get_moves(env, "BENCH/1/", number)
            drafts = moves.copy({"invoice_date": moves[0].invoice_date})
            return self.measure(env, drafts.action_post)

    def do_pay(self, number):
        with self.env() as env:
            moves = self._get_moves(env, "BENCH/1/", number)

            def work():
                env["account.payment.register"].with_context(
                    active_model="account.move", active_ids=moves.ids
                ).create({"group_payment": False}).action_create_payments()

            return self.measure(env, work)

    def do_reconcile(self, number):
        from odoo import Command

        with self.env() as env:
            moves = self._get_moves(env, "BENCH/1/", number)
            lines = moves.line_ids.filtered(lambda x: x.display_type == "payment_term")
            journal = env["account.journal"].search(
                [("type", "=", "general"), ("company_id", "=", env.company.id)], limit=1
            )
            entry = env["account.move"].create(
                {
                    "journal_id": journal.id,
                    "line_ids": [
                        Command.create(
                            {
                                "account_id": account.id,
                                "partner_id": lines.partner_id.id,
                                "balance": balance,
                            }
                        )
                        for line in lines
                        for account, balance in (
                            (line.account_id, -line.balance),
                            (journal.company_id.transfer_account_id, line.balance),
                        )
                    ],
                }
            )
            entry.action_post()
            paid = entry.line_ids.filtered(lambda x: x.account_id == lines.account_id)

            def work():
                lines._reconcile_plan(
                    [line + other for line, other in zip(lines, paid, strict=True)]
                )

            return self.measure(env, work)

    def do_send(self, number):
        from unittest.mock import patch

        with self.env() as env:
            moves = self._get_moves(env, "BENCH/1/", number)
            report = env.registry["ir.actions.report"]
            # A PDF costs more than all of the rest and is no affair of the lock.
            with patch.object(report, "_pre_render_qweb_pdf", make_streams):
                return self.measure(
                    env,
                    lambda: env["account.move.send"]._generate_and_send_invoices(
                        moves, sending_methods=["email"]
                    ),
                )


def make_streams(self, report_ref, res_ids=None, data=None):
    """A small PDF for each document, in the place of wkhtmltopdf's."""
    import io

    from odoo.tools.pdf import PdfFileWriter

    streams = {}
    for res_id in res_ids:
        writer = PdfFileWriter()
        writer.addBlankPage(100, 100)
        stream = io.BytesIO()
        writer.write(stream)
        streams[res_id] = {"stream": stream, "attachment": None}
    return streams, "pdf"


# --- the tables -----------------------------------------------------------


class Client:
    """The process of one database."""

    def __init__(self, options, database):
        self.process = subprocess.Popen(
            [sys.executable, __file__, "--conf", options.conf, "--worker", database],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def ask(self, do, **arguments):
        self.process.stdin.write(json.dumps({"do": do, **arguments}) + "\n")
        self.process.stdin.flush()
        for line in self.process.stdout:
            if line.startswith("RESULT "):
                return json.loads(line.removeprefix("RESULT "))
        sys.exit(f"the measurement of {do} {arguments} failed, see above")

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def get_medians(costs):
    return {key: statistics.median(cost[key] for cost in costs) for key in costs[0]}


class Bench:
    def __init__(self, options):
        self.options = options
        self.output = []

    def say(self, text=""):
        print(text, flush=True)
        self.output.append(text)

    def take_turns(self, calls, repeat=None, warm_up=True):
        """:param calls: {name: function}
        :return: {name: median cost}; the first round only warms caches
        """
        costs = {name: [] for name in calls}
        for turn in range(warm_up + (repeat or self.options.repeat)):
            for name, call in calls.items():
                cost = call()
                if turn >= warm_up:
                    costs[name].append(cost)
        return {name: get_medians(found) for name, found in costs.items()}

    def run(self):
        options = self.options
        jobs = options.only.split(",")
        model = next(
            (
                line.partition(":")[2].strip()
                for line in Path("/proc/cpuinfo").read_text().splitlines()
                if line.startswith("model name")
            ),
            platform.machine(),
        )
        self.say(
            f"{model}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f};"
            f" Python {platform.python_version()}; {time.strftime('%Y-%m-%d')}"
        )
        if {"credit", "tab", "lock"} & set(jobs):
            ours, theirs = Client(options, options.ours), Client(options, options.odoo)
            number = max(*options.sizes, options.lock)
            pages = options.pages if "tab" in jobs else ()
            ours.ask("prepare", number=number, pages=pages)
            theirs.ask("prepare", number=number)
            for job in jobs:
                if job not in ("check", "install"):
                    getattr(self, f"run_{job}")(ours, theirs)
            ours.close()
            theirs.close()
        if "check" in jobs:
            self.run_check()
        if "install" in jobs:
            self.run_install()
        if options.output:
            options.output.write_text("\n".join(self.output) + "\n")

    def run_credit(self, ours, theirs):
        self.say("\n## Crediting N invoices at once: this addon, and Odoo's Reverse\n")
        self.say(
            "| N | queries each | Odoo | times fewer | ms each | Odoo | times faster |"
            " CPU ms each | Odoo | times less | KB each |"
        )
        self.say("|---:" * 11 + "|")
        for n in self.options.sizes:
            costs = self.take_turns(
                {
                    "ours": lambda n=n: ours.ask("credit", number=n, ours=True),
                    "odoo": lambda n=n: theirs.ask("credit", number=n, ours=False),
                },
                # The large ones have warmed up with the small ones.
                **({"repeat": 1, "warm_up": False} if n >= 1000 else {}),
            )
            a, b = costs["ours"], costs["odoo"]
            kb = self.get_memory(n)
            self.say(
                f"| {n:,} | {a['queries'] / n:.1f} | {b['queries'] / n:.1f}"
                f" | {b['queries'] / a['queries']:.1f}"
                f" | {a['seconds'] / n * 1000:.1f} | {b['seconds'] / n * 1000:.1f}"
                f" | {b['seconds'] / a['seconds']:.1f}"
                f" | {a['cpu'] / n * 1000:.1f} | {b['cpu'] / n * 1000:.1f}"
                f" | {b['cpu'] / a['cpu']:.1f}"
                f" | {kb / n:.0f} |"
            )

    def get_memory(self, number):
        """:return: KB that a new process of ours grows by, for an old one has them"""
        client = Client(self.options, self.options.ours)
        client.ask("credit", number=1, ours=True)
        cost = client.ask("credit", number=number, ours=True)
        client.close()
        return cost["kb"]

    def run_tab(self, ours, theirs):
        self.say("\n## A customer's form and its Invoices tab\n")
        self.say("| | queries | ms | queries without | ms without |")
        self.say("|---" + "|---:" * 4 + "|")
        costs = self.take_turns(
            {"ours": lambda: ours.ask("form"), "odoo": lambda: theirs.ask("form")},
            repeat=9,
        )
        a, b = costs["ours"], costs["odoo"]
        self.say(
            f"| open the form | {a['queries']:.0f} | {a['seconds'] * 1000:.1f}"
            f" | {b['queries']:.0f} | {b['seconds'] * 1000:.1f} |"
        )
        costs = self.take_turns(
            {
                size: lambda size=size: ours.ask("page", size=size)
                for size in self.options.pages
            },
            repeat=9,
        )
        for size, cost in costs.items():
            self.say(
                f"| open the tab, {size:,} documents | {cost['queries']:.0f}"
                f" | {cost['seconds'] * 1000:.1f} | | |"
            )

    def run_lock(self, ours, theirs):
        n = self.options.lock
        few = min(n, 40)
        costs = self._measure_lock()
        self.say(f"\n## {n} invoices, with the lock and without the addon\n")
        self.say(
            f"| | queries | without | calls for {few} | without | % | ms | without | %"
            " | CPU ms | without | % |\n|---" + "|---:" * 11 + "|"
        )
        for job in LOCK_JOBS:
            a, b = (get_medians(costs[name, job]) for name in ("ours", "odoo"))
            calls, calls_without = (
                client.ask("calls", job=job, number=few)["calls"]
                for client in (ours, theirs)
            )
            self.say(
                f"| {job} | {a['queries']:.0f} | {b['queries']:.0f}"
                f" | {calls} | {calls_without}"
                f" | {100 * (calls / calls_without - 1):+.1f}"
                f" | {a['seconds'] * 1000:.0f} | {b['seconds'] * 1000:.0f}"
                f" | {100 * (a['seconds'] / b['seconds'] - 1):+.1f}"
                f" | {a['cpu'] * 1000:.0f} | {b['cpu'] * 1000:.0f}"
                f" | {100 * (a['cpu'] / b['cpu'] - 1):+.1f} |"
            )

    def _measure_lock(self):
        """Measure in new processes each time: two processes of the same code differ by
        some per cent, as their memory happens to lie.

        :return: {("ours" or "odoo", job): list of costs}
        """
        costs = collections.defaultdict(list)
        for _turn in range(self.options.repeat):
            clients = {
                "ours": Client(self.options, self.options.ours),
                "odoo": Client(self.options, self.options.odoo),
            }
            for job in LOCK_JOBS:
                for client in clients.values():
                    client.ask(job, number=min(self.options.lock, 10))
                for name, client in clients.items():
                    costs[name, job].append(client.ask(job, number=self.options.lock))
            for client in clients.values():
                client.close()
        return costs

    def run_check(self):
        n = self.options.check
        self.say(f"\n## Checking {n:,} issued invoices\n")
        client = Client(self.options, self.options.ours)
        start = time.perf_counter()
        client.ask("prepare", install=n)
        made = time.perf_counter() - start
        found = client.ask("check")
        client.close()
        self.say(
            f"{found['documents']:,} documents in {found['seconds']:.0f} seconds, each"
            f" piece its own transaction of at most {found['piece']:.1f}; the process"
            f" took {found['kb'] // 1024} MB at most. Deviations:"
            f" {found['deviations']}. (Made and sealed in {made:.0f} seconds, chained"
            f" in {sum(found['chained']):.0f}.)"
        )

    def run_install(self):
        n = self.options.install
        self.say(f"\n## Installing in a database with {n:,} more invoices\n")
        client = Client(self.options, self.options.odoo)
        start = time.perf_counter()
        client.ask("prepare", install=n)
        client.close()
        made = time.perf_counter() - start
        before, start = self._get_tables(), time.perf_counter()
        subprocess.run(
            [sys.executable, "-m", "odoo", "-c", self.options.conf]
            + ["-d", self.options.odoo, "-i", self.options.addon, "--no-http"]
            + ["--max-cron-threads=0", "--stop-after-init", "--log-level=error"],
            check=True,
        )
        seconds = time.perf_counter() - start
        time.sleep(2)  # PostgreSQL counts a little later
        after = self._get_tables()
        self.say("| table | rows | rewritten | rows changed |\n|---|---:|---|---:|")
        for table in before:
            self.say(
                f"| {table} | {before[table]['rows']:,}"
                f" | {'no' if before[table]['file'] == after[table]['file'] else 'yes'}"
                f" | {after[table]['changed'] - before[table]['changed']} |"
            )
        self.say(
            f"\nInstalled in {seconds:.1f} seconds, Odoo's start included."
            f" (The invoices were made in {made:.0f}.)"
        )

    def _get_tables(self):
        import psycopg2

        from odoo.tools import config

        config.parse_config(["-c", self.options.conf, "--no-http"])
        connection = psycopg2.connect(
            dbname=self.options.odoo, host=config["db_host"], user=config["db_user"]
        )
        with connection, connection.cursor() as cr:
            cr.execute(
                "SELECT relname, pg_relation_filenode(relid), n_tup_upd, n_live_tup"
                " FROM pg_stat_user_tables"
                " WHERE relname IN ('account_move', 'account_move_line')"
                " ORDER BY relname"
            )
            tables = {
                name: {"file": file, "changed": changed, "rows": rows}
                for name, file, changed, rows in cr.fetchall()
            }
        connection.close()
        return tables


def numbers(text):
    return [int(number) for number in text.split(",")]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--conf", required=True)
    parser.add_argument("--worker", help="be the process of this database")
    parser.add_argument("--with", dest="ours")
    parser.add_argument("--without", dest="odoo")
    parser.add_argument("--addon")
    parser.add_argument("--only", default="credit,tab,lock,check,install")
    parser.add_argument("--sizes", type=numbers, default=[1, 10, 100, 1000])
    parser.add_argument("--pages", type=numbers, default=[10, 10000, 150000])
    parser.add_argument("--lock", type=int, default=200)
    parser.add_argument("--check", type=int, default=150000)
    parser.add_argument("--install", type=int, default=300000)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--output", type=Path)
    options = parser.parse_args()
    if options.worker:
        Worker(options.conf, options.worker).serve()
    else:
        Bench(options).run()


if __name__ == "__main__":
    main()
