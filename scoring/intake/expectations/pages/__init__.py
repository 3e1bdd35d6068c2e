"""Views of the Data Docs: what Great Expectations renders -> pages that load nothing from another host.

Its own templates take styles, icons and the rows of the index from public CDNs. Templates in this folder go before
those of the same name; whatever else would load something from another host is taken out of the finished page.
"""

import re
from collections.abc import Mapping
from operator import itemgetter
from typing import Any

from great_expectations.render.view.view import DefaultJinjaPageView
from jinja2 import ChoiceLoader, PackageLoader

HOST = r"(?:https?:)?//"
# A link to another host that a person may follow is no load: only these elements are, and url() in styles.
LOADS = re.compile(
    rf"""<link\b[^>]*\bhref\s*=\s*["']?{HOST}[^>]*>"""
    rf"""|<script\b[^>]*\bsrc\s*=\s*["']?{HOST}[^>]*>\s*</script>"""
    rf"""|<(?:img|iframe|source|video|audio|embed)\b[^>]*\bsrc\s*=\s*["']?{HOST}[^>]*>""",
    re.IGNORECASE,
)
STYLES = re.compile(rf"""url\(\s*["']?{HOST}[^)]*\)""", re.IGNORECASE)

Row = dict[str, Any]


def self_contained(page: str) -> str:
    """An HTML page without what it would load from another host."""
    return STYLES.sub("none", LOADS.sub("", page))


def sorted_rows(block: Mapping[str, Any]) -> list[Row]:
    """The rows of a table in the order that its options ask for; as they are where it asks for none."""
    options, rows = block.get("table_options") or {}, list(block["table_data"])
    by = options.get("sortName")
    key = next((column.get("sortName", by) for column in block["table_columns"] if column["field"] == by), None)
    if key is None or not all(key in row for row in rows):
        return rows
    return sorted(rows, key=itemgetter(key), reverse=options.get("sortOrder") == "desc")


class PageView(DefaultJinjaPageView):
    """A page: of a validation, of a suite, or the index of all of them."""

    def __init__(self, **directories: Any) -> None:
        super().__init__(**directories)
        loaders = [PackageLoader("scoring.intake.expectations", "pages"), self.env.loader]
        self.env.loader = ChoiceLoader([loader for loader in loaders if loader is not None])
        self.env.filters["sorted_rows"] = sorted_rows

    def render(self, document: Any, template: str | None = None, **kwargs: Any) -> str:
        """The page as HTML."""
        page: str = super().render(document, template, **kwargs)  # type: ignore[no-untyped-call] # it has no types
        return self_contained(page)


VIEW = {"module_name": PageView.__module__, "class_name": PageView.__name__}


def with_our_views(site: Mapping[str, Any]) -> dict[str, Any]:
    """The configuration of a Data Docs site with this view wherever it does not name another."""
    sections = dict(site.get("site_section_builders") or {})
    for name in ("expectations", "validations", "profiling"):
        section = sections.get(name, {})
        if isinstance(section, Mapping):  # else it is switched off: "None"
            sections[name] = {"view": VIEW, **section}
    index = {
        "class_name": "DefaultSiteIndexBuilder",
        "view": VIEW,
        **(site.get("site_index_builder") or {}),
    }
    return {**site, "site_section_builders": sections, "site_index_builder": index}
