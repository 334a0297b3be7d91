from odoo import SUPERUSER_ID, api
from odoo.tools import convert_file

ADDON = "account_partner_credit_note"


def migrate(cr, version):
    """Renew the e-mail, which named only one invoice, where nobody has changed it."""
    env = api.Environment(cr, SUPERUSER_ID, {})
    template = env.ref(f"{ADDON}.mail_template_credit_note", raise_if_not_found=False)
    if template and template.write_date == template.create_date:
        # As at the first install: the record is one that no upgrade writes.
        convert_file(env, ADDON, "data/mail_template_data.xml", {}, mode="init")
