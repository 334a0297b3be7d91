"""Chains of what was noted: each link carries a hash over the one before it."""

import hashlib

from odoo.tools import SQL

# What was taken off the chain of seals, while the lock was off, is noted as evidence.
_REMOVED = SQL(
    """
    UNION ALL
    SELECT company_id, (record ->> 'position')::integer, record ->> 'chain'
      FROM account_document_evidence
     WHERE kind = 'seal_gone' AND record ->> 'chain' IS NOT NULL
    """
)


def chain_entries(cr, table, limit):
    """Chain the next entries of each company in their order.

    :param table: `account_document_seal` or `account_document_evidence`
    :param limit: how many entries at most
    :return: number of entries that were chained, number of those that are left
    """
    name = SQL.identifier(table)
    cr.execute(
        SQL(
            "SELECT id, company_id, record::text FROM %s"
            " WHERE chain IS NULL AND record IS NOT NULL ORDER BY id LIMIT %s",
            name,
            limit,
        )
    )
    rows = cr.fetchall()
    last = _get_last_links(cr, table) if rows else {}
    links = []
    for id_, company_id, record in rows:
        position, chain = last.get(company_id, (0, ""))
        chain = hashlib.sha256(f"{chain}{record}".encode()).hexdigest()
        last[company_id] = (position + 1, chain)
        links.append((id_, *last[company_id]))
    if links:
        cr.execute(
            SQL(
                "UPDATE %s entry SET position = link.position, chain = link.chain"
                " FROM (VALUES %s) AS link (id, position, chain)"
                " WHERE entry.id = link.id",
                name,
                SQL(", ").join(links),
            )
        )
    cr.execute(SQL("SELECT count(*) FROM %s WHERE chain IS NULL", name))
    return len(links), cr.fetchone()[0]


def _get_last_links(cr, table):
    """:return: {company id: (position, chain) of its last entry that has one}"""
    cr.execute(
        SQL(
            "SELECT DISTINCT ON (company_id) company_id, position, chain FROM ("
            "  SELECT company_id, position, chain FROM %s WHERE chain IS NOT NULL %s"
            ") link ORDER BY company_id, position DESC",
            SQL.identifier(table),
            _REMOVED if table == "account_document_seal" else SQL(),
        )
    )
    return {
        company_id: (position, chain) for company_id, position, chain in cr.fetchall()
    }
