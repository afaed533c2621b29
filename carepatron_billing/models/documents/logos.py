"""Logos: checked when they are stored, and made as small as print needs."""

import base64
import binascii
import io
import re

from PIL import (
    GifImagePlugin,
    Image,
    ImageOps,
    JpegImagePlugin,
    PngImagePlugin,
    WebPImagePlugin,
)

# 62 x 21 mm at 300 dots an inch, and some to spare.
MAX_SIZE = (900, 360)
MAX_BYTES = 10_000_000
MAX_PIXELS = 40_000_000
MAX_SVG_BYTES = 100_000
FORMATS = [
    plugin.format
    for plugin in (
        PngImagePlugin.PngImageFile,
        JpegImagePlugin.JpegImageFile,
        GifImagePlugin.GifImageFile,
        WebPImagePlugin.WebPImageFile,
    )
]
# What makes of a small drawing endless work, runs in a browser or points elsewhere.
SVG_REFUSED = re.compile(
    rb'<!entity|<(?:\w+:)?(?:use|pattern|filter|script|foreignObject)\b|\son\w+\s*='
    rb'|href\s*=\s*["\'](?!#|data:image/(?:png|jpeg))|url\(\s*["\']?(?!#)|@import',
    re.IGNORECASE,
)


class LogoError(Exception):
    """A logo that cannot be used. ``reason``: ``broken``, ``large`` or ``drawing``."""

    def __init__(self, reason):
        super().__init__(reason)
        self.reason = reason


def prepare_logo(content: bytes) -> bytes:
    """Return a logo as it is kept: an SVG as it is, any other as a small PNG or JPEG.

    :param content: base64 of PNG, JPEG, GIF, WebP or SVG
    :return: base64
    :raise LogoError: it is none of these, too large, or a drawing that does too much
    """
    try:
        raw = base64.b64decode(content, validate=False)
    except binascii.Error as error:
        raise LogoError('broken') from error
    if len(raw) > MAX_BYTES:
        raise LogoError('large')
    if b'<svg' in raw[:5000].lower():
        return _prepare_svg(raw)
    try:
        with Image.open(io.BytesIO(raw), formats=FORMATS) as image:
            if image.width * image.height > MAX_PIXELS:
                raise LogoError('large')
            if not _is_whole(image, raw):
                raise LogoError('broken')
        with Image.open(io.BytesIO(raw), formats=FORMATS) as image:
            image.load()
            return _prepare_raster(image, raw)
    # Pillow's decoders raise each of these for a damaged file.
    except (OSError, SyntaxError, ValueError, EOFError, Image.DecompressionBombError) as error:
        raise LogoError('broken') from error


def _prepare_svg(raw):
    if len(raw) > MAX_SVG_BYTES or SVG_REFUSED.search(raw):
        raise LogoError('drawing')
    from lxml import etree

    try:
        root = etree.fromstring(raw, etree.XMLParser(resolve_entities=False, no_network=True))
    except etree.XMLSyntaxError as error:
        raise LogoError('broken') from error
    if etree.QName(root).localname != 'svg':
        raise LogoError('broken')
    return base64.b64encode(raw)


def _is_whole(image, raw):
    # Odoo has Pillow load a file that ends too early, and show black where it does.
    if image.format == 'PNG':
        image.verify()
    return image.format != 'JPEG' or b'\xff\xd9' in raw


def _prepare_raster(image, raw):
    small = image.width <= MAX_SIZE[0] and image.height <= MAX_SIZE[1]
    turned = image.getexif().get(0x0112, 1) != 1
    if small and not turned and image.format in ('PNG', 'JPEG') and image.mode != 'CMYK':
        return base64.b64encode(raw)
    is_photo = image.format == 'JPEG'
    # A copy: what is done below to the one of a palette would lose its transparency.
    picture = ImageOps.exif_transpose(image).convert('RGB' if is_photo else 'RGBA')
    picture.thumbnail(MAX_SIZE, Image.Resampling.LANCZOS)
    output = io.BytesIO()
    if is_photo:
        picture.save(output, 'JPEG', quality=90)
    else:
        picture.save(output, 'PNG', optimize=True)
    return base64.b64encode(output.getvalue())
