"""Evidently's pages about a partition: of a stated sample, kept privately, loading nothing from elsewhere."""

import datetime as dt
import re
import stat
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from factories import JULY, JUNE, MAY, customer, published_rows, query, register, snapshot_of
from factories_monitoring import in_larger_pieces
from shop_definitions import LEAVING, SPENDING

from scoring.errors import NotFound
from scoring.models.tags import SNAPSHOT_TAG, TRAINED_AS_OF_TAG
from scoring.monitoring.bins import cut_numbers, cut_text
from scoring.monitoring.distance import jensen_shannon, wasserstein
from scoring.monitoring.pages.evidently_page import NATURAL, drift_page
from scoring.monitoring.pages.write import SAMPLED, write_reports
from scoring.reports.page import finished
from scoring.reports.place import ReportsRoot
from scoring.snapshots.partial import MARK

NOW = dt.datetime(2030, 1, 1, tzinfo=dt.UTC)
ROWS = 300


def shoppers(seed, count=ROWS, **values):
    random = np.random.default_rng(seed)
    return [
        customer(number, spend=float(random.lognormal(4, 0.5)), mood=float(random.normal()), **values)
        for number in range(count)
    ]


def ready(settings, score, seed=2, as_of=JUNE):
    trained = snapshot_of(settings, shoppers(1), MAY)
    register(settings, score, tags={TRAINED_AS_OF_TAG: MAY.isoformat(), SNAPSHOT_TAG: trained.digest})
    published_rows(in_larger_pieces(settings), score, shoppers(seed), as_of)


def record_outcomes(settings, score, values, first=0):
    rows = [
        f"('{score.name}', '{JUNE}', 'c{number:04d}', {value}, '{JULY}', 'system')"
        for number, value in enumerate(values, start=first)
    ]
    if rows:
        columns = "(score, as_of, customer_id, value, observed_at, origin)"
        query(settings, f"INSERT INTO scoring.outcome {columns} VALUES {', '.join(rows)}")


def page_of(settings, score, kind, as_of=JUNE):
    root = ReportsRoot(settings.reports_root)
    return root.read(root.report(score.name, as_of, kind)).decode()


def test_the_page_on_drift_says_of_which_sample_it_is(own_registry):
    ready(own_registry, SPENDING)
    written = write_reports(own_registry, SPENDING, JUNE, now=NOW)
    assert [one.kind for one in written.kept] == ["drift"]
    assert written.missing == {"performance": "no outcome is known"}
    page = page_of(own_registry, SPENDING, "drift")
    assert "Spend next month at 2024-06-30" in page
    assert "a sample (seed 0): 300 of 300 customers of publication 1, against 300 of 300 of the snapshot" in page
    assert "from which the model has learned" in page


@pytest.mark.parametrize("score", [LEAVING, SPENDING], ids=lambda score: score.kind)
def test_where_outcomes_are_known_there_is_a_page_on_performance(own_registry, score):
    ready(own_registry, score)
    record_outcomes(own_registry, score, np.random.default_rng(0).integers(0, 11, ROWS - 50))
    written = write_reports(own_registry, score, JUNE, now=NOW)
    assert [one.kind for one in written.kept] == ["drift", "performance"]
    page = page_of(own_registry, score, "performance")
    assert "250 of 250 customers of publication 1 whose outcome is known" in page


UNKNOWN = {
    "none": (0, [], "no outcome is known"),
    "all the same": (0, [9.0] * 20, "all known outcomes are the same"),
    "of others": (ROWS, [9.0, 1.0], "no outcome of these customers is known"),
}


@pytest.mark.parametrize("case", UNKNOWN.values(), ids=UNKNOWN)
def test_outcomes_that_say_nothing_give_no_page_but_the_reason(own_registry, case):
    first, values, reason = case
    ready(own_registry, LEAVING)
    record_outcomes(own_registry, LEAVING, values, first)
    written = write_reports(own_registry, LEAVING, JUNE, now=NOW)
    assert written.missing == {"performance": reason}


def test_a_page_loads_nothing_from_elsewhere(own_registry):
    ready(own_registry, SPENDING)
    write_reports(own_registry, SPENDING, JUNE, now=NOW)
    page = page_of(own_registry, SPENDING, "drift")
    assert not re.findall(r"<(?:script|img|iframe|link)\b[^>]*\b(?:src|href)=", page[: page.index("<script")])
    assert not re.findall(r"url\((?!data:)[^)]*//", page[: page.index("<script")])
    assert page.index("Content-Security-Policy") < page.index("<style"), "it binds all that follows"
    assert "default-src 'none'" in page


def test_pages_are_private_and_written_whole_or_not_at_all(own_registry):
    ready(own_registry, SPENDING)
    (report,) = write_reports(own_registry, SPENDING, JUNE, now=NOW).kept
    path = Path(report.location)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [stat.S_IMODE(folder.stat().st_mode) for folder in path.parents[:3]] == [0o700] * 3
    root = ReportsRoot(own_registry.reports_root)
    before = path.read_bytes()
    with pytest.raises(TypeError):
        root.write(report, None)  # breaks off in the middle
    assert path.read_bytes() == before
    assert [file.name for file in path.parent.iterdir()] == ["drift.html"]


def test_the_same_inputs_are_written_once_and_others_anew(own_registry):
    ready(own_registry, SPENDING)
    (report,) = write_reports(own_registry, SPENDING, JUNE, now=NOW).kept
    written = Path(report.location).stat().st_mtime_ns
    write_reports(own_registry, SPENDING, JUNE, now=NOW)
    assert Path(report.location).stat().st_mtime_ns == written
    published_rows(own_registry, SPENDING, shoppers(3), JUNE)
    write_reports(own_registry, SPENDING, JUNE, now=NOW)
    assert Path(report.location).stat().st_mtime_ns != written


def test_a_page_that_was_cut_off_is_written_again(own_registry):
    ready(own_registry, SPENDING)
    (report,) = write_reports(own_registry, SPENDING, JUNE, now=NOW).kept
    Path(report.location).write_bytes(b"<html>")
    write_reports(own_registry, SPENDING, JUNE, now=NOW)
    assert "Spend next month" in page_of(own_registry, SPENDING, "drift")


def test_without_any_reference_there_is_no_page_and_before_training_is_known_the_last_publication_is_one(own_registry):
    published_rows(own_registry, SPENDING, shoppers(1), JUNE)  # by a model that does not say what it was trained on
    missing = write_reports(own_registry, SPENDING, JUNE, now=NOW).missing
    assert "does not say what it was trained on, and nothing was published before" in missing["drift"]
    published_rows(own_registry, SPENDING, shoppers(2), JULY)
    write_reports(own_registry, SPENDING, JULY, now=NOW)
    assert "of the publication of 2024-06-30" in page_of(own_registry, SPENDING, "drift", JULY)


def test_a_constant_and_a_single_customer_make_a_page_too(own_registry):
    trained = snapshot_of(own_registry, [customer(1)], MAY)
    register(own_registry, SPENDING, tags={TRAINED_AS_OF_TAG: MAY.isoformat(), SNAPSHOT_TAG: trained.digest})
    published_rows(own_registry, SPENDING, [customer(2)], JUNE)
    assert [one.kind for one in write_reports(own_registry, SPENDING, JUNE, now=NOW).kept] == ["drift"]


def test_of_old_pages_only_the_newest_dates_are_kept_and_crashed_writers_leave_nothing(tmp_path):
    root = ReportsRoot(str(tmp_path / "reports"))
    dates = [dt.date(2024, month, 1) for month in range(1, 6)]
    for as_of in dates:
        root.write(root.report("risk", as_of, "drift"), b"page")
        root.write(root.report("other", as_of, "drift"), b"page")
    abandoned = Path(root.report("risk", dates[-1], "drift").location + f"{MARK}1")
    abandoned.write_bytes(b"pa")
    assert root.forget_old("risk", 2, NOW) == dates[2::-1]
    assert [one.as_of for one in root.kept("risk")] == dates[:2:-1]
    assert len(root.kept("other")) == 5
    assert not abandoned.exists()
    assert root.forget_old("risk", 2, NOW) == []


def test_what_was_never_written_is_told_as_such_and_no_name_leads_out_of_the_root(tmp_path):
    root = ReportsRoot(str(tmp_path / "reports"))
    assert root.kept("risk") == []
    with pytest.raises(NotFound, match="There is no drift report of risk at 2024-06-30"):
        root.read(root.report("risk", JUNE, "drift"))
    for score, kind in (("../risk", "drift"), ("risk", "../../drift")):
        with pytest.raises(ValueError, match="is no"):
            root.report(score, JUNE, kind)


def test_any_fsspec_url_is_a_root():
    root = ReportsRoot("memory://reports")
    report = root.report("risk", JUNE, "drift")
    assert root.inputs_of(report) is None
    page = finished(
        "<html><head></head><body></body>", kind="drift", heading="<Risk>", facts=["a & b"], inputs="a" * 64
    )
    root.write(report, page)
    assert root.read(report) == page
    assert b"&lt;Risk&gt;</strong><br>a &amp; b" in page
    assert root.inputs_of(report) == "a" * 64
    assert root.kept("risk") == [report]
    assert root.forget_old("risk", 1, NOW) == []


def population(count, seed, shift):
    random = np.random.default_rng(seed)
    shares = np.array([0.5, 0.3, 0.2]) + np.array([-0.1, 0.0, 0.1]) * shift
    return pd.DataFrame(
        {
            "amount": random.lognormal(shift / 4, 1, count),
            "age": random.normal(shift, 1, count),
            "plan": random.choice(["a", "b", "c"], count, p=shares).astype(object),
        }
    )


def ours(reference, current):
    found = {}
    for name in reference:
        words = name == "plan"
        bins = cut_text(("a", "b", "c")) if words else cut_numbers(reference[name].to_numpy())
        was, now = (bins.count(pa.array(side[name].tolist())) for side in (reference, current))
        distance = jensen_shannon(bins.coarse(was), bins.coarse(now)) * NATURAL
        found[name] = distance if words else wasserstein(bins, was, now)
    return found


def test_evidentlys_distances_are_ours_on_the_same_rows():
    reference, current = population(4000, 1, 0.0), population(4000, 2, 0.5)
    found = drift_page(reference, current, 0.1).distances
    assert found == pytest.approx(ours(reference, current), abs=1e-3)


def test_evidentlys_distances_of_a_sample_are_ours_of_everybody_but_for_its_error():
    reference, current = population(200_000, 1, 0.0), population(200_000, 2, 0.5)
    samples = [side.sample(SAMPLED, random_state=0) for side in (reference, current)]
    found, whole = drift_page(*samples, 0.1).distances, ours(reference, current)
    error = 4 * np.sqrt(2 / SAMPLED)  # of a mean in standard deviations, and more than that of a share
    assert found == pytest.approx(whole, abs=error)
    assert found != pytest.approx(whole, abs=1e-6), "it is a sample"
