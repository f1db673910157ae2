"""An administrator at Django admin."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.test import Client

from tests.domain import Domain


@pytest.fixture
def admin(domain: Domain, browser: Callable[[User], Client]) -> Client:
    """Alice, who may also use Django admin."""
    User.objects.filter(pk=domain.alice.pk).update(is_staff=True, is_superuser=True)
    domain.alice.refresh_from_db()
    return browser(domain.alice)
