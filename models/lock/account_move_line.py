from odoo import api, models, tools
from odoo.exceptions import UserError

from odoo.addons.account.models.account_move import BYPASS_LOCK_CHECK

from .barrier import Write, columns_checked, part_write
from .capability import Cancellation, has_capability
from .changes import is_changed
from .database import database_leave
from .policy import FREE_LINE_FIELDS


class AccountMoveLine(models.Model):
    _inherit = "account.move.line"

    # -------------------------------------------------------------------------
    # CRUD
    # -------------------------------------------------------------------------

    @api.model_create_multi
    def create(self, vals_list):
        # EXTENDS 'account': an issued document gets no new line
        field = self._fields["move_id"]
        self._check_target_unlocked(
            [
                field.convert_to_cache(vals["move_id"], self)
                for vals in vals_list
                if vals.get("move_id")
            ]
        )
        return super().create(vals_list)

    def write(self, vals):
        # EXTENDS 'account': the barrier, whichever door the values came through
        for part in self._check_locked_write(vals):
            super(AccountMoveLine, part.records).write(part.vals)
        return True

    def _write_multi(self, vals_list):
        # EXTENDS 'base': the last step before the database, whatever led to it
        with columns_checked(self, vals_list):
            return super()._write_multi(vals_list)

    def unlink(self):
        # EXTENDS 'account': an issued document keeps its lines. Not `ondelete`: Odoo
        # undoes reconciliations before it comes to that.
        if not self._check_locked_unlink():
            return super().unlink()
        with database_leave(self.env):
            return super().unlink()

    # -------------------------------------------------------------------------
    # WHAT IS LOCKED
    # -------------------------------------------------------------------------

    @api.model
    def _get_lock_extra_closed_fields(self):
        """Hook: fields of other addons that stand on the document.

        :return: set of field names, the same for every user and company
        """
        return set()

    @api.model
    def _get_lock_extra_free_fields(self):
        """Hook: fields of accounting addons that are bookkeeping about the line.

        :return: set of field names, the same for every user and company
        """
        return set()

    @api.model
    # Views are there when all addons are loaded.
    @tools.ormcache("self.env.registry.loaded", cache="stable")
    def _get_lock_closed_fields(self):
        """:return: frozenset of the fields of a line that a write may not change"""
        return self.env["account.move"]._select_closed_fields(
            self,
            free_fields=FREE_LINE_FIELDS | self._get_lock_extra_free_fields(),
            closed_fields=self._get_lock_extra_closed_fields(),
        )

    # -------------------------------------------------------------------------
    # CHECKS
    # -------------------------------------------------------------------------

    def _check_target_unlocked(self, move_ids):
        """:raise UserError: one of these documents was issued and gets no line"""
        moves = self.env["account.move"].browse(dict.fromkeys(filter(None, move_ids)))
        if locked := moves._filter_locked():
            raise UserError(
                locked._get_lock_refusal(locked, ["invoice_line_ids"]),
            )

    def _check_locked_write(self, vals):
        """:return: list of `Write`, without the closed values that a line has
        :raise UserError: the values change what the lock closes
        """
        if not self._get_lock_closed_fields() & vals.keys():
            return [Write(self, vals)]
        # sudo: the same for everybody
        locked_moves = self.sudo().move_id._filter_locked()
        # sudo: the same for everybody
        locked = self.filtered(lambda line: line.sudo().move_id in locked_moves)
        parts = part_write(self, vals, locked)
        # sudo: the same for everybody
        if vals.get("move_id") and any(
            is_changed(line, "move_id", vals["move_id"])
            for line in (self - locked).sudo()
        ):
            self._check_target_unlocked(
                [self._fields["move_id"].convert_to_cache(vals["move_id"], self)]
            )
        return parts

    def _check_locked_change(self, changed):
        """:param changed: values of closed fields of this line of an issued document
            that become others
        :raise UserError: they are not what Odoo itself writes
        """
        # Odoo moves the lines of a customer with a new parent company.
        is_moving = self.env.context.get("bypass_lock_check") is BYPASS_LOCK_CHECK
        # sudo: the same for everybody
        move = self.sudo().move_id.with_env(self.env)
        if refused := [
            fname
            for fname in changed
            if not (fname == "partner_id" and is_moving)
            and not move._is_localization_posting(self, fname)
        ]:
            raise UserError(move._get_lock_refusal(self, refused))

    def _check_locked_unlink(self):
        """:return: whether a cancellation lets lines of an issued document go
        :raise UserError: the document of one of these lines was issued
        """
        # sudo: the same for everybody
        if locked := self.sudo().move_id._filter_locked():
            # Odoo takes the cost of goods off a document that is being cancelled.
            # sudo: the same for everybody
            lines = self.sudo().filtered(
                lambda line: (
                    line.move_id in locked
                    and not (
                        line.display_type == "cogs"
                        and has_capability(self.env, Cancellation, line.move_id)
                    )
                )
            )
            if moves := lines.move_id.with_env(self.env):
                raise UserError(moves._get_lock_refusal(moves, ["invoice_line_ids"]))
        return bool(locked)
