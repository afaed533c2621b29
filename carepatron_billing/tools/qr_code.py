"""QR codes."""

import base64
import io
from functools import lru_cache

import qrcode
from PIL import Image


@lru_cache(maxsize=256)
def qr_code(text: str) -> str:
    """Return `text` as a QR code: a PNG of two pixels a module, as a `data:` URL.

    The printer scales it; as vectors the same code takes 50 ms more to draw.
    """
    # Any of the eight masks can be read; looking for the prettiest takes longer than all the rest.
    code = qrcode.QRCode(error_correction=qrcode.ERROR_CORRECT_M, border=0, mask_pattern=2)
    code.add_data(text)
    rows = code.get_matrix()
    size = len(rows)
    modules = bytes(0 if is_dark else 255 for row in rows for is_dark in row)
    image = Image.frombytes('L', (size, size), modules)
    output = io.BytesIO()
    image.resize((2 * size, 2 * size), Image.Resampling.NEAREST).save(output, 'PNG')
    return 'data:image/png;base64,' + base64.b64encode(output.getvalue()).decode()
