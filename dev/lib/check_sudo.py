"""Check that each `sudo()` of the addon has its reason, and is not kept.

usage: check_sudo.py FOLDER...

A comment `# sudo: …` says why, on the line of the call or above its statement. Where
the result does not depend on the user, who may lack the right to read it, that is
`# sudo: the same for everybody`. The superuser's recordset is not put into a variable:
it ends with its statement.
"""

import ast
import sys
from pathlib import Path

REASON = "# sudo:"


def is_widening(node):
    """:return: whether this is `….sudo()`; with an argument it takes rights away"""
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "sudo"
        and not any(ast.unparse(argument) != "True" for argument in node.args)
    )


def has_reason(lines, number):
    """:return: whether this line, or the comment right above it, has the reason"""
    if REASON in lines[number - 1]:
        return True
    for line in reversed(lines[: number - 1]):
        if not line.strip().startswith("#"):
            return False
        if line.strip().startswith(REASON):
            return True
    return False


def check_statement(statement, lines):
    """:return: iterator of (line, what is wrong) of the calls of this statement"""
    # What is indented below is made of statements of its own.
    nodes = [
        node
        for child in ast.iter_child_nodes(statement)
        if not isinstance(child, ast.stmt | ast.excepthandler | ast.match_case)
        for node in ast.walk(child)
    ]
    for node in filter(is_widening, nodes):
        number = node.func.value.end_lineno
        if not any(
            has_reason(lines, line)
            for line in {statement.lineno, number, node.end_lineno}
        ):
            yield number, f"no `{REASON} …` says why"
    stored = [getattr(statement, "value", None)] if is_assignment(statement) else []
    stored += [node.value for node in nodes if isinstance(node, ast.NamedExpr)]
    for node in filter(is_widening, stored):
        yield node.end_lineno, "a superuser's recordset is kept in a variable"


def is_assignment(statement):
    return isinstance(statement, ast.Assign | ast.AnnAssign | ast.AugAssign)


def check_file(path):
    source = path.read_text()
    lines = source.splitlines()
    for statement in ast.walk(ast.parse(source)):
        if isinstance(statement, ast.stmt):
            for number, wrong in check_statement(statement, lines):
                yield f"{path}:{number}: {wrong}"


def main():
    wrong = [
        line
        for folder in sys.argv[1:]
        for path in sorted(Path(folder).rglob("*.py"))
        for line in check_file(path)
    ]
    print("\n".join(sorted(set(wrong))))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
