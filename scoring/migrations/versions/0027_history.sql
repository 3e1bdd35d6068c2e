-- The earlier snapshots that a publication of a score with history looks back at, as they were current when it was planned.
CREATE TABLE scoring.publication_history (
    publication_id bigint NOT NULL REFERENCES scoring.publication ON DELETE CASCADE,
    scored date NOT NULL,
    period integer NOT NULL CHECK (period > 0),
    as_of date NOT NULL CHECK (as_of < scored),
    snapshot_id bigint REFERENCES scoring.snapshot,
    PRIMARY KEY (publication_id, period)
);
COMMENT ON TABLE scoring.publication_history IS 'Which earlier snapshots a publication looks back at.';
COMMENT ON COLUMN scoring.publication_history.scored IS
    'The date of the publication. It is here so that a look into the future is refused.';
COMMENT ON COLUMN scoring.publication_history.period IS '1 is the previous date of the data set, 2 the one before.';
COMMENT ON COLUMN scoring.publication_history.snapshot_id IS 'Null: the data set had no snapshot of that date.';

-- Retention and erasure ask who needs a snapshot.
CREATE INDEX publication_history_of ON scoring.publication_history (snapshot_id);
