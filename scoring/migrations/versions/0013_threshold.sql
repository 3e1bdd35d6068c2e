-- An estimate is compared with what happened only where both mean the same: see estimate_record.

ALTER TABLE scoring.evaluation ADD at_least double precision;
COMMENT ON COLUMN scoring.evaluation.at_least IS
    'From this raw value on an outcome is positive; null for a regression, and where an older version did not record it.';

-- Estimates beside what happened. Estimates learn from outcomes known by their as_of only, so they foresee nothing.
-- Precision, recall and f1 are compared at the same threshold only, and all metrics by the same positive outcomes.
CREATE OR REPLACE VIEW scoring.estimate_record AS
SELECT r.score, r.as_of, r.publication_id, r.model_version, r.metric, e.value AS estimated, e.low, e.high,
    r.value AS realised, r.value BETWEEN e.low AND e.high AS inside
FROM scoring.realised_metric r
JOIN scoring.current_metric e USING (publication_id, arm, segment, segment_value, metric)
JOIN scoring.evaluation happened ON happened.evaluation_id = r.evaluation_id
JOIN scoring.evaluation said ON said.evaluation_id = e.evaluation_id
WHERE e.kind = 'estimated' AND r.arm = '' AND r.segment = '' AND r.value IS NOT NULL AND e.low IS NOT NULL
    AND e.high IS NOT NULL
    AND (r.metric NOT IN ('precision', 'recall', 'f1') OR happened.threshold IS NOT DISTINCT FROM said.threshold)
    AND (happened.at_least <> said.at_least) IS NOT TRUE;
