"""The name by which a worker on this machine is told from another; in containers each has a host name of its own."""

import os


def name() -> str:
    """What CELERY_NODE says."""
    return os.environ["CELERY_NODE"]
