"""Check which room of the addon imports which.

usage: check_rooms.py FOLDER

A room is a folder in models/, or wizards/, controllers/, or a module that stands in
models/ by itself. Rooms meet in Odoo's registry; what they may import of each other
stands in docs/architecture.md, and here in `ALLOWED`.
"""

import ast
import sys
from pathlib import Path

EVERYWHERE = {"models/plan", "models/addition", "models/row_lock"}
ALLOWED = {
    "models/approval": {"models/lock/capability"},
    "models/credit": {"models/bulk/reversal_batch"},
    "models/document": {"models/lock/capability"},
    "wizards": {"models/bulk/reversal_batch"},
}
# Whoever imports these gets no other room with them.
ALONE = EVERYWHERE | {"models/bulk/reversal_batch", "models/lock/capability"}
PURE = "models/plan"


def get_room(module):
    """:param module: path without its ending, as `models/lock/changes`"""
    parts = module.split("/")
    return "/".join(parts[: 2 if parts[0] == "models" else 1])


def get_imported(path, root):
    """:return: iterator of (line, module): a path below the root, or a dotted name"""
    folder = path.parent
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield node.lineno, node.module
        elif isinstance(node, ast.ImportFrom):
            base = folder.joinpath(*[".."] * (node.level - 1)).resolve()
            base = base.joinpath(*(node.module or "").split("."))
            for alias in node.names:
                inner = base / alias.name
                module = inner if is_module(inner) else base
                yield node.lineno, module.relative_to(root).as_posix()


def is_module(path):
    return path.is_dir() or path.with_suffix(".py").exists()


def is_allowed(module, imported):
    """:return: whether this module may import that one of the addon"""
    if get_room(module) == get_room(imported):
        return True
    if any(is_in(module, room) for room in ALONE):
        return False
    allowed = EVERYWHERE | ALLOWED.get(get_room(module), set())
    return any(is_in(imported, room) for room in allowed)


def is_in(module, room):
    return module == room or module.startswith(f"{room}/")


def check_file(path, root):
    """:return: iterator of sentences, one for each import that is not allowed"""
    module = path.relative_to(root).with_suffix("").as_posix()
    for line, imported in get_imported(path, root):
        where = f"{module}.py:{line}"
        if "/" not in imported and not is_module(root / imported):
            top = imported.partition(".")[0]
            if get_room(module) == PURE and top not in sys.stdlib_module_names:
                yield f"{where}: {PURE} is plain Python, and imports {imported}"
        elif not is_allowed(module, imported):
            yield f"{where}: {get_room(module)} does not import {imported}"


def check_rooms(root):
    """:return: list of sentences, one for each import that is not allowed"""
    return [
        wrong
        for folder in ("controllers", "models", "wizards")
        for path in sorted((root / folder).rglob("*.py"))
        # A room is put together in the __init__ of the folder above it.
        if path.name != "__init__.py"
        for wrong in check_file(path, root)
    ]


def main():
    wrong = check_rooms(Path(sys.argv[1]).resolve())
    print(*wrong, sep="\n", end="\n" if wrong else "")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
