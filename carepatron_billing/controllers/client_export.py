from odoo.exceptions import AccessError
from odoo.http import Controller, content_disposition, request, route


class ClientExport(Controller):
    @route('/billing/client/<int:partner_id>/export', type='http', auth='user', methods=['GET'])
    def export(self, partner_id):
        """Hand out everything that is kept of a client's billing, in one ZIP."""
        partner = request.env['res.partner'].browse(partner_id).exists()
        if not partner:
            return request.not_found()
        try:
            content = partner._billing_export_zip(request.env.user.company_ids)
        except AccessError:
            return request.not_found()
        return request.make_response(
            content,
            [
                ('Content-Type', 'application/zip'),
                ('Content-Disposition', content_disposition(f'client-{partner_id}.zip')),
                ('Cache-Control', 'no-store'),
            ],
        )
