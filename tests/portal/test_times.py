"""Every time of a page is an element that the page's script can write in the reader's zone."""

import re
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

from django.conf import settings

from portal.templatetags.frame import moment

TEMPLATES = Path(settings.BASE_DIR) / "templates"
AT = datetime(2014, 1, 5, 22, 7, 9, tzinfo=timezone(timedelta(hours=-5)))
FORM = re.compile(r'\|moment:"([^"]*)"')
OTHERWISE = re.compile(
    r"""(?P<before>[^\n]*)\|(?:date|time):(?P<quote>['"])(?P<form>.+?)(?P=quote) \}\}(?P<after>.{0,4})"""
)


def test_a_time_is_written_in_utc_and_names_it() -> None:
    assert moment(AT, "l, F d, Y H:i:s") == (
        '<time datetime="2014-01-06T03:07:09Z" data-form="l, F d, Y H:i:s">Monday, January 06, 2014 03:07:09 UTC</time>'
    )
    assert moment(AT.astimezone(UTC), "Y-m-d") == (
        '<time datetime="2014-01-06T03:07:09Z" data-form="Y-m-d">2014-01-06</time>'
    )


def test_no_time_is_nothing() -> None:
    assert moment(None, "H:i") == ""


def test_templates_write_no_time_in_another_way() -> None:
    """Where no element can stand, in an attribute or an option, the zone is named; the operation logs ask for one."""
    found = []
    for template in TEMPLATES.rglob("*.html"):
        text = template.read_text()
        for form in FORM.findall(text):
            assert set(re.findall(r"[A-Za-z]", form)) <= set("lFMYmdHis"), f"static/js/zone.js does not write {form}"
        for use in OTHERWISE.finditer(text):
            is_bare = re.search(r'(?:<option[^>]*>[^<]*|="[^"]*)\{\{[^{]*$', use["before"]) is not None
            is_named = "H" not in use["form"] or use["after"] == " UTC"
            if not (is_bare and is_named) and "query.zone" not in use["before"][-40:]:
                found.append(f"{template.name}: {use[0].strip()[-80:]}")
    assert not found
