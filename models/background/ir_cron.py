from odoo import api, models


class IrCron(models.Model):
    _inherit = "ir.cron"

    @api.model
    def _was_cut_off(self):
        """:return: whether the last run of the scheduler never came to its end"""
        progress = self.env["ir.cron.progress"].browse(
            self.env.context.get("ir_cron_progress_id")
        )
        return progress.timed_out_counter > 1
