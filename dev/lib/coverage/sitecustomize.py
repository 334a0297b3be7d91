"""Measure every process that dev/check coverage starts, each from its first line."""

import coverage

coverage.process_startup()
