"""A person runs a command on a page of the slot, sees what it writes, and stops it."""

from django.test import Client

from sites.jobs import one_off_commands as job
from sites.models import OneOffCommand, Site
from sites.planning import command_log
from tests.domain import Domain
from tests.portal.conftest import HTMX

PAGE = "/sites/contoso/staging/commands/"


def test_a_command_is_run_seen_and_stopped(domain: Domain, contoso: Site, alice: Client) -> None:
    domain.runtime.run_exit_code = None
    assert b"Nobody has run a command here yet." in alice.get(PAGE).content
    answer = alice.post(PAGE, {"command": "echo <one>"})
    command = OneOffCommand.objects.get()
    address = f"{PAGE}{command.record.public_id}/"
    assert (answer.status_code, answer["Location"]) == (303, address)
    job.run()
    command_log(command.run_id).write_text("<one>\n")
    page = alice.get(address).content.decode()
    assert "echo &lt;one&gt;" in page and "&lt;one&gt;</pre>" in page and 'id="command-stop"' in page
    part = {**HTMX, "HX-Target": "one-off-command"}
    assert alice.get(address, headers=part).status_code == 200
    busy = alice.post(PAGE, {"command": "echo two"})
    assert busy.status_code == 409 and b"one runs already" in busy.content and b'value="echo two"' in busy.content
    assert alice.post(f"{address}stop/").status_code == 303
    assert b"is being stopped for" in alice.get(address).content
    job.run()
    ended = alice.get(address, headers=part)
    assert ended.status_code == 286 and b"The command was stopped by alice." in ended.content
    assert b"Was stopped by alice" in alice.get(PAGE).content


def test_a_reader_sees_neither_commands_nor_their_output(contoso: Site, bob: Client) -> None:
    assert bob.get(PAGE).status_code == 403
    assert bob.post(PAGE, {"command": "env"}).status_code == 403
