"""A site's variables take effect in its own process alone, which has the site's user and no right from the first
instruction on: with every variable by which glibc or a language loads code, in every way that a site runs something."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import httpx
import pytest

from sites.content import installers
from sites.runtime.agent.spawn import MARK
from sites.runtime.spec import Mount, RunSpec
from tests.live.agent_rig import Agent, wait_until

pytestmark = pytest.mark.live

SOURCES = Path(__file__).parent / "loaders"
SHADOWED = "libcap-ng.so.0 libcap.so.2 libselinux.so.1 libpcre2-8.so.0 libffi.so.8 libm.so.6".split()
"""What setpriv, bubblewrap, nsenter and the interpreter load."""
OWNER = 60
NONE = "0000000000000000"
RIGHTS = {name: NONE for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")}
SERVED = (sys.executable, "/opt/greenroom/programs/static.py")

LOADING = {
    "LD_PRELOAD": ("/app/preloaded.so", "preloaded"),
    "LD_AUDIT": ("/app/audited.so", "audited"),
    "LD_LIBRARY_PATH": ("/app/shadows", "shadow"),
    "GCONV_PATH": ("/app/converters", "converter"),
}
"""Variables that make glibc load a library: the value, and by what name the library tells."""
READING = dict(
    pair.split("=", 1)
    for pair in """
    GLIBC_TUNABLES=glibc.malloc.check=3:glibc.rtld.optional_static_tls=4096 LD_BIND_NOW=1 LD_DEBUG=all
    LD_DEBUG_OUTPUT=/data/debug LD_HWCAP_MASK=0 LD_PROFILE=libc.so.6 LD_PROFILE_OUTPUT=/data LD_SHOW_AUXV=1
    LD_ORIGIN_PATH=/app LD_DYNAMIC_WEAK=1 LOCPATH=/app/locales NLSPATH=/app/%N LC_ALL=xx_XX.TELLER
    MALLOC_TRACE=/data/malloc MALLOC_CHECK_=3 TZ=:/app/zone TZDIR=/app/zones TMPDIR=/data RES_OPTIONS=debug
    HOSTALIASES=/app/hosts GETCONF_DIR=/app PATH=/app/bin:/usr/bin:/bin HOME=/app PYTHONPATH=/app/python
    PYTHONHOME=/app/python PYTHONSTARTUP=/app/python/sitecustomize.py PYTHONUSERBASE=/app/python PYTHONINSPECT=1
    PYTHONMALLOC=debug PYTHONWARNINGS=error NODE_OPTIONS=--require=/app/told.js NODE_PATH=/app BASH_ENV=/app/told.sh
    ENV=/app/told.sh SHELLOPTS=xtrace PS4=$(id) PERL5OPT=-Mtold PERL5LIB=/app RUBYOPT=-r/app/told
    JAVA_TOOL_OPTIONS=-javaagent:/app/told.jar OPENSSL_CONF=/app/openssl.cnf SSL_CERT_FILE=/app/ca.pem
    """.split()
)
"""Variables by which something reads or writes a file, or behaves otherwise; all of them at once."""
LANGUAGES = {
    "PYTHONPATH": ("/app/python", "/usr/bin/python3 -c pass"),
    "BASH_ENV": ("/app/told.sh", "/bin/bash -c :"),
    "PERL5OPT": ("-I/app -Mtold", "/usr/bin/perl -e 1"),
    "NODE_OPTIONS": ("--require=/app/told.js", "/usr/bin/node -e 0"),
}
"""Variables that make an interpreter run a file: the value, and the line that a program of the site then runs."""
TELLS = "env -i TOLD=BY BY=a-script /app/program"
SCRIPTS = {
    "python/sitecustomize.py": f"import os\nos.system({TELLS!r})\n",
    "told.sh": f"{TELLS}\n",
    "told.pm": f"system({TELLS!r}); 1;\n",
    "told.js": f"require('child_process').execSync({TELLS!r})\n",
}


@dataclass(frozen=True, slots=True)
class Told:
    """One line of the trace."""

    by: str
    rights: dict[str, str]


@pytest.fixture(scope="module")
def app(shared_agent: Agent) -> Path:
    """A content with the libraries, and with a program that uses them."""
    folder = shared_agent.folder / "loaders"
    for name in ("shadows", "converters", "python", "bin"):
        (folder / name).mkdir(parents=True)

    def library(target: str, tells: str) -> None:
        options = ("-shared", "-fPIC", f'-DNAME="{tells}"', "-o", str(folder / target), str(SOURCES / "library.c"))
        subprocess.run(["gcc", "-Wall", *options], check=True)

    for target, tells in (("preloaded.so", "preloaded"), ("audited.so", "audited"), ("libshadowed.so", "ours")):
        library(target, tells)
    for name in (*SHADOWED, "libshadowed.so"):
        library(f"shadows/{name}", "shadow")
    library("converters/TELLER.so", "converter")
    (folder / "converters" / "gconv-modules").write_text(
        "module INTERNAL TELLER// TELLER 1\nmodule TELLER// INTERNAL TELLER 1\n"
    )
    program = ("-o", str(folder / "program"), str(SOURCES / "program.c"), f"-L{folder}", "-lshadowed")
    subprocess.run(["gcc", "-Wall", *program, "-Wl,--enable-new-dtags,-rpath,/app"], check=True)
    for target, text in SCRIPTS.items():
        (folder / target).write_text(text)
    for name in ("setpriv", "bwrap", "python3", "nsenter", "sh"):
        shutil.copy(folder / "program", folder / "bin" / name)
    (folder / "page.cgi").write_text("")
    return folder


class Way:
    """One way in which a site runs its program; the trace is in a persistent folder of its own."""

    def __init__(self, agent: Agent, app: Path, name: str) -> None:
        self._agent = agent
        self._app = app
        self._name = name
        self.data = agent.folder / "told" / name

    def run(self, env: dict[str, str], told: str) -> list[Told]:
        """The trace of one run of the program under that environment, which tells the value of `told`."""
        shutil.rmtree(self.data, ignore_errors=True)
        ways: dict[str, Callable[[dict[str, str]], None]] = {
            "instance": self._instance,
            "build": self._build,
            "release": self._release,
            "handler": self._handler,
        }
        ways[self._name]({**env, "TOLD": told})
        return self.trace()

    def trace(self) -> list[Told]:
        """What has been reported so far."""
        lines = (self.data / "trace").read_text().splitlines() if (self.data / "trace").exists() else []
        found = []
        for line in lines:
            by, *fields = line.split("|")
            found.append(
                Told(by, {name: value.strip() for name, _, value in (field.partition(":") for field in fields)})
            )
        return found

    def _mounts(self) -> tuple[Mount, ...]:
        return (Mount(str(self.data), "/data"),)

    def _instance(self, env: dict[str, str]) -> None:
        command = ("/app/program", "/usr/bin/sleep", "60")
        spec = self._agent.spec(OWNER, app=str(self._app), command=command, env=env, mounts=self._mounts())
        self._agent.runtime.apply(replace(spec, generation=self._next()))
        wait_until(lambda: any(told.by.startswith("program") for told in self.trace()))
        for part in ("monitor", "child"):
            assert_holds_nothing_of_the_site(Path("/proc", str(self._agent.record(OWNER)[part]["pid"])))
        self._agent.stop(OWNER, generation=self._next())

    def _next(self) -> int:
        type(self)._generation += 1
        return type(self)._generation

    _generation = 0

    def _build(self, env: dict[str, str]) -> None:
        work = self._agent.folder / "building"
        shutil.rmtree(work, ignore_errors=True)
        shutil.copytree(self._app, work)
        mounts = (Mount(str(work), "/app"), Mount(str(self.data), "/data"))
        self._run({**installers.environment(), **env}, mounts)

    def _release(self, env: dict[str, str]) -> None:
        self._run(env, (Mount(str(self._app), "/app", is_writable=False), *self._mounts()))

    def _run(self, env: dict[str, str], mounts: tuple[Mount, ...]) -> None:
        log = self._agent.folder / "told.log"
        spec = RunSpec("told", OWNER, "site", ("/app/program",), env, mounts, log=str(log))
        code = self._agent.run(spec)
        self._agent.runtime.end_run("told")
        assert code == 0, log.read_text()

    def _handler(self, env: dict[str, str]) -> None:
        mapped = {"HANDLER_MAPPINGS": json.dumps({".cgi": {"processor": "/app/program"}})}
        (instance,) = self._agent.serve(
            OWNER,
            app=str(self._app),
            command=SERVED,
            env={**env, **mapped},
            mounts=self._mounts(),
            generation=self._next(),
        )
        url = f"http://{instance.address}:{instance.port}/page.cgi"
        assert httpx.get(url, timeout=20, trust_env=False).text == "told\n"
        self._agent.stop(OWNER, generation=self._next())


WAYS = ("instance", "build", "release", "handler")


def assert_holds_nothing_of_the_site(process: Path) -> None:
    """What started the site's process, and the init of its sandbox."""
    names = {entry.partition(b"=")[0].decode() for entry in (process / "environ").read_bytes().split(b"\0")}
    assert names == {"PATH", MARK, ""}
    assert b"PATH=/usr/bin:/bin:/usr/sbin:/sbin\0" in (process / "environ").read_bytes()
    assert b"/app" not in (process / "cmdline").read_bytes()
    assert "/app" not in str((process / "cwd").readlink())


def assert_of_the_site_alone(trace: list[Told], way: Way) -> None:
    """Whoever told, told as the site's user without any right; and no file in the folder is anybody else's."""
    user = str(20000 + OWNER)
    for told in trace:
        assert told.rights == {"Uid": "\t".join([user] * 4), "Gid": "\t".join([user] * 4), "Groups": "", **RIGHTS}, told
    assert {path.lstat().st_uid for path in way.data.iterdir()} == {int(user)}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", LOADING)
def test_a_library_is_loaded_by_the_sites_process_alone(shared_agent: Agent, app: Path, way: str, name: str) -> None:
    value, library = LOADING[name]
    tried = Way(shared_agent, app, way)
    if (name, way) == ("LD_LIBRARY_PATH", "handler"):
        # The stand-ins for the interpreter's own libraries do nothing, so its site could not start with them
        value = "/app/shadow"
        (app / "shadow").mkdir(exist_ok=True)
        shutil.copy(app / "shadows" / "libshadowed.so", app / "shadow")
    trace = tried.run({name: value}, name)
    assert library in {told.by for told in trace}, "it has an effect, as people want who use another allocator"
    assert f"program {name}={value} 1" in {told.by for told in trace}
    assert_of_the_site_alone(trace, tried)


@pytest.mark.parametrize("way", WAYS)
def test_no_other_variable_is_in_force_before_the_sites_process(shared_agent: Agent, app: Path, way: str) -> None:
    tried = Way(shared_agent, app, way)
    # The server of static files, which is the site's process there, could not start, or a script's answer be read
    left_out = ("PYTHONHOME", "LD_SHOW_AUXV") if way == "handler" else ()
    env = {name: value for name, value in READING.items() if name not in left_out}
    trace = tried.run(env, "LOCPATH")
    assert f"program LOCPATH={READING['LOCPATH']} 1" in {told.by for told in trace}
    assert list(tried.data.glob("debug.*")), "the loader wrote what it was asked for, as the site's user"
    assert_of_the_site_alone(trace, tried)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", [name for name, (_, line) in LANGUAGES.items() if Path(line.split()[0]).exists()])
def test_a_script_is_run_by_the_sites_process_alone(shared_agent: Agent, app: Path, way: str, name: str) -> None:
    value, line = LANGUAGES[name]
    tried = Way(shared_agent, app, way)
    trace = tried.run({name: value, "THEN": line}, name)
    assert "program BY=a-script 1" in {told.by for told in trace}
    assert_of_the_site_alone(trace, tried)
