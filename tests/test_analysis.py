from lxml import etree

from odoo.tests import tagged

from .common import CreditNoteCommon


@tagged("post_install", "-at_install")
class TestAnalysis(CreditNoteCommon):
    """Credit notes by reason, in company currency."""

    def test_amounts_by_reason(self):
        currency = self.setup_other_currency("EUR", rates=[("2020-01-01", 2.0)])
        other = self.env.ref(
            "account_partner_credit_note.credit_note_reason_goods_returned"
        )
        before = self._by_reason()
        self._credit(self._invoice(100.0), reason_id=self.reason.id)
        self._credit(
            self._invoice(100.0, currency_id=currency.id), reason_id=self.reason.id
        )
        self._credit(self._invoice(10.0), reason_id=other.id)
        after = self._by_reason()
        self.assertEqual(after[self.reason] - before.get(self.reason, 0.0), 150.0)
        self.assertEqual(after[other] - before.get(other, 0.0), 10.0)

    def _by_reason(self):
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "account_partner_credit_note.credit_note_analysis_action"
        )
        domain = [
            ("move_type", "=", "out_refund"),
            ("state", "=", "posted"),
        ]
        self.assertEqual(action["domain"], str(domain))
        return dict(
            self.env["account.move"]
            .with_user(self.clerk)
            ._read_group(
                domain, ["credit_note_reason_id"], ["amount_credited_untaxed:sum"]
            )
        )

    def test_measures(self):
        """Positive, with plain names, and none of other documents."""
        Move = self.env["account.move"].with_user(self.clerk)
        credit_note = self._credit(self._invoice(100.0))
        self.assertEqual(credit_note.amount_credited_untaxed, 100.0)
        self.assertEqual(credit_note.amount_credited_total, 115.0)
        self.assertEqual(self._invoice(10.0).amount_credited_total, 0.0)
        measures = {
            name: field["string"]
            for name, field in Move.fields_get().items()
            if field["type"] in ("float", "integer", "monetary")
            and field.get("aggregator")
        }
        for view_type in ("graph", "pivot"):
            view = self.env.ref(
                f"account_partner_credit_note.credit_note_analysis_view_{view_type}"
            )
            arch = etree.fromstring(Move.get_view(view.id, view_type)["arch"])
            hidden = arch.xpath("//field[@invisible]/@name")
            self.assertEqual(
                {measures[name] for name in set(measures).difference(hidden)},
                {"Credited", "Credited, Tax Excluded"},
            )
        label = Move.fields_get(["credit_note_reason_id"])["credit_note_reason_id"]
        self.assertEqual(label["falsy_value_label"], "No reason given")

    def test_views(self):
        for view_type in ("graph", "pivot", "list", "search"):
            view = self.env.ref(
                f"account_partner_credit_note.credit_note_analysis_view_{view_type}"
            )
            self.env["account.move"].with_user(self.clerk).get_view(view.id, view_type)
