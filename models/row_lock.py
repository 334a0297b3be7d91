from odoo.tools import SQL


def lock_rows(records):
    """Let nobody else lock these records until this transaction has ended.

    A transaction that began before this one was committed fails on the updated row, and
    Odoo runs it again (`odoo.service.model.retrying`): it would not see what this one
    did. That is no error, so none is logged.
    """
    if not records.ids:
        return
    # In the order of ids: two that lock several records do not block each other.
    # FOR NO KEY UPDATE: a document that refers to one of them does not block it.
    records.env.cr.execute(
        SQL(
            "WITH locked AS"
            " (SELECT id FROM %(table)s WHERE id IN %(ids)s"
            " ORDER BY id FOR NO KEY UPDATE)"
            " UPDATE %(table)s SET write_uid = write_uid FROM locked"
            " WHERE %(table)s.id = locked.id",
            table=SQL.identifier(records._table),
            ids=tuple(records.ids),
        ),
        log_exceptions=False,
    )
