"""The bare peer of an ingest: pyarrow reads the CSV, Great Expectations checks a pandas frame, pyarrow writes Parquet.

It drops no duplicate, quarantines no row, keeps no digest and records nothing; all rows are in memory at once.
"""

import great_expectations as gx
import pyarrow.csv
import pyarrow.parquet as pq
from great_expectations.data_context.types.base import ProgressBarsConfig
from great_expectations.expectations.expectation_configuration import ExpectationConfiguration
from ingest_rules import BY_ROW, IMPLIED, OF_TABLE
from measure import Measured, answer


def bare(path: str, to: str) -> Measured:
    """Take in the file at ``path``."""
    measured = Measured()
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    asset = context.data_sources.add_pandas("memory").add_dataframe_asset("rows")
    batch = asset.add_batch_definition_whole_dataframe("batch")
    suite = gx.ExpectationSuite(name="rules")
    for kind, kwargs in IMPLIED + BY_ROW + OF_TABLE:
        suite.add_expectation_configuration(ExpectationConfiguration(type=kind, kwargs=kwargs))
    with measured.phase("read"):
        types = {"customer_id": pyarrow.string()}
        table = pyarrow.csv.read_csv(path, convert_options=pyarrow.csv.ConvertOptions(column_types=types))
    with measured.phase("check"):
        found = batch.get_batch({"dataframe": table.to_pandas()}).validate(suite)
    if not found.success:
        raise AssertionError("the synthetic customers break no rule")
    with measured.phase("write"):
        pq.write_table(table, to)
    measured.rows = table.num_rows
    return measured


if __name__ == "__main__":
    answer(bare)
