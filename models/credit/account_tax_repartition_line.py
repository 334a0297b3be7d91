from odoo import models

from ..plan import TaxItem


class AccountTaxRepartitionLine(models.Model):
    """Distributions of a tax: one for invoices, one for credit notes."""

    _inherit = "account.tax.repartition.line"

    def _get_table_column(self, account, group, taxes):
        """:param account: account of the tax item
        :param group: group of taxes of which this tax is, if any
        :param taxes: the taxes for which the tax item is a base in turn
        :return: TaxItem, the same on invoice and credit note although their
            distributions differ, except for the account
        """
        return TaxItem(
            tax=self.tax_id.id,
            account=account.id,
            position=self._get_position(),
            group=group.id or None,
            taxes=tuple(sorted(taxes.ids)),
        )

    def _get_position(self):
        """:return: place in its distribution; Odoo keeps both in the same order"""
        siblings = self._get_distribution(self.document_type)
        return siblings.ids.index(self.id) if self in siblings else 0

    def _get_distribution(self, document_type):
        """:return: lines of this tax for 'invoice' or 'refund'"""
        if document_type == "refund":
            return self.tax_id.refund_repartition_line_ids
        return self.tax_id.invoice_repartition_line_ids

    def _get_counterpart(self, document_type):
        """:return: the same line for 'invoice' or 'refund', if there is one"""
        position = self._get_position()
        return self._get_distribution(document_type)[position : position + 1]

    def _has_own_refund_account(self):
        """:return: whether the tax of credit notes goes to another account than that of
        invoices; in Argentina it is not less tax due, but tax to deduct
        """
        refund_account = self._get_counterpart("refund")._get_target_account()
        return (
            bool(refund_account)
            and self._get_counterpart("invoice")._get_target_account() != refund_account
        )

    def _get_target_account(self):
        return self._get_aml_target_tax_account() if self else self.account_id
