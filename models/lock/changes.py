"""Whether a write changes anything: Odoo often rewrites unchanged values."""

from odoo.fields import Command
from odoo.models import BaseModel


def is_changed(record, fname, value):
    """Say whether writing `value` changes the field of the record.

    :param record: one record, as superuser
    :param fname: name of a field of its model
    :param value: as `write` takes it
    :return: whether the field would have another value; True if that cannot be told
    """
    field = record._fields[fname]
    # Programs may ask for sizes instead of files by context.
    record = record.with_context(bin_size=False)
    if field.type in ("one2many", "many2many"):
        return _are_commands_changing(record, field, value)
    try:
        # A number of one currency or precision is compared as it is stored.
        new = field.convert_to_cache(value, record)
        old = field.convert_to_cache(record[fname], record)
    except (TypeError, ValueError):
        return True
    if field.type == "html":
        old, new = str(old or ""), str(new or "")
    return (old or None) != (new or None)


def _are_commands_changing(record, field, value):
    current = set(record[field.name]._ids)
    return any(
        _is_command_changing(record, field, current, command)
        for command in _as_commands(value)
    )


def _is_command_changing(record, field, current, command):
    """:param current: set of the ids that the field has"""
    match command:
        case [Command.UPDATE, line_id, values]:
            # Editing a tax or a tag does not change the document that refers to it.
            return field.type == "one2many" and _is_line_changing(
                record, field, current, line_id, values
            )
        case [Command.LINK, line_id, *_]:
            return line_id not in current
        case [Command.UNLINK, line_id, *_]:
            return field.type == "one2many" or line_id in current
        case [Command.SET, _, line_ids]:
            return not isinstance(line_ids, (list, tuple)) or set(line_ids) != current
        case [Command.CLEAR, *_]:
            return bool(current)
    # A new record, a deleted one, or an unknown command.
    return True


def _is_line_changing(record, field, current, line_id, values):
    if line_id not in current:
        return True
    line = record[field.name].browse(line_id)
    return any(
        fname not in line._fields or is_changed(line, fname, line_value)
        for fname, line_value in values.items()
    )


def _as_commands(value):
    """:return: list of commands, whichever of the forms that Odoo takes it came in"""
    if isinstance(value, BaseModel):
        return [Command.set(value._ids)]
    if value is False or value is None:
        return [Command.clear()]
    if isinstance(value, tuple):
        return [Command.set(value)]
    if not isinstance(value, list):
        return [value]
    if value and not isinstance(value[0], list | tuple):
        return [Command.set(value)]
    return value
