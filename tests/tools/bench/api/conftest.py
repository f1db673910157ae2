"""What programs are answered here."""

from typing import Any

import pytest
from django.test import Client

from tools.bench.api.description import Description
from tools.bench.api.program import PREFIX, Seen


@pytest.fixture
def seen(db: None) -> Seen:
    """Nothing so far, with the description as it is served."""
    found: Any = Client(SERVER_NAME="localhost").get(f"{PREFIX}/openapi.json")
    return Seen(Description(found.json()))
