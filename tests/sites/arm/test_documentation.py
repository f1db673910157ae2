"""docs/azure-clients.md says what is so."""

from pathlib import Path

from django.urls import resolve

from tests.azure.catalogue import COMMANDS, table

PAGE = (Path(__file__).resolve().parents[3] / "docs" / "azure-clients.md").read_text()


def test_the_table_of_commands_is_the_one_that_is_run() -> None:
    assert f"<!-- commands -->\n{table()}\n<!-- /commands -->" in PAGE
    assert len(COMMANDS) > 30


def test_the_addresses_before_sign_in_are_there() -> None:
    for path in ("/metadata/endpoints", "/adfs/.well-known/openid-configuration", "/adfs/oauth2/token"):
        assert resolve(path).func.__module__ != "sites.arm.route"
