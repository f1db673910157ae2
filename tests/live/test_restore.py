"""A deleted web site comes back on the real system, with its content, in a browser without scripts."""

import re

import pytest

from sites.management.welcome import administrator
from sites.models import Operation, Site
from sites.services.custom_sites import Beginning, create_custom_site
from sites.services.restore import restore
from sites.services.sites import delete_site
from sites.services.subscriptions import ensure_default
from tests.live.stage import using
from tests.live.system import System
from tools.demo.operations import wait_for

pytestmark = pytest.mark.live


def test_a_deleted_site_is_restored_with_what_it_served(system: System) -> None:
    with using(system):
        user = administrator()
        wait_for(
            create_custom_site(
                acting_user=user,
                subscription=ensure_default(owner=user),
                name="phoenix",
                mode="standard",
                instance_count=1,
                beginning=Beginning.SAMPLE,
                has_staging=True,
            )
        )
        before = [said(system, host) for host in ("phoenix", "phoenix-staging")]
        site = Site.objects.get(name="phoenix")
        deleted = delete_site(acting_user=user, site=site, typed_name="phoenix")
        wait_for(deleted)
        with system.client("phoenix") as visitor:
            assert visitor.get("/").status_code == 404
        wait_for(restore(acting_user=user, operation=Operation.objects.get(pk=deleted.pk)))
        assert [said(system, host) for host in ("phoenix", "phoenix-staging")] == before == ["Version 1", "Version 2"]
        wait_for(delete_site(acting_user=user, site=Site.objects.get(name="phoenix"), typed_name="phoenix"))


def said(system: System, host: str) -> str:
    """What a visitor reads there."""
    with system.client(host) as visitor:
        found = re.search(r"Version \d", visitor.get("/").text)
    assert found
    return found[0]
