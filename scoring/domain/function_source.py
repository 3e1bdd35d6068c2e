"""What a function does, as text: its source and that of all it uses of its own module. Two that differ are two inputs.

Comments and blank lines do not count. What comes from elsewhere (a library, another module) counts by its name alone,
so a function may not use objects whose content nobody could see here.
"""

import inspect
import io
import textwrap
import tokenize
from collections.abc import Callable, Iterator
from functools import cache
from types import CodeType, FunctionType, ModuleType
from typing import Any

CONSTANTS = (bool, int, float, complex, str, bytes, type(None))


@cache  # the file may be another one later; the function stays what it was when it was first asked for
def source_of(function: Callable[..., Any]) -> str:
    """The source of a function, and of what it uses of its module, in the order of names.

    Raises
    ------
    ValueError
        If it is no plain function, or uses something that its source does not show; says what.
    """
    found: dict[str, str] = {}
    _follow(_plain(function), found)
    return "\n".join(found[name] for name in sorted(found))


def _plain(function: Callable[..., Any]) -> FunctionType:
    if not isinstance(function, FunctionType) or hasattr(function, "__wrapped__"):
        raise ValueError(f"{function!r} is no plain function: write `def ...` at the top of a module, undecorated")
    if function.__name__ == "<lambda>":
        raise ValueError("a lambda has no source of its own: write `def ...` at the top of a module")
    if function.__closure__:
        names = ", ".join(function.__code__.co_freevars)
        raise ValueError(f"{function.__qualname__} uses {names} of the function around it: move both to the module")
    return function


def _follow(function: FunctionType, found: dict[str, str]) -> None:
    """Add the source of a function, and of what it uses, under the names of its module."""
    name = function.__qualname__
    if name in found:
        return
    try:
        written = inspect.getsource(function)
    except (OSError, TypeError) as error:
        raise ValueError(f"the source of {name} is not there: it must stand in a file") from error
    found[name] = normalised(written)
    for used in sorted(set(_names(function.__code__))):
        if used in function.__globals__:
            _note(used, function.__globals__[used], function, found)


def _note(used: str, value: Any, function: FunctionType, found: dict[str, str]) -> None:
    """Add what a function uses under a name of its module."""
    if isinstance(value, ModuleType):
        found[used] = f"{used} = module {value.__name__}"
    elif isinstance(value, FunctionType) and value.__module__ == function.__module__:
        _follow(_plain(value), found)
    elif isinstance(value, type | FunctionType) or (callable(value) and hasattr(value, "__qualname__")):
        if value.__module__ == function.__module__:
            raise ValueError(f"{function.__qualname__} uses the class {used}: use functions and constants instead")
        found[used] = f"{used} = {value.__module__}.{value.__qualname__}"
    else:
        found[used] = f"{used} = {_constant(used, value, function)}"


def _constant(used: str, value: Any, function: FunctionType) -> str:
    """A constant as text, the same in every process."""
    if isinstance(value, CONSTANTS):
        return repr(value)
    if isinstance(value, tuple | list):
        return f"{type(value).__name__}[{', '.join(_constant(used, one, function) for one in value)}]"
    if isinstance(value, set | frozenset):
        return f"set[{', '.join(sorted(_constant(used, one, function) for one in value))}]"
    if isinstance(value, dict):
        pairs = (f"{_constant(used, key, function)}: {_constant(used, one, function)}" for key, one in value.items())
        return f"dict[{', '.join(pairs)}]"
    raise ValueError(
        f"{function.__qualname__} uses {used}, of type {type(value).__name__}: nobody can see whether it changes. Use "
        "numbers, texts, and tuples or dicts of them"
    )


def _names(code: CodeType) -> Iterator[str]:
    """The global names that code uses, also in functions and comprehensions within it."""
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _names(constant)


def normalised(source: str) -> str:
    """Python source without comments, blank lines, and the indentation that all of it has."""
    lines = textwrap.dedent(source).splitlines()
    kept = set[int]()  # lines that end within a text: nothing of their ends may change
    for token in tokenize.generate_tokens(io.StringIO("\n".join(lines) + "\n").readline):
        (first, begins), (last, _) = token.start, token.end
        if token.type == tokenize.COMMENT:
            lines[first - 1] = lines[first - 1][:begins]
        elif token.type not in (tokenize.NEWLINE, tokenize.NL):
            kept |= set(range(first - 1, last - 1))  # 0-based: all lines of the token but its last
    shown = (line if place in kept else line.rstrip() for place, line in enumerate(lines))
    return "\n".join(line for place, line in enumerate(shown) if line or place in kept)
