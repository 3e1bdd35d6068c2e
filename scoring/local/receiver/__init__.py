"""A small real CRM: receives webhooks as docs/webhooks.md asks a receiver to, and can be told to fail.

It shares no code with the sender but the reference library for signatures, so that each checks the other.
"""

from scoring.local.receiver.faults import Fault, FaultPlan
from scoring.local.receiver.server import Receiver, serve

__all__ = ["Fault", "FaultPlan", "Receiver", "serve"]
