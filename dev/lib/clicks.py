"""Count the clicks and the seconds of the clerk's jobs, with the addon and without.

usage: clicks.py URL_WITH URL_WITHOUT BROWSER FILE

Each job begins on the customer's form and ends when the result is on the screen. The
addon's page loads are those of Odoo, so both are timed in the same browser, in turn.
"""

import statistics
import sys
import time
from datetime import date, timedelta
from pathlib import Path

from playwright.sync_api import sync_playwright
from screenshots import ADMIN, BROWSER_ARGUMENTS, CREDIT_NOTE, ROW, TAB, Clerk, Odoo

REPEAT = 3
MANY = 30
TIMEOUT = 120_000
HEAD = """# Clicks

`dev/check clicks` does each job in a browser, on Odoo with this addon and on Odoo
without it, with the same documents. A job begins on the customer's form and ends when
its result is on the screen. Seconds are those of a script that clicks at once, the
median of {repeat} times: what a clerk reads comes on top, on both sides. {when}, on
2 cores.

| job | clicks | Odoo | keys | Odoo | seconds | Odoo |
| --- | ---: | ---: | ---: | ---: | ---: | ---: |
"""


class Hand(Clerk):
    """A clerk whose clicks and keys are counted."""

    def begin(self, customer_id):
        self.page.goto(f"{self.url}/odoo/customers/{customer_id}")
        self.page.wait_for_selector(TAB if self.has_addon else ".o_notebook")
        self.page.wait_for_timeout(1000)
        self.clicks = self.keys = 0
        self.started = time.perf_counter()

    def click(self, selector):
        self.clicks += 1
        self.page.click(selector)

    def type(self, selector, text):
        """Into a field that is clicked first."""
        self.click(selector)
        self.page.keyboard.press("Control+A")
        self.page.keyboard.type(text)
        self.keys += len(text)

    def wait(self, selector):
        self.page.wait_for_selector(selector, timeout=TIMEOUT)

    def end(self):
        return self.clicks, self.keys, time.perf_counter() - self.started


# --- with the addon --------------------------------------------------------


def open_dialog(hand, rows):
    hand.click(TAB)
    hand.click(rows)
    hand.click(f"{CREDIT_NOTE}:enabled")
    hand.wait(".modal .o_credit_note_preview")


def tick_first(hand):
    open_dialog(hand, f"{ROW} .o_list_record_selector input")


def choose(hand, method):
    hand.click(f".modal div[name=credit_method] label:has-text('{method}')")


def issue(hand, button="action_issue"):
    hand.click(f".modal footer button[name={button}]:enabled")


def wait_for_message(hand):
    hand.wait(".o_notification:has-text('RINV')")
    hand.wait("body:not(:has(.modal))")


def credit_in_full(hand):
    tick_first(hand)
    issue(hand)
    wait_for_message(hand)


def credit_a_line(hand):
    tick_first(hand)
    choose(hand, "Lines")
    hand.click(".modal .o_data_row:nth-child(2) td[name=tick]")
    hand.wait(".modal .o_credit_note_preview:has-text('20.00')")
    issue(hand)
    wait_for_message(hand)


def credit_an_amount(hand):
    tick_first(hand)
    choose(hand, "An amount")
    hand.type(".modal div[name=amount] input", "25")
    hand.page.keyboard.press("Tab")
    hand.wait(".modal .o_credit_note_preview:has-text('25.00')")
    issue(hand)
    wait_for_message(hand)


def credit_many(hand):
    hand.click(TAB)
    hand.click(".o_notebook th.o_list_record_selector input")
    hand.click(".o_notebook .o_select_domain, .o_notebook .o_list_select_domain")
    hand.click(f"{CREDIT_NOTE}:enabled")
    hand.wait(".modal .o_credit_note_preview")
    issue(hand)
    hand.wait(".o_notification:has-text('credit notes issued')")
    hand.wait("body:not(:has(.modal))")


def credit_and_send(hand):
    tick_first(hand)
    issue(hand, "action_issue_and_send")
    send(hand)


# --- Odoo's own way --------------------------------------------------------


def odoo_draft(hand):
    hand.click("button[name=action_view_partner_invoices]")
    hand.click(".o_list_view .o_data_row td[name=name]")
    hand.click("button[name=action_reverse]")
    hand.click(".modal footer button[name=refund_moves]")
    hand.wait("button[name=action_post]")


def odoo_confirm(hand):
    hand.click("button[name=action_post]")
    hand.wait(".o_arrow_button_current:has-text('Posted')")


def odoo_in_full(hand):
    odoo_draft(hand)
    odoo_confirm(hand)


def odoo_a_line(hand):
    odoo_draft(hand)
    hand.click(
        "div[name=invoice_line_ids] .o_data_row:nth-child(1) .o_list_record_remove"
    )
    hand.click(
        "div[name=invoice_line_ids] .o_data_row:nth-child(2) .o_list_record_remove"
    )
    odoo_confirm(hand)


def odoo_an_amount(hand):
    odoo_draft(hand)
    for _line in range(2):
        hand.click(
            "div[name=invoice_line_ids] .o_data_row:nth-child(1) .o_list_record_remove"
        )
    hand.type("div[name=invoice_line_ids] .o_data_row td[name=price_unit]", "25")
    odoo_confirm(hand)


def odoo_many(hand):
    hand.click("button[name=action_view_partner_invoices]")
    hand.click(".o_list_view th.o_list_record_selector input")
    odoo_choose_action(hand, "Reverse")
    hand.click(".modal footer button[name=refund_moves]")
    hand.wait("body:not(:has(.modal))")
    hand.wait(".o_list_view .badge:has-text('Draft')")
    hand.click(".o_list_view th.o_list_record_selector input")
    odoo_choose_action(hand, "Confirm Entries")
    hand.wait(".o_list_view .o_data_row:has-text('RINV')")


def odoo_choose_action(hand, name):
    hand.click(".o_cp_action_menus button:has(.fa-cog)")
    hand.click(f".o-dropdown--menu .o-dropdown-item:text-is('{name}')")


def odoo_and_send(hand):
    odoo_in_full(hand)
    hand.click(
        "button[name=action_invoice_sent]:visible,"
        " button[name=action_send_and_print]:visible"
    )
    send(hand)


def send(hand):
    hand.wait(".modal .o_field_widget[name=subject]")
    hand.click(".modal button[name=action_send_and_print]")
    hand.wait("body:not(:has(.modal))")


JOBS = (
    ("Credit an invoice in full", credit_in_full, odoo_in_full, 1),
    ("Credit one of its three lines", credit_a_line, odoo_a_line, 1),
    ("Credit an amount of 25", credit_an_amount, odoo_an_amount, 1),
    (f"Credit {MANY} invoices in full", credit_many, odoo_many, MANY),
    ("Credit an invoice and send it", credit_and_send, odoo_and_send, 1),
)


def make_customer(odoo, count):
    """:return: id of a new customer with so many invoices of three lines without tax"""
    customer_id = odoo.call(
        "res.partner",
        "create",
        {
            "name": f"Customer {time.time()}",
            "email": "customer@example.com",
            "is_company": True,
        },
    )
    lines = [
        (0, 0, {"name": f"Line {price}", "price_unit": price, "tax_ids": [(5,)]})
        for price in (10.0, 20.0, 70.0)
    ]
    move_ids = odoo.call(
        "account.move",
        "create",
        [
            {
                "move_type": "out_invoice",
                "partner_id": customer_id,
                "invoice_date": str(date.today() - timedelta(days=3)),
                "invoice_line_ids": lines,
            }
        ]
        * count,
    )
    odoo.call("account.move", "action_post", move_ids)
    return customer_id


def measure(hands):
    for name, *ways, count in JOBS:
        results = ([], [])
        for _number in range(REPEAT):
            for hand, way, runs in zip(hands, ways, results, strict=True):
                hand.begin(make_customer(hand.odoo, count))
                way(hand)
                runs.append(hand.end())
        columns = []
        for index, digits in ((0, 0), (1, 0), (2, 1)):
            for runs in results:
                value = statistics.median(run[index] for run in runs)
                columns.append(f"{value:.{digits}f}")
        row = f"| {name} | {' | '.join(columns)} |"
        print(f"    {row}", flush=True)
        yield row


def main():
    url_with, url_without, executable, file = sys.argv[1:]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=executable, args=BROWSER_ARGUMENTS
        )
        hands = []
        for url in (url_with, url_without):
            hand = Hand(browser, url, folder=None)
            hand.has_addon = url == url_with
            hand.odoo = Odoo(hand.context, url)
            hand.log_in(ADMIN)
            layout_id = hand.odoo.ref("web.external_layout_standard")
            hand.odoo.call(
                "res.company",
                "write",
                hand.odoo.call("res.company", "search", []),
                {"external_report_layout_id": layout_id},
            )
            hands.append(hand)
        table = list(measure(hands))
        browser.close()
    when = f"{date.today():%-d %B %Y}"
    text = HEAD.format(repeat=REPEAT, when=when) + "\n".join(table) + "\n"
    Path(file).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
