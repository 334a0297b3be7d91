from contextlib import nullcontext
from datetime import timedelta

from odoo import SUPERUSER_ID, api, fields, models
from odoo.exceptions import UserError

from .capability import (
    Telling,
    get_covered,
    has_capability,
    with_capability,
    without_capability,
)
from .changes import is_changed
from .database import PATIENCE, database_leave

# Fields that say what a message says, who wrote it, and on which record.
MESSAGE_FIELDS = frozenset(
    {
        "attachment_ids",
        "author_guest_id",
        "author_id",
        "body",
        "date",
        "email_from",
        "incoming_email_cc",
        "incoming_email_to",
        "message_type",
        "model",
        "outgoing_email_to",
        "parent_id",
        "partner_ids",
        "reply_to",
        "res_id",
        "subject",
        "subtype_id",
        "tracking_value_ids",
    }
)


# Fields that turn a note among colleagues into history, or change its author.
HISTORY_FIELDS = frozenset(
    {"author_id", "date", "message_type", "model", "res_id", "subtype_id"}
)


def _get_now(env):
    """:return: when this transaction began"""
    # Tests of Odoo make it a text.
    return fields.Datetime.to_datetime(env.cr.now())


def _is_of_another_time(env, vals_list):
    """:return: whether the database refuses one of these messages for its date"""
    default = env.context.get("default_date")
    return any(
        abs(
            (
                fields.Datetime.to_datetime(vals.get("date", default))
                or fields.Datetime.now()
            )
            - _get_now(env)
        )
        >= timedelta(minutes=PATIENCE)
        for vals in vals_list
    )


class AccountMove(models.Model):
    _inherit = "account.move"

    def _message_create(self, values_list):
        # EXTENDS 'mail': Odoo writes in the name that the template says
        ids = {values.get("res_id") for values in values_list}
        return super(
            AccountMove, with_capability(self, Telling, self.browse(filter(None, ids)))
        )._message_create(values_list)


class MailMessage(models.Model):
    _inherit = "mail.message"

    @api.model_create_multi
    def create(self, vals_list):
        # EXTENDS 'mail': a user adds to the history of an issued document as himself,
        # now, and does not say what changed: the lock would keep a forgery for ever
        told = get_covered(self.env["account.move"], Telling)
        with (
            # Code that catches the refusal does not keep the message.
            nullcontext() if told or self.env.su else self.env.cr.savepoint(),
            # An e-mail may arrive late.
            database_leave(self.env)
            if told and _is_of_another_time(self.env, vals_list)
            else nullcontext(),
        ):
            messages = super().create(vals_list)
            messages._check_told_by_user()
        return without_capability(messages, Telling)

    def write(self, vals):
        # EXTENDS 'mail': the history of an issued document is not rewritten
        closed_fields = MESSAGE_FIELDS & vals.keys()
        if closed_fields:
            for message in self._filter_locked_history():
                fnames = closed_fields
                if not message._is_from_before():
                    # Odoo unwraps the files of a message that it has just posted, and
                    # gives it the subject of the e-mail to its followers.
                    fnames -= {"attachment_ids", "subject"}
                    move = self.env["account.move"].browse(message.res_id)
                    if has_capability(self.env, Telling, move):
                        # Odoo is about to say what changed.
                        fnames -= {"tracking_value_ids"}
                if any(is_changed(message, name, vals[name]) for name in fnames):
                    message.with_env(self.env)._raise_locked_history()
        if not HISTORY_FIELDS & vals.keys():
            return super().write(vals)
        # Flush first: earlier writes had no leave.
        self.flush_model()
        with self.env.cr.savepoint(), database_leave(self.env):
            # A message that becomes history now is kept from here on.
            res = super().write(vals)
            self.flush_model()
            self._check_told_by_user()
        return res

    def unlink(self):
        # EXTENDS 'mail': nor is it deleted
        self._check_locked_history()
        return super().unlink()

    # -------------------------------------------------------------------------
    # HELPERS
    # -------------------------------------------------------------------------

    def _is_history(self):
        """Hook: which messages are history.

        Notes among colleagues stay the users' own. What the system noted and what went
        to others is history, also if a user made it internal later.

        :return: whether this message tells what happened to its record
        """
        self.ensure_one()
        note = self.env.ref("mail.mt_note", raise_if_not_found=False)
        return bool(
            self.message_type != "comment"
            or not note
            or self.subtype_id != note
            or self.tracking_value_ids
        )

    def _check_told_by_user(self):
        """:raise UserError: a user says something in the history of an issued document
        that is not what he says now
        """
        if self.env.su or self.env.uid == SUPERUSER_ID:
            return
        for message in self._filter_locked_history():
            move = self.env["account.move"].browse(message.res_id)
            if not has_capability(
                self.env, Telling, move
            ) and message._is_told_by_another(self.env.user):
                message.with_env(self.env)._raise_locked_history()

    def _is_told_by_another(self, user):
        """:return: whether this new message is not what `user` says now"""
        return bool(
            self.author_id != user.partner_id
            or self.tracking_value_ids
            or self.date < _get_now(self.env) - timedelta(minutes=PATIENCE)
        )

    def _is_from_before(self):
        """:return: whether an earlier transaction posted this message"""
        return self.create_date < _get_now(self.env)

    def _filter_locked_history(self):
        """:return: those that are the history of issued documents, as superuser"""
        # sudo: the same for everybody
        messages = self.sudo().filtered(
            lambda message: (
                message.model == "account.move"
                and message.res_id
                and message._is_history()
            )
        )
        if not messages:
            return messages
        locked_ids = self.env["account.move"]._get_locked_ids(messages.mapped("res_id"))
        return messages.filtered(lambda message: message.res_id in locked_ids)

    def _check_locked_history(self):
        """:raise UserError: one of these is the history of an issued document"""
        if locked := self._filter_locked_history()[:1]:
            locked.with_env(self.env)._raise_locked_history()

    def _raise_locked_history(self):
        # sudo: the refusal names it
        move = self.env["account.move"].sudo().browse(self.sudo().res_id)
        raise UserError(
            self.env._(
                "This message is the history of %(document)s, which was issued, and "
                "cannot be changed or deleted. Write another message instead.",
                document=move._get_document_names(),
            )
        )


class MailTrackingValue(models.Model):
    _inherit = "mail.tracking.value"

    @api.model_create_multi
    def create(self, vals_list):
        # EXTENDS 'mail': a message of an earlier transaction tells all it has to tell
        default = self.env.context.get("default_mail_message_id")
        field = self._fields["mail_message_id"]
        ids = [
            field.convert_to_cache(vals.get(field.name, default), self, validate=False)
            for vals in vals_list
        ]
        messages = self.env["mail.message"].browse(
            id_ for id_ in ids if isinstance(id_, int)
        )
        # sudo: the same for everybody
        messages.sudo().filtered(
            lambda message: message._is_from_before()
        )._check_locked_history()
        return super().create(vals_list)

    def write(self, vals):
        # EXTENDS 'mail': what changed, from what and to what, stays
        # sudo: the same for everybody
        self.sudo().mail_message_id._check_locked_history()
        return super().write(vals)

    def unlink(self):
        # EXTENDS 'mail': see `write`
        # sudo: the same for everybody
        self.sudo().mail_message_id._check_locked_history()
        return super().unlink()


class MailMail(models.Model):
    _inherit = "mail.mail"

    def unlink(self):
        # EXTENDS 'mail': an e-mail that is deleted once it is sent leaves its message
        # in the history of an issued document
        doomed = self.filtered(lambda mail: not mail.is_notification)
        history = doomed.mail_message_id._filter_locked_history()
        doomed.filtered(
            lambda mail: mail.mail_message_id in history
        ).is_notification = True
        return super().unlink()
