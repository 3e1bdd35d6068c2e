"""Shows what the local platform is doing: one line that changes on a terminal, plain lines anywhere else."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.markup import escape
from rich.table import Table

PLAIN_WIDTH = 150


class Progress:
    """Prints steps with their seconds, and the progress within the current step."""

    def __init__(self, console: Console | None = None) -> None:
        self.console = console or Console(highlight=False)
        if not self.console.is_terminal:
            self.console = Console(highlight=False, width=PLAIN_WIDTH, file=self.console.file)
        self.seconds: dict[str, float] = {}
        self._status = self.console.status("")
        self._title, self._began, self._last = "", 0.0, ""

    @contextmanager
    def step(self, title: str) -> Iterator[None]:
        """Show a step while it runs, and its seconds when it is done."""
        self._title, self._began, self._last = title, time.monotonic(), ""
        if self.console.is_terminal:
            self._status.update(escape(title))
            self._status.start()
        try:
            yield
        except BaseException:
            self._status.stop()
            raise
        self._status.stop()
        self.seconds[title] = time.monotonic() - self._began
        said = f"  {self._last}" if self._last else ""
        self.console.print(f"[green]✓[/] {escape(title):<18} {self.seconds[title]:6.1f} s{escape(said)}")

    def now(self, doing: str) -> None:
        """Show what the current step is doing, with the seconds so far."""
        if self.console.is_terminal:
            self._status.update(escape(f"{self._title}  {time.monotonic() - self._began:.0f} s  {doing}"))
        elif doing != self._last:
            self.console.print(escape(f"  {time.monotonic() - self._began:6.1f} s  {doing}"))
        self._last = doing

    def conclude(self, result: str) -> None:
        """Set the text to print beside the seconds when the step is done."""
        self._last = result

    def note(self, text: str) -> None:
        """Print something that stays."""
        for line in text.splitlines():
            self.console.print(f"  {escape(line)}", style="dim")

    def table(self, table: Table, width: int) -> None:
        """Print a table in full, even if the terminal is narrower."""
        self.console.print(table, width=max(width, self.console.width), crop=False, no_wrap=True)

    def say(self, text: str) -> None:
        """Print a message; square brackets in it are not markup."""
        self.console.print(escape(text))
