from odoo import models

from .reversal_batch import ReversalBatch


class MailFollowers(models.Model):
    _inherit = "mail.followers"

    def _get_recipient_data(self, records, message_type, subtype_id, pids=None):
        # EXTENDS 'mail': the followers of a batch are looked up at once, see
        # `account.move._message_track`
        batch = ReversalBatch.of(self.env)
        if (
            batch is None
            or not batch.tracking
            or not records
            or len(records) != 1
            or not records <= batch.tracking.records
            or pids
        ):
            return super()._get_recipient_data(
                records, message_type, subtype_id, pids=pids
            )
        get_recipient_data = super()._get_recipient_data
        return batch.tracking.look_up(
            records,
            "recipients",
            (message_type, subtype_id),
            lambda all_records: get_recipient_data(
                all_records, message_type, subtype_id, pids=pids
            ),
        )
