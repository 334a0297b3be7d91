"""What this addon overrides, wraps, names and calls of Odoo's own code.

Read from the addon's source and looked up in an Odoo tree. What is called on something
of unknown kind is every method of that name: rather one too many.
"""

import ast
import re
from typing import NamedTuple

from tree import LEFT_OUT, defined_names, read_class, string_list

PRIVATE = re.compile(r"_[a-z]\w*")
OWN = re.compile(r"\bself\.(_[a-z]\w*)\(")
OF_A_MODEL = {"_name", "_inherit", "_description", "_order", "_rec_name"}
# What Odoo documents for whoever writes an addon.
PUBLIC_MODULES = ("odoo", "odoo.exceptions", "odoo.fields", "odoo.tools", "odoo.http")


class Use(NamedTuple):
    how: str
    place: str  # file:line in the addon
    definitions: tuple  # of `tree.Definition`


class Addon:
    """The Python files of this addon."""

    def __init__(self, folder):
        self.folder = folder
        self.modules = {
            path: ast.parse(path.read_text(encoding="utf-8"))
            for path in sorted(folder.rglob("*.py"))
            if not (LEFT_OUT | {"dev"}) & {*path.relative_to(folder).parts}
            and path.name != "__manifest__.py"
        }
        manifest = ast.literal_eval((folder / "__manifest__.py").read_text())
        self.depends = manifest["depends"]
        self.classes = [
            read_class("", path, node)
            for path, module in self.modules.items()
            for node in module.body
            if isinstance(node, ast.ClassDef)
        ]
        self.own_names = {
            name
            for module in self.modules.values()
            for node in ast.walk(module)
            if isinstance(node, ast.stmt)
            for name in defined_names(node)
        }

    def place(self, path, node):
        return f"{path.relative_to(self.folder)}:{node.lineno}"


class PythonUses:
    """Looks the addon's uses up in a tree."""

    def __init__(self, addon, tree):
        self.addon = addon
        self.tree = tree
        self.depended_on = frozenset(tree.depended_on(addon.depends))

    def find(self):
        """:return: iterator of `Use`"""
        for item in self.addon.classes:
            yield from self.overrides(item)
        for path, module in self.addon.modules.items():
            imported = {}
            for node in ast.walk(module):
                if isinstance(node, ast.ImportFrom):
                    yield from self.imports(path, node, imported)
                elif isinstance(node, ast.Tuple):
                    yield from self.wraps(path, node)
                elif isinstance(node, ast.Constant):
                    yield from self.named(path, node)
            yield from self.controllers(path, module, imported)
            for model, node in attributes(module):
                yield from self.calls(path, node, model)

    def overrides(self, item):
        """Methods and fields of our classes that Odoo's classes of the model have."""
        if not item.model:
            return
        models = self.models_of(item.model) | {*item.parents}
        for name, nodes in item.members.items():
            if name in OF_A_MODEL:
                continue
            found = self.tree.members(name, self.depended_on, models)
            if not found and isinstance(nodes[0], ast.FunctionDef):
                found = self.of_other_addons(item.model, name)
            if found:
                place = self.addon.place(item.path, nodes[0])
                yield Use("overrides", place, tuple(found))

    def wraps(self, path, node):
        """Tuples that begin with the name of a model and of one of its methods."""
        texts = [text for item in node.elts[:2] for text in string_list(item)]
        if len(texts) != 2:
            return
        model, name = texts
        if "." in model and name.isidentifier():
            place = self.addon.place(path, node)
            found = self.of_model_anywhere(model, name)
            if found:
                yield Use("wraps", place, tuple(found))
            # A wrapper works on what the method returns, and that is made in these.
            texts = "\n".join(item.text for item in found)
            for called in sorted(set(OWN.findall(texts))):
                if called not in self.addon.own_names:
                    parts = self.of_model_anywhere(model, called)
                    yield Use(f"wraps what calls {called}", place, tuple(parts))

    def named(self, path, node):
        """Names of private methods as a text."""
        name = node.value
        if (
            isinstance(name, str)
            and PRIVATE.fullmatch(name)
            and name not in self.addon.own_names
            and (found := methods(self.tree.members(name, self.depended_on)))
        ):
            yield Use("names", self.addon.place(path, node), tuple(found))

    def calls(self, path, node, model):
        """Private methods that Odoo defines and this addon does not.

        :param model: the model that it is called on, None if unknown
        """
        name = node.attr
        if not PRIVATE.fullmatch(name) or name in self.addon.own_names:
            return
        found = (
            (model and self.of_model(model, name))
            or self.tree.members(name, self.depended_on)
            or self.tree.members(
                name, self.tree.addons_defining(name) - self.depended_on
            )
        )
        if found := methods(found):
            yield Use("calls", self.addon.place(path, node), tuple(found))

    def imports(self, path, node, imported):
        """Constants, functions and classes of Odoo's modules."""
        module = node.module or ""
        if node.level or module.split(".")[0] != "odoo" or module in PUBLIC_MODULES:
            return
        for alias in node.names:
            found = self.tree.top_level(module, alias.name)
            if not found:
                continue
            definition, file = found
            if isinstance(definition, ast.ClassDef):
                imported[alias.asname or alias.name] = definition, file
            else:
                key = f"{module.removeprefix('odoo.addons.')}.{alias.name}"
                yield Use(
                    "imports",
                    self.addon.place(path, node),
                    (self.tree.define(key, file, definition),),
                )

    def controllers(self, path, module, imported):
        """Methods of classes that extend an imported class, as controllers do."""
        for node in module.body:
            for base in getattr(node, "bases", ()):
                definition, file = imported.get(getattr(base, "id", None), (None, None))
                if not definition:
                    continue
                addon = self.tree.addon_of(file)
                theirs = read_class(addon, file, definition)
                ours = read_class("", path, node)
                for name in ours.members.keys() & theirs.members.keys():
                    yield Use(
                        "overrides",
                        self.addon.place(path, ours.members[name][0]),
                        tuple(
                            self.tree.define(
                                f"{addon}/{theirs.name}.{name}", file, item
                            )
                            for item in theirs.members[name]
                        ),
                    )

    def models_of(self, model):
        return self.tree.ancestors(model, self.depended_on)

    def of_model(self, model, name):
        return self.tree.members(name, self.depended_on, self.models_of(model))

    def of_model_anywhere(self, model, name):
        return self.of_model(model, name) or self.of_other_addons(model, name)

    def of_other_addons(self, model, name):
        """In addons that need not be installed."""
        addons = self.tree.addons_of(model)
        if model in self.tree.parents(self.depended_on):
            addons = addons & self.tree.addons_defining(name)
        found = self.tree.members(name, addons, self.tree.ancestors(model, addons))
        return [item for item in found if not item.key.startswith("odoo/")]


def methods(definitions):
    return [item for item in definitions if "def " in item.text]


def attributes(module):
    """:return: iterator of (model that it is called on or None, attribute that is
    read), in this module
    """
    for statement in module.body:
        model = None
        if isinstance(statement, ast.ClassDef):
            model = read_class("", None, statement).model
        for node in ast.walk(statement):
            if isinstance(node, ast.Attribute):
                yield model_of(node.value, model), node


def model_of(node, model):
    """:return: the model of `self` and of `self.env["some.model"]`, else None"""
    if isinstance(node, ast.Name) and node.id == "self":
        return model
    if (
        isinstance(node, ast.Subscript)
        and isinstance(node.slice, ast.Constant)
        and isinstance(node.value, ast.Attribute)
        and node.value.attr == "env"
    ):
        return node.slice.value
    return None
