"""Domain names of a slot, its certificates, and how many instances it has."""

import base64
from pathlib import Path

import click

from client.addresses import place
from client.api import Data, Portal
from client.commands.options import with_json, with_slot, with_waiting
from client.exits import Ended, Exit
from client.login import read
from client.show import end, result, say, table

LARGEST_FILE = 128 * 1024
PFX = (".pfx", ".p12")


@click.group()
def domains() -> None:
    """List, claim and give up the domain names of a slot."""


@domains.command("list")
@click.argument("site")
@with_slot("production")
@with_json
def list_domains(site: str, slot: str, is_json: bool) -> None:
    """List the domain names, and for each that is not verified yet the records of which one proves it."""
    found = list(Portal(read()).pages(f"{place(site, slot)}/domains"))
    rows = [(one["name"], one["state"], "" if one["state"] == "verified" else records(one)) for one in found]
    table(found, ("Name", "State", "Create one of these records"), rows, is_json=is_json)


@domains.command()
@click.argument("site")
@click.argument("name")
@with_slot("production")
@with_json
def add(site: str, name: str, slot: str, is_json: bool) -> None:
    """Claim NAME for a slot. It answers there once one of two records was found."""
    found = Portal(read()).ask("POST", f"{place(site, slot)}/domains", {"name": name})
    if found["state"] == "verified":
        say(f"The slot answers at {found['name']} now.")
    else:
        say("Create one of these records with your DNS provider; Greenroom looks for it automatically:")
    result(found, [] if found["state"] == "verified" else [records(found)], is_json=is_json)


@domains.command()
@click.argument("site")
@click.argument("name")
@with_slot("production")
@with_json
def check(site: str, name: str, slot: str, is_json: bool) -> None:
    """Have the records of NAME looked up again soon."""
    portal = Portal(read())
    found = portal.ask("POST", f"{_claim(portal, site, slot, name)}/check")
    say(found["finding"] or "It is looked up in the next seconds: greenroom domains list")
    result(found, [], is_json=is_json)


@domains.command("remove")
@click.argument("site")
@click.argument("name")
@with_slot("production")
@with_waiting
def remove_domain(site: str, name: str, slot: str, is_waiting: bool, timeout: float, is_json: bool) -> None:
    """Give NAME up: the slot no longer answers there."""
    portal = Portal(read())
    operation = portal.ask("DELETE", _claim(portal, site, slot, name))
    end(portal, operation, is_waiting=is_waiting, timeout=timeout, is_json=is_json)


@click.group()
def certificates() -> None:
    """List, upload and remove the certificates of a slot."""


@certificates.command("list")
@click.argument("site")
@with_slot("production")
@with_json
def list_certificates(site: str, slot: str, is_json: bool) -> None:
    """List the uploaded certificates; the first one ends first."""
    found = list(Portal(read()).pages(f"{place(site, slot)}/certificates/uploaded"))
    rows = [(str(one["number"]), ", ".join(one["names"]), one["issuer"], one["expires_at"][:10]) for one in found]
    table(found, ("Number", "Names", "Issued by", "Expires"), rows, is_json=is_json)


@certificates.command()
@click.argument("site")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@with_slot("production")
@click.option("--password", envvar="GREENROOM_PFX_PASSWORD", default="", help="of FILE; or GREENROOM_PFX_PASSWORD")
@with_json
def upload(site: str, file: Path, slot: str, password: str, is_json: bool) -> None:
    """Upload a certificate with its key: FILE is PEM, or ends with .pfx or .p12."""
    content = file.read_bytes()
    if len(content) > LARGEST_FILE:
        raise Ended(Exit.REFUSED, f"{file} is larger than {LARGEST_FILE // 1024} KiB, so nothing was sent.")
    is_pfx = file.suffix.lower() in PFX
    body = {"pfx": base64.b64encode(content).decode()} if is_pfx else {"pem": content.decode("utf-8", "replace")}
    address = f"{place(site, slot)}/certificates/uploaded"
    found = Portal(read()).ask("POST", address, {**body, "password": password})
    result(found, [str(found["number"])], is_json=is_json)


@certificates.command("remove")
@click.argument("site")
@click.argument("number", type=click.IntRange(1))
@with_slot("production")
@with_waiting
def remove_certificate(site: str, number: int, slot: str, is_waiting: bool, timeout: float, is_json: bool) -> None:
    """Forget the certificate NUMBER and its key."""
    portal = Portal(read())
    address, thing = f"{place(site, slot)}/certificates/uploaded/{number}", f"certificate {number} in its slot '{slot}'"
    operation = portal.ask("DELETE", address, thing=thing)
    end(portal, operation, is_waiting=is_waiting, timeout=timeout, is_json=is_json)


@click.command()
@click.argument("site")
@click.argument("count", type=click.IntRange(1, 1000))
@with_slot("production")
@with_waiting
def scale(site: str, count: int, slot: str, is_waiting: bool, timeout: float, is_json: bool) -> None:
    """Give a slot COUNT instances."""
    portal = Portal(read())
    operation = portal.ask("PUT", f"{place(site, slot)}/instances", {"instances": count})
    end(portal, operation, is_waiting=is_waiting, timeout=timeout, is_json=is_json)


def records(domain: Data) -> str:
    """The two records of which one proves a name."""
    target = f"{domain['name']} CNAME {domain['cname_target']}"
    return f"{target}  or  {domain['txt_name']} TXT {domain['txt_value']}"


def _claim(portal: Portal, site: str, slot: str, name: str) -> str:
    """The address of a name of the slot. Raises Ended."""
    address = f"{place(site, slot)}/domains"
    for one in portal.pages(address):
        if one["name"] == name.lower().rstrip("."):
            return f"{address}/{one['number']}"
    raise Ended(Exit.REFUSED, f"The slot has no domain name '{name}', so nothing was changed. greenroom domains list")
