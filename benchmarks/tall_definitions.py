"""A tall data set: few columns, as many rows as the benchmark writes, in files of a million."""

from scoring.domain.dataset import Column, DataSet, ParquetSource

TALL = DataSet(
    name="tall",
    title="Tall",
    key="account",
    columns=(
        Column(name="account", type="integer"),
        Column(name="balance", type="number"),
        Column(name="months", type="integer"),
        Column(name="kind", type="category", values=("a", "b", "c")),
    ),
    source=ParquetSource(path="tall_{as_of}/part-*.parquet", wait_for="_SUCCESS"),
)
