from contextlib import nullcontext
from typing import NamedTuple

from odoo import api, models
from odoo.exceptions import UserError

from .capability import FileLookup, FileRenewal, Filing, has_capability
from .changes import is_changed
from .database import database_leave

# Fields that say what a file contains, and to which record it belongs.
FILE_FIELDS = frozenset(
    {
        "checksum",
        "company_id",
        "datas",
        "db_datas",
        "description",
        "file_size",
        "index_content",
        "mimetype",
        "name",
        "public",
        "raw",
        "res_field",
        "res_id",
        "res_model",
        "store_fname",
        "type",
        "url",
    }
)
SLOT_FIELDS = frozenset({"res_field", "res_id", "res_model"})


class Slot(NamedTuple):
    """Where a file belongs: a field of a record."""

    res_model: str
    res_id: int
    res_field: str

    def move(self, vals):
        """:return: the slot after these values are written"""
        return self._replace(**{k: v for k, v in vals.items() if k in SLOT_FIELDS})

    @classmethod
    def from_values(cls, attachments, vals):
        """:return: the slot of a file that is created with these values, without what
        they leave out
        """
        values = {}
        for name in SLOT_FIELDS:
            field = attachments._fields[name]
            try:
                values[name] = field.convert_to_cache(vals.get(name), attachments)
            except (TypeError, ValueError):
                values[name] = None
        return cls(**values)

    def _raise_locked(self, env):
        """:raise UserError: always, for a slot of an issued document"""
        # sudo: the refusal names it
        move = env["account.move"].sudo().browse(self.res_id)
        field = move._fields[self.res_field]
        raise UserError(
            env._(
                "The file %(file)s of %(document)s was issued with the document and "
                "cannot be added, replaced or removed. %(way_to_go)s",
                file=field._description_string(env),
                document=move._get_document_names(),
                way_to_go=move._get_lock_way_to_go(),
            )
        )

    def _raise_draft(self, env):
        """:raise UserError: always, for a slot of a document that is not issued"""
        # sudo: the refusal names it
        move = env["account.move"].sudo().browse(self.res_id)
        field = move._fields[self.res_field]
        raise UserError(
            env._(
                "%(document)s is a draft. Its file %(file)s is made when it is issued. "
                "Attach other files to a message.",
                document=move._get_document_names(),
                file=field._description_string(env),
            )
        )


class IrAttachment(models.Model):
    _inherit = "ir.attachment"

    @api.model_create_multi
    def create(self, vals_list):
        # EXTENDS 'base': an issued document has one archived file of a kind
        defaults = self.env["ir.default"]._get_model_defaults(self._name) | {
            name: self.env.context[f"default_{name}"]
            for name in SLOT_FIELDS
            if f"default_{name}" in self.env.context
        }
        slots = [Slot.from_values(self, {**defaults, **vals}) for vals in vals_list]
        is_filing = self._check_locked_slots(slots)
        with database_leave(self.env) if is_filing else nullcontext():
            attachments = super().create(vals_list)
        attachments._check_no_other_slots(set(slots))
        return attachments

    def write(self, vals):
        # EXTENDS 'base': the archived file of an issued document stays as it is
        for kept, closed_fields in self._check_kept_files(vals):
            super(IrAttachment, kept).write(
                {name: vals[name] for name in vals if name not in closed_fields}
            )
            if {"datas", "raw"} & vals.keys():
                kept._store_again()
            self -= kept
            if not self:
                return True
        if not SLOT_FIELDS & vals.keys():
            return super().write(vals)
        target = Slot.from_values(self, vals)._asdict()
        target = {name: target[name] for name in SLOT_FIELDS & vals.keys()}
        # sudo: the same for everybody
        slots = [attachment._get_slot() for attachment in self.sudo()]
        is_filing = self._check_locked_slots(
            [after for slot in slots if (after := slot.move(target)) != slot]
        )
        with database_leave(self.env) if is_filing else nullcontext():
            res = super().write(vals)
            self.flush_recordset(SLOT_FIELDS)
        self._check_no_other_slots({slot.move(target) for slot in slots})
        return res

    def unlink(self):
        # EXTENDS 'base': before 'account' takes the file off its document instead
        if sent := self._filter_sent_files():
            sent._raise_sent()
        # sudo: the same for everybody
        locked = self.sudo()._filter_locked_files()
        for attachment in locked:
            move = self.env["account.move"].browse(attachment.res_id)
            if not has_capability(self.env, FileRenewal, move):
                attachment._get_slot()._raise_locked(self.env)
        with database_leave(self.env) if locked else nullcontext():
            return super().unlink()

    # -------------------------------------------------------------------------
    # HELPERS
    # -------------------------------------------------------------------------

    def _get_slot(self):
        """:return: the document and its field that this is the file of"""
        self.ensure_one()
        return Slot(self.res_model, self.res_id, self.res_field)

    @api.model
    def _filter_archive_slots(self, slots):
        """:return: those that are for the archived file of a document"""
        fields = self.env["account.move"]._get_lock_file_fields()
        return [
            slot
            for slot in slots
            if slot.res_model == "account.move"
            and slot.res_id
            and slot.res_field in fields
        ]

    @api.model
    def _filter_locked_slots(self, slots):
        """:return: those that are for the archived file of an issued document"""
        slots = self._filter_archive_slots(slots)
        if not slots:
            return slots
        locked_ids = self.env["account.move"]._get_locked_ids(
            slot.res_id for slot in slots
        )
        return [slot for slot in slots if slot.res_id in locked_ids]

    def _filter_locked_files(self):
        """:return: those that are the archived file of an issued document"""
        slots = self._filter_locked_slots([file._get_slot() for file in self])
        return self.filtered(lambda file: file._get_slot() in slots)

    def _filter_sent_files(self):
        """:return: those that went out with a message about an issued document, in an
        earlier transaction
        """
        # sudo: the same for everybody
        files = self.sudo().filtered(
            lambda file: (
                # Odoo's sending gives its files to the message.
                file.res_model in ("account.move", "mail.message")
                and not file.res_field
            )
        )
        if not files:
            return files
        # sudo: the same for everybody
        messages = (
            self.env["mail.message"]
            .sudo()
            .search(
                [("model", "=", "account.move"), ("attachment_ids", "in", files.ids)]
            )
            .filtered(lambda message: message._is_from_before())
            ._filter_locked_history()
        )
        return files & messages.attachment_ids

    def _check_kept_files(self, vals):
        """:return: list of (those of these files that were archived, or sent; fields
            of theirs that stay as they are)
        :raise UserError: one would be replaced, renamed or moved
        """
        if not FILE_FIELDS & vals.keys():
            return []
        # sudo: the same for everybody
        archived = self.sudo()._filter_locked_files().sudo(self.env.su)
        sent = self._filter_sent_files().sudo(self.env.su)
        # Who may see what was sent is no matter of what was sent.
        kept = [(archived, FILE_FIELDS), (sent - archived, FILE_FIELDS - {"public"})]
        for files, closed_fields in kept:
            # sudo: the same for everybody
            for file in files.sudo():
                if any(
                    is_changed(file, name, vals[name])
                    for name in closed_fields & vals.keys()
                ):
                    if file in archived:
                        file._get_slot()._raise_locked(self.env)
                    file._raise_sent()
        return [(files, closed_fields) for files, closed_fields in kept if files]

    def _store_again(self):
        """Store the same contents where Odoo stores contents now: it moves its files
        between database and disk. What is there no longer as it was stays as it is.
        """
        # sudo: the same for everybody
        for file in self.sudo().with_context(bin_size=False):
            content = file.raw or b""
            if file._compute_checksum(content) == file.checksum:
                # Flush first: earlier writes had no leave.
                file.flush_recordset()
                with database_leave(self.env):
                    file._set_attachment_data(lambda file: file.raw or b"")
                    file.flush_recordset()

    def _raise_sent(self):
        """:raise UserError: always, for a file that was sent"""
        move_id = self[0].res_id
        if self[0].res_model == "mail.message":
            # sudo: the same for everybody
            move_id = self.env["mail.message"].sudo().browse(move_id).res_id
        # sudo: the refusal names it
        move = self.env["account.move"].sudo().browse(move_id)
        raise UserError(
            self.env._(
                "The file %(file)s was sent with a message about %(document)s, which "
                "was issued, and cannot be changed or deleted.",
                file=self[0].name,
                document=move._get_document_names(),
            )
        )

    @api.model
    def _check_locked_slots(self, slots):
        """Let Odoo's own code archive a file where there is none yet, and nobody else.

        :param slots: where files are about to be put
        :return: whether one is of an issued document, and has to pass the triggers
        :raise UserError: the issued document has its file already, or it is a user's,
            or the document is not issued yet
        """
        slots = self._filter_archive_slots(slots)
        if not slots:
            return False
        draft_ids = self.env["account.move"]._get_locked_draft_ids(
            slot.res_id for slot in slots
        )
        for slot in slots:
            if slot.res_id in draft_ids:
                slot._raise_draft(self.env)
        slots = self._filter_locked_slots(slots)
        if not slots:
            return False
        taken = self._get_taken_slots(slots)
        for slot in slots:
            move = self.env["account.move"].browse(slot.res_id)
            if slot in taken or not has_capability(self.env, Filing, move):
                slot._raise_locked(self.env)
            taken.add(slot)
        self.env["account.move"].browse(
            slot.res_id for slot in slots
        ).invalidate_recordset(["invoice_pdf_report_id"])
        return True

    def _check_no_other_slots(self, slots):
        """Check the rows, since the values given are not always those stored.

        :param slots: where the values said that these files are put
        :raise UserError: one is the archived file of a document all the same
        """
        # sudo: the same for everybody
        others = {file._get_slot() for file in self.sudo()} - slots
        for slot in self._filter_archive_slots(others):
            moves = self.env["account.move"]
            if moves._get_locked_ids([slot.res_id]):
                slot._raise_locked(self.env)
            if moves._get_locked_draft_ids([slot.res_id]):
                slot._raise_draft(self.env)

    @api.model
    def _get_taken_slots(self, slots):
        """:return: set of those that have their file already"""
        moves = self.env["account.move"].browse(slot.res_id for slot in slots)
        # sudo: the same for everybody
        without_pdf = moves.sudo().filtered(
            lambda move: (
                has_capability(self.env, FileLookup, move)
                and not move.invoice_pdf_report_id
            )
        )
        slots = [
            slot
            for slot in slots
            if slot.res_field != "invoice_pdf_report_file"
            or slot.res_id not in without_pdf._ids
        ]
        if not slots:
            return set()
        # sudo: the same for everybody
        files = self.sudo().search(
            [
                ("res_model", "=", "account.move"),
                ("res_id", "in", [slot.res_id for slot in slots]),
                ("res_field", "in", [slot.res_field for slot in slots]),
            ]
        )
        return {file._get_slot() for file in files}
