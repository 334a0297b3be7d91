from odoo import api, fields, models


class AccountMoveReversal(models.TransientModel):
    """What the law of a country asks for: the codes of the reason, and deadlines.

    Addons of countries bring the fields of the codes, in this dialog and on the credit
    note. Their values follow from the reason, and the user may choose others.
    """

    _inherit = "account.move.reversal"

    l10n_pl_correction_type = fields.Selection(
        selection=lambda self: (
            self.env["account.move"]
            ._fields["l10n_pl_correction_type"]
            ._description_selection(self.env)
        ),
        string="Correction Counts",
    )
    deadline_warning = fields.Text(compute="_compute_deadline_warning")
    rejection = fields.Text(compute="_compute_rejection", string="Rejected")

    @api.depends("company_id", "date", "move_ids")
    def _compute_deadline_warning(self):
        deadlines = self.env["account.credit.note.deadline"]
        for wizard in self:
            warnings = wizard.is_credit_note and deadlines._get_warnings(
                wizard.company_id, wizard.move_ids._origin, wizard.date
            )
            wizard.deadline_warning = "\n".join(warnings or ()) or False

    @api.depends("move_ids")
    def _compute_rejection(self):
        for wizard in self:
            wizard.rejection = "\n".join(
                f"{move.name}: {move.rejection}"
                for move in wizard.move_ids._origin
                if move.rejection
            )

    # -------------------------------------------------------------------------
    # CODES
    # -------------------------------------------------------------------------

    @api.onchange("reason_id")
    def _onchange_reason_id(self):
        self.update(self._get_code_values())

    def _get_code_values(self, given=()):
        """Say which codes follow from the reason that is chosen now.

        :param given: fields whose code was chosen
        :return: values of the other fields of codes: the code of the reason, or without
            one what the dialog has at first. A computed field is computed anew then.
        """
        if not self.is_credit_note:
            return {}
        table = self.env["account.credit.note.reason.code"]
        codes = self.reason_id._get_codes(self.company_id, self.move_ids._origin)
        values = {}
        for name in table._get_field_names(self.company_id) - set(given):
            field = self._fields.get(name)
            if field and name in codes:
                values[name] = codes[name]
            elif field and field.compute:
                self.env.add_to_compute(field, self)
            elif field:
                values[name] = field.default(self) if field.default else False
        return values

    @api.model
    def _add_missing_values(self, vals):
        # EXTENDS: a program gives the reason, and maybe a code
        vals = super()._add_missing_values(vals)
        names = ("company_id", "move_ids", "reason_id")
        wizard = self.new({name: vals[name] for name in names if name in vals})
        return {**wizard._get_code_values(given=vals), **vals}

    def _prepare_codes(self, invoice):
        """:return: the codes of the credit note of this invoice, as they were chosen
        here; those of the reason where this dialog has no such field
        """
        codes = self.reason_id._get_codes(self.company_id, invoice)
        return {
            # Also where the reason has no code for it.
            "l10n_pl_correction_type": self.l10n_pl_correction_type,
            **{
                name: self[name] if name in self._fields else code
                for name, code in codes.items()
            },
        }
