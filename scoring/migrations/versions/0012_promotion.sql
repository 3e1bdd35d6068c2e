-- The ledger of promotions decides which model version is in charge. It is append-only; MLflow's alias follows it.

CREATE TABLE scoring.gate_verdict (
    gate_id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    score           text COLLATE "C" NOT NULL,
    model_name      text COLLATE "C" NOT NULL,
    challenger      integer NOT NULL CHECK (challenger > 0),
    champion        integer CHECK (champion > 0 AND champion <> challenger),
    held_out        date[] NOT NULL,
    known_at        timestamptz NOT NULL,
    customers       bigint NOT NULL CHECK (customers >= 0),
    metric          text NOT NULL,
    passed          boolean NOT NULL,
    inputs_digest   text NOT NULL CHECK (inputs_digest ~ '^[0-9a-f]{64}$'),
    decided_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT one_verdict_for_the_same_inputs UNIQUE (model_name, challenger, inputs_digest)
);
COMMENT ON TABLE scoring.gate_verdict IS 'What the gate said of a challenger, whatever it said.';
COMMENT ON COLUMN scoring.gate_verdict.gate_id IS 'Id of the verdict.';
COMMENT ON COLUMN scoring.gate_verdict.score IS 'Name of the score.';
COMMENT ON COLUMN scoring.gate_verdict.model_name IS 'Registered model.';
COMMENT ON COLUMN scoring.gate_verdict.challenger IS 'The version that wants to be in charge.';
COMMENT ON COLUMN scoring.gate_verdict.champion IS 'The version in charge then; null if there was none.';
COMMENT ON COLUMN scoring.gate_verdict.held_out IS 'Cohorts on which both were compared; neither has learned from them.';
COMMENT ON COLUMN scoring.gate_verdict.known_at IS 'Outcomes that were recorded until then counted.';
COMMENT ON COLUMN scoring.gate_verdict.customers IS 'Customers with a known outcome in these cohorts.';
COMMENT ON COLUMN scoring.gate_verdict.metric IS 'The primary metric.';
COMMENT ON COLUMN scoring.gate_verdict.passed IS 'Whether all checks hold.';
COMMENT ON COLUMN scoring.gate_verdict.inputs_digest IS 'SHA-256 of all that decided it.';
COMMENT ON COLUMN scoring.gate_verdict.decided_at IS 'When it was written.';

CREATE TABLE scoring.gate_check (
    gate_id    bigint NOT NULL REFERENCES scoring.gate_verdict ON DELETE CASCADE,
    place      integer NOT NULL,
    name       text NOT NULL,
    segment    text NOT NULL DEFAULT '',
    champion   double precision,
    challenger double precision,
    value      double precision,
    low        double precision,
    high       double precision,
    bound      double precision,
    passed     boolean NOT NULL,
    said       text NOT NULL,
    PRIMARY KEY (gate_id, place)
);
COMMENT ON TABLE scoring.gate_check IS 'One condition of a gate verdict, with its numbers.';
COMMENT ON COLUMN scoring.gate_check.gate_id IS 'The verdict.';
COMMENT ON COLUMN scoring.gate_check.place IS 'Order in the report.';
COMMENT ON COLUMN scoring.gate_check.name IS 'What is checked: primary, segment, calibration, distribution, bands, latency, size.';
COMMENT ON COLUMN scoring.gate_check.segment IS 'Guarded segment, as column=value; empty for all customers.';
COMMENT ON COLUMN scoring.gate_check.champion IS 'The figure of the champion.';
COMMENT ON COLUMN scoring.gate_check.challenger IS 'The figure of the challenger.';
COMMENT ON COLUMN scoring.gate_check.value IS 'What is bounded, e.g. by how much the challenger is better.';
COMMENT ON COLUMN scoring.gate_check.low IS 'Lower end of its interval (0.95), if it has one.';
COMMENT ON COLUMN scoring.gate_check.high IS 'Upper end of its interval (0.95), if it has one.';
COMMENT ON COLUMN scoring.gate_check.bound IS 'The bound of the definition.';
COMMENT ON COLUMN scoring.gate_check.passed IS 'Whether it holds.';
COMMENT ON COLUMN scoring.gate_check.said IS 'The same in a sentence.';

CREATE TABLE scoring.promotion (
    promotion_id  bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    model_name    text COLLATE "C" NOT NULL,
    model_version integer NOT NULL CHECK (model_version > 0),
    model_digest  text NOT NULL CHECK (model_digest ~ '^[0-9a-f]{64}$'),
    from_version  integer CHECK (from_version > 0 AND from_version <> model_version),
    how           text NOT NULL CHECK (how IN ('first', 'adopted', 'gate', 'approval', 'person', 'rollback', 'experiment')),
    promoted_by   text NOT NULL CHECK (promoted_by ~ '\S'),
    reason        text NOT NULL CHECK (reason ~ '\S'),
    gate_id       bigint REFERENCES scoring.gate_verdict,
    promoted_at   timestamptz NOT NULL,
    CONSTRAINT one_promotion_at_a_time UNIQUE (model_name, promoted_at),
    CONSTRAINT a_rollback_comes_from_somewhere CHECK (how <> 'rollback' OR from_version IS NOT NULL)
);
COMMENT ON TABLE scoring.promotion IS 'Ledger: the newest row of a model says which version is in charge. Append-only.';
COMMENT ON COLUMN scoring.promotion.promotion_id IS 'Order of the promotions.';
COMMENT ON COLUMN scoring.promotion.model_name IS 'Registered model.';
COMMENT ON COLUMN scoring.promotion.model_version IS 'The version in charge from promoted_at on.';
COMMENT ON COLUMN scoring.promotion.model_digest IS 'SHA-256 of its file.';
COMMENT ON COLUMN scoring.promotion.from_version IS 'The version in charge before; null if there was none.';
COMMENT ON COLUMN scoring.promotion.how IS 'first: the first version; adopted: in charge before there was a ledger; gate: by the rule; approval: the rule, and a person; person: by hand; rollback; experiment.';
COMMENT ON COLUMN scoring.promotion.promoted_by IS 'The person, or the rule.';
COMMENT ON COLUMN scoring.promotion.reason IS 'Why.';
COMMENT ON COLUMN scoring.promotion.gate_id IS 'The verdict that it rests on.';
COMMENT ON COLUMN scoring.promotion.promoted_at IS 'Since when it is in charge; grows from row to row of a model.';

CREATE FUNCTION scoring.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION USING MESSAGE = TG_TABLE_NAME || ' is append-only: add a row in place of changing one';
END $$;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON scoring.promotion
    FOR EACH ROW EXECUTE FUNCTION scoring.refuse_change();
CREATE TRIGGER never_emptied BEFORE TRUNCATE ON scoring.promotion
    FOR EACH STATEMENT EXECUTE FUNCTION scoring.refuse_change();

-- Which version was in charge when: one row per promotion, until the next.
CREATE VIEW scoring.model_in_charge AS
SELECT model_name, model_version, promoted_at AS since,
    lead(promoted_at) OVER (PARTITION BY model_name ORDER BY promotion_id) AS until,
    from_version, how, promoted_by, reason, gate_id, promotion_id
FROM scoring.promotion;

CREATE FUNCTION scoring.model_in_charge_at(name text, moment timestamptz) RETURNS integer LANGUAGE sql STABLE AS $$
    SELECT model_version FROM scoring.promotion WHERE model_name = name AND promoted_at <= moment
    ORDER BY promoted_at DESC LIMIT 1
$$;

ALTER TABLE scoring.alert DROP CONSTRAINT alert_kind_check;
ALTER TABLE scoring.alert ADD CONSTRAINT alert_kind_check CHECK (kind IN (
    'partition_stopped', 'task_failed', 'score_overdue', 'drift', 'update_needed', 'endpoint_down', 'dead_deliveries',
    'publication_held', 'digest', 'model_promoted', 'approval_waiting', 'alias_moved'));
