"""Steps of dev/check install, each run by `odoo shell` (with `env`) on one database.

STEP names the step, STATE the file in which one step tells the next what it saw.
"""

import hashlib
import json
import os
from datetime import date, timedelta
from pathlib import Path

from schema import read_schema

ADDON = "account_partner_credit_note"
env = globals()["env"]
state_file = Path(os.environ["STATE"])
state = json.loads(state_file.read_text()) if state_file.exists() else {}


def expect(what, seen, expected):
    if seen != expected:
        raise SystemExit(f"WRONG {what}: {seen}, and not {expected}")


def make_history():
    """Years of invoices and credit notes from before the addon, in two companies."""
    companies = env.company
    other = env["res.company"].create({"name": "Second company"})
    env["account.chart.template"].try_loading("generic_coa", company=other)
    companies |= other
    partner = env["res.partner"].create({"name": "History", "email": "h@example.com"})
    left = {}
    for company in companies:
        moves = env["account.move"].with_company(company)
        for age in (1500, 700, 30):
            invoices = moves.create(
                [
                    {
                        "move_type": "out_invoice",
                        "partner_id": partner.id,
                        "invoice_date": date.today() - timedelta(days=age),
                        "invoice_line_ids": [
                            (0, 0, {"name": "A", "quantity": 2, "price_unit": 100}),
                            (0, 0, {"name": "B", "quantity": 1, "price_unit": 50}),
                        ],
                    }
                    for _number in range(3)
                ]
            )
            invoices.action_post()
            untouched, whole, part = invoices
            whole._reverse_moves([{"invoice_date": whole.invoice_date}], cancel=True)
            draft = part._reverse_moves([{"invoice_date": part.invoice_date}])
            draft.invoice_line_ids[0].unlink()
            draft.action_post()
            left[untouched.id] = untouched.amount_total
            left[whole.id] = 0.0
            left[part.id] = round(part.amount_total - draft.amount_total, 2)
    state["left"] = left
    # A document that was sent: its PDF is kept with it.
    env["account.move.send"]._generate_and_send_invoices(
        untouched, sending_methods=["manual"]
    )
    state["pdf"] = untouched.id
    note_documents()
    state["schema_before"] = read_schema(env.cr)
    env.cr.commit()


def documents():
    """:return: what stands on the documents, of the fields that Odoo itself has"""
    env.flush_all()
    env.cr.execute(
        "SELECT m.id, m.name, m.state, m.payment_state, m.amount_total::text,"
        " m.amount_residual::text, m.reversed_entry_id, m.invoice_date::text,"
        " count(l.id), sum(l.balance)::text, sum(l.amount_residual)::text"
        " FROM account_move m JOIN account_move_line l ON l.move_id = m.id"
        " GROUP BY m.id ORDER BY m.id"
    )
    return [list(row) for row in env.cr.fetchall()]


def note_documents():
    state["documents"] = documents()
    state["pdf_hash"] = pdf_hash()


def pdf_hash():
    [attachment] = env["ir.attachment"].search(
        [
            ("res_model", "=", "account.move"),
            ("res_id", "=", state["pdf"]),
            ("res_field", "=", "invoice_pdf_report_file"),
        ]
    )
    return hashlib.sha256(attachment.raw).hexdigest()


def data():
    """:return: what the addon has brought, by external id"""
    env.cr.execute(
        "SELECT name, model, res_id, noupdate FROM ir_model_data WHERE module = %s"
        " ORDER BY 1, 2",
        [ADDON],
    )
    return [list(row) for row in env.cr.fetchall()]


def check_history():
    """What is left to credit is right from the first minute."""
    expect("documents after installing", documents(), state["documents"])
    invoices = env["account.move"].browse(map(int, state["left"]))
    expect(
        "left to credit",
        {str(invoice.id): invoice.amount_creditable for invoice in invoices},
        state["left"],
    )
    note_upgrade()


def note_upgrade():
    state["schema"], state["data"] = read_schema(env.cr), data()


def check_upgrade():
    """Upgrading once more changes nothing."""
    expect("documents after upgrading", documents(), state["documents"])
    expect("data after upgrading", data(), state["data"])
    expect("schema after upgrading", read_schema(env.cr), state["schema"])


def credit():
    """Use it all: a reason, a credit note by line, its PDF, a switch of the lock."""
    reason = env.ref(f"{ADDON}.credit_note_reason_goods_returned")
    ids = [int(move_id) for move_id, left in state["left"].items() if left]
    for invoice in env["account.move"].browse(ids):
        wizard = env["account.move.reversal"].create(
            {
                "move_ids": [(6, 0, invoice.ids)],
                "reason_id": reason.id,
                "reason": "broken",
            }
        )
        wizard.action_issue()
        expect("left after crediting", invoice.amount_creditable, 0.0)
        expect("settled", wizard.new_move_ids.payment_state, "paid")
    env["account.move.send"]._generate_and_send_invoices(
        wizard.new_move_ids, sending_methods=["manual"]
    )
    state["pdf"] = wizard.new_move_ids.id
    company = env.company
    company.lock_posted_invoices = False
    company.lock_posted_invoices = True
    note_documents()
    env.cr.commit()


def uninstall():
    env["ir.module.module"].search([("name", "=", ADDON)]).button_immediate_uninstall()


def check_uninstalled():
    """Documents, links and PDFs are there, and Odoo is as it was."""
    expect("documents after uninstalling", documents(), state["documents"])
    expect("PDF after uninstalling", pdf_hash(), state["pdf_hash"])
    expect("data after uninstalling", data(), [])
    before, after = set(state["schema_before"]), set(read_schema(env.cr))
    expect("left in the schema", sorted(after - before), [])
    expect("missing in the schema", sorted(before - after), [])
    for model in ("ir.model", "ir.model.fields", "ir.ui.view", "ir.rule", "ir.cron"):
        field = "model" if model == "ir.model" else "name"
        left = env[model].search([(field, "like", "credit.note.")])
        expect(f"left of {model}", left.mapped(field), [])
    note = env["account.move"].browse(state["pdf"])
    html, _type = env["ir.actions.report"]._render_qweb_html(
        "account.account_invoices", note.ids
    )
    expect("the credit note can be printed", note.name.encode() in html, True)
    # Odoo's own way is open again.
    note.button_draft()
    env.cr.rollback()


def check_bare():
    """Without demo data, in French, and in a company without a chart of accounts."""
    demo = env.ref("base.user_demo", raise_if_not_found=False)
    expect("demo data", bool(demo), False)
    reason = env.ref(f"{ADDON}.credit_note_reason_goods_returned")
    english, french = (
        reason.with_context(lang=lang).name for lang in ("en_US", "fr_FR")
    )
    expect("translated", english != french, True)
    company = env["res.company"].create({"name": "No chart"})
    env.user.company_ids += company
    bare = env(context={"lang": "fr_FR", "allowed_company_ids": company.ids})
    expect(
        "accounts",
        bare["account.account"].search_count([("company_ids", "in", company.ids)]),
        0,
    )
    for model in ("res.partner", "account.move", "account.move.reversal"):
        bare[model].get_view(view_type="form")
    bare["res.config.settings"].create({"over_credit_policy": "warn"}).execute()
    expect("policy", company.over_credit_policy, "warn")
    hints = bare["account.move"].get_customer_document_hints()
    for button in ("credit_note", "print", "send", "use_credit"):
        expect(f"{button} says why not", bool(hints[button]), True)


globals()[os.environ["STEP"]]()
state_file.write_text(json.dumps(state, default=str))
print(f"passed {os.environ['STEP']}")
