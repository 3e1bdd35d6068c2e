DELETE FROM scoring.alert_attempt a USING scoring.alert n
    WHERE n.alert_id = a.alert_id AND n.kind IN ('experiment_ended', 'experiment_blocked');
DELETE FROM scoring.alert_sending s USING scoring.alert n
    WHERE n.alert_id = s.alert_id AND n.kind IN ('experiment_ended', 'experiment_blocked');
DELETE FROM scoring.alert WHERE kind IN ('experiment_ended', 'experiment_blocked');
ALTER TABLE scoring.alert DROP CONSTRAINT alert_kind_check;
ALTER TABLE scoring.alert ADD CONSTRAINT alert_kind_check CHECK (kind IN (
    'partition_stopped', 'task_failed', 'score_overdue', 'drift', 'update_needed', 'endpoint_down', 'dead_deliveries',
    'publication_held', 'digest', 'model_promoted', 'approval_waiting', 'alias_moved'));
DROP TABLE scoring.shadow_score, scoring.shadow;
ALTER TABLE scoring.arm DROP experiment_id, DROP share;
DROP TABLE scoring.experiment_check, scoring.experiment_look, scoring.experiment_share, scoring.experiment;
