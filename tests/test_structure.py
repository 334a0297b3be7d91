import ast
from collections import defaultdict
from pathlib import Path

from odoo.tests import TransactionCase, tagged

ADDON = "odoo.addons.account_partner_credit_note."
# What leaves a test out: its last argument is the reason.
SKIPS = ("skipTest", "SkipTest", "skip", "skipIf", "skipUnless")
# Every method of Odoo that several of our classes override: their rooms, that which is
# called first first. A room overrides a method once, and each bridge is one by itself.
ORDER = {
    # Leave is given, approval is looked for, the guard counts, then sales orders; after
    # all of them, archiving begins.
    ("account.move", "_post"): ["document", "lock", "approval", "credit", "bridges"],
    ("account.move", "_reconcile_reversed_moves"): ["credit", "bulk"],
    ("account.move", "create"): ["lock", "bulk"],
    ("account.move", "unlink"): ["lock", "approval"],
    ("account.move", "write"): ["lock", "approval", "bulk"],
    ("account.move.line", "write"): ["lock", "bulk"],
}


@tagged("post_install", "-at_install", "neighbours")
class TestStructure(TransactionCase):
    """What is decided by the order of the imports, and breaks without a word."""

    def _get_overrides(self, model_class):
        """:return: {method of Odoo: folders of our classes that override it}"""
        ours, theirs = defaultdict(list), set()
        for cls in model_class.__mro__:
            methods = {name for name, value in vars(cls).items() if callable(value)}
            if cls.__module__.startswith(ADDON):
                path = Path(cls.__module__.removeprefix(ADDON).replace(".", "/"))
                for name in methods:
                    ours[name].append(path.parent.name)
            elif cls.__module__.startswith("odoo."):
                theirs |= methods
        return {name: rooms for name, rooms in ours.items() if name in theirs}

    def test_order_of_overrides(self):
        several = {
            (model_name, method): rooms
            for model_name, model_class in self.registry.items()
            for method, rooms in self._get_overrides(model_class).items()
            if len(rooms) > 1
        }
        self.assertEqual(several, ORDER)

    def test_skipped_tests_say_what_they_want(self):
        """`dev/test` runs them beside these addons; nothing else is left out."""
        for path in Path(__file__).parent.glob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                if (
                    isinstance(node, ast.Call)
                    and ast.unparse(node.func).rpartition(".")[2] in SKIPS
                ):
                    reason = ast.unparse(node.args[-1]).strip("'\"")
                    if "without Odoo's demo data" not in reason:
                        self.assertRegex(
                            reason, r"--with [\w,{}]+$", f"{path.name}:{node.lineno}"
                        )
