"""What goes over the wire, into the store and through everything between: plain JSON."""

from collections.abc import Callable, Sequence
from typing import Any

from werkzeug.wrappers import Response

#: An object of Stripe's, the parameters of a call, or any other JSON object.
Record = dict[str, Any]
#: Path, methods and view of a page.
Route = tuple[str, Sequence[str], Callable[..., Response]]
