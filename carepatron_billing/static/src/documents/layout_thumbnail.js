import { Component } from "@odoo/owl";
import { registry } from "@web/core/registry";
import { standardFieldProps } from "@web/views/fields/standard_field_props";

/**
 * A small drawing of a layout, in the colours of a template.
 */
export class LayoutThumbnail extends Component {
    static template = "carepatron_billing.LayoutThumbnail";
    static props = { layout: String, mainColor: String, accentColor: String };
}

/**
 * The drawing of a template's layout, on its card.
 */
export class LayoutThumbnailField extends Component {
    static template = "carepatron_billing.LayoutThumbnailField";
    static components = { LayoutThumbnail };
    static props = { ...standardFieldProps };
}

registry.category("fields").add("practice_layout_thumbnail", {
    component: LayoutThumbnailField,
    supportedTypes: ["selection"],
    fieldDependencies: [
        { name: "main_color", type: "char" },
        { name: "accent_color", type: "char" },
    ],
});
