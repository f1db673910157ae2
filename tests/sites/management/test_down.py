"""`./greenroom down` offers what it uses."""

from sites.management.commands.down import Command


def test_the_help_names_only_the_folder() -> None:
    shown = Command().create_parser("greenroom", "down").format_help()
    assert "--data DIR" in shown
    assert "--port" not in shown and "--isolation" not in shown
