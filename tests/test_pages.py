import io
from typing import NamedTuple

from pypdf import PdfReader

from odoo import Command
from odoo.tests import tagged

from odoo.addons.account.tests.common import AccountTestInvoicingHttpCommon

from .common import CreditNoteCommon

# None chosen is also one.
LAYOUTS = (None, "standard", "boxed", "bold", "striped", "bubble", "wave", "folder")
# From one base line to the next, less than the lines of Odoo's layouts have.
LINE = 5.0


class Text(NamedTuple):
    """A piece of text on a page, and how far its base line is from the top."""

    y: float
    text: str


@tagged("post_install", "-at_install")
class TestPages(CreditNoteCommon, AccountTestInvoicingHttpCommon):
    """Where things stand on the pages that the real wkhtmltopdf makes."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company = cls.env.company
        cls.company.write(
            {
                "name": "Letterhead Inc",
                "street": "8000 Marina Blvd",
                "street2": "Suite 300",
                "zip": "94005",
                "city": "Brisbane",
                "country_id": cls.env.ref("base.us").id,
                "paperformat_id": cls.env.ref("base.paperformat_euro").id,
            }
        )
        cls.partner_a.write(
            {"name": "Window Ltd", "street": "High Street", "city": "Leeds"}
        )

        # Odoo waits a second for the scripts of each document; there are none.
        cls.env["ir.config_parameter"].set_param("report.print_delay", "100")

    def _set_layout(self, name):
        self.company.external_report_layout_id = name and self.env.ref(
            f"web.external_layout_{name}"
        )

    def _print(self, move):
        """:return: for each page, its texts with their place, in mm"""
        self.company.lock_posted_invoices = False
        pdf, _type = (
            self.env["ir.actions.report"]
            .with_context(force_report_rendering=True)
            ._render_qweb_pdf("account.account_invoices", move.ids)
        )
        return [self._get_texts(page) for page in PdfReader(io.BytesIO(pdf)).pages]

    def _get_texts(self, page):
        texts = []

        def visit(text, matrix, text_matrix, _font, _size):
            if text.strip():
                y = text_matrix[4] * matrix[1] + text_matrix[5] * matrix[3] + matrix[5]
                from_top = (float(page.mediabox.height) - y) / 72 * 25.4
                texts.append(Text(from_top, " ".join(text.split())))

        page.extract_text(visitor_text=visit)
        return texts

    def _find(self, texts, *words):
        """:return: where the texts that contain one of these words stand"""
        return [y for y, text in texts if any(word in text for word in words)]

    def _get_letterhead_end(self, texts, credit_note, layout):
        if layout == "folder":
            # The title is in it, under the company.
            return min(self._find(texts, credit_note.name))
        return max(self._find(texts, "Suite 300", "Brisbane", "United States"))

    def _credit_of_lines(self, count):
        return self._credit(
            self._create_invoice(
                invoice_line_ids=[
                    Command.create({"name": f"Line {number}.", "price_unit": 1.0})
                    for number in range(count)
                ],
                post=True,
            )
        )

    def _prepare_lines(self, count, more=""):
        """:return: values of invoice lines, every other one with a discount"""
        return [
            {
                "name": f"Line {number}.{more}",
                "price_unit": 10.0,
                "discount": 5.0 * (number % 2),
                "tax_ids": self.tax_sale_a.ids,
            }
            for number in range(count)
        ]

    def _check_lines(self, pages, count):
        """Each line once, under the head of the table, which is on each page."""
        lines = []
        for number, texts in enumerate(pages, start=1):
            found = {text: y for y, text in texts if text.startswith("Line ")}
            lines += found
            if not found:
                continue
            heads = [y for y, text in texts if text.upper() == "DESCRIPTION"]
            self.assertEqual(len(heads), 1, f"page {number}")
            self.assertGreater(min(found.values()), heads[0] + LINE, f"page {number}")
        self.assertEqual(lines, [f"Line {number}." for number in range(count)])

    def test_letterhead_hides_nothing(self):
        credit_note = self._credit_of_lines(20)
        for layout in LAYOUTS:
            with self.subTest(layout=layout):
                self._set_layout(layout)
                pages = self._print(credit_note)
                self.assertGreater(len(pages), 1)
                self._check_lines(pages, 20)
                self._check_letterhead(pages, credit_note, layout)
                [customer] = self._find(pages[0], "Window Ltd")
                end = self._get_letterhead_end(pages[0], credit_note, layout)
                self.assertGreater(customer, end + LINE)

    def test_address_stays_in_the_window_of_the_envelope(self):
        self._set_layout("standard")
        self.company.street2 = False
        credit_note = self._credit(self._invoice(100.0))
        [texts] = self._print(credit_note)
        [customer] = self._find(texts, "Window Ltd")
        # Odoo's own place, with a letterhead that is low enough.
        self.company.logo = False
        [texts] = self._print(credit_note)
        self.assertAlmostEqual(customer, self._find(texts, "Window Ltd")[0], delta=0.5)

    def test_ten_lines_are_one_page(self):
        """Discount and all, in every layout, on A4 and on Letter."""
        credit_note = self._credit(
            self._create_invoice(
                invoice_line_ids=[
                    Command.create(values) for values in self._prepare_lines(10)
                ],
                post=True,
            ),
            reason_id=self.reason.id,
            reason="Goods returned: one was broken",
        )
        for paper in ("euro", "us"):
            self.company.paperformat_id = self.env.ref(f"base.paperformat_{paper}")
            for layout in LAYOUTS:
                with self.subTest(paper=paper, layout=layout):
                    self._set_layout(layout)
                    pages = self._print(credit_note)
                    self.assertEqual(len(pages), 1)
                    self._check_lines(pages, 10)
                    self._check_letterhead(pages, credit_note, layout)

    def test_totals_at_the_end_of_a_page(self):
        """Wherever the page ends: wkhtmltopdf prints it, and tears nothing apart."""
        words = "delivered to the warehouse in the industrial estate"
        for count in (5, 6):
            lines = self._prepare_lines(count, f"\n{words}")
            lines.insert(3, {"display_type": "line_note", "name": f"Agreed: {words}"})
            credit_note = self._credit(
                self._create_invoice(
                    invoice_line_ids=[Command.create(values) for values in lines],
                    narration=f"<p>{words}, and {words}.</p>",
                    post=True,
                ),
                reason_id=self.reason.id,
                reason=f"two of them {words}",
            )
            for layout in LAYOUTS:
                with self.subTest(count=count, layout=layout):
                    self._set_layout(layout)
                    pages = self._print(credit_note)
                    self._check_lines(pages, count)
                    with_totals = [
                        texts
                        for texts in pages
                        if self._find(
                            texts, "Untaxed Amount", "Tax 15%", "As of", "Left to pay"
                        )
                    ]
                    self.assertEqual(len(with_totals), 1)

    def _check_letterhead(self, pages, credit_note, layout):
        """Nothing stands in the letterhead or close to it."""
        for texts in pages:
            end = self._get_letterhead_end(texts, credit_note, layout)
            self.assertFalse(
                [
                    text
                    for y, text in texts
                    if end < y < end + LINE and credit_note.name not in text
                ]
            )

    def test_two_hundred_lines(self):
        self._set_layout("standard")
        self.company.paperformat_id = self.env.ref("base.paperformat_us")
        lines = [
            Command.create(
                {
                    "name": f"Line {number}.",
                    "price_unit": 1.0,
                    "discount": number % 3 * 10.0,
                }
            )
            for number in range(200)
        ]
        for place, kind in (
            (150, "line_note"),
            (100, "line_section"),
            (0, "line_section"),
        ):
            lines.insert(
                place, Command.create({"display_type": kind, "name": f"{kind} {place}"})
            )
        for sequence, (_command, _id, values) in enumerate(lines):
            values["sequence"] = sequence
        invoice = self._create_invoice(
            invoice_line_ids=lines,
            currency_id=self.setup_other_currency("EUR").id,
            post=True,
        )
        credit_note = self._credit(invoice, reason="A long explanation. " * 15)
        pages = self._print(credit_note)
        self._check_lines(pages, 200)
        texts = [text for page in pages for _y, text in page]
        for words in ("line_section 0", "line_section 100", "line_note 150"):
            self.assertEqual(texts.count(words), 1)
        for number in range(1, len(pages) + 1):
            self.assertIn(f"Page {number} / {len(pages)}", " ".join(texts))
        self.assertIn("Disc.%", texts)
        self.assertIn(f"Left to pay on {invoice.name}", texts)

    def test_settlement_stands_beside_the_totals(self):
        """However much happened with the amount: no page more than for the totals."""
        invoice = self._invoice(1000.0, 200.0, 100.0)
        self._invoice(20.0)
        self._register_payment(
            invoice, amount=900.0, payment_difference_handling="open"
        )
        credit_note = self._credit(
            invoice, credit_method="percentage", percentage=80, settlement="apply"
        )
        self._register_payment(
            credit_note, amount=50.0, payment_difference_handling="open"
        )
        self.assertEqual(len(credit_note._get_settlement_lines()), 5)
        for layout in LAYOUTS:
            with self.subTest(layout=layout):
                self._set_layout(layout)
                [texts] = self._print(credit_note)
                [settled] = self._find(texts, f"Taken off {invoice.name}")
                [total] = self._find(texts, "Untaxed Amount")
                self.assertAlmostEqual(settled, total, delta=2 * LINE)
