"""Reads a definition file statement by statement, so that a mistake takes away only what it defines.

Python's own import stops at the first error and leaves nothing. Here a statement that fails is reported, the names that
it would have bound are missing, and the next statement runs.
"""

import __future__

import ast
import importlib.util
import sys
import threading
import traceback
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import CodeType, ModuleType

import pydantic
from pydantic import ValidationError

from scoring.catalog.problems import Problem, label, problems_of, raised
from scoring.domain import definition
from scoring.domain.dataset import DataSet
from scoring.domain.definition import Definition, mistakes_go_to
from scoring.domain.score import Score

SECONDS = 10.0  # less than the 30 s that Airflow allows a DAG file

NOT_FOUND = "Python finds no package of this name; does SCORING_DEFINITIONS name the right one?"

# Their stack frames are not the caller of a definition's constructor.
OURS = (__file__, definition.__file__, str(Path(pydantic.__file__).parent))

FUTURES = sum({getattr(__future__, name).compiler_flag for name in __future__.all_feature_names})


@dataclass(frozen=True)
class DefinitionFile:
    """What a file defines: ``found`` in the order of the file, ``broken`` by kind and name, and the problems.

    ``folders`` are those of a package, which contain further files.
    """

    file: str
    found: list[DataSet | Score]
    broken: set[tuple[str, str]]
    problems: list[Problem]
    folders: list[str]


def read_file(name: str, seconds: float = SECONDS) -> DefinitionFile:
    """Run the module ``name`` and collect its definitions; every error becomes a problem in the result.

    A module that takes longer than ``seconds`` is given up; its thread cannot be stopped and goes on.
    """
    reading = _Reading(name)
    thread = threading.Thread(target=reading.run, name=f"definitions {name}", daemon=True)
    thread.start()
    thread.join(seconds)
    return reading.result(None if not thread.is_alive() else f"it has not come to an end after {seconds:g} s")


class _Reading:
    """The reading of one file, in its own thread."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.file = name  # until it is known where the module is
        self.module = ModuleType(name)
        self.line: int | None = None
        self.missing: set[str] = set()  # what failed statements would have bound
        self.broken: set[tuple[str, str]] = set()
        self.problems: list[Problem] = []

    def result(self, unfinished: str | None) -> DefinitionFile:
        """The file's definitions and problems so far; ``unfinished`` says why the file was given up, if it was."""
        problems = list(self.problems)
        if unfinished:
            problems.append(Problem(self.file, self.line, "", "", unfinished))
        values = list(vars(self.module).values())
        found = [value for value in values if isinstance(value, DataSet | Score) and value.sound]
        folders = list(getattr(self.module, "__path__", []))
        return DefinitionFile(self.file, found, set(self.broken), problems, folders)

    def run(self) -> None:
        """Run the module, or take it as it is if another one has already imported it."""
        try:
            with mistakes_go_to(self._refused):
                if self.name in sys.modules:
                    self.module = sys.modules[self.name]
                    self.file = _shown(self.module.__file__ or self.name)
                else:
                    self._run()
        except BaseException as error:  # noqa: BLE001 - whatever a user's file raises, the others must be read
            self._failed(None, error)

    def _run(self) -> None:
        spec = _spec(self.name)
        if spec is None or spec.loader is None:
            self.problems.append(Problem(self.name, None, "", "", NOT_FOUND))
            return
        self.file = _shown(spec.origin or self.name)
        self.module = sys.modules[self.name] = importlib.util.module_from_spec(spec)
        source = getattr(spec.loader, "get_source", lambda _: None)(self.name)
        if source is None:  # compiled, or a folder without __init__.py: there are no statements to run one by one
            spec.loader.exec_module(self.module)
            return
        for statement, code in _statements(source, spec.origin or self.name):
            self.line = statement.lineno
            try:
                exec(code, vars(self.module))  # noqa: S102 - this is what importing a module does
            except BaseException as error:  # noqa: BLE001 - also SystemExit: the other statements must be read
                self._failed(statement, error)

    def _failed(self, statement: ast.stmt | None, error: BaseException) -> None:
        """Report the error, unless it only follows from one that is reported already."""
        names = {} if statement is None else _named(statement)
        self.broken |= names.keys()
        follows = statement is not None and not self._unknown().isdisjoint(_mentioned(statement))
        if statement is not None:
            bound = _bound(statement)
            self.missing |= bound
            for name in bound:  # an earlier value of the name is not what the author meant
                vars(self.module).pop(name, None)
        if not follows:
            thing = ", ".join(label(*known) for known in names)
            self.problems.append(Problem(self.file, self._line_of(error), thing, "", raised(error)))

    def _unknown(self) -> set[str]:
        broken = {
            name for name, value in vars(self.module).items() if isinstance(value, Definition) and not value.sound
        }
        return self.missing | broken

    def _refused(self, wrong: Definition, error: ValidationError) -> None:
        """Note a wrong definition, with the place where its constructor was called."""
        caller = next(frame for frame in reversed(traceback.extract_stack()) if not frame.filename.startswith(OURS))
        self.problems += problems_of(wrong, error, _shown(caller.filename), caller.lineno)
        name = vars(wrong).get("name")
        if isinstance(wrong, DataSet | Score) and isinstance(name, str):
            self.broken.add((type(wrong).__name__, name))

    def _line_of(self, error: BaseException) -> int | None:
        if isinstance(error, SyntaxError) and error.lineno and _shown(error.filename or "") == self.file:
            return error.lineno
        lines = [
            frame.lineno for frame in traceback.extract_tb(error.__traceback__) if _shown(frame.filename) == self.file
        ]
        return lines[-1] if lines else self.line


def _spec(name: str) -> ModuleSpec | None:
    try:
        return importlib.util.find_spec(name)
    except ModuleNotFoundError as error:
        if error.name and f"{name}.".startswith(f"{error.name}."):  # it or a package above it does not exist
            return None
        raise


def _statements(source: str, filename: str) -> Iterator[tuple[ast.stmt, CodeType]]:
    """The statements of a module, each compiled with the module's own ``from __future__`` imports."""
    flags = compile(source, filename, "exec", dont_inherit=True).co_flags & FUTURES
    for statement in ast.parse(source, filename).body:
        piece = ast.Module([statement], type_ignores=[])
        yield statement, compile(piece, filename, "exec", flags=flags, dont_inherit=True)


def _bound(statement: ast.stmt) -> set[str]:
    """The names that a statement binds in the module."""
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return {statement.name}
    if isinstance(statement, ast.Import | ast.ImportFrom):
        return {(alias.asname or alias.name).partition(".")[0] for alias in statement.names}
    return {node.id for node in ast.walk(statement) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}


def _mentioned(statement: ast.stmt) -> set[str]:
    return {node.id for node in ast.walk(statement) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}


def _named(statement: ast.stmt) -> dict[tuple[str, str], None]:
    """Kind and name of the data sets and scores whose constructors a statement calls with a literal name."""
    return {
        (call.func.id, keyword.value.value): None
        for call in ast.walk(statement)
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id in ("DataSet", "Score")
        for keyword in call.keywords
        if keyword.arg == "name" and isinstance(keyword.value, ast.Constant) and isinstance(keyword.value.value, str)
    }


def _shown(filename: str) -> str:
    """The file's shortest path relative to a folder from which Python imports, as its author knows it."""
    file = Path(filename).absolute()
    roots = [Path(entry).absolute() for entry in sys.path]
    below = [file.relative_to(root) for root in roots if file.is_relative_to(root)]
    return min((str(path) for path in below), key=len, default=filename)
