import { onWillStart } from "@odoo/owl";
import { registry } from "@web/core/registry";
import { useService } from "@web/core/utils/hooks";
import { ColorField, colorField } from "@web/views/fields/color/color_field";
import { RadioField, radioField } from "@web/views/fields/radio/radio_field";
import { LayoutThumbnail } from "./layout_thumbnail";

/**
 * The choice of a layout by small drawings, in the colours that the form shows.
 */
export class LayoutField extends RadioField {
    static template = "carepatron_billing.LayoutField";
    static components = { LayoutThumbnail };
}

/**
 * The choice of a theme by its two colours.
 */
export class ThemeField extends RadioField {
    static template = "carepatron_billing.ThemeField";

    setup() {
        super.setup();
        const orm = useService("orm");
        onWillStart(async () => {
            this.themes = await orm.call("practice.invoice.template", "get_themes");
        });
    }

    /**
     * @param {string} theme
     * @returns {string[]} its main colour and its accent
     */
    getColors(theme) {
        const { main_color, accent_color } = this.props.record.data;
        return this.themes[theme] || [main_color, accent_color];
    }
}

/**
 * Odoo's choice of a colour, with its label and the colour in letters.
 */
export class LookColorField extends ColorField {
    static template = "carepatron_billing.LookColorField";
}

registry.category("fields").add("practice_color", { ...colorField, component: LookColorField });

/**
 * The same of the pay page, which has this one while none is chosen: `--accent` in `pay.css`.
 */
export class PageColorField extends LookColorField {
    get color() {
        return super.color || "#0b6e69";
    }
}

registry.category("fields").add("practice_page_color", {
    ...colorField,
    component: PageColorField,
});

const colors = [
    { name: "main_color", type: "char" },
    { name: "accent_color", type: "char" },
];

for (const [name, component] of [
    ["practice_layout", LayoutField],
    ["practice_theme", ThemeField],
]) {
    registry.category("fields").add(name, {
        ...radioField,
        component,
        supportedTypes: ["selection"],
        fieldDependencies: colors,
    });
}
