import ast
from pathlib import Path

from odoo.tests import TransactionCase, tagged

ADDON = "odoo.addons.account_partner_credit_note."


@tagged("post_install", "-at_install", "neighbours")
class TestStructure(TransactionCase):
    """What is decided by the order of the imports, and breaks without a word."""

    def _get_rooms(self, model_name, method_name):
        """:return: the folders whose classes override the method, that called first
        first
        """
        return [
            Path(cls.__module__.removeprefix(ADDON).replace(".", "/")).parent.name
            for cls in self.registry[model_name].__mro__
            if cls.__module__.startswith(ADDON) and method_name in vars(cls)
        ]

    def test_order_of_overrides(self):
        """Posting: first leave is given, then the guard counts, then the bridges look
        at what sales orders and stock say.
        """
        self.assertEqual(
            self._get_rooms("account.move", "_post"),
            ["lock", "credit", "bridges", "bridges"],
        )
        self.assertEqual(
            self._get_rooms("account.move", "_reconcile_reversed_moves"),
            ["credit", "bulk"],
        )
        for method_name in ("create", "write"):
            self.assertEqual(
                self._get_rooms("account.move", method_name), ["lock", "bulk"]
            )

    def test_skipped_tests_say_what_they_want(self):
        """`dev/test` runs them beside these addons; nothing else is left out."""
        for path in Path(__file__).parent.glob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                if (
                    isinstance(node, ast.Call)
                    and getattr(node.func, "attr", "") == "skipTest"
                ):
                    reason = ast.unparse(node.args[-1]).strip("'\"")
                    if "without Odoo's demo data" not in reason:
                        self.assertRegex(
                            reason, r"--with [\w,{}]+$", f"{path.name}:{node.lineno}"
                        )
