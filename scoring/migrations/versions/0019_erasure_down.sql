CREATE OR REPLACE FUNCTION scoring.refuse_outcome_changes() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' AND current_setting('scoring.forgetting', true) = 'on' THEN
        RETURN NULL;
    END IF;
    RAISE EXCEPTION USING message = 'table ' || TG_TABLE_NAME || ' takes new rows only',
        hint = 'Correct an outcome by a new row; whole cohorts leave by scoring.forget_outcomes.';
END $$;
-- A delivery with nobody left in it has no counterpart in the schema before.
DELETE FROM scoring.attempt a USING scoring.delivery d WHERE d.delivery_id = a.delivery_id AND d.events = 0;
UPDATE scoring.delivery SET split_from = NULL
    WHERE split_from IN (SELECT delivery_id FROM scoring.delivery WHERE events = 0);
DELETE FROM scoring.delivery WHERE events = 0;
ALTER TABLE scoring.delivery
    DROP CONSTRAINT delivery_events_check,
    DROP CONSTRAINT delivery_state_check,
    ADD CONSTRAINT delivery_state_check CHECK (state IN ('pending', 'delivered', 'dead', 'split')),
    ADD CONSTRAINT delivery_events_check CHECK (events > 0);
ALTER TABLE scoring.delivery DROP erased;
ALTER TABLE scoring.outcome_batch DROP erased;
ALTER TABLE scoring.publication DROP erased;
ALTER TABLE scoring.snapshot DROP CONSTRAINT erased_rows_were_accepted;
ALTER TABLE scoring.snapshot DROP erased;
DROP TABLE scoring.erasure_place, scoring.erasure, scoring.erasure_key;
