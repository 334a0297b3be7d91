"""The manifest and the page of Odoo's Apps, as Odoo's store and the OCA want them."""

import ast
import struct
import unittest
from html.parser import HTMLParser
from pathlib import Path

ROOT = Path(__file__).parents[2]
DESCRIPTION = ROOT / "static" / "description"
# The store takes what stands in the page itself, and nothing that loads or runs.
FORBIDDEN = {"script", "style", "link", "iframe", "object", "embed", "form", "video"}


def get_size(path):
    """:return: (width, height) of a PNG"""
    return struct.unpack(">II", path.read_bytes()[16:24])


class Page(HTMLParser):
    def __init__(self):
        super().__init__()
        self.open, self.images, self.wrong = [], [], []

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        if tag in FORBIDDEN or any(name.startswith("on") for name in attrs):
            self.wrong.append(self.get_starttag_text())
        if "://" in (attrs.get("src") or "") + (attrs.get("href") or ""):
            self.wrong.append(self.get_starttag_text())
        if tag == "img":
            self.images.append(attrs)
        else:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag != "img":
            self.open.pop()

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.wrong.append(f"</{tag}> in line {self.getpos()[0]}")


class TestStorePage(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.manifest = ast.literal_eval((ROOT / "__manifest__.py").read_text())

    def test_manifest(self):
        # The store's limit for a name; the filter of Odoo's Apps shows applications.
        self.assertLessEqual(len(self.manifest["name"]), 25)
        self.assertTrue(self.manifest["application"])
        self.assertRegex(self.manifest["version"], r"^19\.0\.\d+\.\d+\.\d+$")
        self.assertIn(
            self.manifest["development_status"],
            ("Alpha", "Beta", "Production/Stable", "Mature"),
        )
        self.assertTrue(self.manifest["summary"])

    def test_version_has_a_heading(self):
        changelog = (ROOT / "CHANGELOG.md").read_text()
        self.assertIn(f"## [{self.manifest['version']}]", changelog)

    def test_images(self):
        banner, *others = [ROOT / name for name in self.manifest["images"]]
        width, height = get_size(banner)
        self.assertEqual((width, height), (2 * 560, 2 * 280))
        self.assertTrue(others)
        for path in others:
            self.assertGreaterEqual(get_size(path)[0], 1000)
        self.assertEqual(get_size(DESCRIPTION / "icon.png"), (128, 128))

    def test_page(self):
        page = Page()
        page.feed((DESCRIPTION / "index.html").read_text())
        page.close()
        self.assertEqual((page.wrong, page.open), ([], []))
        self.assertGreater(len(page.images), 5)
        for image in page.images:
            self.assertTrue(image.get("alt"), image)
            self.assertTrue((DESCRIPTION / image["src"]).is_file(), image)
