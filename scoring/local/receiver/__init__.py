"""A small real CRM: receives webhooks as docs/webhooks.md tells a receiver to, and can be told to fail.

It shares only the reference library for signatures with the sender, so that each checks the other.
"""

from scoring.local.receiver.faults import Fault, FaultPlan
from scoring.local.receiver.server import Receiver, serve

__all__ = ["Fault", "FaultPlan", "Receiver", "serve"]
