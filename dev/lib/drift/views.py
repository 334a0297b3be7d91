"""The nodes of Odoo's views and templates that this addon's views name."""

import re
from typing import NamedTuple

from lxml import etree
from tree import Definition
from uses import Use

WHITESPACE = re.compile(r"\s+")


class Inheritance(NamedTuple):
    path: object
    target: str  # external id of the view, or name of the client's template
    specs: list
    is_client: bool


def has_class(context, *names):
    """XPath function of Odoo's views."""
    classes = (context.context_node.get("class") or "").split()
    return all(name in classes for name in names)


etree.FunctionNamespace(None)["hasclass"] = has_class


class ViewUses:
    """Looks the nodes up in the views as Odoo's addons write them."""

    def __init__(self, addon, tree):
        self.addon = addon
        self.tree = tree
        self.depended_on = sorted(tree.depended_on(addon.depends))
        self.documents = {
            path: etree.parse(path, etree.XMLParser(remove_comments=True)).getroot()
            for path in sorted(addon.folder.rglob("*.xml"))
            if not {"dev", "tests"} & {*path.relative_to(addon.folder).parts}
        }

    def find(self):
        """:return: iterator of `Use`"""
        for path, root in self.documents.items():
            for inheritance in inheritances(path, root):
                yield from self.nodes(inheritance)
            for node in root.iter(etree.Element):
                name = node.get("t-call", "")
                if "." in name and "{" not in name:
                    yield from self.template(path, node, name)

    def nodes(self, inheritance):
        target = inheritance.target
        views = list(self.views(target, inheritance.is_client))
        if not views:
            return
        for spec in inheritance.specs:
            if spec.get("position") is None:
                continue
            for file, view in views:
                if (node := locate(view, spec)) is not None:
                    key = f"{target} {matched(spec)}"
                    text = describe(node, spec.get("position"), view)
                    yield self.use(
                        "extends", inheritance.path, spec, key, file, node, text
                    )
                    break

    def template(self, path, node, name):
        for file, view in self.views(name, "static" in path.parts):
            text = "\n".join(lines_of(view))
            yield self.use("calls", path, node, name, file, view, text)
            break

    def use(self, how, path, spec, key, file, node, text):
        place = f"{path.relative_to(self.addon.folder)}:{spec.sourceline}"
        found = f"{file.relative_to(self.tree.library)}:{node.sourceline}"
        return Use(how, place, (Definition(key, found, text),))

    def views(self, target, is_client):
        """:return: iterator of (file, arch) of a view, then of those that it inherits,
        then of those that inherit it in the addons that we depend on
        """
        extensions = []
        while target:
            addon, _dot, name = target.rpartition(".")
            found = None
            for path, root in self.tree.documents(addon).items():
                if ("static" in path.parts) != is_client:
                    continue
                for node in root.iter(etree.Element):
                    if is_client and node.get("t-name") == target:
                        found = path, node, node.get("t-inherit")
                    elif not is_client and node.get("id") in (name, target):
                        arch, parent = read_view(node, addon)
                        if arch is not None:
                            found = path, arch, parent
            if not found:
                break
            extensions += self.extensions(target, is_client)
            yield found[:2]
            target = found[2]
        yield from extensions

    def extensions(self, target, is_client):
        for addon in self.depended_on:
            for path, root in self.tree.documents(addon).items():
                if is_client or "static" in path.parts:
                    continue
                for node in root.iter("record", "template"):
                    arch, parent = read_view(node, addon)
                    if arch is not None and parent == target:
                        yield path, arch


def read_view(node, addon):
    """:return: (arch, external id of the view that it inherits or None) of a record or
    template; (None, None) if it is no view
    """
    if node.tag == "template":
        parent = node.get("inherit_id")
        arch = node
    elif node.tag == "record" and node.get("model") == "ir.ui.view":
        fields = {field.get("name"): field for field in node.iterchildren("field")}
        arch = fields.get("arch")
        parent = "inherit_id" in fields and fields["inherit_id"].get("ref")
    else:
        return None, None
    if parent and "." not in parent:
        parent = f"{addon}.{parent}"
    return arch, parent or None


def inheritances(path, root):
    for node in root.iter("record", "template"):
        arch, parent = read_view(node, "")
        if arch is not None and parent:
            specs = list(arch)
            if len(specs) == 1 and specs[0].tag == "data":
                specs = list(specs[0])
            yield Inheritance(path, parent, specs, False)
    for node in root.iter(etree.Element):
        if node.get("t-inherit"):
            yield Inheritance(path, node.get("t-inherit"), list(node), True)


def locate(view, spec):
    """:return: the first node of the view that Odoo finds for this, or None"""
    if spec.tag == "xpath":
        expression = spec.get("expr")
        if expression.startswith("/") and not expression.startswith("//"):
            expression = f"./{expression}"
        found = view.xpath(expression.replace("//", ".//", 1))
        return next(iter(found), None)
    for node in view.iter(spec.tag):
        if node is not view and all(
            node.get(name) == value
            for name, value in spec.attrib.items()
            if name != "position"
        ):
            return node
    return None


def matched(spec):
    if spec.tag == "xpath":
        return WHITESPACE.sub(" ", spec.get("expr"))
    return opening_tag(spec, {"position"})


def describe(node, position, view):
    """:return: what has to be as it was for this change to mean the same: where the
    node stands, and as much of it as the change touches
    """
    lines = []
    for ancestor in reversed(list(node.iterancestors())):
        if view in (ancestor, *ancestor.iterancestors()) and ancestor is not view:
            lines.append("  " * len(lines) + opening_tag(ancestor))
    indent = "  " * len(lines)
    if position == "replace":
        return "\n".join(lines + [indent + line for line in lines_of(node)])
    own = [indent + opening_tag(node)]
    if position == "inside":
        own += [f"{indent}  {opening_tag(child)}" for child in elements(node)]
    for sibling, is_before in (
        (node.getprevious(), True),
        (node.getnext(), False),
    ):
        if sibling is not None and position in ("before", "after"):
            line = indent + opening_tag(sibling)
            own = [line, *own] if is_before else [*own, line]
    return "\n".join(lines + own)


def elements(node):
    return [child for child in node if isinstance(child.tag, str)]


def opening_tag(node, left_out=()):
    attributes = "".join(
        f' {name}="{WHITESPACE.sub(" ", value).strip()}"'
        for name, value in sorted(node.attrib.items())
        if name not in left_out
    )
    return f"<{node.tag}{attributes}>"


def lines_of(node, indent=""):
    """:return: the whole node, a line for each tag and each text"""
    lines = [indent + opening_tag(node)]
    for text in [node.text]:
        if text and text.strip():
            lines.append(f"{indent}  {WHITESPACE.sub(' ', text).strip()}")
    for child in elements(node):
        lines += lines_of(child, indent + "  ")
        if child.tail and child.tail.strip():
            lines.append(f"{indent}  {WHITESPACE.sub(' ', child.tail).strip()}")
    return lines
