-- A partition may come in many files: each of its received rows is from one of them.
CREATE FUNCTION scoring.rows_of_files(files jsonb) RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (SELECT coalesce(sum((file ->> 'rows')::bigint), 0) FROM jsonb_array_elements(files) AS f (file));

ALTER TABLE scoring.snapshot
    ADD files jsonb NOT NULL DEFAULT '[]',
    ADD CONSTRAINT snapshot_files_have_all_rows CHECK (files = '[]' OR scoring.rows_of_files(files) = received);
COMMENT ON COLUMN scoring.snapshot.files IS
    'The files of a source that has many, in the order in which they were read: [{"file", "rows"}]; else empty.';
