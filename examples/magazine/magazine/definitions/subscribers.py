"""Subscribers of a magazine."""

import datetime as dt

from magazine.estimator import CellRates
from scoring.domain.dataset import Column, CsvSource, DataSet
from scoring.domain.horizon import Horizon
from scoring.domain.score import Band, ChangeRule, Score, Target

SUBSCRIBERS = DataSet(
    name="subscribers",
    title="Subscribers",
    owner="magazine",
    key="subscriber_id",
    columns=(
        Column(name="subscriber_id", type="text"),
        Column(name="months", type="integer", description="Months since the subscription began."),
        Column(name="plan", type="category", values=("print", "digital", "both")),
        Column(name="complaints", type="integer"),
        Column(name="cancelled", type="boolean", description="Whether the subscription was cancelled this month."),
    ),
    source=CsvSource(path="subscribers_{as_of}.csv"),
    quarantine_limit=0.01,
    first_as_of=dt.date(2026, 7, 31),
)

CANCELLATION_RISK = Score(
    name="cancellation_risk",
    title="Cancellation risk",
    description="Probability that the subscriber cancels within a month.",
    owner="magazine",
    data_set="subscribers",
    kind="classification",
    features=("plan", "complaints"),
    target=Target(column="cancelled", horizon=Horizon(months=1), at_least=1),
    estimator=CellRates,
    trusted_types=("magazine.estimator.CellRates",),  # its model files may hold our own class
    points=100,
    bands=(Band(name="low", upper=0.1), Band(name="medium", upper=0.3), Band(name="high", upper=1.0)),
    change=ChangeRule(band=True, points=10),
)
