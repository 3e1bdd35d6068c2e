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
    """A file by name. A browser asks each time whether it has changed (ETag); Plotly's script it keeps for a day."""
    if name not in names():
        raise HTTPException(404, f"There is no file {name}.")
    found = _read(name)
    headers = {
        "ETag": found.etag,
        "Vary": "Accept-Encoding",
        "Cache-Control": "private, max-age=86400" if name == PLOTLY else "private, no-cache",
    }
    if request.headers.get("if-none-match") == found.etag:
        return Response(status_code=304, headers=headers)
    if "gzip" in request.headers.get("accept-encoding", ""):
        return Response(found.compressed, headers=headers | {"Content-Encoding": "gzip"}, media_type=found.media_type)
    return Response(found.content, headers=headers, media_type=found.media_type)


@cache
def names() -> frozenset[str]:
    """All files that are served."""
    return frozenset({PLOTLY, *(path.name for path in STATIC.iterdir())})


@cache
def _read(name: str) -> File:
    content = (_plotly() if name == PLOTLY else STATIC / name).read_bytes()
    etag = f'W/"{hashlib.sha256(content).hexdigest()[:32]}"'
    return File(content, gzip.compress(content, 6, mtime=0), etag, TYPES[Path(name).suffix])


def _plotly() -> Path:
    """The script in plotly's wheel; importing plotly itself would take half a second."""
    spec = find_spec("plotly")
    if spec is None or spec.origin is None:
        raise HTTPException(500, "The package plotly is not installed.")
    return Path(spec.origin).parent / "package_data" / PLOTLY
