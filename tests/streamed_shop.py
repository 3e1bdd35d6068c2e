"""The shop with a stream of updates; both of its scores are streamed."""

import shop_definitions

from scoring.domain.streams import KafkaStream

SHOP = shop_definitions.SHOP.model_copy(update={"stream": KafkaStream(topic="shop.updates")})
LEAVING = shop_definitions.LEAVING.model_copy(update={"streamed": True})
SPENDING = shop_definitions.SPENDING.model_copy(update={"streamed": True})
