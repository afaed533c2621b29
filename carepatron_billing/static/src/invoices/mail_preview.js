import { Component } from "@odoo/owl";
import { registry } from "@web/core/registry";
import { standardFieldProps } from "@web/views/fields/standard_field_props";

/**
 * A mail as its reader gets it: a page of its own, which runs no script and follows no link.
 */
export class MailPreview extends Component {
    static template = "carepatron_billing.MailPreview";
    static props = { ...standardFieldProps };

    get page() {
        return this.props.record.data[this.props.name].toString();
    }
}

registry.category("fields").add("practice_mail_preview", {
    component: MailPreview,
    supportedTypes: ["html"],
});
