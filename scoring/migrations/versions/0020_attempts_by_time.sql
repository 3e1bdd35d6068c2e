-- Tries are only added, so the pages of the table are in the order of time: a BRIN index of a few pages finds the newest.
CREATE INDEX attempt_time ON scoring.attempt USING brin (attempted_at) WITH (autosummarize = on);
