-- Streams: decision 18. Where a consumer goes on is here, and moves in the transaction that records what it has read.
CREATE TABLE scoring.stream_offset (
    data_set          text COLLATE "C" NOT NULL,
    topic             text COLLATE "C" NOT NULL,
    partition_id      integer NOT NULL CHECK (partition_id >= 0),
    first_offset      bigint NOT NULL CHECK (first_offset >= 0),
    next_offset       bigint NOT NULL CHECK (next_offset >= 0),
    received          bigint NOT NULL DEFAULT 0,
    accepted          bigint NOT NULL DEFAULT 0,
    quarantined       bigint NOT NULL DEFAULT 0,
    outdated          bigint NOT NULL DEFAULT 0,
    lost              bigint NOT NULL DEFAULT 0 CHECK (lost >= 0),
    newest_event_time timestamptz,
    begun_at          timestamptz NOT NULL DEFAULT clock_timestamp(),
    moved_at          timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT messages_are_conserved CHECK (received = accepted + quarantined + outdated AND accepted >= 0
        AND quarantined >= 0 AND outdated >= 0),
    PRIMARY KEY (data_set, topic, partition_id)
);
COMMENT ON TABLE scoring.stream_offset IS 'Where the reading of each partition of a topic goes on, and what was read so far.';
COMMENT ON COLUMN scoring.stream_offset.data_set IS 'The data set whose customers the messages are about.';
COMMENT ON COLUMN scoring.stream_offset.topic IS 'The topic.';
COMMENT ON COLUMN scoring.stream_offset.partition_id IS 'Its partition.';
COMMENT ON COLUMN scoring.stream_offset.first_offset IS 'Where reading began.';
COMMENT ON COLUMN scoring.stream_offset.next_offset IS 'The offset of the next message to read.';
COMMENT ON COLUMN scoring.stream_offset.received IS 'Messages read.';
COMMENT ON COLUMN scoring.stream_offset.accepted IS 'Of them the updates that were the newest of their customer.';
COMMENT ON COLUMN scoring.stream_offset.quarantined IS 'Of them those that were refused.';
COMMENT ON COLUMN scoring.stream_offset.outdated IS 'Of them the updates that were older than what was known.';
COMMENT ON COLUMN scoring.stream_offset.lost IS 'Offsets that the broker had no more when they were to be read.';
COMMENT ON COLUMN scoring.stream_offset.newest_event_time IS 'The newest event time among all updates read.';
COMMENT ON COLUMN scoring.stream_offset.begun_at IS 'When reading began.';
COMMENT ON COLUMN scoring.stream_offset.moved_at IS 'When it moved last.';

CREATE TABLE scoring.stream_range (
    range_id     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    data_set     text COLLATE "C" NOT NULL,
    topic        text COLLATE "C" NOT NULL,
    partition_id integer NOT NULL,
    first_offset bigint NOT NULL,
    next_offset  bigint NOT NULL,
    received     bigint NOT NULL,
    accepted     bigint NOT NULL,
    quarantined  bigint NOT NULL,
    outdated     bigint NOT NULL,
    lost         bigint NOT NULL DEFAULT 0,
    committed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT messages_are_conserved CHECK (received = accepted + quarantined + outdated AND accepted >= 0
        AND quarantined >= 0 AND outdated >= 0 AND lost >= 0)
);
CREATE INDEX stream_range_committed ON scoring.stream_range USING brin (committed_at);
COMMENT ON TABLE scoring.stream_range IS 'Offsets of a partition that were read by one transaction, with what became of their messages.';
COMMENT ON COLUMN scoring.stream_range.range_id IS 'Id.';
COMMENT ON COLUMN scoring.stream_range.data_set IS 'The data set.';
COMMENT ON COLUMN scoring.stream_range.topic IS 'The topic.';
COMMENT ON COLUMN scoring.stream_range.partition_id IS 'Its partition.';
COMMENT ON COLUMN scoring.stream_range.first_offset IS 'The first offset; the one of the range before it ended there.';
COMMENT ON COLUMN scoring.stream_range.next_offset IS 'The offset after the last one.';
COMMENT ON COLUMN scoring.stream_range.received IS 'Messages; fewer than offsets where the topic is compacted or has transactions.';
COMMENT ON COLUMN scoring.stream_range.accepted IS 'Of them the updates that were the newest of their customer.';
COMMENT ON COLUMN scoring.stream_range.quarantined IS 'Of them those that were refused.';
COMMENT ON COLUMN scoring.stream_range.outdated IS 'Of them the updates that were older than what was known.';
COMMENT ON COLUMN scoring.stream_range.lost IS 'Offsets that the broker had no more.';
COMMENT ON COLUMN scoring.stream_range.committed_at IS 'When.';

CREATE TABLE scoring.customer_update (
    data_set       text COLLATE "C" NOT NULL,
    customer_id    text COLLATE "C" NOT NULL,
    event_time     timestamptz NOT NULL,
    topic          text COLLATE "C" NOT NULL,
    partition_id   integer NOT NULL,
    message_offset bigint NOT NULL,
    content        json NOT NULL,
    received_at    timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (data_set, customer_id)
) WITH (fillfactor = 80);
COMMENT ON TABLE scoring.customer_update IS 'The newest update of each customer that came by a stream.';
COMMENT ON COLUMN scoring.customer_update.data_set IS 'The data set.';
COMMENT ON COLUMN scoring.customer_update.customer_id IS 'The customer.';
COMMENT ON COLUMN scoring.customer_update.event_time IS 'When it happened.';
COMMENT ON COLUMN scoring.customer_update.topic IS 'The topic that it came by.';
COMMENT ON COLUMN scoring.customer_update.partition_id IS 'Its partition.';
COMMENT ON COLUMN scoring.customer_update.message_offset IS 'Its offset.';
COMMENT ON COLUMN scoring.customer_update.content IS 'The record as it was written; numbers have every digit.';
COMMENT ON COLUMN scoring.customer_update.received_at IS 'When it was taken in.';

CREATE TABLE scoring.stream_origin (
    origin_id         integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    origin_digest     text NOT NULL UNIQUE CHECK (origin_digest ~ '^[0-9a-f]{64}$'),
    score             text NOT NULL,
    arm               text NOT NULL,
    model_name        text NOT NULL,
    model_version     integer NOT NULL,
    model_digest      text NOT NULL CHECK (model_digest ~ '^[0-9a-f]{64}$'),
    trained_with      text,
    scored_with       text,
    experiment_id     bigint,
    share             double precision,
    definition_digest text NOT NULL,
    code_version      text NOT NULL,
    since             timestamptz NOT NULL DEFAULT clock_timestamp()
);
COMMENT ON TABLE scoring.stream_origin IS 'A way in which streamed scores were made: the part of their passport that many share.';
COMMENT ON COLUMN scoring.stream_origin.origin_id IS 'Id.';
COMMENT ON COLUMN scoring.stream_origin.origin_digest IS 'Digest of all that follows but the time.';
COMMENT ON COLUMN scoring.stream_origin.score IS 'The score.';
COMMENT ON COLUMN scoring.stream_origin.arm IS 'champion, or challenger of a split.';
COMMENT ON COLUMN scoring.stream_origin.model_name IS 'The registered model.';
COMMENT ON COLUMN scoring.stream_origin.model_version IS 'Its version.';
COMMENT ON COLUMN scoring.stream_origin.model_digest IS 'Digest of its file.';
COMMENT ON COLUMN scoring.stream_origin.trained_with IS 'Version of scikit-learn.';
COMMENT ON COLUMN scoring.stream_origin.scored_with IS 'Version of scikit-learn.';
COMMENT ON COLUMN scoring.stream_origin.experiment_id IS 'The experiment that split the customers, if one did.';
COMMENT ON COLUMN scoring.stream_origin.share IS 'The share of the customers that this arm had.';
COMMENT ON COLUMN scoring.stream_origin.definition_digest IS 'Digest of the definitions of score and data set.';
COMMENT ON COLUMN scoring.stream_origin.code_version IS 'Version of the code.';
COMMENT ON COLUMN scoring.stream_origin.since IS 'When it was first used.';

CREATE TABLE scoring.streamed_score (
    score          text NOT NULL,
    customer_id    text COLLATE "C" NOT NULL,
    value          double precision NOT NULL,
    points         smallint,
    band           text,
    origin_id      integer NOT NULL REFERENCES scoring.stream_origin,
    event_time     timestamptz NOT NULL,
    topic          text COLLATE "C" NOT NULL,
    partition_id   integer NOT NULL,
    message_offset bigint NOT NULL,
    scored_at      timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (customer_id, score)
) WITH (fillfactor = 80);
COMMENT ON TABLE scoring.streamed_score IS
    'The score of a customer by the newest update; in force while no published date knows more (view current_score).';
COMMENT ON COLUMN scoring.streamed_score.score IS 'The score.';
COMMENT ON COLUMN scoring.streamed_score.customer_id IS 'The customer.';
COMMENT ON COLUMN scoring.streamed_score.value IS 'A probability or an amount.';
COMMENT ON COLUMN scoring.streamed_score.points IS 'Points of the probability, if the score has them.';
COMMENT ON COLUMN scoring.streamed_score.band IS 'Its band, if the score has bands.';
COMMENT ON COLUMN scoring.streamed_score.origin_id IS 'How it was made.';
COMMENT ON COLUMN scoring.streamed_score.event_time IS 'When that happened which it was made from.';
COMMENT ON COLUMN scoring.streamed_score.topic IS 'The topic of the update.';
COMMENT ON COLUMN scoring.streamed_score.partition_id IS 'Its partition.';
COMMENT ON COLUMN scoring.streamed_score.message_offset IS 'Its offset.';
COMMENT ON COLUMN scoring.streamed_score.scored_at IS 'When it was scored.';

CREATE TABLE scoring.stream_refusal (
    refusal_id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    data_set         text COLLATE "C" NOT NULL,
    topic            text COLLATE "C" NOT NULL,
    partition_id     integer NOT NULL,
    message_offset   bigint NOT NULL,
    customer_id      text COLLATE "C",
    rules            text[] NOT NULL CHECK (cardinality(rules) > 0),
    columns          text[] NOT NULL,
    "values"         text[] NOT NULL,
    reason           text NOT NULL,
    event_time       timestamptz,
    message_key      bytea,
    content          bytea,
    bytes            integer NOT NULL,
    refused_at       timestamptz NOT NULL DEFAULT clock_timestamp(),
    dead_lettered_at timestamptz,
    CHECK (cardinality(rules) = cardinality(columns) AND cardinality(rules) = cardinality("values"))
);
CREATE INDEX stream_refusal_waiting ON scoring.stream_refusal (data_set, refusal_id) WHERE dead_lettered_at IS NULL;
CREATE INDEX stream_refusal_place ON scoring.stream_refusal (data_set, topic, partition_id, message_offset);
CREATE INDEX stream_refusal_customer ON scoring.stream_refusal (data_set, customer_id) WHERE customer_id IS NOT NULL;
COMMENT ON TABLE scoring.stream_refusal IS 'A message that was refused, and why: the quarantine of streams.';
COMMENT ON COLUMN scoring.stream_refusal.refusal_id IS 'Id.';
COMMENT ON COLUMN scoring.stream_refusal.data_set IS 'The data set.';
COMMENT ON COLUMN scoring.stream_refusal.topic IS 'The topic.';
COMMENT ON COLUMN scoring.stream_refusal.partition_id IS 'Its partition.';
COMMENT ON COLUMN scoring.stream_refusal.message_offset IS 'Its offset.';
COMMENT ON COLUMN scoring.stream_refusal.customer_id IS 'The customer, as the record or the key names them; null where neither does, or who was forgotten.';
COMMENT ON COLUMN scoring.stream_refusal.rules IS 'The rules that it breaks.';
COMMENT ON COLUMN scoring.stream_refusal.columns IS 'The column of each rule; empty: the whole message.';
COMMENT ON COLUMN scoring.stream_refusal."values" IS 'The value of each rule, shortened; null: none.';
COMMENT ON COLUMN scoring.stream_refusal.reason IS 'What is wrong, in a sentence.';
COMMENT ON COLUMN scoring.stream_refusal.event_time IS 'Its event time, if it has one.';
COMMENT ON COLUMN scoring.stream_refusal.message_key IS 'Its key, for the dead letter.';
COMMENT ON COLUMN scoring.stream_refusal.content IS 'Its value, for the dead letter; null: it was too large, has none, or the person was forgotten.';
COMMENT ON COLUMN scoring.stream_refusal.bytes IS 'Bytes of its value.';
COMMENT ON COLUMN scoring.stream_refusal.refused_at IS 'When.';
COMMENT ON COLUMN scoring.stream_refusal.dead_lettered_at IS 'When the broker took the dead letter; null: it has to be sent.';

-- What the CRM is told by a stream comes from no publication, and says when it happened.
ALTER TABLE scoring.announcement
    ADD event_time timestamptz,
    ALTER publication_id DROP NOT NULL,
    ADD CONSTRAINT a_streamed_one_says_when CHECK ((publication_id IS NULL) = (event_time IS NOT NULL)) NOT VALID;
ALTER TABLE scoring.announcement VALIDATE CONSTRAINT a_streamed_one_says_when;
ALTER TABLE scoring.event
    ADD event_time timestamptz,
    ALTER publication_id DROP NOT NULL,
    ADD CONSTRAINT a_streamed_one_says_when CHECK ((publication_id IS NULL) = (event_time IS NOT NULL)) NOT VALID;
ALTER TABLE scoring.event VALIDATE CONSTRAINT a_streamed_one_says_when;
COMMENT ON COLUMN scoring.announcement.event_time IS 'When that happened which a stream told; null: a publication told.';
COMMENT ON COLUMN scoring.event.event_time IS 'When that happened which a stream told; null: a publication told.';
COMMENT ON COLUMN scoring.retired_telling.publication_id IS
    'Whose events they carried (0: those of streams); of deliveries and requests: of the first event.';

-- What holds now: the newest publication, and where an update knows more, the streamed score.
CREATE OR REPLACE VIEW scoring.current_score AS
WITH newest AS (
    SELECT DISTINCT ON (score) score, as_of, publication_id, (as_of + 1)::timestamp AT TIME ZONE 'UTC' AS known_until
    FROM scoring.publication WHERE state = 'published' ORDER BY score, as_of DESC
)
SELECT p.score, p.as_of, s.customer_id, s.value, s.points, s.band, s.arm, s.model_version, p.publication_id,
    NULL::timestamptz AS event_time
FROM newest p JOIN scoring.score s USING (publication_id)
WHERE NOT EXISTS (SELECT FROM scoring.streamed_score t WHERE t.score = p.score AND t.customer_id = s.customer_id
    AND t.event_time >= p.known_until)
UNION ALL
SELECT t.score, (t.event_time AT TIME ZONE 'UTC')::date, t.customer_id, t.value, t.points, t.band, o.arm,
    o.model_version, NULL::bigint, t.event_time
FROM scoring.streamed_score t JOIN scoring.stream_origin o USING (origin_id) LEFT JOIN newest p ON p.score = t.score
WHERE t.event_time >= coalesce(p.known_until, '-infinity');

ALTER TABLE scoring.alert DROP CONSTRAINT alert_kind_check;
ALTER TABLE scoring.alert ADD CONSTRAINT alert_kind_check CHECK (kind IN (
    'partition_stopped', 'task_failed', 'score_overdue', 'drift', 'update_needed', 'endpoint_down', 'dead_deliveries',
    'publication_held', 'digest', 'model_promoted', 'approval_waiting', 'alias_moved', 'experiment_ended',
    'experiment_blocked', 'stream_gap'));
