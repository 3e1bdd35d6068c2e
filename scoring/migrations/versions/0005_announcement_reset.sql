-- A wrong date that was announced (2062 for 2026) silences all dates before it. A person can set announced_until back;
-- each time is recorded here for good. "was": announced_until before, "until": after.
CREATE TABLE scoring.announcement_reset (
    reset_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    score    text NOT NULL,
    was      date NOT NULL,
    until    date NOT NULL,
    reset_by text NOT NULL CHECK (reset_by <> ''),
    reason   text NOT NULL CHECK (reason <> ''),
    reset_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT only_backwards CHECK (until < was)
);

CREATE FUNCTION scoring.refuse_changes() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION USING message = 'table ' || TG_TABLE_NAME || ' takes new rows only';
END $$;

CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON scoring.announcement_reset
    FOR EACH STATEMENT EXECUTE FUNCTION scoring.refuse_changes();

COMMENT ON TABLE scoring.announced_until IS
    'The last announced date: what is older is published in silence. Set back only with a row of announcement_reset.';
COMMENT ON COLUMN scoring.publication.announces IS
    'Whether the CRM was told what differs. A reset takes it back: run again, the publication is announced again.';
