import { Component, useState } from "@odoo/owl";
import { registry } from "@web/core/registry";
import { useBus } from "@web/core/utils/hooks";
import { standardWidgetProps } from "@web/views/widgets/standard_widget_props";

/**
 * Says in words whether what the form shows is saved, with *Save* and *Discard* beside it while it
 * is not.
 */
export class SaveState extends Component {
    static template = "carepatron_billing.SaveState";
    static props = { ...standardWidgetProps };

    setup() {
        this.state = useState({ typing: false });
        // A field that is being typed into has not told the record yet.
        useBus(this.props.record.model.bus, "FIELD_IS_DIRTY", (event) => {
            this.state.typing = event.detail;
        });
    }

    get isSaved() {
        return !this.props.record.dirty && !this.state.typing;
    }

    async save() {
        await this.props.record.save();
    }

    async discard() {
        await this.props.record.discard();
    }
}

registry.category("view_widgets").add("practice_save_state", { component: SaveState });
