"""The barrier of `write`, the same for documents and for their lines."""

from collections import defaultdict
from contextlib import contextmanager
from typing import NamedTuple

from odoo import models

from .changes import is_changed
from .columns import check_columns
from .database import database_leave
from .transaction import give_leave


class Write(NamedTuple):
    """A call of `write`, once the barrier has let it through."""

    records: models.BaseModel
    vals: dict


def part_write(records, vals, locked):
    """Leave out of a write the closed values that an issued document has already.

    Odoo computes much from a value that it is given, changed or not.

    :param vals: values, as `write` takes them
    :param locked: those of the records that are issued documents, or lines of them.
        Their method `_check_locked_change` says whether a change is refused
    :return: list of `Write`, which together are the write that was asked for
    :raise UserError: a value changes what the lock closes
    """
    closed_fields = records._get_lock_closed_fields() & vals.keys()
    unlocked = records - locked
    # {names of the values to leave out: records}
    groups = defaultdict(records.browse)
    if unlocked or not records:
        groups[frozenset()] = unlocked
    for record in locked:
        # sudo: the same for everybody
        changed = {
            fname: value
            for fname, value in vals.items()
            if fname in closed_fields and is_changed(record.sudo(), fname, value)
        }
        record._check_locked_change(changed)
        give_leave(record, changed)
        groups[frozenset(closed_fields - changed.keys())] += record
    return [
        Write(group, rest)
        for left_out, group in groups.items()
        if (rest := {name: vals[name] for name in vals if name not in left_out})
        or not left_out
    ]


@contextmanager
def columns_checked(records, vals_list):
    """Check an update before it is made; what the barrier let through passes the
    triggers, too.

    :param vals_list: for each record, {column: value as the database takes it}
    :raise UserError: it changes a closed column of an issued document
    """
    if check_columns(records, vals_list):
        with database_leave(records.env):
            yield
    else:
        yield
