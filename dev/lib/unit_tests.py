"""Tests that need neither Odoo nor a database.

usage: unit_tests.py FOLDER LOGGER

The log tells of them as Odoo's does of its tests, so that run_tests.py counts them.
"""

import logging
import sys
import unittest

from log_result import LogResult


def main():
    folder, logger = sys.argv[1:]
    logging.basicConfig(
        level=logging.INFO,
        format="%(asctime)s %(process)d %(levelname)s - %(name)s: %(message)s",
    )
    result = LogResult(logger)
    unittest.defaultTestLoader.discover(folder).run(result)
    return 0 if result.wasSuccessful() else 1


if __name__ == "__main__":
    sys.exit(main())
