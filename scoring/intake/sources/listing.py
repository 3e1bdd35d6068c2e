"""The files that a folder or a pattern means, as one look at the file system shows them.

A second look after reading finds what appeared, left or changed meanwhile.
"""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from fsspec.implementations.local import LocalFileSystem

from scoring.errors import SourceError, SourceNotReady
from scoring.intake.sources.location import shown
from scoring.intake.sources.patterns import fits, leads, split
from scoring.intake.sources.roots import confined
from scoring.intake.sources.spool import Fingerprint, fingerprint, known_of, opened_system, translated_errors

MOST_FILES = 10_000
MOST_FOLDERS = 10_000
MOST_MANIFEST_BYTES = 4 << 20


@dataclass(frozen=True)
class Place:
    """Where files are.

    ``location`` is a path or URL of a folder or with a pattern. ``wait_for`` and ``manifest`` are names of files in its
    folder, or empty. With ``roots`` each file must be below one of these, symbolic links resolved.
    """

    location: str
    wait_for: str = ""
    manifest: str = ""
    roots: Sequence[str] | None = None

    @property
    def name(self) -> str:
        """The place in messages, without credentials."""
        return shown(self.location)

    @property
    def folder(self) -> str:
        """The folder that the names of files are relative to."""
        return split(self.location)[0] or "./"

    @property
    def controls(self) -> list[str]:
        """The marker and the manifest, as far as there are such."""
        return [self.folder + name for name in (self.wait_for, self.manifest) if name]

    def allowed(self, location: str) -> str:
        """The location, resolved, if it may be read; raises SourceError if not."""
        return location if self.roots is None else confined(location, self.roots)


@dataclass(frozen=True)
class Listing:
    """Files to read, in this order, and what identifies the version of each and of the marker and the manifest.

    They are named as the place leads to them: :meth:`Place.allowed` has to resolve them.
    """

    files: tuple[str, ...]
    versions: dict[str, Fingerprint]


def listed(place: Place) -> Listing:
    """Look at the place.

    Raises
    ------
    SourceNotReady
        If there is no file, or the marker, the manifest or a file that it lists is not there (yet).
    SourceError
        If a file is outside of the roots, is reached on two ways, is listed twice, or if there are too many.
    """
    versions = complete(place)
    if place.manifest:
        files = _from_manifest(place)
        versions |= {location: fingerprint(place.allowed(location)) for location in files}
    else:
        found = dict(_found(place))
        files = sorted(found, key=lambda location: location.split("/"))
        versions |= found
    if not files:
        raise SourceNotReady(
            f"{place.name}: There is no such file.", remedy="Deliver the files, or correct the source's path."
        )
    for location in files:
        place.allowed(location)
    return Listing(tuple(files), versions)


def complete(place: Place) -> dict[str, Fingerprint]:
    """The versions of the marker and the manifest.

    Raises
    ------
    SourceNotReady
        If one is not there (yet).
    """
    return {location: fingerprint(place.allowed(location)) for location in place.controls}


def refuse_changes(before: Listing, place: Place) -> None:
    """Look again after reading.

    Raises
    ------
    SourceNotReady
        If a file appeared, is gone, or is another version.
    """
    try:
        after = listed(place)
    except SourceNotReady as error:
        raise _changed(place, str(error.args[0]).removeprefix(f"{place.name}: ")) from None
    for location in sorted(before.versions.keys() | after.versions.keys()):
        old, new = before.versions.get(location), after.versions.get(location)
        if old != new:
            what = "appeared" if old is None else "is gone" if new is None else "was replaced"
            raise _changed(place, f"{shown(location)} {what}.")


def _changed(place: Place, what: str) -> SourceNotReady:
    return SourceNotReady(
        f"{place.name}: The files changed while they were read; nothing of them was used. {what}",
        remedy="Try again when the delivery is complete; let the source wait for a marker that is written last "
        '(wait_for="_SUCCESS").',
    )


def _found(place: Place) -> Iterator[tuple[str, Fingerprint]]:
    """The files that fit, each with what identifies its version."""
    folder, pattern = split(place.location)
    fs, root = opened_system(place.allowed(place.folder))
    fs.invalidate_cache()
    waiting: list[tuple[str, tuple[str, ...]]] = [(root, ())]
    seen, count = set[str](), 0
    while waiting:
        path, names = waiting.pop()
        _refuse_loop(fs, path, names, seen, place)
        for entry in _entries(fs, path, folder):
            here = (*names, _name(entry))
            location = folder + "/".join(here)
            if entry.get("type") == "directory":
                if leads(here, pattern):
                    place.allowed(location)
                    waiting.append((entry["name"], here))
            elif fits(here, pattern) and location not in place.controls:
                count += 1
                _refuse_many(count, MOST_FILES, "files", place)
                yield location, (known_of(entry), "")


def _entries(fs: Any, path: str, folder: str) -> list[dict[str, Any]]:
    with translated_errors(folder):
        own = path.rstrip("/")
        return [_followed(fs, entry) for entry in fs.ls(path, detail=True) if entry["name"].rstrip("/") != own]


def _followed(fs: Any, entry: dict[str, Any]) -> dict[str, Any]:
    """What is where a symbolic link leads to, by the name of the link; other entries as they are."""
    if not entry.get("islink"):
        return entry
    target: dict[str, Any] = fs.info(os.path.realpath(entry["name"]))
    return target | {"name": entry["name"]}


def _name(entry: dict[str, Any]) -> str:
    return str(entry["name"]).rstrip("/").rpartition("/")[2]


def _refuse_loop(fs: Any, path: str, names: Sequence[str], seen: set[str], place: Place) -> None:
    """Refuse a folder that is reached twice: through a symbolic link, perhaps one that leads back to where it is."""
    real = os.path.realpath(path) if isinstance(fs, LocalFileSystem) else path
    if real in seen:
        raise SourceError(
            place.name,
            f"The folder {'/'.join(names)!r} is reached on two ways, so its files would be read twice.",
            "Remove the symbolic link, or write a pattern that leaves it out.",
        )
    seen.add(real)
    _refuse_many(len(seen), MOST_FOLDERS, "folders", place)


def _refuse_many(count: int, most: int, what: str, place: Place) -> None:
    if count > most:
        raise SourceError(
            place.name,
            f"There are more than {most:,} {what}.",
            "Write a narrower pattern, or deliver fewer and larger files.",
        )


def _from_manifest(place: Place) -> list[str]:
    """The files that the manifest lists, in its order."""
    location = place.folder + place.manifest
    fs, path = opened_system(place.allowed(location))
    with translated_errors(location), fs.open(path, "rb", compression=None) as file:
        content = file.read(MOST_MANIFEST_BYTES + 1)
    if len(content) > MOST_MANIFEST_BYTES:
        raise SourceError(shown(location), f"The manifest is larger than {MOST_MANIFEST_BYTES:,} bytes.", _LIST)
    try:
        lines = content.decode("utf-8").splitlines()
    except UnicodeDecodeError:
        raise SourceError(shown(location), "The manifest is not valid UTF-8.", _LIST) from None
    listed_files: dict[str, int] = {}
    for number, line in enumerate(lines, start=1):
        name = line.strip()
        if not name:
            continue
        if name.startswith("/") or "://" in name or ".." in name.split("/"):
            raise SourceError(shown(location), f"{name!r} is not below the manifest's folder.", _LIST, row=number)
        if name in listed_files:
            raise SourceError(shown(location), f"{name!r} stands in line {listed_files[name]}, too.", _LIST, row=number)
        listed_files[name] = number
        _refuse_many(len(listed_files), MOST_FILES, "files", place)
    return [place.folder + name for name in listed_files]


_LIST = "Write the path of each file in a line of its own, relative to the folder of the manifest."
