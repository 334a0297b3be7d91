"""How much of a page Odoo's letterheads take.

wkhtmltopdf prints the letterhead on white over the top of each page. Where it is
taller than the margin of the paper format, it hides what stands there: the name of the
customer on the first page, the head and first lines of the table on the others.
"""

from math import ceil

from odoo import models
from odoo.exceptions import UserError
from odoo.tools import html2plaintext, is_html_empty
from odoo.tools.image import base64_to_image

# Lengths in CSS pixels, as in Odoo's styles for reports.
PAGE_PADDING = 42  # 11 mm
LINE = 24
ADDRESS_LINE = 20
PARAGRAPH_MARGIN = 16
LOGO_MARGIN = 8
# What fits in half the width of a page.
LINE_LENGTH = 45
# The envelope's window: Odoo moves the customer's address down by this.
SNAIL_MAIL_PADDING = 42

# Of each layout: whether the company's details stand under the logo and not beside it,
# the room for the logo (height, width), padding above, and height of what is drawn.
LAYOUTS = {
    "web.external_layout_standard": (True, (64, 1000), PAGE_PADDING, 0),
    "web.external_layout_bubble": (True, (96, 192), 48, 0),
    "web.external_layout_boxed": (False, (128, 256), PAGE_PADDING, 0),
    "web.external_layout_bold": (False, (128, 256), PAGE_PADDING, 0),
    "web.external_layout_striped": (False, (128, 256), PAGE_PADDING, 0),
    "web.external_layout_wave": (False, (96, 192), PAGE_PADDING, 0),
    "web.external_layout_folder": (False, (128, 256), PAGE_PADDING, 222),
}


class ResCompany(models.Model):
    _inherit = "res.company"

    def _get_letterhead_margins(self, paperformat):
        """Make room for the letterhead where the paper format has too little.

        :return: dict of values for Odoo's layout of reports, in mm; empty where the
            room is enough or the layout is none of Odoo's
        """
        self.ensure_one()
        # 'px' are printed at the resolution of the paper format.
        dpi = paperformat.dpi or 90
        height = ceil(self._get_letterhead_height() * 25.4 / dpi)
        above = paperformat.margin_top - paperformat.header_spacing
        missing = above + height - paperformat.margin_top
        if not height or missing <= 0:
            return {}
        return {
            "data_report_margin_top": paperformat.margin_top + missing,
            "data_report_header_spacing": paperformat.header_spacing + missing,
            # The customer's address stays in the window of the envelope.
            "snail_mail_padding": max(
                0, SNAIL_MAIL_PADDING - round(missing * dpi / 25.4)
            ),
        }

    def _get_letterhead_height(self):
        """:return: height of the letterhead in pixels, 0 if the layout is not known"""
        # Odoo takes this one where none is chosen.
        chosen = self.external_report_layout_id.key or "web.external_layout_standard"
        layout = LAYOUTS.get(chosen)
        if not layout:
            return 0
        details_under_logo, room, padding, drawn = layout
        logo = self._get_logo_height(*room)
        details = self._get_details_height()
        height = logo + details if details_under_logo else max(logo, details)
        return max(padding + height, drawn) + PARAGRAPH_MARGIN

    def _get_logo_height(self, max_height, max_width):
        tagline = 0
        if not is_html_empty(self.report_header):
            tagline = LINE * len(html2plaintext(self.report_header).split("\n"))
        if not self.logo:
            return tagline
        try:
            width, height = base64_to_image(self.logo).size
        except UserError:
            # No picture of pixels, as SVG.
            width, height = 1, max_height
        scale = min(1.0, max_height / height, max_width / width)
        return round(height * scale) + LOGO_MARGIN + tagline

    def _get_details_height(self):
        if not self.is_company_details_empty:
            lines = html2plaintext(self.company_details).split("\n")
            return sum(LINE * max(1, ceil(len(line) / LINE_LENGTH)) for line in lines)
        address = self.partner_id._display_address(without_company=True)
        lines = [line for line in address.split("\n") if line.strip()]
        return LINE + sum(
            ADDRESS_LINE * ceil(len(line) / LINE_LENGTH) for line in lines
        )
