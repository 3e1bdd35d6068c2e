"""A page as it is kept: it says on top what it shows, loads nothing from elsewhere and names the inputs of it. Pure."""

import html
import re
from collections.abc import Sequence

from scoring.reports.place import Kind

# What a page may load: itself. Scripts and fonts stand in it.
POLICY = (
    "default-src 'none'; script-src 'unsafe-inline' 'unsafe-eval'; style-src 'unsafe-inline'; img-src data: blob:; "
    "font-src data:; form-action 'none'; base-uri 'none'"
)

_HEAD = re.compile(r"<head[^>]*>")
_BODY = re.compile(r"<body[^>]*>")
_BANNER = (
    "font:15px/1.5 sans-serif;margin:0;padding:12px 24px;background:#fff8dc;color:#222;border-bottom:1px solid #bbb"
)


def finished(page: str, *, kind: Kind, heading: str, facts: Sequence[str], inputs: str) -> bytes:
    """A page with what it shows said on top, bound to load nothing from elsewhere, and the digest of its inputs.

    Raises
    ------
    ValueError
        If the page is no whole HTML page.
    """
    head = (
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        f'<meta name="scoring-inputs" content="{inputs}"><title>{html.escape(f"{heading}: {kind}")}</title>'
    )
    lines = "".join(f"<br>{html.escape(fact)}" for fact in facts)
    banner = f'<p style="{_BANNER}"><strong>{html.escape(heading)}</strong>{lines}</p>'
    for place, added in ((_HEAD, head), (_BODY, banner)):
        found = place.search(page)
        if found is None:
            raise ValueError("This is no HTML page: it has no head or body")
        page = f"{page[: found.end()]}{added}{page[found.end() :]}"
    return page.encode()
