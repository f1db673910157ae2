"""The form of the Configure tab: as a page has it, and as it is sent for given rows."""

import html
import re

from django.test import Client

from sites.models import Operation
from tests.domain import Domain

PREFIXES = ("app_settings", "connection_strings", "handler_mappings", "mounts")


def filled(start_command: str = "", **rows: list[dict[str, str]]) -> dict[str, str]:
    """What the form sends for these rows."""
    data = {"start_command": start_command}
    for prefix in PREFIXES:
        entries = rows.get(prefix, [])
        data |= {f"{prefix}-TOTAL_FORMS": str(len(entries) + 1), f"{prefix}-INITIAL_FORMS": str(len(entries))}
        for number, entry in enumerate(entries):
            data |= {f"{prefix}-{number}-{key}": value for key, value in entry.items()}
    return data


def save(domain: Domain, client: Client, address: str, **rows: object) -> Operation:
    """Send these rows and take the operation to its end."""
    answer = client.post(address, filled(**rows))
    assert answer.status_code == 303, answer.content.decode()
    return domain.work(Operation.objects.filter(kind="change_settings").first())


def loaded(client: Client, address: str) -> dict[str, str]:
    """The form as the page has it, as a browser would send it back."""
    return form_in(client.get(address).content)


def form_in(page: bytes) -> dict[str, str]:
    """The form of a whole page, as a browser would send it back."""
    return fields(page.decode().split('id="configure-form"')[1].split("</form>")[0])


def row_named(page: dict[str, str], name: str) -> str:
    """The prefix of the first row of that name."""
    return next(key.rpartition("-")[0] for key, value in page.items() if key.endswith("-name") and value == name)


def shown(client: Client, address: str, category: str = "app_settings", **typed: str) -> dict[str, str]:
    """The form after its hidden values were asked for."""
    asked = {**loaded(client, address), **typed, "show": category}
    return form_in(client.post(f"{address}reveal/", asked).content)


def fields(page: str) -> dict[str, str]:
    """What a browser sends of this part of a page (HTML, "newline normalization" and the fields' own rules)."""
    page = re.sub(r"<template>.*?</template>", "", page, flags=re.S)
    page = page.replace("\r\n", "\n").replace("\r", "\n")
    sent = {}
    for tag in re.findall(r"<input [^>]*>", page):
        found = {key: html.unescape(value) for key, value in re.findall(r'([\w-]+)="([^"]*)"', tag)}
        if found.get("type") not in ("radio", "checkbox") or " checked" in tag:
            value = found.get("value", "on")
            is_line = found.get("type") == "text"
            sent[found["name"]] = value.replace("\n", "") if is_line else value.replace("\n", "\r\n")
    for name, text in re.findall(r'<textarea [^>]*name="([^"]+)"[^>]*>(.*?)</textarea>', page, flags=re.S):
        sent[name] = html.unescape(text.removeprefix("\n")).replace("\n", "\r\n")
    for name, options in re.findall(r'<select name="([^"]+)"[^>]*>(.*?)</select>', page, flags=re.S):
        sent[name] = re.search(r"<option selected[^>]*>(\w+)", options).group(1)
    return sent


def as_read(content: bytes) -> str:
    """A page as it is read."""
    return html.unescape(content.decode())
