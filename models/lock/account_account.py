from odoo import models


class AccountAccount(models.Model):
    _inherit = "account.account"

    def _action_unmerge(self):
        # EXTENDS 'account': it rewrites the accounts of lines in the database
        self.env["account.move"]._check_not_on_locked(self, ["line_ids.account_id"])
        return super()._action_unmerge()
