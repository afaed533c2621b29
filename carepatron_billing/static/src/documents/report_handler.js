import { download } from "@web/core/network/download";
import { registry } from "@web/core/registry";
import { user } from "@web/core/user";
import { getReportUrl } from "@web/webclient/actions/reports/utils";

/**
 * Download a document that we draw ourselves. Odoo's own way first asks the server for
 * wkhtmltopdf, and shows the document as HTML where that is missing.
 *
 * @param {Object} action the report action
 * @param {Object} options
 * @param {Object} env
 * @returns {Promise<boolean>} whether the document was downloaded here
 */
async function downloadOwnDocument(action, options, env) {
    const ids = action.context?.active_ids;
    if (action.report_type !== "qweb-pdf" || !ids?.length || action.data) {
        return false;
    }
    const isOwn = await env.services.orm.call("ir.actions.report", "billing_draws", [
        action.report_name,
        ids,
    ]);
    if (!isOwn) {
        return false;
    }
    env.services.ui.block();
    try {
        await download({
            url: "/report/download",
            data: {
                data: JSON.stringify([getReportUrl(action, "pdf"), action.report_type]),
                context: JSON.stringify({ ...user.context, ...action.context }),
            },
        });
    } finally {
        env.services.ui.unblock();
    }
    return true;
}

registry
    .category("ir.actions.report handlers")
    .add("carepatron_billing.own_documents", downloadOwnDocument);
