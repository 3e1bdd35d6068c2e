"""Mutants are made of the rules that a contract keeps pure, and of no other module."""

import tomllib

from scoring.settings import PROJECT

TOOLS = tomllib.loads((PROJECT / "pyproject.toml").read_text())["tool"]


def modules(name):
    """The module, or those of the package."""
    path = PROJECT.joinpath(*name.split("."))
    return set(path.rglob("*.py")) if path.is_dir() else {path.with_suffix(".py")}


def test_mutants_are_made_of_exactly_the_modules_of_the_contract_that_rules_are_pure():
    (contract,) = [one for one in TOOLS["importlinter"]["contracts"] if one["name"].startswith("Rules are pure")]
    pure = set().union(*map(modules, contract["source_modules"]))
    mutated = {file for pattern in TOOLS["mutmut"]["only_mutate"] for file in PROJECT.glob(pattern)}
    assert all(file.exists() for file in pure)
    assert mutated == pure


def test_every_file_of_tests_that_mutants_are_tried_with_exists():
    assert all((PROJECT / path).exists() for path in TOOLS["mutmut"]["pytest_add_cli_args_test_selection"])
