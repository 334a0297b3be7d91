"""What this addon adds to Odoo's own documents, files, mails and pages.

An invoice goes out whatever becomes of an addition: Odoo's methods change from one
version to the next, and other addons change what they return. An addition that fails
leaves Odoo's value as it was, and says so once in the log. Refusals are no additions:
those of lock and guard pass, as does what Odoo runs a transaction again for.
"""

import copy
import functools
import logging

import psycopg2
from lxml import etree

from odoo.exceptions import ConcurrencyError, UserError

_logger = logging.getLogger(__name__)

# {name: what adds, without its net}, filled by `addition`
ADDITIONS = {}
_told = set()


def addition(method):
    """Let a function or method that adds to a value of Odoo fail without harm.

    :param method: called with the records, the value and further arguments; returns
        the value with what it adds, and may change the value that it is given
    :return: the same, but it returns the value as it was where `method` fails
    """
    name = f"{method.__module__.rpartition('addons.')[2]}.{method.__qualname__}"
    ADDITIONS[name] = method

    @functools.wraps(method)
    def wrapper(self, value, *args, **kwargs):
        try:
            return ADDITIONS[name](self, _copy(value), *args, **kwargs)
        except Exception as error:
            if _is_passing(error):
                raise
            if name not in _told:
                _told.add(name)
                _logger.warning("%s is left out: it failed", name, exc_info=True)
            return value

    return wrapper


def after(extend):
    """Wrap a method of an addon that may be there or not, see `wrappers`.

    :param extend: addition, called with the records, what the method returns, and the
        arguments of the method
    :return: function that takes the method and returns what is called instead of it
    """

    def wrap(method):
        def wrapper(self, *args, **kwargs):
            return extend(self, method(self, *args, **kwargs), *args, **kwargs)

        return wrapper

    return wrap


def _is_passing(error):
    """:return: whether the error is a refusal, or one that ends the transaction"""
    # Other classes of `UserError` say that something is not as an addition thought.
    return type(error) is UserError or isinstance(
        error, psycopg2.Error | ConcurrencyError
    )


def _copy(value):
    """:return: the value, with its dicts, lists and XML copied, so that what is half
    changed is thrown away; records and all else are the same
    """
    if isinstance(value, etree._Element):
        return copy.deepcopy(value)
    if type(value) is dict:
        return {key: _copy(item) for key, item in value.items()}
    if type(value) in (list, tuple):
        return type(value)(map(_copy, value))
    return value
