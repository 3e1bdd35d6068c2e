"""Settings of a task: the environment's, with what connections have: database, sources, CRM, brokers, channels."""

from urllib.parse import quote, urlencode

from airflow.sdk import Connection
from airflow.sdk.exceptions import AirflowNotFoundException
from pydantic import SecretStr
from sqlalchemy import URL

from scoring.catalog import Catalog, load_catalog
from scoring.domain.dataset import PostgresSource, SqlSource
from scoring.settings import (
    ChannelSettings,
    CrmSettings,
    KafkaSettings,
    Settings,
    channels_from,
    load_channel_settings,
    load_crm_settings,
    load_kafka_settings,
    load_settings,
)

DATABASE = "scoring_db"
CRM = "crm_webhook"
CHANNELS = "alert_channels"

# What SQLAlchemy calls a type of connection, and the driver that is taken where the connection names none.
DIALECTS = {"postgres": "postgresql"}
DRIVERS = {"mysql": "pymysql", "mariadb": "pymysql", "mssql": "pyodbc", "oracle": "oracledb"}


def catalog() -> Catalog:
    """The definitions of this installation."""
    return load_catalog(load_settings().definitions)


def task_settings() -> Settings:
    """The settings of the running task; a connection that does not exist leaves the environment's setting.

    ``scoring_db`` is a PostgreSQL connection; a source that is a query, of a data set or of outcomes, names its own.
    """
    settings = load_settings()
    found: dict[str, object] = {}
    if database := _connection(DATABASE):
        found["database_url"] = SecretStr(postgres_url(database))
    known = catalog()
    all_sources = [
        *(data_set.source for data_set in known.data_sets.values()),
        *(score.target.source for score in known.scores.values()),
    ]
    urls = {}
    for source in all_sources:
        if isinstance(source, PostgresSource | SqlSource) and (named := _connection(source.connection)):
            url = postgres_url(named) if isinstance(source, PostgresSource) else sql_url(named)
            urls[source.connection] = SecretStr(url)
    if urls:
        found["source_urls"] = settings.source_urls | urls
    return settings.model_copy(update=found)


def crm_settings(name: str = CRM) -> CrmSettings:
    """A webhook of a task that delivers: the connection of that name; of the CRM, else the environment's.

    The connection's host is the endpoint's URL, its password the signing secret (``whsec_...``).
    """
    crm = _connection(name)
    if crm is None:
        return load_crm_settings() if name == CRM else CrmSettings(url="", secret=SecretStr(""))
    return CrmSettings(url=webhook_url(crm), secret=SecretStr(crm.password or ""))


def kafka_settings(name: str) -> KafkaSettings:
    """The brokers of an endpoint: the connection of that name, else the environment's.

    The connection's extras are settings of librdkafka, ``bootstrap.servers`` among them, as Airflow's own connections
    of type Kafka have them; its password is ``sasl.password``.
    """
    brokers = _connection(name)
    if brokers is None:
        return load_kafka_settings()
    options = {key: SecretStr(str(content)) for key, content in brokers.extra_dejson.items()}
    servers = options.pop("bootstrap.servers", SecretStr("")).get_secret_value()
    if brokers.password:
        options["sasl.password"] = SecretStr(brokers.password)
    return KafkaSettings(servers=servers, options=options)


def channel_settings() -> ChannelSettings:
    """How people are told: the connection ``alert_channels``, else the environment's.

    The connection's password is the JSON object of owners and Apprise URLs that SCORING_CHANNELS would hold.
    """
    channels = _connection(CHANNELS)
    return load_channel_settings() if channels is None else channels_from(channels.password or "")


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


def sql_url(connection: Connection) -> str:
    """SQLAlchemy's URL: its type, or the extra ``dialect``, is the dialect; other extras but ``driver`` are options."""
    options = {name: str(value) for name, value in connection.extra_dejson.items()}
    dialect = options.pop("dialect", DIALECTS.get(connection.conn_type or "", connection.conn_type or ""))
    driver = options.pop("driver", DRIVERS.get(dialect, ""))
    url = URL.create(
        f"{dialect}+{driver}" if driver else dialect,
        username=connection.login or None,
        password=connection.password or None,
        host=connection.host or None,
        port=connection.port or None,
        database=connection.schema or None,
        query=options,
    )
    return url.render_as_string(hide_password=False)


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
