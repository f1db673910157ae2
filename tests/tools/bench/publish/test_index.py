"""The index of the bench holds what its requirements name, and pip's rules for its wheels hold."""

import zipfile
from pathlib import Path

import pytest

from tools.bench.publish import index


def test_every_requirement_has_a_page_with_its_wheel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index, "PACKAGES", 2)
    index.write(tmp_path)
    assert index.requirements() == "bench-0==1.0\nbench-1==1.0\n"
    page = (tmp_path / "simple" / "bench-1" / "index.html").read_text()
    name = "bench_1-1.0-py3-none-any.whl"
    assert f'href="{name}#sha256=' in page
    with zipfile.ZipFile(tmp_path / "simple" / "bench-1" / name) as wheel:
        assert "bench_1-1.0.dist-info/RECORD" in wheel.namelist()
