from dateutil.relativedelta import relativedelta

from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.tools import format_date

DAYS = {"days": 1, "months": 30, "years": 365}


class AccountCreditNoteDeadline(models.Model):
    """Until when a country's law lets a credit note be issued, or count for the tax.

    A table of data, which users may change. It warns, and stops nothing.
    """

    _name = "account.credit.note.deadline"
    _description = "Deadline for Credit Notes"
    _order = "country_id, id"
    _rec_name = "country_id"

    country_id = fields.Many2one("res.country", required=True, index=True)
    active = fields.Boolean(default=True)
    number = fields.Integer(string="Time", required=True)
    unit = fields.Selection(
        [("days", "Days"), ("months", "Months"), ("years", "Years")], required=True
    )
    start = fields.Selection(
        [
            ("supply", "The delivery, or the invoice"),
            ("fiscal_year", "The end of the fiscal year of the delivery"),
            ("event", "What makes the credit note necessary"),
        ],
        string="From",
        required=True,
    )
    rule = fields.Text(
        required=True, translate=True, help="What the law says, and what follows."
    )
    source = fields.Char(required=True, help="The law, and where it can be read.")

    _number_positive = models.Constraint(
        "CHECK (number > 0)", "The time of a deadline has to be above zero."
    )

    @api.constrains("number", "unit")
    def _check_number(self):
        for deadline in self:
            if deadline.number * DAYS.get(deadline.unit, 0) > DAYS["years"] * 100:
                raise ValidationError(
                    self.env._("A deadline is a hundred years at most.")
                )

    @api.model
    def _get_warnings(self, company, invoices, date):
        """Say which deadlines a credit note of this date does not keep.

        When a return or an agreement was is not known. That of an invoice which is
        younger than the time cannot be too long ago.

        :param date: of the credit note, or none
        :return: list of sentences
        """
        # sudo: the same for everybody
        country = company.sudo().account_fiscal_country_id
        # sudo: the same for everybody
        deadlines = self.sudo().search(
            [("country_id", "=", country.id), ("active", "=", True)]
        )
        warnings = []
        for deadline in deadlines:
            late = invoices.filtered(
                lambda move, deadline=deadline: (
                    date and move.invoice_date and deadline._get_last_day(move) < date
                )
            )
            if late:
                warnings.append(deadline._get_warning(late, date))
        return warnings

    def _get_last_day(self, invoice):
        """:return: the last day for a credit note of this invoice; where the time runs
        from an event, of the earliest there can be
        """
        start = invoice.invoice_date
        if self.start != "event":
            start = invoice.delivery_date or start
        if self.start == "fiscal_year":
            start = invoice.company_id.compute_fiscalyear_dates(start)["date_to"]
        last = start + self._get_time()
        if self.start == "fiscal_year" and self.unit != "days":
            # From the end of a month to the end of a month.
            last += relativedelta(day=31)
        return last

    def _get_time(self):
        return relativedelta(**{self.unit: self.number})

    def _get_warning(self, invoices, date):
        """:param invoices: those whose credit note of this date may be late"""
        names = invoices._get_document_names()
        if self.start == "event":
            return self.env._(
                "%(invoices)s: %(rule)s With this date it has to be of %(day)s or "
                "later. (%(law)s)",
                invoices=names,
                rule=self.rule,
                day=format_date(self.env, date - self._get_time()),
                law=self.source,
            )
        return self.env._(
            "%(invoices)s: %(rule)s The last day was %(day)s. (%(law)s)",
            invoices=names,
            rule=self.rule,
            day=format_date(self.env, min(map(self._get_last_day, invoices))),
            law=self.source,
        )
