from odoo import api, models
from odoo.exceptions import UserError

from .capability import (
    Cancellation,
    has_capability,
)

# Documents on their way from posted to cancelled, in this transaction.
CANCELLING = "account_partner_credit_note.cancelling"


class AccountMove(models.Model):
    """Cancellations that a tax authority has accepted: a posted document becomes a
    draft and then cancelled, in one transaction, and stays locked in between.
    """

    _inherit = "account.move"

    def _check_draftable(self):
        # EXTENDS 'account': say it before anything is done
        locked = self._filter_locked().filtered(
            lambda move: not has_capability(self.env, Cancellation, move)
        )
        if locked:
            raise UserError(locked._get_lock_refusal())
        return super()._check_draftable()

    def _detach_attachments(self):
        # EXTENDS 'account': a document that is on its way to be cancelled keeps its PDF
        cancelling = self._filter_being_cancelled()
        return super(AccountMove, self - cancelling)._detach_attachments()

    def _get_ids_being_cancelled(self):
        return self.env.cr.precommit.data.get(CANCELLING, ())

    def _filter_being_cancelled(self):
        cancelling_ids = self._get_ids_being_cancelled()
        return self.filtered(lambda move: move.id in cancelling_ids)

    def _is_cancellation_step(self, state):
        """:return: whether an accepted cancellation may write this state"""
        return has_capability(self.env, Cancellation, self) and (
            state == "cancel" or (state == "draft" and self.state == "posted")
        )

    def _note_cancellation(self, vals):
        """Keep a document locked while it is a draft on its way to be cancelled.

        Odoo cancels a posted document by making it a draft first. If that was all, the
        transaction fails in the end.
        """
        match vals.get("state"):
            case "draft" if self.state == "posted":
                data = self.env.cr.precommit.data
                if CANCELLING not in data:
                    data[CANCELLING] = set()
                    # sudo: the same for everybody
                    self.env.cr.precommit.add(
                        self.env["account.move"].sudo()._check_cancelled
                    )
                data[CANCELLING].add(self.id)
            case "cancel":
                self.env.cr.precommit.data.get(CANCELLING, set()).discard(self.id)
                if has_capability(self.env, Cancellation, self):
                    self._log_cancellation()

    def _log_cancellation(self):
        """Write down which cancellation was accepted, and by what."""
        accepted_by = self.env.context[Cancellation._key].accepted_by
        details = f"{self.name}: {accepted_by}"
        self.env["account.document.lock.log"]._log_events(
            "cancellation", [(self.company_id, details, self.id)]
        )

    @api.model
    def _check_cancelled(self):
        """:raise UserError: a document was made a draft and not cancelled"""
        left = self.browse(self._get_ids_being_cancelled()).exists()
        if left := left.filtered(lambda move: move.state == "draft"):
            raise UserError(left._get_lock_refusal())
