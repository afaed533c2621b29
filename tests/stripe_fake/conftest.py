"""One stand-in for all files here, as new before each test."""

import pytest

from dev.stripe_fake.client import FakeClient
from tests.stripe_fake.caller import ACCOUNT, KEY, Receiver, client_of, launch, listen, stop


@pytest.fixture(scope='package')
def url():
    process, url = launch()
    yield url
    assert stop(process) == 0


@pytest.fixture
def fake(url):
    fake = FakeClient(url)
    fake.reset()
    fake.set(retry_pauses=[0.05, 0.05])
    fake.key(KEY, account=ACCOUNT)
    return fake


@pytest.fixture
def client(fake):
    return client_of(fake)


@pytest.fixture
def receiver():
    receiver = Receiver()
    yield receiver
    receiver.close()


@pytest.fixture
def secret(client, receiver):
    """The signing secret of an endpoint that listens to everything."""
    return listen(client, receiver).secret
