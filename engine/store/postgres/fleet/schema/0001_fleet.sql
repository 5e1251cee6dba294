-- The processes of one fleet, and what they share: who works on which pair is in each pair's own
-- tables (leader).

CREATE TABLE fleet_version (version integer NOT NULL);
INSERT INTO fleet_version VALUES (0);

CREATE TABLE member (
    id text PRIMARY KEY,
    holder text NOT NULL,
    weight double precision NOT NULL CHECK (weight > 0),
    takes text NOT NULL CHECK (takes IN ('files', 'rows')),
    -- Weight by name.
    pairs jsonb NOT NULL,
    until timestamptz NOT NULL
);

CREATE TABLE pair (
    name text PRIMARY KEY,
    -- NULL where the configuration is a file on each machine.
    config text,
    paused boolean NOT NULL DEFAULT false,
    changed_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- Requests of the last hour that each process has sent for a user of the target.
CREATE TABLE drawn (
    account text NOT NULL,
    member text NOT NULL,
    -- Number by the minute since the epoch.
    minutes jsonb NOT NULL,
    told_at timestamptz NOT NULL,
    PRIMARY KEY (account, member)
);

-- The newest that any process was told of the target's own window.
CREATE TABLE allowance (
    account text PRIMARY KEY,
    allowed bigint,
    remaining bigint NOT NULL,
    -- Unix seconds.
    reset_at double precision NOT NULL,
    told_at timestamptz NOT NULL
);

-- Renew the leases of many pairs in one transaction; those that are another's by now, or whose
-- tables are gone, are left out.
CREATE FUNCTION renew(schemas text[], numbers bigint[], lasts_s double precision)
RETURNS SETOF text
LANGUAGE plpgsql AS $$
DECLARE
    one record;
    found_one bigint;
BEGIN
    FOR one IN
        SELECT s.name, s.number FROM unnest(schemas, numbers) AS s (name, number) ORDER BY s.name
    LOOP
        BEGIN
            EXECUTE format(
                'UPDATE %I.leader SET until = clock_timestamp() + make_interval(secs => $1)'
                ' WHERE number = $2 RETURNING number', one.name
            ) INTO found_one USING lasts_s, one.number;
            IF found_one IS NOT NULL THEN
                RETURN NEXT one.name;
            END IF;
        EXCEPTION WHEN undefined_table OR invalid_schema_name OR insufficient_privilege THEN
            NULL;
        END;
    END LOOP;
END
$$;
