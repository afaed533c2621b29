"""Turn a template into a response."""

from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader
from werkzeug.wrappers import Response

from .. import money

_environment = Environment(
    loader=FileSystemLoader(Path(__file__).parent / 'templates'),
    autoescape=True,
    trim_blocks=True,
    lstrip_blocks=True,
)
_environment.filters['money'] = lambda amount, currency: money.text(amount, currency)


def page(template: str, status: int = 200, **values: Any) -> Response:
    """Return a rendered page."""
    text = _environment.get_template(template).render(**values)
    return Response(
        text,
        status,
        content_type='text/html; charset=utf-8',
        headers={'Cache-Control': 'no-store', 'Referrer-Policy': 'no-referrer'},
    )
