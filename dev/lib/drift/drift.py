"""Tell what of Odoo that this addon stands on has changed, see dev/check drift."""

import argparse
import difflib
import hashlib
import sys
from pathlib import Path
from typing import NamedTuple

from tree import Tree
from uses import Addon, PythonUses

from views import ViewUses

HEADER = """\
# What this addon overrides, wraps, extends, names and calls of Odoo's own code, as it
# was when the tests passed: name, lines, and a hash of the source without comments.
# Written by `dev/check drift --prove`.
"""
ODOO = "# Odoo: "


class Found(NamedTuple):
    text: str  # source of all definitions of this name
    place: str  # where it stands in the tree
    uses: tuple  # what the addon does with it, and where


class Proven(NamedTuple):
    name: str  # which Odoo
    sums: dict  # {name: number of lines and hash}


def find(addon, tree):
    """:return: {name: `Found`} of all that the addon uses of this tree"""
    definitions, uses = {}, {}
    for source in (PythonUses(addon, tree), ViewUses(addon, tree)):
        for use in source.find():
            for item in use.definitions:
                definitions.setdefault(item.key, {})[item.place] = item.text
                uses.setdefault(item.key, {})[f"{use.how} {use.place}"] = None
    return {
        key: Found(
            "\n".join(texts[place] for place in sorted(texts)),
            min(texts),
            tuple(uses[key]),
        )
        for key, texts in definitions.items()
    }


def summarize(found):
    digest = hashlib.sha256(found.text.encode()).hexdigest()[:16]
    return f"{found.text.count(chr(10)) + 1} {digest}"


def read_record(path):
    """:return: `Proven`"""
    odoo, sums = "nothing", {}
    for line in path.read_text().splitlines() if path.exists() else ():
        if line.startswith(ODOO):
            odoo = line.removeprefix(ODOO)
        elif not line.startswith("#"):
            name, lines, digest = line.rsplit(" ", 2)
            sums[name] = f"{lines} {digest}"
    return Proven(odoo, sums)


def write_record(path, odoo, found):
    """:param odoo: which Odoo"""
    lines = [f"{name} {summarize(item)}\n" for name, item in sorted(found.items())]
    path.write_text(f"{HEADER}{ODOO}{odoo}\n{''.join(lines)}")


def compare(proven, new):
    """:return: {name: what became of it} of all that differs"""
    changes = {}
    for name in sorted(new.keys() | proven.sums.keys()):
        if name not in proven.sums:
            changes[name] = "new"
        elif name not in new:
            changes[name] = "gone"
        elif summarize(new[name]) != proven.sums[name]:
            changes[name] = "changed"
    return changes


def show(name, proven, old, new):
    """:param proven: sum in the record, or None
    :param old: `Found` in the tree that may be what it was proven with, or None
    :param new: `Found` in the tree of today, or None
    :return: iterator of lines that show old and new source
    """
    yield f"\n=== {name}"
    if new:
        yield from (f"    {use}" for use in new.uses)
    if proven and (not old or summarize(old) != proven):
        yield f"    not at hand as it was proven ({proven.split()[0]} lines), see --old"
        old = None
    yield from difflib.unified_diff(
        old.text.splitlines() if old else (),
        new.text.splitlines() if new else (),
        f"proven {old.place}" if old else "proven -",
        f"now    {new.place}" if new else "now    -",
        n=4,
        lineterm="",
    )


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("addon", type=Path)
    parser.add_argument("record", type=Path)
    parser.add_argument("tree", type=open_tree, help="LIBRARY:ADDONS[:ADDONS...]")
    parser.add_argument("--name", help="which Odoo this tree is")
    parser.add_argument("--old", type=open_tree, help="the tree it was proven with")
    parser.add_argument("--prove", action="store_true")
    parser.add_argument("--names", action="store_true")
    options = parser.parse_args()

    addon = Addon(options.addon)
    new = find(addon, options.tree)
    if options.prove:
        write_record(options.record, options.name, new)
        print(f"Proven with {options.name}: {len(new)} names")
        return 0
    proven = read_record(options.record)
    changes = compare(proven, new)
    for name, change in changes.items():
        print(f"{change:8}{name}")
    if changes and not options.names:
        old = find(addon, options.old) if options.old else {}
        for name in changes:
            for line in show(name, proven.sums.get(name), old.get(name), new.get(name)):
                print(line)
    number = len(new.keys() | proven.sums.keys())
    print(f"\n{len(changes)} of {number} differ from {proven.name}, in {options.name}")
    return 1 if changes else 0


def open_tree(option):
    library, *addons = option.split(":")
    return Tree(library, addons)


if __name__ == "__main__":
    sys.exit(main())
