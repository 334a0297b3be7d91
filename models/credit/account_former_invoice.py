import re
import unicodedata

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import format_amount


def get_number_key(number):
    """:return: what is the same for all spellings of a document number: without blanks,
    in small letters, any other signs as one dash
    """
    number = unicodedata.normalize("NFKC", number or "").casefold()
    number = "".join(
        letter for letter in number if unicodedata.category(letter)[0] not in "CZ"
    )
    return re.sub(r"[\W_]+", "-", number).strip("-") or number


class AccountFormerInvoice(models.Model):
    """An invoice of a former system, which is not in Odoo and is credited here.

    Its credit notes together come to its total at most.
    """

    _name = "account.former.invoice"
    _description = "Invoice of a Former System"
    _check_company_auto = True

    name = fields.Char(string="Number", required=True)
    number_key = fields.Char(compute="_compute_number_key", store=True)
    date = fields.Date(required=True)
    partner_id = fields.Many2one(
        comodel_name="res.partner",
        string="Customer",
        required=True,
        index=True,
        ondelete="restrict",
    )
    company_id = fields.Many2one(
        comodel_name="res.company",
        required=True,
        default=lambda self: self.env.company,
    )
    currency_id = fields.Many2one(
        comodel_name="res.currency",
        required=True,
        default=lambda self: self.env.company.currency_id,
    )
    amount_total = fields.Monetary(string="Total", required=True)
    credit_note_ids = fields.One2many(
        comodel_name="account.move",
        inverse_name="former_invoice_id",
        string="Credit Notes",
        readonly=True,
    )
    amount_left = fields.Monetary(
        string="Left to Credit",
        compute="_compute_amount_left",
        compute_sudo=True,
    )

    _number_unique = models.UniqueIndex(
        "(company_id, partner_id, number_key)",
        "There is an invoice of this number for this customer already.",
    )
    _total_positive = models.Constraint(
        "CHECK (amount_total > 0)", "The total of an invoice has to be above zero."
    )

    @api.depends("name")
    def _compute_number_key(self):
        for former in self:
            former.number_key = get_number_key(former.name)

    @api.depends("amount_total", "credit_note_ids.state")
    def _compute_amount_left(self):
        credited = self._get_credited_amounts()
        for former in self:
            former.amount_left = former.amount_total - credited.get(former._origin, 0.0)

    @api.model_create_multi
    def create(self, vals_list):
        return super().create([self._strip_name(vals) for vals in vals_list])

    def write(self, vals):
        self.check_access("write")
        # What issued credit notes say stays as it is.
        if vals and (issued := self._get_issued_credit_notes()):
            raise UserError(
                self.env._(
                    "%(credit_notes)s names this invoice of a former system. It cannot "
                    "be changed any more.",
                    credit_notes=issued._get_document_names(),
                )
            )
        return super().write(self._strip_name(vals))

    @api.model
    def _strip_name(self, vals):
        # Which number is the same is for nobody to say.
        vals = {key: value for key, value in vals.items() if key != "number_key"}
        name = vals.get("name")
        return {**vals, "name": name.strip()} if name else vals

    @api.model
    def _find(self, number, partner, company):
        """:return: the invoice of this customer with this number, however spelled"""
        return self.search(
            [
                ("company_id", "=", company.id),
                ("partner_id", "=", partner.commercial_partner_id.id),
                ("number_key", "=", get_number_key(number)),
            ],
            limit=1,
        )

    @api.model
    def _check_not_in_odoo(self, number, partner, company):
        """:raise UserError: it is the number of an invoice in Odoo, which would be
        credited past what is left of it
        """
        moves = self.env["account.move"]
        # sudo: the same for everybody
        [[names]] = moves.sudo()._read_group(
            [
                ("company_id", "=", company.id),
                ("commercial_partner_id", "=", partner.commercial_partner_id.id),
                ("move_type", "in", moves._get_creditable_types()),
                ("state", "=", "posted"),
            ],
            aggregates=["name:array_agg"],
        )
        key = get_number_key(number)
        for name in names or ():
            if get_number_key(name) == key:
                raise UserError(
                    self.env._(
                        "%s is in Odoo, and not of a former system. Tick it to credit "
                        "it.",
                        name,
                    )
                )

    def _get_issued_credit_notes(self):
        # sudo: the same for everybody
        return (
            self.sudo()
            .credit_note_ids.filtered(lambda move: move.state == "posted")
            .sudo(False)
        )

    def _get_credited_amounts(self):
        """:return: {former invoice: what its posted credit notes come to, tax included,
        in its currency}
        """
        # sudo: the same for everybody
        groups = (
            self.env["account.move"]
            .sudo()
            ._read_group(
                [
                    ("former_invoice_id", "in", self.ids),
                    ("move_type", "=", "out_refund"),
                    ("state", "=", "posted"),
                ],
                ["former_invoice_id"],
                ["amount_total:sum"],
            )
        )
        return {former.sudo(False): amount for former, amount in groups}

    def _get_over_credit_message(self, credit_notes, left):
        """:param left: what is left of this without these credit notes"""
        return self.env._(
            "%(documents)s credits %(amount)s, more than is left to credit on "
            "%(origin)s: %(left)s of %(total)s.",
            documents=credit_notes._get_document_names(),
            amount=format_amount(
                self.env, sum(credit_notes.mapped("amount_total")), self.currency_id
            ),
            origin=self.name,
            left=format_amount(self.env, max(0.0, left), self.currency_id),
            total=format_amount(self.env, self.amount_total, self.currency_id),
        )
