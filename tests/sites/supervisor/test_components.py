"""How the parts are started."""

from pytest_django import Settings

from sites.supervisor.components import component_named, components
from sites.supervisor.liveness import Liveness


def agent_command() -> tuple[str, ...]:
    (agent,) = (part for part in components(isolation="strong", web_socket=3) if part.name == "agent")
    return agent.command


def test_the_agent_is_told_what_sites_and_builds_may_reach(settings: Settings) -> None:
    settings.PRIVATE_NETWORKS, settings.NAME_SERVERS = "refuse", ["192.0.2.53", "192.0.2.54"]
    assert agent_command()[-6:] == (
        *("--private-networks", "refuse"),
        *("--name-server", "192.0.2.53", "--name-server", "192.0.2.54"),
    )


def test_a_running_agent_is_not_replaced_for_settings_that_are_not_given(settings: Settings) -> None:
    settings.PRIVATE_NETWORKS, settings.NAME_SERVERS = "allow", []
    assert agent_command()[-2:] == ("--isolation", "strong")


def test_every_part_is_asked_whether_it_lives() -> None:
    for part in components(isolation="strong", web_socket=3):
        assert part.liveness.ask != Liveness().ask, part.name


def test_a_stopped_router_is_found_first_and_a_slow_machine_gives_longer(settings: Settings) -> None:
    settings.READY_SECONDS = 600
    parts = {part.name: part.liveness for part in components(isolation="strong", web_socket=3)}
    assert parts["envoy"].stopped_seconds == min(liveness.stopped_seconds for liveness in parts.values()) == 1
    assert all(liveness.patience_seconds >= 300 for liveness in parts.values())


def test_up_leaves_out_the_part_that_somebody_else_runs(settings: Settings) -> None:
    every = {part.name for part in components(isolation="strong", web_socket=3)}
    settings.LEFT_OUT = "web"
    assert {part.name for part in components(isolation="strong", web_socket=3)} == every - {"web"}
    assert component_named("web", web_socket=7).descriptors == (7,)
