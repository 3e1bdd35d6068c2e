"""Settings of a task: the environment's, with the database and the sources from Airflow's connections; and the CRM."""

from urllib.parse import quote, urlencode

from airflow.sdk import Connection
from airflow.sdk.exceptions import AirflowNotFoundException
from pydantic import SecretStr

from scoring.catalog import Catalog, load_catalog
from scoring.domain.dataset import PostgresSource
from scoring.settings import CrmSettings, Settings, load_crm_settings, load_settings

DATABASE = "scoring_db"
CRM = "crm_webhook"


def catalog() -> Catalog:
    """The definitions of this installation."""
    return load_catalog(load_settings().definitions)


def task_settings() -> Settings:
    """The settings of the running task; a connection that does not exist leaves the environment's setting.

    ``scoring_db`` is a PostgreSQL connection; a PostgreSQL source names its own connection.
    """
    settings = load_settings()
    found: dict[str, object] = {}
    if database := _connection(DATABASE):
        found["database_url"] = SecretStr(postgres_url(database))
    names = {
        data_set.source.connection
        for data_set in catalog().data_sets.values()
        if isinstance(data_set.source, PostgresSource)
    }
    sources = {name: source for name in sorted(names) if (source := _connection(name))}
    if sources:
        urls = {name: SecretStr(postgres_url(source)) for name, source in sources.items()}
        found["source_urls"] = settings.source_urls | urls
    return settings.model_copy(update=found)


def crm_settings() -> CrmSettings:
    """The CRM of a task that delivers: the connection ``crm_webhook``, else the environment's.

    The connection's host is the endpoint's URL, its password the signing secret (``whsec_...``).
    """
    crm = _connection(CRM)
    if crm is None:
        return load_crm_settings()
    return CrmSettings(url=webhook_url(crm), secret=SecretStr(crm.password or ""))


def postgres_url(connection: Connection) -> str:
    """The libpq URI of a PostgreSQL connection; extras are libpq parameters (``sslmode``), a host may be a socket."""
    user = quote(connection.login or "", safe="")
    if connection.password:
        user += f":{quote(connection.password, safe='')}"
    host = connection.host or ""
    extras = {name: str(value) for name, value in connection.extra_dejson.items()}
    if host.startswith("/"):
        extras["host"] = host
        host = ""
    elif ":" in host:
        host = f"[{host}]"  # an IPv6 address
    port = f":{connection.port}" if connection.port else ""
    query = f"?{urlencode(extras, quote_via=quote)}" if extras else ""
    at = "@" if user else ""
    return f"postgresql://{user}{at}{host}{port}/{quote(connection.schema or '', safe='')}{query}"


def webhook_url(connection: Connection) -> str:
    """The URL of an HTTP connection: its host when that is a whole URL, else put together from its parts."""
    host = connection.host or ""
    if "://" in host:
        return host
    port = f":{connection.port}" if connection.port else ""
    path = str(connection.extra_dejson.get("path", ""))
    return f"{connection.schema or 'https'}://{host}{port}{path}"


def _connection(name: str) -> Connection | None:
    try:
        found: Connection = Connection.get(name)  # which Airflow annotates with Any
        return found
    except AirflowNotFoundException:
        return None
