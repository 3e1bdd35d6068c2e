-- An endpoint can be a topic of Kafka for each score. Brokers and passwords are the environment's, as addresses are.
ALTER TABLE scoring.endpoint
    ADD topic  text,
    ADD format text NOT NULL DEFAULT 'json'
        CHECK (format IN ('json', 'cloudevents-structured', 'cloudevents-binary')),
    ADD CONSTRAINT kafka_has_topics CHECK ((adapter = 'kafka') = (topic IS NOT NULL)),
    ADD CONSTRAINT each_score_has_a_topic CHECK (strpos(topic, '{score}') > 0);
COMMENT ON COLUMN scoring.endpoint.topic IS
    'The topic of a score, with {score} in place of its name; null: the endpoint is not Kafka.';
COMMENT ON COLUMN scoring.endpoint.format IS 'How an event is written: json is the event as in a webhook.';

-- Where order counts (adapters say so), newer events take the place of older ones in deliveries that are not delivered.
-- A delivery of which nothing is left is over: what it carried is told by others.
ALTER TABLE scoring.delivery
    DROP CONSTRAINT delivery_state_check,
    ADD CONSTRAINT delivery_state_check
        CHECK (state IN ('pending', 'delivered', 'dead', 'split', 'erased', 'coalesced'));
