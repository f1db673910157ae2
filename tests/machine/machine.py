"""One run of the machine: QEMU with a throw-away copy of the disk, this checkout inside, and commands by its guest."""

import os
import shlex
import subprocess
import tarfile
import tempfile
import time
from contextlib import suppress
from pathlib import Path

from tests.machine.guest import Done, Guest
from tests.machine.image import ROOT, Image
from tests.machine.progress import report

KVM = Path("/dev/kvm")
EMULATED_TIME = ("-icount", "shift=2")
"""The machine's clock counts what it has done, 4 ns for an instruction, and goes with ours while it waits. By ours it
would miss its own timers while others have the processor: then its kernel gives up on them, and on ACPI."""
BOOT_SECONDS = 3600
LOOK_SECONDS = 10
COMMAND_SECONDS = 3600
"""An emulator on a busy machine is up to a hundred times slower than the machine; a limit only ends what hangs."""
FOLDER = "/opt/greenroom"
PYTHON = f"{FOLDER}/.venv/bin/python"
BOOT_ID = "/proc/sys/kernel/random/boot_id"


def accelerators() -> list[str]:
    """QEMU's, best first. A /dev/kvm without virtualisation in the processor accepts a machine that then hangs."""
    flags = Path("/proc/cpuinfo").read_text().split()
    has_kvm = os.access(KVM, os.R_OK | os.W_OK) and ("vmx" in flags or "svm" in flags)
    return [*(["kvm"] if has_kvm else []), "tcg,thread=single,tb-size=512"]


class Machine:
    """A Debian that runs until `close`."""

    def __init__(self, image: Image, *, processors: int = 1, memory_mb: int = 3072) -> None:
        """Starts to boot."""
        self._folder = tempfile.TemporaryDirectory(prefix="greenroom-machine-")
        self.folder = Path(self._folder.name)
        self._console = self.folder / "console.log"
        pack_checkout(self.folder / "checkout.tar")
        kinds = accelerators()
        report(f"booting with {kinds[0].partition(',')[0]}, processors: {processors}")
        channel = self.folder / "guest.sock"
        log = os.open(self.folder / "qemu.log", os.O_WRONLY | os.O_CREAT)
        self._process = subprocess.Popen(
            [
                *("setpriv", "--pdeathsig", "KILL", "--", "nice", "-n", "15", "qemu-system-x86_64"),
                *("-no-user-config", "-nodefaults", "-display", "none", "-serial", f"file:{self._console}"),
                *(word for kind in kinds for word in ("-accel", kind)),
                *(() if "kvm" in kinds else EMULATED_TIME),
                *("-cpu", "max,la57=off", "-smp", str(processors), "-m", str(memory_mb)),
                *("-kernel", str(image.kernel), "-initrd", str(image.initrd)),
                *("-append", "root=/dev/vda console=ttyS0 quiet mitigations=off"),
                *("-drive", f"file={image.disk},format=raw,if=virtio,snapshot=on"),
                *("-drive", f"file={self.folder / 'checkout.tar'},format=raw,if=virtio,readonly=on"),
                *("-nic", "user,restrict=on,model=virtio"),
                *("-device", "virtio-rng", "-device", "virtio-serial"),
                *("-chardev", f"socket,path={channel},server=on,wait=off,id=guest"),
                *("-device", "virtserialport,chardev=guest,name=org.qemu.guest_agent.0"),
            ],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        os.close(log)
        self._guest = Guest(channel)

    def boot(self) -> None:
        """Returns when the machine runs with this checkout in it. Raises AssertionError with its console."""
        began = time.monotonic()
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > began + BOOT_SECONDS:
                said = (self.folder / "qemu.log").read_text(errors="replace")
                raise AssertionError(f"The machine did not boot:\n{said}{self.console()}")
        report(f"booted after {time.monotonic() - began:.0f} s")
        self.check("tar", "-xf", "/dev/vdb", "-C", FOLDER)

    def reboot(self) -> None:
        """An orderly reboot; returns when the machine runs again."""
        began = time.monotonic()
        before = self.read(BOOT_ID)
        with suppress(OSError):  # it may end between a question and its answer; then nobody is there for a while
            self.run("systemctl", "--no-block", "reboot")
        while time.monotonic() < began + BOOT_SECONDS:
            with suppress(OSError, AssertionError):
                self._guest.wait(BOOT_SECONDS)
                if self.read(BOOT_ID) != before:
                    report(f"rebooted after {time.monotonic() - began:.0f} s")
                    return
        raise AssertionError(f"no reboot within {BOOT_SECONDS} s:\n{self.console()}")

    def run(self, *command: str, given: str = "", seconds: float = COMMAND_SECONDS) -> Done:
        """A command as root, whatever comes of it."""
        return self._guest.run(["/usr/bin/env", *command], given=given, seconds=seconds)

    def check(self, *command: str, given: str = "", seconds: float = COMMAND_SECONDS) -> str:
        """What a command wrote to stdout. Raises AssertionError when it failed."""
        done = self.run(*command, given=given, seconds=seconds)
        assert done.code == 0, f"{shlex.join(command)[:300]}: {done}"
        return done.out

    def read(self, path: str) -> str:
        """A file of the machine, without white space around it."""
        return self.check("cat", path).strip()

    def console(self) -> str:
        """The end of what the machine said on its console."""
        return self._console.read_text(errors="replace")[-3000:] if self._console.exists() else ""

    def close(self) -> None:
        """Ends the machine; nothing of it is left."""
        self._guest.close()
        self._process.kill()
        self._process.wait()
        self._folder.cleanup()

    def _answers(self) -> bool:
        try:
            self._guest.wait(LOOK_SECONDS)
        except TimeoutError:
            return False
        return True


def pack_checkout(target: Path) -> None:
    """The files of this working tree, as they are, with what is new and not ignored."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    with tarfile.open(target, "w") as tar:
        for name in listed.stdout.decode().split("\0"):
            if name and (ROOT / name).exists():
                tar.add(ROOT / name, name, recursive=False)
