"""The customer's side: what the portal lets do leaves the document as it was issued."""

from odoo.http import Request
from odoo.tests import HttpCase, JsonRpcException, new_test_user, tagged
from odoo.tools import mute_logger

from .lock_common import LockCommon

# Which file is shown beside the document, and which message to whom.
NO_CHANGES = ("account_move.message_main_attachment_id", "mail_message.is_internal")


@tagged("post_install", "-at_install")
class TestLockPortal(LockCommon, HttpCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.customer, cls.stranger = (
            new_test_user(
                cls.env, login=login, password=login, groups="base.group_portal"
            )
            for login in ("lock_customer", "lock_stranger")
        )
        cls.document = cls._invoice(100.0, 50.0, partner=cls.customer.partner_id)
        cls.document._portal_ensure_token()
        cls.message = cls.document.message_post(
            body="To the customer",
            subtype_xmlid="mail.mt_comment",
            message_type="comment",
            author_id=cls.customer.partner_id.id,
            attachments=[("agreed.txt", b"agreed")],
        )
        cls.pdf = cls._archive(cls.document)
        cls.files = cls.pdf + cls.message.attachment_ids
        for file in cls.files:
            file.generate_access_token()
        # Posted long before, so that nothing is still being written.
        cls.env.flush_all()
        cls.env.cr.execute(
            "UPDATE mail_message SET create_date = create_date - interval '1 day'"
            " WHERE id = %s",
            [cls.message.id],
        )

    def _pages(self):
        document = self.document.id
        return (
            "/my/invoices",
            *(
                f"/my/invoices/{document}?{query}"
                for query in (
                    "",
                    "report_type=html",
                    "report_type=pdf",
                    "report_type=pdf&download=True",
                    "name=FAKE&state=draft&ref=changed&amount_total=1",
                )
            ),
            f"/mail/view?model=account.move&res_id={document}",
            f"/report/html/account.report_invoice/{document}",
            f"/web/content/{self.pdf.id}",
            f"/account/download_invoice_documents/{document}/pdf",
            f"/account/download_invoice_attachments/{self.pdf.id}",
        )

    def _calls(self, key):
        """:param key: dict of what gives access to the document, or nothing
        :return: list of (path, parameters)
        """
        thread = {"thread_model": "account.move", "thread_id": self.document.id}
        document_call = {"model": "account.move", "args": [self.document.ids]}
        line = self.document.invoice_line_ids[0]
        return [
            *(
                ("/mail/message/post", {**thread, **key, **more})
                for more in (
                    {"post_data": {"body": "Hello"}},
                    {
                        "post_data": {
                            "body": "The PDF is mine",
                            "attachment_ids": self.files.ids,
                            "attachment_tokens": self.files.mapped("access_token"),
                        }
                    },
                    {
                        "post_data": {"body": "x", "message_type": "notification"},
                        "context": {"default_state": "draft", "force_delete": True},
                    },
                )
            ),
            *(
                (
                    "/mail/message/update_content",
                    {"message_id": self.message.id, "update_data": data, **key},
                )
                for data in (
                    {"body": "Rewritten"},
                    {"body": "", "attachment_ids": []},
                )
            ),
            (
                "/mail/message/reaction",
                {
                    "message_id": self.message.id,
                    "content": "+1",
                    "action": "add",
                    **key,
                },
            ),
            (
                "/mail/update_is_internal",
                {"message_id": self.message.id, "is_internal": True},
            ),
            *(
                (path, {"attachment_id": file.id, "access_token": token})
                for file in self.files
                for token in (None, file.access_token)
                for path in ("/mail/attachment/delete", "/portal/attachment/remove")
            ),
            (
                f"/invoice/transaction/{self.document.id}",
                {
                    "access_token": self.document.access_token if key else "wrong",
                    "provider_id": 1,
                    "payment_method_id": 1,
                    "token_id": None,
                    "amount": 1.0,
                    "flow": "direct",
                    "tokenization_requested": False,
                    "landing_route": "/my",
                },
            ),
            *(
                ("/web/dataset/call_kw", {**document_call, **call})
                for call in (
                    {"method": "write", "args": [self.document.ids, {"ref": "x"}]},
                    {"method": "unlink"},
                    {"method": "button_draft"},
                    {"method": "action_invoice_sent"},
                    {"method": "copy", "args": [self.document.ids, {"ref": "x"}]},
                    {
                        "model": "account.move.line",
                        "method": "write",
                        "args": [line.ids, {"price_unit": 1.0}],
                    },
                )
                for call in (
                    {**call, "kwargs": {}},
                    {**call, "kwargs": {"context": {"force_delete": True}}},
                )
            ),
            (
                "/product/catalog/update_order_line_info",
                {
                    "res_model": "account.move",
                    "order_id": self.document.id,
                    "product_id": self.product_a.id,
                    "quantity": 5,
                },
            ),
        ]

    @mute_logger("odoo.http", "odoo.sql_db")
    def _call(self, path, parameters):
        """:return: whether it got through"""
        try:
            self.make_jsonrpc_request(path, parameters)
        except JsonRpcException:
            return False
        return True

    @mute_logger("odoo.http")
    def _visit(self, path):
        return self.url_open(path).status_code

    @mute_logger("pypdf._reader")
    def _upload(self, key):
        return self.url_open(
            "/mail/attachment/upload",
            data={
                "thread_model": "account.move",
                "thread_id": self.document.id,
                "res_field": "invoice_pdf_report_file",
                "csrf_token": Request.csrf_token(self),
                **key,
            },
            files={"ufile": ("invoice.pdf", b"%PDF-1.4 forged")},
        ).status_code

    def assertDocumentUnchanged(self, login, key):
        """Whatever is done by this user, with or without a key, nothing changes.

        :return: paths of what got through
        """
        self.authenticate(login, login)
        self.env.flush_all()
        before = self._snapshot(self.document.id)
        done = [page for page in self._pages() if self._visit(page) == 200]
        if key:
            token = f"?access_token={self.document.access_token}"
            for query in ("", "&report_type=pdf&download=True"):
                self._visit(f"/my/invoices/{self.document.id}{token}{query}")
        done += [path for path, data in self._calls(key) if self._call(path, data)]
        if self._upload(key) == 200:
            done.append("/mail/attachment/upload")
        self.env.invalidate_all()
        after = self._snapshot(self.document.id)
        for table in ("mail_message", "ir_attachment", "mail_tracking_value"):
            # What is added to the conversation is no change of what was said.
            known = {row["id"] for row in before[table]}
            added = [row for row in after[table] if row["id"] not in known]
            self.assertFalse([row for row in added if row.get("res_field")])
            after[table] = [row for row in after[table] if row["id"] in known]
        self.assertEqual(
            [
                change
                for change in self._changes(before, after)
                if not change.startswith(NO_CHANGES)
            ],
            [],
        )
        return done

    def test_customer(self):
        done = self.assertDocumentUnchanged("lock_customer", {})
        self.assertIn(f"/my/invoices/{self.document.id}?", done)
        self.assertIn("/mail/message/post", done)

    def test_customer_with_the_link(self):
        done = self.assertDocumentUnchanged(
            "lock_customer", {"token": self.document.access_token}
        )
        self.assertIn("/mail/message/post", done)

    def test_stranger(self):
        done = self.assertDocumentUnchanged("lock_stranger", {})
        self.assertNotIn("/mail/message/post", done)

    def test_nobody_with_the_link(self):
        done = self.assertDocumentUnchanged(None, {"token": self.document.access_token})
        self.assertIn("/mail/message/post", done)

    def test_nobody(self):
        done = self.assertDocumentUnchanged(None, {})
        self.assertNotIn("/mail/message/post", done)
