"""Makes the buckets of the lake and the reports if they are missing; paths that are no s3:// URLs need none."""

import os
from urllib.parse import urlsplit

import fsspec

for name in sorted({os.environ.get("SCORING_LAKE_URL", ""), os.environ.get("SCORING_REPORTS", "")}):
    place = urlsplit(name)
    if place.scheme == "s3":
        fsspec.filesystem("s3").makedirs(place.netloc, exist_ok=True)
        print(f"The bucket {place.netloc} is there.")
