ALTER TABLE scoring.shard ADD predictors jsonb NOT NULL DEFAULT '{}';
COMMENT ON COLUMN scoring.shard.predictors IS
    'By arm what predicted: "accelerated", or "estimator" with the reason. Empty where it was not recorded.';
