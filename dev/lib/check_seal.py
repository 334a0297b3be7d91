#!/usr/bin/env python3
"""Compare the issued documents of a database, or of a restored dump, with their seals.

    check_seal.py 'dbname=production' [COMPANY_ID...]

Needs psycopg2 and no Odoo, and calls nothing that is in the database. Lists each issued
document that is not what was issued, with field, sealed value and present value; those
that are gone or have no seal; numbers that are missing; and where the chain of seals is
broken. Ends with 1 if there is anything to list.
"""

import hashlib
import sys
from collections import defaultdict

import psycopg2

TYPES = ("out_invoice", "out_refund", "out_receipt")
# An accepted cancellation writes it, and the history of the document says so.
CANCELLED = ("posted", "cancel")
BATCH = 2000


def find_changes(sealed, present, path):
    """Yield (field, sealed value, present value) of what differs."""
    for key, value in (sealed or {}).items():
        now = (present or {}).get(key)
        if isinstance(value, dict):
            if now is None:
                yield f"{path}{key}", "line", "gone"
            else:
                yield from find_changes(value, now, f"{path}{key}.")
        elif value != now and not (key == "state" and (value, now) == CANCELLED):
            yield f"{path}{key}", value, now


def read_present(cursor, move_ids):
    """:return: {move id: the same structure as a record}"""
    present = {}
    cursor.execute(
        "SELECT id, to_jsonb(m) FROM account_move m WHERE id = ANY(%s)", [move_ids]
    )
    for id_, row in cursor.fetchall():
        present[id_] = {"document": row, "lines": {}, "taxes": {}}
    cursor.execute(
        "SELECT move_id, id::text, to_jsonb(l), ("
        "  SELECT jsonb_agg(account_tax_id ORDER BY account_tax_id)"
        "  FROM account_move_line_account_tax_rel WHERE account_move_line_id = l.id)"
        " FROM account_move_line l WHERE move_id = ANY(%s)",
        [move_ids],
    )
    for move_id, id_, row, taxes in cursor.fetchall():
        present[move_id]["lines"][id_] = row
        if taxes:
            present[move_id]["taxes"][id_] = taxes
    return present


def check_documents(cursor, company_id):
    """Yield lines about documents that differ from their seals, and about the chain."""
    cursor.execute(
        "SELECT move_id, record, record::text, position, chain"
        " FROM account_document_seal WHERE company_id = %s"
        " ORDER BY position NULLS LAST, id",
        [company_id],
    )
    seals = cursor.fetchall()
    before, place = "", 0
    for move_id, _record, text, position, chain in seals:
        if chain is None:
            continue
        place += 1
        if position != place:
            yield (
                f"chain: entries {place} to {position - 1} are gone, entry {position}"
                f" (document {move_id}) cannot be verified"
            )
            place = position
        elif hashlib.sha256(f"{before}{text}".encode()).hexdigest() != chain:
            yield f"chain: entry {position} (document {move_id}) was changed"
        before = chain
    for start in range(0, len(seals), BATCH):
        batch = seals[start : start + BATCH]
        present = read_present(cursor, [seal[0] for seal in batch])
        for move_id, record, *_rest in batch:
            if record is None:
                yield f"document {move_id}: what was issued is not noted yet"
                continue
            name = record["document"].get("name")
            if move_id not in present:
                yield f"{name}: gone"
                continue
            now = present[move_id]
            for part in ("document", "lines", "taxes"):
                for field, old, new in find_changes(record[part], now[part], ""):
                    yield f"{name}: {part} {field}: {old!r} -> {new!r}"
                if part != "document":
                    for key in now[part].keys() - (record[part] or {}).keys():
                        yield f"{name}: {part} {key}: added"


def check_numbers(cursor, company_id):
    """Yield lines about issued documents without a seal, and about missing numbers."""
    cursor.execute(
        "SELECT move.id, move.name FROM account_move move"
        " JOIN res_company company ON company.id = move.company_id"
        " AND company.lock_posted_invoices"
        " LEFT JOIN account_document_seal seal ON seal.move_id = move.id"
        " WHERE move.company_id = %s AND move.move_type IN %s"
        " AND move.state = 'posted' AND seal.id IS NULL ORDER BY move.id",
        [company_id, TYPES],
    )
    for id_, name in cursor.fetchall():
        yield f"{name} (document {id_}): has no seal"
    numbers = defaultdict(set)
    cursor.execute(
        "SELECT journal_id, sequence_prefix, sequence_number FROM account_move"
        " WHERE company_id = %s AND posted_before AND sequence_number IS NOT NULL"
        " AND journal_id IN (SELECT id FROM account_journal WHERE type = 'sale')",
        [company_id],
    )
    for journal_id, prefix, number in cursor.fetchall():
        numbers[journal_id, prefix].add(number)
    for (_journal_id, prefix), present in sorted(numbers.items()):
        missing = sorted(set(range(min(present), max(present))) - present)
        if missing:
            yield f"{prefix}: {len(missing)} numbers are missing, from {missing[0]} on"


def main():
    if len(sys.argv) < 2 or sys.argv[1].startswith("-"):
        sys.exit(__doc__)
    connection = psycopg2.connect(sys.argv[1])
    connection.set_session(readonly=True)
    cursor = connection.cursor()
    cursor.execute("SELECT id, name FROM res_company ORDER BY id")
    companies = cursor.fetchall()
    found = 0
    for company_id, name in companies:
        if sys.argv[2:] and str(company_id) not in sys.argv[2:]:
            continue
        cursor.execute(
            "SELECT count(*) FROM account_document_seal WHERE company_id = %s",
            [company_id],
        )
        print(f"{name}: {cursor.fetchone()[0]} sealed documents")
        for check in (check_documents, check_numbers):
            for line in check(cursor, company_id):
                found += 1
                print(f"  {line}")
    print(f"{found} deviations")
    sys.exit(bool(found))


if __name__ == "__main__":
    main()
