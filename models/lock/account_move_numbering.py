from odoo import models
from odoo.exceptions import UserError
from odoo.fields import Domain

from .policy import CUSTOMER_TYPES

NUMBER_FIELDS = frozenset({"name", "sequence_prefix", "sequence_number"})

# What decides of the number that comes next.
DATE_FIELDS = frozenset({"date", "invoice_date"})

NUMBERING_FIELDS = NUMBER_FIELDS | DATE_FIELDS | {"journal_id", "move_type"}


def is_number(name):
    """:param name: value of `name`, as `write` takes it: Odoo makes "0" of 0
    :return: whether this is the number of a document
    """
    return not (name is None or name is False or name in ("", "/"))


class AccountMove(models.Model):
    """Numbers of customer documents: Odoo gives each once, and none disappears."""

    _inherit = "account.move"

    def _check_issued_number_kept(self, name):
        """:raise UserError: the number of a draft that was issued once would be lost"""
        issued = self._filter_lock_concerned().filtered(
            lambda move: move.posted_before and is_number(move.name)
        )
        if issued.filtered(lambda move: move.name != name):
            raise UserError(issued._get_lock_refusal(self, ["name"]))

    def _check_numbered_by_hand(self, fnames):
        """:param fnames: those of `NUMBER_FIELDS` that were given a value
        :raise UserError: the number is not Odoo's, and it is not the user's to choose
        """
        if not self._is_numbered():
            return
        split = self._split_number(self.name)
        if ("name" in fnames and not self._is_number_by_hand_allowed()) or any(
            self[fname] != split[fname] for fname in fnames - {"name"}
        ):
            self._raise_number_chosen()

    def _check_number_fits(self, values):
        """Odoo keeps the number of a draft if that contains no date.

        :param values: new `date` or `invoice_date`, which is also the date, of a draft
        :raise UserError: its number would be one of another series
        """
        date = values.get("date") or values.get("invoice_date")
        if not date or self.posted_before or not self._is_numbered():
            return
        future = self.new({"date": date}, origin=self)
        if (
            future.date == self.date
            or not future._sequence_matches_date()
            or future._is_number_by_hand_allowed()
        ):
            return
        last = self._split_number(future._get_last_sequence())
        if last["sequence_prefix"] != self._split_number(self.name)["sequence_prefix"]:
            self._raise_number_chosen()

    def _check_number_unique(self):
        """Check numbers that the user may choose: the first of a journal.

        :raise UserError: another customer document of the company has this number
        """
        if not self:
            return
        # sudo: the same for everybody
        others = self.sudo().search(
            Domain("company_id", "in", self.company_id.ids)
            & Domain("name", "in", self.mapped("name"))
            & Domain("move_type", "in", CUSTOMER_TYPES)
            & Domain("posted_before", "=", True)
        )
        for move in self:
            if others.filtered(
                lambda other, move=move: (
                    other.name == move.name
                    and other.company_id == move.company_id
                    and other != move
                )
            ):
                raise UserError(
                    self.env._(
                        "The number %(number)s was issued before, in another journal. "
                        "Give the journal %(journal)s another first number.",
                        number=move.name,
                        journal=move.journal_id.display_name,
                    )
                )

    def _is_numbered(self):
        """:return: whether this has a number that the lock keeps"""
        return (
            is_number(self.name)
            and self.company_id.lock_posted_invoices
            and (self.move_type in CUSTOMER_TYPES or self.journal_id.type == "sale")
        )

    def _raise_number_chosen(self):
        raise UserError(
            self.env._(
                "The number %(number)s cannot be chosen: documents of the journal "
                "%(journal)s are numbered one after the other when they are "
                "confirmed. Leave the number empty.",
                number=self.name,
                journal=self.journal_id.display_name,
            )
        )

    def _is_number_by_hand_allowed(self):
        """Hook: where Odoo leaves the number to the user.

        The first document of a journal, or of its period, starts the sequence; an
        accounting firm keys in documents that have their numbers already; and so do
        Latin American journals of preprinted documents.

        :return: whether this document may have the number it has got by hand
        """
        self.ensure_one()
        return bool(
            self.quick_edit_mode
            or (
                "l10n_latam_manual_document_number" in self._fields
                and self.l10n_latam_manual_document_number
            )
            or not self._get_last_sequence()
        )

    def _split_number(self, name):
        """:return: dict of `sequence_prefix` and `sequence_number` of the number"""
        number = self.new({"name": name}, origin=self)
        number._compute_split_sequence()
        return {
            "sequence_prefix": number.sequence_prefix,
            "sequence_number": number.sequence_number,
        }
