"""An encrypted column is plain text as an attribute, and a token everywhere else."""

import io
import logging

import pytest
from cryptography.fernet import InvalidToken
from django.core import serializers
from django.core.exceptions import FieldError
from django.core.management import call_command
from django.db import connection
from django.forms.models import model_to_dict

from sites.models import Slot, SlotSetting
from sites.models.fields import MARK, Encrypted, decrypt, encrypt
from sites.services.settings import Entry, read_settings
from tests.domain import Domain

SECRET = "s3cret of contoso"


@pytest.fixture
def setting(domain: Domain) -> SlotSetting:
    """One app setting, as it is loaded."""
    production, _ = domain.staged()
    domain.save(production, Entry("KEY", SECRET))
    return SlotSetting.objects.get(name="KEY")


def in_database(setting: SlotSetting) -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT value FROM sites_slotsetting WHERE id = %s", [setting.pk])
        return str(cursor.fetchone()[0])


def test_the_attribute_is_plain_text_and_the_column_is_not(setting: SlotSetting) -> None:
    assert setting.value == SECRET
    assert in_database(setting).startswith("gAAAA")


def test_the_record_itself_never_holds_the_text(setting: SlotSetting) -> None:
    fresh = SlotSetting(name="KEY", value=SECRET)
    for record in (setting, fresh):
        assert record.value == SECRET
        shown = [repr(record), str(record), repr(vars(record)), repr(model_to_dict(record)), f"{record.__dict__}"]
        assert not [text for text in shown if SECRET in text]


def test_a_log_line_of_the_column_shows_nothing(setting: SlotSetting, caplog: pytest.LogCaptureFixture) -> None:
    rows = list(SlotSetting.objects.values("name", "value"))
    logging.getLogger("test").warning("%s %s %r", setting, rows, SlotSetting.objects.values_list("value"))
    assert SECRET not in caplog.text and "<encrypted>" in caplog.text


def test_saving_what_nobody_changed_keeps_the_token(setting: SlotSetting) -> None:
    before = in_database(setting)
    setting.save()
    assert in_database(setting) == before
    setting.value = SECRET + "!"
    setting.save()
    assert in_database(setting) != before
    assert SlotSetting.objects.get(pk=setting.pk).value == SECRET + "!"


def test_a_deferred_column_is_read_when_it_is_asked_for(setting: SlotSetting) -> None:
    loaded = SlotSetting.objects.defer("value").get(pk=setting.pk)
    assert loaded.value == SECRET
    assert isinstance(
        SlotSetting._meta.get_field("value").value_from_object(SlotSetting.objects.defer("value").get(pk=setting.pk)),
        Encrypted,
    )


def test_a_dump_holds_no_secret_and_can_be_loaded_again(domain: Domain, setting: SlotSetting) -> None:
    password = Slot.objects.get(is_production=True).publishing_password
    written = io.StringIO()
    call_command("dumpdata", "sites", "portal", "--natural-foreign", stdout=written)
    dump = written.getvalue()
    assert SECRET not in dump and password not in dump and MARK in dump
    SlotSetting.objects.all().delete()
    Slot.objects.update(publishing_password="another")
    for loaded in serializers.deserialize("json", dump):
        loaded.save()
    assert in_database(setting).startswith("gAAAA")
    production = Slot.objects.get(is_production=True)
    assert read_settings(production, "app_settings") == [Entry("KEY", SECRET)]
    assert production.publishing_password == password


@pytest.mark.parametrize("form", ["json", "xml", "jsonl", "python"])
def test_every_serializer_writes_the_token(setting: SlotSetting, form: str) -> None:
    written = str(serializers.serialize(form, SlotSetting.objects.all()))
    assert SECRET not in written
    again = next(iter(serializers.deserialize(form, serializers.serialize(form, [setting]))))
    assert again.object.value == SECRET


def test_a_text_that_looks_like_a_dump_is_kept_as_it_is(domain: Domain, setting: SlotSetting) -> None:
    setting.value = f"{MARK}gAAAA"
    setting.save()
    assert SlotSetting.objects.get(pk=setting.pk).value == f"{MARK}gAAAA"


def test_what_is_encrypted_cannot_be_searched(setting: SlotSetting) -> None:
    with pytest.raises(FieldError, match="value is encrypted"):
        SlotSetting.objects.filter(value=SECRET).exists()
    with pytest.raises(FieldError, match="value is encrypted"):
        SlotSetting.objects.filter(value__contains="s3").exists()
    assert not SlotSetting.objects.filter(value__isnull=True).exists()


@pytest.mark.parametrize("place", [1, 20, -2])
def test_an_altered_token_is_not_read(place: int) -> None:
    token = encrypt(SECRET)
    other = "A" if token[place] != "A" else "B"
    altered = token[:place] + other + (token[place + 1 :] if place != -2 else token[-1])
    with pytest.raises(InvalidToken):
        decrypt(altered)
