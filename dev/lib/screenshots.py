"""Do a clerk's work in a browser and take the pictures that show the addon.

usage: screenshots.py URL BROWSER FOLDER

The database behind URL is thrown away afterwards: its demo data is dressed up here.
"""

import base64
import subprocess
import sys
import tempfile
import time
from datetime import date, timedelta
from pathlib import Path

from PIL import Image, ImageDraw, ImageFilter, ImageFont
from playwright.sync_api import Error, sync_playwright

STATIC = Path(__file__).parents[2] / "static" / "description"
WINDOW = {"width": 1400, "height": 900}
TALL_WINDOW = {"width": 1400, "height": 1040}
WIDE_WINDOW = {"width": 1600, "height": 900}
PHONE = {"width": 390, "height": 844}
BROWSER_ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
)
ADMIN = "admin"
CLERK = "clerk"
CLERK_NAME = "Anita Oliver"
CLERK_GROUPS = (
    "base.group_user",
    "base.group_partner_manager",
    "account.group_account_invoice",
)
CUSTOMER = "Ready Mat"
LOGO = """
<body style="margin: 0; background: transparent">
  <svg width="470" height="96" viewBox="0 0 470 96">
    <rect x="4" y="20" width="56" height="56" rx="12" fill="#1AD3BB" />
    <rect x="32" y="20" width="56" height="56" rx="12" fill="#985184" opacity=".85" />
    <text x="108" y="62" font-family="sans-serif" font-weight="bold" font-size="42"
      fill="#374151">YourCompany</text>
  </svg>
</body>
"""
TAB = "a.nav-link[name=customer_invoices]"
CREDIT_NOTE = ".o_customer_invoices_credit_note"
ROW = ".o_notebook .o_data_row"

# Days since the invoice, days to pay, what is sold, how much of it is paid.
INVOICES = (
    (74, 30, (("Large Cabinet", 3), ("Local Delivery", 1)), 1.0),
    (52, 30, (("Conference Chair", 24), ("Office Lamp", 6)), 0.0),
    (45, 15, (("Acoustic Bloc Screens", 4),), 0.0),
    (21, 30, (("Individual Workplace", 2), ("Drawer Black", 4)), 0.5),
    (12, 30, (("Office Design Software", 3),), 1.0),
    (5, 30, (("Flipover", 1), ("Pedal Bin", 10)), 0.0),
    (2, 30, (("Office Lamp", 16), ("Office Chair", 4)), 0.0),
)
# Indexes in INVOICES.
OVERDUE = 1
CREDITED_BEFORE = 2
CREDITED_NOW = 5
CREDITED_AND_SENT = 6


class Odoo:
    """Odoo's methods over the session of the browser."""

    def __init__(self, context, url):
        self.context = context
        self.url = url

    def call(self, model, method, *args, **kwargs):
        response = self.context.request.post(
            f"{self.url}/web/dataset/call_kw",
            data={
                "jsonrpc": "2.0",
                "params": {
                    "model": model,
                    "method": method,
                    "args": args,
                    "kwargs": kwargs,
                },
            },
        ).json()
        if "error" in response:
            raise RuntimeError(response["error"]["data"]["debug"])
        # What returns nothing has no result.
        return response.get("result")

    def ref(self, xmlid):
        module, name = xmlid.split(".")
        domain = [("module", "=", module), ("name", "=", name)]
        return self.call("ir.model.data", "search_read", domain, fields=["res_id"])[0][
            "res_id"
        ]

    def find(self, model, name):
        return self.call(model, "search", [("name", "=", name)], limit=1)[0]


class Clerk:
    """A window of the browser and what a clerk does in it."""

    def __init__(self, browser, url, folder, viewport=WINDOW, **options):
        self.url = url
        self.folder = folder
        self.context = browser.new_context(
            viewport=viewport,
            locale="en-US",
            timezone_id="UTC",
            reduced_motion="reduce",
            **options,
        )
        # Otherwise a message asks whether messages may be pushed.
        self.context.add_init_script(
            "localStorage['mail.user_setting.push_notification_dismissed'] = 'true'"
        )
        self.page = self.context.new_page()
        self.page.set_default_timeout(20_000)
        self.page.on("pageerror", self.fail)
        self.errors = []

    def fail(self, error):
        self.errors.append(str(error))

    def log_in(self, login):
        self.page.goto(f"{self.url}/web/login")
        self.page.fill("input[name=login]", login)
        self.page.fill("input[name=password]", login)
        self.page.click("button[type=submit]")
        self.page.wait_for_selector(".o_main_navbar")

    def open_invoices(self, customer_id):
        self.page.goto(f"{self.url}/odoo/customers/{customer_id}")
        self.page.click(TAB)
        self.page.wait_for_selector(".o_customer_invoices_hint")

    def tick(self, number):
        self.page.click(
            f"{ROW}:has(td[name=name]:has-text('{number}'))"
            " .o_list_record_selector input"
        )

    def open_dialog(self):
        self.page.click(f"{CREDIT_NOTE}:enabled")
        self.page.wait_for_selector(".modal div[name=reason_id] input")

    def fill_in(self, reason, details):
        self.page.click(".modal div[name=reason_id] input")
        self.page.click(f".o-autocomplete--dropdown-item:has-text('{reason}')")
        self.page.fill(".modal div[name=reason] input", details)
        self.page.click(".modal .modal-title")

    def choose_method(self, method):
        self.page.click(f".modal div[name=credit_method] label:has-text('{method}')")

    def take(self, name, clip=None):
        """Take a picture once everything has come to rest."""
        self.page.mouse.move(2, 2)
        self.page.evaluate("document.activeElement?.blur()")
        self.page.wait_for_timeout(1200)
        path = self.folder / f"{name}.png"
        self.page.screenshot(path=path, clip=clip)
        shrink(path)


def shrink(path):
    """A picture of a screen has few colours: a palette is a third of the size."""
    with Image.open(path) as image:
        image = image.convert("RGB")
    image.quantize(256, dither=Image.Dither.NONE).save(path, optimize=True)


def frame_page(pdf, path):
    """The first page of the PDF as a sheet of paper on a table."""
    with tempfile.TemporaryDirectory() as work:
        subprocess.run(
            ["pdftoppm", "-r", "96", "-png", "-singlefile", pdf, f"{work}/page"],
            check=True,
        )
        with Image.open(f"{work}/page.png") as image:
            sheet = image.convert("RGB")
    margin = 36
    size = (sheet.width + 2 * margin, sheet.height + 2 * margin)
    picture = Image.new("RGB", size, "#e9ecef")
    shadow = Image.new("L", size, 0)
    left, top = margin, margin
    ImageDraw.Draw(shadow).rectangle(
        (left, top + 6, left + sheet.width, top + 6 + sheet.height), fill=90
    )
    shadow = shadow.filter(ImageFilter.GaussianBlur(12))
    picture.paste("#212529", mask=shadow)
    picture.paste(sheet, (left, top))
    picture.save(path)
    shrink(path)


def make_banner(folder):
    """The picture of Odoo's Apps: the name, and the list of the tab."""
    width, height = 2 * 560, 2 * 280  # as the store wants it, for fine screens
    picture = Image.new("RGB", (width, height), "#714B67")
    draw = ImageDraw.Draw(picture)

    def write(top, text, size, fill, bold=""):
        font = ImageFont.truetype(f"DejaVuSans{bold}.ttf", size)
        draw.multiline_text((48, top), text, fill, font, spacing=10)

    with Image.open(STATIC / "icon.png") as image:
        icon = image.convert("RGBA").resize((96, 96))
    picture.paste(icon, (48, 56), icon)
    write(180, "Customer\nCredit Notes", 46, "white", "-Bold")
    write(
        322,
        "Tick wrong invoices on the\ncustomer's form. Credit them\n"
        "to the cent. Print and send.",
        25,
        "#E8DDE5",
    )
    with Image.open(folder / "invoices.png") as image:
        shot = image.convert("RGB").crop((16, 415, 866, 1012))
    shot = shot.resize((640, shot.height * 640 // shot.width), Image.Resampling.LANCZOS)
    left, top = width - shot.width - 32, (height - shot.height) // 2
    frame = (left - 3, top - 3, left + shot.width + 3, top + shot.height + 3)
    draw.rectangle(frame, fill="#55364D")
    picture.paste(shot, (left, top))
    picture.save(folder / "banner.png")
    shrink(folder / "banner.png")


def draw_logo(context):
    """:return: a PNG in the place of the logo that says "Your logo" """
    page = context.new_page()
    page.set_content(LOGO)
    picture = page.locator("svg").screenshot(omit_background=True)
    page.close()
    return picture


def dress_up(odoo):
    """Make a clerk, and a customer with a history.

    :return: id of the customer, its invoices with their names
    """
    company_id = odoo.ref("base.main_company")
    clerk_id = odoo.call(
        "res.users",
        "create",
        {
            "name": CLERK_NAME,
            "login": CLERK,
            "password": CLERK,
            "email": "anita.oliver@example.com",
            "odoobot_state": "disabled",
            "company_id": company_id,
            "company_ids": [(6, 0, [company_id])],
            "group_ids": [(6, 0, [odoo.ref(group) for group in CLERK_GROUPS])],
        },
    )
    # Odoo makes new users join the channel of all employees, and counts its messages.
    odoo.call(
        "discuss.channel.member",
        "unlink",
        odoo.call("discuss.channel.member", "search", []),
    )
    layout = odoo.call("report.layout", "search_read", [], fields=["view_id"], limit=1)
    odoo.call(
        "res.company",
        "write",
        [company_id],
        {
            "logo": base64.b64encode(draw_logo(odoo.context)).decode(),
            "external_report_layout_id": layout[0]["view_id"][0],
            "paperformat_id": odoo.ref("base.paperformat_euro"),
        },
    )
    customer_id, invoice_ids = make_invoices(
        odoo, clerk_id, CUSTOMER, (invoice[:3] for invoice in INVOICES)
    )
    for invoice_id, (*_invoice, paid) in zip(invoice_ids, INVOICES, strict=True):
        if paid:
            pay(odoo, invoice_id, paid)
    credit(odoo, invoice_ids[CREDITED_BEFORE], "Order cancelled")
    return customer_id, odoo.call("account.move", "read", invoice_ids, fields=["name"])


def make_invoices(odoo, clerk_id, customer, invoices):
    """Post invoices of a customer, who loses the tags.

    :param invoices: days since each, days to pay, what is sold
    :return: id of the customer, ids of the invoices
    """
    customer_id = odoo.find("res.partner", customer)
    odoo.call("res.partner", "write", [customer_id], {"category_id": [(5,)]})
    [tax_id] = odoo.call(
        "account.tax",
        "search",
        [
            ("company_id", "=", odoo.ref("base.main_company")),
            ("type_tax_use", "=", "sale"),
            ("amount", ">", 0),
        ],
        limit=1,
    )
    return customer_id, [
        make_invoice(odoo, clerk_id, customer_id, tax_id, *invoice)
        for invoice in invoices
    ]


def make_invoice(odoo, clerk_id, customer_id, tax_id, days_ago, days_to_pay, lines):
    day = date.today() - timedelta(days=days_ago)
    invoice_id = odoo.call(
        "account.move",
        "create",
        {
            "move_type": "out_invoice",
            "partner_id": customer_id,
            "invoice_user_id": clerk_id,
            "invoice_date": day.isoformat(),
            "invoice_payment_term_id": False,
            "invoice_date_due": (day + timedelta(days=days_to_pay)).isoformat(),
            "invoice_line_ids": [
                (
                    0,
                    0,
                    {
                        "product_id": odoo.find("product.product", product),
                        "quantity": quantity,
                        "tax_ids": [(6, 0, [tax_id])],
                    },
                )
                for product, quantity in lines
            ],
        },
    )
    odoo.call("account.move", "action_post", [invoice_id])
    return invoice_id


def pay(odoo, invoice_id, part):
    [invoice] = odoo.call(
        "account.move", "read", [invoice_id], fields=["amount_total", "invoice_date"]
    )
    context = {"active_model": "account.move", "active_ids": [invoice_id]}
    values = {"amount": round(invoice["amount_total"] * part, 2)}
    wizard_id = odoo.call("account.payment.register", "create", values, context=context)
    odoo.call("account.payment.register", "action_create_payments", [wizard_id])


def credit(odoo, invoice_id, reason):
    wizard_id = odoo.call(
        "account.move.reversal",
        "create",
        {
            "move_ids": [(6, 0, [invoice_id])],
            "reason_id": odoo.find("account.credit.note.reason", reason),
        },
    )
    odoo.call("account.move.reversal", "action_issue", [wizard_id])


def take_pictures(clerk, customer_id, numbers):
    page = clerk.page
    clerk.open_invoices(customer_id)
    clerk.tick(numbers[CREDITED_NOW])
    page.wait_for_selector(f"{CREDIT_NOTE}:enabled")
    page.set_viewport_size(TALL_WINDOW)
    clerk.take("invoices")
    page.set_viewport_size(WINDOW)

    clerk.open_dialog()
    clerk.fill_in("Order cancelled", "by phone on Friday")
    clerk.take("dialog")
    page.click(".modal button[name=action_issue]")
    page.wait_for_selector(".o_notification a")
    page.wait_for_selector(".modal", state="detached")
    clerk.take("issued")

    page.set_viewport_size(WIDE_WINDOW)
    page.click(".o_notification button:has-text('Open')")
    page.wait_for_selector(".o_form_view div[name=credit_note_reason_id]")
    clerk.take("credit-note")
    page.set_viewport_size(WINDOW)

    clerk.open_invoices(customer_id)
    clerk.tick(numbers[CREDITED_AND_SENT])
    clerk.open_dialog()
    clerk.fill_in("Goods returned", "four lamps were broken")
    clerk.choose_method("Lines")
    page.fill(".modal .o_data_row:has-text('Office Lamp') td[name=quantity] input", "4")
    page.click(".modal .modal-title")
    clerk.take("lines")
    page.click(".modal button[name=action_issue_and_send]")
    page.wait_for_selector(".modal .o_field_widget[name=subject]")
    clerk.take("composer")
    page.click(".modal button[name=action_send_and_print]")
    page.wait_for_selector(".modal", state="detached")

    page.click(".o_notebook .o_facet_remove")
    page.click(f"{ROW}:has-text('RINV') .o_list_record_selector input >> nth=0")
    with page.expect_download() as download:
        page.click(".o_customer_invoices_print:enabled")
    with tempfile.TemporaryDirectory() as work:
        pdf = Path(work) / "credit-note.pdf"
        download.value.save_as(pdf)
        frame_page(pdf, clerk.folder / "pdf.png")


def take_locked_picture(clerk, invoice):
    page = clerk.page
    page.set_viewport_size(WIDE_WINDOW)
    page.goto(f"{clerk.url}/odoo/customer-invoices/{invoice['id']}")
    page.wait_for_selector(".oe_title button[name=action_credit_note]")
    clerk.take("locked")
    page.set_viewport_size(WINDOW)


def take_phone_picture(clerk, customer_id, number):
    page = clerk.page
    clerk.open_invoices(customer_id)
    card = page.locator(f".o_kanban_record:has-text('{number}')")
    card.dispatch_event("touchstart")
    page.wait_for_timeout(1000)
    card.dispatch_event("touchend")
    page.wait_for_selector(f"{CREDIT_NOTE}:enabled")
    card.evaluate("card => card.scrollIntoView({block: 'center'})")
    clerk.take("phone")


def wait_for(url, context):
    for _attempt in range(240):
        try:
            if context.request.get(f"{url}/web/login").ok:
                return
        except Error:
            pass
        time.sleep(0.5)
    sys.exit("Odoo does not answer")


def main():
    url, executable, folder = sys.argv[1], sys.argv[2], Path(sys.argv[3])
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=executable, args=BROWSER_ARGUMENTS
        )
        admin = Clerk(browser, url, folder)
        wait_for(url, admin.context)
        admin.log_in(ADMIN)
        customer_id, invoices = dress_up(Odoo(admin.context, url))
        clerk = Clerk(browser, url, folder)
        clerk.log_in(CLERK)
        numbers = [invoice["name"] for invoice in invoices]
        take_pictures(clerk, customer_id, numbers)
        take_locked_picture(clerk, invoices[OVERDUE])
        phone = Clerk(
            browser,
            url,
            folder,
            PHONE,
            has_touch=True,
            is_mobile=True,
            device_scale_factor=2,
        )
        phone.log_in(CLERK)
        take_phone_picture(phone, customer_id, numbers[OVERDUE])
        browser.close()
    if errors := clerk.errors + phone.errors:
        sys.exit("Errors in the browser:\n" + "\n".join(errors))
    make_banner(folder)


if __name__ == "__main__":
    main()
