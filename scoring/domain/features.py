"""The features of a score as columns: delivered ones, those of its history, and those that its transform produces."""

from collections import Counter
from collections.abc import Iterator

from scoring.domain.dataset import Column, DataSet
from scoring.domain.definition import digest_of
from scoring.domain.history import History
from scoring.domain.score import Score


def history_columns(score: Score, data_set: DataSet) -> dict[str, tuple[History, Column]]:
    """The features of the score's history by name, each with the history that it is of."""
    return {
        column.name: (history, column)
        for history in score.history
        for column in history.columns(data_set.column(history.column))
    }


def derived_columns(score: Score, data_set: DataSet) -> dict[str, Column]:
    """All columns that are not delivered, by name: first those of the history, then those of the transform."""
    found = {name: column for name, (_, column) in history_columns(score, data_set).items()}
    return found | {column.name: column for column in (score.transform.produces if score.transform else ())}


def feature_columns(score: Score, data_set: DataSet) -> list[Column]:
    """The columns that the score's model takes, in order.

    Raises
    ------
    KeyError
        If there is none of a name.
    """
    derived = derived_columns(score, data_set)
    return [derived[name] if name in derived else data_set.column(name) for name in score.features]


def made(score: Score, name: str) -> str:
    """How a feature is made, as a digest; empty if it is delivered."""
    for history in score.history:
        if name in history.names:
            return digest_of([history.column, history.asked(name), history.within, history.default])
    if score.transform is not None and name in (column.name for column in score.transform.produces):
        return digest_of([score.transform.digest, [made(score, used) for used in score.transform.uses]])
    return ""


def derived_mistakes(score: Score, data_set: DataSet) -> Iterator[tuple[str, str]]:
    """What is wrong between a score's derived features and its data set, by field."""
    for history in score.history:
        if history.column not in data_set.column_names:
            yield "history", f"{data_set.name!r} has no column {history.column!r}"
        elif history.column in data_set.key_columns:
            key = "the key" if len(data_set.key_columns) == 1 else "a part of the key"
            yield "history", f"{history.column!r} is {key} of {data_set.name!r}: it is always the same"
        else:
            yield from (("history", reason) for reason in history.misfits(data_set.column(history.column)))
    remembered = [name for history in score.history for name in history.names]
    for name in score.transform.uses if score.transform else ():
        if name not in (*data_set.column_names, *remembered):
            yield "transform.uses", f"neither {data_set.name!r} nor the score's history has a column {name!r}"
    counts = Counter((*data_set.column_names, *derived_names(score)))
    for name in (name for name, count in counts.items() if count > 1):
        yield "history, transform", f"{name!r} is the name of more than one column"


def derived_names(score: Score) -> list[str]:
    """The names of all columns that are not delivered, whether they can be made or not."""
    remembered = [name for history in score.history for name in history.names]
    return remembered + [column.name for column in (score.transform.produces if score.transform else ())]
