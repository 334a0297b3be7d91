"""The words of docs/glossary.md in all translations, without Odoo."""

import re
import unittest
from pathlib import Path

import polib

ROOT = Path(__file__).parents[2]
QUOTES = {
    "de": "„“",
    "es": "«»",
    "fr": "«»",
    "it": "«»",
    "nl": "“”",
    "pt": "«»",
    "pt_BR": "“”",
}


def read_glossary():
    """:return: {term: {language: [words]}}"""
    rows = [
        [cell.strip() for cell in line.strip("|\n").split("|")]
        for line in (ROOT / "docs" / "glossary.md").read_text().splitlines()
        if line.startswith("|") and "---" not in line
    ]
    [_term, *languages], *rows = rows
    return {
        term: {
            language: cell.split(" / ")
            for language, cell in zip(languages, cells, strict=True)
        }
        for term, *cells in rows
    }


def get_pattern(words):
    """:return: what finds these words in any inflection, in this order"""
    stems = (re.escape(word[: max(3, len(word) - 2)]) for word in words.split())
    return re.compile(r"\w*.{0,20}?".join(stems), re.IGNORECASE | re.DOTALL)


class TestGlossary(unittest.TestCase):
    def test_each_term_is_translated_by_its_word(self):
        glossary = read_glossary()
        self.assertGreaterEqual(len(glossary), 20)
        for language in next(iter(glossary.values())):
            entries = polib.pofile(str(ROOT / "i18n" / f"{language}.po"))
            for term, words in glossary.items():
                patterns = [get_pattern(word) for word in words[language]]
                # Neither the name of a placeholder nor the beginning of "credit note".
                pattern = re.compile(
                    rf"(?<![\w(]){term}s?(?![\w)]| notes?\b)", re.IGNORECASE
                )
                found = [
                    entry
                    for entry in entries
                    # Nor code, which is in the tags.
                    if pattern.search(re.sub("<[^>]+>", " ", entry.msgid))
                    and entry.msgstr
                ]
                with self.subTest(language=language, term=term):
                    self.assertTrue(found, "no term of i18n/ says this")
                    wrong = [
                        f"{entry.msgid} -> {entry.msgstr}"
                        for entry in found
                        if not any(word.search(entry.msgstr) for word in patterns)
                    ]
                    self.assertFalse(wrong, "\n".join(wrong))

    def test_quotation_marks_are_those_of_the_language(self):
        for language, quotes in QUOTES.items():
            entries = polib.pofile(str(ROOT / "i18n" / f"{language}.po"))
            with self.subTest(language=language):
                used = {
                    mark
                    for entry in entries
                    for mark in entry.msgstr
                    if mark in "«»“”„‘’‚‹›"
                }
                self.assertEqual(used, set(quotes))
