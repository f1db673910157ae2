"""Log in, log out."""

import sys

import click

from client import login as logins
from client.api import Portal
from client.exits import Ended, Exit
from client.show import say


@click.command()
@click.option("--server", envvar=logins.SERVER, default="http://localhost:8080", help="address of the portal")
def login(server: str) -> None:
    """Keep an access token for a portal. It is asked for, or read from standard input.

    Create one in the portal: Settings, Your account, Access tokens.
    """
    address = logins.checked_server(server)
    if sys.stdin.isatty():
        say(f"Create an access token at {address}/settings/account/tokens/, and paste it here.")
    token = click.prompt("Access token", hide_input=True, err=True) if sys.stdin.isatty() else sys.stdin.readline()
    if not token.strip():
        raise Ended(Exit.NOT_SIGNED_IN, "No access token was given, so nothing is kept.")
    found = logins.Login(address, token.strip())
    me = Portal(found).get("/me")
    path = logins.write(found)
    where = f", for '{me['site']}' only" if me["site"] else ""
    say(f"You act for {me['person']} at {address}{where}: {', '.join(me['scopes'])}. Kept in {path}.")


@click.command()
def logout() -> None:
    """Forget the access token. Revoke it in the portal if nothing else uses it."""
    say("Forgotten." if logins.forget() else "There was no login.")
