from odoo import models


class ResPartner(models.Model):
    _inherit = "res.partner"

    def action_credit_without_invoice(self):
        """Open the dialog of a credit note without an invoice for this customer.

        :return: action of the dialog
        :raise AccessError: the user may not issue credit notes
        """
        self.ensure_one()
        self.env["account.move"]._check_credit_note_access()
        self.check_access("read")
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Credit Note without an Invoice"),
            "res_model": "account.credit.note.without.invoice",
            "views": [(False, "form")],
            "target": "new",
            "context": {"default_partner_id": self.id},
        }
