"""Size, counts, modes and autoscale of real instances, under visitors who must not notice."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest

from sites.errors import AutoscaleRefused, NotSwappable
from sites.models import ChosenSize, CountRange, InstanceSize, Operation, SizeFigures, Swap
from sites.services.autoscale import Rule, decisions_of, save_rule
from sites.services.sites import change_mode
from sites.services.sizes import change_size
from tests.live import archives
from tests.live.stage import assert_unnoticed, judge, stage, using, versions, visitors
from tests.live.system import System
from tests.live.system import wait_for as wait_until
from tools.demo.operations import wait_for
from tools.demo.staged_site import StagedSite
from tools.prober.load import Load

pytestmark = pytest.mark.live

BURN = """            case "/burn":
                began, used = time.monotonic(), time.process_time()
                while time.monotonic() - began < 1:
                    pass
                self.say(f"{(time.process_time() - used) / (time.monotonic() - began)}".encode())
            case "/slow":
"""
FIFTH = ChosenSize(InstanceSize.OWN, SizeFigures(cpu_percent=20, memory_mb=256))
"""A fifth of a core: what burns it leaves the machine to the others."""


def burning(version: str) -> bytes:
    """The good one, which also keeps a processor busy for a second, and says which share of one it was given."""
    text = archives.PROBED.read_text().replace('            case "/slow":\n', BURN)
    return archives.zipped(app__py=text, VERSION=version, Procfile=archives.WEB)


@pytest.fixture
def site(system: System) -> Iterator[StagedSite]:
    """Version 1 in production, 2 in staging, one instance each."""
    with using(system):
        yield stage(system, "scaled", instances=1, is_marked=False, archive=burning)


def counts(site: StagedSite) -> tuple[int, int]:
    """How many warm instances lead visitors to production and to staging."""
    production, staging = (slot.live_revision for slot in (site.production, site.staging))
    return production.instances.filter(is_warm=True).count(), staging.instances.filter(is_warm=True).count()


def test_size_and_counts_stay_with_their_slots_and_nobody_notices(system: System, site: StagedSite) -> None:
    wanted = {site.production.pk: 3, site.staging.pk: 1}
    with Load(visitors(site, is_light=True)) as load:
        wait_for(change_size(acting_user=site.user, site=site.production.site, size=FIFTH, counts=wanted))
        assert counts(site) == (3, 1)
        site.swap()
        assert counts(site)[0] == 3
    assert (site.production.instance_count, site.staging.instance_count) == (3, 1)
    assert_unnoticed(judge(load.records, site), at_least=50)
    swap = Swap.objects.filter(operation__site__name=site.name).latest("pk")
    warmed = swap.operation.steps.get(step="warming")
    assert warmed.sentence == "3 of 3 instances answering"
    assert warmed.ended_at <= swap.switched_at
    with system.client(site.name) as client:
        assert float(client.get("/burn").text) < 0.5


def test_outside_of_standard_mode_staging_serves_and_is_changed_but_not_swapped(
    system: System, site: StagedSite
) -> None:
    before = versions(system, site)
    with system.signed_in() as portal:
        question = portal.get(f"/sites/{site.name}/production/mode/?mode=free").text
        assert "Greenroom stops further instances after their requests" in question
        assert "Its slots can no longer be swapped. Staging keeps serving, and you can still edit it." in question
        wait_for(change_mode(acting_user=site.user, site=site.production.site, mode="free"))
        bar = portal.get(f"/sites/{site.name}/staging/dashboard/").text
        assert "is in Free mode and no longer swappable" in bar
    assert versions(system, site) == before
    wait_for(site.publish(site.staging, burning("3"), "version-3"))
    assert versions(system, site)[1] == "3"
    with pytest.raises(NotSwappable):
        site.request_swap()
    wait_until(lambda: counts(site) == (1, 1), 60, "what is beyond the limit of Free mode has ended")
    wait_for(change_mode(acting_user=site.user, site=site.production.site, mode="standard"))
    wait_for(site.request_swap())
    assert versions(system, site)[0] == "3"


def test_load_scales_production_out_and_in_again_and_staging_never(system: System, site: StagedSite) -> None:
    rule = Rule(
        is_on=True, metric="cpu", low=30, high=60, out_seconds=0, in_seconds=0, ranges={"always": CountRange(1, 2)}
    )
    with system.signed_in() as portal:
        page = portal.get(f"/sites/{site.name}/staging/scale/").text
        assert "AutoScale is not available for non-production slots." in page
    with pytest.raises(AutoscaleRefused):
        save_rule(acting_user=site.user, slot=site.staging, rule=rule)
    one = {site.production.pk: 1}
    wait_for(change_size(acting_user=site.user, site=site.production.site, size=FIFTH, counts=one))
    save_rule(acting_user=site.user, slot=site.production, rule=rule)
    calm = Event()

    def burn() -> None:
        with system.client(site.name) as client:
            while not calm.is_set():
                client.get("/burn")

    with ThreadPoolExecutor(1) as visitor:
        burning = visitor.submit(burn)
        wait_until(lambda: site.production.instance_count == 2, 60, "load has scaled out")
        calm.set()
        burning.result()
    wait_until(lambda: site.production.instance_count == 1, 60, "calm has scaled in")
    save_rule(acting_user=site.user, slot=site.production, rule=Rule(ranges={"always": CountRange(1, 1)}))
    first, second = sorted(decisions_of(site.production), key=lambda one: one.pk)[:2]
    wait_for(second)
    assert "above the target of 30 to 60 %" in Operation.objects.get(pk=first.pk).outcome
    assert "below the target of 30 to 60 %" in Operation.objects.get(pk=second.pk).outcome
    assert site.staging.instance_count == 1
