"""Which adapter reaches an endpoint, from its row and the settings that an entry point has."""

from collections.abc import Callable

from scoring.delivery.adapters.contract import Adapter
from scoring.delivery.adapters.kafka import Kafka
from scoring.delivery.adapters.webhook import Webhook
from scoring.delivery.endpoints import Endpoint
from scoring.errors import ConfigurationError
from scoring.settings import CrmSettings, KafkaSettings


def adapter_of(
    endpoint: Endpoint, *, crm: Callable[[str], CrmSettings], kafka: Callable[[str], KafkaSettings]
) -> Adapter:
    """The adapter of an endpoint.

    Parameters
    ----------
    endpoint
        Its row.
    crm, kafka
        Give the settings of a webhook, and of brokers, by the name under which the entry point finds them.

    Raises
    ------
    ConfigurationError
        If there is no such adapter, or the settings cannot be read.
    """
    match endpoint.adapter:
        case "webhook":
            settings = crm(endpoint.secret)
            return Webhook(settings.url, settings.secret)
        case "kafka" if endpoint.topic is not None:
            return Kafka(kafka(endpoint.secret), endpoint.topic, endpoint.format)
    raise ConfigurationError(
        f"The endpoint {endpoint.name} names the adapter {endpoint.adapter!r}, which does not exist.",
        remedy="Correct the column adapter of table scoring.endpoint: webhook or kafka.",
    )
