"""Where control groups of version 2 may be made, and in which order, in folders that stand for the kernel's."""

import os
import subprocess
from pathlib import Path

import pytest

from sites.runtime.agent import delegation
from sites.runtime.agent.delegation import Scope, Top, divide, find_delegations

UNIT = "greenroom-1.scope"


class Systemd:
    """Stands for systemd: what it was asked by busctl, and where it puts the agent."""

    def __init__(self, root: Path, own: Path) -> None:
        self.asked: list[list[str]] = []
        self.has_scope = False
        self.refusal = ""
        self._root = root
        self._own = own

    def run(self, line: list[str], **_: object) -> subprocess.CompletedProcess[str]:
        self.asked.append(line)
        joins = "AttachProcessesToUnit" in line
        if self.refusal or (joins and not self.has_scope):
            return subprocess.CompletedProcess(line, 1, "", self.refusal or "no such unit")
        scope = self._root / "system.slice" / UNIT
        scope.mkdir(parents=True, exist_ok=True)
        (scope / "cgroup.procs").touch()
        self._own.write_text(f"0::/system.slice/{UNIT}{'/agent' if joins else ''}\n")
        return subprocess.CompletedProcess(line, 0, "", "")


@pytest.fixture
def root(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    root = tmp_path / "cgroup"
    root.mkdir()
    (root / "cgroup.controllers").write_text("cpuset cpu io memory pids\n")
    (root / "cgroup.subtree_control").touch()
    (tmp_path / "own").write_text("0::/system.slice/greenroom.service\n")
    for name, path in {"ROOT": root, "OWN": tmp_path / "own", "SYSTEMD": tmp_path / "systemd"}.items():
        monkeypatch.setattr(delegation, name, path)
    monkeypatch.setattr(delegation, "SYSTEM_BUS", tmp_path / "bus")
    monkeypatch.setattr(delegation.shutil, "which", lambda name: f"/usr/bin/{name}")
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    return root


@pytest.fixture
def systemd(root: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Systemd:
    (tmp_path / "systemd").mkdir()
    (tmp_path / "bus").touch()
    systemd = Systemd(root, tmp_path / "own")
    monkeypatch.setattr(delegation.subprocess, "run", systemd.run)
    return systemd


def test_below_systemd_the_agent_asks_for_a_scope_before_it_takes_the_top(systemd: Systemd) -> None:
    scope, top = find_delegations("greenroom-1")
    assert (type(scope), type(top)) == (Scope, Top)
    assert scope.controllers == ("memory", "pids", "cpu")
    assert scope.take().name == "sites"
    (_, start) = systemd.asked
    assert start[:2] == ["busctl", "--system"]
    assert "StartTransientUnit" in start and UNIT in start
    given = " ".join(start)
    assert f"PIDs au 1 {os.getpid()}" in given
    assert "Delegate b true" in given


def test_a_shutdown_stops_the_service_in_order_before_the_scope(systemd: Systemd) -> None:
    find_delegations("greenroom-1")[0].take()
    assert " ".join(systemd.asked[-1]).endswith(" Before as 1 greenroom.service 0")


def test_from_a_session_there_is_nothing_to_be_ordered_before(systemd: Systemd, tmp_path: Path) -> None:
    (tmp_path / "own").write_text("0::/user.slice/user-0.slice/session-3.scope\n")
    find_delegations("greenroom-1")[0].take()
    assert "Before" not in systemd.asked[-1]
    assert systemd.asked[-1][systemd.asked[-1].index("fail") + 1] == "5"


def test_the_scope_in_which_sites_outlived_an_agent_is_joined(systemd: Systemd, root: Path) -> None:
    systemd.has_scope = True
    assert find_delegations("greenroom-1")[0].take() == root / "system.slice" / UNIT / "sites"
    assert ["AttachProcessesToUnit" in line for line in systemd.asked] == [True]


def test_a_refusal_of_systemd_names_its_reason(systemd: Systemd) -> None:
    systemd.refusal = "Access denied"
    with pytest.raises(OSError, match="Access denied"):
        find_delegations("greenroom-1")[0].take()


def test_without_systemd_root_takes_a_group_at_the_top(root: Path) -> None:
    (top,) = find_delegations("greenroom-1")
    assert top.take() == root / "greenroom-1"


def test_a_user_needs_a_systemd_of_its_own(
    systemd: Systemd, root: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setattr(delegation, "RUNTIME_FOLDERS", tmp_path / "run")
    assert find_delegations("greenroom-1") == []
    (tmp_path / "run/1000").mkdir(parents=True)
    (tmp_path / "run/1000/bus").touch()
    manager = root / "user.slice/user-1000.slice/user@1000.service"
    manager.mkdir(parents=True)
    (manager / "cgroup.controllers").write_text("memory pids\n")
    (scope,) = find_delegations("greenroom-1")
    assert scope.controllers == ("memory", "pids")
    scope.take()
    assert systemd.asked[-1][:2] == ["busctl", "--user"]


def test_processes_move_aside_where_a_group_with_processes_may_have_no_children(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "cgroup.type").write_text("domain")
    base = tmp_path / "cgroup.procs"
    base.write_text("4711\n4712\n")
    done: list[tuple[str, str]] = []

    def write(path: Path, text: str) -> None:
        done.append((str(path.relative_to(tmp_path)), text))
        if path.parent.name == "agent":
            base.write_bytes(base.read_bytes().replace(f"{text}\n".encode(), b""))

    monkeypatch.setattr(Path, "write_text", write)
    assert divide(tmp_path, "sites", ("memory", "pids")) == tmp_path / "sites"
    assert done == [
        ("agent/cgroup.procs", "4711"),
        ("agent/cgroup.procs", "4712"),
        ("cgroup.subtree_control", "+memory"),
        ("cgroup.subtree_control", "+pids"),
        ("sites/cgroup.subtree_control", "+memory"),
        ("sites/cgroup.subtree_control", "+pids"),
    ]


def test_groups_that_a_former_agent_left_empty_are_removed(tmp_path: Path) -> None:
    (tmp_path / "sites/7-0").mkdir(parents=True)
    (tmp_path / "sites/8-0/in-use").mkdir(parents=True)
    group = divide(tmp_path, "sites", ("memory",))
    assert [child.name for child in group.iterdir() if child.is_dir()] == ["8-0"]
    assert (group / "cgroup.subtree_control").read_text() == "+memory"
