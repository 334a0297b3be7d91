"""What an Odoo source tree defines: methods, fields, constants and views, read only.

Nothing is imported or installed, so that every addon counts, wherever it is.
"""

import ast
import re
from collections import defaultdict
from functools import cache, cached_property
from pathlib import Path
from typing import NamedTuple

from lxml import etree

FRAMEWORK = "odoo"  # stands for an addon, where the source is Odoo's own library
FUNCTION = re.compile(r"\bdef (\w+)")
MODELS = re.compile(r"""\b_(?:name|inherit) = (\[[^\]]*\]|["'][\w.]+["'])""")
QUOTED = re.compile(r"""["']([\w.]+)["']""")
LEFT_OUT = {"tests", "static", "node_modules", "upgrades", "migrations"}


class Definition(NamedTuple):
    key: str  # addon/Class.name, or an external id and what is matched in it
    place: str  # file:line, under the folder of the tree
    text: str  # normalized source


class ModelClass(NamedTuple):
    addon: str
    path: Path
    name: str
    model: str  # None if it is no Odoo model
    parents: frozenset
    members: dict  # {name: [ast node]}


class Tree:
    """An Odoo source tree: Debian's, a checkout, or an addon alone."""

    def __init__(self, library, addons_paths):
        """:param library: folder of the package `odoo`
        :param addons_paths: folders of addons
        """
        self.library = Path(library)
        self.addons_paths = [Path(path) for path in addons_paths]

    @cached_property
    def addons(self):
        """:return: {name of an addon: its folder}"""
        return {
            manifest.parent.name: manifest.parent
            for path in self.addons_paths
            for manifest in sorted(path.glob("*/__manifest__.py"))
        }

    def depended_on(self, names):
        """:return: these addons, all that they depend on, and Odoo's own library"""
        found, left = {FRAMEWORK, "base"}, list(names)
        while left:
            if (name := left.pop()) not in found and name in self.addons:
                found.add(name)
                manifest = self.addons[name] / "__manifest__.py"
                left += ast.literal_eval(manifest.read_text()).get("depends", ())
        return found

    @cached_property
    def files(self):
        """:return: {addon: its Python files, without tests}"""
        library = self.library / "odoo"
        files = {
            FRAMEWORK: sorted(
                path
                for folder in ("orm", "tools", "service", "modules", "http.py")
                for path in [*library.glob(f"{folder}/*.py"), library / folder]
                if path.is_file()
            )
        }
        for addon, folder in self.addons.items():
            files[addon] = sorted(
                path
                for path in folder.rglob("*.py")
                if not LEFT_OUT & {*path.relative_to(folder).parts}
            )
        return files

    @cache  # noqa: B019 - a tree lives as long as the program
    def source(self, path):
        return path.read_text(encoding="utf-8")

    @cached_property
    def index(self):
        """:return: ({name of a function: addons that define it}, {model: addons with a
        class of it})
        """
        functions, models = defaultdict(set), defaultdict(set)
        for addon, files in self.files.items():
            for path in files:
                source = self.source(path)
                for name in FUNCTION.findall(source):
                    functions[name].add(addon)
                for names in MODELS.findall(source):
                    for name in QUOTED.findall(names):
                        models[name].add(addon)
        return functions, models

    def addons_defining(self, function):
        return self.index[0].get(function, set())

    def addons_of(self, model):
        return self.index[1].get(model, set())

    @cache  # noqa: B019
    def classes(self, addon):
        """:return: list of `ModelClass`"""
        return [
            read_class(addon, path, node)
            for path in self.files.get(addon, ())
            for node in ast.parse(self.source(path)).body
            if isinstance(node, ast.ClassDef)
        ]

    @cache  # noqa: B019
    def parents(self, addons):
        """:return: {model: models that its classes in these addons inherit}"""
        parents = {}
        for addon in addons:
            for item in self.classes(addon):
                if item.model:
                    parents.setdefault(item.model, set()).update(item.parents)
        return parents

    def ancestors(self, model, addons):
        """:return: the model, and all that it is made of in these addons"""
        parents = self.parents(frozenset(addons))
        found, left = set(), [model, "base"]
        while left:
            if (name := left.pop()) not in found:
                found.add(name)
                left += parents.get(name, ())
        return found

    def members(self, name, addons, models=None):
        """:param models: only in classes of these, and in what all models come from
        :return: list of `Definition` of the methods and fields of this name
        """
        return [
            self.define(f"{item.addon}/{item.name}.{name}", item.path, node)
            for addon in sorted(addons)
            for item in self.classes(addon)
            if models is None or item.model in models or is_base_class(item)
            for node in item.members.get(name, ())
        ]

    def top_level(self, module, name):
        """:param module: dotted name of a Python module, for instance
            `odoo.addons.account.models.account_move`
        :return: `ast` node of that name, and its file; or None
        """
        parts = module.split(".")
        if module.startswith("odoo.addons."):
            folder = self.addons.get(parts[2])
            path = folder and folder.joinpath(*parts[3:])
        else:
            path = self.library.joinpath(*parts)
        for file in path and [path.with_suffix(".py"), path / "__init__.py"] or ():
            if file.is_file():
                for node in ast.parse(self.source(file)).body:
                    if name in defined_names(node):
                        return node, file
        return None

    def addon_of(self, path):
        """:return: name of the addon that a file belongs to"""
        for folder in self.addons_paths:
            if path.is_relative_to(folder):
                return path.relative_to(folder).parts[0]
        return FRAMEWORK

    def define(self, key, path, node):
        return Definition(
            key,
            f"{path.relative_to(self.library)}:{node.lineno}",
            normalize_python(self.source(path), node),
        )

    @cache  # noqa: B019
    def documents(self, addon):
        """:return: {file: root} of the XML files of an addon"""
        folder = self.addons.get(addon)
        parser = etree.XMLParser(remove_comments=True)
        return {
            path: etree.fromstring(path.read_bytes(), parser)
            for path in (folder and sorted(folder.rglob("*.xml")) or ())
            if "tests" not in path.parts
        }


def is_base_class(item):
    return item.addon == FRAMEWORK and item.name in ("BaseModel", "Model")


def read_class(addon, path, node):
    members, texts = {}, {}
    for item in node.body:
        for name in defined_names(item):
            members.setdefault(name, []).append(item)
        if isinstance(item, ast.Assign):
            for name in defined_names(item):
                texts[name] = string_list(item.value)
    inherit = texts.get("_inherit") or []
    model = (texts.get("_name") or inherit[:1] or [None])[0]
    parents = frozenset(inherit) - {model}
    return ModelClass(addon, path, node.name, model, parents, members)


def defined_names(node):
    """:return: the names that this statement defines"""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return [node.name]
    targets = getattr(node, "targets", None) or [getattr(node, "target", None)]
    return [target.id for target in targets if isinstance(target, ast.Name)]


def string_list(node):
    """:return: the texts of this text or list of texts"""
    return [
        item.value
        for item in getattr(node, "elts", None) or [node]
        if isinstance(item, ast.Constant) and isinstance(item.value, str)
    ]


def normalize_python(source, node):
    """:return: the source of a statement without comments, docstrings, empty lines"""
    lines = source.splitlines()
    left_out = set()
    for item in ast.walk(node):
        if isinstance(item, ast.FunctionDef | ast.ClassDef) and ast.get_docstring(item):
            text = item.body[0]
            left_out.update(range(text.lineno, text.end_lineno + 1))
    first = min([node.lineno, *(d.lineno for d in getattr(node, "decorator_list", ()))])
    kept = [
        lines[number - 1].rstrip()
        for number in range(first, node.end_lineno + 1)
        if number not in left_out
        and lines[number - 1].strip()
        and not lines[number - 1].lstrip().startswith("#")
    ]
    indent = len(kept[0]) - len(kept[0].lstrip())
    return "\n".join(
        line[indent:] if not line[:indent].strip() else line for line in kept
    )
