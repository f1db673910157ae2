"""The form of the Configure tab: as a page has it, and as it is sent for given rows."""

import html
import re

from django.test import Client

from sites.models import Operation
from tests.domain import Domain

PREFIXES = ("app_settings", "connection_strings", "mounts")


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
    page = client.get(address).content.decode()
    return fields(page.split('id="configure-form"')[1].split('id="reveal-strings"')[0])


def fields(page: str) -> dict[str, str]:
    """What a browser would send of this part of a page."""
    page = re.sub(r"<template>.*?</template>", "", page, flags=re.S)
    sent = {}
    for tag in re.findall(r"<input [^>]*>", page):
        found = {key: html.unescape(value) for key, value in re.findall(r'([\w-]+)="([^"]*)"', tag)}
        if found.get("type") not in ("radio", "checkbox") or " checked" in tag:
            sent[found["name"]] = found.get("value", "on")
    for name, text in re.findall(r'<textarea [^>]*name="([^"]+)"[^>]*>(.*?)</textarea>', page, flags=re.S):
        sent[name] = html.unescape(text)
    for name, options in re.findall(r'<select name="([^"]+)"[^>]*>(.*?)</select>', page, flags=re.S):
        sent[name] = re.search(r"<option selected[^>]*>(\w+)", options).group(1)
    return sent


def as_read(content: bytes) -> str:
    """A page as it is read."""
    return html.unescape(content.decode())
