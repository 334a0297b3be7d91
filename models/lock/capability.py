"""Permission for Odoo's own code to do with a locked document what the lock refuses.

A capability is an object of a class that only this module can make, for certain
records. It travels in the context and is recognised by its class: RPC carries numbers,
texts, lists and dicts, never such an object, and the code of a server action can not
import one. It opens nothing but what its class stands for, on its records, and it never
goes into the context of an action.
"""

from odoo import models


class Capability:
    """Base of the capabilities. It permits nothing itself."""

    __slots__ = ("_ids",)
    _key = None

    def __init__(self, records):
        self._ids = frozenset(records._ids)

    def covers(self, record):
        return record.id in self._ids


class Posting(Capability):
    """To become posted: `_post` gives it to the documents it posts."""

    __slots__ = ()
    _key = "account_partner_credit_note.posting"


class Cancellation(Capability):
    """To be cancelled: the tax authority has accepted the cancellation."""

    __slots__ = ("accepted_by",)
    _key = "account_partner_credit_note.cancellation"

    def __init__(self, records, accepted_by=None):
        super().__init__(records)
        self.accepted_by = accepted_by


class FileRenewal(Capability):
    """To lose its archived file: it is made anew with the authority's answer on it."""

    __slots__ = ()
    _key = "account_partner_credit_note.file_renewal"


class FileLookup(Capability):
    """To skip the search for its archived PDF: sending has searched already."""

    __slots__ = ()
    _key = "account_partner_credit_note.file_lookup"


class Filing(Capability):
    """To be given its archived files, by Odoo's own code that makes them."""

    __slots__ = ()
    _key = "account_partner_credit_note.filing"


class Hashing(Capability):
    """To be given the hash that Odoo has computed for the chain of documents."""

    __slots__ = ()
    _key = "account_partner_credit_note.hashing"


class Archiving(Capability):
    """To be printed anew: the PDF is made that is archived, or a proforma."""

    __slots__ = ()
    _key = "account_partner_credit_note.archiving"


class Telling(Capability):
    """To have a message written that Odoo's own code has made: from the address of the
    template, or of what changed."""

    __slots__ = ()
    _key = "account_partner_credit_note.telling"


class LogEntry(Capability):
    """To be written down in the log of the lock, for these companies."""

    __slots__ = ()
    _key = "account_partner_credit_note.log_entry"


class Approval(Capability):
    """To be issued as somebody approved it: these lines of a batch."""

    __slots__ = ()
    _key = "account_partner_credit_note.approval"


def has_capability(env, capability_class, record):
    """:return: whether the context has a capability of exactly this class for `record`

    A class made elsewhere, even from one of these, does not pass.
    """
    capability = env.context.get(capability_class._key)
    return type(capability) is capability_class and capability.covers(record)


def get_covered(records, capability_class):
    """:param records: a model
    :return: its records that a capability of exactly this class in its context covers
    """
    capability = records.env.context.get(capability_class._key)
    if type(capability) is not capability_class:
        return records.browse()
    return records.browse(capability._ids)


def with_capability(recordset, capability_class, records, **more):
    """:param more: further arguments of the class
    :return: `recordset`, with leave to do with `records` what the class says
    """
    capability = capability_class(records, **more)
    return recordset.with_context(**{capability_class._key: capability})


def without_capability(recordset, capability_class):
    """:return: `recordset`, with the leave taken out of its context; what an addon
    returns instead of records has none
    """
    if not isinstance(recordset, models.BaseModel):
        return recordset
    context = dict(recordset.env.context)
    context.pop(capability_class._key, None)
    return recordset.with_env(recordset.env(context=context))
