import re
import sys
from pathlib import Path

from odoo.tests import tagged

from .common import CreditNoteCommon

ADDON = Path(__file__).parents[1]


@tagged("post_install", "-at_install", "neighbours")
class TestWalk(CreditNoteCommon):
    """The walk of a ticked invoice is the one that docs/architecture.md describes."""

    def _trace(self, function):
        """:return: list of (file, name) of the addon's functions, as they are called"""
        calls = []

        def profile(frame, event, _argument):
            code = frame.f_code
            if event == "call" and code.co_filename.startswith(str(ADDON)):
                path = Path(code.co_filename).relative_to(ADDON)
                calls.append((str(path), code.co_name))

        before = sys.getprofile()
        sys.setprofile(profile)
        try:
            function()
        finally:
            sys.setprofile(before)
        return calls

    def _get_described(self):
        """:return: list of (file, name) of the page, in its order"""
        page = (ADDON / "docs/architecture.md").read_text()
        walk = page.partition("\n## The walk")[2].partition("\n### ")[0]
        return [
            (path, name)
            for name, path in re.findall(r"`(\w+)` in\s+`([\w/]+\.py)`", walk)
        ]

    def _walk(self, invoice):
        invoice.get_customer_document_hints()
        wizard = self._wizard(invoice, credit_method="amount", amount=50.0)
        self.assertTrue(wizard.preview)
        action = wizard.action_issue_and_send()["params"]["next"]
        composer = self.env[action["res_model"]].with_context(**action["context"])
        # Odoo's test company does not send by default.
        composer.create({"sending_methods": ["email"]}).action_send_and_print()

    def test_walk(self):
        invoice = self._invoice(100.0)
        called = iter(self._trace(lambda: self._walk(invoice)))
        described = self._get_described()
        self.assertGreater(len(described), 30)
        for hop in described:
            # Goes on where the hop before was found.
            self.assertIn(hop, called, "not called here")
