"""Look at the addon's screens: no text is cut, and axe-core finds nothing serious.

usage: screens.py URL BROWSER AXE FOLDER [SCREEN...]

To add a screen: a function that opens it for a `Viewer`, in `SCREENS`. It returns the
selector of what is looked at, as the rest of the page is Odoo's.
"""

import sys
from datetime import date, timedelta
from pathlib import Path

from playwright.sync_api import sync_playwright
from screenshots import (
    ADMIN,
    BROWSER_ARGUMENTS,
    CLERK_GROUPS,
    CUSTOMER,
    TAB,
    Clerk,
    Odoo,
    credit,
    pay,
)

LANGUAGES = {"en": "en_US", "de": "de_DE", "fr": "fr_FR"}
SIZES = ((1280, 800), (1400, 900), (1920, 1080))
PHONE = (375, 812)
CUT_TEXT = Path(__file__).parents[2] / "static" / "tests" / "tours" / "cut_text.js"
# What axe-core calls the impact of a finding that counts.
SERIOUS = ("serious", "critical")
# Search bar, column menu, some widgets, decorations and badges in Odoo's colours, ticks
# of its lists.
ODOOS_OWN = [
    ".o_control_panel",
    ".o_optional_columns_dropdown",
    ".badge",
    ".o_avatar",
    ".o_field_daterange",
    ".o_progress",
    ".o_action.o_list_view .o_list_record_selector",
    ".text-muted",
    ".text-info",
]
LONG_NAME = "delivered to the warehouse in the industrial estate north, pallet"


class Viewer(Clerk):
    """A clerk of a language, who looks at screens."""

    def __init__(self, browser, url, folder, axe, size, **options):
        width, height = size
        viewport = {"width": width, "height": height}
        super().__init__(browser, url, folder, viewport, **options)
        self.is_phone = size == PHONE
        self.odoo = Odoo(self.context, url)
        self.context.add_init_script(path=axe)

    def open_action(self, action, selector):
        """:param action: an action as the server returns it"""
        self.page.goto(f"{self.url}/odoo/customers")
        self.page.wait_for_selector(".o_list_view, .o_kanban_view")
        # No promise: it waits until a dialog is closed.
        self.page.evaluate(
            "action => {"
            " odoo.__WOWL_DEBUG__.root.env.services.action.doAction(action); }",
            action,
        )
        self.page.wait_for_selector(selector)

    def find_invoices(self, ref):
        domain = [("ref", "=like", ref), ("move_type", "=", "out_invoice")]
        return self.odoo.call("account.move", "search", domain)

    def open_credit_dialog(self, ref, method=None):
        action = self.odoo.call(
            "account.move", "action_credit_note", self.find_invoices(ref)
        )
        if method:
            action["context"]["default_credit_method"] = method
        self.open_action(action, ".modal footer button[name=action_issue]")
        return ".modal-dialog"

    def open_use_credit(self):
        domain = [("reversed_entry_id.ref", "=", "SCREEN PAID")]
        ids = self.odoo.call("account.move", "search", domain)
        action = self.odoo.call("account.move", "action_use_credit", ids)
        self.open_action(action, ".modal footer button[name=action_apply]")
        return ".modal-dialog"

    def open_without_invoice(self):
        customer_id = self.odoo.find("res.partner", CUSTOMER)
        action = self.odoo.call(
            "res.partner", "action_credit_without_invoice", [customer_id]
        )
        self.open_action(action, ".modal footer button[name=action_issue]")
        return ".modal-dialog"

    def open_page(self, path, selector):
        self.page.goto(f"{self.url}/odoo/{path}")
        self.page.wait_for_selector(selector)
        self.page.wait_for_timeout(1000)

    def open_tab(self, filters=True):
        customer_id = self.odoo.find("res.partner", CUSTOMER)
        self.open_page(f"customers/{customer_id}", TAB)
        self.page.click(TAB)
        self.page.wait_for_selector(".o_customer_invoices_hint")
        if not filters and not self.is_phone:
            self.page.click(".o_widget_customer_invoices .o_facet_remove")
            self.page.wait_for_timeout(1000)
        return ".o_widget_customer_invoices"

    def open_list(self, path, view="list"):
        self.open_page(path, f".o_{view}_view")
        return f".o_{view}_view"

    def find_cut_texts(self, selector):
        source = CUT_TEXT.read_text(encoding="utf-8").replace("export ", "")
        return self.page.evaluate(
            f"selector => {{ {source}\n"
            "return findCutTexts(document.querySelector(selector)); }",
            selector,
        )

    def find_obstacles(self, selector):
        """:return: what hinders people who do not see or use no mouse"""
        results = self.page.evaluate(
            "([selector, exclude]) => axe.run({include: [selector], exclude},"
            " {resultTypes: ['violations']})",
            [selector, ODOOS_OWN],
        )
        return [
            f"{violation['id']} ({violation['impact']}): {violation['help']}\n"
            + "\n".join(
                f"      {node['html'][:200]}" for node in violation["nodes"][:3]
            )
            for violation in results["violations"]
            if violation["impact"] in SERIOUS
        ]


SCREENS = {
    "tab": Viewer.open_tab,
    "tab-all": lambda viewer: viewer.open_tab(filters=False),
    "batches": lambda viewer: viewer.open_list(
        "credit-note-batches", "kanban" if viewer.is_phone else "list"
    ),
    "analysis": lambda viewer: viewer.open_list("credit-notes-analysis", "graph"),
    "dialog": lambda viewer: viewer.open_credit_dialog("SCREEN 40"),
    "dialog-lines": lambda viewer: viewer.open_credit_dialog("SCREEN 40", "lines"),
    "dialog-amount": lambda viewer: viewer.open_credit_dialog("SCREEN 40", "amount"),
    "dialog-many": lambda viewer: viewer.open_credit_dialog("SCREEN M%"),
    "use-credit": Viewer.open_use_credit,
    "without-invoice": Viewer.open_without_invoice,
}


def make_data(odoo):
    for code in LANGUAGES.values():
        wizard_id = odoo.call(
            "base.language.install",
            "create",
            {"lang_ids": [(6, 0, find_languages(odoo, code))], "overwrite": True},
        )
        odoo.call("base.language.install", "lang_install", [wizard_id])
    # Who sees the batches of others, too.
    groups = (*CLERK_GROUPS, "account.group_account_manager")
    group_ids = [odoo.ref(group) for group in groups]
    for login, code in LANGUAGES.items():
        odoo.call(
            "res.users",
            "create",
            {
                "name": login,
                "login": login,
                "password": login,
                "lang": code,
                "odoobot_state": "disabled",
                "group_ids": [(6, 0, group_ids)],
            },
        )
    customer_id = odoo.find("res.partner", CUSTOMER)
    invoice_ids = [make_invoice(odoo, customer_id, "SCREEN 40", 40)] + [
        make_invoice(odoo, customer_id, f"SCREEN M{number}", 3) for number in range(12)
    ]
    in_background = [
        make_invoice(odoo, customer_id, f"SCREEN B{number}", 1) for number in range(6)
    ]
    paid = make_invoice(odoo, customer_id, "SCREEN PAID", 3)
    invoice_ids += [*in_background, paid]
    odoo.call("account.move", "action_post", invoice_ids)
    pay(odoo, paid, 1.0)
    credit(odoo, paid, "Goods returned")
    make_batch(odoo, in_background)


def make_batch(odoo, invoice_ids):
    company_id = odoo.ref("base.main_company")
    field = "credit_note_background_limit"
    [company] = odoo.call("res.company", "read", [company_id], fields=[field])
    limit = company[field]
    odoo.call("res.company", "write", [company_id], {field: len(invoice_ids) - 1})
    values = {"move_ids": [(6, 0, invoice_ids)]}
    wizard_id = odoo.call("account.move.reversal", "create", values)
    odoo.call("account.move.reversal", "action_issue", [wizard_id])
    odoo.call("res.company", "write", [company_id], {field: limit})


def find_languages(odoo, code):
    domain = [("code", "=", code), ("active", "in", [True, False])]
    return odoo.call("res.lang", "search", domain)


def make_invoice(odoo, customer_id, ref, count):
    product_ids = odoo.call(
        "product.product", "search", [("sale_ok", "=", True)], limit=20
    )
    return odoo.call(
        "account.move",
        "create",
        {
            "move_type": "out_invoice",
            "partner_id": customer_id,
            "ref": ref,
            "invoice_date": str(date.today() - timedelta(days=5)),
            "invoice_line_ids": [
                (
                    0,
                    0,
                    {
                        "product_id": product_ids[number % len(product_ids)],
                        "name": f"Article {number}, {LONG_NAME} {number}",
                        "quantity": 1 + number % 7,
                        "discount": 10.0 * (number % 2),
                        "price_unit": 99.5 + 1000 * (number % 3),
                    },
                )
                for number in range(count)
            ],
        },
    )


def look_at(viewer, screens, name):
    """:return: list of findings"""
    findings = []
    for screen in screens:
        where = f"{screen} {name}"
        selector = SCREENS[screen](viewer)
        viewer.page.wait_for_timeout(500)
        viewer.page.screenshot(path=viewer.folder / f"{where.replace(' ', '-')}.png")
        findings += [f"{where}: cut: {t}" for t in viewer.find_cut_texts(selector)]
        findings += [f"{where}: {text}" for text in viewer.find_obstacles(selector)]
    return findings + [f"{name}: {error}" for error in viewer.errors]


def main():
    url, executable, axe, folder, *screens = sys.argv[1:]
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    if unknown := set(screens) - SCREENS.keys():
        sys.exit(f"no such screens: {unknown}; there are {', '.join(SCREENS)}")
    findings = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=executable, args=BROWSER_ARGUMENTS
        )
        admin = Viewer(browser, url, folder, axe, SIZES[0])
        admin.log_in(ADMIN)
        make_data(admin.odoo)
        for login in LANGUAGES:
            for size in (*SIZES, PHONE):
                options = {}
                if size == PHONE:
                    options = {"has_touch": True, "is_mobile": True}
                viewer = Viewer(browser, url, folder, axe, size, **options)
                viewer.log_in(login)
                findings += look_at(
                    viewer, screens or SCREENS, f"{login} {size[0]}x{size[1]}"
                )
                viewer.context.close()
        browser.close()
    if findings:
        sys.exit("\n".join(findings))
    print(f"    {len(screens or SCREENS)} screens: nothing is cut, nothing in the way")


if __name__ == "__main__":
    main()
