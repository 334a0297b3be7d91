"""What the dialog of credit notes carries through Odoo's code for many documents."""

from collections import defaultdict
from contextlib import contextmanager

from odoo import Command

from odoo.addons.account.models.account_move import TYPE_REVERSE_MAP

# Journal items that Odoo makes anew on a credit note, whatever is copied.
REMADE_TYPES = ("discount", "epd", "tax")
# What Odoo says of an amount due itself.
TERM_FIELDS = (
    "amount_currency",
    "balance",
    "date_maturity",
    "discount_amount_currency",
    "discount_balance",
    "discount_date",
    "display_type",
    "is_storno",
    "move_id",
)
# What Odoo writes on the documents of a batch and their journal items do not depend on:
# Odoo would compute them all again.
FIELDS_BESIDE_ITEMS = {
    "is_manually_modified",
    "made_sequence_gap",
    "posted_before",
    "state",
    "tax_country_id",
}


class UnexpectedCopy(Exception):
    """An addon changed the values of a copy. Its caller catches it, and copies one by
    one.
    """


class ReversalBatch:
    """What the dialog knows while its invoices go through Odoo's `reverse_moves`.

    It travels in the context and is recognised by its class: RPC carries numbers,
    texts, lists and dicts, never such an object.
    """

    __slots__ = (
        "copies",
        "is_issued",
        "kept",
        "plans",
        "reconciliation_plan",
        "sequence_formats",
    )
    key = "account_partner_credit_note.reversal_batch"

    def __init__(self, plans=None, is_issued=False):
        """:param plans: {invoice: CreditNotePlan}
        :param is_issued: whether the credit notes are posted next, and logged
        """
        self.plans = plans or {}
        self.is_issued = is_issued
        self.copies = None
        self.kept = None  # documents with journal items that do not change now
        self.reconciliation_plan = None
        self.sequence_formats = {}

    def on(self, records):
        """:return: the records, with this batch under way"""
        return records.with_context(**{self.key: self})

    @classmethod
    def of(cls, env):
        """:return: the batch that is under way in this environment, or None"""
        batch = env.context.get(cls.key)
        return batch if type(batch) is cls else None

    @contextmanager
    def keep_items(self, documents):
        """In here Odoo computes no journal items of these documents around the first
        thing it does, see `take_kept`. What happens within that is not told beforehand.
        """
        self.kept = documents
        try:
            yield
        finally:
            self.kept = None

    def take_kept(self):
        """:return: the documents of `keep_items` the first time, then None"""
        kept, self.kept = self.kept, None
        return kept


class Copies:
    """The copies of a batch: the first `copy` makes them all, the rest take theirs.

    Every override of `_reverse_moves`, `copy`, `copy_data` and `create` still runs for
    each document. The first call computes the values of all copies. If a later call
    asks for other values, `UnexpectedCopy` is raised.
    """

    __slots__ = (
        "default_values_list",
        "foreseen",
        "left",
        "made",
        "messages",
        "origins",
        "terms",
    )

    def __init__(self, origins, default_values_list):
        self.origins = origins
        self.default_values_list = default_values_list
        self.made = origins.browse()
        self.foreseen = {}  # {id of the original: (values asked for, list of values)}
        self.left = None  # {id of the original: (its copy, what it is made from)}
        self.terms = {}  # {id of the original: [values of its copied due amounts]}
        self.messages = []  # [{id: body}], for the first message of each, the second...

    def expects(self, records, vals_list):
        """:return: whether this call of `create` makes a copy of the batch"""
        return (
            len(records) == len(vals_list) == 1
            and vals_list[0].get("reversed_entry_id") == records.id
            and records.id in (self.origins.ids if self.left is None else self.left)
        )

    def copy_data(self, origin, default, get_data):
        """:param origin: the document that is copied
        :param default: the values that its copy is to have
        :param get_data: function that returns the list of values of its copy, as Odoo
            makes it
        :return: this list, the foreseen one where the same is asked for again
        """
        if origin.id in self.foreseen:
            known_default, values = self.foreseen.pop(origin.id)
            if known_default == default:
                return values
        values = get_data()
        if self.left is None:
            self.foreseen[origin.id] = (copy_values(default), copy_values(values))
        return values

    def take(self, origin, values, create):
        """:param origin: the document that is copied
        :param values: the values of its copy
        :param create: function that creates the copies of documents from values
        :return: the copy
        :raise UnexpectedCopy: these are not the values that were foreseen
        """
        if self.left is None:
            self._make(self.origins.with_env(origin.env), values, create)
        copy, foreseen = self.left.pop(origin.id)
        if values != foreseen:
            raise UnexpectedCopy
        return copy

    def _make(self, origins, first_values, create):
        vals_list = self._foresee(origins)
        if vals_list[0] != first_values:
            raise UnexpectedCopy
        self.left = {}
        reversed_vals_list = []
        for origin, values in zip(origins, vals_list, strict=True):
            reversed_values, terms = reverse_values(values, origin.company_currency_id)
            reversed_vals_list.append(reversed_values)
            self.terms[origin.id] = terms
        self.made = create(origins.browse(), reversed_vals_list)
        self.terms = {}
        self.left = {
            origin.id: (copy, values)
            for origin, copy, values in zip(origins, self.made, vals_list, strict=True)
        }

    def _foresee(self, origins):
        """:return: list of the values that `copy` will come to for each document"""
        vals_list = []
        for origin, default_values in zip(
            origins.with_context(active_test=False),
            self.default_values_list,
            strict=True,
        ):
            # What Odoo's `_reverse_moves` adds to what all others have added by now.
            vals_list += origin.copy_data(
                {
                    **default_values,
                    "move_type": TYPE_REVERSE_MAP[origin.move_type],
                    "partner_id": origin.partner_id.id,
                    "reversed_entry_id": origin.id,
                }
            )
        return vals_list

    def add_terms(self, needed, moves):
        """:param needed: {key: values} of journal items that Odoo is about to make
        :param moves: recordset of `account.move`
        """
        due_keys = [
            key for key in needed if "move_id" in key and "date_maturity" in key
        ]
        copies = moves.browse([key["move_id"] for key in due_keys])
        keys = defaultdict(list)
        for key, copy in zip(due_keys, copies, strict=True):
            keys[copy.reversed_entry_id.id].append(key)
        for origin_id, terms in self.terms.items():
            # Odoo reuses the last first.
            for key, term in zip(
                reversed(keys[origin_id]), reversed(terms), strict=False
            ):
                needed[key] = {**term, **needed[key]}

    def keep_messages(self, bodies):
        for record_id, body in bodies.items():
            number = sum(record_id in message for message in self.messages)
            if number == len(self.messages):
                self.messages.append({})
            self.messages[number][record_id] = body


def is_beside_items(values):
    """:return: whether writing these values leaves all journal items as they are"""
    return values == {"line_ids": []} or bool(
        values and values.keys() <= FIELDS_BESIDE_ITEMS
    )


def copy_values(values):
    """:return: the values, their lists and dicts copied, since `create` changes them"""
    if isinstance(values, dict):
        return {key: copy_values(value) for key, value in values.items()}
    if isinstance(values, list | tuple):
        return type(values)(map(copy_values, values))
    return values


def reverse_values(values, company_currency):
    """Odoo copies a credit note's journal items with the amounts of the invoice and
    then corrects each line, with all that is computed from it. If the copy has the
    right sign already, Odoo finds nothing to correct; what is left it corrects itself.

    :return: copy of a credit note's values, with the journal items the right way
        round, and the values that its due amounts take from those of the invoice
    """
    values = copy_values(values)
    commands = []
    terms = []
    for command in values.get("line_ids", ()):
        line_values = command[2]
        display_type = command[0] == Command.CREATE and line_values.get("display_type")
        if display_type in REMADE_TYPES and (
            # Odoo makes these from the payment term.
            display_type != "epd" or values.get("invoice_payment_term_id")
        ):
            continue
        if display_type == "payment_term":
            # Odoo reuses an item for another one, also of another document.
            terms.append(
                {
                    key: value
                    for key, value in line_values.items()
                    if key not in TERM_FIELDS and (value or key != "no_followup")
                }
            )
            continue
        if display_type == "product":
            if not line_values.get("no_followup"):
                # As it is computed. Given, it is set on the document line by line.
                line_values.pop("no_followup", None)
            if line_values.get("currency_id") == company_currency.id:
                line_values["amount_currency"] = -line_values["amount_currency"]
                line_values["balance"] = line_values["amount_currency"]
        commands.append(command)
    if commands:
        values["line_ids"] = commands
    return values, terms
