"""Places by path or fsspec URL. In an object store waits are bounded, and what its client raises is an OSError."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import fsspec

from scoring.errors import ConfigurationError, TransientError

S3 = ("s3", "s3a")

# s3fs tries a request five times; with these it gives up within four minutes, and soon where nobody listens. Address,
# region and keys come from the environment (AWS_ENDPOINT_URL, AWS_DEFAULT_REGION, AWS_ACCESS_KEY_ID, ...). Nothing is
# read ahead, because Parquet asks for exactly the columns that it needs.
S3_OPTIONS: dict[str, Any] = {
    "config_kwargs": {
        "connect_timeout": 5,
        "read_timeout": 20,
        "retries": {"mode": "standard", "total_max_attempts": 2},
    },
    "default_cache_type": "none",
}
_CLIENTS = ("botocore", "aiobotocore", "aiohttp", "s3fs")  # not all that these raise are OSErrors


def located(location: str) -> tuple[Any, str]:
    """The file system of a path or URL, and the path in it.

    Raises
    ------
    ConfigurationError
        If the driver of its protocol is not installed.
    """
    try:
        filesystem, path = fsspec.core.url_to_fs(location, **(S3_OPTIONS if _is_s3(location) else {}))
    except ImportError as error:
        raise ConfigurationError(
            f"{location} cannot be used: {error}.",
            remedy="Install the fsspec driver of its protocol; that of s3:// stands in requirements-production.txt.",
        ) from error
    return filesystem, str(path)


def make_folder(location: str) -> None:
    """Make the folder that ``location`` is in, where folders exist; a bucket is never made by writing to it."""
    if not _is_s3(location):
        filesystem, path = located(location)
        filesystem.makedirs(filesystem._parent(path), exist_ok=True)  # noqa: SLF001 - fsspec has no public name for it


@contextmanager
def client_errors() -> Iterator[None]:
    """Raise what an object store's client raises as an OSError, as file systems do."""
    try:
        yield
    except OSError:
        raise
    except Exception as error:
        if type(error).__module__.partition(".")[0] not in _CLIENTS:
            raise
        raise OSError(f"{type(error).__name__}: {error}") from error


class RemoteFile:
    """An open file that is not local, for Arrow; what cannot be read now is no damage.

    Raises
    ------
    TransientError
        If it cannot be read at the moment.
    """

    def __init__(self, filesystem: Any, path: str) -> None:
        with client_errors():
            self._file = filesystem.open(path, "rb")
        self._path = path

    def read(self, size: int = -1) -> bytes:
        """The next bytes."""
        try:
            with client_errors():
                return bytes(self._file.read(size))
        except FileNotFoundError:
            raise
        except OSError as error:
            raise TransientError(f"The file {self._path} cannot be read: {error}") from error

    def seek(self, offset: int, whence: int = 0) -> int:
        """Go to a position."""
        return int(self._file.seek(offset, whence))

    def tell(self) -> int:
        """The position."""
        return int(self._file.tell())

    def readable(self) -> bool:
        """Whether it can be read: always."""
        return True

    def seekable(self) -> bool:
        """Whether it has positions: always."""
        return True

    @property
    def closed(self) -> bool:
        """Whether it is closed."""
        return bool(self._file.closed)

    def close(self) -> None:
        """Close it."""
        self._file.close()


def _is_s3(location: str) -> bool:
    return location.partition("://")[0] in S3
