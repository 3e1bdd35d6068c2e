"""Reports: pages made of samples of customers. Those that may show the person are removed, and made anew."""

from scoring.customers.place import Found, Subject
from scoring.reports.place import Report, ReportsRoot


class Reports:
    """Pages that show the person or a value of theirs; while their rows are there, all that are made of samples."""

    name = "reports"

    def find(self, subject: Subject) -> list[Found]:
        """The pages."""
        return [Found(report.location, {"kind": report.kind}) for report in _held(subject)]

    def erase(self, subject: Subject) -> int:
        """Remove them: monitoring writes those of drift and performance again, without the person."""
        root, held = ReportsRoot(subject.settings.reports_root), _held(subject)
        for report in held:
            root.remove(report)
        return len(held)


def _held(subject: Subject) -> list[Report]:
    root = ReportsRoot(subject.settings.reports_root)
    names = [subject.data_set.name, *subject.score_names]
    every = [report for name in names for report in root.kept(name)]
    return [one for one in every if _may_sample(subject, one) or subject.traces.spans(root.read(one))]


def _may_sample(subject: Subject, report: Report) -> bool:
    """Whether a page draws a sample that the person may be in: its figures are rounded, so a search does not do."""
    return bool(subject.rows) and report.kind != "validation"
