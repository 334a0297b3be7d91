"""Take the pictures of docs/: approval, several invoices, no invoice, money back.

usage: screenshots_around.py URL BROWSER FOLDER

Goes on in the database that screenshots.py has dressed up; `payment_demo` is installed.
"""

import sys
from pathlib import Path

from playwright.sync_api import sync_playwright
from screenshots import (
    ADMIN,
    BROWSER_ARGUMENTS,
    CLERK,
    Clerk,
    Odoo,
    credit,
    make_invoices,
)

CUSTOMER = "Lumber Inc"
# Days since the invoice, days to pay, what is sold.
INVOICES = (
    (80, 30, (("Office Lamp", 10),)),
    (50, 30, (("Office Lamp", 12),)),
    (20, 30, (("Conference Chair", 8),)),
    (3, 30, (("Large Cabinet", 2),)),
)
SEVERAL = (0, 1)
PAID_ONLINE = 2
APPROVED = 3


def dress_up(odoo):
    """:return: id of a customer, its invoices with their names"""
    [clerk_id] = odoo.call("res.users", "search", [("login", "=", CLERK)])
    customer_id, ids = make_invoices(odoo, clerk_id, CUSTOMER, INVOICES)
    pay_online(odoo, customer_id, ids[PAID_ONLINE])
    return customer_id, odoo.call("account.move", "read", ids, fields=["name"])


def pay_online(odoo, customer_id, invoice_id):
    provider_id = odoo.ref("payment.payment_provider_demo")
    values = {"state": "test", "company_id": odoo.ref("base.main_company")}
    odoo.call("payment.provider", "write", [provider_id], values)
    [invoice] = odoo.call(
        "account.move", "read", [invoice_id], fields=["amount_total", "currency_id"]
    )
    transaction_id = odoo.call(
        "payment.transaction",
        "create",
        {
            "provider_id": provider_id,
            "payment_method_id": odoo.ref("payment_demo.payment_method_demo"),
            "reference": "Paid online",
            "amount": invoice["amount_total"],
            "currency_id": invoice["currency_id"][0],
            "partner_id": customer_id,
            "invoice_ids": [(6, 0, [invoice_id])],
            "operation": "online_direct",
        },
    )
    odoo.call("payment.transaction", "action_demo_set_done", [transaction_id])
    cron_id = odoo.ref("payment.cron_post_process_payment_tx")
    odoo.call("ir.cron", "method_direct_trigger", [cron_id])


def get_credit_note(odoo, invoice):
    domain = [("reversed_entry_id", "=", invoice["id"])]
    return odoo.call("account.move", "search", domain, limit=1)[0]


def take_several(clerk, customer_id, invoices):
    clerk.open_invoices(customer_id)
    for number in SEVERAL:
        clerk.tick(invoices[number]["name"])
    clerk.open_dialog()
    clerk.fill_in("Incorrect amount", "5 % on lamps, as agreed")
    clerk.choose_method("Percentage")
    clerk.page.fill(".modal div[name=percentage] input", "5")
    clerk.page.click(".modal div[name=as_one] input")
    clerk.page.click(".modal .modal-title")
    clerk.take("several")


def take_without_invoice(clerk, customer_id):
    page = clerk.page
    clerk.open_invoices(customer_id)
    page.click(".o_customer_invoices_without_invoice")
    page.wait_for_selector(".modal div[name=reason_id] input")
    page.click(".modal div[name=reason_id] input")
    page.click(".o-autocomplete--dropdown-item:has-text('Goods returned')")
    page.click(".modal div[name=subject] input[data-value=former]")
    page.fill(".modal div[name=former_number] input", "2024/0815")
    page.fill(".modal div[name=former_date] input", "11/14/2024")
    page.fill(".modal div[name=former_total] input", "1725.00")
    page.click(".modal .o_field_x2many_list_row_add a")
    page.fill(
        ".modal .o_selected_row div[name=name] :is(input, textarea)",
        "Two office chairs, returned",
    )
    page.fill(".modal .o_selected_row div[name=amount] input", "345.00")
    page.click(".modal .modal-title")
    page.wait_for_selector(".modal footer button:has-text('345.00')")
    clerk.take("without-invoice")


def click_on_credit_note(clerk, credit_note_id, button):
    """:return: the page, with what the button opens"""
    clerk.page.goto(f"{clerk.url}/odoo/credit-notes/{credit_note_id}")
    clerk.page.click(f"button[name={button}]")
    return clerk.page


def take_refund(clerk, credit_note_id):
    page = click_on_credit_note(clerk, credit_note_id, "action_refund_credit")
    page.wait_for_selector(".modal td[name=amount_refundable]")
    clerk.take("refund")


def take_use_credit(clerk, credit_note_id):
    page = click_on_credit_note(clerk, credit_note_id, "action_use_credit")
    page.click(".modal .o_data_row td[name=is_applied] input >> nth=0")
    page.click(".modal .modal-title")
    clerk.take("use-credit")


def take_approval(clerk, approver, customer_id, invoice):
    page = clerk.page
    clerk.open_invoices(customer_id)
    clerk.tick(invoice["name"])
    clerk.open_dialog()
    clerk.fill_in("Goods returned", "both cabinets have a scratch")
    clerk.take("approval-asked")
    page.click(".modal button[name=action_ask_approval]")
    page.wait_for_selector(".o_form_view .alert")
    page = approver.page
    page.goto(f"{approver.url}/odoo/credit-notes-to-approve")
    page.click(".o_data_row button[name=action_decide]")
    page.wait_for_selector(".modal div[name=amount_asked]")
    approver.take("approval-decided")


def main():
    url, executable, folder = sys.argv[1], sys.argv[2], Path(sys.argv[3])
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=executable, args=BROWSER_ARGUMENTS
        )
        approver = Clerk(browser, url, folder)
        approver.log_in(ADMIN)
        odoo = Odoo(approver.context, url)
        customer_id, invoices = dress_up(odoo)
        clerk = Clerk(browser, url, folder)
        clerk.log_in(CLERK)
        take_several(clerk, customer_id, invoices)
        take_without_invoice(clerk, customer_id)
        credit(odoo, invoices[PAID_ONLINE]["id"], "Goods returned")
        paid_online = get_credit_note(odoo, invoices[PAID_ONLINE])
        take_refund(clerk, paid_online)
        take_use_credit(clerk, paid_online)
        company_id = odoo.ref("base.main_company")
        values = {"credit_note_approval": True, "credit_note_approval_amount": 500}
        odoo.call("res.company", "write", [company_id], values)
        group_id = odoo.ref("account_partner_credit_note.group_credit_note_approver")
        [admin_id] = odoo.call("res.users", "search", [("login", "=", ADMIN)])
        values = {"group_ids": [(4, group_id)]}
        odoo.call("res.users", "write", [admin_id], values)
        take_approval(clerk, approver, customer_id, invoices[APPROVED])
        browser.close()
    if errors := clerk.errors + approver.errors:
        sys.exit("Errors in the browser:\n" + "\n".join(errors))


if __name__ == "__main__":
    main()
