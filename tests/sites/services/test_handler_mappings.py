"""Handler mappings are checked when they are saved and reach the instances."""

import json

import pytest

from sites.errors import SettingRefused
from sites.models import Category
from sites.services.handler_mappings import from_value, to_value
from sites.services.settings import Entry, read_settings, save_settings
from tests.domain import Domain


def test_a_mapping_reaches_the_instances(domain: Domain) -> None:
    production, _staging = domain.staged()
    entries = [Entry(".pl", to_value("/usr/bin/perl", "-T")), Entry(".py", to_value("/usr/bin/python3"))]
    domain.save(production, *entries, category=Category.HANDLER_MAPPINGS)
    env = domain.revision_behind("contoso.localhost").runnable["env"]
    assert json.loads(env["HANDLER_MAPPINGS"]) == {
        ".pl": {"processor": "/usr/bin/perl", "arguments": "-T"},
        ".py": {"processor": "/usr/bin/python3", "arguments": ""},
    }
    production.refresh_from_db()
    assert read_settings(production, Category.HANDLER_MAPPINGS) == entries
    assert from_value(entries[0].value) == ("/usr/bin/perl", "-T")


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("cgi", to_value("/bin/sh"), "an extension is a dot"),
        (".CGI", to_value("/bin/sh"), "an extension is a dot"),
        (".c/gi", to_value("/bin/sh"), "an extension is a dot"),
        (".cgi", "/bin/sh", "has a processor and arguments"),
        (".cgi", '["/bin/sh"]', "has a processor and arguments"),
        (".cgi", '{"processor": 1}', "has a processor and arguments"),
        (".cgi", '{"processor": "/bin/sh", "extra": "1"}', "has a processor and arguments"),
        (".cgi", to_value("perl"), "by its whole path"),
        (".cgi", to_value("/bin/sh\nx"), "by its whole path"),
        (".cgi", to_value("/bin/sh", "'open"), "not closed"),
        (".cgi", to_value("/bin/sh", "-a\n-b"), "one line"),
    ],
)
def test_a_mapping_that_cannot_work_is_refused_with_the_reason(
    domain: Domain, name: str, value: str, reason: str
) -> None:
    site = domain.create()
    with pytest.raises(SettingRefused, match=reason):
        save_settings(
            acting_user=domain.alice,
            slot=site.slots.get(),
            category=Category.HANDLER_MAPPINGS,
            entries=[Entry(name, value)],
        )
