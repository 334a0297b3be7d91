"""Run Odoo's tests and say in the end, in one line, how they went.

usage: run_tests.py [--verbose] [--all-warnings] [--results FILE]
                    [--meanwhile COMMAND] [--also COMMAND] [--then COMMAND]...
                    [--neighbours COMMAND --addons-path PATH]
                    LOG IGNORE ADDON -- ODOO...

The command of `--meanwhile` runs at the same time, that of `--also` in the end. Each
counts as one test, and stops by itself what it started.

What follows `--then` is a Python script with its arguments, run once Odoo has ended,
that logs as Odoo does; each of them in its turn.

A test that wants other addons is skipped, and its reason ends with `--with A,B`. The
command of `--neighbours` gets these addons and the tests as Odoo's test tags, and runs
Odoo beside them. Of what is skipped there, too, an addon is not in PATH, or it failed.

The command's log goes to the file LOG; from it come the line per test, the tracebacks
of what failed and the closing line. Warnings and errors in the log fail the run too,
except those that match a regular expression in the file IGNORE.
"""

import argparse
import os
import re
import shlex
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

LINE = re.compile(
    r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d+ \d+ "
    r"(?P<level>DEBUG|INFO|WARNING|ERROR|CRITICAL) \S+ (?P<logger>\S+): (?P<text>.*)$"
)
STARTING = re.compile(r"^Starting (?P<test>\S+) \.\.\.")
SKIPPED = re.compile(r"^skipped (?P<test>.+?) : (?P<reason>.*)")
# These loggers speak after the tests of an addon, never during one.
BETWEEN_TESTS = ("odoo.modules.loading", "odoo.tests.result", "odoo.service.server")
# Our own reasons, and that of Odoo's tests of a country.
WANTED = re.compile(
    r"(?:--with (?P<addons>[\w,]+)|not installed \((?P<country>\w+)\))$"
)
BROKEN = re.compile(r"^(?:FAIL|ERROR): (?P<subtest>Subtest )?(?P<test>.+)")


class Run:
    """What the log has told so far."""

    def __init__(self, addon, ignored, all_warnings):
        self.addon = addon
        self.ignored = ignored
        self.all_warnings = all_warnings
        self.tests = {}  # (logger, test) -> "passed", "failed" or "skipped"
        self.reasons = {}  # (logger, test) -> why it was skipped
        self.beside = ""  # what tests are run beside
        self.failures = []  # what the log says of tests that failed
        self.problems = []  # (running test, warning or error)
        self.current = None
        self.started = 0.0
        self.entry = []  # lines of the log entry that is being read
        self.keep = None  # the list that wants the entry, once it is complete

    def feed(self, line):
        match = LINE.match(line)
        if not match:
            self.entry.append(line)
            return
        self.end_entry()
        self.entry = [line]
        logger, text = match["logger"] + self.beside, match["text"]
        if match["logger"] in BETWEEN_TESTS:
            self.end_test()
        is_test = ".tests." in logger
        if is_test and (found := STARTING.match(text)):
            self.end_test()
            self.current = (logger, found["test"])
            self.started = time.monotonic()
            self.tests[self.current] = "passed"
        elif is_test and (found := SKIPPED.match(text)):
            test = self.test_of(logger, found["test"])
            self.tests[test] = "skipped"
            self.reasons[test] = found["reason"].strip()
        elif match["level"] == "ERROR" and (found := BROKEN.match(text)):
            # A subtest's description follows its test's name.
            name = found["test"].split(" ")[0] if found["subtest"] else found["test"]
            self.tests[self.test_of(logger, name)] = "failed"
            self.keep = self.failures
        elif match["logger"] == "odoo.tests.result":
            pass  # Odoo's own closing line
        elif match["level"] in ("WARNING", "ERROR", "CRITICAL"):
            self.keep = self.problems

    def test_of(self, logger, name):
        """The running test, unless a whole class is meant (setUpClass and such)."""
        if self.current and self.current[1] == name:
            return self.current
        return (logger, name)

    def end_entry(self):
        keep, self.keep = self.keep, None
        if keep is None:
            return
        entry = "".join(self.entry).rstrip()
        if keep is self.failures:
            keep.append(entry)
        elif self.is_problem(entry):
            keep.append((self.current, entry))

    def is_problem(self, entry):
        if any(pattern.search(entry) for pattern in self.ignored):
            return False
        # Other addons' suites log what they like: there, only what names this one.
        return self.all_warnings or self.addon in entry or " CRITICAL " in entry

    def end_test(self):
        if self.current is None:
            return
        seconds = time.monotonic() - self.started
        print(f"{self.tests[self.current]:>7}  {self.current[1]}  ({seconds:.1f} s)")
        self.current = None

    def end(self):
        self.end_entry()
        self.end_test()

    def count(self, result):
        return list(self.tests.values()).count(result)

    def take_skipped_for_want_of_addons(self, addons_path):
        """Take the tests out that want addons which are in these folders.

        :return: {(logger, test): [addon]}
        """
        folders = [Path(folder) for folder in addons_path.split(",")]

        def is_there(addon):
            return any((path / addon / "__manifest__.py").exists() for path in folders)

        wanted = {}
        for test, reason in self.reasons.items():
            if (found := WANTED.search(reason)) and self.tests[test] == "skipped":
                addons = (found["addons"] or found["country"]).split(",")
                if all(is_there(addon) for addon in addons):
                    wanted[test] = addons
        for test in wanted:
            del self.tests[test]
            del self.reasons[test]
        return wanted


def get_test_tag(addon, test):
    """:return: Odoo's test tag of a test, or of the class whose `setUpClass` skipped"""
    name = re.sub(r"^setUpClass \(.*\.(\w+)\)$", r"\1", test)
    return f"/{addon}:{name}"


def read_patterns(path):
    lines = (line.strip() for line in path.read_text().splitlines())
    return [re.compile(line) for line in lines if line and not line.startswith("#")]


class Children:
    """The processes that end when this one is told to."""

    def __init__(self):
        self.followed = None  # Odoo, with its browsers: killed
        self.commands = []  # stop by themselves what they started

    def stop(self, _signal, _frame):
        if self.followed:
            os.killpg(self.followed.pid, signal.SIGKILL)
        for command in self.commands:
            command.terminate()
        for command in self.commands:
            command.wait()
        sys.exit(130)


CHILDREN = Children()


def start(command, **options):
    """Start the command in a session of its own, so that its browsers end with it."""
    return subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,
        **options,
    )


def follow(command, log, run, verbose):
    with start(command, stdout=subprocess.PIPE) as process:
        CHILDREN.followed = process
        for line in process.stdout:
            log.write(line)
            log.flush()
            if verbose:
                print(line, end="")
            run.feed(line)
            sys.stdout.flush()
    CHILDREN.followed = None
    run.end()
    return process.returncode


def run_neighbours(command, addons_path, log, run, verbose):
    """Run what was skipped beside the addons that it wants."""
    wanted = run.take_skipped_for_want_of_addons(addons_path)
    if not wanted:
        return 0
    by_addons = {}
    for (_logger, test), addons in wanted.items():
        by_addons.setdefault(",".join(addons), []).append(test)
    print(f"\nSkipped for want of other addons, and run beside them ({len(wanted)}):")
    for addons, tests in sorted(by_addons.items()):
        classes = {get_test_tag("", test).split(":")[1].split(".")[0] for test in tests}
        print(f"  {addons:<44} {len(tests):>3}  {', '.join(sorted(classes))}")
    sys.stdout.flush()
    run.beside = " (beside other addons)"
    status = follow(
        [
            *shlex.split(command),
            ",".join(sorted({addon for addons in wanted.values() for addon in addons})),
            ",".join(sorted(get_test_tag(run.addon, test) for _logger, test in wanted)),
        ],
        log,
        run,
        verbose,
    )
    for _logger, test in run.take_skipped_for_want_of_addons(addons_path):
        run.tests[run.beside, test] = "failed"
        run.failures.append(f"FAIL: {test} is skipped beside the addons that it wants")
    return status


class Command:
    """A command that counts as one test."""

    def __init__(self, command):
        self.command = command
        self.process = start(shlex.split(command), stdout=subprocess.PIPE)
        CHILDREN.commands.append(self.process)
        self.output = ThreadPoolExecutor(1).submit(self.process.stdout.read)

    def end(self, run):
        output, failed = self.output.result(), self.process.wait()
        CHILDREN.commands.remove(self.process)
        result = "failed" if failed else "passed"
        program, *arguments = shlex.split(self.command)
        name = " ".join([f"dev/{Path(program).name}", *arguments[:1]])
        run.tests["dev", name] = result
        print(f"{result:>7}  {name}")
        if failed:
            run.failures.append(f"FAIL: {self.command}\n{output.rstrip()}")


def report(run, status, log_path):
    """Print what went wrong and the closing line; return the exit status."""
    passed, failed = run.count("passed"), run.count("failed")
    skipped = run.count("skipped")
    for entry in run.failures:
        print(f"\n{entry}")
    # What a test logged that failed anyway (a tour's console, say) is told with it.
    problems = [
        entry for test, entry in run.problems if run.tests.get(test) != "failed"
    ]
    if problems:
        print("\nThe log holds warnings or errors, which counts as one failed test:")
        failed += 1
    for entry in dict.fromkeys(problems):
        print(f"\n{entry}")
    if not failed and status:
        print("\n" + "".join(log_path.read_text().splitlines(keepends=True)[-30:]))
        print(f"Odoo ended with status {status}, which counts as one failed test.")
        failed += 1
    for (_logger, test), reason in sorted(run.reasons.items()):
        print(f"skipped  {test}: {reason}")
    if failed:
        print(f"\nThe whole log is {log_path}")
    if not failed and not passed:
        print("\nNo test was found, which is a failure.")
    closing = f"{passed} passed, {failed} failed"
    print(f"\n{closing}, {skipped} skipped" if skipped else f"\n{closing}")
    return 1 if failed or not passed else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--verbose", action="store_true")
    parser.add_argument("--all-warnings", action="store_true")
    parser.add_argument("--meanwhile", help="a command that counts as a test")
    parser.add_argument("--also", help="another one, when the tests are through")
    parser.add_argument("--results", type=Path, help="write how each test went here")
    parser.add_argument("--then", action="append", default=[])
    parser.add_argument("--neighbours", help="run what wants other addons with this")
    parser.add_argument("--addons-path", default="", help="where addons are")
    parser.add_argument("log", type=Path)
    parser.add_argument("ignore", type=Path)
    parser.add_argument("addon")
    parser.add_argument("command", nargs="+")
    options = parser.parse_args()
    run = Run(options.addon, read_patterns(options.ignore), options.all_warnings)
    signal.signal(signal.SIGTERM, CHILDREN.stop)
    signal.signal(signal.SIGINT, CHILDREN.stop)
    meanwhile = Command(options.meanwhile) if options.meanwhile else None
    with options.log.open("w") as log:
        status = follow(options.command, log, run, options.verbose)
        # Failed tests are counted; without its database nothing else can run.
        if not status or run.tests:
            for then in options.then:
                script = [sys.executable, *shlex.split(then)]
                status = follow(script, log, run, options.verbose) or status
            if options.neighbours:
                status = (
                    run_neighbours(
                        options.neighbours,
                        options.addons_path,
                        log,
                        run,
                        options.verbose,
                    )
                    or status
                )
    if meanwhile:
        meanwhile.end(run)
    if options.also:
        Command(options.also).end(run)
    if options.results:
        options.results.write_text(
            "".join(
                f"{logger.removeprefix('odoo.addons.')} {test}\t{result}\n"
                for (logger, test), result in sorted(run.tests.items())
            )
        )
    return report(run, status, options.log)


if __name__ == "__main__":
    sys.exit(main())
