-- Retention. A retired publication has no rows any more; its own row stays, with counts, checksum and digests.
ALTER TABLE scoring.publication
    ADD retired_at   timestamptz,
    ADD retired_from text CHECK (retired_from IN ('published', 'superseded')),
    DROP CONSTRAINT publication_state_check,
    ADD CONSTRAINT publication_state_check CHECK (state IN ('open', 'published', 'superseded', 'retired')),
    ADD CONSTRAINT retired_is_known_since CHECK ((state = 'retired') = (retired_at IS NOT NULL)
        AND (state = 'retired') = (retired_from IS NOT NULL));
ALTER TABLE scoring.publication
    ADD seen boolean GENERATED ALWAYS AS (state = 'published' OR coalesce(retired_from = 'published', false)) STORED;
COMMENT ON COLUMN scoring.publication.retired_at IS 'When retention removed its rows; null while they are there.';
COMMENT ON COLUMN scoring.publication.retired_from IS 'What it was until then: what readers saw, or superseded.';
COMMENT ON COLUMN scoring.publication.seen IS
    'Readers see it, or it is what they saw of its date until it was retired: figures of it count.';
-- Scored again from the same inputs, a retired partition is another publication.
ALTER TABLE scoring.publication DROP CONSTRAINT publication_score_as_of_inputs_digest_key;
CREATE UNIQUE INDEX one_of_the_same_inputs ON scoring.publication (score, as_of, inputs_digest) WHERE state <> 'retired';
CREATE UNIQUE INDEX one_seen ON scoring.publication (score, as_of) WHERE seen;
CREATE INDEX delivery_split_from ON scoring.delivery (split_from) WHERE split_from IS NOT NULL;
CREATE INDEX publication_snapshot ON scoring.publication (snapshot_id);

-- A snapshot's row stays, so its rows stay conserved; its file and its refused rows leave.
ALTER TABLE scoring.snapshot
    ADD file text NOT NULL DEFAULT 'kept' CHECK (file IN ('kept', 'leaving', 'gone')),
    ADD quarantine_retired_at timestamptz;
COMMENT ON COLUMN scoring.snapshot.file IS
    'kept; leaving: it is being removed, and is not there or soon will not be; gone. Taken in again it is kept again.';
COMMENT ON COLUMN scoring.snapshot.quarantine_retired_at IS
    'When retention removed its refused rows; "kept" still says how many they were. Null while they are there.';

-- What was told in deliveries that are gone: totals go on counting them.
CREATE TABLE scoring.retired_telling (
    publication_id bigint NOT NULL,
    endpoint       text NOT NULL,
    deliveries     bigint NOT NULL,
    events         bigint NOT NULL,
    requests       bigint NOT NULL,
    PRIMARY KEY (publication_id, endpoint)
);
COMMENT ON TABLE scoring.retired_telling IS 'What was delivered by deliveries that retention has removed.';
COMMENT ON COLUMN scoring.retired_telling.publication_id IS 'Whose events they carried; of deliveries and requests: of the first event.';
COMMENT ON COLUMN scoring.retired_telling.endpoint IS 'The endpoint.';
COMMENT ON COLUMN scoring.retired_telling.deliveries IS 'Deliveries that were delivered.';
COMMENT ON COLUMN scoring.retired_telling.events IS 'Events that were delivered.';
COMMENT ON COLUMN scoring.retired_telling.requests IS 'Tries of these deliveries, also of those that were split.';

CREATE TABLE scoring.retirement (
    retirement_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind          text NOT NULL,
    what          text NOT NULL,
    rows          bigint NOT NULL DEFAULT 0,
    bytes         bigint,
    begun_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
    done_at       timestamptz
);
CREATE UNIQUE INDEX retirement_open ON scoring.retirement (kind, what) WHERE done_at IS NULL;
COMMENT ON TABLE scoring.retirement IS 'What retention has removed.';
COMMENT ON COLUMN scoring.retirement.retirement_id IS 'Id.';
COMMENT ON COLUMN scoring.retirement.kind IS 'Kind of thing.';
COMMENT ON COLUMN scoring.retirement.what IS 'Which one; of rows that leave in batches: the day of the run.';
COMMENT ON COLUMN scoring.retirement.rows IS 'Rows removed.';
COMMENT ON COLUMN scoring.retirement.bytes IS 'Bytes of tables or files removed; null where they are not known.';
COMMENT ON COLUMN scoring.retirement.begun_at IS 'When it was marked, or the first rows were removed.';
COMMENT ON COLUMN scoring.retirement.done_at IS 'When nothing of it was left; null: the next run finishes it.';

-- What must stay whatever its age, because a court or an auditor wants it.
CREATE TABLE scoring.legal_hold (
    hold_id     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind        text NOT NULL CHECK (kind IN ('data_set', 'score', 'customer')),
    name        text COLLATE "C" NOT NULL CHECK (name <> ''),
    first       date,
    last        date,
    reason      text NOT NULL CHECK (reason ~ '\S'),
    placed_by   text NOT NULL CHECK (placed_by ~ '\S'),
    placed_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    released_at timestamptz,
    released_by text CHECK (released_by ~ '\S'),
    CHECK (first <= last),
    CHECK ((released_at IS NULL) = (released_by IS NULL))
);
COMMENT ON TABLE scoring.legal_hold IS 'What retention must leave alone; kept for good.';
COMMENT ON COLUMN scoring.legal_hold.hold_id IS 'Id.';
COMMENT ON COLUMN scoring.legal_hold.kind IS 'data_set, score or customer.';
COMMENT ON COLUMN scoring.legal_hold.name IS 'Its name, or the id of the customer.';
COMMENT ON COLUMN scoring.legal_hold.first IS 'From this as_of on; null: no bound.';
COMMENT ON COLUMN scoring.legal_hold.last IS 'Up to this as_of; null: no bound.';
COMMENT ON COLUMN scoring.legal_hold.reason IS 'Why.';
COMMENT ON COLUMN scoring.legal_hold.placed_by IS 'By whom.';
COMMENT ON COLUMN scoring.legal_hold.placed_at IS 'Since when.';
COMMENT ON COLUMN scoring.legal_hold.released_at IS 'Until when; null while it holds.';
COMMENT ON COLUMN scoring.legal_hold.released_by IS 'Who released it.';

CREATE VIEW scoring.legal_hold_in_force AS
SELECT hold_id, kind, name, coalesce(first, '-infinity') AS first, coalesce(last, 'infinity') AS last
FROM scoring.legal_hold WHERE released_at IS NULL;

-- Figures of retired publications go on counting: "seen" in place of "published".
CREATE OR REPLACE VIEW scoring.current_drift_run AS
SELECT DISTINCT ON (r.publication_id, r.against) r.*
FROM scoring.drift_run r JOIN scoring.publication p USING (publication_id)
WHERE p.seen
ORDER BY r.publication_id, r.against, r.valid_since DESC, r.run_id DESC;
CREATE OR REPLACE VIEW scoring.current_evaluation AS
SELECT DISTINCT ON (e.publication_id, e.kind) e.evaluation_id, e.kind, e.score, e.as_of, e.publication_id, e.inputs_digest, e.method, e.threshold, e.known_at,
    e.rows, e.used, e.mature, e.learned_from, e.reason, e.created_at, e.valid_since
FROM scoring.evaluation e JOIN scoring.publication p USING (publication_id)
WHERE p.seen
ORDER BY e.publication_id, e.kind, e.valid_since DESC, e.evaluation_id DESC;
CREATE OR REPLACE VIEW scoring.model_in_use AS
SELECT p.score, a.model_name, a.model_version, min(p.as_of) AS first_as_of, max(p.as_of) AS last_as_of,
    min(p.published_at) AS since,
    max(p.as_of) = max(max(p.as_of)) OVER (PARTITION BY p.score) AS in_charge
FROM scoring.publication p JOIN scoring.arm a USING (publication_id)
WHERE p.seen GROUP BY p.score, a.model_name, a.model_version;
