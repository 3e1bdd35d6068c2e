-- Endpoints say how they are told; a refused delivery can be split into parts.

-- "secret" names the place where an entry point finds address and secret (in Airflow: a connection); they are not here.
-- Without one it is named like the endpoint.
ALTER TABLE scoring.endpoint
    ADD COLUMN adapter text NOT NULL DEFAULT 'webhook',
    ADD COLUMN secret  text;

-- A split delivery is over: its parts carry its events.
ALTER TABLE scoring.delivery
    ADD COLUMN split_from uuid REFERENCES scoring.delivery,
    DROP CONSTRAINT delivery_state_check,
    ADD CONSTRAINT delivery_state_check CHECK (state IN ('pending', 'delivered', 'dead', 'split'));
CREATE INDEX delivery_parts ON scoring.delivery (endpoint) WHERE state = 'pending' AND split_from IS NOT NULL;
CREATE INDEX delivery_taken ON scoring.delivery (endpoint, delivered_at) WHERE state = 'delivered';
