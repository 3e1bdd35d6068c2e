DELETE FROM scoring.alert_attempt a USING scoring.alert n
    WHERE n.alert_id = a.alert_id AND n.kind IN ('model_promoted', 'approval_waiting', 'alias_moved');
DELETE FROM scoring.alert_sending s USING scoring.alert n
    WHERE n.alert_id = s.alert_id AND n.kind IN ('model_promoted', 'approval_waiting', 'alias_moved');
DELETE FROM scoring.alert WHERE kind IN ('model_promoted', 'approval_waiting', 'alias_moved');
ALTER TABLE scoring.alert DROP CONSTRAINT alert_kind_check;
ALTER TABLE scoring.alert ADD CONSTRAINT alert_kind_check CHECK (kind IN (
    'partition_stopped', 'task_failed', 'score_overdue', 'drift', 'update_needed', 'endpoint_down', 'dead_deliveries',
    'publication_held', 'digest'));
DROP FUNCTION scoring.model_in_charge_at(text, timestamptz);
DROP VIEW scoring.model_in_charge;
DROP TABLE scoring.promotion, scoring.gate_check, scoring.gate_verdict;
DROP FUNCTION scoring.refuse_change();
