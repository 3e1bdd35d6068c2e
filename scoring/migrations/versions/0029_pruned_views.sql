-- Views of scores read only the publications that are asked for: decision 30. A join of the two tables is planned without
-- knowing which publications those are, so every partition was read. ORDER BY keeps the subquery from becoming such a join;
-- it sorts nothing, for all rows have the one publication_id. Each publication then prunes the partitions at execution.
CREATE OR REPLACE VIEW scoring.published_score AS
SELECT p.score, p.as_of, s.customer_id, s.value, s.points, s.band, s.arm, s.model_version, s.publication_id
FROM scoring.publication p
CROSS JOIN LATERAL (
    SELECT r.publication_id, r.customer_id, r.value, r.points, r.band, r.arm, r.model_version
    FROM scoring.score r WHERE r.publication_id = p.publication_id ORDER BY r.publication_id
) s
WHERE p.state = 'published';

CREATE OR REPLACE VIEW scoring.published_reason AS
SELECT p.score, p.as_of, s.customer_id, r.place, p.reason_features[r.feature] AS feature, r.contribution,
    s.publication_id
FROM scoring.publication p
CROSS JOIN LATERAL (
    SELECT q.publication_id, q.customer_id, q.reasons, q.contributions
    FROM scoring.score q WHERE q.publication_id = p.publication_id ORDER BY q.publication_id
) s
CROSS JOIN LATERAL unnest(s.reasons, s.contributions) WITH ORDINALITY AS r (feature, contribution, place)
WHERE p.state = 'published' AND r.contribution <> 0;

-- The newest dates are looked up for each use: so only those of the score that is asked for.
CREATE OR REPLACE VIEW scoring.current_score AS
WITH newest AS NOT MATERIALIZED (
    SELECT DISTINCT ON (score) score, as_of, publication_id, (as_of + 1)::timestamp AT TIME ZONE 'UTC' AS known_until
    FROM scoring.publication WHERE state = 'published' ORDER BY score, as_of DESC
)
SELECT p.score, p.as_of, s.customer_id, s.value, s.points, s.band, s.arm, s.model_version, p.publication_id,
    NULL::timestamptz AS event_time
FROM newest p
CROSS JOIN LATERAL (
    SELECT r.customer_id, r.value, r.points, r.band, r.arm, r.model_version
    FROM scoring.score r WHERE r.publication_id = p.publication_id ORDER BY r.publication_id
) s
WHERE NOT EXISTS (SELECT FROM scoring.streamed_score t WHERE t.score = p.score AND t.customer_id = s.customer_id
    AND t.event_time >= p.known_until)
UNION ALL
SELECT t.score, (t.event_time AT TIME ZONE 'UTC')::date, t.customer_id, t.value, t.points, t.band, o.arm,
    o.model_version, NULL::bigint, t.event_time
FROM scoring.streamed_score t JOIN scoring.stream_origin o USING (origin_id) LEFT JOIN newest p ON p.score = t.score
WHERE t.event_time >= coalesce(p.known_until, '-infinity');
