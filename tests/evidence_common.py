from odoo.tools import SQL

from ..models.lock.transaction import lock_transaction
from .lock_common import LockCommon

SEAL_CRON = "account_partner_credit_note.ir_cron_account_document_seal"
TABLES = (
    "account_move",
    "account_move_line",
    "account_move_line_account_tax_rel",
    "account_document_seal",
    "account_document_evidence",
    "account_document_lock_log",
    "ir_attachment",
)


class EvidenceCommon(LockCommon):
    """Sealed and chained documents, and somebody who forges them in the database."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.document = cls._invoice(100.0, 50.0)
        cls.other = cls._invoice(10.0)
        cls.pdf = cls._archive(cls.document)
        cls._end_transaction()

    @classmethod
    def _end_transaction(cls):
        cls.env.flush_all()
        cls.env.cr.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cls.env.cr.execute("SET CONSTRAINTS ALL DEFERRED")
        lock_transaction(cls.env).unsealed_ids.clear()
        cls.env.invalidate_all()

    def setUp(self):
        super().setUp()
        self._chain()

    def _chain(self):
        self._end_transaction()
        with self.enter_registry_test_mode():
            self.env.ref(SEAL_CRON).method_direct_trigger()
        self.env.invalidate_all()

    def _forge(self, statement, *params):
        """What the owner of the database can do, with the triggers out of the way."""
        for what in ("DISABLE", "ENABLE"):
            for table in TABLES:
                self.env.cr.execute(
                    SQL(
                        "ALTER TABLE %s %s TRIGGER USER",
                        SQL.identifier(table),
                        SQL(what),
                    )
                )
            if what == "DISABLE":
                self.env.cr.execute(statement, params)
        self.env.invalidate_all()
