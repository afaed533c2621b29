"""One practice for all files here, which is not connected to Stripe before a test does it."""

import pytest

from tests import served
from tests.practice import Practice
from tests.stripe_setup.manager import disconnect

globals().update(served.fixtures("package"))


@pytest.fixture(scope="package")
def server_options():
    return {"stripe_platform_key": "sk_test_platformOfThisInstallation"}


@pytest.fixture(scope="package")
def practice(server, stack, database):
    """The demo practice before its payments are set up."""
    return Practice(server, stack, database)


@pytest.fixture
def fake(practice):
    """The Stripe fake, delivering as usual and without faults; nothing is connected to it."""
    disconnect(practice)
    yield practice.stripe
    practice.stripe.clear_faults()
    practice.stripe.release()
