"""Which addresses of repositories are taken, and where on the network they may lead."""

import socket
import threading

import pytest
from pytest_django import Settings

from sites.errors import SourceRefused
from sites.outgoing import addresses as outgoing
from sites.outgoing.addresses import OutOfReach
from sites.repositories.remote import addresses, parse


def leads_to(monkeypatch: pytest.MonkeyPatch, *found: str) -> None:
    """What the name server says of every name."""
    answers = [(socket.AF_INET6 if ":" in one else socket.AF_INET, 1, 6, "", (one, 443)) for one in found]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: answers)


@pytest.mark.parametrize(
    ("typed", "url"),
    [
        (" https://git.example.org/team/site.git\n", "https://git.example.org/team/site.git"),
        ("HTTPS://Git.Example.ORG:443/team/site", "https://git.example.org/team/site"),
        ("https://git.example.org.:8443/~ada/site.git", "https://git.example.org:8443/~ada/site.git"),
        ("https://[2001:db8::1]/site.git", "https://[2001:db8::1]/site.git"),
        ("https://192.0.2.7/site.git", "https://192.0.2.7/site.git"),
    ],
)
def test_an_address_is_kept_in_one_spelling(typed: str, url: str) -> None:
    assert parse(typed).url == url
    assert parse(url).url == url


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "/srv/git/site.git",
        "file:///srv/git/site.git",
        "git://git.example.org/site.git",
        "ssh://git@git.example.org/site.git",
        "git@git.example.org:team/site.git",
        "ext::sh -c touch% /tmp/x",
        "ftp://git.example.org/site.git",
        "--upload-pack=touch /tmp/x",
        "https://-oProxyCommand=x/site.git",
        "https://ada:secret@git.example.org/site.git",
        "https://token@git.example.org/site.git",
        "https://git.example.org@127.0.0.1/site.git",
        "https://git.example.org/site.git?x=1",
        "https://git.example.org/site.git#main",
        "https://git.example.org/a b.git",
        "https://git.example.org/a\\b.git",
        "https://git.example.org/../site.git",
        "https://git.example.org/",
        "https://git.example.org",
        "https:///site.git",
        "https://git.example.org:0x50/site.git",
        "https://git.example.org:99999/site.git",
        "https://2130706433/site.git",
        "https://0x7f.1/site.git",
        "https://127.1/site.git",
        "https://[::1/site.git",
        "https://git.example.org/site.git\x00",
        "https://gıt.example.org/site.git",
        f"https://git.example.org/{'a' * 500}",
    ],
)
def test_what_is_no_address_of_a_repository_is_refused(typed: str) -> None:
    with pytest.raises(SourceRefused, match="nothing was saved"):
        parse(typed)


def test_http_is_taken_where_the_installation_allows_it(settings: Settings) -> None:
    with pytest.raises(SourceRefused, match="SOURCE_CONTROL_HTTP=1"):
        parse("http://git.example.org/site.git")
    settings.SOURCE_CONTROL_HTTP = True
    assert parse("http://git.example.org:80/site.git").url == "http://git.example.org/site.git"


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "::1",
        "0.0.0.0",  # noqa: S104 - nobody listens there
        "169.254.169.254",
        "fe80::1",
        "100.100.100.200",
        "168.63.129.16",
        "192.0.0.192",
        "fd00:ec2::254",
        "fd20:ce::254",
        "fd00:c1::a9fe:a9fe",
        "fd00:42::42",
        "::ffff:127.0.0.1",
        "::ffff:169.254.169.254",
        "2002:7f00:1::",
        "64:ff9b::7f00:1",
        "224.0.0.1",
        "240.0.0.1",
    ],
)
def test_no_name_leads_to_this_machine_or_to_where_clouds_keep_secrets(
    monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    leads_to(monkeypatch, "192.0.2.7", address)
    with pytest.raises(OutOfReach, match=r"leads to"):
        addresses(parse("https://git.example.org/site.git"), owner="a")


def test_an_address_of_this_machine_is_refused_whatever_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sites.outgoing.addresses._is_of_this_machine", lambda address: str(address) == "198.51.100.1")
    leads_to(monkeypatch, "198.51.100.1")
    with pytest.raises(OutOfReach, match="this machine itself"):
        addresses(parse("https://git.example.org/site.git"), owner="a")


def test_private_networks_follow_the_setting_for_sites(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> None:
    remote = parse("https://git.example.org/site.git")
    for address in ("10.1.2.3", "192.168.1.2", "172.31.255.77", "100.64.255.77", "fd12::1"):
        leads_to(monkeypatch, address)
        settings.PRIVATE_NETWORKS = "allow"
        assert addresses(remote, owner="a") == [address]
        settings.PRIVATE_NETWORKS = "refuse"
        with pytest.raises(OutOfReach, match="a private network"):
            addresses(remote, owner="a")


def test_the_installation_can_name_a_host_that_is_inside(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> None:
    leads_to(monkeypatch, "127.0.0.1")
    remote = parse("https://git.example.org:3000/site.git")
    for named in (["git.example.org"], ["Git.example.org:3000"]):
        settings.SOURCE_CONTROL_HOSTS = named
        assert addresses(remote, owner="a") == ["127.0.0.1"]
    for named in (["example.org"], ["git.example.org:3001"], ["127.0.0.1"]):
        settings.SOURCE_CONTROL_HOSTS = named
        with pytest.raises(OutOfReach):
            addresses(remote, owner="a")


def test_a_name_that_leads_nowhere_is_said_to(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> list:
        raise socket.gaierror

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    with pytest.raises(OutOfReach, match="leads nowhere"):
        addresses(parse("https://git.example.org/site.git"), owner="a")


def test_ipv4_is_tried_first(monkeypatch: pytest.MonkeyPatch) -> None:
    leads_to(monkeypatch, "2001:4860::1", "8.8.8.8", "8.8.4.4")
    assert addresses(parse("https://git.example.org/site.git"), owner="a") == ["8.8.4.4", "8.8.8.8", "2001:4860::1"]


def test_a_name_server_that_does_not_answer_keeps_no_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    is_over = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: is_over.wait(60))
    monkeypatch.setattr(outgoing, "LOOK_UP_SECONDS", 0.05)
    try:
        with pytest.raises(OutOfReach, match="no name server has said") as refusal:
            addresses(parse("https://git.example.org/site.git"), owner="a")
        assert refusal.value.is_passing
    finally:
        is_over.set()
