import base64
import gc
import io
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

from PIL import Image
from pypdf import PdfReader

from odoo.tests import BaseCase, tagged

from ..gateways import pdf_engine
from ..gateways.pdf_engine import PdfError, Stylesheet

PLAIN = Stylesheet("body { font-family: sans-serif }")


def page(body, head=""):
    return f'<html lang="en"><head><title>Test</title>{head}</head><body>{body}</body></html>'


def read(pdf):
    return PdfReader(io.BytesIO(pdf))


def images(pdf):
    objects = [page['/Resources'].get('/XObject', {}) for page in read(pdf).pages]
    return [name for names in objects for name in names]


def data_url(raw, mimetype='image/png'):
    return f'data:{mimetype};base64,{base64.b64encode(raw).decode()}'


def png(width, height):
    output = io.BytesIO()
    Image.new('1', (width, height)).save(output, 'PNG')
    return output.getvalue()


class CountingServer(HTTPServer):
    """Counts whoever knocks."""

    def __init__(self):
        self.requests = []
        super().__init__(('127.0.0.1', 0), _CountingHandler)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self):
        return f'http://127.0.0.1:{self.server_port}'


class _CountingHandler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.requests.append(self.path)
        self.send_response(200)
        self.end_headers()
        self.wfile.write(png(2, 2))

    def log_message(self, *args):
        """Keep quiet."""


@tagged('post_install', '-at_install')
class TestPdfEngine(BaseCase):
    def test_document_has_title_language_and_tags(self):
        pdf = read(pdf_engine.render(page("<h1>Invoice</h1>"), PLAIN))
        catalog = pdf.trailer['/Root']
        self.assertEqual(pdf.metadata.title, "Test")
        self.assertEqual(catalog['/Lang'], 'en')
        self.assertTrue(catalog['/MarkInfo']['/Marked'])
        self.assertIn('/StructTreeRoot', catalog)
        self.assertIn(b'pdfuaid:part="1"', catalog['/Metadata'].get_data())

    def test_archive_variant_keeps_the_tags(self):
        pdf = read(pdf_engine.render(page("<h1>Invoice</h1>"), PLAIN, pdf_engine.ARCHIVE))
        catalog = pdf.trailer['/Root']
        self.assertIn(b'pdfaid:part="3" pdfaid:conformance="A"', catalog['/Metadata'].get_data())
        self.assertIn('/StructTreeRoot', catalog)

    def test_archive_variant_is_quick_to_rewrite(self):
        body = "<table><tbody>%s</tbody></table>" % ("<tr><td>Session</td></tr>" * 100)
        self.assertIn(b'/ObjStm', pdf_engine.render(page(body), PLAIN))
        self.assertNotIn(b'/ObjStm', pdf_engine.render(page(body), PLAIN, pdf_engine.ARCHIVE))

    def test_nothing_is_fetched_from_the_network(self):
        server = CountingServer()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        url = server.url
        pdf = pdf_engine.render(
            page(
                f'<p style="background: url({url}/background.png)">Before</p>'
                f'<img src="{url}/image.png"><object data="{url}/object.svg"></object>'
                f'<embed src="{url}/embed.svg"><iframe src="{url}/frame"></iframe>'
                f'<svg xmlns="http://www.w3.org/2000/svg"><image href="{url}/svg.png"/></svg>'
                f'<ul style="list-style-image: url({url}/bullet.png)"><li>After</li></ul>',
                head=f'<base href="{url}/"><link rel="stylesheet" href="{url}/style.css">'
                f'<link rel="attachment" href="{url}/attachment.txt">'
                f'<style>@import url("{url}/import.css");'
                f'@font-face {{ font-family: X; src: url("{url}/font.ttf") }}</style>',
            ),
            PLAIN,
        )
        self.assertEqual(server.requests, [])
        text = read(pdf).pages[0].extract_text()
        self.assertIn("Before", text)
        self.assertIn("After", text)

    def test_nothing_is_read_from_the_disk(self):
        pdf = pdf_engine.render(
            page(
                '<img src="file:///etc/passwd"><img src="/etc/passwd"><p>Still here</p>',
                head='<link rel="attachment" href="file:///etc/passwd">'
                '<link rel="stylesheet" href="file:///etc/passwd">',
            ),
            PLAIN,
        )
        self.assertNotIn('/Names', read(pdf).trailer['/Root'])
        self.assertIn("Still here", read(pdf).pages[0].extract_text())

    def test_small_images_are_shown(self):
        for image_format in ('PNG', 'JPEG', 'GIF', 'WEBP'):
            with self.subTest(format=image_format):
                output = io.BytesIO()
                Image.new('RGB', (40, 40), 'teal').save(output, image_format)
                source = data_url(output.getvalue(), f'image/{image_format.lower()}')
                pdf = pdf_engine.render(page(f'<img alt="x" src="{source}">'), PLAIN)
                self.assertEqual(len(images(pdf)), 1)

    def test_plain_svg_is_shown(self):
        svg = (
            '<?xml version="1.0"?><!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "svg11.dtd">'
            '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 90 30">'
            '<style>.a { fill: teal }</style><text class="a" y="20">Harbour</text></svg>'
        )
        source = data_url(svg.encode(), 'image/svg+xml')
        pdf = pdf_engine.render(page(f'<img alt="x" src="{source}">'), PLAIN)
        self.assertIn("Harbour", read(pdf).pages[0].extract_text())

    def test_image_bomb_is_left_out(self):
        bomb = png(20_000, 20_000)
        self.assertLess(len(bomb), 100_000, "the bomb is small on the wire")
        pdf = pdf_engine.render(
            page(f'<img alt="x" src="{data_url(bomb)}"><p>Still here</p>'), PLAIN
        )
        self.assertEqual(images(pdf), [])
        self.assertIn("Still here", read(pdf).pages[0].extract_text())

    def test_svg_bomb_is_left_out(self):
        levels = "".join(
            f'<g id="l{n}">' + f'<use href="#l{n - 1}"/>' * 2 + '</g>' for n in range(1, 40)
        )
        svg = (
            f'<svg xmlns="http://www.w3.org/2000/svg"><g id="l0"><rect width="1" height="1"/></g>'
            f'{levels}<use href="#l39"/></svg>'
        )
        body = f'<img alt="x" src="{data_url(svg.encode(), "image/svg+xml")}"><p>Still here</p>'
        pdf = pdf_engine.render(page(body), PLAIN, max_seconds=5)
        self.assertIn("Still here", read(pdf).pages[0].extract_text())

    def test_rubbish_images_are_left_out(self):
        for source in (
            'data:,',
            'data:image/png;base64,%%%',
            data_url(b'GIF89a'),
            'data:image/png',
        ):
            with self.subTest(source=source):
                pdf = pdf_engine.render(page(f'<img alt="x" src="{source}"><p>Here</p>'), PLAIN)
                self.assertIn("Here", read(pdf).pages[0].extract_text())

    def test_endless_document_is_given_up(self):
        with self.assertRaises(PdfError) as caught:
            pdf_engine.render(page("<p>Again and again</p>" * 50_000), PLAIN, max_seconds=0.2)
        self.assertEqual(caught.exception.reason, 'time')
        # The thread is whole again, and so is the engine.
        self.assertTrue(pdf_engine.render(page("next"), PLAIN))

    def test_deeply_nested_document_is_refused(self):
        nested = "<table><tr><td>" * 200 + "x" + "</td></tr></table>" * 200
        with self.assertRaises(PdfError) as caught:
            pdf_engine.render(page(nested), PLAIN)
        self.assertEqual(caught.exception.reason, 'size')

    def test_huge_document_is_refused(self):
        with self.assertRaises(PdfError) as caught:
            pdf_engine.render(page("x" * (pdf_engine.MAX_HTML_CHARS + 1)), PLAIN)
        self.assertEqual(caught.exception.reason, 'size')

    def test_stylesheet_is_parsed_once_for_many_documents(self):
        stylesheet = Stylesheet("body { color: #123456 }")
        for number in range(3):
            pdf_engine.render(page(f"Document {number}"), stylesheet)
        self.assertEqual(len(pdf_engine._pool[stylesheet]), 1)

    def test_logo_that_is_kept_is_drawn_as_the_first_time(self):
        stylesheet = Stylesheet("body { color: #345678 }")
        output = io.BytesIO()
        # Noise, with holes in it: its data are not small, and it has a mask.
        Image.effect_noise((90, 90), 90).convert('RGBA').save(output, 'PNG')
        logo = page(f'<img src="{data_url(output.getvalue())}" alt="Logo"/>')
        drawn = {pdf_engine.render(logo, stylesheet) for _time in range(3)}
        (kept,) = pdf_engine._pool[stylesheet][0].images
        self.assertGreaterEqual(len(kept), pdf_engine.LARGE_IMAGE_CHARS)
        self.assertEqual(len(drawn), 1)
        self.assertEqual(len(images(drawn.pop())), 1)

    def test_well_formed_page_is_drawn_as_any_other(self):
        body = "<p>Fish &amp; chips<br/>5</p><table><tbody><tr><td>x</td></tr></tbody></table>"
        loose = body.replace('<br/>', '<br>')
        self.assertEqual(
            pdf_engine.render(page(body), PLAIN), pdf_engine.render(page(loose), PLAIN)
        )

    def test_garbage_is_collected_again_after_a_document(self):
        pdf_engine.render(page("Hello"), PLAIN)
        self.assertTrue(gc.isenabled())
        with self.assertRaises(PdfError):
            pdf_engine.render(page("<div>" * 5000), PLAIN)
        self.assertTrue(gc.isenabled())

    def test_threads_draw_at_once(self):
        stylesheet = Stylesheet("body { color: #654321 }")
        texts = {}

        def draw(number):
            pdf = pdf_engine.render(page(f"Document {number}"), stylesheet)
            texts[number] = read(pdf).pages[0].extract_text()

        threads = [threading.Thread(target=draw, args=(number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(
            {number: text.strip() for number, text in texts.items()},
            {number: f"Document {number}" for number in range(4)},
        )
        self.assertLessEqual(len(pdf_engine._pool[stylesheet]), 4)
