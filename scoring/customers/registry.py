"""All places where data of a person is held, in the order in which they are erased.

First what was made of a person's data, for it is recognised by values that are then still known; then the data itself.
A table or folder that is new and holds persons is added here; a test finds tables that were not.
"""

from scoring.customers.deliveries import Deliveries
from scoring.customers.files import DataDocs, Logs
from scoring.customers.models import Examples, OutOfFold
from scoring.customers.place import Place
from scoring.customers.profiles import Edges
from scoring.customers.publications import Publications
from scoring.customers.reports import Reports
from scoring.customers.requests import Requests
from scoring.customers.snapshots import Snapshots
from scoring.customers.tables import (
    ANNOUNCEMENTS,
    EVENTS,
    OUTCOMES,
    QUARANTINE,
    REFUSED_MESSAGES,
    REFUSED_OUTCOMES,
    STREAMED,
    UPDATES,
)
from scoring.customers.texts import Texts
from scoring.customers.topics import Topics

PLACES: tuple[Place, ...] = (
    Examples(),
    Reports(),
    DataDocs(),
    Logs(),
    Texts(),
    Edges(),
    Snapshots(),
    Publications(),
    STREAMED,
    ANNOUNCEMENTS,
    EVENTS,
    Deliveries(),
    Requests(),
    OUTCOMES,
    REFUSED_OUTCOMES,
    QUARANTINE,
    REFUSED_MESSAGES,
    UPDATES,
    OutOfFold(),
    Topics(),  # last: brokers may be away, and all else is erased then
)
