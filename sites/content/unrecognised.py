"""What is said of a content that is not recognised."""

from pathlib import PurePosixPath

from sites.content.tree import Tree, nearest

INDEX_PAGES = ("index.html", "index.htm", "default.html")
"""Those that the program of static sites serves for a folder."""
RECOGNISED = (
    "a static site (index.html), Python (an application in app.py, main.py or a package, or Django's manage.py, with "
    "requirements.txt, pyproject.toml, Pipfile or a lock), Node (package.json with a start or build script), PHP "
    "(index.php), a Procfile with a web line, and any start command that listens on $PORT"
)
MANIFESTS = ("package.json", "requirements.txt", "pyproject.toml", "manage.py", "composer.json")
OTHERS = (
    ("hugo.*", "Hugo is not run here: build the site, and publish what is in its folder 'public'."),
    ("_config.yml", "Jekyll is not run here: build the site, and publish what is in its folder '_site'."),
    (
        "*.php",
        "PHP is recognised by index.php; for another page type 'php -S 0.0.0.0:$PORT FILE.php' as start command.",
    ),
    ("go.mod", "Go is not built here: publish the program for Linux, and type './NAME' as the start command."),
    ("Cargo.toml", "Rust is not built here: publish the program for Linux, and type './NAME' as the start command."),
    (
        "*.csproj",
        ".NET is not built here: publish what 'dotnet publish --self-contained -r linux-x64' makes, and type "
        "'./NAME' as the start command.",
    ),
    ("pom.xml", "Java is not built here: publish the jar, and type 'java -jar NAME.jar' as the start command."),
    ("build.gradle*", "Java is not built here: publish the jar, and type 'java -jar NAME.jar' as the start command."),
    ("*.jar", "A jar is started by a start command such as 'java -jar NAME.jar'."),
    ("Gemfile", "Ruby is not installed by Greenroom: type a build command in greenroom.toml, and a start command."),
    ("Dockerfile", "A Dockerfile is not read: type its command as the start command, and add the files of packages."),
)
"""What is known and not built, by a file of it: what to do instead."""


def unrecognised(tree: Tree, *, is_python: bool) -> str:
    """The sentence of the refusal: what is nearly right, and what is recognised."""
    hint = _hint(tree, is_python=is_python)
    return (
        f"What was published is not recognised, so nothing was changed.{f' {hint}' if hint else ''} Recognised are "
        f"{RECOGNISED}. Add one of these, or a start command under Configure, and publish again."
    )


def _hint(tree: Tree, *, is_python: bool) -> str:
    """What is nearly right."""
    if is_python:
        return (
            "Python packages are named, but no application was found: an object 'app' or 'application', a factory "
            "create_app(), or a program that serves by itself. If it is started otherwise, type for example "
            "'python FILE.py' or 'gunicorn MODULE:OBJECT --bind 0.0.0.0:$PORT' as the start command."
        )
    if tree.has("package.json"):
        return "package.json is there, but has no start script and no build script."
    if nearest(tree, "Procfile"):
        return "The Procfile has no line like 'web: COMMAND'."
    other = next((hint for pattern, hint in OTHERS if tree.matching(pattern)), "")
    if other:
        return other
    return next(filter(None, map(_misplaced, sorted(tree.names(), key=lambda name: name.count("/")))), "")


def _misplaced(name: str) -> str:
    """About a file that would be recognised in another folder."""
    path = PurePosixPath(name)
    for right in (*INDEX_PAGES, "index.php", "Procfile", *MANIFESTS):
        if path.name.lower().removesuffix(".txt") == right.lower().removesuffix(".txt") and len(path.parts) > 1:
            return f"'{path.name}' lies in the folder '{path.parent}'; publish what is in it."
    return ""
