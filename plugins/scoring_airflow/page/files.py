"""The files of the page: its own beside this module, and Plotly's script from the installed wheel."""

import gzip
import hashlib
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from fastapi import HTTPException, Request, Response

STATIC = Path(__file__).parent / "static"
PLOTLY = "plotly.min.js"
INDEX = "index.html"
TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
}


@dataclass(frozen=True)
class File:
    """A file in memory; compressed once, because Plotly's script has 4.5 MB."""

    content: bytes
    compressed: bytes
    etag: str
    media_type: str


def file(name: str, request: Request) -> Response:
    """A file by name; a browser asks each time whether it has changed."""
    return _send(name, request, "private, no-cache")


def file_of_version(version: str, name: str, request: Request) -> Response:
    """A file as it is now; a browser that asks for this version keeps it for good."""
    return _send(name, request, "private, max-age=31536000, immutable" if version == current_version() else "no-store")


def index(request: Request) -> Response:
    """The page itself: it names the version of the files that it needs."""
    return _send(INDEX, request, "private, no-cache")


def _send(name: str, request: Request, keeping: str) -> Response:
    if name not in names():
        raise HTTPException(404, f"There is no file {name}.")
    found = _read(name)
    headers = {"ETag": found.etag, "Vary": "Accept-Encoding", "Cache-Control": keeping}
    if request.headers.get("if-none-match") == found.etag:
        return Response(status_code=304, headers=headers)
    if "gzip" in request.headers.get("accept-encoding", ""):
        return Response(found.compressed, headers=headers | {"Content-Encoding": "gzip"}, media_type=found.media_type)
    return Response(found.content, headers=headers, media_type=found.media_type)


@cache
def current_version() -> str:
    """A digest of all files but the page itself, which names it."""
    digest = hashlib.sha256()
    for name in sorted(names() - {INDEX}):
        digest.update(_content(name))
    return digest.hexdigest()[:16]


@cache
def names() -> frozenset[str]:
    """All files that are served."""
    return frozenset({PLOTLY, *(path.name for path in STATIC.iterdir())})


@cache
def _read(name: str) -> File:
    content = _content(name)
    if name == INDEX:
        content = content.replace(b'"static/', f'"static/{current_version()}/'.encode())
    etag = f'W/"{hashlib.sha256(content).hexdigest()[:32]}"'
    return File(content, gzip.compress(content, 6, mtime=0), etag, TYPES[Path(name).suffix])


def _content(name: str) -> bytes:
    return (_plotly() if name == PLOTLY else STATIC / name).read_bytes()


def _plotly() -> Path:
    """The script in plotly's wheel; importing plotly itself would take half a second."""
    spec = find_spec("plotly")
    if spec is None or spec.origin is None:
        raise HTTPException(500, "The package plotly is not installed.")
    return Path(spec.origin).parent / "package_data" / PLOTLY
