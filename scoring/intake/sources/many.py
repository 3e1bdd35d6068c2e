"""Reads many files as one source, one after the other: at any time one of them is copied, whatever their number."""

from collections.abc import Generator

import pyarrow as pa

from scoring.intake.sources.listing import Place, listed, refuse_changes
from scoring.intake.sources.location import shown
from scoring.intake.sources.opening import Opening
from scoring.snapshots.parts import Part


def batches_of_many(place: Place, opening: Opening, parts: list[Part]) -> Generator[pa.RecordBatch, None, None]:
    """The rows of all files, each batch from one of them; a file that has no rows is none to wonder at.

    Each file that is begun is added to ``parts``.

    Raises
    ------
    SourceError
        Names the file and its own row; also what :func:`scoring.intake.sources.listing.listed` refuses.
    SourceNotReady
        If there is no file, or if after the last row the place has other files or versions of them than before.
    """
    listing = listed(place)
    for location in listing.files:
        part = Part(shown(location))
        parts.append(part)
        with opening.rows(place.allowed(location), opening.kind(location), part.file) as rows:
            for batch in rows:
                part.rows += batch.num_rows
                yield batch
    refuse_changes(listing, place)
