"""What this addon adds to Odoo's own documents, files, mails and pages.

An addition must not stop an invoice: Odoo's methods change from one version to the
next, and other addons change what they return. If an addition fails, the log says so
once and Odoo's value stays as it was. Refusals of lock and guard are raised as ever,
and so are errors that end the transaction.
"""

import copy
import functools
import logging
from contextlib import nullcontext

import psycopg2
from lxml import etree

from odoo.exceptions import ConcurrencyError, UserError

_logger = logging.getLogger(__name__)

# {name: what `addition` made}
ADDITIONS = {}
ODOO_VALUE = object()
_told = set()


def addition(method=None, *, otherwise=ODOO_VALUE, savepoint=False):
    """Let a function or method that adds something fail without harm.

    :param method: called with the records, then Odoo's value, then further arguments;
        returns the value with what it adds, and may change the one that it is given
    :param otherwise: the result if `method` fails; given if Odoo's value is not among
        the arguments
    :param savepoint: whether `method` writes
    :return: the same, but it returns the value as it was, or `otherwise`
    """
    if method is None:
        return functools.partial(addition, otherwise=otherwise, savepoint=savepoint)
    name = f"{method.__module__.rpartition('addons.')[2]}.{method.__qualname__}"

    @functools.wraps(method)
    def wrapper(self, *args, **kwargs):
        result = otherwise
        if otherwise is ODOO_VALUE:
            result, *rest = args
            args = (_copy(result), *rest)
        try:
            with self.env.cr.savepoint() if savepoint else nullcontext():
                return wrapper.__wrapped__(self, *args, **kwargs)
        except Exception as error:
            if is_passing(error, savepoint):
                raise
            tell_left_out(name, error)
            return result

    ADDITIONS[name] = wrapper
    return wrapper


def after(*extensions):
    """Wrap a method of an addon that may be there or not, see `bridges.wrappers`.

    :param extensions: additions, called one after the other with the records, what the
        method returns, and the arguments of the method
    :return: function that takes the method and returns what is called instead of it
    """

    def wrap(method):
        def wrapper(self, *args, **kwargs):
            result = method(self, *args, **kwargs)
            for extend in extensions:
                result = extend(self, result, *args, **kwargs)
            return result

        return wrapper

    return wrap


def is_passing(error, in_savepoint=False):
    """:return: whether the error is a refusal, or one that ends the transaction: Odoo
    runs it again then, or on a connection that may write
    """
    if isinstance(error, psycopg2.Error) and in_savepoint:
        return isinstance(
            error,
            psycopg2.OperationalError
            | psycopg2.InterfaceError
            | psycopg2.errors.ReadOnlySqlTransaction,
        )
    # Refusals are of this very class. Those made of it say that something is not there,
    # or not allowed, or not valid, of which an addition did not think.
    return type(error) is UserError or isinstance(
        error, psycopg2.Error | ConcurrencyError
    )


def tell_left_out(name, error):
    """Say once in the log what failed.

    :param name: what is added, and what is left out now
    """
    if name not in _told:
        _told.add(name)
        _logger.warning("%s failed and is left out", name, exc_info=error)


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
