from odoo import fields, models


class ResCompany(models.Model):
    _inherit = "res.company"

    archive_after_posting = fields.Boolean(
        string="Archive Documents after Posting",
        default=True,
        help="The PDF and the electronic file of what is issued are made in the "
        "background right after posting, so that what is changed later does not "
        "get on the paper. Otherwise the first print makes them.",
    )


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    archive_after_posting = fields.Boolean(
        related="company_id.archive_after_posting",
        readonly=False,
    )
