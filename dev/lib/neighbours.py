"""Use the dialog beside another addon; run by `odoo shell`, see dev/neighbours."""

from datetime import date

from lxml import etree

env = globals()["env"]
MODELS = {
    "account.move.reversal": ("form",),
    "res.partner": ("form",),
    "account.move": ("form", "list", "kanban", "search"),
}


def check_views():
    """Theirs are still in ours: each view opens."""
    for model, kinds in MODELS.items():
        for kind in kinds:
            etree.fromstring(env[model].get_view(view_type=kind)["arch"])


def make_invoice(partner):
    invoice = env["account.move"].create(
        {
            "move_type": "out_invoice",
            "partner_id": partner.id,
            "invoice_date": date.today(),
            "invoice_line_ids": [
                (0, 0, {"name": "A", "quantity": 2, "price_unit": 100}),
                (0, 0, {"name": "B", "quantity": 1, "price_unit": 50}),
            ],
        }
    )
    invoice.action_post()
    return invoice


def check_credit(partner):
    """Our button issues a part, Odoo's own makes a draft of the rest."""
    invoice = make_invoice(partner)
    action = invoice.action_credit_note()
    wizards = env["account.move.reversal"].with_context(**action["context"])
    wizard = wizards.create({"credit_method": "amount", "amount": 100.0})
    wizard.action_issue()
    ours = wizard.new_move_ids
    assert ours.state == "posted" and ours.amount_total == 100.0, ours
    wizard = wizards.create({})
    wizard.refund_moves()
    theirs = wizard.new_move_ids
    theirs.action_post()
    assert theirs.reversed_entry_id == invoice, theirs
    assert invoice.amount_creditable == 0.0, invoice.amount_creditable
    for credit_note in ours + theirs:
        html, _type = env["ir.actions.report"]._render_qweb_html(
            "account.account_invoices", credit_note.ids
        )
        assert credit_note.name.encode() in html, credit_note.name


check_views()
check_credit(env["res.partner"].create({"name": "Neighbour", "email": "n@example.com"}))
print("passed")
