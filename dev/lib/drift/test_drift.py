"""Test dev/check drift on a small Odoo and a small addon; dev/lint runs it."""

import contextlib
import io
import sys
import tempfile
import unittest
from pathlib import Path
from unittest.mock import patch

from drift import main

ODOO = {
    "odoo/release.py": "",
    "odoo/orm/models.py": """
class BaseModel:
    def write(self, vals):
        return True
""",
    "addons/base/__manifest__.py": "{}",
    "addons/account/__manifest__.py": "{'depends': ['base']}",
    "addons/account/models/account_move.py": '''
CONSTANT = 1


class AccountMove(models.Model):
    _name = "account.move"
    _inherit = ["mail.thread"]

    reason = fields.Char()

    @api.model
    def _post(self, soft=True):
        """What it does."""
        # Why it does.
        return self

    def _called(self):
        return 1

    def _named(self):
        return 1

    def _beside(self):
        return 1
''',
    "addons/account/models/mail_thread.py": """
class MailThread(models.AbstractModel):
    _name = "mail.thread"

    def _post(self, soft=True):
        return super()._post()
""",
    "addons/account/views/views.xml": """<odoo>
    <record id="view_form" model="ir.ui.view">
        <field name="arch" type="xml">
            <form><sheet><div name="box"><field name="a"/></div><p/></sheet></form>
        </field>
    </record>
    <template id="report"><t t-set="o" t-value="1"/><span t-field="o.x"/></template>
</odoo>""",
    "addons/l10n_xx/__manifest__.py": "{'depends': ['account']}",
    "addons/l10n_xx/models/move.py": """
class AccountMove(models.Model):
    _inherit = "account.move"

    def _l10n_xx_cancel(self):
        self._l10n_xx_write_file()

    def _l10n_xx_write_file(self):
        return []

    def _post(self):
        return super()._post()
""",
}
ADDON = {
    "__manifest__.py": "{'depends': ['account']}",
    "models/move.py": """
from odoo import models
from odoo.addons.account.models.account_move import CONSTANT

WRAPPED = (("account.move", "_l10n_xx_cancel", "self"),)
NAMES = ("_named",)


class AccountMove(models.Model):
    _inherit = "account.move"

    reason = fields.Char()

    def _post(self, soft=True):
        self._own()
        return super()._post(soft)

    def write(self, vals):
        return super().write(vals)

    def _own(self):
        return self.line_ids.move_id._called()
""",
    "tests/test_move.py": "move._beside()",
    "views/views.xml": """<odoo>
    <record id="view_form" model="ir.ui.view">
        <field name="inherit_id" ref="account.view_form"/>
        <field name="arch" type="xml">
            <xpath expr="//div[@name='box']" position="inside"><b/></xpath>
        </field>
    </record>
    <template id="report" inherit_id="account.report">
        <t t-set="o" position="after"><i/></t>
    </template>
</odoo>""",
}
FOUND = [
    "account.models.account_move.CONSTANT",
    'account.report <t t-set="o">',
    "account.view_form //div[@name='box']",
    "account/AccountMove._called",
    "account/AccountMove._named",
    "account/AccountMove._post",
    "account/AccountMove.reason",
    "account/MailThread._post",
    "l10n_xx/AccountMove._l10n_xx_cancel",
    "l10n_xx/AccountMove._l10n_xx_write_file",
    "odoo/BaseModel.write",
]


class TestDrift(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        for part, files in (("old", ODOO), ("new", ODOO), ("addon", ADDON)):
            for name, text in files.items():
                self.write(f"{part}/{name}", text)
        self.record = self.folder / "proven.txt"
        self.drift("old", "--prove")

    def write(self, name, text):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def replace(self, name, old, new):
        text = (self.folder / name).read_text()
        self.assertIn(old, text)
        self.write(name, text.replace(old, new))

    def drift(self, tree, *options):
        """:return: (exit status, lines that it prints)"""
        arguments = ["drift", self.folder / "addon", self.record, self.tree(tree)]
        out = io.StringIO()
        with (
            patch.object(sys, "argv", [*map(str, arguments), "--name", tree, *options]),
            contextlib.redirect_stdout(out),
        ):
            return main(), out.getvalue().splitlines()

    def tree(self, name):
        return f"{self.folder / name}:{self.folder / name / 'addons'}"

    def test_what_the_addon_uses(self):
        lines = self.record.read_text().splitlines()
        names = [x.rsplit(" ", 2)[0] for x in lines if not x.startswith("#")]
        self.assertEqual(names, FOUND)

    def test_no_change(self):
        self.replace("new/addons/account/models/account_move.py", "Why", "Because")
        self.replace("new/addons/account/models/account_move.py", "What", "All")
        status, lines = self.drift("new")
        self.assertEqual(status, 0, lines)

    def test_changes(self):
        moves = "new/addons/account/models/account_move.py"
        self.replace(moves, "return self\n", "return self[:1]\n")
        self.replace(moves, "def _named", "def _renamed")
        self.replace("new/addons/l10n_xx/models/move.py", "return []", "return {}")
        views = "new/addons/account/views/views.xml"
        self.replace(views, "<sheet>", "<sheet groups='base.group_user'>")
        status, lines = self.drift("new", "--old", self.tree("old"))
        self.assertEqual(status, 1)
        self.assertEqual(
            lines[: lines.index("")],
            [
                "changed account.view_form //div[@name='box']",
                "gone    account/AccountMove._named",
                "changed account/AccountMove._post",
                "changed l10n_xx/AccountMove._l10n_xx_write_file",
            ],
        )
        self.assertIn("-    return self", lines)
        self.assertIn("+    return self[:1]", lines)
        self.assertIn("    overrides models/move.py:14", lines)
        self.assertIn('+  <sheet groups="base.group_user">', lines)

    def test_old_source_of_another_odoo(self):
        moves = "addons/account/models/account_move.py"
        self.replace(f"new/{moves}", "return self\n", "return self[:1]\n")
        self.replace(f"old/{moves}", "return self\n", "return self[:2]\n")
        _status, lines = self.drift("new", "--old", self.tree("old"))
        self.assertIn("    not at hand as it was proven (3 lines), see --old", lines)
        self.assertNotIn("-    return self[:2]", lines)


if __name__ == "__main__":
    unittest.main()
