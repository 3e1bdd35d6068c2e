-- The schema before knows no Kafka: its endpoints go with all that was packed for them.
DELETE FROM scoring.outbox o USING scoring.endpoint e WHERE e.endpoint = o.endpoint AND e.adapter = 'kafka';
DELETE FROM scoring.attempt a USING scoring.delivery d, scoring.endpoint e
    WHERE d.delivery_id = a.delivery_id AND e.endpoint = d.endpoint AND (e.adapter = 'kafka' OR d.state = 'coalesced');
UPDATE scoring.delivery SET split_from = NULL
    WHERE split_from IN (SELECT delivery_id FROM scoring.delivery WHERE state = 'coalesced');
UPDATE scoring.delivery d SET split_from = NULL FROM scoring.endpoint e
    WHERE e.endpoint = d.endpoint AND e.adapter = 'kafka' AND d.split_from IS NOT NULL;
DELETE FROM scoring.delivery d USING scoring.endpoint e
    WHERE e.endpoint = d.endpoint AND (e.adapter = 'kafka' OR d.state = 'coalesced');
DELETE FROM scoring.lane l USING scoring.endpoint e WHERE e.endpoint = l.endpoint AND e.adapter = 'kafka';
DELETE FROM scoring.endpoint WHERE adapter = 'kafka';
ALTER TABLE scoring.delivery
    DROP CONSTRAINT delivery_state_check,
    ADD CONSTRAINT delivery_state_check CHECK (state IN ('pending', 'delivered', 'dead', 'split', 'erased'));
ALTER TABLE scoring.endpoint DROP topic, DROP format;
