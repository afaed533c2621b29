import { Component, onMounted, onWillUnmount, useRef, useState } from "@odoo/owl";
import { RPCError } from "@web/core/network/rpc";
import { _t } from "@web/core/l10n/translation";
import { RecordSelector } from "@web/core/record_selectors/record_selector";
import { registry } from "@web/core/registry";
import { isBinarySize } from "@web/core/utils/binary";
import { useService } from "@web/core/utils/hooks";
import { useDebounced } from "@web/core/utils/timing";
import { useRecordObserver } from "@web/model/relational_model/utils";
import { standardWidgetProps } from "@web/views/widgets/standard_widget_props";
import { PdfPages } from "./pdf_pages";

const ZOOMS = [0.5, 0.75, 1, 1.25, 1.5, 2, 3];
const NOT_THE_LOOK = ["name", "is_default", "active", "contrast_warning", "company_id", "sequence"];

/**
 * The invoice as it will be printed, beside the form that says how. What is drawn is the very PDF,
 * so that pages break where paper ends.
 */
export class InvoiceTemplatePreview extends Component {
    static template = "carepatron_billing.InvoiceTemplatePreview";
    static components = { RecordSelector };
    static props = { ...standardWidgetProps };

    setup() {
        this.orm = useService("orm");
        this.root = useRef("root");
        this.sheets = useRef("sheets");
        this.pages = new PdfPages(this.sheets);
        this.state = useState({
            isShown: false,
            isBusy: true,
            problem: "",
            pageCount: 0,
            zoom: 1,
            kind: "invoice",
            lines: 4,
            moveId: false,
        });
        this.typed = {};
        this.known = {};
        this.isDrawing = false;
        this.isStale = false;
        this.drawLater = useDebounced(() => this.draw(), 150);
        this.redrawSoon = useDebounced(() => this.drawPages(), 150);
        useRecordObserver((record) => this.onRecordChange(record));
        onMounted(() => this.watch());
        onWillUnmount(() => this.leave());
    }

    // What there is to choose ---------------------------------------------------------------

    get kinds() {
        return [
            ["invoice", _t("Sample invoice")],
            ["paid", _t("Sample, paid")],
            ["credit", _t("Sample credit note")],
            ["move", _t("One of your invoices")],
        ];
    }

    get lineCounts() {
        return [1, 4, 15, 40, 120];
    }

    get moveDomain() {
        return [
            ["move_type", "in", ["out_invoice", "out_refund"]],
            ["company_id", "child_of", this.props.record.data.company_id.id],
        ];
    }

    get zoomText() {
        return `${Math.round(this.state.zoom * 100)} %`;
    }

    get pagesText() {
        const { pageCount } = this.state;
        return pageCount === 1 ? _t("1 page") : _t("%s pages", pageCount);
    }

    choose(changes) {
        Object.assign(this.state, changes);
        this.drawSoon();
    }

    chooseLines(count) {
        this.choose({ lines: Number(count) });
    }

    zoomBy(steps) {
        const place = ZOOMS.indexOf(this.state.zoom) + steps;
        this.state.zoom = ZOOMS[Math.min(Math.max(place, 0), ZOOMS.length - 1)];
        this.redrawSoon();
    }

    show(isShown) {
        this.state.isShown = isShown;
        this.drawSoon();
    }

    // What is watched -----------------------------------------------------------------------

    onRecordChange(record) {
        // Reading a field here is what subscribes to it.
        for (const name of this.lookFields(record)) {
            if (record.data[name] !== this.known[name]) {
                this.known[name] = record.data[name];
                delete this.typed[name];
            }
        }
        this.drawSoon();
    }

    lookFields(record) {
        return Object.keys(record.activeFields).filter((name) => !NOT_THE_LOOK.includes(name));
    }

    watch() {
        // A text reaches the record when its field is left; the preview follows each letter.
        this.form = this.root.el.closest(".o_form_renderer");
        this.onInput = (ev) => {
            const name = ev.target.closest(".o_field_widget[name]")?.getAttribute("name");
            const type = this.props.record.fields[name]?.type;
            if (["char", "text"].includes(type) && !NOT_THE_LOOK.includes(name)) {
                this.typed[name] = ev.target.value;
                this.drawSoon();
            }
        };
        this.form.addEventListener("input", this.onInput);
        this.sizes = new ResizeObserver(() => {
            if (!this.pages.fitsPlace) {
                this.redrawSoon();
            }
        });
        this.sizes.observe(this.sheets.el);
        // What was to be drawn before there was a place for it.
        this.drawSoon();
    }

    leave() {
        this.form.removeEventListener("input", this.onInput);
        this.sizes.disconnect();
        this.pages.leave();
    }

    // What is drawn -------------------------------------------------------------------------

    drawSoon() {
        this.state.isBusy = true;
        this.drawLater();
    }

    get isVisible() {
        return Boolean(this.sheets.el?.offsetParent);
    }

    getValues() {
        const { record } = this.props;
        const values = {};
        for (const name of this.lookFields(record)) {
            const value = record.data[name];
            // A logo that the server has comes as its size only.
            if (record.fields[name].type !== "binary" || !value || !isBinarySize(value)) {
                values[name] = value;
            }
        }
        return { ...values, ...this.typed };
    }

    getSample() {
        const { kind, lines, moveId } = this.state;
        if (kind === "move") {
            return moveId ? { move_id: moveId } : {};
        }
        return { kind, lines };
    }

    /**
     * Draw what the form shows. One is drawn at a time; whatever changes meanwhile is drawn next,
     * so that the last picture is always that of the last change.
     */
    async draw() {
        if (!this.isVisible) {
            return;
        }
        this.isStale = true;
        if (this.isDrawing) {
            return;
        }
        this.isDrawing = true;
        this.state.isBusy = true;
        try {
            // The screen can be left while one is drawn.
            while (this.isStale && this.isVisible) {
                this.isStale = false;
                await this.drawOnce();
            }
        } finally {
            this.isDrawing = false;
            this.state.isBusy = false;
        }
    }

    async drawOnce() {
        const { record } = this.props;
        let answer;
        try {
            answer = await this.orm.silent.call(record.resModel, "get_preview", [
                record.resId ? [record.resId] : [],
                this.getValues(),
                this.getSample(),
            ]);
        } catch (error) {
            if (!(error instanceof RPCError)) {
                // The server cannot be reached; Odoo says so, and goes on trying.
                throw error;
            }
            answer = { problem: error.data?.message || error.message };
        }
        this.state.problem = answer.problem || "";
        if (answer.pdf) {
            await this.pages.open(answer.pdf);
            await this.drawPages();
        }
    }

    async drawPages() {
        if (!this.isVisible) {
            return;
        }
        const pageCount = await this.pages.draw(this.state.zoom);
        if (pageCount) {
            this.state.pageCount = pageCount;
        }
    }
}

registry.category("view_widgets").add("practice_invoice_template_preview", {
    component: InvoiceTemplatePreview,
});
