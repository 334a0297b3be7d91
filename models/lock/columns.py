"""The last step before the database: what would change in an issued document's row.

What came here through `write` was looked at. What did not (translations of terms,
`_write`, values put into the cache) is looked at here.
"""

from collections import defaultdict

from odoo.exceptions import UserError
from odoo.tools import SQL

from .frozen import RECOMPUTED_FIELDS, RECOMPUTED_LINE_FIELDS, filter_frozen
from .transaction import lock_transaction

RECOMPUTED_COLUMNS = {
    "account.move": RECOMPUTED_FIELDS,
    "account.move.line": RECOMPUTED_LINE_FIELDS,
}


def get_closed_columns(model):
    """:return: set of names of the columns that do not change once issued"""
    return {
        name
        for name in (model._get_lock_closed_fields() | {"create_date", "create_uid"})
        - RECOMPUTED_COLUMNS[model._name]
        if model._fields[name].store and model._fields[name].column_type
    }


def check_columns(records, vals_list):
    """Check an update before it is made.

    :param vals_list: for each record, {column: value as the database takes it}
    :return: whether it has to pass the triggers
    :raise UserError: it changes a closed column of an issued document
    """
    closed = get_closed_columns(records)
    updates = {
        record.id: (names, vals)
        for record, vals in zip(records, vals_list, strict=True)
        if (names := closed & vals.keys())
    }
    if not updates:
        return False
    leaves = lock_transaction(records.env).leaves
    groups = defaultdict(list)
    for record in filter_frozen(records.browse(updates)):
        names, vals = updates[record.id]
        if names := sorted(
            name for name in names if (record._name, record.id, name) not in leaves
        ):
            groups[tuple(names)].append((record.id, *(vals[name] for name in names)))
    for names, rows in groups.items():
        _check_rows(records, names, rows)
    passing = {
        (records._name, id_, name)
        for id_, (names, _vals) in updates.items()
        for name in names
    } & leaves
    leaves -= passing
    return bool(passing) and not _are_unsealed(records, [id_ for _, id_, _ in passing])


def _are_unsealed(records, ids):
    """:return: whether this very transaction posted all these documents"""
    moves = records.browse(ids)
    if records._name == "account.move.line":
        # sudo: the same for everybody
        moves = moves.sudo().move_id
    return lock_transaction(records.env).has_posted(moves)


def _check_rows(records, names, rows):
    table = SQL.identifier(records._table)
    changes = [_get_change(records._fields[name]) for name in names]
    records.env.cr.execute(
        SQL(
            "SELECT t.id, %(changes)s FROM %(table)s t"
            " JOIN (VALUES %(rows)s) AS new (id, %(columns)s) ON new.id = t.id"
            " WHERE %(any_change)s ORDER BY t.id",
            table=table,
            rows=SQL(", ").join(rows),
            columns=SQL(", ").join(map(SQL.identifier, names)),
            changes=SQL(", ").join(changes),
            any_change=SQL(" OR ").join(changes),
        )
    )
    if changed := records.env.cr.fetchone():
        id_, *flags = changed
        fnames = [name for name, flag in zip(names, flags, strict=True) if flag]
        # Code that catches the refusal reads what the database has.
        records.invalidate_recordset(flush=False)
        record = records.browse(id_)
        # sudo: the refusal names it
        move = record if record._name == "account.move" else record.sudo().move_id
        raise UserError(move.with_env(records.env)._get_lock_refusal(records, fnames))


def _get_change(field):
    """:return: SQL that says whether `new` has another value in the column than `t`"""
    old = SQL.identifier("t", field.name)
    new = SQL("%s::%s", SQL.identifier("new", field.name), SQL(field.column_type[1]))
    if field.translate is True or field.company_dependent:
        # Odoo merges these into the column.
        new = SQL("COALESCE(%s, '{}'::jsonb) || %s", old, new)
    return SQL("(%s) IS DISTINCT FROM (%s)", old, new)
