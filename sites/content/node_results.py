"""Node projects whose build makes what is served: a folder of files, or a server that the framework writes."""

import re
from dataclasses import dataclass

from sites.content.node_sites import NodeSite
from sites.content.tables import as_table
from sites.content.tree import Tree, text

MAX_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class Framework:
    """What is known of a framework that writes its result into a folder."""

    name: str
    package: str
    """The package of npm by which it is known."""
    folders: tuple[str, ...]
    """Where it writes what is served, the likeliest first; a star stands for one name."""
    is_one_page: bool = False
    """Its pages are drawn in the browser, so every path is answered by the same page."""


FRAMEWORKS = (
    Framework("Next.js", "next", ("out",)),
    Framework("Nuxt", "nuxt", (".output/public", "dist")),
    Framework("SvelteKit", "@sveltejs/kit", ("build",)),
    Framework("Astro", "astro", ("dist/client", "dist")),
    Framework("React Router", "@react-router/dev", ("build/client",), True),
    Framework("Remix", "@remix-run/dev", ("build/client",), True),
    Framework("SolidStart", "@solidjs/start", (".output/public",)),
    Framework("Qwik", "@builder.io/qwik-city", ("dist",)),
    Framework("Gatsby", "gatsby", ("public",)),
    Framework("Docusaurus", "@docusaurus/core", ("build",)),
    Framework("VitePress", "vitepress", (".vitepress/dist", "docs/.vitepress/dist", "*/.vitepress/dist")),
    Framework("VuePress", "vuepress", ("docs/.vuepress/dist", ".vuepress/dist", "*/.vuepress/dist")),
    Framework("Eleventy", "@11ty/eleventy", ("_site", "dist", "public")),
    Framework("Hexo", "hexo", ("public",)),
    Framework("Angular", "@angular/core", ("dist/*/browser", "dist/browser", "dist/*", "dist"), True),
    Framework("Create React App", "react-scripts", ("build",), True),
    Framework("Vue CLI", "@vue/cli-service", ("dist",), True),
    Framework("Quasar", "@quasar/app-vite", ("dist/spa", "dist/pwa"), True),
    Framework("Ember", "ember-cli", ("dist",), True),
    Framework("Preact CLI", "preact-cli", ("build",), True),
    Framework("Vite", "vite", ("dist", "build"), True),
    Framework("Parcel", "parcel", ("dist",), True),
    Framework("Rsbuild", "@rsbuild/core", ("dist",), True),
    Framework("webpack", "webpack", ("dist", "build", "public"), True),
    Framework("esbuild", "esbuild", ("dist", "build", "public"), True),
    Framework("Rollup", "rollup", ("dist", "build", "public"), True),
)
"""In this order: a framework stands before what it is made of."""
ANY = Framework("", "", ("dist", "build", "out", ".output/public", "_site", "public", "www"))
BUNDLERS = ("vite", "parcel", "react-scripts", "@vue/cli-service", "@angular/core", "webpack", "@rsbuild/core")
"""Their projects have an index.html at the top that only they can read."""


def framework_of(node: NodeSite) -> Framework:
    """The framework of a project, by what it depends on."""
    packages = node.packages
    return next((one for one in FRAMEWORKS if one.package in packages), ANY)


def is_source(tree: Tree, node: NodeSite) -> bool:
    """Whether the index.html at the top is written for a bundler and means nothing to a browser."""
    if any(bundler in node.packages for bundler in BUNDLERS):
        return True
    return bool(
        re.search(r"<script[^>]+src=[\"'][^\"']+\.(?:tsx?|jsx|vue|svelte)[\"']", text(tree, "index.html", MAX_BYTES))
    )


def kind_of(tree: Tree, node: NodeSite, framework: Framework) -> str:
    """How `keep_result` is to look at what the build has made."""
    if tree.has("index.html") and not is_source(tree, node):
        return "source"
    is_one_page = framework.is_one_page or _says(tree, "svelte.config.*", r"fallback\s*:")
    return "one-page" if is_one_page else "pages"


def server_line(tree: Tree, node: NodeSite) -> str:
    """The line that starts the server that the build writes; empty where it writes files only.

    Templates of these frameworks have no start script, because their hosts know them.
    """
    packages = node.packages
    scripts = as_table(node.package.get("scripts"))
    build = str(scripts.get("build") or "")
    if "next" in packages and not _says(tree, "next.config.*", r"output\s*:\s*['\"]export"):
        return "next start --port $PORT"
    if "nuxt" in packages and "generate" not in build:
        return "node .output/server/index.mjs"
    if packages & {"@sveltejs/adapter-node", "@sveltejs/adapter-auto"} and "@sveltejs/adapter-static" not in packages:
        return "node build"
    if "@astrojs/node" in packages:
        return "node ./dist/server/entry.mjs"
    if "@react-router/serve" in packages and not _says(tree, "react-router.config.*", r"ssr\s*:\s*false"):
        return "react-router-serve ./build/server/index.js"
    if "@angular/ssr" in packages:
        return next((str(line) for name, line in scripts.items() if name.startswith("serve:ssr")), "")
    return ""


def environment_of(node: NodeSite) -> str:
    """Assignments before the build: SvelteKit's automatic adapter takes the one for Node by this variable."""
    return "GCP_BUILDPACKS=1 " if "@sveltejs/adapter-auto" in node.packages else ""


def _says(tree: Tree, pattern: str, words: str) -> bool:
    return any(re.search(words, text(tree, path, MAX_BYTES)) for path in tree.matching(pattern))
