CREATE OR REPLACE VIEW scoring.published_score AS
SELECT p.score, p.as_of, s.customer_id, s.value, s.points, s.band, s.arm, s.model_version, s.publication_id
FROM scoring.publication p JOIN scoring.score s USING (publication_id)
WHERE p.state = 'published';

CREATE OR REPLACE VIEW scoring.published_reason AS
SELECT p.score, p.as_of, s.customer_id, r.place, p.reason_features[r.feature] AS feature, r.contribution,
    s.publication_id
FROM scoring.publication p
JOIN scoring.score s USING (publication_id)
CROSS JOIN LATERAL unnest(s.reasons, s.contributions) WITH ORDINALITY AS r (feature, contribution, place)
WHERE p.state = 'published' AND r.contribution <> 0;

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
