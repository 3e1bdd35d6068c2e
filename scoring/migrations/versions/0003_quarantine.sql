-- A refused row stands once, with its values; the rules that it breaks stand beside it, however many they are.
CREATE TABLE scoring.breach (
    snapshot_id bigint NOT NULL,
    row_number  bigint NOT NULL,
    rule        text NOT NULL,
    column_name text NOT NULL,
    value       text,
    PRIMARY KEY (snapshot_id, row_number, rule, column_name)
);
INSERT INTO scoring.breach SELECT snapshot_id, row_number, rule, column_name, value FROM scoring.quarantined_row;

DELETE FROM scoring.quarantined_row q USING scoring.quarantined_row first
WHERE q.snapshot_id = first.snapshot_id AND q.row_number = first.row_number
  AND (first.rule, first.column_name) < (q.rule, q.column_name);
ALTER TABLE scoring.quarantined_row DROP CONSTRAINT quarantined_row_pkey;
ALTER TABLE scoring.quarantined_row DROP COLUMN rule, DROP COLUMN column_name, DROP COLUMN value;
ALTER TABLE scoring.quarantined_row ALTER COLUMN content TYPE json;  -- as text: jsonb makes -0.0 of 0.0, and 1e+22 whole
ALTER TABLE scoring.quarantined_row ADD PRIMARY KEY (snapshot_id, row_number);
ALTER TABLE scoring.breach ADD FOREIGN KEY (snapshot_id, row_number) REFERENCES scoring.quarantined_row ON DELETE CASCADE;

ALTER TABLE scoring.snapshot ADD COLUMN kept bigint;                                -- quarantined rows stored with their values
ALTER TABLE scoring.snapshot ADD COLUMN broken_rules jsonb NOT NULL DEFAULT '[]';   -- how many rows break each rule
ALTER TABLE scoring.snapshot ADD COLUMN current_since timestamptz;                  -- when it became current last
UPDATE scoring.snapshot s SET
    kept = quarantined,
    broken_rules = coalesce((
        SELECT jsonb_agg(jsonb_build_object('rule', rule, 'column', column_name, 'rows', rows) ORDER BY rule, column_name)
        FROM (SELECT rule, column_name, count(*) AS rows FROM scoring.breach b WHERE b.snapshot_id = s.snapshot_id
              GROUP BY rule, column_name) counted), '[]'),
    -- A superseded snapshot was current, or it was stopped and gave way: only a publication is proof.
    current_since = CASE WHEN state = 'current' OR EXISTS (
        SELECT FROM scoring.publication p WHERE p.snapshot_id = s.snapshot_id) THEN created_at END;
ALTER TABLE scoring.snapshot ALTER COLUMN kept SET NOT NULL;
ALTER TABLE scoring.snapshot ADD CONSTRAINT refused_rows_are_kept
    CHECK (kept BETWEEN 0 AND quarantined AND (state <> 'current' OR kept = quarantined));
ALTER TABLE scoring.snapshot ADD CONSTRAINT current_is_known_since CHECK (state <> 'current' OR current_since IS NOT NULL);
