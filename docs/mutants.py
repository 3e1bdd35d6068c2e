"""Writes docs/mutants.md after `mutmut run`: `make mutants`. Fails under 95 % or when a survivor has no reason."""  # noqa: INP001 - a script

import datetime as dt
import re
import subprocess
import sys
import tomllib
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

PROJECT = Path(__file__).resolve().parent.parent
PAGE = PROJECT / "docs" / "mutants.md"
REASONS = PROJECT / "docs" / "mutants.toml"

LEAST_KILLED = 0.95
KILLED = frozenset({"killed", "timeout"})  # all else, also a mutant without a test, counts as survived
NAME = re.compile(r"(?P<module>[\w.]+)\.x[_ǁ](?P<function>\w+)__mutmut_\d+")

HEAD = """<!-- Written by `make mutants`; the reasons stand in mutants.toml. -->
# Mutants of the rules

`make mutants` changes the pure rules one spot at a time ([mutmut](https://github.com/boxed/mutmut)) and runs the
tests of that spot, which must fail. At least 95 % of the mutants must be killed, and each survivor needs a reason.

mutmut changes bodies of functions only: neither constants of modules nor functions with a decorator (properties,
validators). Their tests stand beside the others and are not counted here.
"""


class Survivor(NamedTuple):
    """A mutant that no test noticed: its function and the changed line."""

    function: str
    line: str


def named(mutant: str) -> tuple[str, str]:
    """Module and function of a mutant, as they stand in the source."""
    found = NAME.fullmatch(mutant)
    if found is None:
        raise ValueError(f"{mutant!r} is not a name that mutmut gives")
    return found["module"], f"{found['module']}.{found['function'].replace('ǁ', '.')}"


def changed_line(diff: str) -> str:
    """What a mutant has put into the source, on one line."""
    return " ".join(line[1:].strip() for line in diff.splitlines() if line.startswith("+") and line[:3] != "+++")


def table(modules: Iterable[str], statuses: dict[str, str]) -> list[str]:
    """A row for each module and one for all; statuses are those of mutants by their names."""
    mutants = Counter(named(mutant)[0] for mutant in statuses)
    killed = Counter(named(mutant)[0] for mutant, status in statuses.items() if status in KILLED)
    rows = [(module, mutants[module], killed[module]) for module in modules if mutants[module]]
    rows.append(("**all**", mutants.total(), killed.total()))
    head = ["| module | mutants | killed | survived |", "|---|--:|--:|--:|"]
    return head + [f"| {name} | {total} | {dead} | {total - dead} |" for name, total, dead in rows]


def survivors_by_reason(survivors: list[Survivor], reasons: dict[Survivor, str]) -> list[str]:
    """The survivors below their reasons."""
    parts = []
    for reason in dict.fromkeys(reasons.get(survivor, "No reason is given yet.") for survivor in survivors):
        told = [one for one in survivors if reasons.get(one, "No reason is given yet.") == reason]
        parts += ["", reason, "", *(f"- `{one.function}`: `{one.line}`" for one in told)]
    return parts


def complaints(statuses: dict[str, str], survivors: list[Survivor], reasons: dict[Survivor, str]) -> list[str]:
    """Why `make mutants` fails; none if it does not."""
    killed = sum(status in KILLED for status in statuses.values())
    found = []
    if not statuses or killed < LEAST_KILLED * len(statuses):
        found.append(f"{killed} of {len(statuses)} mutants were killed; at least {LEAST_KILLED:.0%} must be.")
    found += [
        f"No reason in docs/mutants.toml: {function}: {line}"
        for function, line in survivors
        if Survivor(function, line) not in reasons
    ]
    found += [
        f"No such survivor any more, remove its reason from docs/mutants.toml: {function}: {line}"
        for function, line in reasons
        if Survivor(function, line) not in survivors
    ]
    return found


def _mutmut(*arguments: str) -> str:
    command = [sys.executable, "-m", "mutmut", *arguments]
    return subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=True, timeout=120).stdout  # noqa: S603 - our own


def _modules() -> list[str]:
    patterns = tomllib.loads((PROJECT / "pyproject.toml").read_text())["tool"]["mutmut"]["only_mutate"]
    files = [file.relative_to(PROJECT) for pattern in patterns for file in sorted(PROJECT.glob(pattern))]
    return [".".join(file.with_suffix("").parts) for file in files]


def main() -> int:
    """Write the page; 1 if something is to be complained of."""
    lines = (line.strip().rpartition(": ") for line in _mutmut("results", "--all", "true").splitlines() if line.strip())
    statuses = {mutant: status for mutant, _, status in lines}
    if not statuses or "not checked" in statuses.values():
        sys.exit("mutmut has not run to its end; run `make mutants`.")
    alive = [mutant for mutant, status in statuses.items() if status not in KILLED]
    survivors = [Survivor(named(mutant)[1], changed_line(_mutmut("show", mutant))) for mutant in alive]
    listed = tomllib.loads(REASONS.read_text())["survivor"]
    reasons = {Survivor(one["function"], one["line"]): one["reason"] for one in listed}
    run = f"Run on {dt.datetime.now(dt.UTC):%Y-%m-%d}. Modules without a mutant are left out."
    parts = [HEAD, run, "", *table(_modules(), statuses), "", "## Survivors", *survivors_by_reason(survivors, reasons)]
    PAGE.write_text("\n".join(parts) + "\n")
    found = complaints(statuses, survivors, reasons)
    print("\n".join([*table(_modules(), statuses), *found]))  # noqa: T201 - a script
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
