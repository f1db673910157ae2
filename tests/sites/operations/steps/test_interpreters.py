"""The interpreter that a content asks for is found, fetched once, or missed with a sentence."""

import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_django import Settings

from sites.content import interpreters
from sites.content.interpreters import Interpreter
from sites.models import Deployment, Operation
from sites.planning import build_log
from sites.runtime.spec import RunSpec
from sites.services import deployments, incremental
from sites.services.publisher import Publisher
from tests.deaths import Killed
from tests.domain import Domain

FLASK = "from flask import Flask\napp = Flask(__name__)\n"
THERE = {"3.11.2": "", "3.13.5": "/opt/python3.13"}


@pytest.fixture(autouse=True)
def machine(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two Pythons, and a catalogue with a third."""
    settings.BASE_DIR = tmp_path
    settings.TOOL_DIR = tmp_path / "tools"
    uv = tmp_path / ".boot" / "bin" / "uv"
    uv.parent.mkdir(parents=True)
    uv.touch()
    there = [Interpreter(f"{folder}/bin/python3", version, folder) for version, folder in THERE.items()]
    fetched = [Interpreter("python3", "3.12.8", str(settings.TOOL_DIR / "cpython-3.12.8"))]
    monkeypatch.setattr(interpreters, "base_python", lambda: there[0])
    monkeypatch.setattr(
        interpreters, "pythons", lambda: [*there, *(one for one in fetched if Path(one.folder).is_dir())]
    )
    monkeypatch.setattr(interpreters, "_listed_pythons", lambda _versions, _period: ("3.12.7", "3.12.8"))


def publish(domain: Domain, wanted: str, file: str = ".python-version") -> Operation:
    archive = domain.folder / "app.zip"
    with zipfile.ZipFile(archive, "w") as packed:
        packed.writestr("app.py", FLASK)
        packed.writestr("requirements.txt", "flask")
        packed.writestr(file, wanted)
    slot = domain.create().slots.get()
    operation = deployments.publish_zip(
        acting_user=domain.alice, author="alice", slot=slot, archive=archive, message="one", deployer="Portal"
    )
    return domain.work(operation)


def runs(domain: Domain, beginning: str) -> list[RunSpec]:
    return [run for run in domain.runtime.orders if isinstance(run, RunSpec) and run.run_id.startswith(beginning)]


def test_one_of_the_machine_is_shown_to_the_build_and_to_the_instances(domain: Domain) -> None:
    operation = publish(domain, "3.13")
    assert operation.state == "succeeded", operation.outcome
    (build,) = runs(domain, "build")
    assert build.env["PYTHON"] == "/opt/python3.13/bin/python3"
    assert ("/opt/python3.13", False) in {(mount.source, mount.is_writable) for mount in build.mounts}
    assert Deployment.objects.get(operation=operation).traits == {"tools": ["/opt/python3.13"]}
    mounts = operation.deployment.workload.revisions.latest("pk").runnable["mounts"]
    assert {"source": "/opt/python3.13", "target": "/opt/python3.13", "is_writable": False} in mounts


def test_one_that_is_not_there_is_fetched_once_by_a_run_of_no_site(domain: Domain, settings: Settings) -> None:
    operation = publish(domain, "3.12")
    assert operation.state == "succeeded", operation.outcome
    (fetch,) = runs(domain, "tool-")
    assert fetch.owner == 0
    assert fetch.command[-1].endswith('--install-dir "$TARGET" 3.12.8')
    assert fetch.env["TARGET"] == "/tools/cpython-3.12.8"
    assert (settings.TOOL_DIR / "cpython-3.12.8").is_dir()
    assert "Recognised: Python, WSGI object app:app" in build_log(operation.deployment).read_text()


def test_another_patch_of_the_same_version_will_do(domain: Domain) -> None:
    operation = publish(domain, "3.13.1")
    assert operation.state == "succeeded", operation.outcome
    (build,) = runs(domain, "build")
    assert "asks for Python 3.13.1; this server has 3.13.5, which is used." in build.command[2]


@pytest.mark.parametrize(("wanted", "downloads"), [("3.14", True), ("3.12", False)])
def test_one_that_cannot_be_had_is_named_with_those_that_are_there(
    domain: Domain, settings: Settings, wanted: str, downloads: bool
) -> None:
    settings.INTERPRETER_DOWNLOADS = downloads
    operation = publish(domain, wanted)
    assert (operation.state, operation.error_code) == ("failed", "InterpreterMissing")
    assert f".python-version asks for Python {wanted}, which this server does not have" in operation.outcome
    assert "it has 3.13.5 and 3.11.2." in operation.outcome
    assert runs(domain, "build") == []


def test_a_fetch_that_fails_says_so_and_leaves_nothing(domain: Domain, settings: Settings) -> None:
    domain.runtime.run_exit_code = 1
    operation = publish(domain, "3.12")
    assert (operation.state, operation.error_code) == ("failed", "InterpreterMissing")
    assert "does not have and could not fetch" in operation.outcome
    assert domain.runtime.runs == {}
    assert [path.name for path in settings.TOOL_DIR.iterdir()] == []


UNSATISFIABLE = (
    "  cause: Because the current Python version (3.11.2) does not satisfy Python>=3.12 and django>=6.1",
    "         depends on Python>=3.12, we can conclude that django>=6.1 cannot be used.",
)


@pytest.fixture
def new_packages(domain: Domain, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Builds with Python 3.11 fail as uv lets them fail."""
    start_run = domain.runtime.start_run

    def start(spec: RunSpec) -> None:
        start_run(spec)
        is_old = spec.env.get("PYTHON", "").startswith("/bin")
        if is_old:
            Path(spec.log).write_text(Path(spec.log).read_text() + "\n".join(UNSATISFIABLE) + "\n")
        domain.runtime.end_run_with(spec.run_id, int(is_old))

    monkeypatch.setattr(domain.runtime, "start_run", start)
    yield


@pytest.mark.usefixtures("new_packages")
@pytest.mark.parametrize(
    ("wanted", "file"), [("", "other.txt"), ("[project]\nname = 'a'\nrequires-python = '>=3.10'\n", "pyproject.toml")]
)
def test_packages_that_need_a_newer_python_get_it(domain: Domain, wanted: str, file: str) -> None:
    operation = publish(domain, wanted, file)
    assert operation.state == "succeeded", operation.outcome
    assert [run.env["PYTHON"] for run in runs(domain, "build")] == ["/bin/python3", "/opt/python3.13/bin/python3"]
    log = build_log(operation.deployment).read_text()
    assert "django>=6.1 needs Python" in log and "so the build begins again with a Python that fits." in log
    assert operation.deployment.traits["tools"] == ["/opt/python3.13"]
    slot = operation.deployment.slot
    again = incremental.publish_again(
        publisher=Publisher("alice", domain.alice), slot=slot, deployment=operation.deployment
    )
    assert domain.work(again).state == "succeeded"
    assert len(runs(domain, "build")) == 2, "the build is kept, and found by the Python that it was made with"


@pytest.mark.usefixtures("new_packages")
def test_a_python_that_the_project_pins_is_left_alone(domain: Domain) -> None:
    operation = publish(domain, "3.11")
    assert (operation.state, operation.error_code) == ("failed", "BuildFailed")
    assert "django>=6.1 needs Python >=3.12, and 3.11.2 is used" in operation.outcome
    assert len(runs(domain, "build")) == 1


@pytest.mark.usefixtures("new_packages")
def test_without_a_newer_python_its_packages_are_named(
    domain: Domain, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.INTERPRETER_DOWNLOADS = False
    monkeypatch.setattr(interpreters, "pythons", lambda: [interpreters.base_python()])
    operation = publish(domain, "", "other.txt")
    assert (operation.state, operation.error_code) == ("failed", "InterpreterMissing")
    assert "django>=6.1 asks for Python >=3.12, which this server does not have" in operation.outcome


@pytest.mark.usefixtures("new_packages")
def test_a_worker_that_dies_before_it_has_written_that_down_costs_one_more_build(
    domain: Domain, monkeypatch: pytest.MonkeyPatch
) -> None:
    save, deaths = Deployment.save, []

    def save_or_die(deployment: Deployment, **options: object) -> None:
        if options.get("update_fields") == ["traits"] and not deaths:
            deaths.append(deployment)
            raise Killed
        save(deployment, **options)

    monkeypatch.setattr(Deployment, "save", save_or_die)
    with pytest.raises(Killed):
        publish(domain, "of no other test's build", "other.txt")
    operation = domain.work(domain.bury(Operation.objects.latest("pk")))
    assert (operation.state, len(deaths)) == ("succeeded", 1), operation.outcome
    pythons = [run.env["PYTHON"] for run in runs(domain, "build")]
    assert pythons == ["/bin/python3", "/bin/python3", "/opt/python3.13/bin/python3"]
