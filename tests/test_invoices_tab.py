from lxml import etree

from odoo import Command, fields
from odoo.tests import tagged

from .common import CreditNoteCommon

COLUMNS = {
    "name": {},
    "partner_id": {"fields": {"display_name": {}}},
    "invoice_date": {},
    "invoice_date_due": {},
    "ref": {},
    "amount_total_in_currency_signed": {},
    "amount_residual_in_currency_signed": {},
    "amount_creditable": {},
    "billing_status": {},
    "currency_id": {"fields": {"display_name": {}}},
    "move_type": {},
    "state": {},
}

STATES = ("draft", "posted", "cancel")


@tagged("post_install", "-at_install")
class TestInvoicesTab(CreditNoteCommon):
    def _documents(self, *domain, partner=None, **kwargs):
        """What the list of the tab reads, as the clerk."""
        partner = partner or self.partner_a
        return (
            self.env["account.move"]
            .with_user(self.clerk)
            .web_search_read(
                [
                    ("commercial_partner_id", "=", partner.id),
                    ("move_type", "in", ["out_invoice", "out_refund", "out_receipt"]),
                    *domain,
                ],
                COLUMNS,
                order="invoice_date desc, id desc",
                **kwargs,
            )["records"]
        )

    def _filter(self, name):
        """The domain of a filter of the tab's search."""
        view = self.env.ref("account_partner_credit_note.customer_invoices_view_search")
        arch = self.env["account.move"].get_view(view.id, "search")["arch"]
        [node] = etree.fromstring(arch).xpath(f"//filter[@name='{name}']")
        return list(eval(node.get("domain")))

    def test_statuses(self):
        yesterday = fields.Date.subtract(self.today, days=1)
        draft = self._invoice(10.0, post=False)
        not_paid = self._invoice(10.0)
        overdue = self._invoice(10.0, invoice_date=yesterday)
        overdue.invoice_date_due = yesterday
        partial = self._invoice(100.0)
        self._register_payment(partial, amount=10.0, payment_difference_handling="open")
        paid = self._invoice(10.0)
        self._register_payment(paid)
        partly_credited = self._invoice(10.0, quantity=2)
        self._native_credit_note(partly_credited, quantity=1)
        credited = self._invoice(10.0)
        credit_note = self._credit(credited)
        open_credit = self._credit(paid_and_credited := self._invoice(10.0))
        self.assertEqual(open_credit.billing_status, "settled")
        del paid_and_credited
        cancelled = self._invoice(10.0, post=False)
        cancelled.button_cancel()
        for move, status in (
            (draft, "draft"),
            (not_paid, "not_paid"),
            (overdue, "overdue"),
            (partial, "partial"),
            (paid, paid.payment_state),
            (partly_credited, "partially_credited"),
            (credited, "credited"),
            (credit_note, "settled"),
            (cancelled, "cancel"),
        ):
            with self.subTest(status=status):
                self.assertEqual(move.billing_status, status)
        self.assertIn(paid.payment_state, ("paid", "in_payment"))
        # Settled by a credit note that credits no invoice: to Odoo "Reversed".
        settled = self._invoice(10.0)
        by_hand = self._invoice(10.0, move_type="out_refund")
        (settled + by_hand).line_ids.filtered("date_maturity").reconcile()
        self.assertEqual(settled.payment_state, "reversed")
        self.assertEqual(settled.billing_status, "paid")
        not_paid.action_toggle_block_payment()
        self.assertEqual(not_paid.billing_status, "blocked")

    def test_credit_notes_are_negative(self):
        invoice = self._invoice(100.0)
        self._register_payment(invoice)
        credit_note = self._credit(invoice)
        rows = {row["id"]: row for row in self._documents()}
        row = rows[credit_note.id]
        self.assertEqual(row["amount_total_in_currency_signed"], -115.0)
        self.assertEqual(row["amount_residual_in_currency_signed"], -115.0)
        self.assertEqual(rows[invoice.id]["amount_residual_in_currency_signed"], 0.0)

    def test_documents_of_the_company_and_of_its_contacts(self):
        contact = self.env["res.partner"].create(
            {"name": "Ann", "parent_id": self.partner_a.id}
        )
        own = self._invoice(10.0)
        of_contact = self._invoice(10.0, partner=contact)
        other = self._invoice(10.0, partner=self.partner_b)
        bill = self._create_invoice(move_type="in_invoice", post=True)
        ids = [row["id"] for row in self._documents()]
        self.assertIn(own.id, ids)
        self.assertIn(of_contact.id, ids)
        self.assertNotIn(other.id, ids)
        self.assertNotIn(bill.id, ids)

    def test_filters(self):
        yesterday = fields.Date.subtract(self.today, days=1)
        overdue = self._invoice(10.0, invoice_date=yesterday)
        overdue.invoice_date_due = yesterday
        open_invoice = self._invoice(10.0)
        credited = self._invoice(10.0)
        credit_note = self._credit(credited)
        draft = self._invoice(10.0, post=False)
        for name, moves in (
            ("open", open_invoice + overdue),
            ("overdue", overdue),
            ("credited", credited),
            ("credit_notes", credit_note),
            ("draft", draft),
            ("invoices", overdue + open_invoice + credited + draft),
        ):
            with self.subTest(filter=name):
                rows = self._documents(*self._filter(name))
                self.assertEqual({row["id"] for row in rows}, set(moves.ids))

    def test_what_is_ticked_is_summed_up(self):
        """By currency, a credit note taken off; drafts owe nothing."""
        euro = self.setup_other_currency("EUR")
        invoice = self._invoice(100.0)
        credit_note = self._credit(self._invoice(20.0))
        documents = (
            invoice
            + credit_note
            + self._invoice(1000.0, currency_id=euro.id)
            + self._invoice(7.0, post=False)
        )
        hints = documents.with_user(self.clerk).get_customer_document_hints()
        self.assertEqual(hints["summary"], "4 ticked: $\xa092.00 and 1,150.00\xa0€")
        draft = documents[-1].get_customer_document_hints()
        self.assertEqual(draft["summary"], "1 ticked: –")

    def test_drafts_owe_nothing(self):
        draft = self._invoice(10.0, post=False)
        cancelled = self._invoice(20.0, post=False)
        cancelled.button_cancel()
        for move in draft + cancelled:
            self.assertEqual(move.amount_residual_in_currency_signed, 0.0)

    def test_drafts_are_in_no_sum(self):
        """Of groups, and of the list, whose foot adds up what its rows hold."""
        posted = self._invoice(100.0) + self._invoice(40.0)
        credit_note = self._credit(posted[1])
        draft = self._invoice(7.0, post=False)
        cancelled = self._invoice(9.0, post=False)
        cancelled.button_cancel()
        documents = posted + credit_note + draft + cancelled
        sums = {"amount_untaxed_posted": 100.0, "amount_total_posted": 115.0}
        groups = documents.with_user(self.clerk).formatted_read_group(
            [("id", "in", documents.ids)],
            ["state"],
            [f"{field}:sum" for field in sums],
        )
        self.assertEqual({group["state"] for group in groups}, {*STATES})
        rows = documents.with_user(self.clerk).read([*sums])
        for field, amount in sums.items():
            with self.subTest(field):
                self.assertEqual(
                    {group["state"]: group[f"{field}:sum"] for group in groups},
                    {"posted": amount, "draft": 0.0, "cancel": 0.0},
                )
                self.assertEqual(sum(row[field] for row in rows), amount)
        view = self.env.ref("account_partner_credit_note.customer_invoices_view_list")
        summed = etree.fromstring(view.arch).xpath("//field[@sum]/@name")
        self.assertEqual(
            set(summed),
            {*sums, "amount_residual_in_currency_signed", "amount_creditable"},
        )
        self.assertFalse(any((draft + cancelled).mapped("amount_creditable")))

    def test_left_to_credit(self):
        """What can be credited still, whoever's it is."""
        left = self._invoice(10.0) + self._invoice(20.0, partner=self.partner_b)
        partly = self._invoice(30.0)
        self._credit(partly, credit_method="percentage", percentage=50)
        self._credit(self._invoice(40.0))
        in_draft = self._invoice(50.0)
        self._native_credit_note(in_draft, post=False)
        several = self._invoice(60.0) + self._invoice(70.0)
        self._credit(several, as_one=True)
        self._invoice(80.0, post=False)
        self._invoice(0.0)
        moves = self.env["account.move"].search(
            [("amount_creditable", ">", 0), ("company_id", "=", self.env.company.id)]
        )
        self.assertEqual(set(moves), set(left + partly))
        self.assertEqual(
            {row["id"] for row in self._documents(*self._filter("left_to_credit"))},
            set((left[0] + partly).ids),
        )

    def test_sent(self):
        sent, not_sent = self._invoice(10.0), self._invoice(20.0)
        self._invoice(30.0, post=False)
        # sudo: as sending does it
        sent.sudo().is_move_sent = True
        for name, expected in (("sent", sent), ("not_sent", not_sent)):
            documents = self._documents(*self._filter(name))
            self.assertEqual([row["id"] for row in documents], expected.ids)

    def test_sorting_by_the_amount_due(self):
        small, large = self._invoice(10.0), self._invoice(90.0)
        credit_note = self._invoice(50.0, move_type="out_refund")
        moves = self.env["account.move"].search(
            [("id", "in", (small + large + credit_note).ids)],
            order="amount_residual_in_currency_signed",
        )
        self.assertEqual(moves, credit_note + small + large)

    def test_companies_of_the_user(self):
        other = self.setup_other_company()["company"]
        invoice = (
            self.env["account.move"]
            .with_company(other)
            .create(
                {
                    "move_type": "out_invoice",
                    "partner_id": self.partner_a.id,
                    "invoice_line_ids": [
                        Command.create({"name": "x", "price_unit": 10.0})
                    ],
                }
            )
        )
        self.assertNotIn(invoice.id, [row["id"] for row in self._documents()])

    def test_queries_do_not_grow_with_the_page(self):
        """The figures of a page are read for all its rows at once."""
        counts = []
        for _number in range(2):
            for _invoice in range(3):
                invoice = self._invoice(10.0)
                self._native_credit_note(invoice)
            self.env.invalidate_all()
            self._documents()  # warm the caches of the registry
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            rows = self._documents()
            counts.append((len(rows), self.env.cr.sql_log_count - before))
        (few, queries), (many, more_queries) = counts
        self.assertGreater(many, few)
        self.assertEqual(more_queries, queries)

    def test_index(self):
        """The list of a customer comes from the index, filtered and in order."""
        self.env.flush_all()
        self.env.cr.execute("SET LOCAL enable_seqscan = off")
        self.env.cr.execute("SET LOCAL enable_bitmapscan = off")
        self.env.cr.execute("SET LOCAL enable_sort = off")
        self.env.cr.execute("SET LOCAL enable_incremental_sort = off")
        query = self.env["account.move"]._search(
            [
                ("commercial_partner_id", "=", self.partner_a.id),
                ("move_type", "in", ["out_invoice", "out_refund", "out_receipt"]),
            ],
            order="invoice_date desc, id desc",
            limit=20,
        )
        plan = "\n".join(
            row[0] for row in self.env.execute_query(self._explain(query.select()))
        )
        self.assertIn("commercial_partner_customer_documents", plan)
        self.assertNotIn("Sort", plan)

    def _explain(self, query):
        from odoo.tools import SQL

        return SQL("EXPLAIN %s", query)

    def test_opening_a_customer_reads_no_invoice(self):
        """The tab is a widget: the form reads no field of an invoice for it."""
        arch = self.env["res.partner"].with_user(self.clerk).get_view(view_type="form")
        self.assertIn('<widget name="customer_invoices"', arch["arch"])
        self.assertNotIn("credit_note", arch["models"]["res.partner"])

    def test_page_of_the_partner_form(self):
        """Odoo has a page “Invoicing” of accounting data; invoices are on another."""
        view = self.env["res.partner"].with_user(self.clerk).get_view(view_type="form")
        pages = {
            page.get("name"): page.get("string")
            for page in etree.fromstring(view["arch"]).iter("page")
        }
        self.assertEqual(pages["accounting"], "Invoicing")
        self.assertEqual(pages["customer_invoices"], "Invoices")
