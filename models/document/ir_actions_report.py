import io

from odoo import models, modules, tools

from ..addition import addition


class IrActionsReport(models.Model):
    _inherit = "ir.actions.report"

    def _is_pdf_rendered(self):
        """:return: whether a PDF is made; tests get HTML if they do not ask for it"""
        return bool(
            self.env.context.get("force_report_rendering")
            or not (modules.module.current_test or tools.config["test_enable"])
        )

    def _pre_render_qweb_pdf(self, report_ref, res_ids=None, data=None):
        # EXTENDS 'account': an issued document is printed from its archived file. Here
        # and not where streams are prepared: other addons write into those.
        files = self._get_archived_files(report_ref, res_ids, data)
        if not files:
            return super()._pre_render_qweb_pdf(report_ref, res_ids=res_ids, data=data)
        ids = list(dict.fromkeys([res_ids] if isinstance(res_ids, int) else res_ids))
        rest = [res_id for res_id in ids if res_id not in files]
        streams = (
            super()._pre_render_qweb_pdf(report_ref, res_ids=rest, data=data)[0]
            if rest
            else {}
        )
        streams.update(
            {
                res_id: {"stream": io.BytesIO(file.raw), "attachment": file}
                for res_id, file in files.items()
            }
        )
        # In the order asked for; what could not be split into documents is at the end.
        order = {res_id: number for number, res_id in enumerate(ids)}
        return (
            dict(
                sorted(streams.items(), key=lambda item: order.get(item[0], len(order)))
            ),
            "pdf",
        )

    def _get_archived_files(self, report_ref, res_ids, data):
        """Archive the documents that this report is the first print of.

        :return: dict of id to the attachment that is served instead of a new print
        """
        report = self._get_report(report_ref)
        if report.model != "account.move" or not res_ids or not self._is_pdf_rendered():
            return {}
        moves = self.env["account.move"].browse(res_ids).exists()
        moves.check_access("read")
        # Who asks for a proforma does not issue anything.
        return moves._get_archived_files(
            report, archive=not (data or {}).get("proforma")
        )

    def _get_rendering_context(self, report, docids, data):
        # EXTENDS 'account': the portal shows what has no file yet as a proforma, but an
        # issued document is none
        values = super()._get_rendering_context(report, docids, data)
        return self._add_to_rendering_context(values, report, docids, data)

    @addition
    def _add_to_rendering_context(self, values, report, docids, data):
        if self.env.context.get("proforma_invoice") and not (data or {}).get(
            "proforma"
        ):
            moves = self.env["account.move"].browse(docids)
            send = self.env["account.move.send"]
            if moves == moves._filter_archivable() and not any(
                map(send._is_archived_by_sending, moves)
            ):
                values["proforma"] = False
        return values
