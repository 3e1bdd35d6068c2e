"""The sample delivers what the month before said: our own look back must find the same."""

import datetime as dt

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from scoring.database import connect
from scoring.definitions.credit_cards import CREDIT_CARDS, DELINQUENCY_RISK
from scoring.domain.dataset import Column
from scoring.domain.history import History
from scoring.domain.transform import Transform
from scoring.features.file import opened_at
from scoring.intake.ingest import ingest
from scoring.settings import PROJECT
from scoring.snapshots import manifest

MAY, JUNE = dt.date(2005, 5, 31), dt.date(2005, 6, 30)
DELIVERED = {"bill": "previous_bill", "payment": "previous_payment", "repayment_status": "previous_repayment_status"}


def payment_share(frame):
    owed = frame["bill_before_1"].where(frame["bill_before_1"] > 0)
    return frame[[]].assign(paid_share=frame["payment"] / owed)


SCORE = DELINQUENCY_RISK.model_copy(
    update={
        "history": tuple(History(column=name, periods=(1,)) for name in DELIVERED),
        "transform": Transform(
            function=payment_share,
            uses=("payment", "bill_before_1"),
            produces=(Column(name="paid_share", type="number", nullable=True),),
        ),
    }
)


@pytest.fixture
def sample(settings):
    found = settings.model_copy(update={"inbox": str(PROJECT / "sample_data")})
    for as_of in (MAY, JUNE):
        ingest(found, CREDIT_CARDS, as_of)
    return found


def test_a_history_of_one_month_is_what_the_bank_delivered_as_previous(sample):
    names = [
        CREDIT_CARDS.key,
        *DELIVERED.values(),
        *(f"{name}_before_1" for name in DELIVERED),
        "paid_share",
        "payment",
    ]
    with connect(sample.database()) as connection:
        may, june = (manifest.current(connection, CREDIT_CARDS.name, as_of) for as_of in (MAY, JUNE))
        with opened_at(connection, SCORE, CREDIT_CARDS, june) as file:
            rows = file.read(names)
    both = rows.filter(rows.column("bill_before_1").is_valid())
    assert both.num_rows > 0.9 * min(may.stored, june.stored)
    for name, previous in DELIVERED.items():
        assert pc.all(pc.equal(both.column(f"{name}_before_1"), both.column(previous))).as_py(), name
    owed = pc.if_else(pc.greater(both.column("previous_bill"), 0), both.column("previous_bill"), None)
    assert both.column("paid_share").combine_chunks().equals(pc.divide(both.column("payment"), owed).combine_chunks())
    assert isinstance(rows, pa.Table)
