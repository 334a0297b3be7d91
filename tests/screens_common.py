from contextlib import nullcontext

from odoo.addons.account.tests.common import AccountTestInvoicingHttpCommon

from .common import CreditNoteCommon

LANGUAGES = ("en_US", "de_DE", "fr_FR")
SIZES = ("1280x800", "1400x900", "1920x1080")
PHONE = "375x812"


class ScreensCommon(CreditNoteCommon, AccountTestInvoicingHttpCommon):
    """Tours of the clerk, in the languages and at the sizes that screens are made for.

    `static/tests/tours/cut_text.js` has the step that finds text that is cut.
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.clerk.group_ids += cls.env.ref("base.group_partner_manager")

    def enter_registry_test_mode(self):
        """A test with a browser is in this mode all along, and Odoo warns of twice."""
        return nullcontext()

    @classmethod
    def _show_references(cls):
        """Show the optional column *Reference* of the tab, by which tours find rows."""
        view = cls.env.ref("account_partner_credit_note.customer_invoices_view_list")
        view.arch_db = view.arch_db.replace(
            'name="ref" string="Reference" optional="hide"',
            'name="ref" string="Reference" optional="show"',
        )

    def _tour(self, name, path=None, **kwargs):
        self.start_tour(
            path or f"/odoo/customers/{self.partner_a.id}",
            name,
            login=self.clerk.login,
            **kwargs,
        )

    def _tour_on_phone(self, name, path=None, **kwargs):
        self.browser_size = PHONE
        self.touch_enabled = True
        self._tour(name, path, **kwargs)

    def _tour_everywhere(self, name, path=None, sizes=SIZES, **kwargs):
        for lang in LANGUAGES:
            self.env["res.lang"]._activate_lang(lang)
            self.env["ir.module.module"]._load_module_terms(
                ["account", "account_partner_credit_note"], [lang]
            )
            self.clerk.lang = lang
            for size in sizes:
                with self.subTest(lang=lang, size=size):
                    self.browser_size = size
                    self._tour(name, path, **kwargs)
