"""A worker ends when one of its tasks outlasts its limit, since a thread cannot be killed."""

from types import SimpleNamespace

from sites.supervisor.worker import TimeLimits


def task(name: str, own: int | None, common: int | None) -> SimpleNamespace:
    request = SimpleNamespace(timelimit=(own, None) if own else None)
    return SimpleNamespace(
        name=name, request=request, app=SimpleNamespace(conf=SimpleNamespace(task_time_limit=common))
    )


def test_a_task_is_overdue_after_its_own_limit_else_after_that_of_all() -> None:
    now = [0.0]
    limits = TimeLimits(clock=lambda: now[0])
    limits.begin(task("swap", None, 120), "1")  # type: ignore[arg-type]
    limits.begin(task("build", 1500, 120), "2")  # type: ignore[arg-type]
    limits.begin(task("endless", None, None), "3")  # type: ignore[arg-type]
    assert limits.overdue() == []
    now[0] = 120
    assert limits.overdue() == ["swap"]
    now[0] = 1500
    assert limits.overdue() == ["swap", "build"]


def test_what_has_ended_is_not_overdue() -> None:
    now = [0.0]
    limits = TimeLimits(clock=lambda: now[0])
    limits.begin(task("swap", None, 120), "1")  # type: ignore[arg-type]
    limits.end("1")
    limits.end("unknown")
    now[0] = 1000
    assert limits.overdue() == []
