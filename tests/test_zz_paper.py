import io
import os
from odoo.tests import tagged
from odoo.addons.account.tests.common import AccountTestInvoicingHttpCommon
from .common import CreditNoteCommon
import base64

SVG = b"PHN2ZyB4bWxucz0iaHR0cDovL3d3dy53My5vcmcvMjAwMC9zdmciLz4="
OUT = "/tmp/house/paper"


@tagged("post_install", "-at_install")
class TestZzPaper(CreditNoteCommon, AccountTestInvoicingHttpCommon):
    def test_print(self):
        from PIL import Image

        os.makedirs(OUT, exist_ok=True)
        buf = io.BytesIO()
        Image.new("RGB", (200, 200), (90, 60, 120)).save(buf, "PNG")
        tall = base64.b64encode(buf.getvalue())
        buf = io.BytesIO()
        Image.new("RGB", (180, 46), (90, 60, 120)).save(buf, "PNG")
        flat = base64.b64encode(buf.getvalue())
        company = self.env.company
        company.partner_id.write(
            {
                "street": "250 Executive Park Blvd, Suite 3400",
                "zip": "94134",
                "city": "San Francisco",
                "country_id": self.env.ref("base.us").id,
                "phone": "+1 555",
                "email": "a@b.com",
            }
        )
        self.partner_a.write(
            {
                "street": "1 Customer Road",
                "city": "Town",
                "zip": "1234",
                "country_id": self.env.ref("base.be").id,
            }
        )
        details = "<p>My Company<br/>250 Executive Park Blvd, Suite 3400<br/>San Francisco CA 94134<br/>United States</p>"
        for layout in (
            "standard",
            "bubble",
            "boxed",
            "bold",
            "striped",
            "wave",
            "folder",
        ):
            for name, logo in (("tall", tall), ("flat", flat)):
                company.write(
                    {
                        "external_report_layout_id": self.env.ref(
                            f"web.external_layout_{layout}"
                        ).id,
                        "logo": logo,
                        "company_details": details,
                        "report_header": "<p>We do it</p>",
                    }
                )
                invoice = self._invoice(*[100.0 + i for i in range(10)])
                for move in self._credit(invoice, reason_id=self.reason.id) + invoice:
                    pdf, _t = (
                        self.env["ir.actions.report"]
                        .with_context(force_report_rendering=True)
                        ._render_qweb_pdf("account.account_invoices", move.ids)
                    )
                    move.invoice_pdf_report_id.unlink() if 0 else None
                    kind = "cn" if move.move_type == "out_refund" else "inv"
                    with open(
                        f"{OUT}/{os.environ.get('PAPER', 'x')}_{layout}_{name}_{kind}.pdf",
                        "wb",
                    ) as f:
                        f.write(pdf)
