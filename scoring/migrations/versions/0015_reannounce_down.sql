DROP INDEX scoring.outbox_waiting;
CREATE UNIQUE INDEX outbox_waiting ON scoring.outbox (endpoint, event_id) WHERE delivery_id IS NULL;
ALTER TABLE scoring.outbox DROP lane;
DROP TABLE scoring.lane;
ALTER TABLE scoring.announcement DROP model_version;
