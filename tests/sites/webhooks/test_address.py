"""Which addresses of event targets are taken."""

import pytest
from pytest_django import Settings

from sites.errors import TargetRefused
from sites.webhooks.address import parse


@pytest.mark.parametrize(
    ("typed", "url"),
    [
        (" https://hooks.example.org\n", "https://hooks.example.org/"),
        ("HTTPS://Hooks.Example.ORG:443/a/b?sig=x%2Fy&v=1", "https://hooks.example.org/a/b?sig=x%2Fy&v=1"),
        ("https://[2001:db8::1]:8443/hook", "https://[2001:db8::1]:8443/hook"),
    ],
)
def test_an_address_is_kept_in_one_spelling(typed: str, url: str) -> None:
    assert parse(typed).url == url
    assert parse(url).url == url


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "hooks.example.org",
        "ftp://hooks.example.org/",
        "http://hooks.example.org/",
        "https://ada:secret@hooks.example.org/",
        "https://hooks.example.org/#x",
        "https://hooks.example.org:99999/",
        "https://2130706433/",
        "https://127.1/",
        "https://[::1/",
        "https://hooks.example.org/a b",
        "https://hooks.example.org/\r\nX: y",
        "https://hooks.example.org/ü",
        'https://hooks.example.org/"',
        f"https://hooks.example.org/{'a' * 2000}",
    ],
)
def test_what_is_no_address_of_a_target_is_refused(typed: str) -> None:
    with pytest.raises(TargetRefused, match="nothing was saved"):
        parse(typed)


def test_http_is_taken_for_hosts_that_the_installation_names(settings: Settings) -> None:
    settings.WEBHOOK_HOSTS = ["hooks.example.org:9000"]
    assert parse("http://hooks.example.org:9000/x").url == "http://hooks.example.org:9000/x"
    with pytest.raises(TargetRefused, match="WEBHOOK_HOSTS"):
        parse("http://hooks.example.org:9001/x")
