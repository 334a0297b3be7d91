"""Bring the translations up to the exported terms, and say what is left to translate.

usage: merge_terms.py [--drop-stale] EXPORTED FOLDER ADDON LANGUAGE...

Writes FOLDER/ADDON.pot, unless it holds the same terms already, and one
FOLDER/LANGUAGE.po per language: translations are kept, new terms come in empty, and
terms that are gone are marked stale (`#~`) until `--drop-stale`, so that a text that
changed only slightly can be taken from its old translation.
"""

import argparse
import sys
from pathlib import Path

import polib

HEADER = """Translation of Odoo Server.
This file contains the translation of the following modules:
\t* {addon}
"""
PLURALS = {
    "fr": "nplurals=2; plural=(n > 1);",
    "pt_BR": "nplurals=2; plural=(n > 1);",
}


def get_terms(catalog):
    return [(entry.msgid, entry.comment, entry.occurrences) for entry in catalog]


def write_template(exported, path):
    """A new date of export alone changes nothing."""
    if not path.exists() or get_terms(polib.pofile(path)) != get_terms(exported):
        exported.save(path)


def open_translation(path, addon):
    if path.exists():
        return polib.pofile(path)
    translation = polib.POFile()
    translation.header = HEADER.format(addon=addon)
    translation.metadata = {
        "Project-Id-Version": "Odoo Server 19.0",
        "Report-Msgid-Bugs-To": "",
        "Language": path.stem,
        "MIME-Version": "1.0",
        "Content-Type": "text/plain; charset=UTF-8",
        "Content-Transfer-Encoding": "8bit",
        "Plural-Forms": PLURALS.get(path.stem, "nplurals=2; plural=(n != 1);"),
    }
    return translation


def merge(translation, template, drop_stale):
    translation.merge(template)
    order = {entry.msgid: number for number, entry in enumerate(template)}
    translation.sort(key=lambda entry: order.get(entry.msgid, len(order)))
    if drop_stale:
        for entry in translation.obsolete_entries():
            translation.remove(entry)


def report(path, translation):
    """:return: whether something is left to do"""
    missing = translation.untranslated_entries() + translation.fuzzy_entries()
    stale = translation.obsolete_entries()
    print(f"{path.name}: {len(missing)} to translate, {len(stale)} stale")
    for entry in missing:
        print(f"    to translate: {entry.msgid!r}")
    for entry in stale:
        print(f"    stale: {entry.msgid!r}")
    return bool(missing or stale)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--drop-stale", action="store_true")
    parser.add_argument("exported", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("addon")
    parser.add_argument("languages", nargs="+")
    options = parser.parse_args()
    template = polib.pofile(options.exported)
    write_template(template, options.folder / f"{options.addon}.pot")
    to_do = False
    for language in options.languages:
        path = options.folder / f"{language}.po"
        translation = open_translation(path, options.addon)
        merge(translation, template, options.drop_stale)
        translation.save(path)
        to_do |= report(path, translation)
    return int(to_do)


if __name__ == "__main__":
    sys.exit(main())
