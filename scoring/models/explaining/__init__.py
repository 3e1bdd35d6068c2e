"""Why a model gives a customer this score: the contribution of each feature, exact and additive. Features in, numbers out."""
