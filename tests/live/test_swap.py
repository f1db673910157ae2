"""Swaps of real instances through the real router, under load: the promise of the seed."""

import contextlib
import html
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Barrier

import httpx
import pytest

from sites.content.samples import demo_archive
from sites.errors import SlotBusy
from sites.models import Operation, OperationState, SlotHold
from sites.operations.kind import INTO_SERVICE
from sites.operations.kinds.swap import SWAP
from sites.services.slots import scale
from sites.services.swaps import complete_swap, request_swap
from tests.live.moments import standing_still
from tests.live.stage import assert_unnoticed, judge, stage, using, versions, visitors
from tests.live.system import System
from tests.live.system import wait_for as wait_until
from tools.demo.crowds import flask_visitors
from tools.demo.operations import wait_for
from tools.demo.staged_site import StagedSite
from tools.prober.load import Load

pytestmark = pytest.mark.live

KINDS = {
    "keep-alive",
    "connection per request",
    "POST 64 KiB",
    "2 s request",
    "streaming",
    "trickled upload",
    "WebSocket",
}


@pytest.fixture
def marked(system: System) -> Iterator[StagedSite]:
    """Slots that differ in a sticky setting: every swap starts instances."""
    with using(system):
        yield stage(system, "swapped")


@pytest.fixture
def plain(system: System) -> Iterator[StagedSite]:
    """Nothing sticks: swaps reuse the instances that run."""
    with using(system):
        yield stage(system, "reused", is_marked=False)


def warmups(system: System, site: StagedSite, *, at_least: int, before_visitors: bool = False) -> dict[str, int]:
    """Instance of production → how often it was asked to warm up, in all or before its first visitor, for as many
    as answer."""
    seen: dict[str, int] = {}
    with system.client(site.hosts[0].removesuffix(".localhost")) as client:
        for _ in range(20 * at_least):
            instance, *numbers = client.get("/warmups", headers={"Connection": "close"}).text.split()
            seen[instance] = int(numbers[before_visitors])
            if len(seen) >= at_least:
                break
    return seen


def test_swaps_there_and_back_lose_no_request(system: System, marked: StagedSite) -> None:
    with Load(visitors(marked)) as load:
        time.sleep(1)
        for _ in range(4):
            marked.swap()
            time.sleep(1)
    findings = judge(load.records, marked)
    assert_unnoticed(findings, at_least=500)
    assert set(findings.by_kind) == KINDS
    assert versions(system, marked) == ("1", "2")


def test_both_addresses_change_at_the_swap(system: System, marked: StagedSite) -> None:
    before = versions(system, marked)
    marked.swap()
    assert versions(system, marked) == before[::-1]


def test_a_second_swap_rolls_back_at_once(system: System, marked: StagedSite) -> None:
    before = versions(system, marked)
    marked.swap()
    marked.swap()
    assert versions(system, marked) == before


def test_a_swap_can_be_asked_for_from_either_side(system: System, marked: StagedSite) -> None:
    before = versions(system, marked)
    from_production = marked.request_swap(is_from_production=True)
    wait_for(from_production)
    marked.note_swap(from_production, 0.0)
    assert versions(system, marked) == before[::-1]


def test_sticky_settings_stay_with_their_slot(system: System, marked: StagedSite) -> None:
    for _ in range(2):
        marked.swap()
        for host, slot in zip(marked.hosts, ("production", "staging"), strict=True):
            with system.client(host.removesuffix(".localhost")) as client:
                assert client.get("/").headers["X-Slot"] == slot


def test_every_instance_is_warm_before_the_first_visitor(system: System, marked: StagedSite) -> None:
    wait_for(scale(acting_user=marked.user, slot=marked.production, count=3))
    with Load(visitors(marked, is_light=True)):
        marked.swap()
    seen = warmups(system, marked, at_least=3, before_visitors=True)
    assert len(seen) == 3
    assert all(number >= 1 for number in seen.values())
    wait_for(scale(acting_user=marked.user, slot=marked.production, count=2))


def test_a_reused_instance_is_asked_again_each_time_it_goes_into_production(system: System, plain: StagedSite) -> None:
    plain.swap()
    first = warmups(system, plain, at_least=2)
    plain.swap()
    plain.swap()
    second = warmups(system, plain, at_least=2)
    assert second.keys() == first.keys()
    assert all(second[instance] == first[instance] + 1 for instance in first)


def test_a_swap_of_equal_slots_takes_under_a_second(plain: StagedSite) -> None:
    assert min(plain.swap() for _ in range(4)) < 1.0


def test_slots_of_different_counts_keep_their_counts(system: System, plain: StagedSite) -> None:
    wait_for(scale(acting_user=plain.user, slot=plain.production, count=3))
    with Load(visitors(plain, is_light=True)) as load:
        plain.swap()
        plain.swap()
        wait_until(lambda: load.count >= 50, 60, "there were visitors enough")
    assert_unnoticed(judge(load.records, plain), at_least=50)
    assert (plain.production.instance_count, plain.staging.instance_count) == (3, 2)
    wait_until(lambda: len(warmups(system, plain, at_least=3)) == 3, 60, "production has three instances")
    wait_for(scale(acting_user=plain.user, slot=plain.production, count=2))


def test_a_swap_tells_its_steps_and_lets_go_of_the_slots(marked: StagedSite) -> None:
    operation = marked.request_swap()
    assert SlotHold.objects.filter(operation=operation).count() == 2
    requested_at = time.monotonic()
    wait_for(operation)
    marked.note_swap(operation, requested_at)
    steps = list(operation.steps.values_list("step", flat=True))
    assert steps == list(INTO_SERVICE)
    assert operation.outcome.startswith("Swapped 'swapped' and 'swapped (staging)' in ")
    assert not SlotHold.objects.filter(operation=operation).exists()


def test_of_many_requests_at_the_same_moment_one_is_taken(system: System, plain: StagedSite) -> None:
    start = Barrier(6)

    def ask(_: int) -> str:
        with system.database():
            start.wait(10)
            try:
                request_swap(acting_user=plain.user, source=plain.staging, target=plain.production, with_preview=True)
            except SlotBusy as busy:
                return str(busy)
            return "taken"

    with standing_still(system), ThreadPoolExecutor(6) as pool:  # else it is prepared before the last has asked
        said = list(pool.map(ask, range(6)))
    assert said.count("taken") == 1
    assert all("held by the swap of admin since" in one for one in said if one != "taken"), said
    operation = Operation.objects.filter(site__name=plain.name, kind=SWAP.name).latest("pk")
    wait_until(
        lambda: Operation.objects.get(pk=operation.pk).state == OperationState.WAITING, 20, "the preview is shown"
    )
    completed = complete_swap(acting_user=plain.user, operation=operation)
    wait_for(completed)
    plain.note_swap(completed, time.monotonic())
    assert versions(system, plain) == plain.serves
    assert not SlotHold.objects.filter(slot__site__name=plain.name).exists()


def test_of_two_administrators_who_press_swap_at_once_one_is_told_whose_swap_goes_on(
    system: System, plain: StagedSite
) -> None:
    administrators = ("admin", "second")
    with contextlib.ExitStack() as stack, ThreadPoolExecutor(2) as pool:
        clients = [stack.enter_context(system.signed_in(name)) for name in administrators]
        start = Barrier(2)

        def press(client: httpx.Client) -> httpx.Response:
            start.wait(10)
            return client.post(f"/sites/{plain.name}/staging/swap/", data={})

        for _ in range(3):
            requested_at = time.monotonic()
            with standing_still(system):  # else the first swap may be over before the second request is read
                answers = list(pool.map(press, clients))
                (operation,) = Operation.objects.filter(site__name=plain.name, state__in=Operation.OPEN)
            assert sorted(answer.status_code for answer in answers) == [303, 409]
            taken = next(number for number, answer in enumerate(answers) if answer.status_code == 303)
            sentence = html.unescape(answers[1 - taken].text)
            assert f"held by the swap of {administrators[taken]} since" in sentence
            assert operation.actor_name == administrators[taken]
            wait_for(operation)
            plain.note_swap(operation, requested_at)
    assert versions(system, plain) == plain.serves


def test_a_flask_application_is_built_and_swapped_under_load(system: System) -> None:
    with using(system):
        site = stage(system, "flask", archive=partial(demo_archive, "flask"))
        with Load(flask_visitors(site.name, ("127.0.0.1", site.port), site.hosts)) as load:
            site.swap()
            site.swap()
            wait_until(lambda: load.count >= 100, 60, "there were visitors enough")
        assert_unnoticed(judge(load.records, site), at_least=100)
        assert versions(system, site) == ("1", "2")
