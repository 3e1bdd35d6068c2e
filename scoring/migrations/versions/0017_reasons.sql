-- Reason codes: decision 14. They stand in the row of the score, so they are shown, dropped and forgotten with it.

ALTER TABLE scoring.publication
    ADD reason_count smallint CHECK (reason_count > 0),
    ADD reason_features text[],
    ADD CHECK ((reason_count IS NULL) = (reason_features IS NULL));
COMMENT ON COLUMN scoring.publication.reason_count IS
    'How many reasons are stored for each customer; null: none.';
COMMENT ON COLUMN scoring.publication.reason_features IS
    'The features of the score, to which the numbers in score.reasons refer.';

ALTER TABLE scoring.score ADD reasons smallint[], ADD contributions double precision[];
COMMENT ON COLUMN scoring.score.reasons IS
    'The features that pushed the score most, by their place in publication.reason_features (from 1); null: not stored.';
COMMENT ON COLUMN scoring.score.contributions IS
    'What each of them added to the margin of the score: log-odds, a probability or an amount, as the model has it.';

-- The tables of publications that are being filled are no partitions yet.
DO $$
DECLARE
    filled bigint;
BEGIN
    FOR filled IN SELECT publication_id FROM scoring.publication WHERE state = 'open' LOOP
        EXECUTE 'ALTER TABLE IF EXISTS scoring.' || quote_ident('score_' || filled)
            || ' ADD reasons smallint[], ADD contributions double precision[]';
    END LOOP;
END $$;

-- Readers use this: one row for each reason, the strongest first.
CREATE VIEW scoring.published_reason AS
SELECT p.score, p.as_of, s.customer_id, r.place, p.reason_features[r.feature] AS feature, r.contribution,
    s.publication_id
FROM scoring.publication p
JOIN scoring.score s USING (publication_id)
CROSS JOIN LATERAL unnest(s.reasons, s.contributions) WITH ORDINALITY AS r (feature, contribution, place)
WHERE p.state = 'published' AND r.contribution <> 0;
