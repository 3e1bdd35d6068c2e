"""What errors of foreign databases mean: whether another try may help, and which text people may read."""

from typing import Any

from scoring.database import REFUSED, is_transient
from scoring.errors import ConfigurationError, SourceNotReady

# https://mariadb.com/kb/en/mariadb-error-code-reference/ and MySQL's
_REFUSED_BY_MYSQL = frozenset({1044, 1045, 1049, 1130, 1698, 1862})  # user, password, database, host
_TRANSIENT_IN_MYSQL = frozenset({1040, 1053, 1205, 1213, 1317, 1927, 1969, 2003, 2006, 2013, 3024, 4031})
_REFUSED_STATES = ("28", "3D")  # SQLSTATE: invalid authorization, invalid catalog (database) name
_TRANSIENT_IN_SQLITE = ("SQLITE_BUSY", "SQLITE_LOCKED", "SQLITE_CANTOPEN", "SQLITE_IOERR", "SQLITE_INTERRUPT")

# The packages of drivers whose name is another than that of their module.
_PACKAGES = {"MySQLdb": "mysqlclient", "pymysql": "PyMySQL", "mysql": "mysql-connector-python"}


def refuses_connection(error: Any) -> bool:
    """Whether a driver's error on connecting says that user, password, host or database are wrong."""
    return (
        _number(error) in _REFUSED_BY_MYSQL
        or str(_state(error)).startswith(_REFUSED_STATES)
        or bool(REFUSED.search(str(error)))
    )


def unconnected(name: str, connection: str, problem: str, *, refused: bool) -> ConfigurationError | SourceNotReady:
    """The error for a database that gives no connection: for good if it refused it, else one that may pass."""
    if refused:
        return ConfigurationError(
            f"{name}: The database refuses the connection: {problem}.",
            remedy=f"Correct the URL of {connection!r} in SCORING_SOURCE_URLS, or the user's rights.",
            in_airflow=f"Correct the connection `{connection}` in Admin > Connections, or the user's rights.",
        )
    return SourceNotReady(
        f"{name}: The database cannot be reached: {problem}.", remedy="Try again when the database answers."
    )


def passes(error: Any, *, broke: bool) -> bool:
    """Whether the same query may succeed later; ``broke`` says that the connection did."""
    state = _state(error)
    named = str(getattr(error, "sqlite_errorname", ""))
    return (
        broke
        or _number(error) in _TRANSIENT_IN_MYSQL
        or named.startswith(_TRANSIENT_IN_SQLITE)
        or (state is not None and is_transient(state))
    )


def said(error: Any, secret: str | None) -> str:
    """The driver's own words in one line; only the error's name if they repeat the secret."""
    words: tuple[object, ...] = getattr(error, "args", ())
    text = str(words[1]) if _number(error) is not None and len(words) > 1 else str(error)
    text = " ".join(text.split()).rstrip(".")
    return type(error).__name__ if not text or (secret and secret in text) else text


def package_of(module: str) -> str:
    """The package to install for a module of a driver."""
    top = module.partition(".")[0]
    return _PACKAGES.get(top, top)


def _number(error: Any) -> int | None:
    words: tuple[object, ...] = getattr(error, "args", ())
    return words[0] if words and type(words[0]) is int else None


def _state(error: Any) -> str | None:
    return getattr(error, "sqlstate", None) or getattr(error, "pgcode", None)
