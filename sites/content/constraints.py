"""Versions as poetry and Pipenv write them, in the words of PEP 440 and PEP 508.

Source: https://python-poetry.org/docs/dependency-specification/ and PEP 440.
"""

import re
from typing import Any

OPERATOR = re.compile(r"^(===|==|!=|~=|<=|>=|<|>)")


def to_pep440(words: str) -> str:
    """'^1.2' gives '>=1.2,<2'; '*' gives ''. Raises ValueError for alternatives, which PEP 440 does not have."""
    if "||" in words:
        raise ValueError(f"'{words}' names alternatives")
    parts = [part for part in re.split(r"\s*,\s*|\s+(?=[<>=!~^])", words.strip()) if part]
    return ",".join(filter(None, map(_part, parts)))


def requirement(name: str, spec: Any) -> str:
    """A line of PEP 508 for one entry of a table of dependencies. Raises ValueError for what has no such line."""
    if isinstance(spec, str):
        return f"{name}{to_pep440(spec)}"
    if not isinstance(spec, dict):
        raise ValueError(f"'{name}' has no version")
    extras = f"[{','.join(map(str, spec['extras']))}]" if spec.get("extras") else ""
    marker = _marker(spec)
    if git := spec.get("git"):
        reference = next((str(spec[key]) for key in ("rev", "ref", "tag", "branch") if spec.get(key)), "")
        return f"{name}{extras} @ git+{git}{'@' if reference else ''}{reference}{marker}"
    if url := spec.get("url") or spec.get("file"):
        return f"{name}{extras} @ {url}{marker}"
    if path := spec.get("path"):
        return f"./{path}{extras}{marker}"
    return f"{name}{extras}{to_pep440(str(spec.get('version', '*')))}{marker}"


def _part(part: str) -> str:
    if part in ("*", ""):
        return ""
    if part[0] == "^":
        return f">={part[1:].strip()},<{_caret(part[1:].strip())}"
    if part[0] == "~" and not part.startswith("~="):
        lowest = part[1:].strip()
        numbers = _numbers(lowest)[:2]
        return f">={lowest},<{_raised(numbers)}"
    return part if OPERATOR.match(part) else f"=={part}"


def _caret(lowest: str) -> str:
    """The first version that changes the leftmost number that is not 0."""
    numbers = _numbers(lowest)
    first = next((index for index, number in enumerate(numbers) if number), len(numbers) - 1)
    return _raised(numbers[: first + 1])


def _raised(numbers: list[int]) -> str:
    return ".".join(map(str, [*numbers[:-1], numbers[-1] + 1]))


def _numbers(version: str) -> list[int]:
    found = re.match(r"v?(\d+(?:\.\d+)*)", version)
    if found is None:
        raise ValueError(f"'{version}' is not a version")
    return [int(number) for number in found[1].split(".")]


def _marker(spec: dict[str, Any]) -> str:
    markers = [str(spec["markers"])] if spec.get("markers") else []
    markers += [f"sys_platform {spec['sys_platform']}"] if spec.get("sys_platform") else []
    if python := spec.get("python"):
        markers += [
            f"python_full_version {operator} '{version}'"
            for operator, version in (
                re.fullmatch(r"(\W+)(.+)", part).groups()  # type: ignore[union-attr]
                for part in to_pep440(str(python)).split(",")
                if part
            )
        ]
    if not markers:
        return ""
    return f" ; {' and '.join(f'({marker})' for marker in markers) if len(markers) > 1 else markers[0]}"
