"""Validation results kept in the Great Expectations context, and the Data Docs page that shows them."""

import datetime as dt
import fcntl
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import unquote, urlsplit

import great_expectations as gx
from great_expectations.core import ExpectationSuiteValidationResult
from great_expectations.core.expectation_validation_result import ExpectationValidationResult
from great_expectations.core.run_identifier import RunIdentifier
from great_expectations.data_context import FileDataContext
from great_expectations.data_context.types.resource_identifiers import (
    ExpectationSuiteIdentifier,
    ValidationResultIdentifier,
)


def write(
    context: FileDataContext,
    suite_name: str,
    results: Sequence[ExpectationValidationResult],
    as_of: dt.date,
    run_name: str,
) -> str:
    """Store the results and build their page, the suite's page and the index; the path (or URL) of the page.

    Processes on one machine take turns, because each rewrites the index.
    """
    suite_key = ExpectationSuiteIdentifier(name=suite_name)
    key = ValidationResultIdentifier(
        expectation_suite_identifier=suite_key,
        run_id=RunIdentifier(run_name=_file_name(run_name), run_time=dt.datetime.now(dt.UTC)),
        batch_identifier=as_of.isoformat(),
    )
    with _turn(Path(context.root_directory) / "uncommitted"):
        context.validation_results_store.store_validation_results(_merged(suite_name, results, key), key)
        context.build_data_docs(resource_identifiers=[key, suite_key])
    return _path(context.get_docs_sites_urls(resource_identifier=key)[0]["site_url"])


def _file_name(run_name: str) -> str:
    return re.sub(r"[^A-Za-z0-9_.-]+", "_", run_name).strip(".") or "run"


@contextmanager
def _turn(directory: Path) -> Iterator[None]:
    directory.mkdir(parents=True, exist_ok=True)
    with (directory / "data_docs.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # released by the close, also that of a killed process
        yield


def _merged(
    suite_name: str, results: Sequence[ExpectationValidationResult], key: ValidationResultIdentifier
) -> ExpectationSuiteValidationResult:
    good = sum(bool(result.success) for result in results)
    return ExpectationSuiteValidationResult(
        success=good == len(results),
        results=list(results),
        suite_name=suite_name,
        statistics={
            "evaluated_expectations": len(results),
            "successful_expectations": good,
            "unsuccessful_expectations": len(results) - good,
            "success_percent": 100 * good / len(results) if results else None,
        },
        meta={
            "great_expectations_version": gx.__version__,
            "run_id": key.run_id.to_json_dict(),
            "validation_time": key.run_id.run_time.isoformat(),
            "active_batch_definition": {
                "datasource_name": "scoring",
                "data_connector_name": "scoring",
                "data_asset_name": suite_name,
                "batch_identifiers": {"as_of": key.batch_identifier},
            },
        },
    )


def _path(url: str) -> str:
    parts = urlsplit(url)
    return unquote(parts.path) if parts.scheme == "file" else url
