"""Many sessions credit the same invoices at the same time, over HTTP.

usage: stress.py --url URL --db NAME --socket FOLDER --master PID --log FILE [OPTION...]

Each round makes invoices, sends all sessions at them at once, and then reads in the
database what became of it: an invoice is never credited by more than its total, the
ledger sums to zero, numbers have no gap. See dev/check stress.
"""

import argparse
import copy
import html
import itertools
import json
import random
import re
import sys
import threading
import time
import uuid
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import psutil
import psycopg2
import requests

PASSWORD = "stress"
WIZARD = "account.move.reversal"
FORMER_WIZARD = "account.credit.note.without.invoice"
# Sentences for users; anything else is an error of the product.
REFUSALS = (
    "odoo.exceptions.UserError",
    "odoo.exceptions.ValidationError",
    "odoo.exceptions.AccessError",
    "odoo.exceptions.MissingError",
)
CONFLICTS = ("SerializationFailure", "LockNotAvailable", "DeadlockDetected")
KINDS = (
    "refund_online",
    "use_credit",
    "approval",
    "former_invoice",
    "one_for_several",
    "drafts",
    "paid_invoice",
    "repeated_request",
    "background_batches",
    "same_invoice",
    "one_line",
    "credit_and_payment",
    "overlapping_invoices",
    "apply_from_two_sides",
    "invoice_again",
    "first_print",
)
# So many invoices at once are credited in the background.
BATCH = 4
PATIENCE = 120  # seconds until a batch must be done
# What a browser sends along, without which JSON-2 wants a key.
BROWSER = {
    "Sec-Fetch-Dest": "document",
    "Sec-Fetch-Mode": "navigate",
    "Sec-Fetch-Site": "same-origin",
    "Sec-Fetch-User": "?1",
}


# Each finds nothing, or says what is wrong. %s is the last document from before.
INVARIANTS = {
    "credited by more than its total": """
        SELECT i.name, i.amount_total, sum(c.amount) FROM account_move i
        JOIN (
            SELECT reversed_entry_id AS invoice_id, amount_total AS amount
            FROM account_move WHERE state = 'posted'
            UNION ALL
            SELECT l.move_id, c.price_total FROM account_move_line c
            JOIN account_move_line l ON l.id = c.credited_line_id
            JOIN account_move m ON m.id = c.move_id
            WHERE m.state = 'posted' AND m.reversed_entry_id IS NULL
                AND c.display_type = 'product'
        ) c ON c.invoice_id = i.id
        WHERE i.id > %s GROUP BY i.id
        HAVING sum(c.amount) > i.amount_total""",
    "a former invoice credited by more than its total": """
        SELECT f.name, f.amount_total, sum(c.amount_total)
        FROM account_former_invoice f
        JOIN account_move c ON c.former_invoice_id = f.id AND c.state = 'posted'
        WHERE c.id > %s GROUP BY f.id
        HAVING sum(c.amount_total) > f.amount_total""",
    "a line credited by more than it is": """
        SELECT m.name, l.name, l.amount_currency, sum(c.amount_currency)
        FROM account_move_line l JOIN account_move m ON m.id = l.move_id
        JOIN account_move_line c ON c.credited_line_id = l.id
            AND c.parent_state = 'posted' AND c.display_type = 'product'
        WHERE m.id > %s GROUP BY m.id, l.id
        HAVING abs(sum(c.amount_currency))
            > abs(l.amount_currency) + 0.01 * count(c.id)""",
    "a line credited in more than its quantity": """
        SELECT m.name, l.name, l.quantity, sum(c.quantity)
        FROM account_move_line l JOIN account_move m ON m.id = l.move_id
        JOIN account_move_line c ON c.credited_line_id = l.id
            AND c.parent_state = 'posted' AND c.display_type = 'product'
            AND c.price_unit = l.price_unit
        WHERE m.id > %s GROUP BY m.id, l.id HAVING sum(c.quantity) > l.quantity""",
    "the entry does not sum to zero": """
        SELECT m.name, sum(l.balance) FROM account_move m
        JOIN account_move_line l ON l.move_id = m.id WHERE m.id > %s
        GROUP BY m.id HAVING sum(l.balance) <> 0 OR sum(l.amount_currency) <> 0""",
    "open amount and reconciliations differ": """
        SELECT m.name, l.balance, l.amount_residual,
            (SELECT COALESCE(sum(amount), 0) FROM account_partial_reconcile
                WHERE debit_move_id = l.id) AS debit,
            (SELECT COALESCE(sum(amount), 0) FROM account_partial_reconcile
                WHERE credit_move_id = l.id) AS credit
        FROM account_move_line l JOIN account_move m ON m.id = l.move_id
        JOIN account_account a ON a.id = l.account_id
        WHERE m.id > %s AND m.state = 'posted'
            AND a.account_type = 'asset_receivable'
            AND (l.amount_residual <> l.balance
                - (SELECT COALESCE(sum(amount), 0) FROM account_partial_reconcile
                    WHERE debit_move_id = l.id)
                + (SELECT COALESCE(sum(amount), 0) FROM account_partial_reconcile
                    WHERE credit_move_id = l.id)
                OR l.amount_residual * l.balance < 0)""",
    "invoice and credit note both open": """
        SELECT i.name, i.amount_residual, c.name, c.amount_residual
        FROM account_move i JOIN account_move c ON c.reversed_entry_id = i.id
        WHERE i.id > %s AND i.move_type = 'out_invoice' AND i.state = 'posted'
            AND c.state = 'posted'
            AND i.amount_residual > 0 AND c.amount_residual > 0""",
    "invoice and its part of a credit note of several both open": """
        SELECT i.move_name, i.amount_residual, c.move_name, c.amount_residual
        FROM account_move_line c
        JOIN account_move_line i ON i.id = c.credited_line_id
        WHERE i.move_id > %s AND c.display_type = 'payment_term'
            AND c.parent_state = 'posted' AND i.parent_state = 'posted'
            AND i.amount_residual <> 0 AND c.amount_residual <> 0""",
    "several invoices credited together, but not all of them": """
        SELECT w.id, count(DISTINCT o.move_id), count(DISTINCT c.id)
        FROM account_move_reversal w
        JOIN account_move_reversal_move o ON o.reversal_id = w.id
        JOIN account_move_reversal_new_move n ON n.reversal_id = w.id
        JOIN account_move c ON c.id = n.new_move_id AND c.state = 'posted'
        WHERE o.move_id > %s GROUP BY w.id
        HAVING CASE WHEN w.as_one THEN 1 ELSE count(DISTINCT o.move_id) END
            <> count(DISTINCT c.id)""",
    "issued without the second person that it needs": """
        SELECT c.name, c.create_uid, c.credit_note_approver_id FROM account_move c
        JOIN account_credit_note_reason r ON r.id = c.credit_note_reason_id
        WHERE c.id > %s AND c.state = 'posted' AND r.needs_approval
            AND (c.credit_note_approver_id IS NULL
                OR c.credit_note_approver_id = c.create_uid)""",
    "issued although it was refused": """
        SELECT b.id, b.state, c.name FROM account_credit_note_batch b
        JOIN account_credit_note_batch_line l ON l.batch_id = b.id
        JOIN account_move c ON c.id = l.credit_note_id AND c.state = 'posted'
        WHERE c.id > %s AND b.state IN ('to_approve', 'refused')""",
    "one approval issued twice": """
        SELECT l.credit_note_id, count(*) FROM account_credit_note_batch_line l
        WHERE l.credit_note_id > %s GROUP BY 1 HAVING count(*) > 1""",
    "a batch says otherwise than its credit note": """
        SELECT i.name, l.state, c.name, c.state
        FROM account_credit_note_batch_line l
        JOIN account_move i ON i.id = l.invoice_id
        LEFT JOIN account_move c ON c.id = l.credit_note_id
        WHERE i.id > %s AND (l.state = 'done') <> (c.state IS NOT DISTINCT FROM 'posted'
            AND c.reversed_entry_id = i.id)""",
    "a batch says no reason": """
        SELECT i.name, l.error FROM account_credit_note_batch_line l
        JOIN account_move i ON i.id = l.invoice_id
        WHERE i.id > %s AND l.state = 'failed'
            AND (l.error IS NULL OR l.error LIKE 'Something unexpected%%')""",
    "invoiced again twice": """
        SELECT c.name, count(*) FROM account_move c
        JOIN account_move i ON i.reversed_entry_id = c.id AND i.state <> 'cancel'
        WHERE c.id > %s AND c.move_type = 'out_refund'
        GROUP BY c.id HAVING count(*) > 1""",
    "a request with a key issued twice": """
        SELECT credit_note_reason_text, count(*) FROM account_move
        WHERE id > %s AND credit_note_reason_text LIKE 'request %%'
        GROUP BY 1 HAVING count(*) > 1""",
    "archived twice": """
        SELECT m.name, count(*) FROM ir_attachment a
        JOIN account_move m ON m.id = a.res_id
        WHERE m.id > %s AND a.res_model = 'account.move'
            AND a.res_field = 'invoice_pdf_report_file'
        GROUP BY m.id HAVING count(*) > 1""",
    "numbers with a gap, or twice": """
        SELECT journal_id, move_type, sequence_prefix, count(*),
            min(sequence_number), max(sequence_number)
        FROM account_move WHERE id > %s AND state = 'posted'
            AND move_type IN ('out_invoice', 'out_refund')
        GROUP BY 1, 2, 3
        HAVING count(*) <> max(sequence_number) - min(sequence_number) + 1
            OR count(DISTINCT sequence_number) <> count(*)""",
}

# The same, where Odoo's online payments are.
PAYMENT_INVARIANTS = {
    "more given back online than was paid": """
        SELECT t.reference, t.amount, sum(r.amount) FROM payment_transaction r
        JOIN payment_transaction t ON t.id = r.source_transaction_id
        JOIN account_payment p ON p.payment_transaction_id = t.id
        WHERE p.move_id > %s AND r.operation = 'refund'
            AND r.state NOT IN ('error', 'cancel')
        GROUP BY t.id HAVING -sum(r.amount) > t.amount""",
    "more given back online than was credited": """
        SELECT c.name, c.amount_total, sum(r.amount) FROM payment_transaction r
        JOIN account_invoice_transaction_rel l ON l.transaction_id = r.id
        JOIN account_move c ON c.id = l.invoice_id
        WHERE c.id > %s AND r.operation = 'refund'
            AND r.state NOT IN ('error', 'cancel')
        GROUP BY c.id HAVING -sum(r.amount) > c.amount_total""",
    "given back online and not booked": """
        SELECT r.reference, r.state, r.payment_id FROM payment_transaction r
        JOIN account_invoice_transaction_rel l ON l.transaction_id = r.id
        WHERE l.invoice_id > %s AND r.operation = 'refund'
            AND (r.state <> 'done' OR r.payment_id IS NULL)""",
}


class Refused(Exception):
    """The server answers with a sentence."""


class Failed(Exception):
    """The server answers with something else."""


class Session:
    """Somebody who is logged in."""

    def __init__(self, url, database, login, password):
        self.url, self.database, self.password = url, database, password
        self.http = requests.Session()
        self.http.trust_env = False
        answer = self._post(
            "/web/session/authenticate",
            {
                "params": {"db": database, "login": login, "password": password},
            },
        )
        self.uid = self._result(answer)["uid"]

    def again(self):
        """:return: the same person in another browser window"""
        other = copy.copy(self)
        other.http = requests.Session()
        other.http.trust_env = False
        other.http.cookies.update(self.http.cookies)
        return other

    def _post(self, path, body, headers=None):
        return self.http.post(self.url + path, json=body, headers=headers, timeout=120)

    def post(self, path, body):
        return self._result(self._post(path, body))

    def _result(self, response):
        answer = response.json()
        if "error" in answer:
            self._raise(answer["error"].get("data") or answer["error"])
        return answer.get("result")

    def _raise(self, error):
        text = f"{error.get('name')}: {error.get('message')}"
        raise (Refused if error.get("name") in REFUSALS else Failed)(text)

    def call(self, model, method, *args, **kwargs):
        """As the web client calls a method."""
        return self._result(
            self._post(
                f"/web/dataset/call_kw/{model}/{method}",
                {
                    "params": {
                        "model": model,
                        "method": method,
                        "args": args,
                        "kwargs": kwargs,
                    }
                },
            )
        )

    def json2(self, model, method, **body):
        """As a program of today calls a method."""
        response = self._post(f"/json/2/{model}/{method}", body, headers=BROWSER)
        answer = response.json()
        if response.status_code != 200:
            self._raise(answer)
        return answer

    def rpc(self, model, method, *args):
        """As a program of ever calls a method."""
        return self._result(
            self._post(
                "/jsonrpc",
                {
                    "jsonrpc": "2.0",
                    "method": "call",
                    "params": {
                        "service": "object",
                        "method": "execute_kw",
                        "args": [
                            self.database,
                            self.uid,
                            self.password,
                            model,
                            method,
                            args,
                        ],
                    },
                },
            )
        )

    # -- ways to credit ----------------------------------------------------------

    def credit_in_dialog(self, ids, **values):
        action = self.call("account.move", "action_credit_note", ids)
        [wizard] = self.call(
            WIZARD,
            "web_save",
            [],
            values,
            context=action["context"],
            specification={"amount_to_credit": {}, "preview": {}},
        )
        return self.call(WIZARD, "action_issue", [wizard["id"]])

    def credit_in_background(self, ids, **values):
        action = self.credit_in_dialog(ids, **values)
        if action.get("res_model") != "account.credit.note.batch":
            raise Failed(f"not in the background: {action}")

    def credit_by_json2(self, ids, **values):
        wizard_ids = self.json2(
            WIZARD, "create", vals_list=[{"move_ids": [[6, 0, ids]], **values}]
        )
        return self.json2(WIZARD, "action_issue", ids=wizard_ids)

    def credit_by_rpc(self, ids, **values):
        wizard_id = self.rpc(WIZARD, "create", {"move_ids": [[6, 0, ids]], **values})
        return self.rpc(WIZARD, "action_issue", [wizard_id])

    def credit_as_odoo(self, ids, **values):
        """Odoo's own Reverse makes drafts; they are posted then."""
        wizard_id = self.rpc(WIZARD, "create", {"move_ids": [[6, 0, ids]], **values})
        self.rpc(WIZARD, "refund_moves", [wizard_id])
        [wizard] = self.rpc(WIZARD, "read", [wizard_id], ["new_move_ids"])
        try:
            return self.rpc("account.move", "action_post", wizard["new_move_ids"])
        except Refused:
            self.rpc("account.move", "unlink", wizard["new_move_ids"])
            raise

    def credit_as_one(self, ids, **values):
        """One credit note of several invoices."""
        return self.credit_by_json2(ids, as_one=True, **values)

    def credit_former(self, number, partner_id, total, amount, reason_id):
        """A credit note of an invoice of a former system."""
        wizard_ids = self.json2(
            FORMER_WIZARD,
            "create",
            vals_list=[
                {
                    "partner_id": partner_id,
                    "subject": "former",
                    "former_number": number,
                    "former_date": time.strftime("%Y-01-01"),
                    "former_total": total,
                    "reason_id": reason_id,
                    "line_ids": [[0, 0, {"name": "x", "amount": amount}]],
                }
            ],
        )
        return self.json2(FORMER_WIZARD, "action_issue", ids=wizard_ids)

    def open_dialog(self, action, lines):
        """:param lines: fields of its lines to read
        :return: id of the dialog that the action opens, and its lines
        """
        [dialog] = self.call(
            action["res_model"],
            "web_save",
            [],
            {},
            context=action["context"],
            specification={"line_ids": {"fields": {name: {} for name in lines}}},
        )
        return dialog["id"], dialog["line_ids"]

    def use_credit(self, credit_note, invoice_ids):
        """Apply a credit to these invoices, and take it off all others."""
        action = self.call("account.move", "action_use_credit", [credit_note])
        dialog, lines = self.open_dialog(action, ("invoice_id", "is_applied"))
        commands = [
            [1, line["id"], {"is_applied": line["invoice_id"] in invoice_ids}]
            for line in lines
        ]
        self.call(action["res_model"], "write", [dialog], {"line_ids": commands})
        return self.call(action["res_model"], "action_apply", [dialog])

    def refund_online(self, credit_note, share):
        """Give a share of what can be back through the provider."""
        action = self.call("account.move", "action_refund_credit", [credit_note])
        if action["res_model"] != "account.credit.refund":
            raise Refused("Nothing can be given back online.")
        dialog, lines = self.open_dialog(action, ("amount",))
        commands = [
            [1, line["id"], {"amount": round(line["amount"] * share, 2)}]
            for line in lines
        ]
        self.call(action["res_model"], "write", [dialog], {"line_ids": commands})
        return self.call(action["res_model"], "action_refund", [dialog])

    def ask_approval(self, ids, reason_id):
        """:return: id of the batch in which the credit notes wait"""
        wizard_ids = self.json2(
            WIZARD,
            "create",
            vals_list=[{"move_ids": [[6, 0, ids]], "reason_id": reason_id}],
        )
        return self.json2(WIZARD, "action_ask_approval", ids=wizard_ids)["res_id"]

    def decide(self, batch_id, method):
        wizard_ids = self.json2(
            "account.credit.note.approval",
            "create",
            vals_list=[{"batch_id": batch_id, "note": "A word"}],
        )
        return self.json2("account.credit.note.approval", method, ids=wizard_ids)

    def make_draft(self, invoice, amount):
        """A credit note that somebody enters, and says which invoice it credits."""
        [move_id] = self.json2(
            "account.move",
            "create",
            vals_list=[
                {
                    "move_type": "out_refund",
                    "partner_id": invoice["partner_id"],
                    "invoice_date": invoice["date"],
                    "reversed_entry_id": invoice["id"],
                    "invoice_line_ids": [
                        [0, 0, {"name": "x", "price_unit": amount, "tax_ids": [[5]]}]
                    ],
                }
            ],
        )
        return move_id

    def post_draft(self, move_id):
        try:
            return self.json2("account.move", "action_post", ids=[move_id])
        except Refused:
            self.json2("account.move", "unlink", ids=[move_id])
            raise

    def credit_by_hand(self, invoice, amount):
        return self.post_draft(self.make_draft(invoice, amount))

    def download(self, move_id):
        """:return: the PDF of a document, as the web client downloads it"""
        report = "account_partner_credit_note.report_credit_note"
        response = self.http.get(
            f"{self.url}/report/download",
            params={
                "data": json.dumps([f"/report/pdf/{report}/{move_id}", "qweb-pdf"])
            },
            timeout=120,
        )
        response.raise_for_status()
        if not response.content.startswith(b"%PDF"):
            raise Failed(html.unescape(response.text)[:1000])
        return response.content

    def pay(self, ids, amount=None):
        wizard_id = self.call(
            "account.payment.register",
            "create",
            {"amount": amount} if amount else {},
            context={"active_model": "account.move", "active_ids": ids},
        )
        return self.call(
            "account.payment.register", "action_create_payments", [wizard_id]
        )


class Lane:
    """Sessions that go at the same invoices, one round after the other."""

    def __init__(self, stress, number):
        self.stress, self.options = stress, stress.options
        self.select = stress.select
        self.random = random.Random(f"{self.options.seed} {number}")
        self.number = number
        self.log_in()

    # -- who and what ----------------------------------------------------------

    def log_in(self):
        stress = self.stress
        self.admin = stress.admin.again()
        # A hash of a password takes a second: people come several times.
        self.sessions = [
            stress.clerks[number % len(stress.clerks)].again()
            for number in range(self.options.sessions)
        ]
        self.partner = self.admin.call(
            "res.partner", "create", {"name": f"Stress {self.number}"}
        )

    def make_invoices(self, count):
        """:return: list of dicts of posted invoices, three taxed lines each"""
        ids = self.admin.call(
            "account.move",
            "create",
            [
                {
                    "move_type": "out_invoice",
                    "partner_id": self.partner,
                    "invoice_date": time.strftime("%Y-%m-%d"),
                    "invoice_line_ids": [
                        [
                            0,
                            0,
                            {
                                "name": f"Service {number}",
                                "quantity": number * 2,
                                "price_unit": self.random.randint(500, 20000) / 100,
                            },
                        ]
                        for number in (1, 2, 3)
                    ],
                }
                for _number in range(count)
            ],
        )
        self.admin.call("account.move", "action_post", ids)
        rows = self.select(
            "SELECT id, name, amount_total, partner_id, invoice_date"
            " FROM account_move WHERE id IN %s ORDER BY id",
            tuple(ids),
        )
        return [
            {
                "id": row[0],
                "name": row[1],
                "total": float(row[2]),
                "partner_id": row[3],
                "date": str(row[4]),
            }
            for row in rows
        ]

    def make_paid_invoices(self, count):
        invoices = self.make_invoices(count)
        for invoice in invoices:
            self.admin.pay([invoice["id"]])
        return invoices

    # -- what sessions do ------------------------------------------------------

    def any_credit(self, invoice):
        """:return: function of a session that credits the invoice in some way"""
        pick = self.random.choice
        way = pick(("dialog", "dialog", "json2", "rpc", "as_odoo", "by_hand"))
        amount = round(invoice["total"] * self.random.uniform(0.1, 0.7), 2)
        if way == "by_hand":
            return lambda session: session.credit_by_hand(invoice, amount)
        values = pick(
            (
                {},
                {"credit_method": "amount", "amount": amount},
                {"credit_method": "percentage", "percentage": pick((30, 50, 100))},
                self.line_values(invoice),
            )
        )
        return self.credit_by(way, [invoice["id"]], **values)

    def credit_by(self, way, ids, **values):
        name = {
            "dialog": "credit_in_dialog",
            "json2": "credit_by_json2",
            "rpc": "credit_by_rpc",
            "as_odoo": "credit_as_odoo",
        }[way]
        return lambda session: getattr(session, name)(ids, **values)

    def line_values(self, invoice):
        """:return: values of a dialog that credits a part of the first line"""
        [line] = self.select(
            "SELECT id, quantity FROM account_move_line"
            " WHERE move_id = %s AND display_type = 'product' ORDER BY id LIMIT 1",
            invoice["id"],
        )
        return {
            "credit_method": "lines",
            "line_ids": [
                [
                    0,
                    0,
                    {
                        "invoice_line_id": line[0],
                        "quantity": self.random.choice((1, 2)),
                    },
                ]
            ],
        }

    def round_same_invoice(self):
        [invoice] = self.make_invoices(1)
        return [self.any_credit(invoice) for _session in self.sessions]

    def round_paid_invoice(self):
        [invoice] = self.make_paid_invoices(1)
        return [self.any_credit(invoice) for _session in self.sessions]

    def round_drafts(self):
        """Confirmed at once. Nothing is reconciled with a paid invoice: but for the
        lock of the addon, nothing keeps them apart.
        """
        [invoice] = self.make_paid_invoices(1)
        ids = [
            self.admin.make_draft(invoice, round(invoice["total"] * 0.6, 2))
            for _session in self.sessions
        ]
        return [
            lambda session, move_id=move_id: session.post_draft(move_id)
            for move_id in ids
        ]

    def round_one_line(self):
        [invoice] = self.make_invoices(1)
        ways = ("dialog", "json2", "rpc", "as_odoo")
        return [
            self.credit_by(
                self.random.choice(ways), [invoice["id"]], **self.line_values(invoice)
            )
            for _session in self.sessions
        ]

    def round_credit_and_payment(self):
        [invoice] = self.make_invoices(1)
        part = round(invoice["total"] / 2, 2)
        return [
            (lambda session: session.pay([invoice["id"]], part))
            if number % 2
            else self.any_credit(invoice)
            for number, _session in enumerate(self.sessions)
        ]

    def round_apply_from_two_sides(self):
        """Two credits, both applied to the one open invoice, which others pay."""
        [target] = self.make_invoices(1)
        paid = self.make_paid_invoices(2)
        actions = [
            self.credit_by(
                self.random.choice(("dialog", "json2")),
                [invoice["id"]],
                settlement="apply",
            )
            for invoice in paid
        ]
        actions += [
            lambda session: session.pay([target["id"]]),
            self.any_credit(target),
        ]
        return actions[: len(self.sessions)]

    def round_overlapping_invoices(self):
        """Several at a time, in another order each: nobody waits for ever."""
        ids = [invoice["id"] for invoice in self.make_invoices(3)]
        return [
            self.credit_by("dialog", self.random.sample(ids, 2))
            for _session in self.sessions
        ]

    def round_background_batches(self):
        """The scheduler credits what others credit in the dialog, and pay."""
        invoices = self.make_invoices(BATCH + 2)
        ids = [invoice["id"] for invoice in invoices]
        self.admin.pay(ids[:2])
        pick = self.random.choice
        values = pick(
            (
                {},
                {"credit_method": "percentage", "percentage": 60},
                {"settlement": "apply"},
            )
        )
        several = self.random.sample(ids, BATCH - 1)
        actions = [
            lambda session: session.credit_in_background(ids, **values),
            self.any_credit(pick(invoices)),
            pick(
                (
                    self.credit_by(pick(("dialog", "rpc")), several),
                    lambda session: session.credit_in_background(ids[::-1][:BATCH]),
                )
            ),
            lambda session: session.pay([ids[-1]]),
        ]
        return actions[: len(self.sessions)]

    def round_invoice_again(self):
        [invoice] = self.make_invoices(1)
        credit_note = self.make_credit_note(invoice)
        return [
            lambda session: session.call(
                "account.move", "action_invoice_again", [credit_note]
            )
            for _session in self.sessions
        ]

    def round_repeated_request(self):
        """Programs that lost the answer ask again, with the key of the first time."""
        [invoice] = self.make_invoices(1)
        key = f"request {uuid.uuid4()}"
        values = {
            "credit_method": "percentage",
            "percentage": 10.0,
            "reason": key,
            "request_key": key,
        }

        def ask(session):
            for _time in range(3):
                try:
                    session.credit_by_json2([invoice["id"]], **values)
                except (requests.RequestException, ValueError):
                    if not self.options.crashes:
                        raise

        return [ask for _session in self.sessions]

    def round_first_print(self):
        """Everybody gets the same file."""
        [invoice] = self.make_invoices(1)
        credit_note = self.make_credit_note(invoice)
        files = set()

        def download(session):
            # For each, a browser of the server's own wants a worker, too.
            with self.stress.printing:
                files.add(session.download(credit_note))
            if len(files) > 1:
                raise Failed(f"two different files of {credit_note}")

        return [download for _session in self.sessions]

    def round_one_for_several(self):
        """One document of several invoices, which others credit and pay."""
        invoices = self.make_invoices(4)
        ids = [invoice["id"] for invoice in invoices]
        self.admin.pay(ids[:1])
        pick = self.random.choice

        def as_one():
            values = pick(
                (
                    {},
                    {"credit_method": "percentage", "percentage": pick((30, 60))},
                    {"credit_method": "amount", "amount": invoices[0]["total"]},
                )
            )
            several = self.random.sample(ids, 3)
            return lambda session: session.credit_as_one(several, **values)

        return [
            as_one(),
            self.any_credit(pick(invoices)),
            *(
                pick((as_one(), lambda session: session.pay([pick(ids)])))
                for _session in self.sessions[2:]
            ),
        ][: len(self.sessions)]

    def round_former_invoice(self):
        """Together more than its total; for all it is the first time, and each writes
        its number otherwise.
        """
        number = f"FORMER-{uuid.uuid4()}"
        spellings = (number, number.lower(), number.replace("-", " / "), f" {number} ")
        reason = self.stress.reasons[False]
        return [
            lambda session, number=number: session.credit_former(
                number, self.partner, 100.0, 60.0, reason
            )
            for number, _session in zip(
                itertools.cycle(spellings), self.sessions, strict=False
            )
        ]

    def make_credit_note(self, invoice):
        """:return: id of the credit note of all that is left of the invoice"""
        self.admin.credit_by_json2([invoice["id"]])
        [[credit_note]] = self.select(
            "SELECT id FROM account_move WHERE reversed_entry_id = %s", invoice["id"]
        )
        return credit_note

    def round_use_credit(self):
        """The credit of one is applied and taken off, while others pay and credit."""
        [paid] = self.make_paid_invoices(1)
        credit_note = self.make_credit_note(paid)
        invoices = self.make_invoices(2)
        ids = [invoice["id"] for invoice in invoices]
        self.admin.use_credit(credit_note, ids[:1])
        return [
            lambda session: session.use_credit(credit_note, ids[1:]),
            lambda session: session.use_credit(credit_note, []),
            self.any_credit(invoices[1]),
            *(lambda session: session.pay(ids[:1]) for _session in self.sessions[3:]),
        ][: len(self.sessions)]

    def round_refund_online(self):
        """The provider is asked by several, while others use or pay the credit."""
        if not self.stress.provider:
            return []
        [invoice] = self.make_invoices(1)
        self.stress.pay_online(self.admin, invoice)
        credit_note = self.make_credit_note(invoice)
        [other] = self.make_invoices(1)
        return [
            lambda session: session.refund_online(credit_note, 1.0),
            lambda session: session.refund_online(credit_note, 0.6),
            self.random.choice(
                (
                    lambda session: session.use_credit(credit_note, [other["id"]]),
                    lambda session: session.pay([credit_note]),
                )
            ),
            *(
                lambda session: session.refund_online(credit_note, 0.6)
                for _session in self.sessions[3:]
            ),
        ][: len(self.sessions)]

    def round_approval(self):
        """Somebody asks, others approve, refuse and credit it otherwise."""
        invoices = self.make_invoices(2)
        ids = [invoice["id"] for invoice in invoices]
        batch = self.admin.ask_approval(ids, self.stress.reasons[True])

        def decide(method):
            return lambda session: session.decide(batch, method)

        return [
            decide("action_approve"),
            *(
                decide(self.random.choice(("action_approve", "action_refuse")))
                for _session in self.sessions[2:]
            ),
            self.any_credit(invoices[0]),
        ][: len(self.sessions)]

    # -- rounds ----------------------------------------------------------------

    def run(self, end):
        # Not the same in all lanes.
        start = self.number * 3 % len(KINDS)
        kinds = KINDS[start:] + KINDS[:start]
        if self.options.only:
            kinds = (self.options.only,)
        for kind in itertools.cycle(kinds):
            if self.stress.is_over(end):
                return
            self.run_round(kind)

    def run_round(self, kind):
        actions = getattr(self, f"round_{kind}")()
        if not actions:
            return
        crash = self.options.crashes and self.random.random() < 0.5
        barrier = threading.Barrier(len(actions) + crash)
        with ThreadPoolExecutor(len(actions) + 1) as pool:
            outcomes = [
                pool.submit(self.act, session, action, barrier)
                for session, action in zip(self.sessions, actions, strict=False)
            ]
            if crash:
                pool.submit(self.crash, barrier).result()
            results = [outcome.result() for outcome in outcomes]
        name = kind.replace("_", " ")
        for result, text in results:
            self.stress.counts[result] += 1
            if result == "failed":
                self.stress.wrong.append(f"{name}: {text}")
            elif self.options.verbose:
                print(f"{name}: {result} {text}")
        if crash:
            self.wait_for_quiet()
        if kind in ("background_batches", "approval"):
            self.wait_for_batches()
        self.stress.kinds[name] += 1
        self.stress.check()

    def act(self, session, action, barrier):
        barrier.wait()
        try:
            action(session)
        except Refused as error:
            return "refused", str(error)
        except requests.RequestException as error:
            if self.options.crashes:
                return "cut", str(error)
            return "failed", repr(error)
        except Failed as error:
            if any(name in str(error) for name in CONFLICTS):
                return "given up", str(error)
            # Denied: cut while Odoo looked up who asks.
            if self.options.crashes and any(
                name in str(error) for name in ("psycopg2.", "exceptions.AccessDenied")
            ):
                return "cut", str(error)
            return "failed", str(error)
        except ValueError as error:
            # No JSON: the answer was cut off.
            return ("cut" if self.options.crashes else "failed"), repr(error)
        return "done", ""

    # -- crashes ---------------------------------------------------------------

    def crash(self, barrier):
        """Kill a worker of the server, or cut its connections to the database."""
        barrier.wait()
        time.sleep(self.random.uniform(0.02, 1.2))
        if self.random.random() < 0.5:
            workers = [
                process
                for process in psutil.Process(self.options.master).children()
                if "gevent" not in process.cmdline()
            ]
            for process in self.random.sample(workers, min(len(workers), 2)):
                process.kill()
            self.stress.counts["workers killed"] += 1
        else:
            self.select(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = %s AND pid <> pg_backend_pid()",
                self.options.db,
            )
            self.stress.counts["connections cut"] += 1

    def wait_for_quiet(self):
        """Until no transaction of the server is open: what was killed is undone."""
        for _try in range(200):
            [[busy]] = self.select(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = %s"
                " AND pid <> pg_backend_pid() AND xact_start IS NOT NULL",
                self.options.db,
            )
            if not busy:
                return
            time.sleep(0.1)

    def wait_for_batches(self):
        """Until nothing is left to do in the background."""
        end = time.monotonic() + PATIENCE
        while self.select(
            "SELECT id FROM account_credit_note_batch WHERE state = 'running'"
        ):
            if time.monotonic() > end:
                self.stress.wrong.append("a batch does not come to its end")
                return
            self.stress.wake_scheduler()
            time.sleep(0.2)


class Stress:
    """All rounds, and what was seen in them."""

    def __init__(self, options):
        self.options = options
        self.counts = Counter()
        self.kinds = Counter()
        self.wrong = []
        self.printing = threading.Semaphore(2)
        self.connection = psycopg2.connect(
            host=options.socket, user=options.role, dbname=options.db
        )
        self.connection.autocommit = True
        # What is in the database already is none of ours.
        [[self.first_move]] = self.select("SELECT max(id) FROM account_move")

    def select(self, query, *values):
        with self.connection.cursor() as cursor:
            cursor.execute(query, values)
            return cursor.fetchall()

    def run(self):
        self.log_in()
        self.prepare_scheduler()
        self.prepare_provider()
        end = time.monotonic() + self.options.seconds
        lanes = [Lane(self, number) for number in range(self.options.lanes)]
        with ThreadPoolExecutor(len(lanes)) as pool:
            for result in [pool.submit(lane.run, end) for lane in lanes]:
                result.result()
        return self.report()

    def log_in(self):
        options = self.options
        self.admin = Session(options.url, options.db, "admin", options.password)
        [[group]] = self.select(
            "SELECT res_id FROM ir_model_data"
            " WHERE module = 'account' AND name = 'group_account_invoice'"
        )
        [[approvers]] = self.select(
            "SELECT res_id FROM ir_model_data WHERE name = 'group_credit_note_approver'"
        )
        logins = ["stress_1", "stress_2"]
        self.admin.call(
            "res.users",
            "create",
            [
                {
                    "name": login,
                    "login": login,
                    "password": PASSWORD,
                    "group_ids": [[4, group], [4, approvers]],
                }
                for login in logins
            ],
        )
        self.clerks = [
            Session(options.url, options.db, login, PASSWORD) for login in logins
        ]

    def prepare_scheduler(self):
        """Let it do nothing but batches, and make small ones."""
        [[self.cron]] = self.select(
            "SELECT res_id FROM ir_model_data"
            " WHERE name = 'ir_cron_account_credit_note_batch'"
        )
        self.select("UPDATE ir_cron SET active = (id = %s) RETURNING id", self.cron)
        [[company]] = self.select(
            "SELECT company_id FROM res_users WHERE login = 'admin'"
        )
        self.admin.call(
            "res.company",
            "write",
            [company],
            {"credit_note_background_limit": BATCH, "credit_note_approval": True},
        )
        # A reason that needs a second person, and one that needs none.
        self.reasons = {
            needs: self.admin.call(
                "account.credit.note.reason",
                "create",
                {"name": f"Stress {needs}", "needs_approval": needs},
            )
            for needs in (True, False)
        }
        self.postgres = psycopg2.connect(
            host=self.options.socket, user=self.options.role, dbname="postgres"
        )
        self.postgres.autocommit = True

    def prepare_provider(self):
        """Let Odoo's demo provider take payments, where it is installed."""
        self.invariants = dict(INVARIANTS)
        self.provider = dict(
            self.select(
                "SELECT name, res_id FROM ir_model_data WHERE (module, name) IN"
                " (('payment', 'payment_provider_demo'),"
                " ('payment', 'cron_post_process_payment_tx'),"
                " ('payment_demo', 'payment_method_demo'))"
            )
        )
        if "payment_method_demo" not in self.provider:
            self.provider = {}
            return
        if not self.options.crashes:
            self.invariants |= PAYMENT_INVARIANTS
        provider = [self.provider["payment_provider_demo"]]
        self.admin.call("payment.provider", "write", provider, {"state": "test"})

    def pay_online(self, session, invoice):
        """As the customer does, on a page of the provider."""
        reference = f"online {invoice['name']}"
        [[currency]] = self.select(
            "SELECT currency_id FROM account_move WHERE id = %s", invoice["id"]
        )
        session.call(
            "payment.transaction",
            "create",
            {
                "provider_id": self.provider["payment_provider_demo"],
                "payment_method_id": self.provider["payment_method_demo"],
                "reference": reference,
                "amount": invoice["total"],
                "currency_id": currency,
                "partner_id": invoice["partner_id"],
                "invoice_ids": [[6, 0, [invoice["id"]]]],
                "operation": "online_direct",
            },
        )
        session.post(
            "/payment/demo/simulate_payment",
            {"params": {"reference": reference, "simulated_state": "done"}},
        )
        # Odoo's scheduler books it.
        while self.select(
            "SELECT id FROM payment_transaction"
            " WHERE reference = %s AND NOT COALESCE(is_post_processed, false)",
            reference,
        ):
            session.call(
                "ir.cron",
                "method_direct_trigger",
                [self.provider["cron_post_process_payment_tx"]],
            )

    def wake_scheduler(self):
        """As time does: what a crash stopped goes on after a while."""
        self.select(
            "INSERT INTO ir_cron_trigger (cron_id, call_at)"
            " SELECT %s, now() AT TIME ZONE 'UTC' WHERE NOT EXISTS"
            " (SELECT FROM ir_cron_trigger WHERE cron_id = %s) RETURNING id",
            self.cron,
            self.cron,
        )
        with self.postgres.cursor() as cursor:
            cursor.execute("SELECT pg_notify('cron_trigger', %s)", [self.options.db])

    def is_over(self, end):
        if self.wrong:
            return True
        if self.options.rounds:
            return self.kinds.total() >= self.options.rounds
        return time.monotonic() >= end

    # -- what must be true -----------------------------------------------------

    def check(self):
        for what, query in self.invariants.items():
            for row in self.select(query, self.first_move):
                self.wrong.append(f"{what}: {row}")

    # -- the end ---------------------------------------------------------------

    def read_log(self):
        """Count conflicts, and find errors that are none of Odoo's answers."""
        with open(self.options.log, errors="replace") as log:
            text = log.read()
        self.counts["conflicts"] = len(re.findall(r"tries left, try again in", text))
        if self.options.crashes:
            return
        for entry in re.split(r"\n(?=\d{4}-\d\d-\d\d )", text):
            if re.search(r" (ERROR|CRITICAL) ", entry[:80]) or "Traceback" in entry:
                is_conflict = any(name in entry for name in CONFLICTS) or any(
                    sentence in entry
                    for sentence in (
                        "could not serialize access",
                        "could not obtain lock",
                        "deadlock detected",
                        # Of wkhtmltopdf, which keeps a connection open.
                        "Request timed out",
                    )
                )
                if not is_conflict:
                    self.wrong.append(f"in the log: {entry[:3000]}")

    def report(self):
        self.read_log()
        counts = self.counts
        [[documents, invoices]] = self.select(
            "SELECT count(*) FILTER (WHERE move_type = 'out_refund'),"
            " count(*) FILTER (WHERE move_type = 'out_invoice')"
            " FROM account_move WHERE id > %s AND state = 'posted'",
            self.first_move,
        )
        print(
            f"{self.kinds.total()} rounds of {self.options.sessions} sessions "
            f"(seed {self.options.seed}): "
            + ", ".join(f"{count} {kind}" for kind, count in self.kinds.items())
        )
        print(
            f"{counts['done']} done, {counts['refused']} refused with a sentence, "
            f"{counts['given up']} given up after five tries, {counts['cut']} cut off; "
            f"{counts['conflicts']} conflicts that Odoo ran again"
        )
        if self.options.crashes:
            print(
                f"{counts['workers killed']} times workers killed, "
                f"{counts['connections cut']} times connections to the database cut"
            )
        [[done, failed]] = self.select(
            "SELECT count(*) FILTER (WHERE state = 'done'),"
            " count(*) FILTER (WHERE state = 'failed')"
            " FROM account_credit_note_batch_line WHERE invoice_id > %s",
            self.first_move,
        )
        print(
            f"{done} invoices credited in the background, {failed} could not be and "
            "say why"
        )
        print(
            f"{documents} credit notes posted for {invoices} invoices; "
            f"looked for after each round: {', '.join(self.invariants)}"
        )
        # Rounds of one kind may refuse nothing.
        refused = counts["refused"] or self.options.only
        if not self.wrong and not (counts["conflicts"] and refused):
            self.wrong.append("no two sessions met: this run shows nothing")
        for text in self.wrong:
            print(f"WRONG  {text}")
        if not self.wrong:
            print("None of these was found.")
        return 1 if self.wrong else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", required=True)
    parser.add_argument("--db", required=True)
    parser.add_argument("--socket", required=True)
    parser.add_argument("--role", required=True)
    parser.add_argument("--log", required=True)
    parser.add_argument("--master", type=int, required=True)
    parser.add_argument("--password", default="admin")
    parser.add_argument("--lanes", type=int, default=2)
    parser.add_argument("--sessions", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=0)
    parser.add_argument("--seconds", type=int, default=120)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", choices=KINDS)
    parser.add_argument("--crashes", action="store_true")
    parser.add_argument("--verbose", action="store_true")
    options = parser.parse_args()
    if options.crashes:
        options.lanes = 1
    options.seed = options.seed or random.SystemRandom().randint(1, 10**6)
    return Stress(options).run()


if __name__ == "__main__":
    sys.exit(main())
