-- The data model of schema "scoring": snapshots, publications, the announcements made to the CRM and the outbox.

CREATE SCHEMA scoring;

-- One accepted input of a data set at one as_of. Immutable but for its state.
CREATE TABLE scoring.snapshot (
    snapshot_id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    data_set          text NOT NULL,
    as_of             date NOT NULL,
    digest            text NOT NULL CHECK (digest ~ '^[0-9a-f]{64}$'),
    state             text NOT NULL CHECK (state IN ('current', 'superseded', 'stopped')),
    stopped_because   text CHECK ((state = 'stopped') = (stopped_because IS NOT NULL)),
    source            text NOT NULL,
    corrects          bigint REFERENCES scoring.snapshot,  -- the snapshot whose quarantined rows were replayed into this one
    definition_digest text NOT NULL,
    suite_digest      text NOT NULL,
    location          text NOT NULL,
    row_group_rows    integer NOT NULL CHECK (row_group_rows > 0),
    received          bigint NOT NULL CHECK (received >= 0),
    accepted          bigint NOT NULL CHECK (accepted >= 0),
    quarantined       bigint NOT NULL CHECK (quarantined >= 0),
    duplicates        bigint NOT NULL CHECK (duplicates >= 0),
    warnings          jsonb NOT NULL DEFAULT '[]',
    created_at        timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT rows_are_conserved CHECK (received = accepted + quarantined + duplicates),
    UNIQUE (data_set, as_of, digest)
);
CREATE UNIQUE INDEX one_current_snapshot ON scoring.snapshot (data_set, as_of) WHERE state = 'current';

-- A row that a critical expectation refused: its values as they were read, and why. One row per rule broken.
CREATE TABLE scoring.quarantined_row (
    snapshot_id bigint NOT NULL REFERENCES scoring.snapshot ON DELETE CASCADE,
    row_number  bigint NOT NULL,
    rule        text NOT NULL,
    column_name text NOT NULL,
    value       text,
    customer_id text,
    content     jsonb NOT NULL,
    PRIMARY KEY (snapshot_id, row_number, rule, column_name)
);

-- The complete set of one score at one as_of. Its rows stand in a table of their own until it is published.
CREATE TABLE scoring.publication (
    publication_id    bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    score             text NOT NULL,
    as_of             date NOT NULL,
    snapshot_id       bigint NOT NULL REFERENCES scoring.snapshot,
    definition_digest text NOT NULL,
    inputs_digest     text NOT NULL CHECK (inputs_digest ~ '^[0-9a-f]{64}$'),
    state             text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'published', 'superseded')),
    run_id            text NOT NULL,
    code_version      text NOT NULL,
    rows              bigint,
    changed           bigint,
    checksum          text,
    announces         boolean,
    opened_at         timestamptz NOT NULL DEFAULT now(),
    published_at      timestamptz,
    CONSTRAINT published_is_complete CHECK (state = 'open' OR (rows IS NOT NULL AND changed IS NOT NULL
        AND checksum IS NOT NULL AND announces IS NOT NULL AND published_at IS NOT NULL)),
    UNIQUE (score, as_of, inputs_digest)
);
CREATE UNIQUE INDEX one_published ON scoring.publication (score, as_of) WHERE state = 'published';

-- The models of a publication. One arm until experiments split the customers among several.
CREATE TABLE scoring.arm (
    publication_id bigint NOT NULL REFERENCES scoring.publication ON DELETE CASCADE,
    arm            text NOT NULL,
    model_name     text NOT NULL,
    model_version  integer NOT NULL,
    model_digest   text NOT NULL CHECK (model_digest ~ '^[0-9a-f]{64}$'),
    PRIMARY KEY (publication_id, arm)
);

-- A piece of a publication: some row groups of its snapshot. Its rows and this mark commit together.
CREATE TABLE scoring.shard (
    publication_id bigint NOT NULL REFERENCES scoring.publication ON DELETE CASCADE,
    shard          integer NOT NULL,
    first_group    integer NOT NULL,
    groups         integer NOT NULL CHECK (groups > 0),
    rows           bigint,
    group_digests  text[],
    done_at        timestamptz,
    CHECK ((done_at IS NULL) = (rows IS NULL) AND (done_at IS NULL) = (group_digests IS NULL)),
    PRIMARY KEY (publication_id, shard)
);

CREATE TABLE scoring.score (
    publication_id bigint NOT NULL,
    customer_id    text COLLATE "C" NOT NULL,
    value          double precision NOT NULL,
    points         smallint,
    band           text,
    arm            text NOT NULL,
    model_version  integer NOT NULL
) PARTITION BY LIST (publication_id);

-- What the CRM was last told about one customer and score. Version 0: known to it from the first load.
CREATE TABLE scoring.announcement (
    score          text COLLATE "C" NOT NULL,
    customer_id    text COLLATE "C" NOT NULL,
    version        integer NOT NULL CHECK (version >= 0),
    as_of          date NOT NULL,
    value          double precision NOT NULL,
    points         smallint,
    band           text,
    publication_id bigint NOT NULL,
    PRIMARY KEY (score, customer_id)
) WITH (fillfactor = 80);

-- The newest as_of whose differences were told: what is older is published in silence. It never goes back.
CREATE TABLE scoring.announced_until (
    score text PRIMARY KEY,
    as_of date NOT NULL
);

-- A fact to tell. Written by the transaction that publishes it.
CREATE TABLE scoring.event (
    event_id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    type            text NOT NULL DEFAULT 'score.changed' CHECK (type = 'score.changed'),
    score           text NOT NULL,
    customer_id     text COLLATE "C" NOT NULL,
    version         integer NOT NULL CHECK (version > 0),
    as_of           date NOT NULL,
    publication_id  bigint NOT NULL,
    model_version   integer NOT NULL,
    value           double precision NOT NULL,
    points          smallint,
    band            text,
    previous_value  double precision,
    previous_points smallint,
    previous_band   text,
    created_at      timestamptz NOT NULL DEFAULT now(),
    UNIQUE (score, customer_id, version)
);
CREATE INDEX event_publication ON scoring.event (publication_id);

-- Where events go. The address and the secret are the environment's; the limits and the state are here.
CREATE TABLE scoring.endpoint (
    endpoint     text PRIMARY KEY,
    state        text NOT NULL DEFAULT 'enabled' CHECK (state IN ('enabled', 'disabled')),
    disabled_because text CHECK ((state = 'disabled') = (disabled_because IS NOT NULL)),
    max_events   integer NOT NULL DEFAULT 100 CHECK (max_events > 0),
    max_bytes    integer NOT NULL DEFAULT 20000 CHECK (max_bytes >= 1000),
    not_before   timestamptz NOT NULL DEFAULT '-infinity'
);
INSERT INTO scoring.endpoint (endpoint) VALUES ('crm_webhook');

-- A request that carries events to one endpoint. Its id and body never change, however often it is tried.
CREATE TABLE scoring.delivery (
    delivery_id     uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    endpoint        text NOT NULL REFERENCES scoring.endpoint,
    state           text NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'delivered', 'dead')),
    body            text NOT NULL,
    events          integer NOT NULL CHECK (events > 0),
    attempts        integer NOT NULL DEFAULT 0,
    attempts_forgiven integer NOT NULL DEFAULT 0,  -- those before the last replay: they use up no try of the schedule
    next_attempt_at timestamptz NOT NULL DEFAULT now(),
    created_at      timestamptz NOT NULL DEFAULT now(),
    delivered_at    timestamptz,
    CHECK ((state = 'delivered') = (delivered_at IS NOT NULL)),
    CHECK (attempts_forgiven BETWEEN 0 AND attempts)
);
CREATE INDEX delivery_due ON scoring.delivery (endpoint, next_attempt_at) WHERE state = 'pending';
CREATE INDEX delivery_dead ON scoring.delivery (endpoint) WHERE state = 'dead';

-- Which events still have to be packed for an endpoint (no delivery yet), and which delivery carries the others.
-- "coalesced": a newer version of the same customer and score was told instead.
CREATE TABLE scoring.outbox (
    endpoint    text NOT NULL,  -- written only from rows of endpoint and event, by the statement that makes the
    event_id    bigint NOT NULL,  -- event; foreign keys would look each of them up again
    delivery_id uuid REFERENCES scoring.delivery,
    coalesced   boolean NOT NULL DEFAULT false,
    PRIMARY KEY (endpoint, event_id)
);
CREATE INDEX outbox_waiting ON scoring.outbox (endpoint, event_id) WHERE delivery_id IS NULL;
CREATE INDEX outbox_delivery ON scoring.outbox (delivery_id) WHERE delivery_id IS NOT NULL;

-- Every try of a delivery, written before the answer is acted upon.
CREATE TABLE scoring.attempt (
    delivery_id  uuid NOT NULL REFERENCES scoring.delivery,
    attempt      integer NOT NULL CHECK (attempt > 0),
    attempted_at timestamptz NOT NULL DEFAULT now(),
    status       integer,
    error        text,
    seconds      double precision NOT NULL,
    PRIMARY KEY (delivery_id, attempt),
    CHECK (status IS NOT NULL OR error IS NOT NULL)
);

-- Readers use these: only what is published and not superseded.
CREATE VIEW scoring.published_score AS
SELECT p.score, p.as_of, s.customer_id, s.value, s.points, s.band, s.arm, s.model_version, s.publication_id
FROM scoring.publication p JOIN scoring.score s USING (publication_id)
WHERE p.state = 'published';

CREATE VIEW scoring.current_score AS
SELECT v.*
FROM scoring.published_score v
JOIN (SELECT DISTINCT ON (score) publication_id FROM scoring.publication WHERE state = 'published'
      ORDER BY score, as_of DESC) newest USING (publication_id);
