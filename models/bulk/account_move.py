import logging
from contextlib import nullcontext

from odoo import api, models

from odoo.addons.account.models.account_move import AccountMove as OdooAccountMove
from odoo.addons.account.models.sequence_mixin import SequenceMixin

from .reversal_batch import (
    Copies,
    ReversalBatch,
    UnexpectedCopy,
    copy_values,
    is_beside_items,
)

ODOO_RECONCILE = OdooAccountMove._reconcile_reversed_moves
# The methods that say how the next number looks, and how often Odoo defines them.
SEQUENCE_METHODS = (
    "_deduce_sequence_number_reset",
    "_get_last_sequence",
    "_get_last_sequence_domain",
    "_get_sequence_format_param",
    "_get_starting_sequence",
)
ODOO_DEFINITIONS = sum(
    name in vars(base)
    for base in (OdooAccountMove, SequenceMixin)
    for name in SEQUENCE_METHODS
)

_logger = logging.getLogger(__name__)


class AccountMove(models.Model):
    """Many credit notes at once, in a handful of queries each.

    Odoo copies, logs and reconciles one document at a time. Here the same methods are
    called, but each expensive step is done once for all documents.
    """

    _inherit = "account.move"

    def _reverse_moves(self, default_values_list=None, cancel=False):
        # EXTENDS 'account': make the copies of a batch at once. `cancel` takes all
        # payments off the invoices and posts; the dialog of credit notes keeps them,
        # and posts what equals its plan.
        batch = ReversalBatch.of(self.env)
        if batch is None:
            return super()._reverse_moves(default_values_list, cancel=cancel)
        if not self or not default_values_list:
            return super()._reverse_moves(default_values_list, cancel=False)
        untouched = copy_values(default_values_list)
        batch.copies = copies = Copies(self, default_values_list)
        try:
            with self.env.cr.savepoint():
                reverse_moves = super()._reverse_moves(default_values_list)
                if copies.left != {}:
                    raise UnexpectedCopy
        except UnexpectedCopy:
            _logger.info(
                "%s documents are reversed one by one: an addon changes what "
                "their copies are made from",
                len(self),
            )
            batch.copies = None
            return super()._reverse_moves(untouched)
        finally:
            batch.copies = None
        for bodies in copies.messages:
            reverse_moves.browse(bodies)._message_log_batch(bodies=bodies)
        return reverse_moves

    def copy_data(self, default=None):
        # EXTENDS 'account': what a copy of a batch is made from is asked for twice
        batch = ReversalBatch.of(self.env)
        if batch and batch.copies:
            return batch.copies.copy_data(
                self, default, lambda: super(AccountMove, self).copy_data(default)
            )
        return super().copy_data(default)

    @api.model_create_multi
    def create(self, vals_list):
        # EXTENDS 'account': the copies of a batch are made at once
        batch = ReversalBatch.of(self.env)
        if batch is None or not (
            batch.copies and batch.copies.expects(self, vals_list)
        ):
            return super().create(vals_list)
        return batch.copies.take(
            self,
            vals_list[0],
            lambda origins, values: super().create(values),
        )

    def write(self, vals):
        # EXTENDS 'account': the journal items of a batch are computed once
        batch = ReversalBatch.of(self.env)
        if batch is None or not is_beside_items(vals):
            return super().write(vals)
        with batch.keep_items(self):
            return super().write(vals)

    def _sync_dynamic_lines(self, container):
        # EXTENDS 'account': see `write`
        batch = ReversalBatch.of(self.env)
        if batch and batch.take_kept() == self:
            return nullcontext()
        return super()._sync_dynamic_lines(container)

    @api.model
    def _sync_dynamic_line_needed_values(self, values_list):
        # EXTENDS 'account': the due amounts of copies take from those of the invoice
        # what Odoo does not say of them itself: their account, and fields of addons
        needed = super()._sync_dynamic_line_needed_values(values_list)
        batch = ReversalBatch.of(self.env)
        if batch and batch.copies and batch.copies.terms:
            batch.copies.add_terms(needed, self)
        return needed

    def _message_log_batch(self, bodies, *args, **kwargs):
        # EXTENDS 'mail': what is logged on each document of a batch is logged at once
        batch = ReversalBatch.of(self.env)
        if (
            batch
            and batch.is_issued
            and self <= self.browse().union(*batch.plans)
            and not kwargs.get("tracking_value_ids")
        ):
            # The dialog says it, with the number and the amount, see its `_log_issued`.
            # sudo: as the method that is extended returns them
            return self.env["mail.message"].sudo()
        if (
            batch is None
            or not batch.copies
            or args
            or kwargs
            or not self <= batch.copies.made
        ):
            return super()._message_log_batch(bodies, *args, **kwargs)
        batch.copies.keep_messages(bodies)
        # sudo: as the method that is extended returns them
        return self.env["mail.message"].sudo()

    def _reconcile_reversed_moves(self, reverse_moves, move_reverse_cancel):
        # EXTENDS 'account': reconcile a batch at once
        batch = ReversalBatch.of(self.env)
        reconcile = super()._reconcile_reversed_moves
        if (
            batch is None
            or len(self) < 2
            # What another addon does after Odoo finds everything reconciled.
            or reconcile.__func__ is not ODOO_RECONCILE
        ):
            return reconcile(reverse_moves, move_reverse_cancel)
        batch.reconciliation_plan = []
        try:
            result = reconcile(reverse_moves, move_reverse_cancel)
        finally:
            plan, batch.reconciliation_plan = batch.reconciliation_plan, None
        # As Odoo does for each: what settles taxes on payment comes first.
        settling = [
            lines
            for lines in plan
            if lines.account_id.account_type
            in ("asset_receivable", "liability_payable")
        ]
        other = [lines for lines in plan if lines not in settling]
        for step in (settling, other):
            if open_lines := [
                lines for lines in step if not any(lines.mapped("reconciled"))
            ]:
                all_lines = open_lines[0].union(*open_lines)
                with batch.keep_items(all_lines.move_id):
                    all_lines._reconcile_plan(open_lines)
        return result

    def _get_next_sequence_format(self):
        # EXTENDS 'account': look up once how the numbers of a batch look. Which one is
        # next Odoo itself knows from the first, see its `_locked_increment`.
        batch = ReversalBatch.of(self.env)
        if batch is None or not self._has_numbers_by_journal():
            return super()._get_next_sequence_format()
        key = (self.journal_id, self.date, self.move_type)
        if key not in batch.sequence_formats:
            batch.sequence_formats[key] = super()._get_next_sequence_format()
        sequence_format, values = batch.sequence_formats[key]
        # Odoo takes the number out of the values.
        return sequence_format, dict(values)

    def _has_numbers_by_journal(self):
        """:return: whether journal, date and type say how the number of a document
        looks, and no addon changes it
        """
        definitions = sum(
            name in vars(base)
            for base in type(self).__mro__
            for name in SEQUENCE_METHODS
        )
        return definitions == ODOO_DEFINITIONS and not (
            self.journal_id.is_self_billing or self.origin_payment_id
        )
