"""Compare how Odoo's tests went with the addon to how they went without it.

usage: compare_tests.py off|on WITHOUT WITH EXPECTED

With the lock off, every test ends as without the addon. With the lock on, tests may
fail besides that the file EXPECTED lists, with the reason of each:
`module.tests.file Class.test: reason`. Anything else is told and gives status 1.
"""

import sys
from pathlib import Path


def read_results(path):
    """:return: {test: "passed", "failed" or "skipped"}"""
    return dict(line.split("\t") for line in Path(path).read_text().splitlines())


def read_expected(path):
    """:return: {test: why it fails with the lock on}"""
    lines = (line.strip() for line in Path(path).read_text().splitlines())
    return dict(
        line.split(": ", 1) for line in lines if line and not line.startswith("#")
    )


def main():
    mode, without_path, with_path, expected_path = sys.argv[1:]
    without, results = read_results(without_path), read_results(with_path)
    expected = read_expected(expected_path) if mode == "on" else {}
    # A class that fails as a whole has no results of its tests.
    failing_classes = tuple(
        test.partition("setUpClass (odoo.addons.")[2].rstrip(")")
        for test in expected
        if "setUpClass (" in test
    )
    differences = {
        test: (without.get(test, "not run"), results.get(test, "not run"))
        for test in without.keys() | results.keys()
        if without.get(test) != results.get(test)
    }
    unexpected = {
        test: (before, after)
        for test, (before, after) in differences.items()
        if test not in expected
        and not (
            after == "not run"
            and failing_classes
            and test.replace(" ", ".").startswith(failing_classes)
        )
    }
    for test, (before, after) in sorted(unexpected.items()):
        print(f"NOT EXPECTED  {test}: {before} without the addon, {after} with it")
    passing = [test for test in expected if results.get(test) == "passed"]
    for test in passing:
        print(f"LISTED, PASSES  {test}")
    count = list(results.values()).count
    print(
        f"lock {mode}: {count('passed')} passed, {count('failed')} failed, "
        f"of which {list(without.values()).count('failed')} without the addon; "
        f"{len(differences) - len(unexpected)} as listed, {len(unexpected)} unexpected"
    )
    return 1 if unexpected or passing else 0


if __name__ == "__main__":
    sys.exit(main())
