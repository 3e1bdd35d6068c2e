-- What a promotion does to the CRM: decision 11.

ALTER TABLE scoring.announcement ADD model_version integer;
COMMENT ON COLUMN scoring.announcement.model_version IS
    'The version of the model whose score the announcement was last compared with; null: not known, as if the same.';

-- All that was compared last was the newest date that the CRM has heard of. Customers who are not in it stay unknown.
UPDATE scoring.announcement a SET model_version = s.model_version
FROM scoring.announced_until u
JOIN scoring.publication p ON p.score = u.score AND p.as_of = u.as_of AND p.state = 'published' AND p.announces
JOIN scoring.score s USING (publication_id)
WHERE a.score = u.score AND a.customer_id = s.customer_id;

-- Events of one score that an endpoint gets at a limited pace wait in a lane of their own.
CREATE TABLE scoring.lane (
    endpoint   text NOT NULL REFERENCES scoring.endpoint,
    score      text NOT NULL,
    lane       integer GENERATED ALWAYS AS IDENTITY UNIQUE CHECK (lane > 0),
    per_minute integer NOT NULL CHECK (per_minute > 0),
    taken_at   timestamptz NOT NULL,  -- up to this moment its minutes are used up
    PRIMARY KEY (endpoint, score)
);

-- Lane 0 has no limit. The number is part of the index: what waits at a pace is in nobody's way.
ALTER TABLE scoring.outbox ADD lane integer NOT NULL DEFAULT 0;
DROP INDEX scoring.outbox_waiting;
CREATE UNIQUE INDEX outbox_waiting ON scoring.outbox (endpoint, lane, event_id) WHERE delivery_id IS NULL;
