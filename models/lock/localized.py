"""Fields of other addons that stand on the document, as Odoo's own views tell.

A localization has fields for what its law wants on an invoice. Somebody enters them in
the form, and either the form takes them no longer once the document is posted, or the
printed document shows them. What e-invoicing writes after posting is read-only from the
start; what no rule finds stands in `POSTED_FIELDS`.
"""

import re

from odoo import api, models
from odoo.fields import Domain

from ..addition import addition
from .policy import POSTED_FIELDS

READONLY_ONCE_POSTED = re.compile(
    r"""\bstate\s*(!=\s*["']draft["']|==\s*["']posted["']"""
    r"""|in\s*[\[(][^\])]*["']posted["'])"""
)
ALWAYS = ("1", "True")


class AccountMove(models.Model):
    _inherit = "account.move"

    @api.model
    @addition(otherwise=frozenset())
    def _get_fields_on_document(self, model):
        """:param model: documents or their lines
        :return: frozenset of names of fields that users enter for the document
        """
        # sudo: the same for everybody
        views = self.env["ir.ui.view"].sudo().with_context(lang=None)
        form = views.env.ref("account.view_move_form")._get_combined_arch()
        printed = _get_printed_names(views)
        path = "//field[@name][not(ancestor::field)]"
        if model._name == "account.move.line":
            path = "//field[@name='invoice_line_ids']//field[@name]"
        return frozenset(
            name
            for node in form.xpath(path)
            if (name := node.get("name")) in model._fields
            and _is_entered(field := model._fields[name], node)
            and (
                name in printed
                or _is_readonly_once_posted(node)
                or (_is_localized(field) and _is_in_lines_readonly_once_posted(node))
            )
        ) | (POSTED_FIELDS & model._fields.keys())


def _is_entered(field, node):
    """:return: whether users enter this field in this place of the form"""
    return bool(
        field.store
        and field.column_type
        and not (field.readonly or field.manual)
        and not {
            node.get(name) for name in ("readonly", "invisible", "column_invisible")
        }.intersection(ALWAYS)
    )


def _is_localized(field):
    return any(module.startswith("l10n_") for module in field._modules)


def _is_in_lines_readonly_once_posted(node):
    return any(
        _is_readonly_once_posted(parent)
        for parent in node.iterancestors("field")
        if parent.get("name") == "invoice_line_ids"
    )


def _is_readonly_once_posted(node):
    condition = node.get("readonly", "")
    return bool(READONLY_ONCE_POSTED.search(condition) and " and " not in condition)


def _get_printed_names(views):
    """:param views: `ir.ui.view`
    :return: set of names that the printed document, with all that it calls and that
        addons add to it, reads of something
    """
    names = set()
    found = new = views.env.ref("account.report_invoice_document")
    while new:
        arch = " ".join(new.mapped("arch_db"))
        names.update(re.findall(r"\.(\w+)", arch))
        called = re.findall(r"""t-call=["']([\w.]+)["']""", arch)
        new = (
            views.search(
                Domain("type", "=", "qweb")
                & (Domain("inherit_id", "in", new.ids) | Domain("key", "in", called))
            )
            - found
        )
        found += new
    return names
