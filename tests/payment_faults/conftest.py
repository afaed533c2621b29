"""One practice for all files here, with two workers that reach Stripe by a gate."""

import pytest

from tests import served

globals().update(served.fixtures("package"))


@pytest.fixture(scope="package")
def server_options(stripe_gate):
    return {"workers": 2, "stripe_url": stripe_gate.url}
