"""Greenroom as a unit of systemd: its text, and where it lies. systemd.service(5), systemd.unit(5)."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

NAME = "greenroom"
MARK = "# Written by ./greenroom service install, which writes it anew. Changes belong into a drop-in:"
STATE = Path("/var/lib/greenroom")
"""systemd makes this folder for the service; any other has to be there."""

_NOT_IN_PROGRAM = set("\"'\\;#$")

_SERVICE = """\
Type=notify
NotifyAccess=all
ExecStart={start}
ExecReload={reload}
{settings}\
# The first start downloads the libraries, and `up` itself gives up on a part that does not answer
TimeoutStartSec=infinity
# Sites have 30 s to finish their requests
TimeoutStopSec=180
# A stop is done by `up` itself, in order. After a crash of `up`, Envoy, agent and Redis serve on and are adopted
KillMode=process
SendSIGHUP=no
# `up` reports three times as often as this; one that hangs is ended, and its successor adopts what serves the sites
WatchdogSec=120
Restart=on-failure
RestartSec=1
# A part that is killed for want of memory is started again by `up`; the others go on
OOMPolicy=continue
"""
_OF_ROOT = """\
Environment=PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
# Settings of docs/settings.md, a NAME=VALUE in each line; readable for root alone
EnvironmentFile=-/etc/greenroom/environment
# To keep the keys apart from the data (docs/operation.md, Keys):
# LoadCredential=greenroom.key:/etc/greenroom/secret.key
LimitNOFILE=1048576
"""
_OF_USER = """\
# Settings of docs/settings.md, a NAME=VALUE in each line
EnvironmentFile=-%h/.config/greenroom/environment
"""


@dataclass(frozen=True, slots=True)
class Unit:
    """One service: which program, for which data folder, with which of its own options."""

    program: Path
    """The start script `greenroom`."""
    data: Path
    options: Mapping[str, str]
    """Beside --data: '--port' → '8080'."""
    home: Path | None = None
    """Of the user whose service it is; None: of the machine, as root."""

    @property
    def path(self) -> Path:
        """Where systemd looks for it."""
        folder = Path("/etc/systemd/system") if self.home is None else self.home / ".config/systemd/user"
        return folder / f"{NAME}.service"

    @property
    def control(self) -> tuple[str, ...]:
        """The beginning of each command to systemd."""
        return ("systemctl",) if self.home is None else ("systemctl", "--user")

    @property
    def text(self) -> str:
        """The whole file. Raises ValueError for a path or an option that no unit can hold."""
        words = [word for option in self.options.items() for word in option]
        if strange := sorted(set(str(self.program)) & _NOT_IN_PROGRAM):
            raise ValueError(f"the path {self.program} has {' and '.join(strange)}, which systemd takes in no program")
        start = [str(self.program), "up", "--data", str(self.data), *words]
        service = _SERVICE.format(
            start=" ".join(map(quoted, start)),
            reload=" ".join(map(quoted, [str(self.program), "restart", "--data", str(self.data)])),
            settings=_OF_ROOT if self.home is None else _OF_USER,
        )
        drop_in = f"# {self.path.parent / (NAME + '.service.d')}/own.conf"
        unit = ["Description=Greenroom, staged publishing for web sites"]
        if self.home is None:
            unit += ["Wants=network-online.target", "After=network-online.target"]
            unit.append(f"RequiresMountsFor={quoted(str(self.data))}")
            if self.data == STATE:
                service += "StateDirectory=greenroom\nStateDirectoryMode=0700\n"
        target = "multi-user.target" if self.home is None else "default.target"
        parts = [MARK, drop_in, "", "[Unit]", *unit, "", "[Service]", service, "[Install]", f"WantedBy={target}"]
        return "\n".join(parts) + "\n"


def quoted(word: str) -> str:
    """As one word of a unit, in which nothing is expanded. Raises ValueError where that cannot be."""
    if not word.isprintable():
        raise ValueError(f"{word!r} has characters that no unit can hold")
    escaped = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("$", "$$")
    is_plain = escaped.isascii() and not set(escaped) & set(" \"';\\#")
    return escaped if is_plain and escaped else f'"{escaped}"'


def is_ours(text: str) -> bool:
    """Whether the command wrote this file."""
    return text.startswith(MARK)
