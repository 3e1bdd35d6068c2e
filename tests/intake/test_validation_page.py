"""What Great Expectations says of a partition is kept among its reports: privately, complete in itself, once."""

import re
import stat
from pathlib import Path

import pytest
from factories import JULY, JUNE, customer, customers, deliver
from shop_definitions import SHOP

from scoring.errors import NotFound, PartitionStopped, TransientError
from scoring.intake.ingest import ingest
from scoring.reports.place import ReportsRoot


def report_of(settings, as_of=JUNE):
    return ReportsRoot(settings.reports_root).report("shop", as_of, "validation")


def page_of(settings, as_of=JUNE):
    return ReportsRoot(settings.reports_root).read(report_of(settings, as_of)).decode()


def test_the_page_says_what_came_of_the_rows_and_which_rules_did_not_hold(shop):
    deliver(shop, [*customers(19), customer(19, spend=-1.0)])
    ingest(shop, SHOP, JUNE)
    page = page_of(shop)
    assert "Customers of a shop at 2024-06-30" in page
    assert "20 rows received = 19 accepted + 1 quarantined + 0 duplicates" in page
    assert "1 unexpected values found." in page


def test_a_stopped_partition_has_a_page_that_says_why(shop):
    deliver(shop, [customer(number, spend=-1.0) for number in range(9)])
    with pytest.raises(PartitionStopped):
        ingest(shop, SHOP, JUNE)
    assert re.search(r"This partition was stopped: .*100\.00%", page_of(shop))


def test_the_page_is_private_loads_nothing_and_leads_to_no_file_that_is_not_beside_it(shop):
    deliver(shop, customers(9))
    ingest(shop, SHOP, JUNE)
    page = page_of(shop)
    assert re.findall(r"\b(?:src|href)\s*=\s*[\"'](?!#|https://)[^\"']", page) == []
    assert page.index("Content-Security-Policy") < page.index("<style")
    path = Path(report_of(shop).location)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [stat.S_IMODE(folder.stat().st_mode) for folder in path.parents[:3]] == [0o700] * 3


def test_the_same_rows_are_written_once_and_others_anew(shop):
    deliver(shop, customers(9))
    ingest(shop, SHOP, JUNE)
    written = Path(report_of(shop).location).stat().st_mtime_ns
    ingest(shop, SHOP, JUNE)
    assert Path(report_of(shop).location).stat().st_mtime_ns == written
    deliver(shop, customers(8))
    ingest(shop, SHOP, JUNE)
    assert "8 rows received" in page_of(shop)


def test_pages_of_the_newest_dates_stay(shop):
    few = shop.model_copy(update={"reports_kept": 1})
    for as_of in (JUNE, JULY):
        deliver(few, customers(9), as_of)
        ingest(few, SHOP, as_of)
    assert page_of(few, JULY)
    with pytest.raises(NotFound):
        page_of(few, JUNE)


def test_a_reports_root_that_takes_nothing_fails_the_run_for_now_and_records_nothing(shop, tmp_path):
    (tmp_path / "file").write_text("")
    deliver(shop, customers(9))
    with pytest.raises(TransientError, match=r"cannot be read: .*Not a directory"):
        ingest(shop.model_copy(update={"reports": str(tmp_path / "file")}), SHOP, JUNE)
    assert not ingest(shop, SHOP, JUNE).unchanged


def test_nothing_is_kept_where_the_configuration_has_no_site(shop):
    config = shop.expectations_dir / "great_expectations.yml"
    config.write_text(re.sub(r"(?ms)^data_docs_sites:.*?(?=^\S|\Z)", "data_docs_sites: {}\n", config.read_text()))
    deliver(shop, customers(9))
    assert ingest(shop, SHOP, JUNE).accepted == 9
    assert not Path(report_of(shop).location).exists()
