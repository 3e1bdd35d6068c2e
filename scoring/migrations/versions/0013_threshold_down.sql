CREATE OR REPLACE VIEW scoring.estimate_record AS
SELECT r.score, r.as_of, r.publication_id, r.model_version, r.metric, e.value AS estimated, e.low, e.high,
    r.value AS realised, r.value BETWEEN e.low AND e.high AS inside
FROM scoring.realised_metric r
JOIN scoring.current_metric e USING (publication_id, arm, segment, segment_value, metric)
WHERE e.kind = 'estimated' AND r.arm = '' AND r.segment = '' AND r.value IS NOT NULL AND e.low IS NOT NULL
    AND e.high IS NOT NULL;
ALTER TABLE scoring.evaluation DROP at_least;
