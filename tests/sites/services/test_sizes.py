"""The size of a web site's instances: what the mode and the machine give, and how it is changed."""

import pytest
from django.conf import LazySettings

from sites.errors import InstanceCountRefused, InstanceSizeRefused, NotAllowed, NotEnoughMemory
from sites.models import InstanceSize, Mode, Operation, Revision, Site, SizeFigures, Slot
from sites.models.instance_size import SIZES, ChosenSize
from sites.services import sites, sizes
from sites.services.sizes import change_size, wanted_size
from tests.domain import Domain

MEDIUM = ChosenSize(InstanceSize.MEDIUM, SIZES[InstanceSize.MEDIUM])


@pytest.fixture(autouse=True)
def _eight_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sizes, "cores_offered", lambda: 8)


def own(cpu_percent: int, memory_mb: int) -> ChosenSize:
    return ChosenSize(InstanceSize.OWN, SizeFigures(cpu_percent, memory_mb))


def limits_of(slot: Slot) -> dict[str, float]:
    slot.refresh_from_db()
    return slot.live_revision.runnable["limits"]


def test_all_instances_of_both_slots_get_the_new_limits(domain: Domain) -> None:
    production, staging = domain.staged()
    former = production.live_revision
    operation = domain.work(change_size(acting_user=domain.alice, site=production.site, size=own(50, 256)))
    assert operation.outcome == "Instance size of 'contoso': own figures (0.5 cores and 256 MB of memory)."
    for slot in (production, staging):
        assert (limits_of(slot)["memory_mb"], limits_of(slot)["cpus"]) == (256, 0.5)
        assert (slot.live_revision.memory_mb, slot.live_revision.cpu_percent) == (256, 50)
    assert production.live_revision != former and domain.serves("contoso.localhost") == "one"


def test_own_figures_are_kept_while_a_named_size_is_in_force(domain: Domain) -> None:
    site = domain.create()
    domain.work(change_size(acting_user=domain.alice, site=site, size=own(50, 256)))
    domain.work(change_size(acting_user=domain.alice, site=Site.objects.get(), size=MEDIUM))
    site = Site.objects.get()
    assert site.size == MEDIUM
    assert wanted_size(site, "own") == own(50, 256)


def test_a_size_that_does_not_start_leaves_the_former_one(domain: Domain) -> None:
    production, _staging = domain.staged()
    before = production.live_revision
    domain.answer_everything("500")
    domain.answers[before.pk] = "200"
    operation = domain.work(change_size(acting_user=domain.alice, site=production.site, size=MEDIUM))
    assert operation.state == "failed"
    production.refresh_from_db()
    assert production.live_revision == before and Site.objects.get().instance_size == "small"


def test_size_and_counts_change_together(domain: Domain) -> None:
    production, staging = domain.staged()
    changing = {"acting_user": domain.alice, "site": production.site, "size": MEDIUM}
    with pytest.raises(InstanceCountRefused):
        change_size(**changing, counts={production.pk: 11})
    domain.work(change_size(**changing, counts={production.pk: 3}))
    assert [Slot.objects.get(pk=slot.pk).instance_count for slot in (production, staging)] == [3, 1]


@pytest.mark.parametrize(
    ("mode", "size", "reason"),
    [
        ("free", MEDIUM, "Medium is not a size of Free mode. Nothing was changed; each stays Small (1 core and 1,792"),
        ("shared", own(50, 256), "own figures is not a size of Shared mode"),
        ("standard", own(1, 256), "own figures are 5 to 6,400 % of a core and 64 to 262,144 MB of memory"),
        ("standard", own(100, 10), "own figures are 5 to"),
        ("standard", own(900, 256), "this machine has 8 cores and 1,000,000 MB of memory for web sites"),
    ],
)
def test_what_mode_or_machine_do_not_have_is_refused(domain: Domain, mode: str, size: ChosenSize, reason: str) -> None:
    site = domain.create(mode=mode)
    before = Operation.objects.count()
    with pytest.raises(InstanceSizeRefused) as refused:
        change_size(acting_user=domain.alice, site=site, size=size)
    assert reason in str(refused.value)
    assert Operation.objects.count() == before and Site.objects.get().size == site.size


def test_an_instance_that_is_larger_than_the_machine_is_refused_whatever_the_overcommit(
    domain: Domain, settings: LazySettings
) -> None:
    site = domain.create()
    settings.SITES_MEMORY_MB, settings.MEMORY_OVERCOMMIT = 2000, 10
    with pytest.raises(InstanceSizeRefused, match="this machine has 8 cores and 2,000 MB"):
        change_size(acting_user=domain.alice, site=site, size=MEDIUM)


def test_old_and_new_instances_have_to_fit_at_once(domain: Domain, settings: LazySettings) -> None:
    site = domain.create()
    settings.SITES_MEMORY_MB, settings.MEMORY_OVERCOMMIT = 1792 + 3584 - 1, 1
    with pytest.raises(NotEnoughMemory, match="needs 3,584 MB for new instances, and 3,583 MB of"):
        change_size(acting_user=domain.alice, site=site, size=MEDIUM)
    site.refresh_from_db()
    assert site.instance_size == "small"
    settings.SITES_MEMORY_MB += 1
    assert domain.work(change_size(acting_user=domain.alice, site=site, size=MEDIUM)).state == "succeeded"


def test_a_lesser_mode_makes_instances_as_large_as_it_allows(domain: Domain) -> None:
    production, _staging = domain.staged()
    domain.work(change_size(acting_user=domain.alice, site=production.site, size=own(50, 256)))
    operation = domain.work(sites.change_mode(acting_user=domain.alice, site=Site.objects.get(), mode="shared"))
    assert operation.outcome == (
        "'contoso' is in Shared mode now. Each instance is Medium (2 cores and 3,584 MB of memory)."
    )
    assert limits_of(production)["memory_mb"] == 3584
    assert set(Mode.SHARED.limits.sizes) == {InstanceSize.SMALL, InstanceSize.MEDIUM}


def test_a_change_of_mode_that_fails_gives_the_size_back(domain: Domain) -> None:
    production, _staging = domain.staged()
    domain.work(change_size(acting_user=domain.alice, site=production.site, size=own(50, 256)))
    production.refresh_from_db()
    domain.answer_everything("500")
    domain.answers[production.live_revision_id] = "200"
    operation = domain.work(sites.change_mode(acting_user=domain.alice, site=Site.objects.get(), mode="free"))
    assert operation.state == "failed"
    assert (Site.objects.get().mode, Site.objects.get().size) == ("standard", own(50, 256))


def test_readers_change_no_size(domain: Domain) -> None:
    site = domain.create()
    with pytest.raises(NotAllowed):
        change_size(acting_user=domain.bob, site=site, size=MEDIUM)
    assert not Revision.objects.filter(memory_mb=3584).exists()
