"""Model versions in, scores out: the MLflow registry and the features that a model sees."""
