import { onWillUnmount } from "@odoo/owl";
import { registry } from "@web/core/registry";
import { formView } from "@web/views/form/form_view";

const PAUSE = 3000;

/** A batch as it stands, for as long as it is under way and somebody looks. */
class BatchFormController extends formView.Controller {
    setup() {
        super.setup();
        const timer = setInterval(() => this.look(), PAUSE);
        onWillUnmount(() => clearInterval(timer));
    }

    async look() {
        const batch = this.model.root;
        if (!batch.data?.is_open || document.hidden || this.isLooking) {
            return;
        }
        this.isLooking = true;
        try {
            await batch.load();
        } finally {
            this.isLooking = false;
        }
    }
}

registry.category("views").add("practice_billing_batch_form", {
    ...formView,
    Controller: BatchFormController,
});
