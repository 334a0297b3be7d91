from odoo import fields, models


class AccountMove(models.Model):
    _inherit = "account.move"

    l10n_pl_correction_type = fields.Selection(
        selection=[
            ("1", "When the invoice was booked"),
            ("2", "When the credit note is issued"),
            ("3", "At another time"),
        ],
        string="Correction Counts",
        copy=False,
        help="TypKorekty of KSeF in Poland: the period of the tax register in which it "
        "counts.",
    )
