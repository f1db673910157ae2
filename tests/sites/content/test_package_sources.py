"""Package indexes and proxies that lead to this machine itself are found, however they are written."""

import os
import socket

import pytest

from sites.content.package_sources import SOURCES, on_this_machine


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if SOURCES.match(name)]:
        monkeypatch.delenv(name)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PIP_INDEX_URL", "http://localhost:3141/root/pypi"),
        ("PIP_INDEX_URL", "https://user:secret@127.0.0.1/simple"),
        ("PIP_EXTRA_INDEX_URL", "https://pypi.org/simple http://[::1]:3141/simple"),
        ("UV_INDEX", "inner=http://devpi.localhost/simple"),
        ("NPM_CONFIG_REGISTRY", "http://127.0.0.2:4873"),
        ("npm_config_registry", "http://0.0.0.0:4873/"),
        ("HTTP_PROXY", "localhost:3128"),
        ("https_proxy", f"http://{socket.gethostname()}:3128"),
    ],
)
def test_what_leads_here_is_named(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)
    assert on_this_machine() == [name]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PIP_INDEX_URL", "https://pypi.org/simple/localhost"),
        ("PIP_INDEX_URL", "file:///opt/packages"),
        ("UV_INDEX", "localhost=https://pypi.org/simple"),
        ("HTTP_PROXY", "192.0.2.77:3128"),
        ("HTTP_PROXY", ""),
        ("NO_PROXY", "localhost"),
    ],
)
def test_what_leads_elsewhere_is_not(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)
    assert on_this_machine() == []
