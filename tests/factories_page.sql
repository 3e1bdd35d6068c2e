-- Fills the tables of the page; see factories_page.py.

-- What every statement sees: a row per score and day; n counts the days, "drifting" are the last ones of the first score.
CREATE TEMP TABLE partition AS
SELECT s.score, s.kind, s.number, d.n, %(last)s::date - %(days)s + d.n AS as_of, 1 + (d.n - 1) / %(version_days)s AS version,
    d.n > %(days)s - 8 AND s.number = 1 AS drifting, encode(sha256((s.score || d.n)::bytea), 'hex') AS digest
FROM unnest(%(scores)s, %(kinds)s) WITH ORDINALITY AS s (score, kind, number) CROSS JOIN generate_series(1, %(days)s) AS d (n);
CREATE TEMP TABLE figure AS
SELECT * FROM (VALUES
    ('classification', 'roc_auc', 0.87, 0.008), ('classification', 'pr_auc', 0.61, 0.015), ('classification', 'precision', 0.72, 0.02),
    ('classification', 'recall', 0.58, 0.02), ('classification', 'f1', 0.64, 0.02), ('classification', 'brier', 0.082, 0.002),
    ('classification', 'log_loss', 0.28, 0.006), ('classification', 'ks', 0.55, 0.015),
    ('regression', 'mae', 2140, 40), ('regression', 'rmse', 13300, 500), ('regression', 'r2', 0.31, 0.03),
    ('regression', 'bias', -310, 80)) AS f (kind, metric, base, error);
CREATE TEMP TABLE customers AS
SELECT * FROM (VALUES ('', '', 30000), ('region', 'north', 17000), ('region', 'south', 13000)) AS c (segment, segment_value, n);

-- Snapshots and publications.
INSERT INTO scoring.snapshot (data_set, as_of, digest, state, source, definition_digest, suite_digest, location,
    row_group_rows, received, accepted, quarantined, duplicates, kept, current_since)
SELECT 'people', as_of, encode(sha256(('people' || n)::bytea), 'hex'), 'current', 'people.csv', repeat('0', 64), repeat('0', 64),
    'lake/people', 50000, 30000 + n + 12 + n %% 3, 30000 + n, 12, n %% 3, 12, as_of + time '06:10'
FROM partition WHERE number = 1;
INSERT INTO scoring.publication (score, as_of, snapshot_id, definition_digest, inputs_digest, state, run_id, code_version,
    rows, changed, checksum, announces, opened_at, published_at)
SELECT p.score, p.as_of, s.snapshot_id, repeat('d', 64), p.digest, 'published', 'scheduled__' || p.as_of, '0.1.0',
    30000 + p.n, 900 + (random() * 200)::int, p.digest, true, p.as_of + time '06:20', p.as_of + time '06:25'
FROM partition p JOIN scoring.snapshot s ON s.as_of = p.as_of;
ALTER TABLE partition ADD publication_id bigint, ADD snapshot_id bigint;
UPDATE partition p SET publication_id = q.publication_id, snapshot_id = q.snapshot_id
FROM scoring.publication q WHERE q.score = p.score AND q.as_of = p.as_of;
INSERT INTO scoring.arm (publication_id, arm, model_name, model_version, model_digest)
SELECT publication_id, 'champion', score, version, repeat('a', 64) FROM partition;

-- Figures of mature cohorts and estimates.
INSERT INTO scoring.evaluation (kind, score, as_of, publication_id, inputs_digest, method, threshold, known_at, rows, used, mature)
SELECT k.kind, p.score, p.as_of, p.publication_id, p.digest,
    CASE WHEN k.kind = 'realised' THEN 'scikit-learn' WHEN p.kind = 'classification' THEN 'CBPE' ELSE 'DLE' END,
    CASE p.kind WHEN 'classification' THEN 0.5 END, p.as_of + 31, 30000 + p.n, CASE WHEN p.n > %(days)s - %(horizon)s THEN 9000 ELSE 29900 END,
    k.kind = 'realised' AND p.n <= %(days)s - %(horizon)s
FROM partition p CROSS JOIN (VALUES ('realised'), ('estimated')) AS k (kind)
WHERE k.kind = 'estimated' OR p.n <= %(days)s - %(horizon)s + 5;  -- the last five are not mature yet
INSERT INTO scoring.metric (evaluation_id, arm, segment, segment_value, metric, value, low, high, n)
SELECT e.evaluation_id, '', c.segment, c.segment_value, f.metric, v.value, v.value - 2 * f.error, v.value + 2 * f.error, c.n
FROM scoring.evaluation e JOIN partition p USING (publication_id) JOIN figure f ON f.kind = p.kind CROSS JOIN customers c
CROSS JOIN LATERAL (SELECT f.base * (1 + 0.02 * sin(p.n / 25.0) - 0.0001 * p.n * p.number) + f.error * (random() - 0.5) + 0 * c.n
    + CASE WHEN e.kind = 'estimated' THEN f.error / 4 ELSE 0 END AS value) AS v;
INSERT INTO scoring.calibration (evaluation_id, grouping_by, bin, label, n, expected, observed, observed_low, observed_high,
    precision, recall)
SELECT e.evaluation_id, g.grouping_by, b, CASE g.grouping_by WHEN 'band' THEN chr(64 + b) ELSE 'up to ' || round(v.expected::numeric, 3) END,
    3000, v.expected, v.observed, v.observed - v.expected / 12, v.observed + v.expected / 12,
    CASE p.kind WHEN 'classification' THEN least(1, v.observed * 1.2) END, CASE p.kind WHEN 'classification' THEN 1 - b / 12.0 END
FROM scoring.evaluation e JOIN partition p USING (publication_id)
CROSS JOIN (VALUES ('decile', 10), ('band', 5)) AS g (grouping_by, bins) CROSS JOIN LATERAL generate_series(1, g.bins) AS b
CROSS JOIN LATERAL (SELECT power(b / g.bins::float, 3) * CASE p.kind WHEN 'classification' THEN 0.7 ELSE 12000 END AS expected) AS x
CROSS JOIN LATERAL (SELECT x.expected, x.expected * (0.95 + 0.1 * random()) AS observed) AS v
WHERE e.kind = 'realised' AND (g.grouping_by = 'decile' OR p.kind = 'classification');

-- Profiles: those of training own the bins; the score's values are bell-shaped and wander.
INSERT INTO scoring.profile (score, subject, snapshot_id, model_name, model_version, inputs_digest, rows)
SELECT score, 'training', min(snapshot_id), score, version, encode(sha256(('t' || score || version)::bytea), 'hex'), 30000
FROM partition GROUP BY score, version;
INSERT INTO scoring.profile (score, subject, publication_id, snapshot_id, model_name, model_version, bins_of, inputs_digest, rows)
SELECT p.score, 'publication', p.publication_id, p.snapshot_id, p.score, p.version, t.profile_id, p.digest, 30000 + p.n
FROM partition p JOIN scoring.profile t ON t.score = p.score AND t.model_version = p.version AND t.subject = 'training';
INSERT INTO scoring.profile_bins (profile_id, column_name, kind, edges, cuts, category, centre, scale)
SELECT profile_id, c.name, c.kind, (SELECT array_agg(e.i * s.width ORDER BY e.i) FROM generate_series(1, 119) AS e (i)), '{0.5}', '{}', 0, 1
FROM scoring.profile p JOIN (SELECT DISTINCT score, CASE kind WHEN 'classification' THEN 1 / 120.0 ELSE 100 END AS width FROM partition) s
    USING (score)
CROSS JOIN LATERAL (SELECT p.score, 'score' UNION ALL SELECT unnest(%(features)s), 'feature') AS c (name, kind)
WHERE p.subject = 'training';
INSERT INTO scoring.profile_counts (profile_id, segment, segment_value, column_name, kind, counts, sums, squares)
SELECT p.profile_id, c.segment, c.segment_value, n.name, n.kind, CASE n.kind WHEN 'score' THEN q.bell ELSE f.flat END, '{}', 0
FROM scoring.profile p JOIN partition d USING (publication_id)
CROSS JOIN LATERAL (SELECT array_agg((c.n / 45.0 * exp(-power((i - 35 - 8 * sin(d.n / 30.0)) / 18.0, 2)))::bigint ORDER BY i) || 0::bigint AS bell
                    FROM generate_series(1, 120) AS i, (SELECT 30000 AS n) AS c) AS q
CROSS JOIN (SELECT array_fill(250::bigint, ARRAY[121]) AS flat) AS f
CROSS JOIN customers c
CROSS JOIN LATERAL (SELECT p.score, 'score' UNION ALL SELECT unnest(%(features)s), 'feature') AS n (name, kind);

-- Drift: a little always, much in the last days.
INSERT INTO scoring.drift_run (score, as_of, publication_id, against, reference_as_of, inputs_digest, least, family,
    rows_reference, rows_current, reason)
SELECT p.score, p.as_of, p.publication_id, a.against, p.as_of - CASE a.against WHEN 'previous' THEN 1 ELSE p.n END,
    p.digest, 0.1, 39, 30000, 30000 + p.n, CASE WHEN a.against = 'previous' AND p.n = 1 THEN 'nothing was published before' END
FROM partition p CROSS JOIN (VALUES ('training'), ('previous')) AS a (against);
INSERT INTO scoring.drift (run_id, segment, segment_value, column_name, kind, psi, distance, wasserstein, p_value,
    missing_reference, missing_current, drifted)
SELECT r.run_id, c.segment, c.segment_value, f.name, f.kind, v.distance * v.distance * 8, v.distance, v.distance * 2.4,
    CASE WHEN v.distance >= 0.1 THEN 0.001 ELSE 1 END, 0, 0, v.distance >= 0.1
FROM scoring.drift_run r JOIN partition p USING (publication_id) CROSS JOIN customers c
CROSS JOIN LATERAL (SELECT p.score, 'score', 0 UNION ALL SELECT name, 'feature', i FROM unnest(%(features)s) WITH ORDINALITY AS u (name, i))
    AS f (name, kind, i)
CROSS JOIN LATERAL (SELECT CASE WHEN r.against = 'previous' THEN 0.012 ELSE 0.015 + 0.0004 * (p.n %% %(version_days)s) * (f.i %% 4) / 2 END
    + 0.012 * random() + 0 * c.n + CASE WHEN p.drifting AND f.i IN (2, 5, 9) THEN 0.16 ELSE 0 END AS distance) AS v
WHERE r.reason IS NULL;

-- What follows from it, and the way to the CRM.
INSERT INTO scoring.band_migration
SELECT p.publication_id, p.publication_id - 1, chr(64 + a), chr(64 + b), greatest(1, (7000 * exp(-1.6 * abs(a - b)))::int)
FROM partition p CROSS JOIN generate_series(1, 5) AS a CROSS JOIN generate_series(1, 5) AS b WHERE p.kind = 'classification' AND p.n > 1;
INSERT INTO scoring.verdict (publication_id, score, as_of, model_name, model_version, headline, promised, drifted_columns,
    estimator_trusted, trust_reason, update_needed, because, judged_at)
SELECT publication_id, score, as_of, score, version, CASE kind WHEN 'classification' THEN 'roc_auc' ELSE 'mae' END,
    CASE kind WHEN 'classification' THEN 0.881 ELSE 2050 END, CASE WHEN drifting THEN 3 ELSE 0 END,
    CASE WHEN n > 60 THEN number <> 3 END, CASE WHEN n > 60 THEN '28 of 30 estimates held' ELSE 'no mature cohort yet' END, drifting,
    CASE WHEN drifting THEN ARRAY['3 of 12 features have drifted since training, and the next outcomes are 30 days away.'] ELSE '{}' END,
    as_of + time '06:40'
FROM partition;
INSERT INTO scoring.retrain_request (score, model_name, model_version, as_of, evidence, state, requested_at, done_version, closed_at, useful)
SELECT score, score, version, as_of, jsonb_build_array(jsonb_build_object('as_of', as_of, 'publication_id', publication_id, 'because',
        jsonb_build_array('ROC-AUC was 0.842 in the cohort of ' || as_of || ', 0.881 was promised.'))),
    CASE WHEN version < 1 + (%(days)s - 1) / %(version_days)s THEN 'done' ELSE 'open' END, as_of + time '06:40',
    CASE WHEN version < 1 + (%(days)s - 1) / %(version_days)s THEN version + 1 END,
    CASE WHEN version < 1 + (%(days)s - 1) / %(version_days)s THEN as_of + interval '2 days' END,
    CASE WHEN version < 1 + (%(days)s - 1) / %(version_days)s THEN version %% 2 = 1 END
FROM partition WHERE n %% %(version_days)s = 0 OR (drifting AND n = %(days)s);
INSERT INTO scoring.delivery (endpoint, state, body, events, attempts, delivered_at)
SELECT 'crm_webhook', s.state, '{}', 100, 1, CASE s.state WHEN 'delivered' THEN now() END
FROM (VALUES ('delivered', 2000), ('pending', 4), ('dead', 2)) AS s (state, number) CROSS JOIN LATERAL generate_series(1, s.number);
INSERT INTO scoring.outbox (endpoint, event_id, delivery_id)
SELECT 'crm_webhook', i, CASE WHEN i > 180 THEN gen_random_uuid() END FROM generate_series(1, 20000) AS i;
INSERT INTO scoring.hold (publication_id, score, as_of, changed, rows, most_changed)
SELECT publication_id, score, as_of, 9120, 30000 + n, 0.2 FROM partition WHERE number = 2 AND n = %(days)s;

-- Each later version was put in charge by the gate, and one more was refused.
INSERT INTO scoring.gate_verdict (score, model_name, challenger, champion, held_out, known_at, customers, metric, passed,
    inputs_digest, decided_at)
SELECT score, score, version, version - 1, ARRAY[min(as_of) - 31], min(as_of) + time '05:00', 30000, 'roc_auc', true, repeat('a', 64),
    min(as_of) + time '05:00'
FROM partition WHERE version > 1 GROUP BY score, version
UNION ALL
SELECT score, score, max(version) + 1, max(version), ARRAY[max(as_of) - 31], max(as_of) + time '07:00', 30000, 'roc_auc', false,
    repeat('b', 64), max(as_of) + time '07:00'
FROM partition GROUP BY score;
INSERT INTO scoring.gate_check (gate_id, place, name, passed, said)
SELECT gate_id, 0, 'primary', passed, CASE WHEN passed
    THEN 'roc_auc 0.8612 -> 0.8744, gain +0.0132 (+0.0107 to +0.0157): surely better by 0.000694'
    ELSE 'roc_auc 0.8744 -> 0.8741, gain -0.0003 (-0.0019 to +0.0013): not better' END
FROM scoring.gate_verdict
UNION ALL
SELECT gate_id, 1, 'calibration', true, 'calibration error 0.0112 -> 0.0058; 0.01 more is allowed' FROM scoring.gate_verdict;
INSERT INTO scoring.promotion (model_name, model_version, model_digest, from_version, how, promoted_by, reason, gate_id, promoted_at)
SELECT score, version, repeat('c', 64), nullif(version - 1, 0), CASE version WHEN 1 THEN 'first' ELSE 'gate' END,
    CASE version WHEN 1 THEN 'scoring' ELSE 'the gate' END,
    CASE version WHEN 1 THEN 'It is the first version of its model.' ELSE 'roc_auc 0.8612 -> 0.8744: surely better by 0.000694' END,
    (SELECT gate_id FROM scoring.gate_verdict g WHERE g.score = p.score AND g.challenger = p.version), min(as_of) + time '05:00'
FROM partition p GROUP BY score, version ORDER BY score, version;
INSERT INTO scoring.experiment (score, model_name, mode, champion, challenger, challenger_digest, salt, started_by, reason, started_at)
SELECT score, score, 'split', max(version), max(version) + 1, repeat('c', 64), repeat('d', 32), 'the gate', 'It is surely not worse.',
    max(as_of) - 40 + time '07:00'
FROM partition GROUP BY score ORDER BY score;
INSERT INTO scoring.experiment_share (experiment_id, place, share, set_by, reason)
SELECT experiment_id, 0, 0.5, started_by, reason FROM scoring.experiment;
INSERT INTO scoring.experiment_look (experiment_id, as_of, cohorts, champions, challengers, metric, champion, challenger, gain, low, high,
    state, said, inputs_digest, looked_at)
SELECT e.experiment_id, e.started_at::date + 31 * n, n, 15000 * n, 15000 * n, 'roc_auc', 0.8612, 0.8671, 0.0059, 0.0059 - 0.012 / n,
    0.0059 + 0.012 / n, 'going', 'roc_auc 0.8612 -> 0.8671: neither surely better nor surely not', repeat(n::text, 64), e.started_at + n * interval '31 days'
FROM scoring.experiment e, generate_series(1, 2) n;
INSERT INTO scoring.experiment_check (look_id, place, name, passed, said)
SELECT look_id, 0, 'primary', false, said FROM scoring.experiment_look
UNION ALL
SELECT look_id, 1, 'ratio', true, '15,020 of 30,000 customers are the challenger''s (0.5007), assigned was 0.5; p = 0.82' FROM scoring.experiment_look;

-- A worker reads two partitions; five messages wait, two refused ones have no dead letter yet.
INSERT INTO scoring.stream_offset (data_set, topic, partition_id, first_offset, next_offset, received, accepted, quarantined, outdated,
    lost, newest_event_time, begun_at, moved_at, end_offset, oldest_at, looked_at)
SELECT 'people', 'people.updates', n, 0, 1007, 1000, 960, 15 + 10 * n, 25 - 10 * n, 7 * n, last + time '12:58' + n * interval '1 minute',
    last - 30, last + time '12:59', 1007 + 5 * n, CASE n WHEN 1 THEN last + time '12:59' END, last + time '13:00'
FROM (SELECT %(last)s::date AS last) l, generate_series(0, 1) n;
INSERT INTO scoring.stream_refusal (data_set, topic, partition_id, message_offset, rules, columns, "values", reason, bytes, refused_at,
    dead_lettered_at)
SELECT 'people', 'people.updates', 0, n, CASE n WHEN 40 THEN ARRAY['is known', 'is not null'] ELSE ARRAY['is not null'] END,
    CASE n WHEN 40 THEN ARRAY['region', 'feature_01'] ELSE ARRAY['feature_01'] END,
    CASE n WHEN 40 THEN ARRAY['west', NULL] ELSE ARRAY[NULL] END, 'feature_01 is missing', 100,
    last + time '12:00' + n * interval '1 minute', CASE WHEN n < 39 THEN last + time '12:00' + n * interval '1 minute' END
FROM (SELECT %(last)s::date AS last) l, generate_series(1, 40) n;
INSERT INTO scoring.stream_origin (origin_digest, score, arm, model_name, model_version, model_digest, definition_digest, code_version)
SELECT repeat('e', 64), 'churn', 'champion', 'churn', 1, repeat('c', 64), '', '1';
INSERT INTO scoring.streamed_score (score, customer_id, value, origin_id, event_time, topic, partition_id, message_offset)
SELECT score, 'c' || n, 0.1, origin_id, %(last)s::date + time '12:00', 'people.updates', 0, n
FROM scoring.stream_origin, generate_series(1, 300) n;
ANALYZE;
