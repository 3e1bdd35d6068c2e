-- A busy installation: %(dates)s months of both scores of the shop, each with so many customers that reading a table from
-- end to end would be clearly wrong, and a million rows would not change the plan. `customer n` is 'c' and seven digits.
CREATE FUNCTION pg_temp.customer(n bigint) RETURNS text IMMUTABLE LANGUAGE sql AS $$ SELECT 'c' || lpad(n::text, 7, '0') $$;
CREATE TEMP TABLE partition AS
SELECT s.score, n, s.number, ('2020-01-31'::date + make_interval(months => n))::date AS as_of, (s.number - 1) * %(dates)s + n AS place
FROM (VALUES ('leaving', 1), ('spending', 2)) AS s (score, number) CROSS JOIN generate_series(1, %(dates)s) AS n;

INSERT INTO scoring.snapshot (data_set, as_of, digest, state, source, definition_digest, suite_digest, location, row_group_rows,
    received, accepted, quarantined, duplicates, kept, current_since)
SELECT 'shop', as_of, encode(sha256(as_of::text::bytea), 'hex'), 'current', 'shop.csv', repeat('0', 64), repeat('0', 64),
    '/nowhere/' || as_of, 1000, 1200, 1000, 200, 0, 200, now()
FROM partition WHERE number = 1 ORDER BY n;
INSERT INTO scoring.publication (score, as_of, snapshot_id, definition_digest, inputs_digest, state, run_id, code_version, rows,
    changed, checksum, announces, published_at)
SELECT p.score, p.as_of, s.snapshot_id, repeat('d', 64), encode(sha256((p.score || p.as_of)::bytea), 'hex'), 'published', 'run', '1',
    %(customers)s, 0, 'checksum', true, now()
FROM partition p JOIN scoring.snapshot s USING (as_of) ORDER BY p.place;
INSERT INTO scoring.arm (publication_id, arm, model_name, model_version, model_digest)
SELECT publication_id, 'champion', score, 1, repeat('a', 64) FROM scoring.publication;
DO $$
DECLARE
    one bigint;
BEGIN
    FOR one IN SELECT publication_id FROM scoring.publication LOOP
        EXECUTE format('CREATE TABLE scoring.score_%%s (LIKE scoring.score)', one);
        EXECUTE format('INSERT INTO scoring.score_%%s (publication_id, customer_id, value, arm, model_version)
            SELECT %%s, pg_temp.customer(n), random(), ''champion'', 1 FROM generate_series(1, %(customers)s) n', one, one);
        EXECUTE format('ALTER TABLE scoring.score_%%s ADD PRIMARY KEY (customer_id)', one);
        EXECUTE format('ALTER TABLE scoring.score ATTACH PARTITION scoring.score_%%s FOR VALUES IN (%%s)', one, one);
    END LOOP;
END $$;

-- What the CRM was told: all but the newest date, which is being told.
INSERT INTO scoring.announcement (score, customer_id, version, as_of, value, publication_id, model_version)
SELECT p.score, pg_temp.customer(n), %(told)s, p.as_of, 0.5, p.publication_id, 1
FROM generate_series(1, %(known)s) n CROSS JOIN (SELECT DISTINCT ON (score) * FROM scoring.publication ORDER BY score, as_of DESC) p;
INSERT INTO scoring.event (score, customer_id, version, as_of, publication_id, model_version, value)
SELECT p.score, pg_temp.customer(n), v, p.as_of, p.publication_id, 1, 0.5
FROM generate_series(1, %(told)s) v JOIN (SELECT *, row_number() OVER (PARTITION BY score ORDER BY as_of) AS v
    FROM scoring.publication) p USING (v) CROSS JOIN generate_series(1, %(known)s) n ORDER BY v, p.score, n;
CREATE TEMP TABLE carried AS
SELECT request, gen_random_uuid() AS delivery_id, min(event_id) AS first, max(event_id) AS last, count(*) AS events
FROM (SELECT event_id, (event_id - 1) / 20 AS request FROM scoring.event) e GROUP BY request;
INSERT INTO scoring.delivery (delivery_id, endpoint, state, body, events, attempts, created_at, delivered_at)
SELECT delivery_id, 'crm_webhook', 'delivered', '{"data":{"events":[]}}', events, 1, now() - interval '1 year' + request * interval '1 minute',
    now() - interval '1 year' + request * interval '1 minute'
FROM carried ORDER BY request;
INSERT INTO scoring.attempt (delivery_id, attempt, attempted_at, status, seconds)
SELECT delivery_id, n, delivered_at - (10 - n) * interval '1 second', 200, 0.01 FROM scoring.delivery CROSS JOIN generate_series(1, 10) n
ORDER BY delivered_at, n;
INSERT INTO scoring.outbox (endpoint, event_id, delivery_id)
SELECT 'crm_webhook', event_id, delivery_id FROM scoring.event JOIN carried ON event_id BETWEEN first AND last ORDER BY event_id;
INSERT INTO scoring.delivery (endpoint, state, body, events, attempts, created_at, next_attempt_at)
SELECT 'crm_webhook', 'dead', '{"data":{"events":[]}}', 20, 10, now() - interval '1 month', now() FROM generate_series(1, 20);

INSERT INTO scoring.stream_origin (origin_digest, score, arm, model_name, model_version, model_digest, definition_digest, code_version)
SELECT repeat('e', 64), 'leaving', 'champion', 'leaving', 1, repeat('c', 64), '', '1';
INSERT INTO scoring.streamed_score (score, customer_id, value, origin_id, event_time, topic, partition_id, message_offset)
SELECT score, pg_temp.customer(n), 0.1, 1, now() - n %% 2 * interval '20 years', 'shop.updates', 0, n
FROM (VALUES ('leaving'), ('spending')) AS s (score), generate_series(1, %(known)s) n;
INSERT INTO scoring.customer_update (data_set, customer_id, event_time, topic, partition_id, message_offset, content)
SELECT 'shop', pg_temp.customer(n), now(), 'shop.updates', 0, n, '{}' FROM generate_series(1, %(known)s) n;
INSERT INTO scoring.stream_refusal (data_set, topic, partition_id, message_offset, customer_id, rules, columns, "values", reason, bytes,
    content, dead_lettered_at)
SELECT 'shop', 'shop.updates', 0, n, pg_temp.customer(n), '{is known}', '{plan}', '{x}', 'plan is x', 10, '{}', now()
FROM generate_series(1, %(known)s) n;

INSERT INTO scoring.outcome_batch (score, as_of, origin, source, digest, received, recorded, unchanged, quarantined, duplicates, recorded_at)
SELECT score, as_of, 'system', 'outcomes.csv', encode(sha256((score || as_of)::bytea), 'hex'), %(customers)s, %(customers)s, 0, 0, 0, now()
FROM scoring.publication;
INSERT INTO scoring.outcome (score, as_of, customer_id, value, observed_at, origin, batch_id)
SELECT b.score, b.as_of, pg_temp.customer(n), 1, now(), 'system', b.batch_id
FROM scoring.outcome_batch b CROSS JOIN generate_series(1, %(customers)s) n;
INSERT INTO scoring.outcome_refused (batch_id, row_number, customer_id, reason, content)
SELECT b.batch_id, n, pg_temp.customer(n), 'no number', '{}' FROM scoring.outcome_batch b CROSS JOIN generate_series(1, 200) n;
INSERT INTO scoring.quarantined_row (snapshot_id, row_number, customer_id, content)
SELECT s.snapshot_id, n, pg_temp.customer(n), '{}' FROM scoring.snapshot s CROSS JOIN generate_series(1, 200) n;
INSERT INTO scoring.breach (snapshot_id, row_number, rule, column_name, value)
SELECT snapshot_id, row_number, 'is known', 'plan', 'x' FROM scoring.quarantined_row;
INSERT INTO scoring.api_request (key_id, route, asked_digest, customers, keep_until)
SELECT repeat('0', 12), 'POST /v1/scores', repeat('0', 64), ARRAY[pg_temp.customer(n)], now() FROM generate_series(1, %(known)s) n;
