import io
import re
from collections import Counter
from pathlib import Path

import polib
from lxml import etree, html

from odoo.exceptions import UserError
from odoo.tests import TransactionCase, tagged
from odoo.tools.translate import (
    TRANSLATED_ATTRS,
    TRANSLATED_ELEMENTS,
    code_translations,
    trans_export,
    xml_translate,
)

from .common import CreditNoteCommon

ADDON = "account_partner_credit_note"
FOLDER = Path(__file__).parent.parent / "i18n"
# Language of the file, language of Odoo, and the title of the document.
LANGUAGES = (
    ("fr", "fr_FR", "Avoir"),
    ("de", "de_DE", "Rechnungskorrektur"),
    ("es", "es_ES", "Factura rectificativa"),
    ("it", "it_IT", "Nota di credito"),
    ("nl", "nl_NL", "Creditfactuur"),
    ("pt", "pt_PT", "Nota de crédito"),
    ("pt_BR", "pt_BR", "Nota de crédito"),
)
# What a translation must take over as it is.
PLACEHOLDER = re.compile(r"%%|%\(\w+\)\w|%\w")
EXPRESSION = re.compile(r"{{.*?}}")
TAG = re.compile(r"</?\w[^>]*>")
# These attributes of a tag are text.
SPOKEN = re.compile(r'(?<= )(title|aria-label|alt|placeholder)="[^"]*"')
WORD = re.compile(r"[A-Za-z]{2,}")


def _hide(term):
    """:return: the term without its words, in its own markup"""
    term = SPOKEN.sub(r'\1="…"', term)
    return "".join(
        part if part.startswith("<") else WORD.sub("…", part)
        for part in re.split(r"(<[^>]*>)", term)
    )


def _get_fixed_parts(text):
    """:return: what translations have in common with their term, and how often"""
    expressions = [
        re.sub(r"' [^']* '", "' '", found) for found in EXPRESSION.findall(text)
    ]
    tags = [SPOKEN.sub(r"\1", found) for found in TAG.findall(text)]
    return Counter(PLACEHOLDER.findall(text) + expressions + tags)


@tagged("post_install", "-at_install")
class TestTranslationFiles(TransactionCase):
    """i18n/: nothing missing, nothing stale, nothing broken."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.template = polib.pofile(FOLDER / f"{ADDON}.pot")
        cls.terms = {entry.msgid for entry in cls.template}
        cls.translations = {
            name: polib.pofile(FOLDER / f"{name}.po")
            for name, _code, _title in LANGUAGES
        }

    def test_template_is_of_this_source(self):
        with io.BytesIO() as buffer:
            trans_export(False, [ADDON], buffer, "po", self.env)
            exported = polib.pofile(buffer.getvalue().decode())
        # Numbers are terms in older Odoo only.
        exported = {entry.msgid for entry in exported if WORD.search(entry.msgid)}
        self.assertEqual(
            {term for term in self.terms if WORD.search(term)}, exported, "run dev/i18n"
        )

    def test_each_language_has_a_test(self):
        self.assertEqual(
            {path.stem for path in FOLDER.glob("*.po")},
            {name for name, _code, _title in LANGUAGES},
        )

    def test_nothing_missing(self):
        for name, translation in self.translations.items():
            with self.subTest(language=name):
                translated = {entry.msgid for entry in translation.translated_entries()}
                self.assertEqual(self.terms - translated, set())

    def test_nothing_stale(self):
        for name, translation in self.translations.items():
            with self.subTest(language=name):
                self.assertFalse(translation.fuzzy_entries())
                self.assertFalse(
                    translation.obsolete_entries(), "run dev/i18n --drop-stale"
                )
                self.assertEqual(
                    {entry.msgid for entry in translation} - self.terms, set()
                )

    def test_no_sentence_left_in_english(self):
        for name, translation in self.translations.items():
            with self.subTest(language=name):
                for entry in translation:
                    words = WORD.findall(TAG.sub(" ", EXPRESSION.sub(" ", entry.msgid)))
                    if len(words) > 3 and not entry.msgid.startswith("(object."):
                        self.assertNotEqual(entry.msgid, entry.msgstr)

    def test_placeholders_and_markup_are_kept(self):
        for name, translation in self.translations.items():
            with self.subTest(language=name):
                for entry in translation:
                    self.assertEqual(
                        _get_fixed_parts(entry.msgid), _get_fixed_parts(entry.msgstr)
                    )

    def test_spaces_at_the_ends_are_kept(self):
        for name, translation in self.translations.items():
            with self.subTest(language=name):
                for entry in translation:
                    for end in (r"^\s*", r"\s*$"):
                        self.assertEqual(
                            re.search(end, entry.msgid)[0],
                            re.search(end, entry.msgstr)[0],
                            entry.msgid,
                        )

    def test_german_does_not_say_gutschrift(self):
        """§ 14 (2) UStG: an invoice that the customer makes out."""
        for entry in self.translations["de"]:
            self.assertNotIn("gutschrift", entry.msgstr.lower())


@tagged("post_install", "-at_install")
class TestTranslated(CreditNoteCommon):
    """Screen, document and e-mail in the customer's language."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        codes = [code for _name, code, _title in LANGUAGES]
        for code in codes:
            cls.env["res.lang"]._activate_lang(code)
        # What installing a language does, for the terms of this addon.
        cls.env["ir.module.module"]._load_module_terms([ADDON], codes)
        cls.invoice = cls._invoice(100.0, 50.0, invoice_date="2026-05-10")
        cls.credit_note = cls.invoice._reverse_moves(
            [{"invoice_date": "2026-05-20", "credit_note_reason_id": cls.reason.id}]
        )
        cls.credit_note.action_post()

    def _each_language(self, check):
        """Call `check` with each language, its title and its translation."""
        for name, code, title in LANGUAGES:
            with self.subTest(language=name):
                self.partner_a.lang = code
                self.env.invalidate_all()
                check(code, title, polib.pofile(FOLDER / f"{name}.po"))

    def _check_no_english(self, text, translation, *places):
        """No term of the reports and e-mails stands in the text untranslated."""
        for entry in translation:
            is_printed = any(
                place in occurrence
                for occurrence, _line in entry.occurrences
                for place in places
            )
            if is_printed and entry.msgid != entry.msgstr:
                for words in re.findall(r"[A-Z][a-z]+ [A-Za-z ]{4,}", entry.msgid):
                    self.assertNotIn(words, text)

    def _get_document_text(self):
        content, _type = self.env["ir.actions.report"]._render_qweb_html(
            "account.account_invoices", self.credit_note.ids
        )
        return " ".join(html.fromstring(content).text_content().split())

    def test_document(self):
        self._each_language(self._check_document)

    def _check_document(self, _code, title, translation):
        text = self._get_document_text()
        self.assertIn(f"{title} {self.credit_note.name}", text)
        self.assertNotIn("Gutschrift", text)
        self.assertNotIn("Credit Note", text)
        self._check_no_english(
            text, translation, "account_move_document", "report_credit"
        )

    def test_email(self):
        self._each_language(self._check_email)

    def _check_email(self, code, title, translation):
        template = self.env.ref(f"{ADDON}.mail_template_credit_note")
        values = template._generate_template(
            self.credit_note.ids, ("subject", "body_html")
        )[self.credit_note.id]
        body = " ".join(html.fromstring(values["body_html"]).text_content().split())
        self.assertIn(f"{title} {self.credit_note.name}", values["subject"])
        self.assertIn(title.lower(), body.lower())
        self.assertIn(self.reason.with_context(lang=code).name, body)
        for text in (values["subject"], body):
            self.assertNotIn("credit note", text.lower())
            self.assertNotIn("Gutschrift", text)
        self._check_no_english(body, translation, "mail_template_credit_note")
        self.assertEqual(self.credit_note.with_context(lang=code).type_name, title)

    def test_screen(self):
        self._each_language(self._check_screen)

    def _check_screen(self, code, title, translation):
        terms = {entry.msgid: entry.msgstr for entry in translation}
        wizard = self.env["account.move.reversal"].with_context(lang=code)
        field = wizard.fields_get(["credit_method"])["credit_method"]
        self.assertEqual(field["string"], terms["Credit Method"])
        self.assertIn(("lines", terms["Lines"]), field["selection"])
        arch = wizard.get_view(self.env.ref("account.view_account_move_reversal").id)
        issue = rf'name="action_issue"[^>]*>\s*{re.escape(terms["Issue"])}'
        self.assertRegex(arch["arch"], issue)
        reason = self.env.ref(f"{ADDON}.credit_note_reason_goods_returned")
        self.assertEqual(reason.with_context(lang=code).name, terms["Goods returned"])
        refusal = terms["Choose one or more invoices to credit."]
        with self.assertRaisesRegex(UserError, re.escape(refusal)):
            self.env["account.move"].with_context(lang=code).action_credit_note()
        messages = code_translations.get_web_translations(ADDON, code)["messages"]
        self.assertIn({"id": "Credit note", "string": title}, messages)

    def test_every_text_of_our_pages_is_a_term(self):
        """Of the Odoo that runs: what none of its terms covers stays English."""
        for view in self._get_views():
            arch = etree.fromstring(xml_translate(_hide, view.arch_db))
            for text in self._get_texts(arch):
                with self.subTest(view=view.name, text=text):
                    self.assertFalse(WORD.search(text))

    def test_no_term_depends_on_the_odoo(self):
        """An inline node with `groups` is part of a term in older Odoo only."""
        for view in self._get_views():
            for node in etree.fromstring(view.arch_db).iter(*TRANSLATED_ELEMENTS):
                with self.subTest(view=view.name, node=etree.tostring(node)):
                    self.assertNotIn("groups", node.attrib)

    def test_every_page(self):
        self._each_language(self._check_every_page)

    def _check_every_page(self, code, _title, translation):
        translated = {
            entry.msgid: entry.msgstr
            for entry in translation
            if entry.msgid != entry.msgstr
        }
        for view in self._get_views():
            terms = []
            xml_translate(terms.append, view.with_context(lang=code).arch_db)
            self.assertEqual(
                translated.keys() & set(terms) - set(translated.values()),
                set(),
                view.name,
            )

    def _get_views(self):
        views = self.env["ir.ui.view"].search([("arch_fs", "=like", f"{ADDON}/%")])
        self.assertGreater(len(views), 20)
        return views.with_context(lang=None)

    def _get_texts(self, arch):
        for node in arch.xpath("//*[not(ancestor::style)]"):
            yield node.tail or ""
            if node.tag in ("attribute", "script", "style"):
                continue
            yield node.text or ""
            for name in TRANSLATED_ATTRS & set(node.attrib):
                yield node.get(name)

    def test_din_5008_has_the_title(self):
        layout = self.env.ref(
            "l10n_din5008.external_layout_din5008", raise_if_not_found=False
        )
        if not layout:
            self.skipTest("no such layout in this database: --with l10n_din5008")
        self.env.company.external_report_layout_id = layout
        self.env["ir.module.module"]._load_module_terms(["l10n_din5008"], ["de_DE"])
        self.partner_a.lang = "de_DE"
        text = self._get_document_text()
        self.assertIn(f"Rechnungskorrektur {self.credit_note.name}", text)
        self.assertNotIn("Gutschrift", text)

    def test_reason_of_the_user_is_not_overwritten(self):
        self.reason.with_context(lang="fr_FR").name = "Annulation"
        self.env["ir.module.module"]._load_module_terms(
            [ADDON], ["fr_FR"], overwrite=True
        )
        self.assertEqual(self.reason.with_context(lang="fr_FR").name, "Annulation")
