-- Whether the customers of a score have changed.

-- The distributions of a score's columns among some customers: counts over bins that never change.
CREATE TABLE scoring.profile (
    profile_id     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    score          text NOT NULL,
    subject        text NOT NULL CHECK (subject IN ('training', 'publication')),  -- whose customers
    publication_id bigint REFERENCES scoring.publication ON DELETE CASCADE,  -- of subject 'publication'
    snapshot_id    bigint NOT NULL REFERENCES scoring.snapshot,
    model_name     text NOT NULL,
    model_version  integer NOT NULL,
    bins_of        bigint REFERENCES scoring.profile ON DELETE CASCADE,  -- the profile whose bins these are; null: its own
    inputs_digest  text NOT NULL UNIQUE CHECK (inputs_digest ~ '^[0-9a-f]{64}$'),
    rows           bigint NOT NULL CHECK (rows >= 0),
    created_at     timestamptz NOT NULL DEFAULT now(),
    CHECK ((subject = 'publication') = (publication_id IS NOT NULL))
);
CREATE INDEX profile_of_publication ON scoring.profile (publication_id);
CREATE INDEX profile_by_owner ON scoring.profile (bins_of);

-- How the values of one column are counted: a number between edges (bin i holds edge[i-1] < value <= edge[i]; cuts are
-- the edges of the coarse bins by which shares are compared), a category value by value and then all others.
CREATE TABLE scoring.profile_bins (
    profile_id  bigint NOT NULL REFERENCES scoring.profile ON DELETE CASCADE,
    column_name text NOT NULL,
    kind        text NOT NULL CHECK (kind IN ('feature', 'score')),
    edges       double precision[],
    cuts        double precision[] NOT NULL,
    category    text[] NOT NULL,
    centre      double precision NOT NULL,
    scale       double precision NOT NULL,
    PRIMARY KEY (profile_id, kind, column_name)
);

-- Rows in each bin (the last one: nulls), for all customers (segment and segment_value empty) and for each segment.
-- sums and squares are of (value - centre) / scale.
CREATE TABLE scoring.profile_counts (
    profile_id    bigint NOT NULL REFERENCES scoring.profile ON DELETE CASCADE,
    segment       text NOT NULL,
    segment_value text NOT NULL,
    column_name   text NOT NULL,
    kind          text NOT NULL CHECK (kind IN ('feature', 'score')),
    counts        bigint[] NOT NULL,
    sums          double precision[] NOT NULL,
    squares       double precision NOT NULL,
    PRIMARY KEY (profile_id, segment, segment_value, kind, column_name)
);

-- A comparison of a publication with the customers that its model learned from, or with the publication before it.
-- The same inputs are compared once; of a publication and reference the one that was valid last counts.
CREATE TABLE scoring.drift_run (
    run_id                   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    score                    text NOT NULL,
    as_of                    date NOT NULL,
    publication_id           bigint NOT NULL REFERENCES scoring.publication ON DELETE CASCADE,
    against                  text NOT NULL CHECK (against IN ('training', 'previous')),
    reference_profile_id     bigint REFERENCES scoring.profile ON DELETE SET NULL,
    current_profile_id       bigint REFERENCES scoring.profile ON DELETE SET NULL,
    reference_snapshot_id    bigint,
    reference_publication_id bigint,  -- against 'previous'
    reference_as_of          date,
    inputs_digest            text NOT NULL CHECK (inputs_digest ~ '^[0-9a-f]{64}$'),
    least                    double precision NOT NULL,  -- the distance that matters, of the definition's policy
    family                   integer NOT NULL,  -- p-values of this run are adjusted for so many
    rows_reference           bigint NOT NULL CHECK (rows_reference >= 0),
    rows_current             bigint NOT NULL CHECK (rows_current >= 0),
    reason                   text,  -- why nothing was compared
    created_at               timestamptz NOT NULL DEFAULT now(),
    valid_since              timestamptz NOT NULL DEFAULT clock_timestamp(),  -- when these were last found to be the inputs
    UNIQUE (publication_id, against, inputs_digest)
);

-- How one column moved among all customers (segment and segment_value empty) or those of a segment. kind: the known values
-- of a feature, those of the score itself (column_name: its name), or whether a feature has a value (missing).
CREATE TABLE scoring.drift (
    run_id            bigint NOT NULL REFERENCES scoring.drift_run ON DELETE CASCADE,
    segment           text NOT NULL,
    segment_value     text NOT NULL,
    column_name       text NOT NULL,
    kind              text NOT NULL CHECK (kind IN ('feature', 'score', 'missing')),
    psi               double precision,
    distance          double precision,  -- Jensen-Shannon, 0 to 1
    wasserstein       double precision,  -- of numbers, in standard deviations of the reference
    p_value           double precision,  -- adjusted (Holm)
    missing_reference double precision,  -- share of customers without a value
    missing_current   double precision,
    drifted           boolean NOT NULL,
    reason            text,  -- why there is no distance, or no verdict on it
    PRIMARY KEY (run_id, segment, segment_value, kind, column_name),
    CHECK (distance IS NOT NULL OR reason IS NOT NULL),
    CHECK (NOT drifted OR (distance IS NOT NULL AND p_value IS NOT NULL))
);

-- The comparisons that count: the last valid ones of what readers see of each score at each date.
CREATE VIEW scoring.current_drift_run AS
SELECT DISTINCT ON (r.publication_id, r.against) r.*
FROM scoring.drift_run r JOIN scoring.publication p USING (publication_id)
WHERE p.state = 'published'
ORDER BY r.publication_id, r.against, r.valid_since DESC, r.run_id DESC;

CREATE VIEW scoring.current_drift AS
SELECT r.score, r.as_of, r.against, r.publication_id, r.run_id, r.reference_as_of, d.segment, d.segment_value, d.column_name,
    d.kind, d.psi, d.distance, d.wasserstein, d.p_value, d.missing_reference, d.missing_current, d.drifted, d.reason
FROM scoring.current_drift_run r JOIN scoring.drift d USING (run_id);

-- Customers in each bin of the score's value, for what readers see: low < value <= high (null: open).
CREATE VIEW scoring.score_distribution AS
SELECT p.score, p.as_of, p.publication_id, c.segment, c.segment_value, b.bin::integer AS bin,
    s.edges[b.bin - 1] AS low, s.edges[b.bin] AS high, b.rows
FROM (SELECT DISTINCT ON (publication_id) f.publication_id, f.profile_id, coalesce(f.bins_of, f.profile_id) AS owner
      FROM scoring.profile f WHERE f.subject = 'publication' ORDER BY publication_id, profile_id DESC) newest
JOIN scoring.publication p USING (publication_id)
JOIN scoring.profile_counts c ON c.profile_id = newest.profile_id AND c.kind = 'score'
JOIN scoring.profile_bins s ON s.profile_id = newest.owner AND s.kind = 'score'
CROSS JOIN LATERAL unnest(c.counts) WITH ORDINALITY AS b (rows, bin)
WHERE p.state = 'published' AND b.bin < cardinality(c.counts);  -- without the bin of nulls: a score has none
