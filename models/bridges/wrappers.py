"""Methods of addons that this one does not depend on, extended where they are there."""

from functools import wraps

from odoo import api, models

MARK = "account_partner_credit_note_wrapped"


class AccountMove(models.Model):
    _inherit = "account.move"

    def _register_hook(self):
        # EXTENDS 'base': now all addons are loaded
        res = super()._register_hook()
        wrap_methods(self.env.registry, self._get_method_wrappers())
        return res

    def _unregister_hook(self):
        # EXTENDS 'base': an addon may be about to go
        unwrap_methods(self.env.registry, self._get_method_wrappers())
        return super()._unregister_hook()

    @api.model
    def _get_method_wrappers(self):
        """Hook: what is called instead of methods that other addons may bring.

        :return: {(model, method): function that takes the method and returns what is
            called instead of it}
        """
        return {}


def wrap_methods(registry, wrappers):
    """Wrap the methods that are there, each of them once."""
    for (model_name, method_name), wrap in wrappers.items():
        model_class = registry.get(model_name)
        method = getattr(model_class, method_name, None)
        if method and not hasattr(method, MARK):
            # `wraps` keeps the marks of a method, above all that it is private.
            wrapper = wraps(method)(wrap(method))
            setattr(wrapper, MARK, True)
            setattr(model_class, method_name, wrapper)


def unwrap_methods(registry, wrappers):
    """Undo `wrap_methods`."""
    for model_name, method_name in wrappers:
        model_class = registry.get(model_name)
        if model_class and hasattr(vars(model_class).get(method_name), MARK):
            delattr(model_class, method_name)
