"""Stores validation results in the Great Expectations context and builds their Data Docs page."""

import datetime as dt
import fcntl
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import great_expectations as gx
from great_expectations.core import ExpectationSuiteValidationResult
from great_expectations.core.expectation_validation_result import ExpectationValidationResult
from great_expectations.core.run_identifier import RunIdentifier
from great_expectations.data_context.data_context.file_data_context import FileDataContext
from great_expectations.data_context.types.resource_identifiers import (
    ExpectationSuiteIdentifier,
    ValidationResultIdentifier,
)

from scoring.intake.expectations.pages import with_our_views
from scoring.intake.expectations.tally import RuleResult

NO_EXCEPTION = {"raised_exception": False, "exception_traceback": None, "exception_message": None}


class DataDocs:
    """The results store and the Data Docs site of one context."""

    def __init__(self, context: FileDataContext) -> None:
        self._context = context
        sites: Mapping[str, Any] = context.variables.data_docs_sites or {}
        context.variables.data_docs_sites = {name: with_our_views(site) for name, site in sites.items()}  # not saved

    def write(self, suite_name: str, results: Sequence[RuleResult], as_of: dt.date, name: str, kept: int) -> str:
        """Store one validation and build its page, the suite's page and the index, and forget old validations.

        Returns the page's path, its URL if the site is not a directory, or an empty text if there is no site.
        Processes on one machine take turns, because each rewrites the index.
        """
        suite_key = ExpectationSuiteIdentifier(name=suite_name)
        key = ValidationResultIdentifier(
            expectation_suite_identifier=suite_key,
            run_id=RunIdentifier(run_name=_run_name(name, as_of.isoformat()), run_time=dt.datetime.now(dt.UTC)),
            batch_identifier=as_of.isoformat(),
        )
        with _locked(Path(self._context.root_directory) / "uncommitted"):
            self._context.validation_results_store.store_validation_results(_merged(results, key), key)
            for old in _outdated(self._context.validation_results_store.list_keys(), key, name, kept):
                self._context.validation_results_store.remove_key(old)  # type: ignore[no-untyped-call] # its page goes when the index is built
            pages: Any = [key, suite_key]  # mixed types work, though the annotation allows only one
            self._context.build_data_docs(resource_identifiers=pages)
        urls = [site["site_url"] for site in self._context.get_docs_sites_urls(resource_identifier=key)]
        return next((_path(url) for url in urls if url), "")


def _run_name(name: str, as_of: str) -> str:
    return re.sub(r"[^A-Za-z0-9_.-]+", "_", f"{name}_{as_of}").strip(".")


def _outdated(keys: Iterable[Any], new: ValidationResultIdentifier, name: str, kept: int) -> list[Any]:
    """Validations of ``name`` that are neither the newest of their date nor of the ``kept`` newest dates."""
    ours = [key for key in keys if key.run_id.run_name == _run_name(name, str(key.batch_identifier))]
    newest = {str(key.batch_identifier): key for key in sorted(ours, key=lambda key: key.run_id.run_time)}
    stay = [new, *(newest[as_of] for as_of in sorted(newest, reverse=True)[:kept])]
    return [key for key in ours if key not in stay]


@contextmanager
def _locked(directory: Path) -> Iterator[None]:
    directory.mkdir(parents=True, exist_ok=True)
    with (directory / "data_docs.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # closing releases it, also when the process is killed
        yield


def _merged(results: Sequence[RuleResult], key: ValidationResultIdentifier) -> ExpectationSuiteValidationResult:
    name, good = key.expectation_suite_identifier.name, sum(result.success for result in results)
    return ExpectationSuiteValidationResult(
        success=all(result.success for result in results if result.rule.critical),
        results=[_result(result) for result in results],
        suite_name=name,
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
            "batch_spec": {"data_asset_name": f"{name} {key.batch_identifier}"},
        },
    )


def _result(result: RuleResult) -> ExpectationValidationResult:
    return ExpectationValidationResult(
        success=result.success,
        expectation_config=result.rule.configuration,
        result=dict(result.result),
        meta={},
        exception_info=dict(NO_EXCEPTION),
    )


def _path(url: str) -> str:
    parts = urlsplit(url)
    return unquote(parts.path) if parts.scheme == "file" else url
