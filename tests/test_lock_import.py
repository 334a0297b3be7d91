from odoo.exceptions import UserError
from odoo.tests import tagged

from .lock_common import LockCommon


@tagged("post_install", "-at_install")
class TestLockImport(LockCommon):
    """Documents that have an external identifier, as imports and data files use it."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.document = cls._invoice(100.0, 50.0)

    def test_import_by_id(self):
        def load(move):
            result = move.load([".id", "ref"], [[str(move.id), "imported"]])
            if result["messages"]:
                from odoo.exceptions import UserError

                raise UserError(result["messages"][0]["message"])

        self.assertHole(load)

    def test_import_by_external_id(self):
        def load(move):
            move.env["ir.model.data"].sudo().create(
                {
                    "module": "__import__",
                    "name": "attacked",
                    "model": "account.move",
                    "res_id": move.id,
                }
            )
            result = move.load(["id", "ref"], [["__import__.attacked", "imported"]])
            if result["messages"]:
                raise UserError(result["messages"][0]["message"])

        self.assertHole(load)

    def test_data_of_an_addon(self):
        """A data file that names the document as its own, loaded once more."""
        self.env["ir.model.data"].create(
            {
                "module": "__import__",
                "name": "attacked",
                "model": "account.move",
                "res_id": self.document.id,
            }
        )
        self.assertHole(
            lambda move: move.sudo()._load_records(
                [{"xml_id": "__import__.attacked", "values": {"ref": "changed"}}],
                update=True,
            )
        )

    def test_uninstalled_addon(self):
        """Who gives a document to an addon and uninstalls that."""
        self.env["ir.model.data"].create(
            {
                "module": "attacker",
                "name": "attacked",
                "model": "account.move",
                "res_id": self.document.id,
            }
        )

        def uninstall(move):
            move.env["ir.model.data"].sudo()._module_data_uninstall(["attacker"])

        self._set_lock(False)
        self.assertTrue(
            self._attack(uninstall, self.document, self.users["superuser"])[0]
        )
        self._set_lock(True)
        with self.assertLogs("odoo.addons.base.models.ir_model"):
            self.assertNothingClosedChanges(uninstall)
