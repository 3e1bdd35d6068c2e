"""The definitions as their files are now: the API server runs for weeks and must not show those of its start."""

import importlib
import importlib.util
import sys
import threading
from pathlib import Path

from scoring.catalog import Catalog, load_catalog
from scoring.settings import load_settings

Stamp = tuple[tuple[str, int, int], ...]

_lock = threading.Lock()
_read_at: dict[str, Stamp] = {}


def current_catalog() -> Catalog:
    """The definitions of this installation, read again if a file has come, gone or changed."""
    package = load_settings().definitions
    with _lock:
        stamp = _stamp(package)
        if _read_at.get(package, stamp) != stamp:
            _forget(package)
        _read_at[package] = stamp
        return load_catalog(package)


def _stamp(package: str) -> Stamp:
    try:
        spec = importlib.util.find_spec(package)
    except (ImportError, ValueError):
        return ()  # the catalog says what is wrong with it
    folders = (spec.submodule_search_locations if spec else None) or ()
    files = sorted(file for folder in folders for file in Path(folder).rglob("*.py"))
    stats = [(file, file.stat()) for file in files]
    return tuple((str(file), stat.st_mtime_ns, stat.st_size) for file, stat in stats)


def _forget(package: str) -> None:
    """Let the next reader run the files: nothing else in the API server has imported them."""
    for name in [name for name in sys.modules if name == package or name.startswith(f"{package}.")]:
        del sys.modules[name]
    importlib.invalidate_caches()
    load_catalog.cache_clear()
