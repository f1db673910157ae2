"""How much memory a machine offers to web sites."""

from pathlib import Path

import pytest

from sites.runtime import memory


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(memory, "MEMORY_INFO", tmp_path / "meminfo")
    monkeypatch.setattr(memory, "CONTAINER_LIMITS", (tmp_path / "v2", tmp_path / "v1"))
    return tmp_path


@pytest.mark.parametrize(("total", "offered"), [(2048, 1536), (4096, 3072), (24_000, 22_976), (1024, 768)])
def test_a_part_is_kept_for_the_router_and_the_control_plane(machine: Path, total: int, offered: int) -> None:
    (machine / "meminfo").write_text(f"MemTotal: {total * 1024} kB\nMemAvailable: {512 * 1024} kB\n")
    assert (memory.offered_mb(), memory.available_mb()) == (offered, 512)
    assert memory.offered_mb(700) == 700


def test_in_a_container_its_own_limit_counts(machine: Path) -> None:
    (machine / "meminfo").write_text(f"MemTotal: {64_000 * 1024} kB\n")
    (machine / "v2").write_text("max\n")
    (machine / "v1").write_text(f"{2048 << 20}\n")
    assert memory.offered_mb() == 1536
