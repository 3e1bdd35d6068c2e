DROP VIEW scoring.score_distribution, scoring.current_drift, scoring.current_drift_run;
DROP TABLE scoring.drift, scoring.drift_run, scoring.profile_counts, scoring.profile_bins, scoring.profile;
