from odoo.tests import tagged
from odoo.tools import mute_logger

from .lock_common import LockCommon


@tagged("post_install", "-at_install")
class TestLockTables(LockCommon):
    """Columns and tables of documents, as fields that users define reach them."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.document = cls._invoice(100.0, 50.0)

    @mute_logger("odoo.sql_db")
    def test_columns_dropped(self):
        for user in (self.administrator, self.users["superuser"]):
            for model, name in (
                ("account.move", "narration"),
                ("account.move.line", "discount"),
                ("account.document.lock.log", "user_id"),
                ("mail.message", "author_id"),
            ):
                self.assertRefusedFor(
                    user,
                    lambda env, model=model, name=name: (
                        env["ir.model.fields"]
                        ._get(model, name)
                        .with_env(env)
                        .with_context(_force_unlink=True)
                        .unlink()
                    ),
                )
            self.assertRefusedFor(
                user,
                lambda env: (
                    env["ir.model"]
                    ._get("account.document.lock.log")
                    .with_env(env)
                    .with_context(_force_unlink=True)
                    .unlink()
                ),
            )
        self.env.cr.execute("SELECT narration FROM account_move LIMIT 1")
        self.env.cr.execute("SELECT user_id FROM account_document_lock_log LIMIT 1")

    @mute_logger("odoo.sql_db")
    def test_relation_over_the_ledger(self):
        for table, column in (
            ("account_move_line", "partner_id"),
            ("account_move", "partner_id"),
            ("account_document_lock_log", "user_id"),
            ("account_move_line_account_tax_rel", "account_move_line_id"),
        ):
            self.assertRefusedFor(
                self.administrator,
                lambda env, table=table, column=column: env["ir.model.fields"].create(
                    {
                        "name": "x_d",
                        "model_id": env["ir.model"]._get("res.partner").id,
                        "ttype": "many2many",
                        "relation": "ir.model.fields",
                        "relation_table": table,
                        "column1": column,
                        "column2": "id",
                        "state": "manual",
                        "field_description": "d",
                    }
                ),
            )
