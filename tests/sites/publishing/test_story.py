"""What a push tells of its publication while that goes on."""

from pathlib import Path

from sites.models import Operation, Step
from sites.planning import build_log
from sites.publishing.story import Follower, Story
from tests.domain import Domain


def test_a_log_is_followed_line_by_line_and_acts_on_no_terminal(tmp_path: Path) -> None:
    log = tmp_path / "log"
    follower = Follower(log)
    assert follower.lines() == []
    log.write_text("first\nsec")
    assert follower.lines() == ["first"]
    log.write_text("first\nsecond\x1b[31m\x07\n")
    assert follower.lines() == ["second\\x07"]
    log.write_text("new\n")
    assert follower.lines() == ["new"], "it was full and moved aside"


def test_each_step_is_told_once(domain: Domain) -> None:
    production, _ = domain.staged()
    operation = domain.ask_to_publish(production, "three")
    story = Story(operation)
    assert story.news() == []
    Operation.objects.filter(pk=operation.pk).update(step=Step.STARTING)
    assert story.news() == ["Starting the instances …"]
    assert story.news() == []


def test_the_end_of_a_log_that_was_told_is_not_told_again(domain: Domain) -> None:
    production, _ = domain.staged()
    story = Story(domain.ask_to_publish(production, "three"))
    story.operation.outcome = "The build failed.\nIts last lines:\nerror"
    story.operation.step = Step.BUILDING
    assert story.outcome() == ["The build failed."]
    story.operation.step = Step.STARTING
    assert story.outcome() == ["The build failed.", "Its last lines:", "error"]
    assert build_log(story.operation.deployment)
