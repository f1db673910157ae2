"""A place for backups of a wrong form is refused before Greenroom starts."""

import pytest
from django.conf import LazySettings
from django.core.checks import run_checks

from sites.backups.checks import check_store
from sites.checks import TAG, WITHOUT_MODELS


def found(settings: LazySettings, **changed: str) -> list[str]:
    for name, value in changed.items():
        setattr(settings, name, value)
    return [f"{message.msg} {message.hint}" for message in check_store()]


@pytest.mark.parametrize("text", ["/mnt/backups", "s3://", "s3://a", "s3:/kept/one", "https://s3.example.org/kept"])
def test_a_store_without_an_address_is_refused(settings: LazySettings, text: str) -> None:
    (sentence,) = found(settings, BACKUP_STORE=text)
    assert sentence.startswith(f"BACKUP_STORE is '{text}', which is no address. Write s3://BUCKET/PREFIX")
    assert check_store in WITHOUT_MODELS
    assert [message.id for message in run_checks(tags=[TAG])] == ["greenroom.E021"]


@pytest.mark.parametrize("text", ["s3.example.org", "https://", "ftp://s3.example.org", "https://s3.example.org:x"])
def test_an_endpoint_without_an_address_is_refused(settings: LazySettings, text: str) -> None:
    (sentence,) = found(settings, BACKUP_STORE="s3://kept", BACKUP_STORE_ENDPOINT=text)
    assert sentence.startswith(f"BACKUP_STORE_ENDPOINT is '{text}', which is no address. Write https://HOST")


def test_right_ones_are_taken(settings: LazySettings) -> None:
    assert found(settings, BACKUP_STORE="", BACKUP_STORE_ENDPOINT="") == []
    assert found(settings, BACKUP_STORE="s3://kept/one/", BACKUP_STORE_ENDPOINT="http://127.0.0.1:9000") == []
