from odoo import api, fields, models
from odoo.tools import SQL


class AccountCreditNoteRequest(models.Model):
    """What a program asked for under a key of its own. If it asks again, because the
    answer was lost, it gets the same answer, and nothing is issued. Kept for good.
    """

    _name = "account.credit.note.request"
    _description = "Request for Credit Notes"
    _rec_name = "key"

    company_id = fields.Many2one("res.company", required=True, ondelete="cascade")
    key = fields.Char(required=True)
    content = fields.Json(help="What was asked for.")
    answer = fields.Json()
    move_ids = fields.Many2many("account.move", string="Credit Notes")

    _key_uniq = models.Constraint(
        "UNIQUE (company_id, key)", "This key was used before in this company."
    )

    @api.model
    def _get_or_create(self, company, key):
        """:return: the request of this key, without `content` if it is new

        If somebody else makes it at the same time, this waits until that transaction
        has ended. If it was committed, PostgreSQL refuses, and Odoo runs the call once
        more.
        """
        # Odoo's `create` would end in an error that is not run again.
        self.env.cr.execute(
            SQL(
                "INSERT INTO account_credit_note_request"
                " (company_id, key, create_uid, create_date, write_uid, write_date)"
                " VALUES (%(company)s, %(key)s, %(user)s, %(now)s, %(user)s, %(now)s)"
                " ON CONFLICT DO NOTHING",
                company=company.id,
                key=key,
                user=self.env.uid,
                now=self.env.cr.now(),
            ),
            log_exceptions=False,
        )
        return self.search([("company_id", "=", company.id), ("key", "=", key)])
