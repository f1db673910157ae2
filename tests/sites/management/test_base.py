"""Commands say what is wrong in sentences, and nobody's text acts on the terminal."""

import io

import pytest
from django.core.management import call_command, get_commands, load_command_class
from django.core.management.base import BaseCommand
from pytest_django import Settings

from sites.errors import Refused
from sites.management.base import GreenroomCommand


class Saying(GreenroomCommand):
    """Says what it is given, or is refused with it."""

    stealth_options = ("text", "is_refused")

    def handle(self, *, text: str, is_refused: bool = False, **_: object) -> None:
        if is_refused:
            raise Refused(text)
        self.stdout.write(text)
        self.stderr.write(text)


def said(**options: object) -> tuple[str, str]:
    out, err = io.StringIO(), io.StringIO()
    call_command(Saying(), stdout=out, stderr=err, **options)
    return out.getvalue(), err.getvalue()


def test_control_characters_are_written_out() -> None:
    assert said(text="a\x1b]0;PWN\x07\n\tb") == (r"a\x1b]0;PWN\x07" + "\n\tb\n",) * 2


def test_a_refusal_is_a_sentence_and_exit_code_1() -> None:
    err = io.StringIO()
    with pytest.raises(SystemExit) as ended:
        call_command(Saying(), text="This was refused.\x1b", is_refused=True, stderr=err)
    assert (ended.value.code, err.getvalue()) == (1, "This was refused.\\x1b\n")


def test_wrong_settings_are_sentences_and_nothing_is_done(settings: Settings) -> None:
    settings.PORT = 0
    err = io.StringIO()
    with pytest.raises(SystemExit) as ended:
        call_command(Saying(), text="done", stdout=err, stderr=err)
    assert ended.value.code == 1
    assert err.getvalue() == "GREENROOM_PORT is 0, and ports go from 1 to 65535.\nNothing was changed.\n"


def test_every_command_of_ours_is_such_a_command() -> None:
    ours = {name: app for name, app in get_commands().items() if app in ("sites", "tools", "portal")}
    assert len(ours) >= 10
    for name, app in ours.items():
        command: BaseCommand = load_command_class(app, name)
        assert isinstance(command, GreenroomCommand), f"{name} prints Django's own report in place of sentences"
