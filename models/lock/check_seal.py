#!/usr/bin/env python3
"""Compare the issued documents of a database, or of a restored dump, with their seals.

    check_seal.py 'dbname=production' [--filestore FOLDER] [COMPANY_ID...]

Needs psycopg2 and no Odoo, and calls nothing that is in the database. Lists each issued
document that is not what was issued, with field, sealed value and present value; those
that are gone, have no seal, or were opened while the lock was off; files that are not
those archived (their content too, with the folder of Odoo's filestore); numbers that
are missing or there twice; entries of the log that were changed; and where a chain is
broken. Ends with 1 if there is anything to list.

Odoo's screen *Issued Documents Check* calls the same functions.
"""

import argparse
import hashlib
import sys
from pathlib import Path
from typing import Any, NamedTuple

TYPES = ("out_invoice", "out_refund", "out_receipt")
PIECE = 2000
# A contact that gets another parent company: Odoo writes it on what it bought before.
PARENT_FIELDS = {("document", "commercial_partner_id"), ("line", "partner_id")}


class Deviation(NamedTuple):
    """What is not as it was issued."""

    kind: str
    document: str  # number of the document, or what else it is about
    move_id: int | None = None
    field: str = ""
    sealed: Any = None
    present: Any = None


# What the words of `Deviation.kind` stand for.
KINDS = {
    "changed": "Changed",
    "gone": "Gone",
    "unsealed": "Without a seal",
    "opened": "Opened while the lock was off",
    "cancelled": "Cancelled without an accepted cancellation",
    "file": "Archived file changed",
    "missing": "Numbers missing",
    "double": "Number there twice",
    "log": "Log changed",
    "chain": "Chain broken",
}


def get_piece(cursor, company_id, after, period=(None, None), limit=PIECE):
    """:param after: id of the last seal of the piece before, 0 at first
    :param period: first and last day of the documents, as they were issued
    :return: ids of the next seals, in order
    """
    cursor.execute(
        "SELECT id FROM account_document_seal WHERE company_id = %(company)s"
        " AND id > %(after)s AND record IS NOT NULL" + _PERIOD + " ORDER BY id"
        " LIMIT %(limit)s",
        _get_parameters(company_id, period) | {"after": after, "limit": limit},
    )
    return [id_ for [id_] in cursor.fetchall()]


def count_seals(cursor, company_id, period=(None, None)):
    """:return: number of seals to compare, number of those that are not noted yet"""
    cursor.execute(
        "SELECT count(*) FILTER (WHERE record IS NOT NULL" + _PERIOD + "),"
        " count(*) FILTER (WHERE record IS NULL)"
        " FROM account_document_seal WHERE company_id = %(company)s",
        _get_parameters(company_id, period),
    )
    return cursor.fetchone()


_PERIOD = (
    " AND ((record -> 'document' ->> 'date')::date BETWEEN"
    " coalesce(%(start)s::date, '-infinity') AND coalesce(%(end)s::date, 'infinity'))"
)


def _get_parameters(company_id, period):
    return {"company": company_id, "start": period[0], "end": period[1], "types": TYPES}


def check_piece(cursor, seal_ids, read_file=None):
    """Compare the documents of some seals, their lines, taxes and files.

    :param read_file: function of the name in the filestore that returns the content, or
        None if there is none; without it, checksums are compared only
    :return: list of `Deviation`
    """
    return [
        deviation
        for check in (_check_documents, _check_lines, _check_taxes)
        for deviation in check(cursor, seal_ids)
    ] + list(_check_files(cursor, seal_ids, read_file))


def _check_documents(cursor, seal_ids):
    cursor.execute(
        """
        SELECT s.move_id, s.record -> 'document' ->> 'name', f.key, f.value,
               now.row -> f.key, now.row ? f.key, p.commercial_partner_id,
               m.id IS NULL, EXISTS (
                    SELECT FROM account_document_lock_log l
                     WHERE l.event = 'cancellation' AND l.document_id = s.move_id)
          FROM account_document_seal s
          LEFT JOIN account_move m ON m.id = s.move_id
          LEFT JOIN res_partner p ON p.id = m.partner_id
         CROSS JOIN LATERAL (SELECT pg_catalog.to_jsonb(m) AS row OFFSET 0) now
         CROSS JOIN LATERAL pg_catalog.jsonb_each(s.record -> 'document') f
         WHERE s.id = ANY(%s)
           AND (m.id IS NULL AND f.key = 'name'
                OR m.id IS NOT NULL AND f.value IS DISTINCT FROM now.row -> f.key)
         ORDER BY s.id, f.key
        """,
        [seal_ids],
    )
    for (
        move_id,
        name,
        key,
        sealed,
        present,
        is_column,
        parent_id,
        is_gone,
        is_accepted,
    ) in cursor.fetchall():
        if is_gone:
            yield Deviation("gone", name, move_id)
        elif (key, sealed, present) == ("state", "posted", "cancel"):
            if not is_accepted:
                yield Deviation("cancelled", name, move_id, key, sealed, present)
        elif is_column and not _is_same("document", key, sealed, present, parent_id):
            yield Deviation("changed", name, move_id, key, sealed, present)


def _check_lines(cursor, seal_ids):
    cursor.execute(
        """
        SELECT s.move_id, s.record -> 'document' ->> 'name', line.key, f.key, f.value,
               now.row -> f.key, now.row ? f.key, p.commercial_partner_id, l.id IS NULL
          FROM account_document_seal s
          JOIN account_move m ON m.id = s.move_id
          LEFT JOIN res_partner p ON p.id = m.partner_id
         CROSS JOIN LATERAL pg_catalog.jsonb_each(
                CASE pg_catalog.jsonb_typeof(s.record -> 'lines')
                WHEN 'object' THEN s.record -> 'lines' END) line
          LEFT JOIN account_move_line l
                 ON l.id = line.key::integer AND l.move_id = s.move_id
         CROSS JOIN LATERAL (SELECT pg_catalog.to_jsonb(l) AS row OFFSET 0) now
         CROSS JOIN LATERAL pg_catalog.jsonb_each(line.value) f
         WHERE s.id = ANY(%s)
           AND (l.id IS NULL AND f.key = 'move_id'
                OR l.id IS NOT NULL AND f.value IS DISTINCT FROM now.row -> f.key)
         ORDER BY s.id, line.key, f.key
        """,
        [seal_ids],
    )
    for (
        move_id,
        name,
        line_id,
        key,
        sealed,
        present,
        is_column,
        parent_id,
        is_gone,
    ) in cursor.fetchall():
        if is_gone:
            yield Deviation("changed", name, move_id, f"line {line_id}", "line", "gone")
        elif (
            is_column
            # The document says it, too.
            and key != "parent_state"
            and not _is_same("line", key, sealed, present, parent_id)
        ):
            field = f"line {line_id} {key}"
            yield Deviation("changed", name, move_id, field, sealed, present)
    cursor.execute(
        """
        SELECT s.move_id, s.record -> 'document' ->> 'name', l.id
          FROM account_document_seal s
          JOIN account_move_line l ON l.move_id = s.move_id
         WHERE s.id = ANY(%s)
           AND (s.record -> 'lines' ? l.id::text) IS NOT TRUE
         ORDER BY s.id, l.id
        """,
        [seal_ids],
    )
    for move_id, name, line_id in cursor.fetchall():
        yield Deviation("changed", name, move_id, f"line {line_id}", None, "added")


def _check_taxes(cursor, seal_ids):
    cursor.execute(
        """
        SELECT s.move_id, s.record -> 'document' ->> 'name', l.id,
               s.record -> 'taxes' -> l.id::text, now.taxes
          FROM account_document_seal s
          JOIN account_move_line l ON l.move_id = s.move_id
         CROSS JOIN LATERAL (
                SELECT pg_catalog.jsonb_agg(r.account_tax_id ORDER BY r.account_tax_id)
                       AS taxes
                  FROM account_move_line_account_tax_rel r
                 WHERE r.account_move_line_id = l.id) now
         WHERE s.id = ANY(%s) AND s.record -> 'lines' ? l.id::text
           AND s.record -> 'taxes' -> l.id::text IS DISTINCT FROM now.taxes
         ORDER BY s.id, l.id
        """,
        [seal_ids],
    )
    for move_id, name, line_id, sealed, present in cursor.fetchall():
        field = f"line {line_id} tax_ids"
        yield Deviation("changed", name, move_id, field, sealed, present)


def _is_same(part, key, sealed, present, parent_id):
    """:return: whether the value says the same in another way"""
    if (part, key) in PARENT_FIELDS and present == parent_id:
        return True
    # A column that became translated.
    return isinstance(sealed, str) and (
        isinstance(present, dict) and sealed in present.values()
    )


def _check_files(cursor, seal_ids, read_file):
    cursor.execute(
        """
        SELECT s.move_id, s.record -> 'document' ->> 'name', noted.kind,
               noted.record ->> 'field', noted.record ->> 'checksum',
               (noted.record ->> 'replaced')::boolean, a.checksum, a.store_fname,
               a.db_datas
          FROM account_document_seal s
          JOIN (SELECT DISTINCT ON (document_id, record ->> 'field') *
                  FROM account_document_evidence
                 WHERE kind IN ('file', 'file_gone')
                   AND document_id = ANY(ARRAY(
                        SELECT move_id FROM account_document_seal WHERE id = ANY(%s)))
              ORDER BY document_id, record ->> 'field', id DESC) noted
            ON noted.document_id = s.move_id AND noted.noted_at >= s.sealed_at
          LEFT JOIN ir_attachment a
                 ON a.res_model = 'account.move' AND a.res_id = s.move_id
                AND a.res_field = noted.record ->> 'field'
         ORDER BY s.id
        """,
        [seal_ids],
    )
    for (
        move_id,
        name,
        kind,
        field,
        sealed,
        is_replaced,
        present,
        store_name,
        data,
    ) in cursor.fetchall():
        if kind == "file_gone":
            # Where an authority's answer is printed on it, it is made anew.
            if not is_replaced:
                yield Deviation("file", name, move_id, field, sealed, None)
            continue
        if present == sealed:
            content = bytes(data) if data is not None else None
            if content is None and store_name and read_file:
                content = read_file(store_name)
                if content is None:
                    yield Deviation("file", name, move_id, field, sealed, None)
                    continue
            if content is None:
                continue
            # Not to keep a secret: it is Odoo's own checksum.
            present = hashlib.sha1(content, usedforsecurity=False).hexdigest()
        if present != sealed:
            yield Deviation("file", name, move_id, field, sealed, present)


def check_company(cursor, company_id, period=(None, None)):
    """Check what does not belong to one document alone: chains, numbers, log.

    :return: list of `Deviation`
    """
    return [
        deviation
        for check in (
            _check_chains,
            _check_unsealed,
            _check_opened,
            _check_numbers,
            _check_log,
        )
        for deviation in check(cursor, company_id, period)
    ]


_CHAINS = {
    # What was taken off it, while the lock was off, is kept in the other chain.
    "seals": """
        SELECT position, chain, record::text AS record, move_id AS document_id
          FROM account_document_seal WHERE company_id = %(company)s
         UNION ALL
        SELECT (record ->> 'position')::integer, record ->> 'chain',
               (record -> 'record')::text, document_id
          FROM account_document_evidence
         WHERE company_id = %(company)s AND kind = 'seal_gone'
        """,
    "evidence": """
        SELECT position, chain, record::text, document_id
          FROM account_document_evidence WHERE company_id = %(company)s
        """,
}


def _check_chains(cursor, company_id, period):
    for name, entries in _CHAINS.items():
        cursor.execute(
            "SELECT position, before, is_right, document_id FROM ("
            "  SELECT position, document_id, chain = pg_catalog.encode("
            "    pg_catalog.sha256(pg_catalog.convert_to("
            "      coalesce(lag(chain) OVER links, '') || record, 'UTF8')), 'hex')"
            "    AS is_right, coalesce(lag(position) OVER links, 0) AS before"
            f" FROM ({entries}) entry WHERE chain IS NOT NULL"
            "  WINDOW links AS (ORDER BY position)) link"
            " WHERE position <> before + 1 OR is_right IS NOT TRUE"
            " ORDER BY position",
            _get_parameters(company_id, period),
        )
        for position, before, _is_right, document_id in cursor.fetchall():
            if position == before + 1:
                field = f"entry {position}"
                yield Deviation("chain", name, document_id, field, None, "changed")
            elif position == before:
                field = f"entry {position}"
                yield Deviation("chain", name, document_id, field, None, "twice")
            else:
                field = f"entries {before + 1} to {position - 1}"
                yield Deviation("chain", name, None, field, None, "gone")


def _check_unsealed(cursor, company_id, period):
    cursor.execute(
        "SELECT m.id, m.name FROM account_move m"
        " JOIN res_company c ON c.id = m.company_id AND c.lock_posted_invoices"
        " LEFT JOIN account_document_seal s ON s.move_id = m.id"
        " WHERE m.company_id = %(company)s AND m.move_type IN %(types)s"
        " AND m.state = 'posted' AND s.id IS NULL" + _DATE + " ORDER BY m.id",
        _get_parameters(company_id, period),
    )
    for move_id, name in cursor.fetchall():
        yield Deviation("unsealed", name, move_id)


_DATE = (
    " AND m.date BETWEEN coalesce(%(start)s::date, '-infinity')"
    " AND coalesce(%(end)s::date, 'infinity')"
)


def _check_opened(cursor, company_id, period):
    """What lost its seal: it was reset to draft or deleted."""
    cursor.execute(
        "SELECT e.document_id, e.name, e.noted_at::text, m.state"
        " FROM account_document_evidence e"
        " LEFT JOIN account_move m ON m.id = e.document_id"
        " WHERE e.company_id = %(company)s AND e.kind = 'seal_gone'"
        " AND coalesce((e.record #>> '{record,document,date}')::date BETWEEN"
        " coalesce(%(start)s::date, '-infinity')"
        " AND coalesce(%(end)s::date, 'infinity'), true) ORDER BY e.id",
        _get_parameters(company_id, period),
    )
    for move_id, name, noted_at, state in cursor.fetchall():
        if state is None:
            yield Deviation("gone", name, move_id, "", noted_at, None)
        else:
            yield Deviation("opened", name, move_id, "state", noted_at, state)


def _check_numbers(cursor, company_id, period):
    parameters = _get_parameters(company_id, period)
    # Drafts may have a number, too. What was issued and is gone had one.
    cursor.execute(
        """
        WITH numbered AS (
            SELECT m.journal_id, m.sequence_prefix AS prefix, m.date,
                   m.sequence_number AS number, m.id IS NOT NULL AS is_there
              FROM account_move m JOIN account_journal j ON j.id = m.journal_id
             WHERE m.company_id = %(company)s AND j.type = 'sale'
               AND m.sequence_number > 0 AND coalesce(m.name, '/') <> '/'
             UNION ALL
            SELECT (d ->> 'journal_id')::integer, d ->> 'sequence_prefix',
                   (d ->> 'date')::date, (d ->> 'sequence_number')::integer, false
              FROM account_document_evidence e
             CROSS JOIN LATERAL (
                    SELECT e.record #> '{record,document}' AS d) document
             WHERE e.company_id = %(company)s AND e.kind = 'seal_gone'
        ), span AS (
            SELECT journal_id, prefix, min(number) AS first, max(number) AS last
              FROM numbered
             WHERE date BETWEEN coalesce(%(start)s::date, '-infinity')
               AND coalesce(%(end)s::date, 'infinity')
             GROUP BY journal_id, prefix
        ), following AS (
            SELECT n.journal_id, n.prefix, n.number,
                   lag(n.number) OVER (
                       PARTITION BY n.journal_id, n.prefix ORDER BY n.number) AS before
              FROM (SELECT DISTINCT journal_id, prefix, number
                      FROM numbered WHERE is_there) n
              JOIN span ON span.journal_id = n.journal_id AND span.prefix = n.prefix
               AND n.number BETWEEN span.first AND span.last
        )
        SELECT prefix, before + 1, number - 1 FROM following WHERE number > before + 1
         UNION ALL
        SELECT span.prefix, span.first, f.number - 1 FROM span JOIN (
                SELECT journal_id, prefix, min(number) AS number FROM following
                 GROUP BY journal_id, prefix) f
            ON f.journal_id = span.journal_id AND f.prefix = span.prefix
           AND f.number > span.first
         UNION ALL
        SELECT span.prefix, coalesce(f.number + 1, span.first), span.last
          FROM span LEFT JOIN (
                SELECT journal_id, prefix, max(number) AS number FROM following
                 GROUP BY journal_id, prefix) f
            ON f.journal_id = span.journal_id AND f.prefix = span.prefix
         WHERE coalesce(f.number, span.first - 1) < span.last
         ORDER BY 1, 2
        """,
        parameters,
    )
    for prefix, first, last in cursor.fetchall():
        numbers = str(first) if first == last else f"{first} – {last}"
        yield Deviation("missing", prefix, None, numbers)
    cursor.execute(
        "SELECT m.name, count(*), min(m.id) FROM account_move m"
        " WHERE m.company_id = %(company)s AND m.move_type IN %(types)s"
        " AND m.state = 'posted'" + _DATE + " GROUP BY m.name"
        " HAVING count(*) > 1 ORDER BY m.name",
        parameters,
    )
    for name, count, move_id in cursor.fetchall():
        yield Deviation("double", name, move_id, "name", 1, count)


def _check_log(cursor, company_id, period):
    """Entries of the log were noted when they were written."""
    cursor.execute(
        """
        SELECT e.record ->> 'id', f.key, f.value, now.row -> f.key, l.id IS NULL
          FROM account_document_evidence e
          LEFT JOIN account_document_lock_log l ON l.id = (e.record ->> 'id')::integer
         CROSS JOIN LATERAL (SELECT pg_catalog.to_jsonb(l) AS row OFFSET 0) now
         CROSS JOIN LATERAL pg_catalog.jsonb_each(e.record) f
         WHERE e.company_id = %(company)s AND e.kind = 'log'
           AND (l.id IS NULL AND f.key = 'id'
                OR l.id IS NOT NULL AND now.row ? f.key
                AND f.value IS DISTINCT FROM now.row -> f.key)
         ORDER BY e.id, f.key
        """,
        _get_parameters(company_id, period),
    )
    for id_, key, sealed, present, is_gone in cursor.fetchall():
        if is_gone:
            yield Deviation("log", f"entry {id_}", None, "", "entry", None)
        else:
            yield Deviation("log", f"entry {id_}", None, key, sealed, present)


# -----------------------------------------------------------------------------
# COMMAND
# -----------------------------------------------------------------------------


def get_last_links(cursor, company_id):
    """:return: list of (name of the chain, position, hash) of the last links"""
    links = []
    for name, entries in _CHAINS.items():
        cursor.execute(
            f"SELECT position, chain FROM ({entries}) entry WHERE chain IS NOT NULL"
            " ORDER BY position DESC LIMIT 1",
            _get_parameters(company_id, (None, None)),
        )
        links += [(name, *link) for link in cursor.fetchall()]
    return links


def describe(deviation):
    """:return: a line of text"""
    text = f"{deviation.document}: {KINDS[deviation.kind].lower()}"
    if deviation.field:
        text += f", {deviation.field}"
    if deviation.sealed is not None or deviation.present is not None:
        text += f": {deviation.sealed!r} -> {deviation.present!r}"
    return text


def check_all(cursor, company_id, read_file=None):
    """:return: iterator of all `Deviation` of a company"""
    yield from check_company(cursor, company_id)
    after = 0
    while seal_ids := get_piece(cursor, company_id, after):
        yield from check_piece(cursor, seal_ids, read_file)
        after = seal_ids[-1]


def main():
    # Odoo has it anyway; the functions above take any cursor.
    import psycopg2

    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("dsn", help="the database, such as 'dbname=production'")
    parser.add_argument("companies", nargs="*", type=int, metavar="COMPANY_ID")
    parser.add_argument("--filestore", type=Path, help="Odoo's folder of this database")
    arguments = parser.parse_args()

    def read_file(name):
        path = arguments.filestore / name
        return path.read_bytes() if path.is_file() else None

    try:
        connection = psycopg2.connect(arguments.dsn)
    except psycopg2.Error as error:
        parser.error(str(error).strip())
    connection.set_session(isolation_level="REPEATABLE READ", readonly=True)
    cursor = connection.cursor()
    cursor.execute("SELECT to_regclass('account_document_seal')")
    if cursor.fetchone() == (None,):
        parser.error("this database has no sealed documents: the addon is not in it")
    cursor.execute("SELECT id, name FROM res_company ORDER BY id")
    found = 0
    for company_id, name in cursor.fetchall():
        if arguments.companies and company_id not in arguments.companies:
            continue
        sealed, not_noted = count_seals(cursor, company_id)
        sys.stdout.write(f"{name}: {sealed} sealed documents\n")
        if not_noted:
            sys.stdout.write(f"  not compared: {not_noted}, which are not noted yet\n")
        for chain, position, link in get_last_links(cursor, company_id):
            sys.stdout.write(f"  last link of {chain}: {position} {link}\n")
        for deviation in check_all(
            cursor, company_id, arguments.filestore and read_file
        ):
            found += 1
            sys.stdout.write(f"  {describe(deviation)}\n")
    sys.stdout.write(f"{found} deviations\n")
    sys.exit(bool(found))


if __name__ == "__main__":
    main()
