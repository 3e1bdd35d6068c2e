ALTER TABLE scoring.shard DROP COLUMN predictors;
