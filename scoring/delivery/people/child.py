"""Sends one message through Apprise, in a process of its own: it can be stopped at any time, whatever the peer does.

Reads a JSON object from standard input (address, title, body, seconds, bytes) and writes one to standard output:
``error`` is null or says why it failed. Run by :mod:`scoring.delivery.people.carrier`; imports nothing of ours.
"""

import json
import os
import resource
import signal
import sys
from typing import Any


def main() -> None:
    """Read, send, answer."""
    order = json.loads(sys.stdin.read() or "{}")
    if not order:  # the sender was killed before it said what to send
        return
    signal.alarm(int(order["seconds"]) + 1)  # ends this process even if the sender is gone
    resource.setrlimit(resource.RLIMIT_AS, (order["bytes"], order["bytes"]))
    answer = os.fdopen(os.dup(1), "w")
    with open(os.devnull, "w") as nowhere:  # noqa: PTH123 - what libraries print is nobody's answer
        os.dup2(nowhere.fileno(), 1)
        json.dump({"error": _send(order)}, answer)
    answer.close()


def _send(order: dict[str, Any]) -> str | None:
    try:
        from apprise import Apprise, NotifyFormat

        service = Apprise()
        if not service.add(order["address"]):
            return "its address is not an Apprise URL, or names a service that is not known"
        result = service.notify(title=order["title"], body=order["body"], body_format=NotifyFormat.TEXT)
        if result:
            return None
        said = [entry.message for entry in result.logs() if entry.level in ("WARNING", "ERROR", "CRITICAL")]
        return str(said[-1]) if said else "it was refused"
    except MemoryError:
        return "its answer is too large"
    except Exception as error:  # noqa: BLE001 - one channel's trouble is one failed try, whatever it is
        return f"Apprise failed ({type(error).__name__})"  # its text might quote the address


if __name__ == "__main__":
    main()
