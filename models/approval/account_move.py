from odoo import Command, api, fields, models
from odoo.exceptions import UserError
from odoo.tools import format_amount, format_date

from ..row_lock import lock_rows


class AccountMove(models.Model):
    _inherit = "account.move"

    credit_note_approver_id = fields.Many2one(
        comodel_name="res.users",
        string="Approved by",
        ondelete="restrict",
        index="btree_not_null",
        readonly=True,
        copy=False,
    )
    approval_line_ids = fields.One2many(
        comodel_name="account.credit.note.batch.line",
        inverse_name="invoice_id",
        string="Waiting for Approval",
        domain=[("state", "=", "to_approve")],
        readonly=True,
    )
    amount_to_approve = fields.Monetary(
        string="Amount to Approve",
        compute="_compute_amount_to_approve",
        compute_sudo=True,
    )

    can_ask_approval = fields.Boolean(
        compute="_compute_can_ask_approval", compute_sudo=True
    )

    @api.depends("approval_line_ids.amount")
    def _compute_amount_to_approve(self):
        for move in self:
            move.amount_to_approve = sum(move.approval_line_ids.mapped("amount"))

    @api.depends("company_id", "move_type", "state")
    def _compute_can_ask_approval(self):
        for move in self:
            move.can_ask_approval = (
                move.move_type == "out_refund"
                and move.state == "draft"
                and move.company_id.credit_note_approval
            )

    def action_view_approval(self):
        """:return: action that opens what waits for approval, if the user may see it"""
        self.check_access("read")
        return self.approval_line_ids.batch_id._get_records_action(
            name=self.env._("To Approve")
        )

    def action_ask_approval(self):
        """Ask somebody else to approve this draft as it is. It is posted then.

        :return: action that opens the batch in which it waits
        :raise UserError: it needs no approval or nobody can give it, or waits already
        """
        self.ensure_one()
        self._check_credit_note_access()
        self.check_access("write")
        needs = []
        if self.move_type == "out_refund" and self.state == "draft":
            needs = self._get_needs_of_draft(self._get_amounts_to_approve())
        self._check_needed(needs, self._get_document_names())
        batches = self.env["account.credit.note.batch"]
        self._check_not_asked()
        batches._check_cron()
        batch = batches._ask(
            {
                "user_id": self.env.user.id,
                "company_id": self.company_id.id,
                "approval_needs": " ".join(needs),
                "dialog_values": {
                    "reason_id": self.credit_note_reason_id.id,
                    "reason": self.credit_note_reason_text,
                    "journal_id": self.journal_id.id,
                },
                "line_ids": [
                    Command.create(
                        {
                            "credit_note_id": self.id,
                            "state": "to_approve",
                            "amount": self.amount_total,
                            "draft_version": self._get_version(),
                        }
                    )
                ],
            }
        )
        return batch._get_records_action(name=self.env._("To Approve"))

    @api.model
    def _check_needed(self, needs, names):
        """:param needs: why approval is asked for
        :param names: what is credited
        :raise UserError: there is no need
        """
        if not needs:
            raise UserError(
                self.env._("%s: this credit note needs no approval. Issue it.", names)
            )

    def _check_not_asked(self):
        """:raise UserError: this draft waits for approval already"""
        if requests := self._get_requests():
            raise UserError(
                self.env._(
                    "%(document)s waits for approval already: %(batch)s. If it was "
                    "changed since, withdraw that first.",
                    document=self._get_document_names(),
                    batch=requests[:1].display_name,
                )
            )

    def _get_requests(self):
        """:return: what is asked for and not issued of these drafts, as superuser"""
        lines = self.env["account.credit.note.batch.line"]
        # sudo: it may be the request of another user
        waiting = lines.sudo().search(
            [
                ("credit_note_id", "in", self.ids),
                ("invoice_id", "=", False),
                ("state", "in", lines._get_open_states()),
            ]
        )
        return (waiting - lines._get_approved()).batch_id

    def _get_version(self):
        """:return: text that changes when this draft or one of its lines is written"""
        dates = [self.write_date, *self.line_ids.mapped("write_date")]
        return f"{max(dates).isoformat()} {len(dates)}"

    # -------------------------------------------------------------------------
    # WHAT NEEDS APPROVAL
    # -------------------------------------------------------------------------

    def _get_approval_needs(self, company, amount, reason, makers, is_former=False):
        """Say why a credit note needs a second person.

        :param self: the invoice that is credited, or none
        :param company: company of the credit note
        :param amount: what it comes to, tax included, in company currency, together
            with all that was credited of the invoice before
        :param reason: its reason, or none
        :param makers: the users who make it
        :param is_former: whether it credits an invoice of a former system
        :return: list of sentences, empty if it needs nobody else
        """
        # sudo: the same for everybody
        if not company.sudo().credit_note_approval:
            return []
        # sudo: the same for everybody
        return self.sudo()._list_approval_needs(
            company.sudo(), amount, reason, makers, is_former
        )

    def _list_approval_needs(self, company, amount, reason, makers, is_former):
        """See `_get_approval_needs`."""
        needs = []
        limit = company.credit_note_approval_amount
        if limit and company.currency_id.compare_amounts(amount, limit) >= 0:
            needs.append(
                self.env._(
                    "Its credit notes come to %(amount)s, and from %(limit)s on they "
                    "need approval.",
                    amount=format_amount(self.env, amount, company.currency_id),
                    limit=format_amount(self.env, limit, company.currency_id),
                )
            )
        if reason.needs_approval:
            needs.append(self.env._("Its reason “%s” needs approval.", reason.name))
        if not self:
            if company.credit_without_invoice_approval:
                needs.append(self.env._("It credits no invoice."))
            limit = company.credit_without_invoice_limit
            # Anybody can type the number of an invoice that is not in Odoo.
            if (
                is_former
                and limit
                and company.currency_id.compare_amounts(amount, limit) > 0
            ):
                needs.append(
                    self.env._(
                        "Its invoice of a former system is not in Odoo, and more than "
                        "%s of one needs approval.",
                        format_amount(self.env, limit, company.currency_id),
                    )
                )
            return needs
        days = company.credit_note_approval_days
        date = self.invoice_date or self.date
        if days and (fields.Date.context_today(self) - date).days > days:
            needs.append(
                self.env._(
                    "The invoice is of %(date)s, more than %(days)s days ago.",
                    date=format_date(self.env, date),
                    days=days,
                )
            )
        owners = makers & (self.create_uid | self.invoice_user_id)
        if company.credit_note_approval_own and owners:
            needs.append(self.env._("The invoice is one of %s.", owners[:1].name))
        return needs

    def _get_company_value(self, amount):
        """:param amount: in the currency of this document
        :return: its value in company currency at the rate of this document
        """
        return amount / (self.invoice_currency_rate or 1.0)

    def write(self, vals):
        # EXTENDS 'account': an issued invoice stays one's own
        if "invoice_user_id" in vals:
            self._check_own_invoices(vals["invoice_user_id"])
        return super().write(vals)

    def unlink(self):
        # EXTENDS 'account': nobody decides on a draft that is gone
        self._get_requests()._end_gone(self.env._("The draft was deleted."))
        return super().unlink()

    def button_cancel(self):
        # EXTENDS 'account': as when it is deleted
        self._get_requests()._end_gone(self.env._("The draft was cancelled."))
        return super().button_cancel()

    def _check_own_invoices(self, salesperson):
        """:param salesperson: id of the user who becomes it
        :raise UserError: the user gives away an invoice of which his credit notes need
            approval
        """
        user = self.env.user
        own = self.filtered(
            lambda move: (
                move.state == "posted"
                and move.invoice_user_id == user
                # sudo: the same for everybody
                and move.company_id.sudo().credit_note_approval_own
                # sudo: as above
                and move.company_id.sudo().credit_note_approval
            )
        )
        if own and salesperson != user.id and not self.env.su:
            raise UserError(
                self.env._(
                    "%s: credit notes of your own invoices need approval, so somebody "
                    "else has to change the salesperson.",
                    own._get_document_names(),
                )
            )

    # -------------------------------------------------------------------------
    # POSTING
    # -------------------------------------------------------------------------

    def _post(self, soft=True):
        # EXTENDS 'account': what needs a second person is not posted without one
        credit_notes = self.filtered(
            lambda move: (
                move.move_type == "out_refund"
                # sudo: the same for everybody
                and move.company_id.sudo().credit_note_approval
            )
        )
        if credit_notes:
            credit_notes._check_approval()
        # What was written on a draft from outside is not believed.
        forged = (self - credit_notes).filtered("credit_note_approver_id")
        # sudo: who may post need not be allowed to write this
        forged.sudo().credit_note_approver_id = False
        posted = super()._post(soft=soft)
        if credit_notes := posted.filtered(lambda move: move.move_type == "out_refund"):
            credit_notes._get_requests()._end_posted()
        return posted

    def _check_approval(self):
        """Look who approved these drafts, and write it on them.

        :raise UserError: one of them needs approval and has none
        """
        origins = self.browse().union(*self._group_by_credited())
        # Two who credit an invoice at the same time come to the amount together.
        origins._lock_for_credit()
        lock_rows(self.former_invoice_id)
        amounts = self._get_amounts_to_approve()
        approved_lines = self.env["account.credit.note.batch.line"]._get_approved()
        for credit_note in self:
            needs = credit_note._get_needs_of_draft(amounts)
            approver = self.env.user.browse()
            if needs:
                approver = credit_note._find_approver(approved_lines)
                if not approver:
                    credit_note._pass_or_refuse(needs)
            if credit_note.credit_note_approver_id != approver:
                # sudo: the approver may read of the document what it takes to post it
                credit_note.sudo().credit_note_approver_id = approver
            if approver:
                credit_note._message_log(
                    body=self.env._(
                        "Approved by %(user)s. It needed approval: %(needs)s",
                        user=approver.name,
                        needs=" ".join(needs),
                    )
                )

    def _get_needs_of_draft(self, amounts):
        """:param amounts: see `_get_amounts_to_approve`
        :return: list of sentences that say why this draft needs a second person
        """
        makers = self._get_makers() | self.env.user
        needs = {}
        for origin in self._group_by_credited():
            needs |= dict.fromkeys(
                origin._get_approval_needs(
                    self.company_id, amounts[origin], self.credit_note_reason_id, makers
                )
            )
        if self in amounts:
            needs |= dict.fromkeys(
                self.browse()._get_approval_needs(
                    self.company_id,
                    amounts[self],
                    self.credit_note_reason_id,
                    makers,
                    is_former=bool(self.former_invoice_id),
                )
            )
        return list(needs)

    def _get_amounts_to_approve(self):
        """Sum up what these drafts credit, and all that was credited before.

        :return: {invoice, or a draft that credits something of none: amount in company
            currency}
        """
        amounts = {}
        groups = self._group_by_credited()
        before = self.browse().union(*groups)._get_credited_amounts(("posted",))
        for origin, drafts in groups.items():
            # sudo: the same for everybody
            credited = drafts.sudo()._get_amount_in_currency_of(origin.sudo())
            # sudo: the same for everybody
            amounts[origin] = origin.sudo()._get_company_value(
                credited + before.get(origin, 0.0)
            )
        free = self.filtered(lambda move: move._is_without_invoice())
        return {**amounts, **free._get_amounts_without_invoice()}

    def _get_makers(self):
        """:return: the users who made this draft or changed something on it"""
        # sudo: whose draft it is decides, whatever the user may read of it
        records = (self.sudo(), self.sudo().line_ids)
        return self.env["res.users"].union(
            *(record.create_uid | record.write_uid for record in records)
        )

    def _find_approver(self, approved_lines):
        """:param approved_lines: lines of approved batches that are being issued
        :return: the user who approved that this draft is posted now, or none
        """
        self.ensure_one()
        origins = self.browse().union(*self._group_by_credited())
        lines = approved_lines.filtered(
            lambda line: (
                line.invoice_id in origins
                if line.invoice_id
                else line.credit_note_id == self
            )
        )
        if lines and lines.invoice_id in (origins, self.browse()):
            for line in lines:
                self._check_approved_amount(line)
            return lines.batch_id.approver_id.sudo(False)
        user = self.env.user
        # sudo: the same for everybody
        approvers = self.sudo().credit_note_reason_id._get_approvers(self.company_id)
        if user in approvers and user not in self._get_makers():
            return user
        return user.browse()

    def _check_approved_amount(self, line):
        """:raise UserError: this draft credits more than was approved"""
        amount = (
            self._get_amount_in_currency_of(line.invoice_id)
            if line.invoice_id
            else self.amount_total
        )
        if line.currency_id.compare_amounts(amount, line.amount) > 0:
            raise UserError(
                self.env._(
                    "%(invoice)s: %(amount)s would be credited, and %(approved)s was "
                    "approved. Ask for approval again.",
                    invoice=line._get_document()._get_document_names(),
                    amount=format_amount(self.env, amount, line.currency_id),
                    approved=line._format_amount(),
                )
            )

    def _check_limit_without_invoice(self, amount):
        # EXTENDS: of an invoice of a former system, a second person may approve more
        if self.former_invoice_id and self.credit_note_approver_id:
            return None
        return super()._check_limit_without_invoice(amount)

    def _pass_or_refuse(self, needs):
        """Let the superuser's code pass, and say so on the document.

        :raise UserError: it is not the superuser's code, or Odoo posts by itself what
            somebody drafted before
        """
        needs = " ".join(needs)
        if self.env.su and self.auto_post == "no":
            self._message_log(
                body=self.env._("Posted by the system, without approval: %s", needs)
            )
            return
        origin = self.reversed_entry_id
        raise UserError(
            self.env._(
                "%(documents)s needs approval: %(needs)s Ask for it in the dialog "
                "“Credit note”, or let an approver confirm a draft that somebody else "
                "made.",
                documents=(origin or self)._get_document_names(),
                needs=needs,
            )
        )
