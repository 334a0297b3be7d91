from collections import defaultdict

from odoo import models
from odoo.exceptions import UserError
from odoo.tools import format_amount

from ..row_lock import lock_rows


class AccountMove(models.Model):
    """The guard at posting: credit notes never credit more than the invoice, however
    they were made. Invoices that take back a credit note are guarded likewise.
    """

    _inherit = "account.move"

    def _post(self, soft=True):
        # EXTENDS 'account': credit notes are counted against their invoices first
        self._check_no_entry_reverses()
        if reversals := self.filtered(lambda move: move._is_reversal()):
            reversals._check_origins_posted(self)
        if reversals := self.filtered(lambda move: move._is_guarded()):
            reversals._check_over_credit()
        if free := self.filtered(lambda move: move._is_without_invoice()):
            free._check_without_invoice()
        again = self.filtered("posted_before")
        several = self.filtered(lambda move: move._is_of_several())
        several._renew_due_items()
        posted = super()._post(soft=soft)
        if posted_several := posted & several:
            posted_several._reconcile_several()
        # What the check above cannot see: an invoice that is posted in the same call as
        # its credit note, and one that was reset to draft and is posted again.
        if origins := posted & (
            posted.reversed_entry_id | again | several._get_invoices_of_lines()
        ):
            origins._check_reversals_together()
        return posted

    def _is_without_invoice(self):
        """:return: whether this credit note credits no invoice of Odoo"""
        return self.move_type == "out_refund" and bool(
            self.former_invoice_id or self._get_amount_without_invoice()
        )

    def _is_guarded(self):
        """:return: whether this is counted against a document before it is posted"""
        return self._is_guarded_reversal() or self._is_of_several()

    def _is_reversal(self):
        """:return: whether this customer document says that it reverses another one"""
        return self.move_type in ("out_refund", "out_invoice") and bool(
            self.reversed_entry_id
        )

    def _check_no_entry_reverses(self):
        """:raise UserError: a journal entry says that it reverses a customer document,
        where nothing would count it
        """
        for move in self:
            # sudo: the same for everybody
            origin = move.move_type == "entry" and move.sudo().reversed_entry_id
            if (
                origin
                and origin.is_sale_document(include_receipts=True)
                and move.company_id.over_credit_policy == "block"
            ):
                raise UserError(
                    self.env._(
                        "%(document)s is a journal entry and cannot reverse "
                        "%(origin)s. Create a credit note instead.",
                        document=move._get_document_names(),
                        origin=origin._get_document_names(),
                    )
                )

    def _check_origins_posted(self, posting):
        """:param posting: what is posted together with these documents
        :raise UserError: what one of these reverses is not posted, where the company
            blocks more credit than the invoice
        """
        for move in self:
            # sudo: the same for everybody
            origin = move.sudo().reversed_entry_id
            if (
                origin.state != "posted"
                and origin not in posting
                and move.company_id.over_credit_policy == "block"
            ):
                raise UserError(
                    self.env._(
                        "%(document)s reverses %(origin)s, which is not posted. Post "
                        "that first.",
                        document=move._get_document_names(),
                        origin=origin._get_document_names(),
                    )
                )

    def _check_reversals_together(self):
        """Look at posted invoices once more, when what reverses them is posted too.

        :raise UserError: more than the invoice, where the company blocks that
        """
        # sudo: the same for everybody
        origins = self.sudo().filtered(
            lambda move: (
                move.company_id.over_credit_policy == "block"
                and any(
                    move._is_guarded_origin(reversal.move_type)
                    and reversal.state == "posted"
                    for reversal in move.reversal_move_ids | move._get_credit_notes()
                )
            )
        )
        for origin, left in origins._get_amounts_left(
            states=("posted",), together=True
        ).items():
            if origin.currency_id.compare_amounts(left, 0.0) < 0:
                reversals = (
                    origin.reversal_move_ids | origin._get_credit_notes()
                ).filtered(lambda move: move.state == "posted")
                raise UserError(
                    reversals.with_env(self.env)._get_over_credit_message(
                        origin, origin.amount_total - left, origin.amount_total
                    )
                )

    def _is_guarded_reversal(self):
        """:return: whether this document credits a posted customer invoice, or takes
        back a posted credit note
        """
        self.ensure_one()
        # sudo: the same for everybody
        return self.sudo().reversed_entry_id._is_guarded_origin(self.move_type)

    def _is_guarded_origin(self, move_type):
        """:param move_type: that of a document which reverses this one, if any"""
        if not self or self.state != "posted":
            return False
        if move_type == "out_refund":
            return self._is_creditable()
        return move_type == "out_invoice" and self.move_type == "out_refund"

    def _lock_for_credit(self):
        """Let nobody else credit these invoices until this transaction has ended."""
        lock_rows(self)
        self.invalidate_recordset(["amount_creditable", "reversal_move_ids"])

    def _check_over_credit(self):
        """Refuse, or log, what these credit notes credit beyond their invoices.

        :raise UserError: more than the invoice, where the company blocks that
        """
        crediting = self._group_by_credited()
        invoices = self.browse().union(*crediting)
        invoices._lock_for_credit()
        amounts_left = invoices._get_amounts_left(states=("posted",), together=True)
        # Read for all at once; each check uses it.
        self.fetch(["reversed_entry_id"])
        # sudo: the same for everybody
        self.invoice_line_ids.credited_line_id.sudo().credit_note_line_ids.mapped(
            "amount_currency"
        )
        for invoice, credit_notes in crediting.items():
            credit_notes._check_customer_of(invoice)
            left = amounts_left[invoice]
            credit = credit_notes._get_amount_in_currency_of(invoice)
            if invoice.currency_id.compare_amounts(credit, left) > 0:
                message = credit_notes._get_over_credit_message(invoice, credit, left)
            elif not invoice._get_debit_notes():
                message = credit_notes._get_over_credit_message_of_lines()
            else:
                # A debit note has lines of its own.
                message = False
            if not message:
                continue
            if invoice.company_id.over_credit_policy == "block":
                raise UserError(
                    self.env._(
                        "%(message)s Lower it, or make a new one from %(invoice)s for "
                        "what is left.",
                        message=message,
                        invoice=invoice.name,
                    )
                )
            (invoice + credit_notes)._message_log_batch(
                bodies={move.id: message for move in invoice + credit_notes}
            )

    def _group_by_credited(self):
        """:return: {document: those of these that reverse it, or credit lines of it}"""
        groups = defaultdict(self.browse)
        for move in self:
            # sudo: the same for everybody
            documents = move.sudo().reversed_entry_id or (
                move.sudo()._get_invoices_of_lines()
            )
            for document in documents.sudo(False):
                groups[document] |= move
        return groups

    def _get_amounts_left(self, states, together=False):
        """Say what is left to credit on these documents.

        An invoice and its debit notes (`account_debit_note`) count together: a credit
        note of the invoice may credit its debit notes as well.

        :param states: states of the credit notes to count
        :param together: whether what is left of its debit notes counts for an invoice
        :return: {document: amount}, tax included, in its currency, negative where more
            than the document is credited
        """
        roots = self.browse()
        for move in self:
            roots |= move._get_debited_invoice()
        documents = roots | roots._get_debit_notes()
        credited = documents._get_credited_amounts(states)
        left = {move: move.amount_total - credited.get(move, 0.0) for move in documents}
        totals = {}

        def add_up(move):
            notes = move._get_debit_notes(direct=True)
            totals[move] = left[move] + sum(add_up(note) for note in notes)
            return totals[move]

        def cap(move, most):
            notes = move._get_debit_notes(direct=True)
            most = min(most, totals[move])
            left[move] = most if together and notes else min(left[move], most)
            for note in notes:
                cap(note, most)

        for root in roots:
            cap(root, add_up(root))
        return {move: left[move] for move in self}

    def _get_debit_notes(self, direct=False):
        """:param direct: leave out the debit notes of debit notes
        :return: the posted debit notes of these invoices; none without the addon
        """
        if "debit_note_ids" not in self._fields:
            return self.browse()
        # sudo: the same for everybody
        notes = (
            self.sudo()
            .debit_note_ids.filtered(
                lambda note: (
                    note._is_creditable()
                    and note.debit_origin_id._is_creditable()
                    and note.currency_id == note.debit_origin_id.currency_id
                )
            )
            .sudo(False)
        )
        if direct or not notes - self:
            return notes
        return notes | (notes - self)._get_debit_notes()

    def _get_debited_invoice(self):
        """:return: the invoice at the head of the chain of debit notes that this one is
        in, itself if it is in none
        """
        self.ensure_one()
        if "debit_origin_id" not in self._fields:
            return self
        # sudo: the same for everybody
        origin = self.sudo().debit_origin_id.sudo(False)
        if origin and self in origin._get_debit_notes(direct=True):
            return origin._get_debited_invoice()
        return self

    def _get_over_credit_message(self, origin, amount, left):
        """:param origin: what these documents reverse
        :param amount: their total, in its currency
        :param left: what is left of it
        """
        values = {
            "documents": self._get_document_names(),
            "amount": format_amount(self.env, amount, origin.currency_id),
            "origin": origin.name,
            "left": format_amount(self.env, max(0.0, left), origin.currency_id),
            "total": format_amount(
                self.env,
                sum((origin + origin._get_debit_notes()).mapped("amount_total")),
                origin.currency_id,
            ),
        }
        if origin.move_type == "out_refund":
            return self.env._(
                "%(documents)s invoices %(amount)s again, more than is left of "
                "%(origin)s: %(left)s of %(total)s.",
                **values,
            )
        return self.env._(
            "%(documents)s credits %(amount)s, more than is left to credit on "
            "%(origin)s: %(left)s of %(total)s.",
            **values,
        )

    def _get_over_credit_message_of_lines(self):
        """:return: what is said of an invoice line that is credited by more than it is,
            False if none is

        Odoo's own reversals round each line anew: one smallest unit for each credit
        line is tolerated.
        """
        for line in self.invoice_line_ids.credited_line_id:
            # sudo: the same for everybody
            credit_lines = line.sudo().credit_note_line_ids.filtered(
                lambda credit_line: (
                    credit_line._is_credit_note_line()
                    and (
                        credit_line.parent_state == "posted"
                        or credit_line.move_id in self
                    )
                    and credit_line.currency_id
                    == credit_line.credited_line_id.currency_id
                )
            )
            credit = abs(sum(credit_lines.mapped("amount_currency")))
            tolerance = line.currency_id.rounding * len(credit_lines)
            if credit <= abs(line.amount_currency) + tolerance:
                continue
            return self.env._(
                "%(credit_note)s credits “%(line)s” of %(invoice)s by %(credit)s "
                "in total, more than the line: %(amount)s.",
                credit_note=self._get_document_names(),
                line=(line.name or "").split("\n")[0],
                invoice=line.move_id.name,
                credit=format_amount(self.env, credit, line.currency_id),
                amount=format_amount(
                    self.env, abs(line.amount_currency), line.currency_id
                ),
            )
        return False

    def _get_amount_in_currency_of(self, invoice):
        """:return: total of these credit notes in the currency of the invoice"""
        return sum(
            invoice._convert_at_own_rate(
                credit_note.amount_total, credit_note.currency_id
            )
            if credit_note.reversed_entry_id
            else credit_note._get_share_of(invoice)
            for credit_note in self
        )

    def _convert_at_own_rate(self, amount, currency):
        """Say what a credit note in another currency takes off this invoice.

        The rate on the credit note is not used, as a user can type any rate.

        :param amount: total in `currency`
        :return: the amount in the currency of this invoice, at the rates of its date
        """
        self.ensure_one()
        if currency != self.currency_id:
            amount = currency._convert(
                amount,
                self.company_currency_id,
                self.company_id,
                self.invoice_date or self.date,
                round=False,
            )
            amount *= self.invoice_currency_rate
        return self.currency_id.round(amount)
