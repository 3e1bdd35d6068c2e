-- Who may ask the scoring API, and what was asked under an idempotency key.

CREATE TABLE scoring.api_key (
    key_id         text COLLATE "C" PRIMARY KEY CHECK (key_id ~ '^[0-9a-f]{12}$'),
    name           text NOT NULL CHECK (name ~ '\S'),
    digest         text NOT NULL CHECK (digest ~ '^[0-9a-f]{64}$'),
    old_digest     text CHECK (old_digest ~ '^[0-9a-f]{64}$'),
    old_until      timestamptz,
    scopes         text[] NOT NULL CHECK (cardinality(scopes) > 0 AND scopes <@ ARRAY['read', 'score', 'feedback', 'metrics']),
    per_minute     integer NOT NULL CHECK (per_minute > 0),
    created_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
    created_by     text NOT NULL CHECK (created_by ~ '\S'),
    expires_at     timestamptz,
    revoked_at     timestamptz,
    last_used_at   timestamptz,
    CONSTRAINT an_old_secret_ends CHECK ((old_digest IS NULL) = (old_until IS NULL))
);
COMMENT ON TABLE scoring.api_key IS 'Keys of the scoring API. The secret itself is stored nowhere.';
COMMENT ON COLUMN scoring.api_key.key_id IS 'Part of the key that is no secret: sk_<id>_<secret>.';
COMMENT ON COLUMN scoring.api_key.name IS 'Whose key it is, for people.';
COMMENT ON COLUMN scoring.api_key.digest IS 'SHA-256 of the secret, which has 256 random bits.';
COMMENT ON COLUMN scoring.api_key.old_digest IS 'SHA-256 of the secret before the last rotation.';
COMMENT ON COLUMN scoring.api_key.old_until IS 'Until when the secret before the last rotation is valid, too.';
COMMENT ON COLUMN scoring.api_key.scopes IS 'What it may do: read, score, feedback, metrics.';
COMMENT ON COLUMN scoring.api_key.per_minute IS 'Most requests in a minute.';
COMMENT ON COLUMN scoring.api_key.created_at IS 'When it was made.';
COMMENT ON COLUMN scoring.api_key.created_by IS 'Who made it.';
COMMENT ON COLUMN scoring.api_key.expires_at IS 'From when on it is not valid any more; null: never.';
COMMENT ON COLUMN scoring.api_key.revoked_at IS 'When it was revoked; null: it was not.';
COMMENT ON COLUMN scoring.api_key.last_used_at IS 'When it was used last, give or take five minutes.';

CREATE TABLE scoring.api_request (
    request_id   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    key_id       text COLLATE "C" NOT NULL,
    idempotency  text COLLATE "C" CHECK (length(idempotency) BETWEEN 1 AND 255),
    route        text NOT NULL,
    asked_digest text NOT NULL CHECK (asked_digest ~ '^[0-9a-f]{64}$'),
    asked        text,
    customers    text[] COLLATE "C" NOT NULL DEFAULT '{}',
    status       integer CHECK (status BETWEEN 100 AND 599),
    answer       text,
    started_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    answered_at  timestamptz,
    keep_until   timestamptz NOT NULL,
    CONSTRAINT an_answer_is_whole CHECK ((status IS NULL) = (answer IS NULL) AND (status IS NULL) = (answered_at IS NULL))
);
CREATE UNIQUE INDEX api_request_idempotency ON scoring.api_request (key_id, idempotency) WHERE idempotency IS NOT NULL;
CREATE INDEX api_request_keep ON scoring.api_request (keep_until);
CREATE INDEX api_request_customers ON scoring.api_request USING gin (customers);
COMMENT ON TABLE scoring.api_request IS 'Requests whose answers are kept: those with an idempotency key, or all if a setting says so.';
COMMENT ON COLUMN scoring.api_request.request_id IS 'Id of the request.';
COMMENT ON COLUMN scoring.api_request.key_id IS 'The API key that asked.';
COMMENT ON COLUMN scoring.api_request.idempotency IS 'Header Idempotency-Key; null without one.';
COMMENT ON COLUMN scoring.api_request.route IS 'Method and path.';
COMMENT ON COLUMN scoring.api_request.asked_digest IS 'SHA-256 of method, path and body.';
COMMENT ON COLUMN scoring.api_request.asked IS 'The body, if a setting says that it is kept.';
COMMENT ON COLUMN scoring.api_request.customers IS 'Customers that the request names: to find what is held about a person.';
COMMENT ON COLUMN scoring.api_request.status IS 'HTTP status of the answer; null while it is made.';
COMMENT ON COLUMN scoring.api_request.answer IS 'The answer.';
COMMENT ON COLUMN scoring.api_request.started_at IS 'When it came.';
COMMENT ON COLUMN scoring.api_request.answered_at IS 'When it was answered.';
COMMENT ON COLUMN scoring.api_request.keep_until IS 'From when on retention may delete it.';
