import { FormController } from "@web/views/form/form_controller";
import { formView } from "@web/views/form/form_view";
import { registry } from "@web/core/registry";

export class StripeSetupFormController extends FormController {
    /**
     * Closing the tab would save the form, and so connect a key that was only pasted.
     *
     * @override
     */
    async beforeUnload() {}
}

registry.category("views").add("practice_stripe_setup_form", {
    ...formView,
    Controller: StripeSetupFormController,
});
