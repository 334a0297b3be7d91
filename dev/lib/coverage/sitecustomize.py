"""Measures every Python process that dev/coverage starts, each from its first line."""

import coverage

coverage.process_startup()
