from lxml import html

from odoo.tests import new_test_user, tagged

from odoo.addons.account.tests.common import AccountTestInvoicingHttpCommon

from .common import CreditNoteCommon


@tagged("post_install", "-at_install")
class TestPortal(CreditNoteCommon, AccountTestInvoicingHttpCommon):
    """The customer sees the credit note and what it credits, and nobody else does."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.customer = new_test_user(
            cls.env, login="credit_note_customer", groups="base.group_portal"
        )
        cls.stranger = new_test_user(
            cls.env, login="credit_note_stranger", groups="base.group_portal"
        )
        cls.customer.partner_id.parent_id = cls.partner_a
        cls.invoice = cls._invoice(100.0, partner=cls.customer.partner_id)

    def setUp(self):
        super().setUp()
        self.credit_note = self._credit(self.invoice)

    def _page(self, user, path):
        self.authenticate(*([user.login] * 2 if user else [None, None]))
        response = self.url_open(path)
        self.assertEqual(response.status_code, 200)
        return response

    def _text(self, response):
        return " ".join(html.fromstring(response.content).text_content().split())

    def _links(self, response):
        return html.fromstring(response.content).xpath("//a/@href")

    def test_list(self):
        text = self._text(self._page(self.customer, "/my/invoices"))
        self.assertIn(self.credit_note.name, text)
        self.assertIn(f"Credits the whole of invoice {self.invoice.name}", text)

    def test_open_credit_waits_for_no_payment(self):
        credit_note = self._invoice(
            50.0, partner=self.customer.partner_id, move_type="out_refund"
        )
        response = self._page(self.customer, "/my/invoices")
        self.assertIn("Open Credit", self._text(response))
        self.assertNotIn("Waiting for Payment", self._text(response))
        page = self._page(self.customer, f"/my/invoices/{credit_note.id}")
        self.assertIn("Open Credit: $ 57.50", self._text(page))
        self.assertNotIn("o_portal_sidebar_timeago", page.text)

    def test_same_words_as_in_the_tab(self):
        partly = self._invoice(200.0, partner=self.customer.partner_id)
        self._credit(partly, credit_method="percentage", percentage=10)
        rows = html.fromstring(self._page(self.customer, "/my/invoices").content).xpath(
            "//table//tr[td]"
        )
        texts = {
            row.xpath(".//a/@title")[0]: " ".join(row.text_content().split())
            for row in rows
        }
        for move, word in (
            (self.invoice, "Credited"),
            (self.credit_note, "Settled"),
            (partly, "Partially Credited"),
        ):
            self.assertIn(word, texts[move.name])
            self.assertNotIn("Paid", texts[move.name])
            self.assertNotIn("Waiting for Payment", texts[move.name])

    def test_what_is_credited_is_not_paid(self):
        partly = self._invoice(200.0, partner=self.customer.partner_id)
        self._credit(partly, credit_method="percentage", percentage=10)
        text = self._text(self._page(self.customer, f"/my/invoices/{partly.id}"))
        self.assertIn("Credited: $ 23.00", text)
        self.assertIn("Left to Pay: $ 207.00", text)
        self.assertNotIn("Already Paid", text)
        self._register_payment(partly, amount=7.0, payment_difference_handling="open")
        text = self._text(self._page(self.customer, f"/my/invoices/{partly.id}"))
        self.assertIn("Credited: $ 23.00", text)
        self.assertIn("Already Paid: $ 7.00", text)
        paper = self._page(self.customer, f"/my/invoices/{partly.id}?report_type=html")
        self.assertIn("Credited on", self._text(paper))
        self.assertNotIn("Reversed on", self._text(paper))

    def test_page_links_to_the_invoice_and_back(self):
        page = self._page(self.customer, f"/my/invoices/{self.credit_note.id}")
        self.assertIn(
            f"Credits the whole of invoice {self.invoice.name}", self._text(page)
        )
        self.assertIn(f"/my/invoices/{self.invoice.id}", self._links(page))
        page = self._page(self.customer, f"/my/invoices/{self.invoice.id}")
        self.assertIn(f"/my/invoices/{self.credit_note.id}", self._links(page))
        self.assertIn(f"{self.credit_note.name} $ 115.00", self._text(page))

    def test_contact_of_the_same_company(self):
        colleague = new_test_user(
            self.env, login="credit_note_colleague", groups="base.group_portal"
        )
        colleague.partner_id.parent_id = self.partner_a
        # Odoo shows the documents of a company to each of its contacts.
        page = self._page(colleague, f"/my/invoices/{self.credit_note.id}")
        self.assertIn(self.credit_note.name, self._text(page))

    def test_stranger_sees_nothing(self):
        text = self._text(self._page(self.stranger, "/my/invoices"))
        self.assertNotIn(self.credit_note.name, text)
        for path in ("", "?report_type=pdf&download=True", "?report_type=html"):
            with self.subTest(path=path):
                response = self._page(
                    self.stranger, f"/my/invoices/{self.credit_note.id}{path}"
                )
                self.assertTrue(response.url.endswith("/my"), response.url)
                self.assertNotIn(self.credit_note.name, self._text(response))

    def test_link_of_an_email(self):
        """Who has the link sees this document, and gets no way to another."""
        self.credit_note._portal_ensure_token()
        url = f"/my/invoices/{self.credit_note.id}?access_token="
        page = self._page(None, url + self.credit_note.access_token)
        self.assertIn(self.credit_note.name, self._text(page))
        self.assertIn(self.invoice.name, self._text(page))
        self.assertNotIn(f"/my/invoices/{self.invoice.id}", self._links(page))
        page = self._page(None, url + "wrong")
        self.assertNotIn(self.credit_note.name, self._text(page))

    def test_link_of_the_invoice_shows_no_credit_note(self):
        self.invoice._portal_ensure_token()
        page = self._page(
            None,
            f"/my/invoices/{self.invoice.id}?access_token={self.invoice.access_token}",
        )
        self.assertIn(self.invoice.name, self._text(page))
        self.assertNotIn(self.credit_note.name, self._text(page))

    def test_credit_note_of_another_customer_is_not_shown(self):
        """A credit note that was wrongly addressed to somebody else."""
        wizard = self._wizard(self._invoice(50.0, partner=self.customer.partner_id))
        wizard.refund_moves()
        credit_note = wizard.new_move_ids
        credit_note.partner_id = self.partner_b
        credit_note.action_post()
        page = self._page(
            self.customer, f"/my/invoices/{credit_note.reversed_entry_id.id}"
        )
        self.assertNotIn(credit_note.name, self._text(page))
