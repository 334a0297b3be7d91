"""How amounts are divided into whole units without losing one.

Exact values are whole numbers as well, of billionths of a unit: sums of thousands of
them are exact, and quick.
"""

from collections import defaultdict
from fractions import Fraction

from .amount import is_within

BILLION = 10**9


def to_nearest(value):
    """:param value: Fraction or whole number
    :return: the nearest whole number; a half goes away from zero, as in Odoo
    """
    half_up = (2 * abs(value.numerator) + value.denominator) // (2 * value.denominator)
    return half_up if value >= 0 else -half_up


def to_billionths(value):
    return to_nearest(value * BILLION)


def sum_up(exact):
    """:return: whole number of units to which these exact values come"""
    return to_nearest(Fraction(sum(exact), BILLION))


def apportion(exact, total):
    """Divide a total into whole numbers: each exact value is rounded down or up, and
    those that would lose most are rounded up, of equal ones the first.

    So equal values differ by one unit at most, and a share of a whole number is neither
    more than it nor of the other sign.

    :param exact: list of exact values; their sum is less than a unit from the total
    :param total: whole number
    :return: list of whole numbers that add up to the total
    """
    parts = [value // BILLION for value in exact]
    missing = total - sum(parts)
    if not 0 <= missing <= sum(value % BILLION != 0 for value in exact):
        raise ValueError(f"{total} is not what these values come to")
    by_loss = sorted(range(len(exact)), key=lambda i: -(exact[i] % BILLION))
    for i in by_loss[:missing]:
        parts[i] += 1
    return parts


def divide(total, wholes):
    """:return: list of parts of these whole numbers, in proportion, that add up to the
    total; beyond their sum, each part is its whole, and the excess is divided by size
    """
    whole = sum(wholes)
    if whole and is_within(total, whole):
        taken, rest, sizes = [0] * len(wholes), total, wholes
    else:
        taken, rest, sizes = wholes, total - whole, [abs(value) for value in wholes]
    if not any(sizes):
        sizes = [1] * len(wholes)
    exact = [to_billionths(Fraction(size * rest, sum(sizes))) for size in sizes]
    return [sum(pair) for pair in zip(taken, apportion(exact, rest), strict=True)]


def apportion_in_steps(exact, total, steps):
    """Divide a total over cells as `apportion` does, but first over groups of them:
    each group as well as each cell is its exact value, rounded down or up.

    :param exact: {Cell: exact value}
    :param steps: functions of a cell that return its group, from large to small ones
    :return: {Cell: whole number}
    """
    if not steps:
        return dict(zip(exact, apportion(list(exact.values()), total), strict=True))
    groups = group_by(exact, steps[0]).values()
    sums = [sum(group.values()) for group in groups]
    parts = {}
    for group, part in zip(groups, apportion(sums, total), strict=True):
        parts |= apportion_in_steps(group, part, steps[1:])
    return parts


def bend(exact, total, wholes):
    """Move exact values towards a total, each by the same share of its room to move.

    :param exact: {Cell: exact value}
    :param total: whole number; values whose sum is less than a unit away stay as they
        are
    :param wholes: {Cell: whole number of which its value stays a part}; the others stay
        as they are
    :return: (exact values moved, the total that they come to: this one or the nearest)
    """
    missing = total * BILLION - sum(exact.values())
    if abs(missing) < BILLION:
        return exact, total
    end = max if missing > 0 else min
    rooms = {c: end(0, whole) * BILLION - exact[c] for c, whole in wholes.items()}
    room = sum(rooms.values())
    if abs(room) < abs(missing):
        moved = exact | {c: exact[c] + rooms[c] for c in rooms}
        return moved, sum_up(moved.values())
    moved = {c: exact[c] + rooms[c] * missing // room for c in rooms}
    return exact | moved, total


def group_by(exact, key):
    """:return: {key: {Cell: exact value}}"""
    groups = defaultdict(dict)
    for cell, value in exact.items():
        groups[key(cell)][cell] = value
    return groups
