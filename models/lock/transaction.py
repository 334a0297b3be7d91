"""What the lock knows of the transaction it is in.

It is kept in a module-level table by cursor: neither RPC nor the code of a server
action can reach it.
"""

import dataclasses
from functools import partial
from weakref import WeakKeyDictionary


@dataclasses.dataclass
class LockTransaction:
    posting_ids: frozenset = frozenset()
    """Ids of the documents that `_post` is posting."""

    leaves: set = dataclasses.field(default_factory=set)
    """Triples of model, id and field that the barrier has let through and that have not
    reached the database yet."""

    unsealed_ids: set = dataclasses.field(default_factory=set)
    """Ids of the documents that this transaction has posted: they are sealed when it
    ends."""

    leave_depth: int = 0
    """How many blocks of code have leave to pass the triggers, one in the other."""

    def has_posted(self, moves):
        """:return: whether this transaction has posted, or is posting, all of these"""
        return (self.unsealed_ids | self.posting_ids).issuperset(moves._ids)


_transactions = WeakKeyDictionary()


def lock_transaction(env):
    """:return: the `LockTransaction` of this environment"""
    if env.cr not in _transactions:
        _transactions[env.cr] = LockTransaction()
        # Odoo runs a request again, and the next one, on the same cursor.
        for callbacks in (env.cr.postcommit, env.cr.postrollback):
            callbacks.add(partial(_transactions.pop, env.cr, None))
    return _transactions[env.cr]


def give_leave(record, fnames):
    """Let these fields pass `check_columns`: `write` has checked them."""
    lock_transaction(record.env).leaves.update(
        (record._name, record.id, fname) for fname in fnames
    )


def give_leave_to_pending(records):
    """Let all fields pass `check_columns` that wait in the cache to be written."""
    leaves = lock_transaction(records.env).leaves
    for field, dirty_ids in records.env.transaction.field_dirty.items():
        if field.model_name == records._name:
            leaves.update(
                (records._name, id_, field.name)
                for id_ in records._ids
                if id_ in dirty_ids
            )
