"""What the report is held to."""

from tools.bench.api.story import KEYS, TARGETS


def test_every_target_is_a_key_of_the_report() -> None:
    assert set(TARGETS) <= set(KEYS)
