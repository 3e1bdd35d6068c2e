"""The source of a function says all it does: what changes it changes the text, what does not, does not."""

import functools
import importlib.util
import itertools
import sys
import textwrap

import pytest

from scoring.domain.dataset import Column
from scoring.domain.function_source import normalised, source_of
from scoring.domain.transform import Transform

_number = itertools.count()

PLAIN = """
    import math
    from math import floor

    WEIGHT = 2.0
    NAMES = ("a", {"b": [1, None]}, frozenset({"d", "c"}))

    def helper(x):
        return x * WEIGHT

    def function(frame):
        # what it does
        text = '''one
          # no comment

        two'''

        return [helper(one) for one in frame], math.pi, floor(1), NAMES, len(text)
"""


@pytest.fixture
def function_of(tmp_path):
    """The function that some text defines, in a module of its own."""

    def make(text):
        name = f"module_{next(_number)}"
        file = tmp_path / f"{name}.py"
        file.write_text(textwrap.dedent(text))
        spec = importlib.util.spec_from_file_location(name, file)
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        spec.loader.exec_module(module)
        return module.function

    return make


SAME = {
    "a comment": ("# what it does", "# what it does, in other words"),
    "no comment": ("        # what it does\n", ""),
    "a blank line": ("return [helper", "\n        return [helper"),
    "spaces at the end": ("two'''\n", "two'''   \n"),
    "what it does not use": ("WEIGHT = 2.0", "WEIGHT = 2.0\n    OTHER = 7"),
    "the order of a set": ('{"d", "c"}', '{"c", "d"}'),
}
OTHER = {
    "its code": ("len(text)", "len(text) + 1"),
    "a helper": ("x * WEIGHT", "x / WEIGHT"),
    "a constant of a helper": ("WEIGHT = 2.0", "WEIGHT = 3.0"),
    "a constant within": ("[1, None]", "[2, None]"),
    "a list for a tuple": ('("a", {', '["a", {'),
    "a function of a library": ("import floor", "import ceil as floor"),
    "a library": ("import math\n", "import cmath as math\n"),
    "a text's comment": ("# no comment", "# a comment"),
    "a text's blank line": ("# no comment\n\n", "# no comment\n"),
    "a text's spaces at the end": ("'''one\n", "'''one  \n"),
}


def changed(pair):
    before, after = pair
    assert before in PLAIN
    if before == '("a", {':
        return PLAIN.replace(before, after).replace('"c"}))', '"c"})]')
    return PLAIN.replace(before, after)


@pytest.mark.parametrize("case", SAME)
def test_what_does_nothing_does_not_count(function_of, case):
    assert source_of(function_of(changed(SAME[case]))) == source_of(function_of(PLAIN))


@pytest.mark.parametrize("case", OTHER)
def test_what_does_something_counts(function_of, case):
    assert source_of(function_of(changed(OTHER[case]))) != source_of(function_of(PLAIN))


def test_a_function_that_calls_itself_comes_to_an_end(function_of):
    assert "function(x - 1)" in source_of(function_of("def function(x):\n    return x and function(x - 1)\n"))


WRONG = {
    "a lambda": ("function = lambda frame: frame", "a lambda has no source of its own"),
    "an object": ("class Made:\n    def __call__(self, x): ...\nfunction = Made()", "is no plain function"),
    "a part": ("import functools\nfunction = functools.partial(print, 1)", "is no plain function"),
    "a decorated one": (
        "import functools\n@functools.lru_cache\ndef function(x):\n    return x",
        "is no plain function",
    ),
    "a closure": (
        "def outer(n):\n    def function(x):\n        return x * n\n    return function\nfunction = outer(2)",
        "uses n of the function around it",
    ),
    "a class": ("class Kept: ...\ndef function(x):\n    return Kept()", "uses the class Kept"),
    "an object's content": (
        "import re\nSEEN = re.compile('a')\ndef function(x):\n    return SEEN.match(x)",
        "uses SEEN, of type Pattern: nobody can see whether it changes",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_its_source_does_not_show_is_refused(function_of, case):
    text, message = WRONG[case]
    with pytest.raises(ValueError, match=message):
        source_of(function_of(text))


def test_a_function_without_a_file_is_refused():
    names = {}
    exec("def function(x):\n    return x", names)  # noqa: S102 - as a console would
    with pytest.raises(ValueError, match="the source of function is not there"):
        source_of(names["function"])


def test_the_source_stays_what_it_was_when_the_file_changes_later(function_of):
    function = function_of("def function(x):\n    return x\n")
    before = source_of(function)
    with open(function.__code__.co_filename, "w") as file:  # noqa: PTH123
        file.write("VERSION = 2\n\ndef other(x):\n    return 2 * x\n")
    assert source_of(function) == before


def test_indentation_of_the_whole_does_not_count():
    assert normalised("    def f(x):\n\n        return x  # it\n") == normalised("def f(x):\n    return x\n")


def named(frame):
    return frame


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"uses": ()}, "uses"),
        ({"uses": ("spend", "spend")}, "uses: a column is named twice"),
        ({"produces": (Column(name="a", type="number"),) * 2}, "produces: a column is named twice"),
        (
            {"produces": (Column(name="a", type="text"),)},
            "column 'a' is of type 'text'; a transform makes number, integer, bool",
        ),
        ({"produces": (Column(name="a", type="timestamp"),)}, "column 'a' is of type 'timestamp'; a transform makes"),
        ({"function": functools.partial(named)}, "is no plain function"),
    ],
)
def test_a_wrong_transform_is_refused_with_field_and_reason(fields, message):
    right = {"function": named, "uses": ("spend",), "produces": (Column(name="a", type="number"),)}
    assert Transform(**right).name == "named"
    with pytest.raises(ValueError, match=message):
        Transform(**right | fields)


def test_all_of_a_transform_is_part_of_its_digest():
    def digest(**fields):
        right = {"function": named, "uses": ("spend",), "produces": (Column(name="a", type="number"),)}
        return Transform(**right | fields).digest

    found = {
        digest(),
        digest(function=test_a_function_without_a_file_is_refused),
        digest(uses=("mood",)),
        digest(produces=(Column(name="b", type="number"),)),
        digest(produces=(Column(name="a", type="number", nullable=True),)),
        digest(produces=(Column(name="a", type="category", values=("x",)),)),
    }
    assert len(found) == 6
    assert digest(produces=(Column(name="a", type="number", description="For people."),)) == digest()
