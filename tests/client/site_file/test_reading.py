"""greenroom.yaml is read word by word; each fault is told with its line."""

from pathlib import Path

import pytest

from client.exits import Ended, Exit
from client.site_file.reading import MAX_CHARACTERS, read_file
from client.site_file.wanted import Setting

WHOLE = """
site: Contoso
mode: standard
slots:
  production:
    instances: 2
    domains:
      - WWW.example.org.
    settings:
      COLOUR: blue
      SWITCH: on
      VERSION: 1.10
      OLD: null
      KEY: {value: "", sticky: true}
    general:
      web_sockets: off
    monitoring: {web_server_logging: on, endpoint_2: null}
    alerts:
      Errors: 5xx above 20 for 5 min
      Loop: null
    default_documents: [index.html]
    swaps:
      drain_limit_seconds: 30
      is_auto_swapped: false
  staging: {}
"""


def test_the_example_of_the_documentation_is_read() -> None:
    page = (Path(__file__).resolve().parents[3] / "docs/pipelines.md").read_text()
    example = page.partition("<!-- file: greenroom.yaml -->\n```yaml\n")[2].partition("```")[0]
    site = read_file(example, "greenroom.yaml")
    assert site.slots["production"].entries["settings"]["OLD"] == Setting(None)
    assert site.slots["staging"].entries["settings"] == {"STORE": Setting("test", True)}


def test_a_file_says_what_was_typed() -> None:
    site = read_file(WHOLE, "greenroom.yaml")
    assert (site.name, site.mode, list(site.slots)) == ("contoso", "standard", ["production", "staging"])
    production = site.slots["production"]
    assert production.entries["settings"] == {
        "COLOUR": Setting("blue"),
        "SWITCH": Setting("on"),
        "VERSION": Setting("1.10"),
        "OLD": Setting(None),
        "KEY": Setting("", True),
    }
    assert production.entries["general"] == {"web_sockets": Setting("off")}
    assert production.entries["alerts"] == {"Errors": Setting("5xx above 20 for 5 min"), "Loop": Setting(None)}
    assert production.entries["monitoring"] == {"web_server_logging": Setting("on"), "endpoint_2": Setting(None)}
    assert (production.instances, production.domains) == (2, ["www.example.org"])
    assert production.swaps == {"drain_limit_seconds": 30, "is_auto_swapped": False}
    assert site.slots["staging"].entries == {} and site.slots["staging"].instances is None


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("", 1, "the file is empty"),
        ("slots: {}", 1, "'site' is missing"),
        ("site: contoso\ncolour: red", 2, "the file has no 'colour'. Use site, mode, slots"),
        ("site: contoso\nsite: other", 2, "'site' is there twice"),
        ("site: ../x", 1, "cannot be the name of a web site"),
        ("site: contoso\nmode: huge", 2, "the mode is one of"),
        ("site: contoso\nslots:\n  production:\n    instances: many", 4, "a whole number from 1 to 1000"),
        ("site: contoso\nslots:\n  production:\n    instances: 0", 4, "a whole number from 1 to 1000"),
        ("site: c\nslots:\n  production:\n    connection_strings: {A: b}", 4, "secrets have no place in a file"),
        ("site: c\nslots:\n  production:\n    settings:\n      A: {value: b, type: c}", 5, "a setting has no 'type'"),
        ("site: c\nslots:\n  production:\n    settings:\n      A: {sticky: true}", 5, "'value' is missing"),
        ("site: c\nslots:\n  production:\n    settings:\n      A: [b]", 5, "a setting is written as NAME: VALUE"),
        ("site: c\nslots:\n  production:\n    general:\n      A: {value: b}", 5, "has a plain value"),
        ("site: c\nslots:\n  production:\n    domains: www.example.org", 4, "written as a list"),
        ("site: c\nslots:\n  production:\n    swaps:\n      is_auto_swapped: maybe", 5, "true or false"),
        ("site: c\nslots:\n  x y: {}", 3, "cannot be the name of a slot"),
        ("site: contoso\n  mode: [", 2, "this is not YAML"),
        ("a: &a [x]\nb: *a", 1, "anchors and aliases are not taken"),
        ("site: c\nslots: *s", 2, "anchors and aliases are not taken"),
        ("site: !!python/object/apply:os.system [ls]", 1, "one value is needed here"),
        ("site: c\nslots: " + "[" * 20_000, 1, "not YAML"),
        ("x" * (MAX_CHARACTERS + 1), 1, "characters"),
        ("site: c\nslots:\n  staging:", 3, "a file removes no slot. Write 'staging: {}'"),
        ("site: c\nslots:\n  staging: null", 3, "a file removes no slot"),
        ("site: c\nslots:\n  production:\n    settings:\n", 4, "is empty. Leave it out"),
        ("site: c\nslots:\n  production:\n    settings: {'': x}", 4, "a name has letters from A to Z"),
        ("site: c\nslots:\n  production:\n    settings: {PORT: 1}", 4, "Greenroom sets that variable itself"),
        ("site: c\nslots:\n  production:\n    general:\n      http2: maybe", 5, "it is on or off"),
        ("site: c\nslots:\n  production:\n    general:\n      start_seconds: 99999", 5, "from 1 to 1800"),
        ("site: c\nslots:\n  production:\n    general:\n      colour: null", 5, "the general settings are"),
        ("site: c\nslots:\n  production:\n    warmup:\n      tries: 99", 5, "from 1 to 20"),
        ("site: c\nslots:\n  production:\n    monitoring:\n      web_server_logging: x", 5, "it is on or off"),
        ("site: c\nslots:\n  production:\n    monitoring:\n      endpoint_1: x", 5, "begins with http:// or https://"),
        ("site: c\nslots:\n  production:\n    monitoring:\n      endpoint_3: null", 5, "the settings of monitoring"),
        ("site: c\nslots:\n  production:\n    alerts:\n      Loop: crash_loop", 5, "a rule is written as"),
        ("site: c\nslots:\n  production:\n    alerts:\n      a/b: null", 5, "neither colon nor slash"),
        ("site: c\nslots:\n  production:\n    domains:\n      - bad_name", 5, "'bad_name' is not a domain name"),
        ("site: c\nslots:\n  production:\n    domains:\n      - bad_name.example", 5, "is not a domain name"),
        ("site: c\nslots:\n  production:\n    default_documents:\n      - a/b", 5, "without a slash"),
        ("site: c\n---\nsite: d", 2, "this is not YAML"),
        ("site: \x00", 1, "not YAML"),
    ],
)
def test_a_fault_is_told_with_its_line(text: str, line: int, said: str) -> None:
    with pytest.raises(Ended) as ended:
        read_file(text, "greenroom.yaml")
    assert ended.value.code == Exit.REFUSED
    assert str(ended.value).startswith(f"greenroom.yaml, line {line}: ") and said in str(ended.value)
    assert str(ended.value).endswith("Nothing was changed.")
