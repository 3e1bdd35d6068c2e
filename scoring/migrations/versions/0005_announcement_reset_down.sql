COMMENT ON COLUMN scoring.publication.announces IS NULL;
COMMENT ON TABLE scoring.announced_until IS NULL;
DROP TABLE scoring.announcement_reset;
DROP FUNCTION scoring.refuse_changes();
