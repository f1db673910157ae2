"""Serves the folder it is started in: the program of static sites, run inside the sandbox."""

import mimetypes
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import uvicorn
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.responses import FileResponse, RedirectResponse, Response
from starlette.staticfiles import NotModifiedResponse, StaticFiles
from starlette.types import ASGIApp, Scope

if TYPE_CHECKING or __package__:
    from sites.runtime.programs.compression import Compressed, is_worth_it, takes_gzip
    from sites.runtime.programs.gateway import Gateway, read_mappings
else:  # in the sandbox, which shows the folder of this program and nothing else of Greenroom
    from compression import Compressed, is_worth_it, takes_gzip
    from gateway import Gateway, read_mappings

DEFAULT_DOCUMENTS = "index.html,index.htm,default.html"
TYPES = {
    ".avif": "image/avif",
    ".ico": "image/x-icon",
    ".js": "text/javascript",
    ".json": "application/json",
    ".map": "application/json",
    ".md": "text/markdown",
    ".mjs": "text/javascript",
    ".svg": "image/svg+xml",
    ".wasm": "application/wasm",
    ".webmanifest": "application/manifest+json",
    ".webp": "image/webp",
    ".woff": "font/woff",
    ".woff2": "font/woff2",
}
METHODS = ("GET", "HEAD")
SHOWN_DOT_FOLDER = ".well-known"
GRACE_SECONDS = 25


class Site(StaticFiles):
    """Files with types, validators and ranges; no listings, no dot files, no links that lead out of the folder.

    Browsers keep what they get and ask each time whether it is still good (no-cache), so that nobody sees the version
    from before a swap.
    """

    def __init__(
        self,
        folder: Path,
        default_documents: list[str],
        run: frozenset[str] = frozenset(),
        *,
        fallback_page: str = "",
    ) -> None:
        """Files with an extension in `run` are run by their script processor and never handed out.

        `fallback_page` answers what is no file, for pages that are drawn in the browser; empty: 404 does.
        """
        self._default_documents = default_documents
        self._fallback_page = fallback_page
        self._run = run
        self._compressed = Compressed()
        super().__init__(directory=folder, follow_symlink=False)

    async def get_response(self, path: str, scope: Scope) -> Response:
        """The file, the default document of a folder, the fallback page, or 404 with the site's own page."""
        if scope["method"] not in METHODS:
            status = 204 if scope["method"] == "OPTIONS" else 405
            return Response(status_code=status, headers={"Allow": ", ".join((*METHODS, "OPTIONS"))})
        response = await run_in_threadpool(self._answer, path, scope)
        response.headers["Cache-Control"] = "no-cache"
        return response

    def file_response(
        self, full_path: "str | os.PathLike[str]", stat_result: os.stat_result, scope: Scope, status_code: int = 200
    ) -> Response:
        """The file, compressed for whoever takes that, or that the visitor's copy of it is still good."""
        # Two versions of a file can be of the same size and time. Both are on the disk, so their inodes differ
        etag = f"{stat_result.st_ino:x}-{stat_result.st_size:x}-{stat_result.st_mtime_ns:x}"
        headers = {"ETag": f'"{etag}"'}
        response: Response = FileResponse(full_path, status_code, headers, stat_result=stat_result)
        asked = Headers(scope=scope)
        if is_worth_it(response.headers["content-type"], stat_result.st_size):
            response.headers["Vary"] = "Accept-Encoding"
            if "range" not in asked and takes_gzip(asked.get("accept-encoding", "")):
                kept = {name: response.headers[name] for name in ("content-type", "last-modified", "vary")}
                compressed = {**kept, "Content-Encoding": "gzip", "ETag": f'"{etag}-gzip"'}
                response = Response(self._compressed.of(str(full_path), etag), status_code, compressed)
        return NotModifiedResponse(response.headers) if self.is_not_modified(response.headers, asked) else response

    def _answer(self, path: str, scope: Scope) -> Response:
        try:
            return self._found(path, scope)
        except (HTTPException, OSError, ValueError):  # a name that is too long, or that no file can have
            return self._fallback(scope) or self._not_found(scope)

    def _found(self, path: str, scope: Scope) -> Response:
        if any(part.startswith(".") and part not in (".", SHOWN_DOT_FOLDER) for part in Path(path).parts):
            raise HTTPException(status_code=404)
        full_path, stat = self.lookup_path(path)
        if stat is not None and os.path.isdir(full_path):
            return self._folder(path, scope)
        if stat is None or not os.path.isfile(full_path) or self._is_run(path):
            raise HTTPException(status_code=404)
        return self.file_response(full_path, stat, scope)

    def _folder(self, path: str, scope: Scope) -> Response:
        for name in self._default_documents:
            full_path, stat = self.lookup_path(os.path.join(path, name))
            if stat is not None and os.path.isfile(full_path):
                if not scope["path"].endswith("/"):
                    query = scope["query_string"].decode("latin-1")
                    last = scope["path"].rpartition("/")[2]
                    return RedirectResponse(f"{last}/{'?' if query else ''}{query}", status_code=301)
                if self._is_run(name):
                    break
                return self.file_response(full_path, stat, scope)
        raise HTTPException(status_code=404)

    def _fallback(self, scope: Scope) -> Response | None:
        """The fallback page for what a person looks at; a picture or script that is not there stays missing."""
        accepted = dict(scope["headers"]).get(b"accept", b"")
        is_page = "." not in scope["path"].rpartition("/")[2] or b"text/html" in accepted
        if not self._fallback_page or not is_page:
            return None
        full_path, stat = self.lookup_path(self._fallback_page)
        if stat is None or not os.path.isfile(full_path) or self._is_run(self._fallback_page):
            return None
        return self.file_response(full_path, stat, scope)

    def _not_found(self, scope: Scope) -> Response:
        full_path, stat = self.lookup_path("404.html")
        if stat is not None and os.path.isfile(full_path) and not self._is_run("404.html"):
            # Without the request's headers: a validator or a range must not turn the page into 304 or 206
            return self.file_response(full_path, stat, {**scope, "headers": []}, status_code=404)
        return Response("Not found\n", status_code=404, media_type="text/plain")

    def _is_run(self, name: str) -> bool:
        return os.path.splitext(name)[1].lower() in self._run


def application(folder: Path) -> ASGIApp:
    """The site of a folder, with the default documents and handler mappings that the environment names."""
    for suffix, media_type in TYPES.items():
        mimetypes.add_type(media_type, suffix)
    documents = os.environ.get("DEFAULT_DOCUMENTS") or DEFAULT_DOCUMENTS
    names = [name.strip() for name in documents.split(",") if name.strip()]
    mappings = read_mappings(os.environ.get("HANDLER_MAPPINGS", ""))
    site = Site(folder, names, frozenset(mappings), fallback_page=os.environ.get("FALLBACK_PAGE", ""))
    return Gateway(site, folder, mappings, names) if mappings else site


def main() -> None:
    """Serves until SIGTERM, then finishes the requests that it holds."""
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else ".").resolve()
    uvicorn.run(
        application(folder),
        host=os.environ.get("HOST", "127.0.0.1"),
        port=int(os.environ["PORT"]),
        lifespan="off",
        access_log=False,
        server_header=False,
        log_level="warning",
        timeout_graceful_shutdown=GRACE_SECONDS,
    )


if __name__ == "__main__":
    main()
