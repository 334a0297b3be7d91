import base64

from odoo.tests import tagged
from odoo.tools import mute_logger

from ..models.lock import check_seal
from ..models.lock.edi_cancellation import with_accepted_cancellation
from .evidence_common import EvidenceCommon


@tagged("post_install", "-at_install")
class TestEvidence(EvidenceCommon):
    """What was issued can be proven: `check_seal`, which the screen and the command
    share, finds what was changed around the lock, and nothing else."""

    def _check(self, read_file=None):
        self.env.flush_all()
        return list(check_seal.check_all(self.env.cr, self.company.id, read_file))

    def _find(self, kind):
        return [deviation for deviation in self._check() if deviation.kind == kind]

    def test_nothing_to_find(self):
        self.assertEqual(self._check(), [])

    def test_one_byte_in_each_table(self):
        company_id, move_id = self.company.id, self.document.id
        line = self.document.invoice_line_ids[0]
        other_tax = self.tax_sale_b.id
        self.company.over_credit_policy = "warn"
        self._chain()
        self.assertEqual(self._check(), [])
        for kind, field, statement, *params in (
            (
                "changed",
                "ref",
                "UPDATE account_move SET ref = 'x' WHERE id = %s",
                move_id,
            ),
            (
                "changed",
                "amount_total",
                "UPDATE account_move SET amount_total = 172.51 WHERE id = %s",
                move_id,
            ),
            (
                "changed",
                f"line {line.id} name",
                "UPDATE account_move_line SET name = 'Service 2' WHERE id = %s",
                line.id,
            ),
            (
                "changed",
                f"line {line.id} tax_ids",
                (
                    "UPDATE account_move_line_account_tax_rel SET account_tax_id = %s"
                    " WHERE account_move_line_id = %s"
                ),
                other_tax,
                line.id,
            ),
            (
                "chain",
                "entry 1",
                (
                    "UPDATE account_document_seal SET record = record || '{\"x\": 1}'"
                    " WHERE company_id = %s AND position = 1"
                ),
                company_id,
            ),
            (
                "chain",
                "entries 1 to 1",
                (
                    "DELETE FROM account_document_seal"
                    " WHERE company_id = %s AND position = 1"
                ),
                company_id,
            ),
            (
                "chain",
                "entry 1",
                (
                    "UPDATE account_document_evidence"
                    " SET record = record || '{\"x\": 1}'"
                    " WHERE company_id = %s AND position = 1"
                ),
                company_id,
            ),
            (
                "log",
                "over_credit_policy",
                (
                    "UPDATE account_document_lock_log SET over_credit_policy = 'block'"
                    " WHERE company_id = %s"
                ),
                company_id,
            ),
            (
                "log",
                "",
                "DELETE FROM account_document_lock_log WHERE company_id = %s",
                company_id,
            ),
            (
                "file",
                "invoice_pdf_report_file",
                "UPDATE ir_attachment SET checksum = 'x' WHERE id = %s",
                self.pdf.id,
            ),
            (
                "file",
                "invoice_pdf_report_file",
                "DELETE FROM ir_attachment WHERE id = %s",
                self.pdf.id,
            ),
            (
                "cancelled",
                "state",
                "UPDATE account_move SET state = 'cancel' WHERE id = %s",
                move_id,
            ),
            (
                "changed",
                f"line {line.id}",
                "UPDATE account_move_line SET move_id = %s WHERE id = %s",
                self.other.id,
                line.id,
            ),
        ):
            with self.subTest(statement=statement), self._undone():
                self._forge(statement, *params)
                found = {(d.kind, d.field) for d in self._check()}
                self.assertIn((kind, field), found)

    def test_content_of_the_file(self):
        content = {"store": self.pdf.raw}
        self.env.cr.execute(
            "SELECT store_fname FROM ir_attachment WHERE id = %s", [self.pdf.id]
        )
        [store_name] = self.env.cr.fetchone()
        self.assertTrue(store_name)
        self.assertEqual(self._check(lambda name: content["store"]), [])
        content["store"] = b"%PDF-1.4 issueD"
        [found] = self._check(lambda name: content["store"])
        self.assertEqual((found.kind, found.document), ("file", self.document.name))
        content["store"] = None
        [found] = self._check(lambda name: content["store"])
        self.assertIsNone(found.present)

    def test_values_are_told(self):
        self._forge(
            "UPDATE account_move SET amount_total = 2 WHERE id = %s", self.document.id
        )
        [found] = self._check()
        self.assertEqual((found.sealed, found.present), (172.5, 2))
        self.assertEqual(
            check_seal.describe(found),
            f"{self.document.name}: changed, amount_total: 172.5 -> 2",
        )

    def test_end_of_the_chain(self):
        """The document issued last is deleted while the lock is off."""
        last = self._invoice(7.0)
        self._chain()
        name, number = last.name, last.sequence_number
        self._set_lock(False)
        last.button_draft()
        last.with_context(force_delete=True).unlink()
        self.env.flush_all()
        self._set_lock(True)
        found = self._check()
        self.assertIn((name, "gone"), [(d.document, d.kind) for d in found])
        self.assertIn(str(number), [d.field for d in found if d.kind == "missing"])
        self.assertNotIn("chain", [d.kind for d in found])
        # The chain goes on from it.
        self._invoice(8.0)
        self._chain()
        self.assertNotIn("chain", [d.kind for d in self._check()])

    def test_deleted_by_sql(self):
        """Also without our triggers on the documents."""
        last = self._invoice(7.0)
        self._chain()
        name = last.name
        self.env.cr.execute("ALTER TABLE account_move DISABLE TRIGGER USER")
        self.env.cr.execute("ALTER TABLE account_move_line DISABLE TRIGGER USER")
        self.env.cr.execute("DELETE FROM account_move WHERE id = %s", [last.id])
        self.env.cr.execute("ALTER TABLE account_move ENABLE TRIGGER USER")
        self.env.cr.execute("ALTER TABLE account_move_line ENABLE TRIGGER USER")
        self.env.invalidate_all()
        self.assertEqual([d.document for d in self._find("gone")], [name])

    def test_opened(self):
        """Reset while the lock was off, changed, and posted again."""
        self._set_lock(False)
        self.document.button_draft()
        self.env.flush_all()
        self.document.ref = "another"
        self.document.action_post()
        self._end_transaction()
        self._set_lock(True)
        self._chain()
        found = self._check()
        # In one transaction, the file has been removed when it was sealed again.
        self.assertEqual(
            [(d.document, d.kind) for d in found if d.kind != "file"],
            [(self.document.name, "opened")],
        )

    def test_numbers(self):
        first, second, _third = (self._invoice(1.0) for _number in range(3))
        self._chain()
        self._forge(
            "UPDATE account_move SET name = %s, journal_id = %s WHERE id = %s",
            first.name,
            self.company_data["default_journal_misc"].id,
            second.id,
        )
        self.assertEqual([d.document for d in self._find("double")], [first.name])
        [missing] = self._find("missing")
        self.assertEqual(missing.document, first.sequence_prefix)
        self.assertEqual(missing.field, str(first.sequence_number + 1))

    def test_period(self):
        self._forge("UPDATE account_move SET ref = 'x' WHERE id = %s", self.document.id)
        date = self.document.date
        cr, company_id = self.env.cr, self.company.id
        for period, found in (
            ((None, None), True),
            ((date, date), True),
            ((None, date), True),
            (("2000-01-01", "2000-12-31"), False),
        ):
            ids = check_seal.get_piece(cr, company_id, 0, period)
            self.assertEqual(bool(check_seal.check_piece(cr, ids)), found)
            self.assertEqual(
                check_seal.count_seals(cr, company_id, period)[0], len(ids)
            )

    # --- no false alarms -------------------------------------------------------------

    def test_bookkeeping_is_no_deviation(self):
        self.document.action_toggle_block_payment()
        self.document.action_toggle_block_payment()
        self._register_payment(self.document)
        self._credit(self.other)
        self.partner_a.write({"name": "Renamed", "street": "Elsewhere"})
        self.partner_a.parent_id = self.env["res.partner"].create(
            {"name": "Group", "is_company": True, "vat": self.partner_a.vat}
        )
        self._chain()
        self.assertEqual(self._check(), [])

    def test_draft_with_a_number(self):
        """What Odoo skips, or gives to a draft, is not missing."""
        self._invoice(1.0, post=False)
        self._invoice(1.0)
        self._chain()
        self.assertEqual(self._check(), [])

    def test_accepted_cancellation(self):
        cancelled = with_accepted_cancellation(self.document, self.document)
        cancelled.button_cancel()
        self.assertEqual(self.document.state, "cancel")
        self._chain()
        self.assertEqual(self._check(), [])

    def test_file_made_anew(self):
        """With the answer of an authority on it."""
        from ..models.lock.capability import (
            FileRenewal,
            with_capability,
        )

        with_capability(self.pdf, FileRenewal, self.document).unlink()
        self.assertEqual(self._check(), [])
        self._archive(self.document)
        self.assertEqual(self._check(), [])

    def test_file_replaced_with_the_lock_off(self):
        self._set_lock(False)
        self.document.invoice_pdf_report_file = base64.b64encode(b"%PDF forged")
        self.env.flush_all()
        self._set_lock(True)
        [found] = self._check()
        self.assertEqual((found.kind, found.document), ("file", self.document.name))

    # --- nobody writes it ------------------------------------------------------------

    @mute_logger("odoo.sql_db")
    def test_evidence_is_kept(self):
        import psycopg2

        evidence = self.env["account.document.evidence"].search(
            [("company_id", "=", self.company.id)]
        )
        self.assertEqual(set(evidence.mapped("kind")), {"file"})
        self.assertEqual(evidence[0].record["checksum"], self.pdf.checksum)
        for attack in (
            evidence.unlink,
            lambda: evidence.write({"name": "x"}),
            lambda: evidence.sudo().create({"kind": "file"}),
        ):
            with self.assertRefusal("noted by the database"):
                attack()
        for statement in (
            "DELETE FROM account_document_evidence",
            "UPDATE account_document_evidence SET document_id = 1",
            "UPDATE account_document_evidence SET chain = NULL",
            "INSERT INTO account_document_evidence DEFAULT VALUES",
            "TRUNCATE account_document_evidence",
        ):
            with (
                self.subTest(statement=statement),
                self.assertRaises(psycopg2.errors.RestrictViolation),
                self.env.cr.savepoint(),
            ):
                self.env.cr.execute(statement)
