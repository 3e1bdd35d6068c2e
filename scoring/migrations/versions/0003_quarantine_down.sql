ALTER TABLE scoring.snapshot DROP COLUMN kept, DROP COLUMN broken_rules, DROP COLUMN current_since;

ALTER TABLE scoring.quarantined_row ADD COLUMN rule text, ADD COLUMN column_name text, ADD COLUMN value text;
ALTER TABLE scoring.quarantined_row ALTER COLUMN content TYPE jsonb USING content::jsonb;
ALTER TABLE scoring.quarantined_row DROP CONSTRAINT quarantined_row_pkey CASCADE;
INSERT INTO scoring.quarantined_row (snapshot_id, row_number, rule, column_name, value, customer_id, content)
SELECT q.snapshot_id, q.row_number, b.rule, b.column_name, b.value, q.customer_id, q.content
FROM scoring.quarantined_row q JOIN scoring.breach b USING (snapshot_id, row_number);
DELETE FROM scoring.quarantined_row WHERE rule IS NULL;
ALTER TABLE scoring.quarantined_row ALTER COLUMN rule SET NOT NULL, ALTER COLUMN column_name SET NOT NULL;
ALTER TABLE scoring.quarantined_row ADD PRIMARY KEY (snapshot_id, row_number, rule, column_name);
DROP TABLE scoring.breach;
