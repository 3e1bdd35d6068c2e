"""The settings: variables ``SCORING_<NAME>`` of the environment, which only this module reads."""

import json
from pathlib import Path
from typing import Annotated, Literal, TypeVar

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict, SettingsError

from scoring import __version__
from scoring.errors import ConfigurationError


def project_of(package: Path, here: Path) -> Path:
    """The project's directory: the parent of ``package`` in a checkout, else ``here``, because a wheel has none."""
    beside = package.resolve().parent
    return beside if (beside / "dags").is_dir() else here


PROJECT = project_of(Path(__file__).parent, Path.cwd())


class Settings(BaseSettings):
    """The places of this installation, and the sizes of its pieces of work."""

    model_config = SettingsConfigDict(env_prefix="SCORING_", extra="ignore", frozen=True)

    home: Path = Field(default=PROJECT / "var", description="Everything that the local platform writes.")
    database_url: SecretStr = Field(default=SecretStr(""), description="libpq URI of the database.")
    source_urls: dict[str, SecretStr] = Field(
        default_factory=dict, description="URLs of SQL sources by connection name (JSON): libpq's or SQLAlchemy's."
    )
    lake_url: str = Field(default="", description="Root of the snapshots: a path or an fsspec URL.")
    reports: str = Field(default="", description="Root of the reports for people: a path or an fsspec URL.")
    reports_kept: int = Field(default=24, gt=0, description="Newest dates of each score whose reports are kept.")
    inbox: str = Field(
        default=str(PROJECT / "sample_data"),
        description="Where relative source paths start: path or fsspec URL.",
    )
    source_roots: tuple[str, ...] = Field(
        default=(),
        description="Where “Another file” of the form may be, beside the inbox: paths or URLs (JSON).",
    )
    mlflow_tracking_uri: SecretStr = Field(default=SecretStr(""), description="MLflow server or database.")
    mlflow_artifacts: str = Field(default="", description="Artifact root for experiments made here.")
    expectations_dir: Path = Field(default=PROJECT / "great_expectations", description="The GX file context.")
    definitions: str = Field(default="scoring.definitions", description="Package with the definitions.")
    other_scikit_learn: Literal["refuse", "allow"] = Field(
        default="refuse", description="Whether models trained with another minor version of scikit-learn are used."
    )
    on_dead_deliveries: Literal["fail", "warn"] = Field(
        default="fail", description="What a run of notify does when it gives deliveries up: fail, or only warn."
    )
    notify_pool: str = Field(
        default="default_pool", description="Airflow pool of the notify tasks. It must exist, or they never run."
    )
    airflow_port: int = Field(default=8080, gt=0, lt=65536, description="Port of the local Airflow (127.0.0.1).")
    receiver_port: int = Field(default=8090, gt=0, lt=65536, description="Port of the local CRM stand-in.")
    mlflow_port: int = Field(default=5000, gt=0, lt=65536, description="Port of the local MLflow's own UI (127.0.0.1).")
    mlflow_ui: str = Field(default="", description="Address of MLflow's own UI, for links on the page.")
    kafka_port: int = Field(default=9092, gt=0, lt=65536, description="Port of the local Kafka broker (127.0.0.1).")
    row_group_rows: int = Field(default=50_000, gt=0, description="Rows per Parquet row group: memory of a batch.")
    shard_rows: int = Field(default=1_000_000, gt=0, description="Target rows per shard, in whole row groups.")
    threads: int = Field(default=2, gt=0, description="Row groups of a shard scored at a time, on one core each.")
    logs: str = Field(default="", description="Folder with the logs of tasks and processes, for what forgets persons.")
    erasure_secret: SecretStr = Field(
        default=SecretStr(""), description="Half of the key by which persons who were forgotten are known again."
    )

    code_version: str = Field(default=__version__, description="Recorded in each publication's passport.")

    @property
    def lake(self) -> str:
        """Root of the lake; the local default is under ``home``."""
        return self.lake_url or str(self.home / "lake")

    @property
    def reports_root(self) -> str:
        """Root of the reports; the local default is under ``home``."""
        return self.reports or str(self.home / "reports")

    @property
    def logs_root(self) -> Path:
        """The logs; the local default is under ``home``."""
        return Path(self.logs) if self.logs else self.home / "log"

    def database(self) -> str:
        """The database's libpq URI.

        Raises
        ------
        ConfigurationError
            If none is set.
        """
        url = self.database_url.get_secret_value()
        if not url:
            raise ConfigurationError(
                "No database is set.",
                remedy="Set SCORING_DATABASE_URL=postgresql://user:password@host/db, or use `make run` / `make up`, "
                "which start one.",
                in_airflow="Add the connection `scoring_db` (type Postgres) in Admin > Connections.",
            )
        return url


class CrmSettings(BaseSettings):
    """The CRM's address and signing secret; only code that delivers loads them."""

    model_config = SettingsConfigDict(env_prefix="SCORING_CRM_", extra="ignore", frozen=True)

    url: str = Field(default="", repr=False, description="The CRM's webhook endpoint; it may hold a token.")
    secret: SecretStr = Field(
        default=SecretStr(""), description="Its signing secret (whsec_...); two, separated by a space, to change it."
    )


class KafkaSettings(BaseSettings):
    """How brokers are reached; only what reads from topics or writes to them loads it."""

    model_config = SettingsConfigDict(env_prefix="SCORING_KAFKA_", extra="ignore", frozen=True)

    servers: str = Field(default="", description="The brokers: host:port, several separated by commas.")
    options: dict[str, SecretStr] = Field(
        default_factory=dict,
        description="Further settings of librdkafka, as security.protocol and sasl.password (JSON).",
    )
    group: str = Field(
        default="scoring",
        min_length=1,
        description="How the names of consumer groups begin; another one for each installation that shares brokers.",
    )
    batch: int = Field(default=1000, gt=0, description="Most messages that a stream records in one transaction.")

    def client(self, **further: object) -> dict[str, object]:
        """The configuration of a client of librdkafka; ``further`` names have underscores in place of dots.

        Raises
        ------
        ConfigurationError
            If no broker is set.
        """
        if not self.servers:
            raise ConfigurationError(
                "No Kafka broker is set.", remedy="Set SCORING_KAFKA_SERVERS=host:port, or leave the streams out."
            )
        options = {name: value.get_secret_value() for name, value in self.options.items()}
        own = {name.replace("_", "."): value for name, value in further.items()}
        return {"bootstrap.servers": self.servers} | options | own


class KeepSettings(BaseSettings):
    """How long things are kept, in days since they were made; only what removes them loads it."""

    model_config = SettingsConfigDict(env_prefix="SCORING_KEEP_", extra="ignore", frozen=True)

    publications: int = Field(default=1095, gt=0, description="Rows of publications that readers see.")
    newest: int = Field(
        default=24, gt=0, description="A count: this many newest dates of each score and data set stay at any age."
    )
    superseded: int = Field(
        default=30, gt=0, description="Rows of publications, and files of snapshots, that others took the place of."
    )
    snapshots: int = Field(default=1095, gt=0, description="Files of snapshots from which nothing is published.")
    quarantine: int = Field(default=365, gt=0, description="Quarantined rows with their values.")
    events: int = Field(default=1095, gt=0, description="Score changes that the CRM was told.")
    deliveries: int = Field(default=365, gt=0, description="Requests to the CRM that it took, with their bodies.")
    attempts: int = Field(default=180, gt=0, description="Single tries of such requests.")
    outcomes: int = Field(default=1825, gt=0, description="Outcomes of cohorts whose publication is gone.")
    model_runs: int = Field(default=365, gt=0, description="Model versions and training runs that nothing refers to.")
    versions: int = Field(default=5, gt=0, description="A count: this many newest versions of each model stay.")
    alerts: int = Field(default=365, gt=0, description="Alerts that people were sent.")
    api_requests: int = Field(default=90, gt=0, description="What the API was asked, where that is stored.")
    streams: int = Field(default=90, gt=0, description="Ranges of offsets that streams have recorded.")


class ChannelSettings(BaseSettings):
    """How people are told; only what tells them loads it."""

    model_config = SettingsConfigDict(env_prefix="SCORING_", extra="ignore", frozen=True)

    channels: dict[str, Annotated[tuple[SecretStr, ...], Field(min_length=1)]] = Field(
        default_factory=dict, description="Apprise URLs by owner; “default” is for all other owners (JSON)."
    )


class ApiSettings(BaseSettings):
    """The scoring API's place, limits and patience; only the API loads it."""

    model_config = SettingsConfigDict(env_prefix="SCORING_API_", extra="ignore", frozen=True)

    host: str = Field(default="127.0.0.1", description="Where the API listens.")
    port: int = Field(default=8000, ge=0, lt=65536, description="Its port; 0 takes a free one.")
    threads: int = Field(default=2, gt=0, description="Requests computed at a time, on one core each.")
    connections: int = Field(default=4, gt=0, description="Connections to the database.")
    most_requests: int = Field(default=64, gt=0, description="Requests at a time; others get 503.")
    most_records: int = Field(default=1000, gt=0, description="Records of one request; more get 413.")
    most_body_bytes: int = Field(default=4 << 20, gt=0, description="Bytes of a body; more get 413.")
    receive_seconds: float = Field(default=10.0, gt=0, description="For headers and body to arrive; later is 408.")
    answer_seconds: float = Field(default=30.0, gt=0, description="To compute an answer; later is 504.")
    drain_seconds: float = Field(
        default=2.0, ge=0, description="How long /readyz says 503 before the API stops taking connections."
    )
    follow_seconds: float = Field(default=2.0, gt=0, description="How often the promotion ledger is looked at.")
    key_cache_seconds: float = Field(default=5.0, ge=0, description="How long a revoked key may still be used.")
    refusals_per_minute: int = Field(default=60, gt=0, description="Wrong keys of one client address before 429.")
    keep_hours: float = Field(default=24.0, gt=0, description="How long answers under an Idempotency-Key are kept.")
    store: Literal["idempotent", "all"] = Field(
        default="idempotent", description="Whose answers are kept: with an Idempotency-Key only, or all."
    )
    store_records: bool = Field(default=False, description="Whether the body that was asked is kept, too.")


class ExporterSettings(BaseSettings):
    """Where and how the exporter answers; only it loads them."""

    model_config = SettingsConfigDict(env_prefix="SCORING_EXPORTER_", extra="ignore", frozen=True)

    host: str = Field(default="127.0.0.1", description="Where it listens.")
    port: int = Field(default=9108, ge=0, lt=65536, description="Port of /metrics; 0 takes a free one.")
    token: SecretStr = Field(default=SecretStr(""), description="Bearer token that /metrics asks for.")
    cache_seconds: float = Field(default=10.0, ge=0, description="So long one reading of the database serves.")
    statsd_port: int = Field(
        default=9125, ge=0, lt=65536, description="UDP port for what Airflow sends (StatsD); 0: none."
    )


# What stands in a variable as JSON, and how.
HOW_TO_WRITE = {
    "source_urls": "write a JSON object of connection names and URIs",
    "source_roots": "write a JSON list of folders",
    "options": "write a JSON object of librdkafka's settings",
    "channels": "write a JSON object of owners, each with a list of one or more Apprise URLs",
}

Read = TypeVar("Read", bound=BaseSettings)


def load_settings() -> Settings:
    """Read the settings from the environment.

    Raises
    ------
    ConfigurationError
        If a variable cannot be used; names it and the reason, never its value.
    """
    return _read(Settings)


def load_crm_settings() -> CrmSettings:
    """Read the CRM's address and secret from the environment; raises the same errors as :func:`load_settings`."""
    return _read(CrmSettings)


def load_keep_settings() -> KeepSettings:
    """Read from the environment how long things are kept; errors as of :func:`load_settings`."""
    return _read(KeepSettings)


def load_channel_settings() -> ChannelSettings:
    """Read from the environment how people are told; errors as of :func:`load_settings`."""
    return _read(ChannelSettings)


def load_api_settings() -> ApiSettings:
    """Read the scoring API's settings from the environment; errors as of :func:`load_settings`."""
    return _read(ApiSettings)


def load_kafka_settings() -> KafkaSettings:
    """Read from the environment how brokers are reached; errors as of :func:`load_settings`."""
    return _read(KafkaSettings)


def load_exporter_settings() -> ExporterSettings:
    """Read from the environment how the exporter answers; errors as of :func:`load_settings`."""
    return _read(ExporterSettings)


def channels_from(text: str) -> ChannelSettings:
    """The channels that ``text`` gives as JSON, as in SCORING_CHANNELS.

    Raises
    ------
    ConfigurationError
        If it is not of that form; never quotes it.
    """
    try:
        return ChannelSettings(channels=json.loads(text))
    except ValueError:  # also pydantic's
        raise ConfigurationError(f"The channels cannot be read: {HOW_TO_WRITE['channels']}.") from None


def _read(kind: type[Read]) -> Read:
    prefix = kind.model_config.get("env_prefix", "")
    try:
        return kind()
    except ValidationError as error:
        problems = "; ".join(
            f"{prefix}{str(problem['loc'][0]).upper()}: {problem['msg']}"
            for problem in error.errors(include_input=False, include_url=False)
        )
        raise ConfigurationError(f"The environment cannot be used: {problems}") from None
    except SettingsError as error:  # its text names the field, its cause quotes the value
        field = next(name for name in HOW_TO_WRITE if f'"{name}"' in str(error))
        raise ConfigurationError(
            f"The environment cannot be used: {prefix}{field.upper()}: {HOW_TO_WRITE[field]}."
        ) from None
