-- What a person removed on purpose: the hourly reconciliation must not publish it again from the same snapshot.
CREATE TABLE scoring.dropped_publication (
    publication_id bigint PRIMARY KEY,
    score          text NOT NULL,
    as_of          date NOT NULL,
    snapshot_id    bigint NOT NULL,
    dropped_at     timestamptz NOT NULL DEFAULT now()
);
