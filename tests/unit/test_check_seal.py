"""The command that compares a database with its seals, without Odoo."""

import subprocess
import sys
import unittest
from pathlib import Path

COMMAND = Path(__file__).parents[2] / "models" / "lock" / "check_seal.py"


class TestCheckSeal(unittest.TestCase):
    def test_no_database(self):
        """Not the exit status of a deviation, and a sentence."""
        done = subprocess.run(
            [sys.executable, COMMAND, "host=/nowhere dbname=nothing"],
            capture_output=True,
            text=True,
            check=False,
        )
        self.assertEqual(done.returncode, 2)
        self.assertIn("/nowhere", done.stderr)
        self.assertNotIn("Traceback", done.stderr)
