"""greenroom.toml, and the settings that win over it."""

import pytest

from sites.content.recipe import Kind
from sites.content.recognition import Choices, recognise
from sites.content.tree import Folder
from sites.errors import Refused
from tests.sites.content.conftest import Lay

WHOLE = """
build = ["make site", "make check"]
start = "./serve"
release = "./migrate"
fallback_page = "app.html"
warmup_paths = ["/", "/ready"]
"""


def test_it_says_how_a_content_is_built_started_and_asked(lay: Lay) -> None:
    recipe = recognise(Folder(lay({"greenroom.toml": WHOLE, "index.html": "", "Procfile": "web: x\nrelease: y"})))
    assert (recipe.kind, recipe.line, recipe.release) == (Kind.COMMAND, "./serve", "./migrate")
    assert recipe.build_steps == ("(make site)", "(make check)")
    assert (recipe.fallback_page, recipe.warmup_paths) == ("app.html", ("/", "/ready"))


def test_a_folder_of_the_content_is_the_site(lay: Lay) -> None:
    recipe = recognise(Folder(lay({"greenroom.toml": "output = 'public/'", "public/index.html": ""})))
    assert (recipe.kind, recipe.build_steps) == (Kind.STATIC, ("keep 'public'",))


def test_its_build_takes_the_place_of_the_build_script(lay: Lay) -> None:
    package = '{"scripts": {"build": "x"}, "devDependencies": {"vite": "1"}}'
    recipe = recognise(Folder(lay({"greenroom.toml": "build = 'make'\noutput = 'site'", "package.json": package})))
    assert recipe.build_steps == ("npm install --no-fund --no-audit", "(make)", "keep 'site'")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("starts = 'x'", "has the key 'starts', which is not known. The keys are build, start, release, output"),
        ("start = 5", "says something else than a command that listens on \\$PORT for 'start'"),
        ("build = [1]", "for 'build'"),
        ("output = '../x'", "names '../x' for 'output', which is no path inside the content"),
        ("output = '/x'", "no path inside the content"),
        ("output = \"a'; rm -rf x; '\"", "no path inside the content"),
        ("warmup_paths = ['ready']", "than up to 10 paths that begin with a slash"),
        ('start = "a\\nb"', "on one line"),
    ],
)
def test_what_is_not_known_is_refused(lay: Lay, text: str, reason: str) -> None:
    with pytest.raises(Refused, match=reason) as caught:
        recognise(Folder(lay({"greenroom.toml": text, "index.html": ""})))
    assert "Correct it, then publish again" in str(caught.value)


def test_settings_win_over_it(lay: Lay) -> None:
    recipe = recognise(Folder(lay({"greenroom.toml": WHOLE})), Choices("./other"))
    assert recipe.line == "./other"


def test_commands_before_and_after_a_build_are_steps_of_it(lay: Lay) -> None:
    package = '{"scripts": {"start": "node x", "build": "y"}}'
    choices = Choices(before_build="make a", after_build="make b")
    steps = recognise(Folder(lay({"package.json": package})), choices).build_steps
    assert steps == ("(make a)", "npm run build", "(make b)")


def test_without_a_build_the_content_runs_as_it_was_published(lay: Lay) -> None:
    recipe = recognise(Folder(lay({"app.py": "app = Flask()"})), Choices(is_built=False, before_build="make a"))
    assert recipe.build_steps == ()
    assert "Not built: SCM_DO_BUILD_DURING_DEPLOYMENT is off." in recipe.notes
