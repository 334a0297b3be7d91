"""Steps of dev/check upgrade, each run by `odoo shell` (with `env`) on one database.

STEP names the step, STATE the file in which one step tells the next what it saw. The
step `work` runs with the release, and those after it with the present addon.
"""

import json
import os
from datetime import date, timedelta
from pathlib import Path

import psycopg2
from schema import read_schema

from odoo import Command

ADDON = "account_partner_credit_note"
# What has to come through the upgrade as it was: of which rows, in all their columns.
TABLES = {
    "account_move": "true",
    "account_move_line": "true",
    "account_partial_reconcile": "true",
    "account_credit_note_batch": "true",
    "account_credit_note_batch_line": "true",
    "account_credit_note_reason": "true",
    "account_document_lock_log": "true",
    "ir_attachment": "res_model IN ('account.move', 'account.credit.note.batch')",
    "mail_message": "model IN ('account.move', 'account.credit.note.batch')",
    "mail_template": "model = 'account.move'",
}
env = globals()["env"]
state_file = Path(os.environ["STATE"])
state = json.loads(state_file.read_text()) if state_file.exists() else {}


def expect(what, seen, expected):
    if seen != expected:
        raise SystemExit(f"WRONG {what}: {seen}, and not {expected}")


# -----------------------------------------------------------------------------
# WHAT IS THERE
# -----------------------------------------------------------------------------


def rows(tables, columns=None):
    """:return: {table: {id: row}}, of these columns only, if they are named"""
    env.flush_all()
    found = {}
    for table in tables:
        env.cr.execute(
            f"SELECT id, to_jsonb(t) FROM {table} t WHERE {TABLES[table]} ORDER BY id"
        )
        found[table] = {
            str(id_): {
                name: value
                for name, value in row.items()
                if columns is None or name in columns[table]
            }
            for id_, row in env.cr.fetchall()
        }
    return found


def expect_rows(when, tables):
    """All rows of these tables that the release left are there, as they were."""
    columns = {table: set().union(*state["rows"][table].values()) for table in tables}
    found = rows(tables, columns)
    for table in tables:
        for id_, row in state["rows"][table].items():
            now = found[table].get(id_)
            if now is None:
                raise SystemExit(f"WRONG {when}: {table} {id_} is gone")
            changed = {
                name: (value, now[name])
                for name, value in row.items()
                if name in now and now[name] != value
            }
            expect(f"{when}: {table} {id_}", changed, {})
            expect(f"{when}: columns of {table}", row.keys() - now.keys(), set())


def left():
    """:return: {id of an invoice: what is left to credit}"""
    invoices = env["account.move"].search(
        [("move_type", "in", ("out_invoice", "out_receipt")), ("state", "=", "posted")]
    )
    return {str(invoice.id): invoice.amount_creditable for invoice in invoices}


def files():
    """:return: {id: checksum of the content} of the archived files"""
    attachments = env["ir.attachment"].browse(state["files"])
    return {str(file.id): file._compute_checksum(file.raw) for file in attachments}


# -----------------------------------------------------------------------------
# STEPS
# -----------------------------------------------------------------------------


def note_schema():
    state["schema"] = read_schema(env.cr)


def make_invoices(count, **values):
    invoices = env["account.move"].create(
        [
            {
                "move_type": "out_invoice",
                "partner_id": customer().id,
                "invoice_date": date.today() - timedelta(days=40),
                "invoice_line_ids": [
                    Command.create({"name": "A", "quantity": 3, "price_unit": 33.33}),
                    Command.create({"name": "B", "quantity": 1, "price_unit": 7.77}),
                ],
                **values,
            }
            for _number in range(count)
        ]
    )
    invoices.action_post()
    return invoices


def customer():
    name = "Customer of the release"
    partner = env["res.partner"].search([("name", "=", name)])
    return partner or env["res.partner"].create(
        {"name": name, "email": "c@example.com"}
    )


def credit(invoices, action="action_issue", **values):
    context = invoices.action_credit_note()["context"]
    wizard = env["account.move.reversal"].with_context(**context).create(values)
    getattr(wizard, action)()
    return wizard.new_move_ids


def run_cron(name):
    # It has a transaction of its own, and the next one here sees what it did.
    env.cr.commit()
    env.ref(f"{ADDON}.{name}").method_direct_trigger()
    env.cr.commit()
    env.invalidate_all()


def work():
    """All that the release can leave in a database."""
    installed = env.ref(f"base.module_{ADDON}").installed_version
    expect("release", installed, "19.0.1.0.0")
    company = env.company
    reason = env["account.credit.note.reason"].create({"name": "Our own reason"})
    used = env.ref(f"{ADDON}.credit_note_reason_goods_returned")
    used.name = "Came back"
    template = env.ref(f"{ADDON}.mail_template_credit_note")
    template.subject = "Our own subject"

    whole, by_amount, by_lines, drafted, paid, untouched = make_invoices(6)
    currency = (
        env["res.currency"]
        .with_context(active_test=False)
        .search(
            [("name", "in", ("EUR", "USD")), ("id", "!=", company.currency_id.id)],
            limit=1,
        )
    )
    currency.active = True
    foreign = make_invoices(2, currency_id=currency.id)
    notes = credit(whole, reason_id=reason.id, reason="all of it")
    notes += credit(by_amount, credit_method="amount", amount=11.11, reason_id=used.id)
    notes += credit(foreign[0], credit_method="percentage", percentage=33.3)
    action = by_lines.action_credit_note()
    wizard = (
        env["account.move.reversal"]
        .with_context(**action["context"])
        .create({"credit_method": "lines"})
    )
    wizard.line_ids[0].quantity = 1.0
    wizard.line_ids[1:].quantity = 0.0
    wizard.action_issue()
    notes += wizard.new_move_ids
    credit(drafted, action="refund_moves", credit_method="amount", amount=5.0)
    env["account.payment.register"].with_context(
        active_model="account.move", active_ids=paid.ids
    ).create({})._create_payments()
    notes += credit(paid, credit_method="percentage", percentage=50.0)
    env["account.move.send"]._generate_and_send_invoices(
        notes[:2] + untouched, sending_methods=["manual"]
    )

    # A batch that is done but for an invoice, and one that waits.
    company.credit_note_background_limit = 2
    batches = make_invoices(3)
    credit(batches, reason_id=reason.id)
    credit(batches[0], credit_method="amount", amount=1.0)
    credit_native = batches[1]._reverse_moves(
        [{"invoice_date": date.today()}], cancel=True
    )
    expect("credited before", credit_native.state, "posted")
    run_cron("ir_cron_account_credit_note_batch")
    credit(make_invoices(3), reason_id=used.id)

    company.lock_posted_invoices = False
    company.lock_posted_invoices = True
    batch = env["account.credit.note.batch"].search([])
    state["batches"] = [[batch.state, batch.failed_count] for batch in batch]
    expect("batches", state["batches"], [["running", 0], ["done", 1]])
    expect("log", env["account.document.lock.log"].search_count([]) >= 2, True)
    state["files"] = (
        env["ir.attachment"]
        .search([("res_model", "=", "account.move"), ("res_field", "!=", False)])
        .ids
    )
    state["left"], state["file_contents"] = left(), files()
    expect("archived files", len(state["files"]) >= 3, True)
    state["rows"] = rows(TABLES)
    env.cr.commit()


def expect_sealed():
    """All issued documents, and the database itself refuses to change them."""
    while True:
        env.cr.execute("SELECT count(*) FROM account_document_seal WHERE chain IS NULL")
        [unchained] = env.cr.fetchone()
        if not unchained:
            break
        run_cron("ir_cron_account_document_seal")
    env.cr.execute(
        "SELECT count(*) FROM account_move m WHERE state = 'posted'"
        " AND move_type IN ('out_invoice', 'out_refund', 'out_receipt')"
        " AND NOT EXISTS (SELECT FROM account_document_seal WHERE move_id = m.id)"
    )
    expect("documents without a seal", env.cr.fetchone()[0], 0)
    invoice = customer().invoice_ids.filtered(lambda move: move.state == "posted")[:1]
    for statement in (
        "UPDATE account_move SET ref = 'forged' WHERE id = %s",
        "DELETE FROM account_move_line WHERE move_id = %s",
    ):
        try:
            with env.cr.savepoint():
                env.cr.execute(statement, [invoice.id], log_exceptions=False)
        except psycopg2.Error:
            continue
        raise SystemExit(f"WRONG: the database takes {statement}")
    env.cr.commit()


def check_upgraded():
    manifest = env["ir.module.module"].get_module_info(ADDON)["version"]
    installed = env.ref(f"base.module_{ADDON}").installed_version
    expect("version", (installed, installed != "19.0.1.0.0"), (manifest, True))
    expect_rows("after the upgrade", TABLES)
    expect("left to credit", left(), state["left"])
    expect("archived files", files(), state["file_contents"])
    expect_sealed()


def go_on():
    """The batch that waits is issued, what failed is tried again, the rest credited."""
    run_cron("ir_cron_account_credit_note_batch")
    waiting, failed = env["account.credit.note.batch"].search([])
    expect("batch that waited", [waiting.state, waiting.failed_count], ["done", 0])
    expect("its credit notes", waiting.done_count, 3)
    failed.action_retry()
    run_cron("ir_cron_account_credit_note_batch")
    expect(
        "nothing is left of that one", [failed.state, failed.failed_count], ["done", 1]
    )
    env.company.credit_note_background_limit = 0
    invoices = customer().invoice_ids.filtered(
        lambda move: (
            move.move_type == "out_invoice"
            and move.state == "posted"
            and move.amount_creditable
        )
    )
    expect("there is something to credit", len(invoices) >= 5, True)
    # The draft that the release left is issued, too.
    drafts = customer().invoice_ids.filtered(
        lambda move: move.move_type == "out_refund" and move.state == "draft"
    )
    expect("drafts", len(drafts), 1)
    drafts.action_post()
    for invoice in invoices:
        credit(invoice)
        expect(f"left of {invoice.name}", invoice.amount_creditable, 0.0)
        expect(f"due of {invoice.name}", invoice.amount_residual, 0.0)
    # An archived file is printed again as it is.
    expect("archived files", files(), state["file_contents"])
    expect_sealed()
    state["left"] = left()
    state["rows"] = rows(TABLES)
    env.cr.commit()


def uninstall():
    env["ir.module.module"].search([("name", "=", ADDON)]).button_immediate_uninstall()


def check_uninstalled():
    expect("archived files", files(), state["file_contents"])
    before, after = set(state["schema"]), set(read_schema(env.cr))
    expect("left in the schema", sorted(after - before), [])
    expect("missing in the schema", sorted(before - after), [])
    for table in ("account_move", "account_move_line"):
        env.cr.execute(f"SELECT id FROM {table}")
        ids = {str(id_) for [id_] in env.cr.fetchall()}
        expect(f"rows of {table}", state["rows"][table].keys() - ids, set())


def check_installed_again():
    expect("left to credit", left(), state["left"])
    expect("archived files", files(), state["file_contents"])
    # What the addon itself notes on documents went with it: its columns.
    odoo = {line.split(" ")[0] for line in state["schema"]}
    for table in ("account_move", "account_move_line"):
        for row in state["rows"][table].values():
            for name in list(row):
                if f"{table}.{name}" not in odoo:
                    del row[name]
    expect_rows("installed again", ("account_move", "account_move_line"))
    expect_sealed()


globals()[os.environ["STEP"]]()
state_file.write_text(json.dumps(state, default=str))
print(f"passed {os.environ['STEP']}")
