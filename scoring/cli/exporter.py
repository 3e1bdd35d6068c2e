"""The command that exports metrics for Prometheus."""

from scoring.cli.options import attached_settings


def exporter() -> None:
    """Answer Prometheus: GET /metrics on SCORING_EXPORTER_HOST:PORT with SCORING_EXPORTER_TOKEN, until SIGTERM."""
    from scoring.catalog import load_catalog
    from scoring.exporter.collector import reader
    from scoring.exporter.exporter import serve
    from scoring.settings import load_exporter_settings

    exports = load_exporter_settings()
    with attached_settings() as settings:
        catalog = load_catalog(settings.definitions)
        serve(reader(settings.database(), catalog), catalog, exports)
