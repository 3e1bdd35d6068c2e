"""The benchmark's score without a history, and with ten columns of six periods: as 60 features, and as 20."""

from bench_definitions import AMOUNTS, CUSTOMERS, DERIVED, RISK

from scoring.domain.history import History

PERIODS = (1, 2, 3, 4, 5, 6)
REMEMBERED = (*AMOUNTS, *DERIVED[:5])
HISTORY = tuple(History(column=name, periods=PERIODS) for name in REMEMBERED)

PLAIN = RISK.model_copy(update={"name": "plain"})
REMEMBERING = RISK.model_copy(
    update={
        "name": "remembering",
        "history": HISTORY,
        "features": (*RISK.features, *(name for one in HISTORY for name in one.names)),
    }
)
# The same cells of the past, as many features as the plain score has: what is left is the look back itself.
SUMMARY = tuple(History(column=name, aggregates=("mean", "change"), within=6) for name in REMEMBERED)
SUMMARISING = RISK.model_copy(
    update={
        "name": "summarising",
        "history": SUMMARY,
        "features": tuple(name for one in SUMMARY for name in one.names),
    }
)
__all__ = ["CUSTOMERS", "PLAIN", "REMEMBERING", "SUMMARISING"]
