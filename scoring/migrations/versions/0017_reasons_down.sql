DROP VIEW scoring.published_reason;
DO $$
DECLARE
    filled bigint;
BEGIN
    FOR filled IN SELECT publication_id FROM scoring.publication WHERE state = 'open' LOOP
        EXECUTE 'ALTER TABLE IF EXISTS scoring.' || quote_ident('score_' || filled)
            || ' DROP reasons, DROP contributions';
    END LOOP;
END $$;
ALTER TABLE scoring.score DROP reasons, DROP contributions;
ALTER TABLE scoring.publication DROP reason_count, DROP reason_features;
