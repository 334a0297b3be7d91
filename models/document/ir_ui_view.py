import copy

from odoo import api, models, tools

from ..addition import is_passing, tell_left_out

ADDON = "account_partner_credit_note"
CREDIT_NOTE_DOCUMENT = f"{ADDON}.report_credit_note_document"


class IrUiView(models.Model):
    """Leave out a view of this addon that no longer fits Odoo's page."""

    _inherit = "ir.ui.view"

    @api.private
    def apply_inheritance_specs(self, source, specs_tree, pre_locate=None):
        # EXTENDS 'base': a view of this addon that finds its place no more is left out,
        # and stops neither an update of Odoo nor the page
        if not (self.arch_fs or "").startswith(f"{ADDON}/"):
            return super().apply_inheritance_specs(
                source, specs_tree, pre_locate=pre_locate
            )
        untouched = copy.deepcopy(source)
        try:
            return super().apply_inheritance_specs(
                source, specs_tree, pre_locate=pre_locate
            )
        except Exception as error:
            if is_passing(error):
                raise
            tell_left_out(f"The view {self.xml_id or self.name}", error)
            return untouched

    @api.model
    @tools.ormcache(cache="templates")
    def _is_credit_note_document_called(self):
        """:return: whether Odoo's report calls the document of this addon: it would
        print nothing for credit notes where our view of it is left out
        """
        # sudo: the same for everybody
        report = self.sudo().env.ref("account.report_invoice")
        arch = report._get_combined_arch()
        return bool(arch.xpath(f"//t[@t-call='{CREDIT_NOTE_DOCUMENT}']"))
