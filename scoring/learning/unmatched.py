"""Why a training set has no outcomes, or only one: said with what is there."""

import pyarrow.compute as pc

from scoring.domain.dataset import DataSet
from scoring.domain.score import Score
from scoring.outcomes.matching import Unlike
from scoring.snapshots import lake
from scoring.snapshots.manifest import Snapshot

SEEN = 5  # different values that are named


def why_unmatched(score: Score, data_set: DataSet, before: Snapshot, after: Snapshot) -> str:
    """Why nothing can be learned from two snapshots: other keys, all nulls, or one outcome only. One sentence."""
    key, target = data_set.key, score.target.column
    with lake.SnapshotFile(before.location) as file:
        ours = file.read([key]).column(key).combine_chunks()
    with lake.SnapshotFile(after.location) as file:
        shown = file.read([key, target])
    theirs = shown.column(key).combine_chunks()
    common = shown.filter(pc.is_in(theirs, value_set=ours))
    if not common.num_rows:
        unlike = Unlike(theirs)
        unlike.look(ours)
        return unlike.said(f"the snapshot of {before.as_of}", f"that of {after.as_of}")
    values = common.column(target)
    if values.null_count == len(values):
        return f"{target!r} is null for all {len(values):,} customers who are in both snapshots."
    counted = sorted(pc.value_counts(values.combine_chunks()).to_pylist(), key=lambda one: -one["counts"])
    named = ", ".join(f"{one['values']!r} ({one['counts']:,})" for one in counted[:SEEN])
    more = f" and {len(counted) - SEEN} others" if len(counted) > SEEN else ""
    return f"{target!r} is {named}{more} at {after.as_of}{_rule(score)}."


def _rule(score: Score) -> str:
    if score.target.positive:
        return f", and positive is {' or '.join(map(repr, score.target.positive))}"
    return "" if score.target.at_least is None else f", and positive is what is at least {score.target.at_least:g}"
