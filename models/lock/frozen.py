"""Stored fields of issued documents are not computed anew.

Odoo recomputes stored fields long after posting: the due date with a payment, from what
the payment term says by then, the terms printed, with the customer's language, a price,
with the product's. And it calls compute methods itself: on a credit note that it has
just posted. Neither changes an issued document, and neither raises.
"""

from collections import defaultdict
from contextlib import contextmanager
from functools import partial

from odoo import api, models

from .transaction import give_leave_to_pending, lock_transaction

# Fields that go on being computed. `parent_state` follows a document that is cancelled.
RECOMPUTED_FIELDS = frozenset(
    {"amount_residual", "amount_residual_signed", "payment_state"}
)
RECOMPUTED_LINE_FIELDS = frozenset(
    {"amount_residual", "amount_residual_currency", "parent_state", "reconciled"}
)


@contextmanager
def computing_while_posted(moves):
    """Let Odoo compute these documents as drafts until the end of the block.

    Odoo writes first that they are posted, then their number and all that follows.
    """
    transaction = lock_transaction(moves.env)
    outer = transaction.posting_ids
    transaction.posting_ids = outer | frozenset(moves._ids)
    try:
        yield
        transaction.unsealed_ids.update(moves._ids)
        moves.env.cr.postcommit.add(transaction.unsealed_ids.clear)
        # Compute what is pending now; from here on it is frozen.
        for records in (moves, moves.line_ids):
            fnames = _get_frozen_fields(records)
            records._recompute_recordset(fnames)
        for records in (moves, moves.line_ids):
            give_leave_to_pending(records)
    finally:
        transaction.posting_ids = outer


def _is_frozen(records, field):
    """:return: whether this field of these records is not computed anew once issued"""
    recomputed = (
        RECOMPUTED_FIELDS if records._name == "account.move" else RECOMPUTED_LINE_FIELDS
    )
    return bool(
        field.store
        and field.compute
        and field.name not in recomputed
        and field.name in records._get_lock_closed_fields()
    )


def _get_frozen_fields(records):
    """:return: names of the fields that are not computed anew once issued"""
    return [
        name for name, field in records._fields.items() if _is_frozen(records, field)
    ]


def filter_frozen(records):
    """:return: those that are issued documents, or lines of them"""
    # An addon that is being installed fills its new columns.
    if not records.pool.ready or not any(records._ids):
        return records.browse()
    documents = records.browse(filter(None, records._ids))
    if records._name == "account.move.line":
        # sudo: the same for everybody
        documents = documents.sudo().move_id
    frozen_ids = set(documents._filter_locked()._ids)
    frozen_ids -= lock_transaction(records.env).posting_ids
    if not frozen_ids or records._name == "account.move":
        return records.browse(id_ for id_ in records._ids if id_ in frozen_ids)
    # sudo: the same for everybody
    return records.filtered(
        lambda line: line.id and line.sudo().move_id.id in frozen_ids
    )


def _with_issued_kept(method, fnames, wholly):
    """Wrap a compute method.

    :param fnames: the fields it computes that are frozen
    :param wholly: whether it computes no other
    """

    def wrapper(self):
        frozen = filter_frozen(self)
        if not frozen:
            return method(self)
        if wholly:
            rest = self - frozen
            return method(rest) if rest else None
        fields = [self._fields[name] for name in fnames]
        issued = [
            (field, record, record[field.name]) for field in fields for record in frozen
        ]
        # Protected: what is assigned stays in the cache, also in a direct call.
        with self.env.protecting(fields, frozen):
            res = method(self)
            for field, record, value in issued:
                record[field.name] = value
        return res

    return wrapper


def _compute_not_issued(records, field):
    """:return: the records for which a field without a compute method of its own
    (a related one) is computed
    """
    if isinstance(field.compute, str) or not _is_frozen(records, field):
        return records
    return records - filter_frozen(records)


class AccountMove(models.Model):
    _inherit = "account.move"

    def _compute_field_value(self, field):
        # EXTENDS 'base': a related field follows no record that has changed since
        return super(
            AccountMove, _compute_not_issued(self, field)
        )._compute_field_value(field)

    @api.model
    def _get_method_wrappers(self):
        return (
            super()._get_method_wrappers()
            | _get_compute_wrappers(self)
            | _get_compute_wrappers(self.env["account.move.line"])
        )


class AccountMoveLine(models.Model):
    _inherit = "account.move.line"

    def _compute_field_value(self, field):
        # EXTENDS 'base': a related field follows no record that has changed since
        return super(
            AccountMoveLine, _compute_not_issued(self, field)
        )._compute_field_value(field)


def _get_compute_wrappers(model):
    """:return: wrappers of the compute methods of frozen fields"""
    frozen = set(_get_frozen_fields(model))
    computed = defaultdict(set)
    for name, field in model._fields.items():
        if isinstance(field.compute, str):
            computed[field.compute].add(name)
    return {
        (model._name, method): partial(
            _with_issued_kept, fnames=fnames & frozen, wholly=fnames <= frozen
        )
        for method, fnames in computed.items()
        if fnames & frozen
    }
