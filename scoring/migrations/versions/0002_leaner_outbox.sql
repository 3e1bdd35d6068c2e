-- Less to maintain in the transaction that publishes: an event had entries in five trees, now it has them in three.

-- An event waits once, so the index of the waiting ones can be its key; the others are found by their delivery. The column
-- is written only by the statements that make the delivery; a foreign key would ask for each row, also when it is null.
ALTER TABLE scoring.outbox DROP CONSTRAINT outbox_pkey, DROP CONSTRAINT outbox_delivery_id_fkey;
DROP INDEX scoring.outbox_waiting;
CREATE UNIQUE INDEX outbox_waiting ON scoring.outbox (endpoint, event_id) WHERE delivery_id IS NULL;
DROP INDEX scoring.outbox_delivery;
CREATE UNIQUE INDEX outbox_delivery ON scoring.outbox (delivery_id, event_id) WHERE delivery_id IS NOT NULL;

-- Events are written publication by publication: the range of each block says as much as an entry for each event.
DROP INDEX scoring.event_publication;
CREATE INDEX event_publication ON scoring.event USING brin (publication_id);
