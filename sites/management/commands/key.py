"""`./greenroom key`: the keys of the installation, and how a new one takes the place of the old one."""

from django.conf import settings
from django.core.management.base import CommandParser

from portal.options import describe_options
from portal.signing_keys import follow
from sites.keyring import FORMER, key_file, new_key
from sites.management.base import GreenroomCommand
from sites.services import key_rotation
from sites.services.key_rotation import Renewal
from sites.supervisor.lock import UpLock


class Command(GreenroomCommand):
    """Shows the keys, or replaces them; may be cut off at any point and run again."""

    help = "Show the keys of the installation. `rotate` adds a new key, `rotate --finish` retires the old one."

    def add_arguments(self, parser: CommandParser) -> None:
        """What to do, and Greenroom's own options."""
        parser.add_argument("action", nargs="?", choices=("show", "rotate", "new"), default="show")
        parser.add_argument("--finish", action="store_true", help="retire the old key, once nothing needs it")
        describe_options(parser, "--data")

    def handle(self, *, action: str, finish: bool, **_: object) -> None:
        """Exit code 1 with a sentence when it is refused."""
        file = key_file(settings.KEY_FILE)
        if action == "new":
            ring = file.read()
            self.stdout.write(ring.with_keys(new_key(after=ring.keys[0]), *ring.keys).text, ending="")
        elif action == "show":
            self._show()
        elif finish:
            with file.locked():
                self._finish()
        else:
            with file.locked():
                self._rotate()

    def _show(self) -> None:
        ring = key_file(settings.KEY_FILE).read()
        self.stdout.write(f"Key file: {settings.KEY_FILE}")
        for number, key in enumerate(ring.keys):
            made = "before its time was noted" if key.made_at == FORMER else f"{key.made_at[:16]} UTC"
            self.stdout.write(f"  made {made:<28}{'in use' if number == 0 else 'can still be read'}")
        if len(ring.keys) > 1:
            self.stdout.write("A rotation is under way. Go on with it: ./greenroom key rotate")

    def _rotate(self) -> None:
        is_new = key_rotation.begin(is_up=UpLock(settings.RUN_DIR).is_held())
        follow()
        self.stdout.write("A new key is in use." if is_new else "The rotation that was begun before goes on.")
        self._renew()
        self.stdout.write(
            "The old key can still be read. Keep a copy of the key file now. In a quarter of an hour or later, retire "
            "the old key: ./greenroom key rotate --finish. A backup from before needs the old key to be read."
        )

    def _finish(self) -> None:
        key_rotation.ensure_can_finish(key_file(settings.KEY_FILE))
        while self._renew().renewed:
            self.stdout.write("Something was written under the old key meanwhile; looking again.")
        retired = key_rotation.finish()
        which = "The old key is" if retired == 1 else f"{retired} old keys are"
        self.stdout.write(f"{which} retired. Keep a copy of the key file.")

    def _renew(self) -> Renewal:
        """Encrypt everything under the newest key, a line for each place."""
        total = Renewal(0, 0)
        for name, renew in key_rotation.places().items():
            done = sum(renew(), Renewal(0, 0))
            total += done
            lost = f", {done.unreadable} readable with none of the keys" if done.unreadable else ""
            self.stdout.write(f"  {name:<32} {done.seen:>9,} values, {done.renewed:,} encrypted anew{lost}")
            self.stdout.flush()
        return total
