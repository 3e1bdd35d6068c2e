"""A data set with 600 columns goes the whole way like one with eight."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
from factories import JUNE, published, query, register, value
from wide_shop import CATEGORIES, INTEGERS, NUMBERS, WIDE, WIDE_SPENDING

from scoring.intake.ingest import ingest
from scoring.publishing.passport import passport, recompute

ROWS = 1_000


def wide_rows() -> pd.DataFrame:
    draw = np.random.default_rng(1)
    columns = {"customer_id": [f"c{number:05d}" for number in range(ROWS)]}
    columns |= {name: draw.normal(size=ROWS).round(6) for name in NUMBERS}
    columns |= {name: draw.integers(0, 100, ROWS) for name in INTEGERS}
    columns |= {name: draw.choice(["a", "b", "c"], ROWS) for name in CATEGORIES}
    return pd.DataFrame(columns)


def test_600_columns_are_ingested_scored_and_published(own_registry):
    assert len(WIDE.columns) == 600
    settings = own_registry.model_copy(update={"definitions": "wide_shop", "row_group_rows": 300, "shard_rows": 600})
    rules = [{"type": "expect_column_values_to_be_between", "kwargs": {"column": "number_000", "min_value": -50},
              "severity": "critical"}]  # fmt: skip
    suite = settings.expectations_dir / "expectations" / "wide.json"
    suite.write_text(json.dumps({"name": "wide", "expectations": rules}))
    register(settings, WIDE_SPENDING, data_set=WIDE)
    rows = wide_rows()
    rows.loc[7, "number_000"] = -99
    rows.loc[8, "kind_48"] = "z"
    rows.loc[9, "number_009"] = None
    rows.to_csv(Path(settings.inbox) / f"wide_{JUNE}.csv", index=False)
    taken = ingest(settings, WIDE, JUNE)
    assert (taken.accepted, taken.quarantined) == (ROWS - 2, 2)
    broken = query(settings, "SELECT row_number, column_name FROM scoring.breach ORDER BY 1")
    assert broken == [(8, "number_000"), (9, "kind_48")]
    published(settings, WIDE_SPENDING)
    assert value(settings, "SELECT count(*) FROM scoring.published_score") == ROWS - 2
    for customer in ("c00000", "c00999"):
        expected = float(rows.set_index("customer_id").loc[customer, "number_000"])
        assert abs(recompute(settings, passport(settings, "wide_spending", customer)) - expected) < 1e-9
