DROP INDEX scoring.attempt_time;
