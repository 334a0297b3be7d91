"""Check that links, pictures and paths in Markdown pages lead somewhere.

usage: check_links.py FOLDER

A link to a file of the repository wants the file, one with a `#` the heading. A path in
backticks that begins with a folder of the repository wants to be there, unless a part
of it is in capitals. Pages of the web are not visited.
"""

import re
import sys
from pathlib import Path

LINK = re.compile(r"\]\(([^()\s]+)\)|<img src=\"([^\"]+)\"")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
PATH = re.compile(r"`((?:\.ci|[a-z]\w*)/[\w./-]*)")
CODE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)


def get_anchors(page):
    """:return: set of what GitHub calls the headings of this page"""
    return {
        re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
        for heading in HEADING.findall(CODE.sub("", page.read_text()))
    }


def check_page(page):
    """:return: iterator of the links of this page that lead nowhere"""
    for found in LINK.finditer(CODE.sub("", page.read_text())):
        link = found[1] or found[2]
        if re.match(r"[a-z]+:", link):
            continue
        name, _hash, anchor = link.partition("#")
        target = page.parent / name if name else page
        if not target.exists() or (
            anchor and target.suffix == ".md" and anchor not in get_anchors(target)
        ):
            yield link


def check_paths(page, root):
    """:return: iterator of the paths in this page that are not there"""
    folders = {folder.name for folder in root.iterdir() if folder.is_dir()}
    for [path] in map(re.Match.groups, PATH.finditer(page.read_text())):
        parts = Path(path).parts
        if (
            parts[0] in folders
            and not any(part.isupper() for part in parts)
            and not (root / path).exists()
        ):
            yield path


def main():
    root = Path(sys.argv[1])
    dead = [
        f"{page.relative_to(root)}: {link} leads nowhere"
        for page in sorted([*root.glob("*.md"), *root.glob("docs/**/*.md")])
        for link in [*check_page(page), *check_paths(page, root)]
    ]
    print(*dead, sep="\n", end="\n" if dead else "")
    return 1 if dead else 0


if __name__ == "__main__":
    sys.exit(main())
