"""What crosses the exec of a restart."""

import json

from sites.supervisor.resume import Resume, taken_over


def test_a_first_start_takes_nothing_over() -> None:
    assert taken_over({}) is None


def test_what_was_left_is_taken_over() -> None:
    left = {"lock": 3, "web_socket": 4, "restarts": 1, "since": 2.5, "isolation": "strong"}
    assert taken_over({"GREENROOM_RESUME": json.dumps(left)}) == Resume(3, 4, 1, 2.5, "strong")
