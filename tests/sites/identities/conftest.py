"""An issuer that the installation may ask."""

from collections.abc import Iterator

import pytest
from pytest_django import Settings

from sites.identities import issuers
from tests.fakes.token_issuer import TokenIssuer, running_issuer


@pytest.fixture
def issuer(settings: Settings) -> Iterator[TokenIssuer]:
    with running_issuer() as one:
        settings.TRUST_HOSTS = [one.issuer.removeprefix("http://")]
        issuers.forget()
        yield one
        issuers.forget()
