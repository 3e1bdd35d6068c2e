DROP INDEX scoring.delivery_taken;
DROP INDEX scoring.delivery_parts;
-- A split delivery has no counterpart in the schema before; its parts do all that is still to be done.
UPDATE scoring.delivery SET split_from = NULL;
DELETE FROM scoring.attempt a USING scoring.delivery d WHERE d.delivery_id = a.delivery_id AND d.state = 'split';
DELETE FROM scoring.delivery WHERE state = 'split';
ALTER TABLE scoring.delivery
    DROP COLUMN split_from,
    DROP CONSTRAINT delivery_state_check,
    ADD CONSTRAINT delivery_state_check CHECK (state IN ('pending', 'delivered', 'dead'));
ALTER TABLE scoring.endpoint DROP COLUMN adapter, DROP COLUMN secret;
