import { _t } from "@web/core/l10n/translation";
import { loadPDFJSAssets } from "@web/core/utils/pdfjs";

/**
 * Open a PDF with the reader that comes with Odoo.
 *
 * @param {string} base64
 * @returns {Promise<PDFDocumentProxy>} to be destroyed by the caller
 */
async function openPdf(base64) {
    await loadPDFJSAssets();
    const { getDocument, GlobalWorkerOptions } = globalThis.pdfjsLib;
    // The attachment pictures of mail set and unset it; a document keeps what it began with.
    GlobalWorkerOptions.workerSrc = "/web/static/lib/pdfjs/build/pdf.worker.js";
    const data = Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
    return getDocument({ data, isEvalSupported: false }).promise;
}

/**
 * Draw one page as a picture, and its text for those who cannot see it.
 *
 * @param {PDFDocumentProxy} pdf
 * @param {number} number of the page, from 1
 * @param {number} width in CSS pixels
 * @returns {Promise<HTMLElement>}
 */
async function drawSheet(pdf, number, width) {
    const page = await pdf.getPage(number);
    const natural = page.getViewport({ scale: 1 });
    // As fine as the screen, and never so small that letters run together.
    const scale = (Math.max(width, 300) * Math.max(window.devicePixelRatio || 1, 1.5)) / natural.width;
    const viewport = page.getViewport({ scale });
    const canvas = document.createElement("canvas");
    canvas.width = Math.floor(viewport.width);
    canvas.height = Math.floor(viewport.height);
    canvas.setAttribute("role", "img");
    canvas.setAttribute(
        "aria-label",
        _t("Page %(number)s of %(count)s", { number, count: pdf.numPages })
    );
    const [content] = await Promise.all([
        page.getTextContent(),
        page.render({ canvasContext: canvas.getContext("2d"), viewport }).promise,
    ]);
    const words = document.createElement("div");
    words.className = "o_page_text visually-hidden";
    words.textContent = content.items.map((item) => item.str + (item.hasEOL ? "\n" : "")).join("");
    const sheet = document.createElement("div");
    sheet.className = "o_billing_sheet";
    sheet.append(canvas, words);
    return sheet;
}

/**
 * The pages of a PDF in a place of the screen.
 *
 * Opening and drawing take their time; meanwhile another PDF can come, another size be asked for,
 * or the screen be left. The last one counts, and what it overtook ends without a word.
 */
export class PdfPages {
    pdf = null;
    opening = 0;
    drawing = 0;

    /**
     * @param {{el: HTMLElement | null}} place a reference to where the pages stand
     */
    constructor(place) {
        this.place = place;
    }

    /**
     * Take a PDF in place of the one before; `draw` shows it.
     *
     * @param {string} base64
     */
    async open(base64) {
        const turn = ++this.opening;
        const pdf = await openPdf(base64);
        if (turn !== this.opening) {
            pdf.destroy();
            return;
        }
        this.close();
        this.pdf = pdf;
    }

    /**
     * Draw the pages at the size that they are shown in; they take the place of the last picture
     * all at once.
     *
     * @param {number} [zoom]
     * @returns {Promise<number>} how many pages are drawn; 0 where there is nothing to draw any more
     */
    async draw(zoom = 1) {
        const { pdf } = this;
        const turn = ++this.drawing;
        if (!pdf || !this.place.el) {
            return 0;
        }
        const width = this.place.el.clientWidth;
        const sheets = [];
        try {
            for (let number = 1; number <= pdf.numPages && turn === this.drawing; number++) {
                sheets.push(await drawSheet(pdf, number, width * zoom));
            }
        } catch (error) {
            // A PDF that is closed ends its drawing with an error.
            if (turn === this.drawing) {
                throw error;
            }
        }
        if (turn !== this.drawing) {
            return 0;
        }
        this.drawnWidth = width;
        this.place.el.replaceChildren(...sheets);
        return sheets.length;
    }

    get fitsPlace() {
        return !this.pdf || this.drawnWidth === this.place.el?.clientWidth;
    }

    close() {
        this.drawing++;
        this.pdf?.destroy();
        this.pdf = null;
    }

    leave() {
        this.opening++;
        this.close();
    }
}
