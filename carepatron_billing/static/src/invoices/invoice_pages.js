import { Component, onMounted, onWillUnmount, useRef, useState } from "@odoo/owl";
import { RPCError } from "@web/core/network/rpc";
import { registry } from "@web/core/registry";
import { useService } from "@web/core/utils/hooks";
import { useRecordObserver } from "@web/model/relational_model/utils";
import { standardWidgetProps } from "@web/views/widgets/standard_widget_props";
import { PdfPages } from "../documents/pdf_pages";

/**
 * The pages of an invoice as its client gets them.
 */
export class InvoicePages extends Component {
    static template = "carepatron_billing.InvoicePages";
    static props = { ...standardWidgetProps };

    setup() {
        this.orm = useService("orm");
        this.pages = new PdfPages(useRef("sheets"));
        this.state = useState({ isBusy: true, problem: "", pageCount: 0 });
        this.isShown = new Promise((resolve) => onMounted(resolve));
        useRecordObserver((record) => this.onRecordChange(record));
        onWillUnmount(() => this.pages.leave());
    }

    onRecordChange(record) {
        // Whatever changes the document changes one of these; reading them is what subscribes.
        const { state, payment_state, amount_residual, name } = record.data;
        const key = JSON.stringify([record.resId, state, payment_state, amount_residual, name]);
        if (record.resId && key !== this.key) {
            this.key = key;
            this.draw(record.resId);
        }
    }

    async draw(resId) {
        const turn = (this.turn = (this.turn || 0) + 1);
        this.state.isBusy = true;
        let answer;
        try {
            answer = await this.orm.silent.call("account.move", "get_billing_document", [[resId]]);
        } catch (error) {
            if (!(error instanceof RPCError)) {
                // The server cannot be reached; Odoo says so, and goes on trying.
                throw error;
            }
            answer = { problem: error.data?.message || error.message };
        }
        if (turn !== this.turn) {
            return;
        }
        this.state.problem = answer.problem || "";
        if (answer.pdf) {
            // Before that nobody knows how wide the pages are to be.
            await this.isShown;
            await this.pages.open(answer.pdf);
            this.state.pageCount = (await this.pages.draw()) || this.state.pageCount;
        }
        if (turn === this.turn) {
            this.state.isBusy = false;
        }
    }
}

registry.category("view_widgets").add("practice_invoice_pages", { component: InvoicePages });
