"""Check electronic files against the official rules while they are made.

usage: check.py --rules FOLDER --keep FOLDER --log FILE -- COMMAND...

COMMAND is documents.py: it says on standard output what it has written, this reads it,
applies the rules and counts. Ends with status 1 when a credit note breaks a rule that
its invoice keeps. See dev/check rules.
"""

import argparse
import contextlib
import json
import os
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from saxonche import PySaxonProcessor

EN16931 = "eInvoicing-EN16931"
# Where the rules are, in clones of the repositories that dev/check rules names.
SCHEMATRON = {
    "EN 16931 UBL": f"{EN16931}/ubl/schematron/preprocessed/"
    "EN16931-UBL-validation-preprocessed.sch",
    "EN 16931 CII": f"{EN16931}/cii/schematron/preprocessed/"
    "EN16931-CII-validation-preprocessed.sch",
    "Peppol": "peppol-bis-invoice-3/rules/sch/PEPPOL-EN16931-UBL.sch",
    "XRechnung": "xrechnung-schematron/src/validation/schematron/ubl/"
    "XRechnung-UBL-validation.sch",
}
# What holds for each format; for paper only that its totals are those of the ledger.
RULES = {
    "paper": (),
    "ubl_bis3": ("EN 16931 UBL", "Peppol"),
    "xrechnung": ("EN 16931 UBL", "XRechnung"),
    "nlcius": ("EN 16931 UBL",),
    "facturx": ("EN 16931 CII",),
}


class Failure(NamedTuple):
    flag: str
    text: str


@dataclass
class Rule:
    """How often a rule is broken in one format."""

    fatal: bool
    invoices: int = 0
    # Credit notes whose invoice breaks it as well, and those whose invoice keeps it.
    with_invoice: int = 0
    alone: int = 0
    example: str = ""


class Report:
    """Counts files and broken rules by format."""

    def __init__(self):
        self.files = {name: Counter() for name in RULES}
        self.rules = {name: {} for name in RULES}
        # The rules that an invoice breaks, by the name of its file.
        self.of_invoices = {}

    def add(self, file, failures):
        """:param file: what documents.py says of it
        :param failures: {id of the rule: Failure}
        """
        name = file["format"]
        is_invoice = file["invoice"] is None
        self.files[name]["invoices" if is_invoice else "credit notes"] += 1
        if is_invoice:
            self.of_invoices[file["name"]] = set(failures)
        for rule_id, failure in failures.items():
            fatal = failure.flag == "fatal"
            rule = self.rules[name].setdefault(rule_id, Rule(fatal))
            if is_invoice:
                rule.invoices += 1
            elif rule_id in self.of_invoices[file["invoice"]]:
                rule.with_invoice += 1
            else:
                rule.alone += 1
                rule.example = rule.example or (
                    f"{file['name']}, {file['story']}\n{failure.text}"
                )

    def show(self):
        for name, rules in self.rules.items():
            files = self.files[name]
            print(
                f"\n{name}: {files['invoices']} invoices,"
                f" {files['credit notes']} credit notes"
            )
            if rules:
                print("  alone  with the invoice  invoices")
            for rule_id, rule in sorted(
                rules.items(), key=lambda item: (-item[1].alone, item[0])
            ):
                print(
                    f"{rule.alone:7}  {rule.with_invoice:16}  {rule.invoices:8}"
                    f"  {rule_id}{'' if rule.fatal else ' (not fatal)'}"
                )
                for line in rule.example.splitlines():
                    print(f"{'':38}{line[:160]}")
        print(
            "\nalone: credit notes that break a rule which their invoice keeps;"
            " with the invoice: that both break\n"
        )

    def count_alone(self):
        return sum(
            rule.alone
            for rules in self.rules.values()
            for rule in rules.values()
            if rule.fatal
        )


class Validator:
    """The official rules, each compiled once."""

    def __init__(self, processor, folder):
        self.processor = processor
        xslt = processor.new_xslt30_processor()
        schematron = xslt.compile_stylesheet(
            stylesheet_file=str(Path(__file__).with_name("schematron.xsl"))
        )
        self.rules = {
            name: xslt.compile_stylesheet(
                stylesheet_text=schematron.transform_to_string(
                    xdm_node=processor.parse_xml(xml_file_name=str(folder / path))
                )
            )
            for name, path in SCHEMATRON.items()
        }

    def check(self, path, format_name):
        """:return: {id of a rule that the file breaks: Failure}"""
        document = self.processor.parse_xml(xml_file_name=str(path))
        failures = {}
        for name in RULES[format_name]:
            output = self.rules[name].transform_to_string(xdm_node=document)
            for line in (output or "").splitlines():
                flag, rule_id, text = line.split("|", 2)
                failures[rule_id] = Failure(flag, text)
        return failures


@contextlib.contextmanager
def stderr_into(log):
    """Saxon warns there, from C, of each pattern that cannot be computed."""
    stderr = os.dup(2)
    os.dup2(log.fileno(), 2)
    try:
        yield
    finally:
        os.dup2(stderr, 2)
        os.close(stderr)


def check(file, folder, validator, report):
    """Count what a file breaks, and remove it if that is nothing fatal."""
    path = folder / file["name"]
    failures = {name: Failure("fatal", text) for name, text in file["faults"].items()}
    if RULES[file["format"]]:
        failures |= validator.check(path, file["format"])
    report.add(file, failures)
    if not any(failure.flag == "fatal" for failure in failures.values()):
        path.unlink(missing_ok=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rules", type=Path, required=True)
    parser.add_argument("--keep", type=Path, required=True)
    parser.add_argument("--log", type=Path, required=True)
    parser.add_argument("command", nargs="+")
    options = parser.parse_args()
    report = Report()
    with (
        PySaxonProcessor(license=False) as processor,
        options.log.open("w") as log,
        stderr_into(log),
    ):
        validator = Validator(processor, options.rules)
        with subprocess.Popen(
            options.command, stdout=subprocess.PIPE, text=True
        ) as maker:
            try:
                for line in maker.stdout:
                    check(json.loads(line), options.keep, validator, report)
            except BaseException:
                maker.kill()
                raise
    report.show()
    if maker.returncode:
        sys.exit(f"making the documents failed, see {options.log}")
    if alone := report.count_alone():
        sys.exit(f"{alone} times a credit note breaks what its invoice keeps")


if __name__ == "__main__":
    main()
