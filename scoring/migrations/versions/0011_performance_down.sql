DROP VIEW scoring.update_rate, scoring.model_in_use, scoring.estimate_record, scoring.realised_metric, scoring.current_metric,
    scoring.current_evaluation;
DROP TABLE scoring.retrain_request, scoring.verdict, scoring.band_migration, scoring.calibration, scoring.metric,
    scoring.evaluation;
DELETE FROM scoring.alert_attempt a USING scoring.alert n WHERE n.alert_id = a.alert_id AND n.kind IN ('drift', 'update_needed');
DELETE FROM scoring.alert_sending s USING scoring.alert n WHERE n.alert_id = s.alert_id AND n.kind IN ('drift', 'update_needed');
DELETE FROM scoring.alert WHERE kind IN ('drift', 'update_needed');
