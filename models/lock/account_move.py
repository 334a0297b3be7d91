import uuid
from contextlib import nullcontext

from odoo import api, fields, models, tools
from odoo.exceptions import MissingError, UserError
from odoo.fields import Domain
from odoo.tools import format_list

from odoo.addons.account.models.account_move import BYPASS_LOCK_CHECK

from ..addition import addition
from .account_move_numbering import (
    DATE_FIELDS,
    NUMBER_FIELDS,
    NUMBERING_FIELDS,
    is_number,
)
from .barrier import Write, columns_checked, part_write
from .capability import (
    FileRenewal,
    Filing,
    Hashing,
    Posting,
    has_capability,
    with_capability,
    without_capability,
)
from .changes import is_changed
from .frozen import computing_while_posted
from .policy import CLOSING_ADDONS, CUSTOMER_TYPES, FILE_FIELDS, FREE_FIELDS
from .transaction import lock_transaction

PAID_STATES = ("paid", "in_payment")

# What `_post` alone gives to a draft.
POSTING_FIELDS = frozenset({"posted_before", "inalterable_hash"})


def _is_uuid(text):
    try:
        return bool(uuid.UUID(text))
    except (AttributeError, TypeError, ValueError):
        return False


class AccountMove(models.Model):
    _inherit = "account.move"

    is_locked = fields.Boolean(
        string="Locked",
        compute="_compute_is_locked",
        help="An issued customer document can no longer be changed or deleted. "
        "A credit note corrects it.",
    )

    # -------------------------------------------------------------------------
    # COMPUTE METHODS
    # -------------------------------------------------------------------------

    @api.depends(
        "company_id.lock_posted_invoices", "move_type", "posted_before", "state"
    )
    def _compute_is_locked(self):
        locked = self._filter_locked()
        for move in self:
            move.is_locked = move in locked

    @api.depends("is_locked")
    def _compute_show_reset_to_draft_button(self):
        # EXTENDS 'account': no button for what the lock refuses
        res = super()._compute_show_reset_to_draft_button()
        self.filtered("is_locked").show_reset_to_draft_button = False
        return res

    # -------------------------------------------------------------------------
    # CRUD
    # -------------------------------------------------------------------------

    @api.model_create_multi
    def create(self, vals_list):
        # EXTENDS 'account': a document is not born posted, and its number is Odoo's
        guarded = POSTING_FIELDS | NUMBER_FIELDS
        # Odoo refuses the state that is given, and not the one by default.
        by_default = self._get_fields_with_default(guarded | {"state"})
        given = [
            by_default
            | {fname for fname in guarded.intersection(vals) if is_number(vals[fname])}
            for vals in vals_list
        ]
        if not any(given):
            return super().create(vals_list)
        # Code that catches the refusal does not keep the document that was created.
        # sudo: the same for everybody
        locked = self.env.company.sudo().lock_posted_invoices
        with self.env.cr.savepoint() if locked else nullcontext():
            moves = super().create(vals_list)
            for move, fnames in zip(moves, given, strict=True):
                move._check_posted_by_hand(fnames)
                # sudo: the same for everybody
                move.sudo()._check_numbered_by_hand(fnames & NUMBER_FIELDS)
        return moves

    def write(self, vals):
        # EXTENDS 'account': the barrier, whichever door the values came through
        for part in self._check_locked_write(vals):
            super(AccountMove, part.records).write(part.vals)
        return True

    def _write_multi(self, vals_list):
        # EXTENDS 'base': the last step before the database, whatever led to it
        with columns_checked(self, vals_list):
            return super()._write_multi(vals_list)

    def unlink(self):
        # EXTENDS 'account': a number that was issued stays. Not `ondelete`: Odoo undoes
        # reconciliations before it comes to that.
        self._check_locked_unlink()
        # Documents that an issued one refers to are kept, too.
        self._check_not_on_locked(
            self.filtered(lambda move: move.move_type in CUSTOMER_TYPES),
            ["reversed_entry_id", "debit_origin_id"],
        )
        return super().unlink()

    @api.model
    def get_views(self, views, options=None):
        # EXTENDS 'base': the menu of a locked document does not offer what is refused
        result = super().get_views(views, options)
        self._mark_refused_actions(result["views"].get("form", {}).get("toolbar", {}))
        return result

    @api.model
    @addition(otherwise=None)
    def _mark_refused_actions(self, toolbar):
        """:param toolbar: what the menus of a form offer"""
        switch = self.env.ref("account.action_move_switch_move_type", False)
        toolbar["action"] = [
            {**item, "refused_when_locked": bool(switch) and item["id"] == switch.id}
            for item in toolbar.get("action", ())
        ]

    @api.model
    def _get_view(self, view_id=None, view_type="form", **options):
        # EXTENDS 'base': what is closed is read-only on the screen
        arch, view = super()._get_view(view_id, view_type, **options)
        if view_type == "form":
            arch = self._add_readonly(arch)
        return arch, view

    @api.model
    @addition
    def _add_readonly(self, arch):
        closed_fields = self._get_lock_closed_fields()
        for node in arch.xpath("//field[@name][not(ancestor::field)]"):
            if node.get("name") in closed_fields:
                readonly = node.get("readonly")
                node.set(
                    "readonly",
                    f"({readonly}) or is_locked" if readonly else "is_locked",
                )
        return arch

    # -------------------------------------------------------------------------
    # POSTING AND CANCELLING
    # -------------------------------------------------------------------------

    def _post(self, soft=True):
        # EXTENDS 'account': nothing else may write that a document is posted
        concerned = self._filter_lock_concerned()
        if not concerned:
            return super()._post(soft=soft)
        numbered = concerned.filtered(
            lambda move: is_number(move.name) and not move.posted_before
        )
        with computing_while_posted(concerned):
            posted = super(AccountMove, with_capability(self, Posting, self))._post(
                soft=soft
            )
        (posted & numbered)._check_number_unique()
        return without_capability(posted, Posting)

    def _get_chains_to_hash(self, *args, **kwargs):
        # EXTENDS 'account': nothing else may write the hash of what was issued
        return self._add_leave_to_hash(super()._get_chains_to_hash(*args, **kwargs))

    @addition
    def _add_leave_to_hash(self, chains):
        # With `early_stop` it only says whether there are any.
        for chain in chains if isinstance(chains, list) else ():
            chain["moves"] = with_capability(chain["moves"], Hashing, chain["moves"])
        return chains

    # -------------------------------------------------------------------------
    # WHAT IS LOCKED
    # -------------------------------------------------------------------------

    @api.model
    def _get_lock_extra_closed_fields(self):
        """Hook: fields of other addons that stand on the document.

        :return: set of field names, the same for every user and company
        """
        return set()

    @api.model
    def _get_lock_extra_free_fields(self):
        """Hook: fields of accounting addons that are bookkeeping about the document.

        :return: set of field names, the same for every user and company
        """
        return set()

    @api.model
    def _get_lock_file_fields(self):
        """Hook: the fields whose files are the issued document itself.

        :return: set of names of binary fields
        """
        return set(FILE_FIELDS)

    @api.model
    # Views are there when all addons are loaded.
    @tools.ormcache("self.env.registry.loaded", cache="stable")
    def _get_lock_closed_fields(self):
        """:return: frozenset of the fields of a document that a write may not change"""
        return self._select_closed_fields(
            self,
            free_fields=FREE_FIELDS | self._get_lock_extra_free_fields(),
            closed_fields=self._get_lock_extra_closed_fields()
            | self._get_lock_file_fields(),
        )

    @api.model
    def _select_closed_fields(self, model, free_fields, closed_fields):
        """Decide by the addon that defines a field, and by Odoo's views.

        A field that is neither stored nor inversed changes nothing, unless Odoo
        recomputes stored ones from it: then the value given would end up in those.

        :param model: model of the fields
        :param free_fields: names that stay open whoever defines them
        :param closed_fields: names that are closed whoever defines them
        :return: frozenset of names
        """
        registry = self.env.registry
        result = set(closed_fields)
        if registry.loaded:
            result |= self._get_fields_on_document(model) - free_fields
        of_document = {
            name
            for name, field in model._fields.items()
            if CLOSING_ADDONS & set(field._modules)
            and name not in free_fields
            and name not in models.MAGIC_COLUMNS
        }
        for name in of_document:
            field = model._fields[name]
            if (
                field.store
                or field.inverse
                or any(
                    dependent.store
                    and dependent.model_name == model._name
                    and dependent.name in of_document
                    for dependent in registry.get_dependent_fields(field)
                )
            ):
                result.add(name)
        return frozenset(result)

    def _filter_lock_concerned(self):
        """:return: the customer documents of companies with the lock on"""
        return self.filtered(
            lambda move: (
                move.move_type in CUSTOMER_TYPES
                # sudo: the same for everybody
                and move.company_id.sudo().lock_posted_invoices
            )
        )

    def _filter_locked(self):
        """:return: the documents that were issued: they are posted, or were"""
        # sudo: the same for everybody
        return (
            self.sudo()
            .filtered(
                lambda move: (
                    move.move_type in CUSTOMER_TYPES
                    and (
                        move.state == "posted"
                        or (move.state == "cancel" and move.posted_before)
                        or move.id in move._get_ids_being_cancelled()
                    )
                    and move.company_id.lock_posted_invoices
                )
            )
            .sudo(self.env.su)
        )

    @api.model
    def _get_locked_ids(self, ids):
        """:param ids: iterable of ids, also of documents that are gone
        :return: those of the documents that were issued
        """
        return self._filter_ids(ids, type(self)._filter_locked)

    @api.model
    def _get_locked_draft_ids(self, ids):
        """:param ids: iterable of ids, also of documents that are gone
        :return: those of the documents that the lock holds for once they are issued
        """

        def filter_drafts(moves):
            # sudo: the same for everybody
            drafts = moves.sudo().filtered(lambda move: move.state == "draft")
            return drafts._filter_lock_concerned()

        return self._filter_ids(ids, filter_drafts)

    @api.model
    def _filter_ids(self, ids, filter_moves):
        moves = self.browse(dict.fromkeys(ids))
        try:
            # Mostly in the cache already: whoever sends a document has read it.
            return filter_moves(moves)._ids
        except MissingError:
            return filter_moves(moves.exists())._ids

    @api.model
    def _get_locked_domain(self):
        """:return: domain of what `_filter_locked` selects"""
        return (
            Domain("move_type", "in", CUSTOMER_TYPES)
            & Domain("company_id.lock_posted_invoices", "=", True)
            & (
                Domain("state", "=", "posted")
                | (Domain("state", "=", "cancel") & Domain("posted_before", "=", True))
            )
        )

    # -------------------------------------------------------------------------
    # CHECKS
    # -------------------------------------------------------------------------

    def _check_locked_write(self, vals):
        """:return: list of `Write`, without the closed values that a document has
        :raise UserError: the values change what the lock closes
        """
        if "access_token" in vals:
            self._check_access_token(vals["access_token"])
        closed_fields = self._get_lock_closed_fields() & vals.keys()
        if not closed_fields:
            return [Write(self, vals)]
        locked = self._filter_locked()
        parts = part_write(self, vals, locked)
        for move in locked:
            move._note_cancellation(vals)
        (self - locked)._check_unlocked_values(vals, closed_fields)
        return parts

    def _check_access_token(self, token):
        """:raise UserError: anybody could guess the link to an issued document"""
        if not _is_uuid(token):
            for move in self._filter_locked():
                if is_changed(move, "access_token", token):
                    raise UserError(move._get_lock_refusal(move, ["access_token"]))

    def _check_locked_change(self, changed):
        """:param changed: values of closed fields of this issued document that become
            others
        :raise UserError: they are not what Odoo itself writes
        """
        if refused := [
            fname
            for fname, value in changed.items()
            if not self._is_lock_exempt(fname, value)
        ]:
            raise UserError(self._get_lock_refusal(self, refused))

    def _check_unlocked_values(self, vals, closed_fields):
        """:raise UserError: the values post these drafts by hand, or number them"""
        if closed_fields & (POSTING_FIELDS | {"state", "move_type"}):
            self._check_unlocked_write(vals)
        if "name" in closed_fields:
            self._check_issued_number_kept(vals["name"])
        if number_fields := closed_fields & NUMBER_FIELDS:
            given = {name: vals[name] for name in NUMBERING_FIELDS & vals.keys()}
            # sudo: the same for everybody
            for move in self.sudo():
                # With the new values: the number depends on the date and the journal.
                move.new(given, origin=move)._check_numbered_by_hand(number_fields)
        elif dates := DATE_FIELDS & vals.keys():
            # sudo: the same for everybody
            for move in self.sudo():
                move._check_number_fits({name: vals[name] for name in dates})

    def _is_lock_exempt(self, fname, value):
        """Say whether this field of this locked document may become this other value.

        Each rule is a write of Odoo itself on a posted document, and no wider.

        :return: whether Odoo may set it
        """
        self.ensure_one()
        if fname == "state":
            return self._is_cancellation_step(value)
        if fname in self._get_lock_file_fields() and value:
            # Archived by Odoo's own code, not by a user, once.
            return has_capability(self.env, Filing, self)
        # sudo: the rules read the document, whatever the user may read of it
        return self.sudo()._is_written_by_odoo(fname, value)

    def _is_written_by_odoo(self, fname, value):
        """:return: whether a rule lets this field of this document become the value"""
        if fname in self._get_lock_file_fields():
            return has_capability(self.env, FileRenewal, self)
        match fname:
            case "inalterable_hash":
                return not self.inalterable_hash and has_capability(
                    self.env, Hashing, self
                )
            case "delivery_date":
                # Hungary and Saudi Arabia fill it right after posting.
                return (
                    not self.delivery_date
                    and not is_changed(self, "invoice_date", value)
                    and lock_transaction(self.env).has_posted(self)
                )
            case "sequence_prefix" | "sequence_number":
                return value == self._split_number(self.name)[fname]
            case "payment_state":
                # The button that blocks the payment, and the one that allows it again.
                if self.payment_state == "blocked":
                    return value == "not_paid"
                return value == "blocked" and self.payment_state not in PAID_STATES
            case "commercial_partner_id":
                # The customer got another parent company.
                return self.env.context.get("bypass_lock_check") is BYPASS_LOCK_CHECK
        return self._is_localization_posting(self, fname)

    def _is_localization_posting(self, record, fname):
        """Say whether a localization fills its own field right after posting: it is not
        sealed yet.

        :param record: this document or a line of it
        """
        return not CLOSING_ADDONS & set(
            record._fields[fname]._modules
        ) and lock_transaction(self.env).has_posted(self)

    def _check_unlocked_write(self, vals):
        """:raise UserError: the values would post a document or change its type"""
        # sudo: the same for everybody
        for move in self.sudo():
            type_after = vals.get("move_type", move.move_type)
            if (
                not {move.move_type, type_after}.intersection(CUSTOMER_TYPES)
                or not move.company_id.lock_posted_invoices
            ):
                continue
            becomes = vals.get("state", move.state)
            if type_after != move.move_type and (
                move.posted_before or becomes == "posted"
            ):
                raise UserError(
                    self.env._(
                        "%(document)s was posted as another kind of document. "
                        "Reverse it, and create a new one instead.",
                        document=move._get_document_names(),
                    )
                )
            if move.move_type not in CUSTOMER_TYPES:
                move._check_becoming_customer_document(vals)
            if becomes == "posted" and not has_capability(self.env, Posting, move):
                raise UserError(
                    self.env._(
                        "%(document)s can only be posted by confirming it, "
                        "which checks it and gives it its number.",
                        document=move._get_document_names(),
                    )
                )
            given = {
                fname
                for fname in POSTING_FIELDS & vals.keys()
                if is_changed(move, fname, vals[fname])
            }
            if not has_capability(self.env, Posting, move):
                move._raise_set_by_posting(given)

    def _check_becoming_customer_document(self, vals):
        """:raise UserError: a customer document would come with a number or an archived
        file that Odoo did not give to it
        """
        if is_number(self.name) or is_number(vals.get("name")):
            raise UserError(
                self.env._(
                    "%(document)s has its number already. Create a new customer "
                    "document instead.",
                    document=self._get_document_names(),
                )
            )
        # sudo: the same for everybody
        if (
            file := self.env["ir.attachment"]
            .sudo()
            .search(
                Domain("res_model", "=", self._name)
                & Domain("res_id", "=", self.id)
                & Domain("res_field", "in", list(self._get_lock_file_fields())),
                limit=1,
            )
        ):
            file._get_slot()._raise_draft(self.env)

    def _check_posted_by_hand(self, fnames):
        """:param fnames: fields that whoever creates this document gave a value
        :raise UserError: they say that it is or was posted
        """
        if self._filter_lock_concerned():
            given = {fname for fname in POSTING_FIELDS & fnames if self[fname]}
            if "state" in fnames and self.state == "posted":
                given.add("state")
            self._raise_set_by_posting(given)

    def _raise_set_by_posting(self, fnames):
        if fnames:
            raise UserError(
                self.env._(
                    "Only confirming a document sets %(fields)s. "
                    "Leave it out, then confirm %(document)s.",
                    fields=self._get_field_labels(self, fnames),
                    document=self._get_document_names(),
                )
            )

    def _check_locked_unlink(self):
        """:raise UserError: one of these documents was issued"""
        # sudo: the same for everybody
        issued = self._filter_locked() | self.sudo().filtered(
            lambda move: (
                move.move_type in CUSTOMER_TYPES
                and move.posted_before
                and move.company_id.lock_posted_invoices
            )
        )
        if issued:
            raise UserError(
                self.env._(
                    "%(documents)s: issued documents cannot be deleted. %(way_to_go)s",
                    documents=issued._get_document_names(),
                    way_to_go=issued[0]._get_lock_way_to_go(),
                )
            )

    # -------------------------------------------------------------------------
    # WHAT THE USER READS
    # -------------------------------------------------------------------------

    def _get_lock_refusal(self, model=None, fnames=()):
        """:param model: model of the fields, if certain fields are refused
        :param fnames: names of these fields
        :return: sentences that name the documents, the fields and the way to go
        """
        values = {
            "documents": self._get_document_names(),
            "way_to_go": self[0]._get_lock_way_to_go(),
        }
        if fnames:
            values["fields"] = self._get_field_labels(model, fnames)
            return self.env._(
                "%(documents)s: issued documents cannot be changed (%(fields)s). "
                "%(way_to_go)s",
                **values,
            )
        return self.env._(
            "%(documents)s: issued documents cannot be changed or cancelled. "
            "%(way_to_go)s",
            **values,
        )

    def _get_lock_way_to_go(self):
        """:return: what to do instead of changing this document"""
        self.ensure_one()
        if self.state == "posted" and self.move_type != "out_refund":
            return self.env._("Create a credit note instead.")
        return self.env._("Create a new document instead.")

    @api.model
    def _get_field_labels(self, model, fnames):
        """:return: the labels of these fields, in the user's language, as one text"""
        labels = {
            model._fields[fname]._description_string(self.env): None for fname in fnames
        }
        return format_list(self.env, list(labels))

    # -------------------------------------------------------------------------
    # HELPERS
    # -------------------------------------------------------------------------

    @api.model
    def _get_fields_with_default(self, fnames):
        """:return: those of the fields that context or user defaults give a value"""
        defaults = self.env["ir.default"]._get_model_defaults(self._name)
        return {
            fname
            for fname in fnames
            if fname in defaults or f"default_{fname}" in self.env.context
        }
