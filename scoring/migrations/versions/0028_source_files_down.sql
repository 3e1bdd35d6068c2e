ALTER TABLE scoring.snapshot DROP COLUMN files;
DROP FUNCTION scoring.rows_of_files(jsonb);
