-- Persons who were forgotten (GDPR art. 17): decision 16.

-- One key for the installation; the fingerprints below need it, and SCORING_ERASURE_SECRET if there is one.
CREATE TABLE scoring.erasure_key (
    only_one boolean PRIMARY KEY DEFAULT true CHECK (only_one),
    key      bytea NOT NULL CHECK (length(key) = 32),
    verifier text NOT NULL CHECK (verifier ~ '^[0-9a-f]{64}$')
);
COMMENT ON TABLE scoring.erasure_key IS 'The key of the fingerprints; made with the first erasure, never changed.';
COMMENT ON COLUMN scoring.erasure_key.only_one IS 'There is one row.';
COMMENT ON COLUMN scoring.erasure_key.key IS 'Random; half of the key of the HMAC.';
COMMENT ON COLUMN scoring.erasure_key.verifier IS 'Tells whether SCORING_ERASURE_SECRET, the other half, is the one of the first erasure.';

CREATE TABLE scoring.erasure (
    erasure_id   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    data_set     text COLLATE "C" NOT NULL,
    fingerprint  text COLLATE "C" NOT NULL CHECK (fingerprint ~ '^[0-9a-f]{64}$'),
    state        text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'done', 'lifted')),
    requested_by text NOT NULL CHECK (requested_by ~ '\S'),
    reason       text NOT NULL CHECK (reason ~ '\S'),
    requested_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    done_at      timestamptz,
    lifted_at    timestamptz,
    lifted_by    text CHECK (lifted_by ~ '\S'),
    lift_reason  text CHECK (lift_reason ~ '\S'),
    CONSTRAINT done_is_dated CHECK (state <> 'done' OR done_at IS NOT NULL),
    CONSTRAINT a_person_lifts CHECK ((state = 'lifted') = (lifted_at IS NOT NULL) AND (state = 'lifted') = (lifted_by IS NOT NULL)
        AND (state = 'lifted') = (lift_reason IS NOT NULL))
);
CREATE UNIQUE INDEX one_erasure_in_force ON scoring.erasure (data_set, fingerprint) WHERE state <> 'lifted';
COMMENT ON TABLE scoring.erasure IS 'A person who was forgotten, without the id: intake leaves out whoever has the fingerprint.';
COMMENT ON COLUMN scoring.erasure.erasure_id IS 'Id of the erasure.';
COMMENT ON COLUMN scoring.erasure.data_set IS 'The data set that the person was a customer of.';
COMMENT ON COLUMN scoring.erasure.fingerprint IS 'HMAC-SHA256 of data set and customer id.';
COMMENT ON COLUMN scoring.erasure.state IS 'open: not worked off, run the command again; done; lifted: the person may come back.';
COMMENT ON COLUMN scoring.erasure.requested_by IS 'Who had it done.';
COMMENT ON COLUMN scoring.erasure.reason IS 'Why, without the name or the id of the person.';
COMMENT ON COLUMN scoring.erasure.requested_at IS 'Since when nobody with this fingerprint is taken in.';
COMMENT ON COLUMN scoring.erasure.done_at IS 'When nothing was found any more.';
COMMENT ON COLUMN scoring.erasure.lifted_at IS 'When the person became a customer again.';
COMMENT ON COLUMN scoring.erasure.lifted_by IS 'Who lifted it.';
COMMENT ON COLUMN scoring.erasure.lift_reason IS 'Why it was lifted.';

CREATE TABLE scoring.erasure_place (
    erasure_id bigint NOT NULL REFERENCES scoring.erasure,
    place      text NOT NULL,
    erased     bigint NOT NULL CHECK (erased >= 0),
    worked_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (erasure_id, place)
);
COMMENT ON TABLE scoring.erasure_place IS 'How much of a person was erased in each place.';
COMMENT ON COLUMN scoring.erasure_place.erasure_id IS 'The erasure.';
COMMENT ON COLUMN scoring.erasure_place.place IS 'Where: a place of scoring/customers.';
COMMENT ON COLUMN scoring.erasure_place.erased IS 'Rows, files or texts, over all runs of the command.';
COMMENT ON COLUMN scoring.erasure_place.worked_at IS 'When it was worked on last.';

-- What was received, published and delivered stays counted; what has left since is counted beside it.
ALTER TABLE scoring.snapshot ADD erased bigint NOT NULL DEFAULT 0;
ALTER TABLE scoring.snapshot ADD CONSTRAINT erased_rows_were_accepted CHECK (erased BETWEEN 0 AND accepted);
COMMENT ON COLUMN scoring.snapshot.erased IS 'Accepted rows that are not in the file: their persons were forgotten.';
ALTER TABLE scoring.publication ADD erased bigint NOT NULL DEFAULT 0 CHECK (erased >= 0);
COMMENT ON COLUMN scoring.publication.erased IS 'Rows that shards wrote and that have left since: rows - erased are in the table.';
ALTER TABLE scoring.outcome_batch ADD erased bigint NOT NULL DEFAULT 0 CHECK (erased >= 0);
COMMENT ON COLUMN scoring.outcome_batch.erased IS 'Outcomes of it that have left since, with persons who were forgotten.';

-- The body of a delivery changes when a person in it is forgotten, and then only. One with nobody left is not sent.
ALTER TABLE scoring.delivery ADD erased integer NOT NULL DEFAULT 0 CHECK (erased >= 0);
ALTER TABLE scoring.delivery
    DROP CONSTRAINT delivery_events_check,
    DROP CONSTRAINT delivery_state_check,
    ADD CONSTRAINT delivery_state_check CHECK (state IN ('pending', 'delivered', 'dead', 'split', 'erased')),
    ADD CONSTRAINT delivery_events_check CHECK (events + erased > 0 AND events >= 0
        AND (events > 0 OR state NOT IN ('pending', 'dead')) AND (state <> 'erased' OR events = 0));
COMMENT ON COLUMN scoring.delivery.erased IS 'Events that were taken out of the body: their persons were forgotten.';

-- Outcomes are changed and deleted only by what forgets.
CREATE OR REPLACE FUNCTION scoring.refuse_outcome_changes() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'TRUNCATE' AND current_setting('scoring.forgetting', true) = 'on' THEN
        RETURN NULL;
    END IF;
    RAISE EXCEPTION USING message = 'table ' || TG_TABLE_NAME || ' takes new rows only',
        hint = 'Correct an outcome by a new row; whole cohorts leave by scoring.forget_outcomes.';
END $$;
