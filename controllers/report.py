from werkzeug.exceptions import InternalServerError

from odoo import http
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY

from odoo.addons.web.controllers.report import ReportController as WebReportController


class ReportController(WebReportController):
    @http.route()
    def report_download(self, data, context=None, token=None, readonly=True):
        # EXTENDS 'web': two who print a document for the first time at the same moment
        # meet in the database. Odoo runs such a request again, if it is told.
        try:
            return super().report_download(
                data, context=context, token=token, readonly=readonly
            )
        except InternalServerError as error:
            if isinstance(error.__cause__, PG_CONCURRENCY_EXCEPTIONS_TO_RETRY):
                raise error.__cause__ from None
            raise
