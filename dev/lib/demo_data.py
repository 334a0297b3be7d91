"""Documents that show the addon, for dev/demo; run by `odoo shell`, once.

A customer with invoices that are open, overdue, paid, paid in part, credited and
rejected, in two currencies. Prints the customer's name.
"""

from datetime import date, timedelta

from odoo import Command

env = globals()["env"]
CUSTOMER = "base.res_partner_4"  # Ready Mat
# Days since the invoice, days to pay, currency, what is sold, how much is paid.
INVOICES = (
    (74, 30, "USD", (("Large Cabinet", 3), ("Local Delivery", 1)), 1.0),
    (52, 30, "USD", (("Conference Chair", 24), ("Office Lamp", 6)), 0.0),
    (48, 30, "EUR", (("Acoustic Bloc Screens", 2),), 1.0),
    (45, 15, "USD", (("Acoustic Bloc Screens", 4),), 0.0),
    (33, 30, "USD", (("Office Chair", 12),), 0.0),
    (21, 30, "USD", (("Individual Workplace", 2), ("Drawer Black", 4)), 0.5),
    (12, 30, "EUR", (("Office Lamp", 20), ("Office Chair", 5)), 0.0),
    (2, 30, "USD", (("Office Lamp", 16), ("Office Chair", 4)), 0.0),
    (5, 30, "EUR", (("Office Chair", 6),), 0.0),
)
# Index in INVOICES, reason, details, what else is chosen in the dialog.
CREDIT_NOTES = (
    (2, "incorrect_amount", "The discount of 10 % was left out", {"percentage": 10.0}),
    (3, "goods_returned", "All four came back", {}),
    (4, "unhappy_goods", "Scratches on one of them", {"amount": 40.0}),
)
# As if the platform had answered so to the electronic invoice: index, what it says.
REJECTED = (8, "The number of the purchase order is missing")


def get_currency(name):
    """:return: the currency, active and with a rate"""
    currency = env.ref(f"base.{name}")
    currency.active = True
    if currency != env.company.currency_id and not currency.rate_ids:
        currency.rate_ids = [Command.create({"name": "2020-01-01", "rate": 0.9})]
    return currency


def make_invoices(partner):
    days = [date.today() - timedelta(days=invoice[0]) for invoice in INVOICES]
    products = env["product.product"]
    invoices = env["account.move"].create(
        [
            {
                "move_type": "out_invoice",
                "partner_id": partner.id,
                "currency_id": get_currency(currency).id,
                "invoice_date": day,
                "invoice_date_due": day + timedelta(days=due),
                "invoice_line_ids": [
                    Command.create(
                        {
                            "product_id": products.search(
                                [("name", "=", name)], limit=1
                            ).id,
                            "quantity": quantity,
                            "tax_ids": env.company.account_sale_tax_id.ids,
                        }
                    )
                    for name, quantity in sold
                ],
            }
            for day, (_age, due, currency, sold, _paid) in zip(
                days, INVOICES, strict=True
            )
        ]
    )
    invoices.action_post()
    for invoice, (*_rest, paid) in zip(invoices, INVOICES, strict=True):
        if paid:
            env["account.payment.register"].with_context(
                active_model="account.move", active_ids=invoice.ids
            ).create(
                {
                    "amount": invoice.currency_id.round(invoice.amount_total * paid),
                    "payment_date": invoice.invoice_date + timedelta(days=10),
                }
            )._create_payments()
    return invoices


def make_credit_notes(invoices):
    for index, reason, details, values in CREDIT_NOTES:
        method = next(iter(values), "remaining")
        env["account.move.reversal"].with_context(
            **invoices[index].action_credit_note()["context"]
        ).create(
            {
                "reason_id": env.ref(
                    f"account_partner_credit_note.credit_note_reason_{reason}"
                ).id,
                "reason": details,
                "credit_method": method,
                **values,
            }
        ).action_issue()


def reject(invoices):
    index, answer = REJECTED
    # The addon of Odoo that dev/demo installs for it, if this Odoo has it.
    if "l10n_pl_edi_status" in invoices._fields:
        invoices[index].write(
            {"l10n_pl_edi_status": "rejected", "l10n_pl_edi_header": answer}
        )


# Else Odoo asks for it at the first print.
env.company.external_report_layout_id = env.ref("web.external_layout_standard")
partner = env.ref(CUSTOMER)
invoices = make_invoices(partner)
make_credit_notes(invoices)
reject(invoices)
env.cr.commit()
print(f"customer {partner.name}")
