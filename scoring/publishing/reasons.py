"""The reasons that a publication stores with its scores: places of features, and what each contributed."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from scoring.models.explaining.explainer import Explainer, top
from scoring.publishing.publications import Publication


@dataclass(frozen=True)
class StoredReasons:
    """How many reasons each customer gets, and the names to which their places refer, from 1."""

    count: int
    features: tuple[str, ...]

    @classmethod
    def of(cls, publication: Publication) -> "StoredReasons | None":
        """Those of a publication, as it was planned; None if it stores none."""
        if publication.reason_count is None or publication.reason_features is None:
            return None
        return cls(publication.reason_count, tuple(publication.reason_features))

    def of_nobody(self, customers: int) -> "Columns":
        """Room for the reasons of so many customers."""
        return Columns(self, customers)


class Columns:
    """The reasons of some customers, who may belong to several models."""

    def __init__(self, stored: StoredReasons, customers: int) -> None:
        self._stored = stored
        self._places = np.zeros((customers, stored.count), np.int16)
        self._contributions = np.zeros((customers, stored.count))

    def put(self, mine: NDArray[np.bool_], explainer: Explainer, features: pd.DataFrame) -> None:
        """Fill in the customers of one model, whose features these are."""
        places, contributions = top(explainer.contributions(features), self._stored.count)
        own = np.array([self._stored.features.index(name) + 1 for name in explainer.names], np.int16)
        self._places[mine], self._contributions[mine] = own[places], contributions

    def of_each(self) -> list[list[tuple[str, float]]]:
        """For each customer the names of features with their contributions, the strongest first."""
        names = self._stored.features
        return [
            [(names[place - 1], contribution) for place, contribution in zip(*row, strict=True)]
            for row in zip(self._places.tolist(), self._contributions.tolist(), strict=True)
        ]

    @property
    def columns(self) -> dict[str, Any]:
        """The columns of ``shards.REASONS``."""
        size = self._stored.count
        return {
            "reasons": pa.FixedSizeListArray.from_arrays(self._places.ravel(), size),
            "contributions": pa.FixedSizeListArray.from_arrays(self._contributions.ravel(), size),
        }
