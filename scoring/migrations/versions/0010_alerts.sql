-- Facts that people must be told, and publications that are held back from the CRM until a person decides.

CREATE TABLE scoring.alert (
    alert_id  bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind      text NOT NULL CHECK (kind IN ('partition_stopped', 'task_failed', 'score_overdue', 'drift', 'update_needed',
                                            'endpoint_down', 'dead_deliveries', 'publication_held', 'digest')),
    key       text COLLATE "C" NOT NULL,
    owner     text NOT NULL,
    title     text NOT NULL,
    text      text NOT NULL,
    remedy    text NOT NULL,
    noted_at  timestamptz NOT NULL DEFAULT now(),
    routed_at timestamptz,
    CONSTRAINT one_alert_per_fact UNIQUE (kind, key)
);
CREATE INDEX alert_unrouted ON scoring.alert (alert_id) WHERE routed_at IS NULL;
COMMENT ON TABLE scoring.alert IS 'A fact that people must be told; written by the transaction in which it becomes true.';
COMMENT ON COLUMN scoring.alert.alert_id IS 'Stands in every message as "alert-<id>"; the same in every try.';
COMMENT ON COLUMN scoring.alert.kind IS 'What kind of fact it is.';
COMMENT ON COLUMN scoring.alert.key IS 'Names the fact among those of its kind, so that it is noted once.';
COMMENT ON COLUMN scoring.alert.owner IS 'Whose it is: the owner in the definition; "scoring" for the installation itself.';
COMMENT ON COLUMN scoring.alert.title IS 'One line.';
COMMENT ON COLUMN scoring.alert.text IS 'What is the case.';
COMMENT ON COLUMN scoring.alert.remedy IS 'What to do about it.';
COMMENT ON COLUMN scoring.alert.noted_at IS 'When it became true.';
COMMENT ON COLUMN scoring.alert.routed_at IS 'When the channels of its owner were looked up; null until then.';

CREATE TABLE scoring.alert_sending (
    alert_id          bigint NOT NULL REFERENCES scoring.alert,
    channel           text COLLATE "C" NOT NULL,
    state             text NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'sent', 'dead')),
    attempts          integer NOT NULL DEFAULT 0,
    attempts_forgiven integer NOT NULL DEFAULT 0,
    next_attempt_at   timestamptz NOT NULL DEFAULT now(),
    last_error        text,
    sent_at           timestamptz,
    PRIMARY KEY (alert_id, channel),
    CHECK ((state = 'sent') = (sent_at IS NOT NULL)),
    CHECK (attempts_forgiven BETWEEN 0 AND attempts)
);
CREATE INDEX alert_sending_due ON scoring.alert_sending (channel, next_attempt_at) WHERE state = 'pending';
CREATE INDEX alert_sending_dead ON scoring.alert_sending (alert_id) WHERE state = 'dead';
COMMENT ON TABLE scoring.alert_sending IS 'An alert on its way to one channel of its owner.';
COMMENT ON COLUMN scoring.alert_sending.alert_id IS 'The alert.';
COMMENT ON COLUMN scoring.alert_sending.channel IS
    'Name of the channel: the owner in SCORING_CHANNELS and a position, or a local one; never an address.';
COMMENT ON COLUMN scoring.alert_sending.state IS 'pending: it is sent or tried again; dead: the last try failed.';
COMMENT ON COLUMN scoring.alert_sending.attempts IS 'Tries so far.';
COMMENT ON COLUMN scoring.alert_sending.attempts_forgiven IS 'Tries before the last replay; they use up no try of the schedule.';
COMMENT ON COLUMN scoring.alert_sending.next_attempt_at IS 'When a pending one is due.';
COMMENT ON COLUMN scoring.alert_sending.last_error IS 'Why the last try failed; null if it did not.';
COMMENT ON COLUMN scoring.alert_sending.sent_at IS 'When the channel took it.';

CREATE TABLE scoring.alert_attempt (
    alert_id     bigint NOT NULL,
    channel      text COLLATE "C" NOT NULL,
    attempt      integer NOT NULL CHECK (attempt > 0),
    attempted_at timestamptz NOT NULL,
    error        text,
    seconds      double precision NOT NULL,
    PRIMARY KEY (alert_id, channel, attempt),
    FOREIGN KEY (alert_id, channel) REFERENCES scoring.alert_sending
);
COMMENT ON TABLE scoring.alert_attempt IS 'A try to send an alert to a channel.';
COMMENT ON COLUMN scoring.alert_attempt.alert_id IS 'The alert.';
COMMENT ON COLUMN scoring.alert_attempt.channel IS 'The channel, as in alert_sending.';
COMMENT ON COLUMN scoring.alert_attempt.attempt IS 'Counts from 1.';
COMMENT ON COLUMN scoring.alert_attempt.attempted_at IS 'When the try began.';
COMMENT ON COLUMN scoring.alert_attempt.error IS 'Why it failed; null if the channel took it.';
COMMENT ON COLUMN scoring.alert_attempt.seconds IS 'How long it took.';

CREATE TABLE scoring.hold (
    hold_id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    publication_id bigint NOT NULL,
    score          text NOT NULL,
    as_of          date NOT NULL,
    changed        bigint NOT NULL CHECK (changed > 0),
    rows           bigint NOT NULL CHECK (rows > 0),
    most_changed   double precision NOT NULL,
    state          text NOT NULL DEFAULT 'held' CHECK (state IN ('held', 'confirmed', 'rejected', 'overtaken')),
    held_at        timestamptz NOT NULL DEFAULT now(),
    decided_at     timestamptz,
    decided_by     text CHECK (decided_by <> ''),
    reason         text,
    CHECK ((state = 'held') = (decided_at IS NULL)),
    CHECK ((state IN ('confirmed', 'rejected')) = (decided_by IS NOT NULL))
);
CREATE UNIQUE INDEX one_open_hold ON scoring.hold (publication_id) WHERE state = 'held';
CREATE INDEX hold_publication ON scoring.hold (publication_id, hold_id);
COMMENT ON TABLE scoring.hold IS 'A publication whose changes are not told to the CRM until a person decides; kept for good.';
COMMENT ON COLUMN scoring.hold.hold_id IS 'Counts up.';
COMMENT ON COLUMN scoring.hold.publication_id IS 'The publication; it may have been dropped since.';
COMMENT ON COLUMN scoring.hold.score IS 'Its score.';
COMMENT ON COLUMN scoring.hold.as_of IS 'Its date.';
COMMENT ON COLUMN scoring.hold.changed IS 'Customers whose change would have been told.';
COMMENT ON COLUMN scoring.hold.rows IS 'Customers of the publication.';
COMMENT ON COLUMN scoring.hold.most_changed IS 'The limit of the definition then: a share of the customers.';
COMMENT ON COLUMN scoring.hold.state IS
    'held; confirmed or rejected by a person; overtaken: the CRM was told of another publication, this one was dropped, or '
    'it is within the limit now.';
COMMENT ON COLUMN scoring.hold.held_at IS 'When it was published.';
COMMENT ON COLUMN scoring.hold.decided_at IS 'When that ended.';
COMMENT ON COLUMN scoring.hold.decided_by IS 'The person who confirmed or rejected it.';
COMMENT ON COLUMN scoring.hold.reason IS 'What that person wrote.';
