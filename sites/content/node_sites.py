"""Node: what to install, how to build and how to start, from package.json and the lock beside it."""

import re
import shlex
from dataclasses import dataclass

from sites.content.tables import Table, as_table, parse_json
from sites.content.tree import Tree, beginning, text, texts

MODULES = "node_modules"
SETTINGS_OF_MANAGERS = (".npmrc", ".yarnrc", ".yarnrc.yml", "pnpm-workspace.yaml", ".pnpmfile.cjs", "bunfig.toml")
AT_INSTALL = ("preinstall", "install", "postinstall", "prepare", "prepublish")
"""Scripts of the project that run while its packages are installed, and may read anything of it."""
LOCAL = ("file:", "link:", "workspace:", "portal:", "./", "../")
TOOLS = "$PWD/.greenroom/tools/node_modules/.bin"
"""Where a package manager lies that a project brings its lock of."""
INSTALL_TOOL = "npm install --prefix .greenroom/tools --no-save --no-fund --no-audit"
BIN = f"$PWD/node_modules/.bin:{TOOLS}"
MAX_BYTES = 64 * 1024
DEVELOPMENT = re.compile(
    r"""^(?:(?:npx|cross-env|env|[A-Z][A-Z0-9_]*=\S*)\s+)*(?:
      vite(?:\s+(?:dev|serve|preview))?(?=\s+-|$) | astro\s+preview |
      (?:react-scripts|craco|react-app-rewired|vue-cli-service|ng|preact|umi|max|rsbuild|docusaurus|stencil)
      \s+(?:start|serve|dev|watch) |
      (?:astro|next|nuxt|nuxi|remix|react-router|gatsby|vitepress|vuepress|svelte-kit|solid-start|vinxi|storybook|hexo)
      \s+(?:dev|develop|start-dev|s|server)(?=\s|$) |
      docusaurus\s+start | ng\s+serve | gatsby\s+(?:develop|serve) | webpack(?:-dev-server|\s+(?:serve|-w|--watch|-s)) |
      parcel(?:\s+(?:serve|watch))?(?=\s+[^b]|$) | snowpack\s+dev | ember\s+(?:serve|s)\b | eleventy\s.*--serve |
      (?:live-server|browser-sync|lite-server)\b | expo\s+start
    )""",
    re.VERBOSE,
)
"""Programs that show a project to those who write it; they are not for visitors."""
BUILDS = {"@11ty/eleventy": "eleventy", "astro": "astro build", "vitepress": "vitepress build", "vite": "vite build"}
"""How a project is built that has no scripts at all, by a package that it depends on."""
PNPM_OF_LOCK = {"5": "7", "6": "8", "7": "9", "9": "10"}
"""Major version of pnpm by the lockfileVersion that it writes: https://pnpm.io/npmrc and its changelogs."""


@dataclass(frozen=True, slots=True)
class Manager:
    """A package manager: its name, what npm installs to have it, and the lines by which it is used."""

    name: str
    package: str
    """Empty for npm, which comes with Node."""
    install: str
    lock: str
    """The file that it installs from; empty without."""


@dataclass(frozen=True, slots=True)
class NodeSite:
    """`start` and `build` are empty when package.json names none."""

    package: Table
    manager: Manager
    start: str
    build: str
    tool: str
    """What installs its package manager; empty for npm."""
    install: str
    """What installs its packages; empty where it has none."""
    notes: tuple[str, ...]
    inputs: tuple[str, ...] = ()
    """Texts of all files that decide what is installed; none where that depends on more of the content."""

    @property
    def packages(self) -> set[str]:
        """Names of what it depends on, for the build too."""
        return _packages(self.package)


def read_package(tree: Tree) -> NodeSite | None:
    """None without package.json. Raises Refused when it cannot be read."""
    if not tree.has("package.json"):
        return None
    package = parse_json(tree, "package.json")
    scripts = as_table(package.get("scripts"))
    manager, notes = _manager(tree, package)
    script = str(scripts.get("start") or "")
    start = "" if scripts.get("build") and DEVELOPMENT.match(script) else script
    if script and not start:
        notes.append(f"Ignored: the start script '{script[:60]}', which starts a server for development.")
    if not script and not scripts.get("build"):
        start = _without_script(tree, package)
    build = f"{manager.name} run build" if scripts.get("build") else ""
    if not script and not start and not build:
        build = next((line for name, line in BUILDS.items() if name in _packages(package)), "")
    install = manager.install if _has_packages(package, manager, is_built=bool(build)) else ""
    tool = f"{INSTALL_TOOL} {manager.package}" if manager.package and (install or build) else ""
    return NodeSite(package, manager, start, build, tool, install, tuple(notes), _inputs(tree, package, manager))


def _packages(package: Table) -> set[str]:
    return {*as_table(package.get("dependencies")), *as_table(package.get("devDependencies"))}


def _inputs(tree: Tree, package: Table, manager: Manager) -> tuple[str, ...]:
    scripts = as_table(package.get("scripts"))
    named = [as_table(package.get(key)) for key in ("dependencies", "devDependencies", "optionalDependencies")]
    is_local = any(str(version).startswith(LOCAL) for table in named for version in table.values())
    if is_local or package.get("workspaces") or any(name in scripts for name in AT_INSTALL):
        return ()
    files = ("package.json", manager.lock, *SETTINGS_OF_MANAGERS, *tree.matching("patches/*"))
    return texts(tree, files)


def _without_script(tree: Tree, package: Table) -> str:
    """As npm starts a package without a start script; also what package.json names as its main file."""
    if tree.has("server.js"):
        return "node server.js"
    main = str(package.get("main") or "index.js")
    runs = tree.has(main) and re.search(r"\.listen\s*\(|createServer", text(tree, main, MAX_BYTES))
    return f"node {shlex.quote(main)}" if runs else ""


def _has_packages(package: Table, manager: Manager, *, is_built: bool) -> bool:
    needed = as_table(package.get("dependencies")) or (is_built and as_table(package.get("devDependencies")))
    return bool(needed or manager.lock or package.get("workspaces"))


def _manager(tree: Tree, package: Table) -> tuple[Manager, list[str]]:
    """By `packageManager` of package.json, else by the lock that is there; npm without either."""
    asked = re.match(r"(npm|pnpm|yarn|bun)@(\d+(?:\.\d+)*(?:-[\w.]+)?)", str(package.get("packageManager") or ""))
    locks = {
        "npm": next(filter(tree.has, ("package-lock.json", "npm-shrinkwrap.json")), ""),
        "pnpm": "pnpm-lock.yaml" if tree.has("pnpm-lock.yaml") else "",
        "yarn": "yarn.lock" if tree.has("yarn.lock") else "",
        "bun": next(filter(tree.has, ("bun.lock", "bun.lockb")), ""),
    }
    named = asked[1] if asked else ""
    name = named or next((one for one in ("pnpm", "yarn", "bun", "npm") if locks[one]), "npm")
    notes = [f"Ignored: {lock}, because {name} is used." for one, lock in locks.items() if lock and one != name]
    if any(locks.values()) and not locks[name]:
        notes.append(
            f"package.json asks for {name}, but its lock is not there: the newest versions that fit are installed."
        )
    version = asked[2] if asked else ""
    return MANAGERS[name](tree, version, locks[name]), notes


def _npm(tree: Tree, version: str, lock: str) -> Manager:
    package = f"npm@{version}" if version else ""
    line = "npm ci --no-fund --no-audit" if lock else "npm install --no-fund --no-audit"
    return Manager("npm", package, line, lock)


def _pnpm(tree: Tree, version: str, lock: str) -> Manager:
    match = re.search(r"^lockfileVersion:\s*['\"]?(\d+)", beginning(tree, lock), re.MULTILINE) if lock else None
    major = PNPM_OF_LOCK.get(match[1], "10") if match else "10"
    line = f"pnpm install {'--frozen-lockfile' if lock else '--no-frozen-lockfile'}"
    return Manager("pnpm", f"pnpm@{version or major}", line, lock)


def _yarn(tree: Tree, version: str, lock: str) -> Manager:
    is_classic = version.startswith("1.") or (not version and "__metadata:" not in beginning(tree, lock))
    if is_classic:
        line = f"yarn install --non-interactive{' --frozen-lockfile' if lock else ''}"
        return Manager("yarn", f"yarn@{version or '1.22.22'}", line, lock)
    line = f"yarn install{' --immutable' if lock else ' --no-immutable'}"
    return Manager("yarn", f"@yarnpkg/cli-dist@{version or '4'}", line, lock)


def _bun(tree: Tree, version: str, lock: str) -> Manager:
    return Manager("bun", f"bun@{version or '1'}", f"bun install{' --frozen-lockfile' if lock else ''}", lock)


MANAGERS = {"npm": _npm, "pnpm": _pnpm, "yarn": _yarn, "bun": _bun}
