"""Who decided, and why: what a person records for good names both."""

from scoring.errors import PermanentError


def require_signature(
    what: str, by: str, reason: str, *, name: str = "a name", option: str = "--by", field: str = "Your name"
) -> None:
    """Refuse what a person records without saying who and why.

    Parameters
    ----------
    what
        What is recorded, e.g. "A correction".
    by, reason
        What the person gave; spaces alone say nothing.
    name, option, field
        What the name is called in the message, on the command line and in Airflow's form.

    Raises
    ------
    PermanentError
        If one of the two is missing.
    """
    if not by.strip() or not reason.strip():
        raise PermanentError(
            f"{what} is recorded for good: it needs {name} and a reason.",
            remedy=f"say who you are ({option}) and why (--reason).",
            in_airflow=f"fill in *{field}* and *Reason* of the form.",
        )
