"""Tests of check_rooms.py, on rooms made for them."""

import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from check_rooms import check_rooms

ROOMS = (
    "models/addition.py",
    "models/bulk/account_move.py",
    "models/bulk/reversal_batch.py",
    "models/credit/account_move.py",
    "models/credit/account_move_line.py",
    "models/document/account_move.py",
    "models/lock/account_move.py",
    "models/lock/capability.py",
    "models/plan/table.py",
    "models/plan/__init__.py",
    "models/row_lock.py",
    "wizards/account_move_reversal.py",
)


class TestCheckRooms(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name).resolve()
        for name in ROOMS:
            path = self.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()

    def check(self, name, source):
        """:return: what is wrong once this file has this source"""
        path = self.root / name
        path.write_text(source)
        wrong = check_rooms(self.root)
        path.write_text("")
        return wrong

    def test_allowed(self):
        for name, source in (
            ("models/lock/account_move.py", "from .capability import Filing"),
            ("models/lock/account_move.py", "from ..addition import addition"),
            ("models/lock/account_move.py", "import psycopg2\nfrom odoo import api"),
            ("models/document/account_move.py", "from ..lock.capability import Filing"),
            ("models/credit/account_move.py", "from ..plan import Table"),
            ("models/credit/account_move.py", "from ..row_lock import lock_rows"),
            ("models/credit/account_move.py", "from ..plan.table import Table"),
            ("models/credit/account_move.py", "from .account_move_line import x"),
            (
                "wizards/account_move_reversal.py",
                "from ..models.bulk.reversal_batch import ReversalBatch",
            ),
            ("models/plan/table.py", "import dataclasses\nfrom . import amount"),
        ):
            with self.subTest(name=name, source=source):
                self.assertEqual(self.check(name, source), [])

    def test_not_allowed(self):
        for name, source in (
            ("models/lock/account_move.py", "from ..credit import account_move"),
            ("models/lock/account_move.py", "from ..credit.account_move import x"),
            ("models/lock/account_move.py", "from .. import credit"),
            ("models/lock/account_move.py", "def f():\n    from .. import bulk"),
            ("models/document/account_move.py", "from ..lock import account_move"),
            ("models/document/account_move.py", "from ..lock.account_move import x"),
            ("models/credit/account_move.py", "from ..bulk.account_move import x"),
            ("models/credit/account_move.py", "from ...wizards import x"),
            ("models/plan/table.py", "from odoo import models"),
            ("models/plan/table.py", "from ..addition import addition"),
            ("models/addition.py", "from .plan import Table"),
            ("models/row_lock.py", "from .addition import addition"),
            ("models/lock/capability.py", "from ..document import account_move"),
            ("models/bulk/reversal_batch.py", "from ..plan import Table"),
            ("wizards/account_move_reversal.py", "from ..models.lock import x"),
        ):
            with self.subTest(name=name, source=source):
                self.assertEqual(len(self.check(name, source)), 1)


if __name__ == "__main__":
    unittest.main()
