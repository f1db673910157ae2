"""Numbers with their nouns."""

import pytest

from sites.counted import counted


@pytest.mark.parametrize(
    ("count", "said"), [(0, "0 instances"), (1, "1 instance"), (2, "2 instances"), (12_000, "12,000 instances")]
)
def test_one_is_one_and_everything_else_is_many(count: int, said: str) -> None:
    assert counted(count, "instance") == said


def test_a_part_is_many_and_a_noun_may_have_a_plural_of_its_own() -> None:
    assert [counted(cores, "core") for cores in (0.5, 1.0, 2.5)] == ["0.5 cores", "1 core", "2.5 cores"]
    assert [counted(count, "address", "addresses") for count in (1, 2)] == ["1 address", "2 addresses"]
