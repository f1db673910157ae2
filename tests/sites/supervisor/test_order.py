"""Parts come up side by side, and none before what it needs."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from sites.supervisor.order import in_order


def run(after: dict[str, tuple[str, ...]], **special: Callable[[], Awaitable[None]]) -> list[str]:
    """What began and ended, in order; a work takes a moment unless it is a special one."""
    seen: list[str] = []

    async def work(name: str) -> None:
        seen.append(f"{name} begins")
        try:
            await special.get(name, lambda: asyncio.sleep(0.01))()
        except asyncio.CancelledError:
            seen.append(f"{name} is given up")
            raise
        seen.append(f"{name} is up")

    async def all_works() -> None:
        await in_order({name: (others, lambda name=name: work(name)) for name, others in after.items()})

    try:
        asyncio.run(all_works())
    except ValueError as error:
        seen.append(str(error))
    return seen


def test_each_begins_when_all_that_it_needs_are_up() -> None:
    seen = run({"envoy": ("xds",), "xds": ("agent", "redis"), "agent": (), "redis": ()})
    assert set(seen[:2]) == {"agent begins", "redis begins"}
    assert set(seen[2:4]) == {"agent is up", "redis is up"}
    assert seen[4:] == ["xds begins", "xds is up", "envoy begins", "envoy is up"]


def test_what_nobody_starts_here_is_there_already() -> None:
    assert run({"worker": ("redis",)}) == ["worker begins", "worker is up"]


@pytest.mark.parametrize("slow", ["web", "envoy"])
def test_the_first_failure_ends_what_has_begun_and_begins_nothing_more(slow: str) -> None:
    async def fail() -> None:
        raise ValueError("xds did not come up")

    seen = run({"xds": (), slow: (), "late": ("xds",)}, xds=fail, **{slow: lambda: asyncio.sleep(60)})
    assert seen == ["xds begins", f"{slow} begins", f"{slow} is given up", "xds did not come up"]
