import io
import zipfile

from odoo.http import Controller, content_disposition, request, route


class BillingDispute(Controller):
    @route('/billing/dispute/<int:dispute_id>/evidence', type='http', auth='user', readonly=False)
    def evidence(self, dispute_id):
        """Hand out the documents for the answer to a dispute, in one ZIP."""
        dispute = request.env['practice.dispute'].browse(dispute_id).exists()
        if not dispute or not dispute.has_access('read'):
            return request.not_found()
        content = io.BytesIO()
        with zipfile.ZipFile(content, 'w') as archive:
            for name, data in dispute._evidence_files():
                archive.writestr(name, data)
        return request.make_response(
            content.getvalue(),
            [
                ('Content-Type', 'application/zip'),
                ('Content-Disposition', content_disposition(f'{dispute.dispute}.zip')),
            ],
        )
