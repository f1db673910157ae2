"""The sites that are measured."""

from django.conf import settings
from django.contrib.auth import get_user_model

from sites.services.subscriptions import ensure_default
from tools.bench.applications import archive
from tools.demo.staged_site import StagedSite


def make_site(name: str, instances: int, *, is_marked: bool = False) -> StagedSite:
    """Not yet set up, and an administrator's. `is_marked` gives each slot a sticky setting of its own."""
    user = get_user_model().objects.filter(is_superuser=True).order_by("pk").first()
    if user is None:
        user = get_user_model().objects.create_superuser("bench")
    subscription = ensure_default(owner=user)
    return StagedSite(name, user, subscription, archive, settings.PORT, instances, is_marked=is_marked)
