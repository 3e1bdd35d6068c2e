"""Pages that say how something is done are followed to the letter."""


def test_adding_a_score(follow):
    said = dict(follow("docs/adding-a-score.md"))
    assert "0 errors" in said["scoring check subscribers"]
    assert "2000 scores, 0 changes told" in said["scoring score partition cancellation_risk --as-of 2026-08-31"]
    second = said["scoring score partition cancellation_risk --as-of 2026-09-30"]
    assert "2000 scores" in second
    assert " 0 changes told" not in second
    assert "equal within" in said["scoring score passport cancellation_risk S00042 --recompute"]


def test_definitions_in_a_package_of_their_own(follow, tmp_path):
    """It is installed into a folder here: the environment of the tests stays as it is."""
    folder = tmp_path / "installed"
    said = dict(
        follow(
            "examples/magazine/README.md",
            installed=folder,
            replace={
                "--python .venv/bin/python": f"--no-build-isolation --python .venv/bin/python --target {folder}",
                "/tmp/magazine": str(tmp_path / "magazine"),  # noqa: S108 - as the page has it
            },
        )
    )
    assert "0 errors" in said["scoring check subscribers"]
    assert "3 passed" in said["pytest -q examples/magazine/tests"]
    assert "equal within" in said["scoring score passport cancellation_risk S00042 --recompute"]
