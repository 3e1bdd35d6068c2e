-- The column event_time leaves the view, so it is made anew.
DROP VIEW scoring.current_score;
CREATE VIEW scoring.current_score AS
SELECT v.*
FROM scoring.published_score v
JOIN (SELECT DISTINCT ON (score) publication_id FROM scoring.publication WHERE state = 'published'
      ORDER BY score, as_of DESC) newest USING (publication_id);
-- What streams told stays told: publication 0 has never been.
UPDATE scoring.announcement SET publication_id = 0, event_time = NULL WHERE publication_id IS NULL;
UPDATE scoring.event SET publication_id = 0, event_time = NULL WHERE publication_id IS NULL;
ALTER TABLE scoring.announcement DROP CONSTRAINT a_streamed_one_says_when, DROP COLUMN event_time,
    ALTER publication_id SET NOT NULL;
ALTER TABLE scoring.event DROP CONSTRAINT a_streamed_one_says_when, DROP COLUMN event_time,
    ALTER publication_id SET NOT NULL;
COMMENT ON COLUMN scoring.retired_telling.publication_id IS 'Whose events they carried; of deliveries and requests: of the first event.';
DROP TABLE scoring.stream_refusal;
DROP TABLE scoring.streamed_score;
DROP TABLE scoring.stream_origin;
DROP TABLE scoring.customer_update;
DROP TABLE scoring.stream_range;
DROP TABLE scoring.stream_offset;
DELETE FROM scoring.alert_attempt a USING scoring.alert n WHERE n.alert_id = a.alert_id AND n.kind = 'stream_gap';
DELETE FROM scoring.alert_sending s USING scoring.alert n WHERE n.alert_id = s.alert_id AND n.kind = 'stream_gap';
DELETE FROM scoring.alert WHERE kind = 'stream_gap';
ALTER TABLE scoring.alert DROP CONSTRAINT alert_kind_check;
ALTER TABLE scoring.alert ADD CONSTRAINT alert_kind_check CHECK (kind IN (
    'partition_stopped', 'task_failed', 'score_overdue', 'drift', 'update_needed', 'endpoint_down', 'dead_deliveries',
    'publication_held', 'digest', 'model_promoted', 'approval_waiting', 'alias_moved', 'experiment_ended',
    'experiment_blocked'));
