DELETE FROM scoring.alert_attempt a USING scoring.alert n
WHERE n.alert_id = a.alert_id AND n.kind IN ('stream_unread', 'dead_letters_waiting');
DELETE FROM scoring.alert_sending s USING scoring.alert n
WHERE n.alert_id = s.alert_id AND n.kind IN ('stream_unread', 'dead_letters_waiting');
DELETE FROM scoring.alert WHERE kind IN ('stream_unread', 'dead_letters_waiting');
ALTER TABLE scoring.alert DROP CONSTRAINT alert_kind_check;
ALTER TABLE scoring.alert ADD CONSTRAINT alert_kind_check CHECK (kind IN (
    'partition_stopped', 'task_failed', 'score_overdue', 'drift', 'update_needed', 'endpoint_down', 'dead_deliveries',
    'publication_held', 'digest', 'model_promoted', 'approval_waiting', 'alias_moved', 'experiment_ended',
    'experiment_blocked', 'stream_gap'));
