"""Check electronic files against the official rules while they are made.

usage: rules.py --rules FOLDER --keep FOLDER --log FILE -- COMMAND...

COMMAND is rules_documents.py: it says on standard output what it has written, this
reads it, applies the rules and counts. Ends with status 1 when a credit note breaks a
rule that its invoice keeps. See dev/proof/rules.
"""

import argparse
import json
import subprocess
import sys
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

from saxonche import PySaxonProcessor

# Which rules hold for a format.
EN16931 = "eInvoicing-EN16931"
SCHEMATRON = {
    "EN 16931 UBL": f"{EN16931}/ubl/schematron/preprocessed/"
    "EN16931-UBL-validation-preprocessed.sch",
    "EN 16931 CII": f"{EN16931}/cii/schematron/preprocessed/"
    "EN16931-CII-validation-preprocessed.sch",
    "Peppol": "peppol-bis-invoice-3/rules/sch/PEPPOL-EN16931-UBL.sch",
    "XRechnung": "xrechnung-schematron/src/validation/schematron/ubl/"
    "XRechnung-UBL-validation.sch",
}
RULES = {
    "ubl_bis3": ("EN 16931 UBL", "Peppol"),
    "xrechnung": ("EN 16931 UBL", "XRechnung"),
    "nlcius": ("EN 16931 UBL",),
    "facturx": ("EN 16931 CII",),
}


@dataclass
class Rule:
    """What was found of one rule in one format."""

    text: str
    invoices: int = 0
    # Credit notes whose invoice breaks it as well, and those whose invoice keeps it.
    with_invoice: int = 0
    alone: int = 0
    examples: list = field(default_factory=list)


class Report:
    """Counts files and broken rules by format."""

    def __init__(self):
        self.files = {name: {"invoices": 0, "credit notes": 0} for name in RULES}
        self.rules = defaultdict(dict)
        # Ids of the rules that an invoice breaks, by the name of its file.
        self.of_invoices = {}

    def add(self, file, broken):
        """:param broken: {id of the rule: text}"""
        name = file["format"]
        is_invoice = file["invoice"] is None
        self.files[name]["invoices" if is_invoice else "credit notes"] += 1
        if is_invoice:
            self.of_invoices[file["name"]] = set(broken)
        for rule_id, text in broken.items():
            rule = self.rules[name].setdefault(rule_id, Rule(text))
            if is_invoice:
                rule.invoices += 1
            elif rule_id in self.of_invoices[file["invoice"]]:
                rule.with_invoice += 1
            else:
                rule.alone += 1
                rule.examples.append((file["name"], file["story"], text))

    def show(self):
        for name, files in self.files.items():
            print(f"\n{name}: {', '.join(f'{n} {what}' for what, n in files.items())}")
            if not self.rules[name]:
                print("    nothing is broken")
                continue
            print("    credit notes alone | with their invoice | invoices | rule")
            for rule_id, rule in sorted(
                self.rules[name].items(), key=lambda item: -item[1].alone
            ):
                print(
                    f"    {rule.alone:18} | {rule.with_invoice:18}"
                    f" | {rule.invoices:8} | {rule_id}"
                )
                for example in rule.examples[:1]:
                    print("        " + "\n        ".join(example))

    def count_alone(self):
        return sum(
            rule.alone for rules in self.rules.values() for rule in rules.values()
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
        """:return: {id of a rule that is broken, and fatal: its text}"""
        document = self.processor.parse_xml(xml_file_name=str(path))
        broken = {}
        for name in RULES[format_name]:
            output = self.rules[name].transform_to_string(xdm_node=document)
            for line in (output or "").splitlines():
                flag, rule_id, text = line.split("|", 2)
                if flag == "fatal":
                    broken[rule_id] = text
        return broken


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
    ):
        validator = Validator(processor, options.rules)
        with subprocess.Popen(
            options.command, stdout=subprocess.PIPE, stderr=log, text=True
        ) as maker:
            for line in maker.stdout:
                file = json.loads(line)
                path = options.keep / file["name"]
                broken = validator.check(path, file["format"]) | file["faults"]
                report.add(file, broken)
                if not broken:
                    path.unlink()
    report.show()
    if maker.returncode:
        sys.exit(f"making the documents failed, see {options.log}")
    if report.count_alone():
        sys.exit("a credit note breaks what its invoice keeps")


if __name__ == "__main__":
    main()
