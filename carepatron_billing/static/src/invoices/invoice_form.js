import { registry } from "@web/core/registry";
import { FormController } from "@web/views/form/form_controller";
import { formView } from "@web/views/form/form_view";

export class InvoiceFormController extends FormController {
    /**
     * Closing the tab saves a draft that was begun; one that nobody touched would be litter.
     *
     * @override
     */
    async beforeUnload(ev) {
        const { isNew, dirty } = this.model.root;
        return isNew && !dirty ? undefined : super.beforeUnload(ev);
    }

    /**
     * Nor does hiding the tab; and a draft that `beforeUnload` just sent is not made once more.
     *
     * @override
     */
    beforeVisibilityChange() {
        const { isNew, dirty } = this.model.root;
        return isNew && !dirty ? undefined : super.beforeVisibilityChange();
    }
}

registry.category("views").add("practice_invoice_form", {
    ...formView,
    Controller: InvoiceFormController,
});
