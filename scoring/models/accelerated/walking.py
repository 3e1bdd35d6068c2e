"""A kernel for large trees: it walks down from the root.

A row's way is a chain of loads, each of which waits for the one before. The kernel walks LANES rows side by side,
without a branch for what a node decides, so that the processor always has a load of another row to do.
"""

import ctypes
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scoring.models.accelerated.flat import Ensemble, NotAccelerated, Plain
from scoring.models.accelerated.machine import function

ROWS = 1024  # rows for which a tree is at hand
LANES = 8  # rows walked side by side
STEPS = 3  # levels between two looks at whether all of them have arrived
LARGEST = 2**27  # nodes of all trees: their places in bytes are 32-bit numbers

NODE = np.dtype([("threshold", "f8"), ("column", "i4"), ("first", "i4")])

SOURCE = """
define void @walk(i64 %trees, ptr noalias %views, ptr noalias %nodes, ptr noalias %values, ptr noalias %roots,
                  ptr noalias %sums) {
entry:
  br label %each_tree
each_tree:
  %tree = phi i64 [ 0, %entry ], [ %next_tree, %tree_done ]
  %root_place = getelementptr i64, ptr %roots, i64 %tree
  %root = load i64, ptr %root_place
  br label %each_row
each_row:
  %row = phi i64 [ 0, %each_tree ], [ %next_row, %row_done ]
  CELLS
  br label %down
down:
  NODES
  WALK
  %moved0 = or i64 %moved_by0, 0
  MOVED
  %arrived = icmp eq i64 %movedLAST, 0
  br i1 %arrived, label %row_done, label %down
row_done:
  ADDED
  %next_row = add i64 %row, LANES
  %rows_done = icmp uge i64 %next_row, ROWS
  br i1 %rows_done, label %tree_done, label %each_row
tree_done:
  %next_tree = add i64 %tree, 1
  %trees_done = icmp uge i64 %next_tree, %trees
  br i1 %trees_done, label %end, label %each_tree
end:
  ret void
}
"""
CELL = """%row{lane} = add i64 %row, {lane}
  %view{lane} = getelementptr double, ptr %views, i64 %row{lane}"""
STEP = """%node{now} = getelementptr i8, ptr %nodes, i64 %at{now}
  %column_place{now} = getelementptr i8, ptr %node{now}, i64 8
  %first_place{now} = getelementptr i8, ptr %node{now}, i64 12
  %threshold{now} = load double, ptr %node{now}
  %column{now} = load i32, ptr %column_place{now}
  %column_wide{now} = zext i32 %column{now} to i64
  %cell_place{now} = getelementptr i8, ptr %view{lane}, i64 %column_wide{now}
  %cell{now} = load double, ptr %cell_place{now}
  %above{now} = fcmp ugt double %cell{now}, %threshold{now}
  %above_wide{now} = zext i1 %above{now} to i64
  %further{now} = shl i64 %above_wide{now}, 4
  %first{now} = load i32, ptr %first_place{now}
  %first_wide{now} = zext i32 %first{now} to i64
  %at{then} = add i64 %first_wide{now}, %further{now}"""
ADDED = """%half{lane} = lshr i64 %at{end}.{lane}, 1
  %value_place{lane} = getelementptr i8, ptr %values, i64 %half{lane}
  %value{lane} = load double, ptr %value_place{lane}
  %sum_place{lane} = getelementptr double, ptr %sums, i64 %row{lane}
  %before{lane} = load double, ptr %sum_place{lane}
  %exact{lane} = fadd double %before{lane}, %value{lane}
  {rounded}
  store double %after{lane}, ptr %sum_place{lane}"""
# Of two floats the sum in double precision, rounded, is the sum in single precision.
ROUNDED = """%rounded{lane} = fptrunc double %exact{lane} to float
  %after{lane} = fpext float %rounded{lane} to double"""
EXACT = "%after{lane} = bitcast double %exact{lane} to double"


def source(*, single: bool) -> str:
    """The kernel in LLVM's language, adding in single or double precision."""
    lanes, end = range(LANES), STEPS
    added = ADDED.replace("{rounded}", ROUNDED if single else EXACT)
    moved = [f"%moved_by{lane} = xor i64 %at{end - 1}.{lane}, %at{end}.{lane}" for lane in lanes]
    parts: dict[str, list[str]] = {
        "CELLS": [CELL.format(lane=lane) for lane in lanes],
        "NODES": [f"%at0.{lane} = phi i64 [ %root, %each_row ], [ %at{end}.{lane}, %down ]" for lane in lanes],
        "WALK": [
            STEP.format(now=f"{step}.{lane}", then=f"{step + 1}.{lane}", lane=lane)
            for step in range(end)
            for lane in lanes
        ]
        + moved,
        "MOVED": [f"%moved{lane} = or i64 %moved{lane - 1}, %moved_by{lane}" for lane in lanes[1:]],
        "ADDED": [added.format(lane=lane, end=end) for lane in lanes],
        "LANES": [str(LANES)],
        "LAST": [str(LANES - 1)],
        "ROWS": [str(ROWS)],
    }
    text = SOURCE
    for name, lines in parts.items():
        text = text.replace(name, "\n  ".join(lines))
    return text


class Walking:
    """The trees of an ensemble, without categories, laid out for the kernel that walks.

    A node is known by its place in bytes. The second child stands behind the first. A leaf leads to itself: nothing is
    at most NaN, and the node before it is its first child.
    """

    rows, scratch = ROWS, 0

    def __init__(self, trees: list[Plain], ensemble: Ensemble) -> None:
        sizes = np.array([len(tree.leaf) for tree in trees])
        self._roots = np.cumsum(sizes) - sizes + 1  # the first node is nobody's, so that each has one before it
        if sizes.sum() >= LARGEST:
            raise NotAccelerated(f"it has {sizes.sum():,} nodes")
        nodes = [_laid(tree, int(root)) for tree, root in zip(trees, self._roots, strict=True)]
        self._nodes = np.concatenate([np.zeros(1, NODE), *nodes])
        self._values = np.concatenate([np.zeros(1), *(tree.value[tree.order] for tree in trees)])
        self._places, self._single = self._roots * NODE.itemsize, ensemble.sums == "float32"
        self._run  # noqa: B018 - compiled now, so that a missing package is noticed

    @cached_property
    def _run(self) -> Any:
        return function(source(single=self._single), "walk", ctypes.c_int64, *[ctypes.c_void_p] * 5)

    def add(self, views: NDArray[np.float64], scratch: NDArray[np.float64], sums: NDArray[np.float64]) -> None:
        """Add the trees' leaves to the sums of :data:`ROWS` rows; ``views`` is of shape (columns, rows)."""
        del scratch
        parts = (views, self._nodes, self._values, self._places, sums)
        self._run(len(self._places), *(part.ctypes.data for part in parts))


def _laid(tree: Plain, root: int) -> NDArray[np.void]:
    place = np.empty(len(tree.order), np.int64)
    place[tree.order] = root + np.arange(len(tree.order))
    found = np.empty(len(tree.order), NODE)
    found["threshold"] = np.where(tree.leaf, np.nan, tree.threshold)[tree.order]
    found["column"] = tree.column[tree.order] * ROWS * 8
    found["first"] = (np.where(tree.leaf, place - 1, place[tree.first]) * NODE.itemsize)[tree.order]
    return found
