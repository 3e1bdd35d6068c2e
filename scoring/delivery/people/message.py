"""What people read: an alert as a message, and as one line of JSON. Pure."""

import datetime as dt
import json
from dataclasses import dataclass

from scoring.alerts.facts import Alert


@dataclass(frozen=True)
class Message:
    """One message: a title of one line, and a text."""

    title: str
    body: str


def message(alert: Alert) -> Message:
    """An alert as a person reads it. It is the same in every try, so a repetition is seen by its reference."""
    when = alert.noted_at.astimezone(dt.UTC)
    return Message(
        f"[scoring] {alert.title}",
        f"{alert.text}\n\nWhat to do: {alert.remedy}\n\n"
        f"Owner: {alert.owner}. Noted: {when:%Y-%m-%d %H:%M} UTC. Kind: {alert.kind}. Reference: {alert.reference}.",
    )


def line(alert: Alert) -> str:
    """An alert as one line of JSON."""
    content = {
        "id": alert.reference,
        "kind": alert.kind,
        "owner": alert.owner,
        "noted_at": alert.noted_at.astimezone(dt.UTC).isoformat(),
        "title": alert.title,
        "text": alert.text,
        "what_to_do": alert.remedy,
    }
    return json.dumps(content, ensure_ascii=False)
