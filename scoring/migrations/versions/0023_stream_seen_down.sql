DROP INDEX scoring.stream_refusal_of;
DROP INDEX scoring.streamed_score_of;
ALTER TABLE scoring.stream_offset DROP COLUMN end_offset, DROP COLUMN oldest_at, DROP COLUMN looked_at;
