-- A/B experiments: two versions of a model share the customers of a score, or one scores them beside the other unseen.

CREATE TABLE scoring.experiment (
    experiment_id     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    score             text COLLATE "C" NOT NULL,
    model_name        text COLLATE "C" NOT NULL,
    mode              text NOT NULL CHECK (mode IN ('split', 'shadow')),
    champion          integer NOT NULL CHECK (champion > 0),
    challenger        integer NOT NULL CHECK (challenger > 0 AND challenger <> champion),
    challenger_digest text NOT NULL CHECK (challenger_digest ~ '^[0-9a-f]{64}$'),
    salt              text NOT NULL CHECK (salt ~ '^[0-9a-f]{32}$'),
    tuning            jsonb NOT NULL DEFAULT '{}',
    started_by        text NOT NULL CHECK (started_by ~ '\S'),
    reason            text NOT NULL CHECK (reason ~ '\S'),
    started_at        timestamptz NOT NULL DEFAULT clock_timestamp(),
    ended_at          timestamptz,
    outcome           text CHECK (outcome IN ('challenger_wins', 'champion_stays', 'stopped')),
    ended_by          text,
    end_reason        text,
    CONSTRAINT an_end_is_whole CHECK ((ended_at IS NULL) = (outcome IS NULL) AND (ended_at IS NULL) = (ended_by IS NULL)
        AND (ended_at IS NULL) = (end_reason IS NULL))
);
CREATE UNIQUE INDEX one_running_experiment ON scoring.experiment (score) WHERE ended_at IS NULL;
COMMENT ON TABLE scoring.experiment IS 'Two versions of a model compared on live customers.';
COMMENT ON COLUMN scoring.experiment.experiment_id IS 'Id of the experiment.';
COMMENT ON COLUMN scoring.experiment.score IS 'Name of the score.';
COMMENT ON COLUMN scoring.experiment.model_name IS 'Registered model.';
COMMENT ON COLUMN scoring.experiment.mode IS 'split: each customer gets the score of one of them; shadow: the challenger scores everybody unseen.';
COMMENT ON COLUMN scoring.experiment.champion IS 'The version in charge when it began.';
COMMENT ON COLUMN scoring.experiment.challenger IS 'The version that it tries.';
COMMENT ON COLUMN scoring.experiment.challenger_digest IS 'SHA-256 of its file.';
COMMENT ON COLUMN scoring.experiment.salt IS 'Which customers get which version is a function of this and the customer id.';
COMMENT ON COLUMN scoring.experiment.tuning IS 'Where each confidence sequence is narrowest, in units of information, by what it is about; set by its first look, then fixed.';
COMMENT ON COLUMN scoring.experiment.started_by IS 'The person, or the rule.';
COMMENT ON COLUMN scoring.experiment.reason IS 'Why it was started.';
COMMENT ON COLUMN scoring.experiment.started_at IS 'When it was started.';
COMMENT ON COLUMN scoring.experiment.ended_at IS 'When it ended; null while it runs.';
COMMENT ON COLUMN scoring.experiment.outcome IS 'challenger_wins, champion_stays, or stopped by a guard or a person.';
COMMENT ON COLUMN scoring.experiment.ended_by IS 'The person, or the rule.';
COMMENT ON COLUMN scoring.experiment.end_reason IS 'Why it ended, in numbers.';

-- The challenger's share of the customers over time; a split has one from its start. Append-only.
CREATE TABLE scoring.experiment_share (
    experiment_id bigint NOT NULL REFERENCES scoring.experiment,
    place         integer NOT NULL,
    share         double precision NOT NULL CHECK (share >= 0 AND share <= 1),
    set_by        text NOT NULL CHECK (set_by ~ '\S'),
    reason        text NOT NULL CHECK (reason ~ '\S'),
    set_at        timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (experiment_id, place)
);
COMMENT ON TABLE scoring.experiment_share IS 'Which share of the customers the challenger of a split gets, since when and by whom.';
COMMENT ON COLUMN scoring.experiment_share.experiment_id IS 'The experiment.';
COMMENT ON COLUMN scoring.experiment_share.place IS 'Order of the changes; 0 is the start.';
COMMENT ON COLUMN scoring.experiment_share.share IS 'The share, 0 to 1.';
COMMENT ON COLUMN scoring.experiment_share.set_by IS 'The person, or the rule.';
COMMENT ON COLUMN scoring.experiment_share.reason IS 'Why.';
COMMENT ON COLUMN scoring.experiment_share.set_at IS 'When; publications planned later have it.';
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON scoring.experiment_share
    FOR EACH ROW EXECUTE FUNCTION scoring.refuse_change();

CREATE TABLE scoring.experiment_look (
    look_id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    experiment_id bigint NOT NULL REFERENCES scoring.experiment,
    as_of         date NOT NULL,
    cohorts       integer NOT NULL CHECK (cohorts > 0),
    champions     bigint NOT NULL CHECK (champions >= 0),
    challengers   bigint NOT NULL CHECK (challengers >= 0),
    metric        text NOT NULL,
    champion      double precision,
    challenger    double precision,
    gain          double precision,
    low           double precision,
    high          double precision,
    explained     double precision,
    state         text NOT NULL CHECK (state IN ('going', 'challenger_wins', 'champion_stays', 'stopped', 'blocked')),
    said          text NOT NULL,
    inputs_digest text NOT NULL CHECK (inputs_digest ~ '^[0-9a-f]{64}$'),
    looked_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT one_look_at_the_same_inputs UNIQUE (experiment_id, inputs_digest)
);
COMMENT ON TABLE scoring.experiment_look IS 'What the outcomes known at a time said of an experiment.';
COMMENT ON COLUMN scoring.experiment_look.look_id IS 'Id of the look.';
COMMENT ON COLUMN scoring.experiment_look.experiment_id IS 'The experiment.';
COMMENT ON COLUMN scoring.experiment_look.as_of IS 'The newest mature cohort that counts.';
COMMENT ON COLUMN scoring.experiment_look.cohorts IS 'How many mature cohorts count.';
COMMENT ON COLUMN scoring.experiment_look.champions IS 'Scores of the champion with a known outcome.';
COMMENT ON COLUMN scoring.experiment_look.challengers IS 'Scores of the challenger with a known outcome.';
COMMENT ON COLUMN scoring.experiment_look.metric IS 'The metric that decides.';
COMMENT ON COLUMN scoring.experiment_look.champion IS 'Its figure of the champion.';
COMMENT ON COLUMN scoring.experiment_look.challenger IS 'Its figure of the challenger.';
COMMENT ON COLUMN scoring.experiment_look.gain IS 'By how much the challenger is better, in units of the metric; negative: worse.';
COMMENT ON COLUMN scoring.experiment_look.low IS 'Lower end of the confidence sequence.';
COMMENT ON COLUMN scoring.experiment_look.high IS 'Upper end of the confidence sequence.';
COMMENT ON COLUMN scoring.experiment_look.explained IS 'Share of the variance that covariates of before the experiment took away.';
COMMENT ON COLUMN scoring.experiment_look.state IS 'going, challenger_wins, champion_stays, stopped or blocked.';
COMMENT ON COLUMN scoring.experiment_look.said IS 'The same in a sentence.';
COMMENT ON COLUMN scoring.experiment_look.inputs_digest IS 'SHA-256 of all that decided it.';
COMMENT ON COLUMN scoring.experiment_look.looked_at IS 'When it was written.';

CREATE TABLE scoring.experiment_check (
    look_id    bigint NOT NULL REFERENCES scoring.experiment_look ON DELETE CASCADE,
    place      integer NOT NULL,
    name       text NOT NULL,
    metric     text NOT NULL DEFAULT '',
    segment    text NOT NULL DEFAULT '',
    champion   double precision,
    challenger double precision,
    value      double precision,
    low        double precision,
    high       double precision,
    bound      double precision,
    passed     boolean NOT NULL,
    said       text NOT NULL,
    PRIMARY KEY (look_id, place)
);
COMMENT ON TABLE scoring.experiment_check IS 'One condition of a look at an experiment, with its numbers.';
COMMENT ON COLUMN scoring.experiment_check.look_id IS 'The look.';
COMMENT ON COLUMN scoring.experiment_check.place IS 'Order in the report.';
COMMENT ON COLUMN scoring.experiment_check.name IS 'What is checked.';
COMMENT ON COLUMN scoring.experiment_check.metric IS 'The metric, if it is about one.';
COMMENT ON COLUMN scoring.experiment_check.segment IS 'Guarded segment, as column=value; empty for all customers.';
COMMENT ON COLUMN scoring.experiment_check.champion IS 'The figure of the champion.';
COMMENT ON COLUMN scoring.experiment_check.challenger IS 'The figure of the challenger.';
COMMENT ON COLUMN scoring.experiment_check.value IS 'What is bounded.';
COMMENT ON COLUMN scoring.experiment_check.low IS 'Lower end of its interval, if it has one.';
COMMENT ON COLUMN scoring.experiment_check.high IS 'Upper end of its interval, if it has one.';
COMMENT ON COLUMN scoring.experiment_check.bound IS 'The bound of the definition.';
COMMENT ON COLUMN scoring.experiment_check.passed IS 'Whether it holds.';
COMMENT ON COLUMN scoring.experiment_check.said IS 'The same in a sentence.';

ALTER TABLE scoring.arm
    ADD experiment_id bigint REFERENCES scoring.experiment,
    ADD share double precision CHECK (share >= 0 AND share <= 1);
COMMENT ON COLUMN scoring.arm.experiment_id IS 'The experiment that splits the customers; null without one.';
COMMENT ON COLUMN scoring.arm.share IS 'Share of the customers that the arm has by the assignment; null without an experiment.';

-- What the challenger of a shadow said of the customers of a publication: nobody but its evaluation reads it.
CREATE TABLE scoring.shadow (
    publication_id bigint NOT NULL REFERENCES scoring.publication ON DELETE CASCADE,
    experiment_id  bigint NOT NULL REFERENCES scoring.experiment,
    rows           bigint NOT NULL CHECK (rows >= 0),
    done_at        timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (publication_id, experiment_id)
);
COMMENT ON TABLE scoring.shadow IS 'Publications that the challenger of a shadow experiment has scored, too.';
COMMENT ON COLUMN scoring.shadow.publication_id IS 'The publication.';
COMMENT ON COLUMN scoring.shadow.experiment_id IS 'The experiment.';
COMMENT ON COLUMN scoring.shadow.rows IS 'Customers scored.';
COMMENT ON COLUMN scoring.shadow.done_at IS 'When it was complete.';

CREATE TABLE scoring.shadow_score (
    publication_id bigint NOT NULL,
    experiment_id  bigint NOT NULL,
    customer_id    text COLLATE "C" NOT NULL,
    value          double precision NOT NULL
) PARTITION BY LIST (publication_id);
COMMENT ON TABLE scoring.shadow_score IS 'The values of a shadow experiment''s challenger; leaves with the publication.';
COMMENT ON COLUMN scoring.shadow_score.publication_id IS 'The publication.';
COMMENT ON COLUMN scoring.shadow_score.experiment_id IS 'The experiment.';
COMMENT ON COLUMN scoring.shadow_score.customer_id IS 'The customer.';
COMMENT ON COLUMN scoring.shadow_score.value IS 'What the challenger said.';

ALTER TABLE scoring.alert DROP CONSTRAINT alert_kind_check;
ALTER TABLE scoring.alert ADD CONSTRAINT alert_kind_check CHECK (kind IN (
    'partition_stopped', 'task_failed', 'score_overdue', 'drift', 'update_needed', 'endpoint_down', 'dead_deliveries',
    'publication_held', 'digest', 'model_promoted', 'approval_waiting', 'alias_moved', 'experiment_ended',
    'experiment_blocked'));
