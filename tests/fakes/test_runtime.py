"""The runtime without processes does what it is told, as a real one would report it."""

import pytest

from sites.errors import RuntimeUnreachable, StaleOrder
from sites.runtime.spec import InstanceState, RevisionSpec, RunSpec, RunState
from tests.fakes.runtime import MemoryRuntime


def revision(revision_id: int = 1, *, count: int = 2, generation: int = 1, command: str = "serve") -> RevisionSpec:
    return RevisionSpec(revision_id, generation, 1, "contoso", count, "/app", (command,), {})


def test_wanted_instances_run_at_once_at_addresses_of_their_own() -> None:
    runtime = MemoryRuntime()
    runtime.apply(revision(1))
    runtime.apply(revision(257))
    statuses = runtime.observe()
    assert [item.state for item in statuses] == [InstanceState.RUNNING] * 4
    assert len({item.address for item in statuses}) == 4
    assert [item.revision_id for item in runtime.observe([257])] == [257, 257]
    runtime.apply(revision(1, count=0, generation=2))
    assert runtime.observe([1]) == []


def test_a_lower_generation_is_refused_and_an_equal_one_is_not() -> None:
    runtime = MemoryRuntime()
    runtime.apply(revision(generation=3))
    runtime.apply(revision(generation=3))
    with pytest.raises(StaleOrder):
        runtime.apply(revision(generation=2, count=0))
    assert len(runtime.observe()) == 2


def test_instances_fail_as_they_were_told() -> None:
    runtime = MemoryRuntime()
    runtime.exit_with(1, 0, 3)
    runtime.exit_with(("broken",), 1, 4)
    runtime.never_listen(3, 0)
    for spec in (revision(1), revision(2, command="broken"), revision(3)):
        runtime.apply(spec)
    reported = [(item.state.value, item.exit_code) for item in runtime.observe()]
    fine = ("running", None)
    assert reported == [("backoff", 3), fine, fine, ("backoff", 4), ("starting", None), fine]
    runtime.recover()
    assert {item.state for item in runtime.observe()} == {InstanceState.RUNNING}


def test_a_run_happens_once_and_ends_as_it_was_told() -> None:
    runtime = MemoryRuntime()
    spec = RunSpec("build-1", 1, "contoso", ("make",), {}, ())
    assert runtime.observe_run("build-1").state is RunState.UNKNOWN
    runtime.start_run(spec)
    runtime.start_run(spec)
    assert runtime.orders == [spec]
    assert runtime.observe_run("build-1").exit_code == 0
    runtime.end_run_with("build-1", None)
    assert runtime.observe_run("build-1").state is RunState.RUNNING
    runtime.end_run("build-1")
    assert runtime.observe_run("build-1").state is RunState.UNKNOWN


def test_nothing_is_done_while_it_is_out_of_reach() -> None:
    runtime = MemoryRuntime(is_reachable=False)
    for ask in (lambda: runtime.apply(revision()), runtime.observe, lambda: runtime.observe_run("x")):
        with pytest.raises(RuntimeUnreachable):
            ask()
    assert runtime.orders == []


def test_connections_are_cut_in_part() -> None:
    runtime = MemoryRuntime(connections={1: 10})
    assert [runtime.kill_connections(1, fraction=0.5), runtime.kill_connections(1, fraction=1.0)] == [5, 5]
    assert runtime.cuts == [(1, 0.5), (1, 1.0)]


def test_the_last_lines_of_a_log_are_kept() -> None:
    runtime = MemoryRuntime()
    runtime.write_log(1, 0, "one", "two", "three")
    assert runtime.log_tail(1, 0, lines=2) == ["two", "three"]
    assert runtime.log_tail(1, 1) == []
