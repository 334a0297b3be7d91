from psycopg2.errors import SerializationFailure

from odoo import SUPERUSER_ID, api
from odoo.sql_db import db_connect
from odoo.tests import TransactionCase, tagged


@tagged("post_install", "-at_install")
class TestConcurrency(TransactionCase):
    """Two clerks credit the same invoice at the same time, on two connections."""

    def _invoice_on_a_connection(self, invoice_id):
        cursor = db_connect(self.env.cr.dbname).cursor()
        self.addCleanup(cursor.close)
        invoice = api.Environment(cursor, SUPERUSER_ID, {})["account.move"].browse(
            invoice_id
        )
        # The transaction sees what is true now, and no later.
        self.assertEqual(invoice.state, "posted")
        return invoice

    def test_the_second_clerk_starts_again(self):
        """Odoo runs a request again that failed like this (`odoo.service.model`); it
        then sees the credit note of the first clerk and refuses the second.
        """
        invoice = self.env["account.move"].search(
            [("move_type", "=", "out_invoice"), ("state", "=", "posted")], limit=1
        )
        if not invoice:
            self.skipTest("this database was made without Odoo's demo data")
        first = self._invoice_on_a_connection(invoice.id)
        second = self._invoice_on_a_connection(invoice.id)
        first._lock_for_credit()
        first.env.cr.commit()
        with self.assertRaises(SerializationFailure):
            second._lock_for_credit()
