import { loadPDFJSAssets } from "@web/core/utils/pdfjs";

/**
 * Open a PDF with the reader that comes with Odoo.
 *
 * @param {Uint8Array} data
 * @returns {Promise<PDFDocumentProxy>} to be destroyed by the caller
 */
export async function openPdf(data) {
    await loadPDFJSAssets();
    const { getDocument, GlobalWorkerOptions } = globalThis.pdfjsLib;
    // The attachment pictures of mail set and unset it; a document keeps what it began with.
    GlobalWorkerOptions.workerSrc = "/web/static/lib/pdfjs/build/pdf.worker.js";
    return getDocument({ data, isEvalSupported: false }).promise;
}

/**
 * Draw one page as a picture, and its text for those who cannot see it.
 *
 * @param {PDFDocumentProxy} pdf
 * @param {number} number of the page, from 1
 * @param {number} width in CSS pixels
 * @returns {Promise<{canvas: HTMLCanvasElement, text: string}>}
 */
export async function drawPage(pdf, number, width) {
    const page = await pdf.getPage(number);
    const natural = page.getViewport({ scale: 1 });
    // As fine as the screen, and never so small that letters run together.
    const scale = (Math.max(width, 300) * Math.max(window.devicePixelRatio || 1, 1.5)) / natural.width;
    const viewport = page.getViewport({ scale });
    const canvas = document.createElement("canvas");
    canvas.width = Math.floor(viewport.width);
    canvas.height = Math.floor(viewport.height);
    const [content] = await Promise.all([
        page.getTextContent(),
        page.render({ canvasContext: canvas.getContext("2d"), viewport }).promise,
    ]);
    const text = content.items.map((item) => item.str + (item.hasEOL ? "\n" : "")).join("");
    return { canvas, text };
}
