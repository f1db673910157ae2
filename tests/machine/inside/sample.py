"""The sample web site on the running Greenroom: `python -m tests.machine.inside.sample create`, then `swap`."""

import sys
import time

import django

django.setup()

from sites.management.welcome import administrator  # noqa: E402 - models need the set-up
from sites.models import Operation, Slot  # noqa: E402
from sites.services.custom_sites import SAMPLE_NAME, Beginning, create_custom_site  # noqa: E402
from sites.services.subscriptions import ensure_default  # noqa: E402
from sites.services.swaps import request_swap  # noqa: E402


def create() -> Operation:
    """Version 1 in production, version 2 in staging."""
    user = administrator()
    return create_custom_site(
        acting_user=user,
        subscription=ensure_default(owner=user),
        name=SAMPLE_NAME,
        mode="standard",
        instance_count=2,
        beginning=Beginning.SAMPLE,
        has_staging=True,
    )


def swap() -> Operation:
    """Of staging and production."""
    source, target = (Slot.objects.get(site__name=SAMPLE_NAME, is_production=value) for value in (False, True))
    return request_swap(acting_user=administrator(), source=source, target=target)


if __name__ == "__main__":
    operation = {"create": create, "swap": swap}[sys.argv[1]]()
    while operation.is_open:
        time.sleep(1)
        operation.refresh_from_db()
    sys.stdout.write(f"{operation.state}: {operation.outcome}\n")
