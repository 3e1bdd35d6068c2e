DROP FUNCTION scoring.forget_outcomes(date);
DROP FUNCTION scoring.outcome_as_known(text, date, timestamptz);
DROP FUNCTION scoring.outcome_moment(text, date);
DROP TABLE scoring.outcome;
DROP TABLE scoring.outcome_refused;
DROP TABLE scoring.outcome_batch;
DROP FUNCTION scoring.refuse_outcome_changes();
