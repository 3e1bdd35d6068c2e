"""Five scores of one data set with a daily schedule, as factories_page fills the tables of the page for them."""

import datetime as dt

from scoring.domain.dataset import Column, CsvSource, DataSet
from scoring.domain.monitoring import Monitoring
from scoring.domain.score import Band, ChangeRule, Score, Target
from scoring.domain.streams import KafkaStream

FEATURES = tuple(f"feature_{number:02d}" for number in range(1, 13))
BANDS = ("A", "B", "C", "D", "E")

PEOPLE = DataSet(
    name="people",
    title="People",
    owner="risk",
    key="id",
    columns=(
        Column(name="id", type="text"),
        Column(name="region", type="category", values=("north", "south")),
        *(Column(name=name, type="number") for name in FEATURES),
    ),
    source=CsvSource(path="people_{as_of}.csv"),
    schedule="0 6 * * *",
    first_as_of=dt.date(2025, 1, 1),
    stream=KafkaStream(topic="people.updates"),
)

_COMMON = {
    "data_set": "people",
    "owner": "risk",
    "features": FEATURES,
    "estimator": object,
    "monitoring": Monitoring(segments=("region",)),
    "deadline": dt.timedelta(hours=6),
    "streamed": True,
}

CHURN, FRAUD, UPSELL = (
    Score(
        name=name,
        title=title,
        kind="classification",
        target=Target(column="feature_01", at_least=1),
        bands=tuple(Band(name=band, upper=upper) for band, upper in zip(BANDS, (0.05, 0.15, 0.3, 0.6, 1), strict=True)),
        change=ChangeRule(band=True),
        **_COMMON,
    )
    for name, title in (("churn", "Churn"), ("fraud", "Fraud"), ("upsell", "Upsell"))
)
SPEND, VISITS = (
    Score(
        name=name,
        title=title,
        kind="regression",
        target=Target(column="feature_02"),
        change=ChangeRule(relative=0.1),
        **_COMMON,
    )
    for name, title in (("spend", "Spend next month"), ("visits", "Visits next month"))
)
