from odoo import models


class AccountCreditNoteReason(models.Model):
    _inherit = "account.credit.note.reason"

    def _get_codes(self, company, invoices):
        """:param self: the reason of a credit note, or none
        :param company: company of the credit note
        :param invoices: the invoices that are credited, or none
        :return: {field of the credit note: code that the company's country asks for}
        """
        # sudo: the same for everybody
        country = company.sudo().account_fiscal_country_id
        codes = self.env["account.credit.note.reason.code"]._get_codes(
            country.id, self.id
        )
        return {
            code.field_name: code.code
            for code in codes
            if not code.condition
            or (
                invoices
                and code.condition in invoices._fields
                and all(invoices.mapped(code.condition))
            )
        }
