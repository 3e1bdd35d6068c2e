"""Updates of single customers come in by a Kafka topic; scores, events and the next offset come out, exactly once."""
