-- What a worker sees of its stream, so that people see it without a broker: what waits, since when, and who looks.
ALTER TABLE scoring.stream_offset
    ADD end_offset bigint CHECK (end_offset >= 0),
    ADD oldest_at timestamptz,
    ADD looked_at timestamptz;
COMMENT ON COLUMN scoring.stream_offset.end_offset IS
    'The offset that the broker gives to the next message written, as a worker last heard; null: none has heard.';
COMMENT ON COLUMN scoring.stream_offset.oldest_at IS
    'When the first message was written that is not recorded, or a time before that; null: none waits, as far as is known.';
COMMENT ON COLUMN scoring.stream_offset.looked_at IS 'When a worker last looked; null: none has.';

-- Rows are counted by score. The column does not change, so updates of a row stay within its page.
CREATE INDEX streamed_score_of ON scoring.streamed_score (score);
-- The last refusals of a data set are shown.
CREATE INDEX stream_refusal_of ON scoring.stream_refusal (data_set, refusal_id);
