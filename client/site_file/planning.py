"""What would change at a portal so that a web site is as a file says, in the words of a comparison.

A plan is made of what the portal says at that moment. Settings are changed only if nobody has saved since (If-Match).
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from client.api import Data, Portal
from client.exits import Ended, Missing
from client.site_file.wanted import CATEGORIES, NOUNS, PREFIXES, WITH_DEFAULTS, Setting, Site, Slot, entries_of
from sites.general_settings import ENDPOINTS
from sites.monitoring.alert_rules import MAX_RULES

STANDARD = "standard"
STAGING = "staging"


@dataclass(frozen=True, slots=True)
class Change:
    """One request, and the lines that say what it does: + is made, ~ becomes different, - goes."""

    lines: list[str]
    method: str
    path: str
    body: Data
    tag: str = ""
    """The settings must still be those of this ETag; '' for no such condition."""


@dataclass(slots=True)
class Plan:
    """The requests in their order, and what the portal has and the file does not name."""

    changes: list[Change] = field(default_factory=list)
    stays: list[str] = field(default_factory=list)


def plan(portal: Portal, wanted: Site, *, is_revealing: bool) -> Plan:
    """What would change. `is_revealing`: lines show the values of app settings. Raises Ended.

    Reads the app settings of slots for which the file names some, which the portal records.
    """
    try:
        found = portal.get(f"/sites/{wanted.name}")
    except Missing:
        what = f"there is no web site '{wanted.name}' that you may see; 'greenroom sites' lists yours"
        raise wanted.refused(what, "site") from None
    limits = _limits(portal, wanted, found["mode"])
    made = Plan()
    if wanted.mode is not None and wanted.mode != found["mode"]:
        made.changes.append(
            Change(
                [f"~ {wanted.name}: the mode is different: {found['mode']} there, {wanted.mode} in the file"],
                "PUT",
                f"/sites/{wanted.name}/mode",
                {"mode": wanted.mode},
            )
        )
    slots = {one["name"]: one for one in found["slots"]}
    for name, slot in wanted.slots.items():
        _slot(portal, made, _Place(wanted, name, slots.get(name), limits), slot, is_revealing=is_revealing)
    others = [one["title"] for name, one in slots.items() if name not in wanted.slots]
    made.stays += [f"{title} is only there, and stays as it is" for title in others]
    return made


def _limits(portal: Portal, wanted: Site, present: str) -> Data:
    """What the mode allows in which the web site will be."""
    modes = portal.get(f"/sites/{wanted.name}/scale")["modes"]
    return dict(next(one for one in modes if one["name"] == (wanted.mode or present)))


@dataclass(frozen=True, slots=True)
class _Place:
    file: Site
    name: str
    found: Data | None
    """None: there is no such slot yet."""
    limits: Data
    """Of the mode that the web site will be in."""

    @property
    def site(self) -> str:
        return self.file.name

    def refused(self, what: str, *place: str) -> Ended:
        return self.file.refused(what, "slots", self.name, *place)

    @property
    def path(self) -> str:
        return f"/sites/{self.site}/slots/{self.name}"

    @property
    def title(self) -> str:
        return str(self.found["title"]) if self.found else f"{self.site} ({self.name})"


def _slot(portal: Portal, made: Plan, place: _Place, wanted: Slot, *, is_revealing: bool) -> None:
    if place.found is None:
        if place.name != STAGING:
            raise place.refused(f"'{place.site}' has no slot '{place.name}', and a file makes only '{STAGING}'")
        if not place.limits["has_staging"]:
            raise place.refused(f"{place.limits['title']} mode has no staged publishing, so no slot can be made")
        line = f"+ {place.title} is only in the file: staged publishing would be enabled"
        made.changes.append(Change([line], "POST", f"/sites/{place.site}/slots", {"is_cloned": False}))
    _settings(portal, made, place, wanted, is_revealing=is_revealing)
    most = place.limits["instances"]
    if wanted.instances is not None and wanted.instances > most:
        title = place.limits["title"]
        what = f"{wanted.instances} instances are not possible: {title} mode has {most} at most for each slot"
        raise place.refused(what, "instances")
    count = place.found["instances"] if place.found else 1
    if wanted.instances is not None and wanted.instances != count:
        line = f"~ {place.title}: the number of instances is different: {count} there, {wanted.instances} in the file"
        made.changes.append(Change([line], "PUT", f"{place.path}/instances", {"instances": wanted.instances}))
    _domains(portal, made, place, wanted.domains)


def _settings(portal: Portal, made: Plan, place: _Place, wanted: Slot, *, is_revealing: bool) -> None:
    if not (wanted.entries or wanted.swaps or wanted.default_documents is not None):
        return
    found: Data = {"entries": {}, "swaps": {}}
    tag = ""
    if place.found is not None:
        reveal = "true" if "settings" in wanted.entries else None
        found, tag = portal.get_tagged(f"{place.path}/settings", reveal=reveal)
    lines: list[str] = []
    body: Data = {}
    for group, settings in wanted.entries.items():
        there = entries_of(group, found["entries"])
        changed = {}
        for name, setting in settings.items():
            line = _line(group, name, setting, there.get(name), is_revealing=is_revealing or group != "settings")
            if line:
                lines.append(f"{line[0]} {place.title}: {line[2:]}")
                changed[f"{PREFIXES.get(group, '')}{name}"] = _body(setting)
        if changed:
            body.setdefault(CATEGORIES[group], {}).update(changed)
            _ensure_mode_has(place, group, settings, there)
        made.stays += [
            f"{place.title}: {NOUNS[group]} {name} is only there, and stays as it is"
            for name in there
            if name not in settings
        ]
    documents = [one["value"] for one in found["entries"].get("default_documents", [])]
    if wanted.default_documents is not None and wanted.default_documents != documents:
        lines.append(f"~ {place.title}: the default documents are different; they travel with a swap")
        body["default_documents"] = wanted.default_documents
    swaps = {name: value for name, value in wanted.swaps.items() if value != found["swaps"].get(name)}
    if swaps:
        said = ", ".join(f"{name} {json.dumps(value)}" for name, value in swaps.items())
        lines.append(f"~ {place.title}: what it keeps for its swaps is different: {said} in the file")
        body["swaps"] = swaps
    if body:
        made.changes.append(Change(lines, "PATCH", f"{place.path}/settings", body, tag))


def _ensure_mode_has(place: _Place, group: str, wanted: Mapping[str, Setting], there: Mapping[str, Data]) -> None:
    """Refuse what the portal would refuse half way: web endpoints that the mode has not, and too many alert rules."""
    new = {name for name, one in wanted.items() if one.value is not None and _is_other(one, there.get(name))}
    refused = next((name for name in ENDPOINTS if name in new), None)
    if group == "monitoring" and refused and not place.limits.get("has_endpoints", True):
        what = f"{place.limits['title']} mode has no web endpoints"
        raise place.refused(what, group, refused)
    kept = {name for name in there if name not in wanted or wanted[name].value is not None}
    if group == "alerts" and len(kept | new) > MAX_RULES:
        what = f"a slot has {MAX_RULES} alert rules at most, and with the file there would be {len(kept | new)}"
        raise place.refused(what, group)


def _is_other(wanted: Setting, there: Data | None) -> bool:
    return there is None or wanted.value != there["value"]


def _line(group: str, name: str, wanted: Setting, there: Data | None, *, is_revealing: bool) -> str:
    """How one setting differs; '' where it does not."""
    noun = f"{NOUNS[group]} {name}"
    if there is None:
        if wanted.value is None:
            return ""
        shown = f": {json.dumps(wanted.value)}" if is_revealing else ""
        if group in WITH_DEFAULTS:
            return f"~ {noun} is different: the default there, {json.dumps(wanted.value)} in the file"
        return f"+ {noun} is only in the file{shown}; it {_way(bool(wanted.is_sticky))}"
    if wanted.value is None:
        return f"- {noun} is only there, and the file wants it gone"
    if wanted.value != there["value"]:
        shown = f": {json.dumps(there['value'])} there, {json.dumps(wanted.value)} in the file" if is_revealing else ""
        sticky = there["is_sticky"] if wanted.is_sticky is None else wanted.is_sticky
        return f"~ {noun} is different{shown}; it {_way(sticky)}"
    if wanted.is_sticky is not None and wanted.is_sticky != there["is_sticky"]:
        return f"~ {noun} is the same; it {_way(there['is_sticky'])} there, and {_way(wanted.is_sticky)} in the file"
    return ""


def _way(is_sticky: bool) -> str:
    return "stays with its slot" if is_sticky else "travels with a swap"


def _body(setting: Setting) -> Data | None:
    if setting.value is None:
        return None
    return {"value": setting.value} | ({} if setting.is_sticky is None else {"is_sticky": setting.is_sticky})


def _domains(portal: Portal, made: Plan, place: _Place, wanted: list[str]) -> None:
    if not wanted:
        return
    there = set(_names(portal, place))
    most = place.limits["domains"]
    if set(wanted) - there and len(there.union(wanted)) > most:
        what = f"{place.limits['title']} mode has {most or 'no'} domain names for each slot"
        raise place.refused(f"{what}, and with the file there would be {len(there.union(wanted))}", "domains")
    for name in wanted:
        if name not in there:
            line = f"+ {place.title}: the domain name {name} is only in the file; it stays with its slot"
            made.changes.append(Change([line], "POST", f"{place.path}/domains", {"name": name}))
    made.stays += [
        f"{place.title}: the domain name {name} is only there, and stays as it is"
        for name in sorted(there - set(wanted))
    ]


def _names(portal: Portal, place: _Place) -> Iterator[str]:
    if place.found is not None:
        for one in portal.pages(f"{place.path}/domains"):
            yield str(one["name"])
