"""A kernel for small trees: it asks each node of a tree, of many rows at once, from the deepest to the root.

A node's answer is the number of a leaf: that of its first child where the row goes there, else that of its second. It
is a choice between two vectors that stand in the nearest memory, with nothing to wait for. A walk would ask fewer
nodes, but one by one. Numbers are bytes where a tree has no more leaves than those tell apart: a vector has many.
"""

import ctypes
from functools import cached_property
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from scoring.models.accelerated.flat import Ensemble, Ints, Plain, padded
from scoring.models.accelerated.machine import function

WIDTH = 32  # rows at once
ROWS = 512  # rows for which a tree is at hand

Number: TypeAlias = Literal["i8", "i16"]
BYTE = 256  # leaves that a byte tells apart

NODE = np.dtype([("threshold", "f8"), ("column", "i4"), ("first", "i4"), ("second", "i4"), ("category", "i4")])
VECTOR, MASK = f"<{WIDTH} x double>", f"<{WIDTH} x i1>"
SPLAT = f"<{WIDTH} x i32> zeroinitializer"

SOURCE = """
define void @ask(i64 %trees, ptr noalias %views, ptr noalias %nodes, ptr noalias %values, ptr noalias %table,
                 ptr noalias %starts, ptr noalias %answers, ptr noalias %sums) {
entry:
  br label %each_tree
each_tree:
  %tree = phi i64 [ 0, %entry ], [ %next_tree, %tree_done ]
  %start = getelementptr {i64, i64}, ptr %starts, i64 %tree
  %leaf_start = getelementptr i64, ptr %start, i64 1
  %node_end = getelementptr i64, ptr %start, i64 2
  %leaf_end = getelementptr i64, ptr %start, i64 3
  %node_from = load i64, ptr %start
  %leaf_from = load i64, ptr %leaf_start
  %node_to = load i64, ptr %node_end
  %leaf_to = load i64, ptr %leaf_end
  %stump = icmp eq i64 %node_from, %node_to
  br label %each_leaf
each_leaf:
  %leaf = phi i64 [ %leaf_from, %each_tree ], [ %next_leaf, %each_leaf ]
  %slot = phi ptr [ %answers, %each_tree ], [ %next_slot, %each_leaf ]
  %number_wide = sub i64 %leaf, %leaf_from
  %number_small = trunc i64 %number_wide to NUMBER
  %number_one = insertelement NUMBERS poison, NUMBER %number_small, i64 0
  %number_all = shufflevector NUMBERS %number_one, NUMBERS poison, SPLAT
  store NUMBERS %number_all, ptr %slot, align 32
  %next_slot = getelementptr NUMBERS, ptr %slot, i64 1
  %next_leaf = add i64 %leaf, 1
  %leaves_done = icmp uge i64 %next_leaf, %leaf_to
  br i1 %leaves_done, label %each_row, label %each_leaf
each_row:
  %row = phi i64 [ 0, %each_leaf ], [ %next_row, %row_done ]
  %view = getelementptr double, ptr %views, i64 %row
  br i1 %stump, label %row_done, label %each_node
each_node:
  %node = phi i64 [ %node_from, %each_row ], [ %next_node, %choose ]
  %answer = phi ptr [ %next_slot, %each_row ], [ %next_answer, %choose ]
  %place = getelementptr {double, i32, i32, i32, i32}, ptr %nodes, i64 %node
  %column_place = getelementptr i8, ptr %place, i64 8
  %first_place = getelementptr i8, ptr %place, i64 12
  %second_place = getelementptr i8, ptr %place, i64 16
  %category_place = getelementptr i8, ptr %place, i64 20
  %threshold = load double, ptr %place
  %column = load i32, ptr %column_place
  %first = load i32, ptr %first_place
  %second = load i32, ptr %second_place
  %category = load i32, ptr %category_place
  %column_wide = zext i32 %column to i64
  %first_wide = zext i32 %first to i64
  %second_wide = zext i32 %second to i64
  %cells_place = getelementptr i8, ptr %view, i64 %column_wide
  %cells = load VECTOR, ptr %cells_place, align 64
  %is_number = icmp slt i32 %category, 0
  br i1 %is_number, label %number, label %listed
number:
  %threshold_one = insertelement VECTOR poison, double %threshold, i64 0
  %threshold_all = shufflevector VECTOR %threshold_one, VECTOR poison, SPLAT
  %below = fcmp ole VECTOR %cells, %threshold_all
  br label %choose
listed:
  %category_wide = zext i32 %category to i64
  %entries = getelementptr i8, ptr %table, i64 %category_wide
  %slots = fptosi VECTOR %cells to <WIDTH x i32>
  %entry_places = getelementptr i8, ptr %entries, <WIDTH x i32> %slots
  %found = call <WIDTH x i8> @llvm.masked.gather.vWIDTHi8.vWIDTHp0(<WIDTH x ptr> %entry_places, i32 1, MASK ALL,
                                                                <WIDTH x i8> poison)
  %in_list = icmp ne <WIDTH x i8> %found, zeroinitializer
  br label %choose
choose:
  %goes = phi MASK [ %below, %number ], [ %in_list, %listed ]
  %first_answer_place = getelementptr i8, ptr %answers, i64 %first_wide
  %second_answer_place = getelementptr i8, ptr %answers, i64 %second_wide
  %first_answer = load NUMBERS, ptr %first_answer_place, align 32
  %second_answer = load NUMBERS, ptr %second_answer_place, align 32
  %chosen = select MASK %goes, NUMBERS %first_answer, NUMBERS %second_answer
  store NUMBERS %chosen, ptr %answer, align 32
  %next_answer = getelementptr NUMBERS, ptr %answer, i64 1
  %next_node = add i64 %node, 1
  %nodes_done = icmp uge i64 %next_node, %node_to
  br i1 %nodes_done, label %row_done, label %each_node
row_done:
  %root = phi ptr [ %answers, %each_row ], [ %answer, %choose ]
  %said = load NUMBERS, ptr %root, align 32
  %said_wide = zext NUMBERS %said to <WIDTH x i64>
  %values_of_tree = getelementptr double, ptr %values, i64 %leaf_from
  %value_places = getelementptr double, ptr %values_of_tree, <WIDTH x i64> %said_wide
  %added = call VECTOR @llvm.masked.gather.vWIDTHf64.vWIDTHp0(<WIDTH x ptr> %value_places, i32 8, MASK ALL,
                                                              VECTOR poison)
  %sum_place = getelementptr double, ptr %sums, i64 %row
  %before = load VECTOR, ptr %sum_place, align 8
  %exact = fadd VECTOR %before, %added
  ROUND
  store VECTOR %after, ptr %sum_place, align 8
  %next_row = add i64 %row, WIDTH
  %rows_done = icmp uge i64 %next_row, ROWS
  br i1 %rows_done, label %tree_done, label %each_row
tree_done:
  %next_tree = add i64 %tree, 1
  %trees_done = icmp uge i64 %next_tree, %trees
  br i1 %trees_done, label %end, label %each_tree
end:
  ret void
}
declare VECTOR @llvm.masked.gather.vWIDTHf64.vWIDTHp0(<WIDTH x ptr>, i32 immarg, MASK, VECTOR)
declare <WIDTH x i8> @llvm.masked.gather.vWIDTHi8.vWIDTHp0(<WIDTH x ptr>, i32 immarg, MASK, <WIDTH x i8>)
"""
# Of two floats the sum in double precision, rounded, is the sum in single precision.
ROUNDED = """%rounded = fptrunc VECTOR %exact to <WIDTH x float>
  %after = fpext <WIDTH x float> %rounded to VECTOR"""
EXACT = "%after = bitcast VECTOR %exact to VECTOR"


def source(*, single: bool, number: Number) -> str:
    """The kernel in LLVM's language, adding in single or double precision, with leaves' numbers of that size."""
    text = SOURCE.replace("ROUND\n", f"{ROUNDED if single else EXACT}\n").replace("MASK ALL", f"{MASK} splat (i1 true)")
    for name, meaning in {
        "VECTOR": VECTOR,
        "NUMBERS": f"<{WIDTH} x {number}>",
        "NUMBER": number,
        "MASK": MASK,
        "SPLAT": SPLAT,
        "WIDTH": str(WIDTH),
        "ROWS": str(ROWS),
    }.items():
        text = text.replace(name, meaning)
    return text


class Asking:
    """The trees of an ensemble laid out for the kernel that asks each node.

    Of each tree the leaves come first, then the inner nodes, children before their parents.
    """

    rows = ROWS

    def __init__(self, trees: list[Plain], ensemble: Ensemble) -> None:
        self._slots, self._taken, self._tables = ensemble.slots(), 1, [np.zeros(1, np.uint8)]
        self._bytes = 1 if max(int(tree.leaf.sum()) for tree in trees) <= BYTE else 2
        nodes = [self._nodes(tree) for tree in trees]
        self._nodes_of_all = np.concatenate(nodes)
        self._values = np.concatenate([tree.value[tree.leaf] for tree in trees])
        sizes = [[len(found), int(tree.leaf.sum())] for found, tree in zip(nodes, trees, strict=True)]
        self._starts = np.vstack([[0, 0], np.cumsum(sizes, axis=0)]).astype(np.int64)
        self._table, self._count = np.concatenate(self._tables), len(trees)
        self.scratch = WIDTH * self._bytes * max(len(tree.leaf) for tree in trees) // 8  # in float64
        self._single = ensemble.sums == "float32"
        self._run  # noqa: B018 - compiled now, so that a missing package is noticed

    @cached_property
    def _run(self) -> "ctypes._CFunctionType":
        kinds = [ctypes.c_int64, *[ctypes.c_void_p] * 7]
        text = source(single=self._single, number="i8" if self._bytes == 1 else "i16")
        return function(text, "ask", *kinds)  # type: ignore[no-any-return]

    def _nodes(self, tree: Plain) -> NDArray[np.void]:
        inner, leaves = tree.order[~tree.leaf[tree.order]][::-1], np.flatnonzero(tree.leaf)
        slot: Ints = np.zeros(len(tree.leaf), np.int64)
        slot[leaves], slot[inner] = np.arange(len(leaves)), len(leaves) + np.arange(len(inner))
        found = np.zeros(len(inner), NODE)
        found["threshold"], found["column"] = tree.threshold[inner], tree.column[inner] * ROWS * 8
        size = WIDTH * self._bytes
        found["first"], found["second"] = slot[tree.first[inner]] * size, slot[tree.second[inner]] * size
        found["category"] = [self._listed(tree, int(node)) for node in inner]
        return found

    def _listed(self, tree: Plain, node: int) -> int:
        """The place of a node's categories in the table, which they are added to; -1 if it has none."""
        if node not in tree.categories:
            return -1
        place = self._taken
        self._tables.append(padded(tree.categories[node], int(self._slots[tree.column[node]])))
        self._taken += len(self._tables[-1])
        return place

    def add(self, views: NDArray[np.float64], scratch: NDArray[np.float64], sums: NDArray[np.float64]) -> None:
        """Add the trees' leaves to the sums of :data:`ROWS` rows; ``views`` is of shape (columns, rows), aligned."""
        parts = (views, self._nodes_of_all, self._values, self._table, self._starts, scratch, sums)
        self._run(self._count, *(part.ctypes.data for part in parts))
