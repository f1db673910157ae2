"""The sample site, the placeholder page and the demonstration's applications, as contents and as archives."""

import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings

from sites.content.store import Content, new_content, put_folder

EXAMPLES = Path(settings.BASE_DIR) / "examples"
SAMPLES = ("hello",)
DEMOS = ("flask", "django")
COLOURS = {"v1": "blue", "v2": "green"}
FIXED_TIME = (2020, 1, 1, 0, 0, 0)
"""Of every entry, so that the same application gives the same bytes."""


def sample_content(name: str, version: str) -> Content:
    """Store a sample: 'hello', 'v1' or 'v2'. Raises KeyError for another name or version."""
    with new_content() as draft:
        for path, body in _sample_files(name, version):
            draft.add(path, [body])
        return draft.commit()


def sample_archive(name: str, version: str) -> bytes:
    """The same as a zip, for those who want to publish it themselves."""
    return _zip(_sample_files(name, version))


def placeholder_content() -> Content:
    """The page of a slot to which nothing was published."""
    return put_folder(EXAMPLES / "placeholder")


def demo_archive(name: str, version: str) -> bytes:
    """A zip of the demonstration's 'flask' or 'django' application that calls itself `version`."""
    if name not in DEMOS:
        raise KeyError(name)
    return _zip([*_files(EXAMPLES / "demo" / name), ("VERSION", f"{version}\n".encode())])


def _sample_files(name: str, version: str) -> Iterator[tuple[str, bytes]]:
    if name not in SAMPLES:
        raise KeyError(name)
    mark = {"version": version.removeprefix("v"), "colour": COLOURS[version]}
    yield from _files(EXAMPLES / name)
    yield "version.json", json.dumps(mark).encode()


def _files(folder: Path) -> Iterator[tuple[str, bytes]]:
    for path in sorted(folder.rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            yield path.relative_to(folder).as_posix(), path.read_bytes()


def _zip(files: Iterator[tuple[str, bytes]] | list[tuple[str, bytes]]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, body in files:
            entry = zipfile.ZipInfo(path, FIXED_TIME)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o100644 << 16
            archive.writestr(entry, body)
    return buffer.getvalue()
