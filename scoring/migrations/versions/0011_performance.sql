-- How well a score did, once outcomes are known, and how well it likely does before; whether its model needs an update.

-- One evaluation of a publication: of its values against outcomes (realised), or before those are known (estimated).
CREATE TABLE scoring.evaluation (
    evaluation_id  bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind           text NOT NULL CHECK (kind IN ('realised', 'estimated')),
    score          text NOT NULL,
    as_of          date NOT NULL,
    publication_id bigint NOT NULL REFERENCES scoring.publication ON DELETE CASCADE,
    inputs_digest  text NOT NULL CHECK (inputs_digest ~ '^[0-9a-f]{64}$'),
    method         text NOT NULL CHECK (method IN ('scikit-learn', 'CBPE', 'DLE')),
    threshold      double precision,
    known_at       timestamptz,
    rows           bigint NOT NULL CHECK (rows >= 0),
    used           bigint NOT NULL CHECK (used >= 0),
    mature         boolean NOT NULL,
    learned_from   text,
    reason         text,
    created_at     timestamptz NOT NULL DEFAULT now(),
    valid_since    timestamptz NOT NULL DEFAULT clock_timestamp(),
    UNIQUE (publication_id, kind, inputs_digest),
    CONSTRAINT an_estimate_is_never_mature CHECK (kind = 'realised' OR NOT mature)
);
CREATE INDEX evaluation_cohort ON scoring.evaluation (score, as_of);
COMMENT ON TABLE scoring.evaluation IS 'How a publication was evaluated; each with the figures in table metric.';
COMMENT ON COLUMN scoring.evaluation.kind IS 'realised: by known outcomes; estimated: before they are known.';
COMMENT ON COLUMN scoring.evaluation.inputs_digest IS 'Of all that decides the figures: the same inputs are evaluated once.';
COMMENT ON COLUMN scoring.evaluation.method IS
    'scikit-learn; CBPE: performance from calibrated probabilities; DLE: a learned model of the error.';
COMMENT ON COLUMN scoring.evaluation.threshold IS 'From this probability on a classification says yes; null for a regression.';
COMMENT ON COLUMN scoring.evaluation.known_at IS
    'Realised: outcomes as they were known at this time. Estimated: the newest outcome that the estimator learned from.';
COMMENT ON COLUMN scoring.evaluation.rows IS 'Customers of the publication.';
COMMENT ON COLUMN scoring.evaluation.used IS
    'Realised: customers of the publication with a known outcome. Estimated: customers that the estimator learned from.';
COMMENT ON COLUMN scoring.evaluation.mature IS
    'The horizon has passed and enough outcomes are known: only then the figures are headline figures.';
COMMENT ON COLUMN scoring.evaluation.learned_from IS 'Of an estimate: the outcomes that the estimator learned from, for people.';
COMMENT ON COLUMN scoring.evaluation.reason IS 'Why there is no figure at all; null if there are figures.';
COMMENT ON COLUMN scoring.evaluation.valid_since IS 'When these were last found to be the inputs.';

-- A figure of an evaluation, for all customers (segment and segment_value empty) or those of a segment.
CREATE TABLE scoring.metric (
    evaluation_id bigint NOT NULL REFERENCES scoring.evaluation ON DELETE CASCADE,
    arm           text NOT NULL,
    segment       text NOT NULL,
    segment_value text NOT NULL,
    metric        text NOT NULL,
    value         double precision,
    low           double precision,
    high          double precision,
    n             bigint NOT NULL CHECK (n >= 0),
    reason        text,
    PRIMARY KEY (evaluation_id, arm, segment, segment_value, metric),
    CONSTRAINT undefined_has_a_reason CHECK ((value IS NULL) = (reason IS NOT NULL)),
    CONSTRAINT an_interval_holds_its_value CHECK (low <= value AND value <= high OR low IS NULL OR high IS NULL)
);
COMMENT ON TABLE scoring.metric IS 'Figures of evaluations.';
COMMENT ON COLUMN scoring.metric.arm IS 'The arm of the publication; empty for all of them.';
COMMENT ON COLUMN scoring.metric.segment IS 'Column of the segment; empty for all customers.';
COMMENT ON COLUMN scoring.metric.segment_value IS 'Its value.';
COMMENT ON COLUMN scoring.metric.metric IS
    'precision, recall, f1, roc_auc, pr_auc, brier, log_loss, ks, positive_rate, expected_rate of a classification; mae, rmse, r2, mape, bias of a regression.';
COMMENT ON COLUMN scoring.metric.value IS 'Null where it is not defined; then reason says why.';
COMMENT ON COLUMN scoring.metric.low IS 'Lower end of the 95 percent interval; null where there is none.';
COMMENT ON COLUMN scoring.metric.high IS 'Its upper end.';
COMMENT ON COLUMN scoring.metric.n IS 'Customers that the figure is about.';

-- Expected and observed outcomes of customers in a range of the score's value: by tenths of the customers, or by band.
CREATE TABLE scoring.calibration (
    evaluation_id bigint NOT NULL REFERENCES scoring.evaluation ON DELETE CASCADE,
    grouping_by   text NOT NULL CHECK (grouping_by IN ('decile', 'band')),
    bin           integer NOT NULL CHECK (bin > 0),
    label         text NOT NULL,
    n             bigint NOT NULL CHECK (n >= 0),
    expected      double precision,
    observed      double precision,
    observed_low  double precision,
    observed_high double precision,
    precision     double precision,
    recall        double precision,
    PRIMARY KEY (evaluation_id, grouping_by, bin)
);
COMMENT ON TABLE scoring.calibration IS 'What a realised evaluation expected and observed, by the value of the score.';
COMMENT ON COLUMN scoring.calibration.grouping_by IS 'decile: a tenth of the customers each, by value; band: of the definition.';
COMMENT ON COLUMN scoring.calibration.bin IS 'From the lowest values (1) to the highest.';
COMMENT ON COLUMN scoring.calibration.label IS 'The band, or the range of values.';
COMMENT ON COLUMN scoring.calibration.expected IS 'Mean value of the score; null without customers.';
COMMENT ON COLUMN scoring.calibration.observed IS 'Mean outcome (of a classification: share of positives); null without customers.';
COMMENT ON COLUMN scoring.calibration.observed_low IS 'Lower end of its 95 percent interval.';
COMMENT ON COLUMN scoring.calibration.observed_high IS 'Upper end.';
COMMENT ON COLUMN scoring.calibration.precision IS
    'Classification: share of positives among the customers of this and all higher bins; null if undefined.';
COMMENT ON COLUMN scoring.calibration.recall IS 'Classification: share of all positives that are in this or a higher bin.';

-- Customers that went from one band to another since the publication before.
CREATE TABLE scoring.band_migration (
    publication_id          bigint NOT NULL REFERENCES scoring.publication ON DELETE CASCADE,
    previous_publication_id bigint NOT NULL,
    previous_band           text NOT NULL,
    band                    text NOT NULL,
    customers               bigint NOT NULL CHECK (customers > 0),
    PRIMARY KEY (publication_id, previous_publication_id, previous_band, band)
);
COMMENT ON TABLE scoring.band_migration IS 'Customers by band in a publication and in the one before it.';

-- What follows from all that is known of a publication.
CREATE TABLE scoring.verdict (
    publication_id    bigint PRIMARY KEY REFERENCES scoring.publication ON DELETE CASCADE,
    score             text NOT NULL,
    as_of             date NOT NULL,
    model_name        text NOT NULL,
    model_version     integer NOT NULL,
    headline          text NOT NULL,
    promised          double precision,
    drifted_columns   integer CHECK (drifted_columns >= 0),
    estimator_trusted boolean,
    trust_reason      text NOT NULL,
    update_needed     boolean NOT NULL,
    because           text[] NOT NULL,
    judged_at         timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT an_update_has_a_reason CHECK (update_needed = (cardinality(because) > 0))
);
CREATE INDEX verdict_partition ON scoring.verdict (score, as_of);
COMMENT ON TABLE scoring.verdict IS 'Whether the model of a publication needs an update, and why.';
COMMENT ON COLUMN scoring.verdict.headline IS 'The metric by which the definition judges the score.';
COMMENT ON COLUMN scoring.verdict.promised IS 'Its value when the model was trained, on customers that it had not learned from; null if not recorded.';
COMMENT ON COLUMN scoring.verdict.drifted_columns IS 'Features that have drifted since training; null if that was not compared.';
COMMENT ON COLUMN scoring.verdict.estimator_trusted IS 'Whether the record of the estimates allows to trust them; null without a record.';
COMMENT ON COLUMN scoring.verdict.because IS 'Why an update is needed, one sentence each.';

-- A model that needs an update: written once for each model version, and what became of it.
CREATE TABLE scoring.retrain_request (
    request_id    bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    score         text NOT NULL,
    model_name    text NOT NULL,
    model_version integer NOT NULL,
    as_of         date NOT NULL,
    evidence      jsonb NOT NULL,
    state         text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'done', 'dismissed')),
    requested_at  timestamptz NOT NULL DEFAULT now(),
    done_version  integer,
    closed_at     timestamptz,
    closed_by     text,
    reason        text,
    useful        boolean,
    UNIQUE (score, model_name, model_version),
    CHECK ((state = 'open') = (closed_at IS NULL)),
    CHECK ((state = 'done') = (done_version IS NOT NULL)),
    CHECK (state <> 'dismissed' OR (closed_by ~ '\S' AND reason ~ '\S')),
    CHECK (useful IS NULL OR state = 'done')
);
COMMENT ON TABLE scoring.retrain_request IS 'Model versions that needed an update, and what became of it.';
COMMENT ON COLUMN scoring.retrain_request.as_of IS 'The partition at which it was seen first.';
COMMENT ON COLUMN scoring.retrain_request.evidence IS 'List of {as_of, publication_id, because}: what spoke for it, newest last.';
COMMENT ON COLUMN scoring.retrain_request.done_version IS 'The version that took its place.';
COMMENT ON COLUMN scoring.retrain_request.useful IS
    'Whether the new version does better than the old one did last (headline metric, mature cohorts); null until that is known.';

-- Readers use these: the newest evaluations of what readers see of each score at each date.
CREATE VIEW scoring.current_evaluation AS
SELECT DISTINCT ON (e.publication_id, e.kind) e.*
FROM scoring.evaluation e JOIN scoring.publication p USING (publication_id)
WHERE p.state = 'published'
ORDER BY e.publication_id, e.kind, e.valid_since DESC, e.evaluation_id DESC;

CREATE VIEW scoring.current_metric AS
SELECT e.score, e.as_of, e.kind, e.mature, e.method, e.publication_id, e.evaluation_id,
    CASE WHEN m.arm = '' THEN (SELECT CASE count(*) WHEN 1 THEN min(a.model_version) END FROM scoring.arm a
                               WHERE a.publication_id = e.publication_id)
         ELSE (SELECT a.model_version FROM scoring.arm a WHERE a.publication_id = e.publication_id AND a.arm = m.arm)
    END AS model_version,
    m.arm, m.segment, m.segment_value, m.metric, m.value, m.low, m.high, m.n, m.reason
FROM scoring.current_evaluation e JOIN scoring.metric m USING (evaluation_id);

-- Headline figures: of mature cohorts only.
CREATE VIEW scoring.realised_metric AS
SELECT * FROM scoring.current_metric WHERE kind = 'realised' AND mature;

-- Estimates beside what happened. Estimates learn from outcomes known by their as_of only, so they foresee nothing.
CREATE VIEW scoring.estimate_record AS
SELECT r.score, r.as_of, r.publication_id, r.model_version, r.metric, e.value AS estimated, e.low, e.high,
    r.value AS realised, r.value BETWEEN e.low AND e.high AS inside
FROM scoring.realised_metric r
JOIN scoring.current_metric e USING (publication_id, arm, segment, segment_value, metric)
WHERE e.kind = 'estimated' AND r.arm = '' AND r.segment = '' AND r.value IS NOT NULL AND e.low IS NOT NULL
    AND e.high IS NOT NULL;

-- Since when readers have seen scores of each model version, and whether it is the one in charge.
CREATE VIEW scoring.model_in_use AS
SELECT p.score, a.model_name, a.model_version, min(p.as_of) AS first_as_of, max(p.as_of) AS last_as_of,
    min(p.published_at) AS since,
    max(p.as_of) = max(max(p.as_of)) OVER (PARTITION BY p.score) AS in_charge
FROM scoring.publication p JOIN scoring.arm a USING (publication_id)
WHERE p.state = 'published' GROUP BY p.score, a.model_name, a.model_version;

-- How often updates were needed, done, and turned out useful or wasted, in the last 30, 90 and 365 days.
CREATE VIEW scoring.update_rate AS
SELECT s.score, w.days,
    count(r.request_id) AS needed,
    count(*) FILTER (WHERE r.state = 'open') AS open,
    count(*) FILTER (WHERE r.state = 'dismissed') AS dismissed,
    count(*) FILTER (WHERE r.state = 'done') AS done,
    count(*) FILTER (WHERE r.useful) AS useful,
    count(*) FILTER (WHERE NOT r.useful) AS wasted
FROM (SELECT DISTINCT score FROM scoring.publication WHERE state = 'published') s
CROSS JOIN (VALUES (30), (90), (365)) AS w (days)
LEFT JOIN scoring.retrain_request r ON r.score = s.score AND r.requested_at >= now() - w.days * interval '1 day'
GROUP BY s.score, w.days;
