"""HTML to PDF with WeasyPrint, closed to the world.

A document is drawn from what the caller hands over: its HTML, its stylesheet with the font files
that this names, and small images as ``data:`` URLs. Whatever else a text asks for (``http:``,
``file:``, an image that unpacks to gigabytes) is left out, and the document is drawn without it.

Facts this file rests on, measured with WeasyPrint 70: a ``FontConfiguration`` made for each
document leaks 0.2 MB each time, one that is kept does not; it serves one render at a time.
"""

import atexit
import base64
import binascii
import ctypes
import gc
import hashlib
import io
import logging
import re
import threading
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_to_bytes
from xml.etree import ElementTree

# Named one by one: a host may have closed Pillow's list of formats, as Odoo does.
from PIL import GifImagePlugin, Image, JpegImagePlugin, PngImagePlugin, WebPImagePlugin

if TYPE_CHECKING:
    from weasyprint import HTML
    from weasyprint.urls import URLFetcher

ACCESSIBLE = 'pdf/ua-1'
# The other PDF/A-3 variants of WeasyPrint drop the tags that a screen reader needs.
ARCHIVE = 'pdf/a-3a'

MAX_HTML_CHARS = 3_000_000
MAX_IMAGE_BYTES = 2_000_000
MAX_IMAGE_PIXELS = 6_000_000
MAX_SVG_BYTES = 100_000
MAX_SECONDS = 30
MAX_IMAGES_KEPT = 24
# The code of a payment link, on one document only, is far smaller.
LARGE_IMAGE_CHARS = 5_000

RASTER_FORMATS = [
    plugin.format
    for plugin in (
        PngImagePlugin.PngImageFile,
        JpegImagePlugin.JpegImageFile,
        GifImagePlugin.GifImageFile,
        WebPImagePlugin.WebPImageFile,
    )
]
# By these a small SVG becomes endless work.
SVG_REFUSED = re.compile(rb'<!entity|<(?:\w+:)?(?:use|pattern|filter)\b', re.IGNORECASE)
# What a parser of XML would take for something else, or unfold without end.
ONLY_HTML = re.compile(r'<(?:[A-Z!?]|svg\b|math\b)|\bxmlns\b|&(?!amp;|lt;|gt;|quot;|#)')
MINIMUM_VERSION = 68

_collecting_lock = threading.Lock()
_renders_going = 0
_was_collecting = True
_pool_lock = threading.Lock()
_pool: dict['Stylesheet', deque['_Press']] = {}
# Fonts delete their temporary files, which they no longer can while the interpreter shuts down.
atexit.register(_pool.clear)


class PdfError(Exception):
    """A document could not be drawn. ``reason``: ``missing``, ``size`` or ``time``."""

    def __init__(self, reason: str, message: str):
        super().__init__(message)
        self.reason = reason


@dataclass(frozen=True)
class Stylesheet:
    """CSS, and the files that it may name.

    :param css: for instance ``src: url("stylesheet:Roboto-Regular.ttf")``
    :param files: for instance ``{'Roboto-Regular.ttf': Path(...)}``
    """

    css: str
    files: dict[str, Path] = field(default_factory=dict, hash=False)


def find_problem() -> str | None:
    """Tell whether documents can be drawn on this machine.

    :return: None, ``package`` (no WeasyPrint), ``version`` (too old) or ``library`` (no Pango)
    """
    try:
        import weasyprint
    except ImportError:
        return 'package'
    except OSError:
        return 'library'
    if int(weasyprint.VERSION.split('.')[0]) < MINIMUM_VERSION:
        return 'version'
    return None


def render(
    html: str,
    stylesheet: Stylesheet,
    variant: str = ACCESSIBLE,
    max_seconds: float = MAX_SECONDS,
) -> bytes:
    """Draw one document.

    :param html: the whole page, with ``<title>`` and ``<html lang>``
    :param stylesheet: parsed once and kept for the next documents
    :param variant: ``ACCESSIBLE``, or ``ARCHIVE`` where files will be embedded
    :param max_seconds: when to give up
    :return: the PDF
    :raises PdfError: WeasyPrint cannot be loaded, or the document is too large or takes too long
    """
    if problem := find_problem():
        raise PdfError('missing', f"WeasyPrint cannot be used: {problem}")
    if len(html) > MAX_HTML_CHARS:
        raise PdfError('size', f"document of {len(html)} characters, limit {MAX_HTML_CHARS}")
    press = _take_press(stylesheet)
    images = dict(press.images)
    try:
        with _no_garbage_collection(), _time_limit(max_seconds):
            pdf = _parse(html, press.fetch).write_pdf(
                stylesheets=[press.css],
                font_config=press.font_config,
                cache=images,
                pdf_variant=variant,
                finisher=_leave_objects_plain if variant == ARCHIVE else None,
                # Asked for by this variant alone, and as dear as writing the file once more.
                # Random otherwise; it tells files apart, and equal texts are one document.
                pdf_identifier=hashlib.md5(html.encode(), usedforsecurity=False).digest()
                if variant == ARCHIVE
                else None,
            )
    except RecursionError as error:
        raise PdfError('size', "document too deeply nested") from error
    _give_back_press(stylesheet, press, images)
    return pdf


def _parse(html: str, fetch: 'URLFetcher') -> 'HTML':
    """Return a page for WeasyPrint; well-formed ones are read by a parser that is much faster."""
    from cssselect2 import ElementWrapper
    from weasyprint import HTML

    if ONLY_HTML.search(html):
        return HTML(string=html, url_fetcher=fetch)
    try:
        # Our own page; what was typed is escaped in it, and declares no entities.
        root = ElementTree.fromstring(html.strip())  # noqa: S314
    except ElementTree.ParseError:
        return HTML(string=html, url_fetcher=fetch)
    page = HTML.__new__(HTML)
    page.base_url = None
    page.url_fetcher = fetch
    page.media_type = 'print'
    page.wrapper_element = ElementWrapper.from_html_root(root, content_language=None)
    page.etree_element = page.wrapper_element.etree_element
    return page


def _leave_objects_plain(_document: Any, pdf: Any) -> None:
    """Keep the objects of a document out of compressed streams.

    Whoever embeds files rewrites all of it, and PyPDF2 reads through the whole stream for each
    object in it: 2 s for an invoice of 60 lines, and four times as long for twice as many.
    """
    write = pdf.write

    def write_plain(output: Any, version: Any, identifier: Any, _compress: bool) -> None:
        write(output, version, identifier, compress=False)

    pdf.write = write_plain


class _Press:
    """A parsed stylesheet with its fonts: expensive to make, used by one render at a time."""

    def __init__(self, stylesheet: Stylesheet):
        from weasyprint import CSS
        from weasyprint.text.fonts import FontConfiguration

        # WeasyPrint logs every address that it could not load, the text of a document in them.
        logging.getLogger('weasyprint').setLevel(logging.CRITICAL)
        logging.getLogger('fontTools').setLevel(logging.ERROR)
        self.font_config = FontConfiguration()
        self.css = CSS(
            string=stylesheet.css,
            url_fetcher=_make_fetcher(stylesheet.files),
            font_config=self.font_config,
        )
        self.fetch = _make_fetcher({})
        # By their addresses: a practice's logo is on each of its documents.
        self.images: dict[str, Any] = {}


def _take_press(stylesheet: Stylesheet) -> _Press:
    with _pool_lock:
        idle = _pool.setdefault(stylesheet, deque())
        if idle:
            return idle.pop()
    return _Press(stylesheet)


def _give_back_press(stylesheet: Stylesheet, press: _Press, images: dict[str, Any]) -> None:
    # A server thread may live for one request only, so presses outlive threads in a pool. One
    # whose render failed or was broken off is not given back: its state is unknown.
    for url, image in images.items():
        if len(url) >= LARGE_IMAGE_CHARS and url not in press.images:
            press.images[url] = _encoded_once(image)
    while len(press.images) > MAX_IMAGES_KEPT:
        del press.images[next(iter(press.images))]
    with _pool_lock:
        _pool[stylesheet].append(press)


def _encoded_once(image: Any) -> Any:
    """Let an image keep how it is written into a PDF: a logo takes 10 ms to be encoded."""
    encode = getattr(image, 'get_x_object', None)
    if encode is None:
        return image
    encoded: dict[tuple, Any] = {}

    def get_x_object(*how: Any) -> Any:
        if how not in encoded:
            encoded[how] = encode(*how)
        # Whoever adds it to a file numbers it, and puts a reference in place of its mask.
        x_object = copy(encoded[how])
        x_object.extra = copy(x_object.extra)
        if mask := x_object.extra.get('SMask'):
            x_object.extra['SMask'] = copy(mask)
        return x_object

    image.get_x_object = get_x_object
    return image


def _make_fetcher(files: Mapping[str, Path]) -> 'URLFetcher':
    from weasyprint.urls import URLFetcher, URLFetcherResponse

    class ClosedFetcher(URLFetcher):
        def fetch(self, url: str, headers: Any = None) -> URLFetcherResponse:
            if url.startswith('data:'):
                return URLFetcherResponse(url, _read_image(url))
            name = url.removeprefix('stylesheet:')
            if name != url and name in files:
                return URLFetcherResponse(url, files[name].read_bytes())
            raise ValueError("not part of this document")

    return ClosedFetcher()


def _read_image(url: str) -> bytes:
    """Return the bytes of a ``data:`` image.

    :raises ValueError: it is no image, or one that would take too long or too much memory
    """
    if len(url) > MAX_IMAGE_BYTES * 4 / 3:
        raise ValueError("image too large")
    header, _comma, body = url.partition(',')
    try:
        raw = base64.b64decode(body) if header.endswith(';base64') else unquote_to_bytes(body)
    except binascii.Error as error:
        raise ValueError("not base64") from error
    if 'svg' in header:
        if len(raw) > MAX_SVG_BYTES or SVG_REFUSED.search(raw):
            raise ValueError("SVG too complex")
        return raw
    try:
        with Image.open(io.BytesIO(raw), formats=RASTER_FORMATS) as image:
            width, height = image.size
    except (OSError, SyntaxError, Image.DecompressionBombError) as error:
        raise ValueError("not an image") from error
    if width * height > MAX_IMAGE_PIXELS:
        raise ValueError("image has too many pixels")
    return raw


@contextmanager
def _no_garbage_collection() -> Iterator[None]:
    """Put off looking for garbage, in which a process as large as a server's spends an eighth of
    the time of a document."""
    global _renders_going, _was_collecting
    with _collecting_lock:
        if not _renders_going:
            _was_collecting = gc.isenabled()
            gc.disable()
        _renders_going += 1
    try:
        yield
    finally:
        with _collecting_lock:
            _renders_going -= 1
            if not _renders_going and _was_collecting:
                gc.enable()


class _TimeIsUp(BaseException):
    """Raised inside a render that takes too long; ``except Exception`` must not swallow it."""


@contextmanager
def _time_limit(seconds: float) -> Iterator[None]:
    # Neither an alarm (main thread only) nor a child process (0.5 s each) serves a web worker, so
    # another thread raises in this one. It reaches Python code only, which is where layout lives.
    # It is repeated, because what is raised while Python collects garbage is lost.
    thread_id = ctypes.c_ulong(threading.get_ident())
    lock = threading.Lock()
    ended = threading.Event()
    fired = threading.Event()

    def interrupt() -> None:
        pause = seconds
        while not ended.wait(pause):
            with lock:
                if not ended.is_set():
                    fired.set()
                    raise_in = ctypes.pythonapi.PyThreadState_SetAsyncExc
                    raise_in(thread_id, ctypes.py_object(_TimeIsUp))
            pause = 1

    threading.Thread(target=interrupt, daemon=True, name='pdf time limit').start()
    try:
        try:
            yield
        finally:
            with lock:
                ended.set()
    except _TimeIsUp:
        ended.set()
    if fired.is_set():
        raise PdfError('time', f"document not drawn within {seconds} seconds")
