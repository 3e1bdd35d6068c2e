DROP INDEX scoring.event_publication;
CREATE INDEX event_publication ON scoring.event (publication_id);
DROP INDEX scoring.outbox_delivery;
CREATE INDEX outbox_delivery ON scoring.outbox (delivery_id) WHERE delivery_id IS NOT NULL;
DROP INDEX scoring.outbox_waiting;
CREATE INDEX outbox_waiting ON scoring.outbox (endpoint, event_id) WHERE delivery_id IS NULL;
ALTER TABLE scoring.outbox ADD PRIMARY KEY (endpoint, event_id),
    ADD CONSTRAINT outbox_delivery_id_fkey FOREIGN KEY (delivery_id) REFERENCES scoring.delivery;
