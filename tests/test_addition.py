import ast
import contextlib
import inspect
import re
import warnings
from collections import Counter
from pathlib import Path
from unittest.mock import patch

import psycopg2
from lxml import etree

from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user, tagged
from odoo.tools.convert import convert_file

from odoo.addons.account.tests.common import AccountTestInvoicingHttpCommon

from ..models import addition
from ..models.addition import ADDITIONS
from ..models.document.ir_ui_view import ADDON, CREDIT_NOTE_DOCUMENT
from .common import CreditNoteCommon

LOGGER = addition._logger.name
FOLDER = Path(__file__).parent.parent
# What no method of Odoo of today returns or is given where this addon adds something.
NONSENSE = (None, False, [], [None], {}, {"a": [7]}, "a text", 7, object())
FAILURES = (KeyError("gone"), AttributeError("gone"), AccessError("not allowed"))
REFUSALS = (
    UserError("the lock"),
    psycopg2.errors.SerializationFailure(),
    psycopg2.errors.LockNotAvailable(),
    psycopg2.errors.ReadOnlySqlTransaction(),
)
# Odoo's own, called by templates of this addon.
ODOO_METHODS = {"_get_name_invoice_report"}


def _raising(error):
    def method(*_args, **_kwargs):
        raise error

    return method


def _nonsense_for(function, nonsense):
    """:return: as many arguments as the function takes beside its records"""
    parameters = list(inspect.signature(function).parameters.values())[1:]
    return [nonsense for parameter in parameters if parameter.kind < 2]


class AdditionCommon(CreditNoteCommon):
    def setUp(self):
        super().setUp()
        # What fails is told once, in each test.
        self.enterContext(patch.object(addition, "_told", set()))

    @contextlib.contextmanager
    def _quiet(self):
        """:return: the log of additions, which need not say anything"""
        with warnings.catch_warnings(), self.assertLogs(LOGGER, "DEBUG") as logs:
            # Odoo warns of each record that is compared with nonsense.
            warnings.simplefilter("ignore", UserWarning)
            addition._logger.debug("quiet")
            yield logs
        del logs.output[0]

    @contextlib.contextmanager
    def _failing(self, *names, error=FAILURES[0]):
        """In here the additions of these names fail, as in a server that begins."""
        self.registry.clear_cache("stable")
        self.addCleanup(self.registry.clear_cache, "stable")
        with self._quiet() as logs, contextlib.ExitStack() as stack:
            for name in names:
                stack.enter_context(
                    patch.object(ADDITIONS[name], "__wrapped__", _raising(error))
                )
            yield logs


@tagged("post_install", "-at_install")
class TestAddition(AdditionCommon):
    """Whatever an addition is given or meets, it stops nothing; refusals pass."""

    def test_there_are_many(self):
        self.assertGreater(len(ADDITIONS), 25)

    def test_nonsense(self):
        credit_note = self._credit(self._invoice(100.0))
        documents = [
            credit_note,
            credit_note.reversed_entry_id,
            credit_note.browse(),
            credit_note + credit_note.reversed_entry_id,
        ]
        for name, wrapper in ADDITIONS.items():
            for nonsense in NONSENSE:
                for records in documents:
                    with self.subTest(name=name, nonsense=nonsense), self._quiet():
                        wrapper(records, *_nonsense_for(wrapper, nonsense))

    def test_failure_leaves_the_value_as_it_was(self):
        def half(_records, value):
            value["a"].append(8)
            value["b"] = 1
            raise KeyError("gone")

        with patch.dict(ADDITIONS), self.assertLogs(LOGGER, "WARNING") as logs:
            for value in ({"a": [7]}, {"a": ({},)}):
                before = repr(value)
                result = addition.addition(half)(self.env["account.move"], value)
                self.assertIs(result, value)
                self.assertEqual(repr(value), before)
        [line] = logs.output
        self.assertIn("half failed and is left out", line)
        self.assertIn("Traceback", line)

    def test_failure_writes_nothing(self):
        def half(records):
            records.ref = "half"
            records.flush_recordset()
            records.env.cr.execute("SELECT 1 / 0")

        move = self._invoice(100.0, post=False, ref="as it was")
        with patch.dict(ADDITIONS), self._quiet(), self.assertLogs("odoo.sql_db"):
            writes = addition.addition(otherwise=None, savepoint=True)(half)
            self.assertIsNone(writes(move))
        self.assertEqual(move.ref, "as it was")

    def test_refusals_pass(self):
        move = self._invoice(100.0)
        for name, wrapper in ADDITIONS.items():
            arguments = _nonsense_for(wrapper, None)
            for error in REFUSALS:
                with (
                    self.subTest(name=name, error=type(error).__name__),
                    self._failing(name, error=error),
                    self.assertRaises(type(error)),
                ):
                    wrapper(move, *arguments)
            for error in FAILURES:
                with (
                    self.subTest(name=name, error=type(error).__name__),
                    self._failing(name, error=error),
                ):
                    wrapper(move, *arguments)

    def test_wrapped_methods_of_other_addons(self):
        """Those that are not installed here, too."""
        moves = self._credit(self._invoice(100.0)) + self._invoice(50.0)
        wrappers = {
            key: wrap
            for key, wrap in moves._get_method_wrappers().items()
            # What is refused there is to be refused, and what is kept to be kept.
            if not getattr(wrap, "func", wrap).__module__.endswith(
                ("lock.referenced", "lock.frozen")
            )
        }
        self.assertGreater(len(wrappers), 10)
        result = object()
        calls = []

        def odoo(records, *args):
            calls.append((records, args))
            return result

        for (model, method), wrap in wrappers.items():
            for records in (moves, moves.browse(), moves[0]):
                for nonsense in NONSENSE:
                    with (
                        self.subTest(model=model, method=method, nonsense=nonsense),
                        self._quiet(),
                    ):
                        self.assertIs(wrap(odoo)(records, nonsense), result)
                        self.assertEqual(calls.pop(), (records, (nonsense,)))


@tagged("post_install", "-at_install")
class TestAdditionsEverywhere(AdditionCommon):
    """No place where this addon adds something is without a net."""

    def _get_calls(self, node):
        return {
            call.func.attr if isinstance(call.func, ast.Attribute) else call.func.id
            for call in ast.walk(node)
            if isinstance(call, ast.Call)
            and isinstance(call.func, ast.Attribute | ast.Name)
        }

    def test_overrides_of_what_is_printed_and_sent(self):
        nets = {name.rpartition(".")[2] for name in ADDITIONS} | {"tell_left_out"}
        found = 0
        for path in sorted((FOLDER / "models" / "document").glob("*.py")):
            lines = path.read_text().splitlines()
            for node in ast.walk(ast.parse("\n".join(lines))):
                if isinstance(node, ast.FunctionDef) and any(
                    "# EXTENDS" in line for line in lines[node.lineno : node.end_lineno]
                ):
                    found += 1
                    with self.subTest(path=path.name, method=node.name):
                        self.assertTrue(self._get_calls(node) & nets)
        self.assertGreater(found, 10)

    def test_methods_that_templates_call(self):
        nets = {name.rpartition(".")[2] for name in ADDITIONS}
        views = self.env["ir.ui.view"].search(
            [("key", "=like", f"{ADDON}.%"), ("type", "=", "qweb")]
        )
        called = {
            method
            for view in views
            for method in re.findall(r"\.(_\w+)\(", view.arch_db)
        } - ODOO_METHODS
        self.assertGreater(len(called), 8)
        # The preview is this addon's own.
        self.assertEqual(called - nets, set())


@tagged("post_install", "-at_install")
class TestGoesOutAsOdooMakesIt(AdditionCommon, AccountTestInvoicingHttpCommon):
    """Each addition fails, alone and all together: documents go out all the same."""

    def setUp(self):
        super().setUp()
        new_test_user(
            self.env,
            login="customer_of_portal",
            groups="base.group_portal",
            partner_id=self.partner_a.id,
        )
        # The files are HTML, as in Odoo's own tests, but they are archived.
        reports = self.registry["ir.actions.report"]
        self.enterContext(patch.object(reports, "_is_pdf_rendered", lambda _self: True))

    def _go_out(self, move, is_marked=True):
        """Everything that is done with a document; :return: its print as HTML

        :param is_marked: whether it says then that it was sent
        """
        self.authenticate("customer_of_portal", "customer_of_portal")
        page = self.url_open("/my/invoices?sortby=date")
        self.assertEqual(page.status_code, 200)
        self.assertIn("/my/invoices/", page.text)
        self.authenticate(None, None)
        page = self.url_open(move.get_portal_url())
        self.assertEqual(page.status_code, 200)
        self.assertIn(move.name, page.text)
        reports = self.env["ir.actions.report"]
        printed, _type = reports._render("account.account_invoices", move.ids)
        self.assertIn(move.name.encode(), printed)
        move.invalidate_recordset()
        self.assertTrue(move._get_fields_to_detach())
        self.assertTrue(move._get_invoice_legal_documents("pdf", allow_fallback=True))
        if "account.edi.xml.ubl_bis3" in self.registry:
            for model in ("account.edi.xml.ubl_bis3", "account.edi.xml.cii"):
                content, _errors = self.env[model]._export_invoice(move)
                self.assertIn(move.name.encode(), content)
        move.message_post(
            body="A word",
            partner_ids=move.partner_id.ids,
            subtype_xmlid="mail.mt_comment",
        )
        move._generate_and_send(sending_methods=["email"])
        self.assertTrue(move.invoice_pdf_report_id)
        self.assertTrue(move.is_move_sent or not is_marked)
        return printed

    def _documents(self):
        invoice = self._invoice(100.0)
        return invoice, self._credit(invoice, reason_id=self.reason.id)

    def test_each_alone(self):
        reached = self._get_reached()
        for name in reached:
            with self.subTest(name=name):
                with self._failing(name) as logs:
                    for move in self._documents():
                        self._go_out(move, not name.endswith("._set_sent"))
                [line] = logs.output
                self.assertIn(name, line)
            addition._told.clear()
        # All but those that only some layouts and addons come to.
        for room in ("credit", "document"):
            for name in ADDITIONS:
                if f".{room}." in name and "information_block" not in name:
                    self.assertIn(name, reached)

    def _get_reached(self):
        """:return: names of the additions that documents come to on their way out"""
        calls = Counter()

        def counting(name, method):
            def count(*args, **kwargs):
                calls[name] += 1
                return method(*args, **kwargs)

            return count

        with contextlib.ExitStack() as stack:
            for name, wrapper in ADDITIONS.items():
                count = counting(name, wrapper.__wrapped__)
                stack.enter_context(patch.object(wrapper, "__wrapped__", count))
            for move in self._documents():
                self._go_out(move)
        return list(calls)

    def test_all_together(self):
        invoice, credit_note = self._documents()
        with self._failing(*ADDITIONS):
            of_odoo = self._go_out(invoice, is_marked=False)
            self.assertEqual(
                credit_note._get_name_invoice_report(),
                "account.report_invoice_document",
            )
            self.assertEqual(
                credit_note._get_mail_template(),
                self.env.ref("account.email_template_edi_credit_note"),
            )
            printed = self._go_out(credit_note, is_marked=False).decode()
            self.assertIn(credit_note.ref, printed)
            self.assertNotIn("Credits the whole", printed)
        # An invoice is printed as if there was nothing to add, but for its archive.
        with patch.object(type(invoice), "_get_archive_note", lambda _self: False):
            printed, _type = self.env["ir.actions.report"]._render(
                "account.account_invoices", invoice.ids
            )
        self.assertEqual(printed, of_odoo)


@tagged("post_install", "-at_install")
class TestOdooHasOtherPages(AdditionCommon, AccountTestInvoicingHttpCommon):
    """A newer Odoo has no place any more for what this addon adds to its pages."""

    def _views(self):
        return self.env["ir.ui.view"].search(
            [("arch_fs", "=like", f"{ADDON}/%"), ("inherit_id", "!=", False)]
        )

    def _change(self, xmlid, old, new):
        """Odoo's page is another one now, as an update writes it."""
        view = self.env.ref(xmlid)
        self.assertIn(old, view.arch_db)
        with self._quiet() as logs:
            view.arch_db = view.arch_db.replace(old, new)
        return logs.output

    def _update(self):
        for path in ("reports/account_move_templates.xml",):
            convert_file(self.env, ADDON, path, {}, mode="update")

    def test_each_view(self):
        views = self._views()
        self.assertGreater(len(views), 8)
        for view in views:
            with (
                self.subTest(view=view.xml_id),
                self.assertLogs(LOGGER, "WARNING") as logs,
            ):
                parent = etree.fromstring("<t><p>Odoo's</p></t>")
                result = view.apply_inheritance_specs(
                    parent, etree.fromstring(view.arch)
                )
                self.assertEqual(etree.tostring(result), b"<t><p>Odoo's</p></t>")
                [line] = logs.output
                self.assertIn(view.xml_id, line)

    def test_views_of_others_are_odoo_s(self):
        view = self.env.ref("account.view_move_form").inherit_children_ids.filtered(
            lambda child: not (child.arch_fs or "").startswith(ADDON)
        )[:1]
        view = view or self.env["ir.ui.view"].create(
            {
                "name": "another addon",
                "model": "account.move",
                "inherit_id": self.env.ref("account.view_move_form").id,
                "arch": "<field name='name' position='after'/>",
            }
        )
        with self.assertRaises(ValueError):
            view.apply_inheritance_specs(
                etree.fromstring("<t/>"),
                etree.fromstring("<xpath expr='//gone' position='after'/>"),
            )

    def test_document_falls_back_to_that_of_odoo(self):
        invoice = self._invoice(100.0)
        credit_note = self._credit(invoice)
        self.assertEqual(credit_note._get_name_invoice_report(), CREDIT_NOTE_DOCUMENT)
        for xmlid, old, new in (
            (
                "account.report_invoice_document",
                'name="invoice_date"',
                'name="its_date"',
            ),
            ("account.report_invoice", 't-set="lang"', 't-set="its_lang"'),
        ):
            logs = self._change(xmlid, old, new)
            self.assertTrue(logs)
            self.assertIn(f"The view {ADDON}.report_", logs[0])
            # This addon is updated next.
            with self._quiet():
                self._update()
            for move in invoice + credit_note:
                printed, _type = self.env["ir.actions.report"]._render(
                    "account.account_invoices", move.ids
                )
                text = " ".join(etree.HTML(printed).itertext())
                with self.subTest(xmlid=xmlid, move=move.name):
                    self.assertIn(move.name, text)
                    self.assertIn("115.00", text)
        self.assertEqual(
            credit_note._get_name_invoice_report(), "account.report_invoice_document"
        )

    def test_portal_without_what_is_added(self):
        invoice = self._invoice(100.0)
        credit_note = self._credit(invoice)
        logs = self._change(
            f"{ADDON}.portal_invoice_page", "o_download_pdf", "o_other_download"
        )
        self.assertTrue(logs)
        for move in invoice + credit_note:
            with self._quiet():
                page = self.url_open(move.get_portal_url())
            self.assertEqual(page.status_code, 200)
            self.assertIn(move.name, page.text)
