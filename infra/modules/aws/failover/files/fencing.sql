-- The store enforces the epoch. Both sites carry this schema in every database; it is
-- applied by the migrations of the shop, which also insert the one row of the term.
-- A write names the epoch it believes in (SET fencing.epoch); the guard of each table
-- refuses it unless that epoch is in force, the site is open and its lease runs. The
-- lease is what closes a site that nobody can reach any more.

CREATE SCHEMA fencing;

CREATE TABLE fencing.term (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    site text NOT NULL CHECK (site IN ('primary', 'standby')),
    epoch bigint NOT NULL,
    is_open boolean NOT NULL,
    since timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- A table of its own: renewing it must not wait for the writes that lock the term.
CREATE TABLE fencing.lease (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    ends_at timestamptz NOT NULL
);

INSERT INTO fencing.lease VALUES (true, '-infinity');

CREATE TABLE fencing.heartbeat (
    site text PRIMARY KEY,
    beat_at timestamptz NOT NULL
);

CREATE TABLE fencing.trial (
    epoch bigint PRIMARY KEY,
    tried_at timestamptz NOT NULL
);

-- FOR SHARE, not a plain read: close() waits for writes under way, and a transaction
-- with an older snapshot fails instead of reading the term that was.
CREATE FUNCTION fencing.guard() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    term fencing.term;
    believed bigint := nullif(current_setting('fencing.epoch', true), '')::bigint;
BEGIN
    SELECT * INTO STRICT term FROM fencing.term FOR SHARE;
    IF NOT term.is_open THEN
        RAISE EXCEPTION 'fenced: % is closed since epoch %', term.site, term.epoch
            USING ERRCODE = 'read_only_sql_transaction';
    END IF;
    IF clock_timestamp() > (SELECT ends_at FROM fencing.lease) THEN
        RAISE EXCEPTION 'fenced: the lease of % has ended', term.site
            USING ERRCODE = 'read_only_sql_transaction';
    END IF;
    IF believed IS DISTINCT FROM term.epoch THEN
        RAISE EXCEPTION 'fenced: epoch % is over, % is in force',
            coalesce(believed::text, '(none)'), term.epoch
            USING ERRCODE = 'read_only_sql_transaction';
    END IF;
    RETURN NULL;
END $$;

-- What is guarded is what is published; the term itself is neither.
CREATE PUBLICATION shop;
CREATE PUBLICATION nothing;

-- An ordinary trigger does not fire for rows that replication applies.
CREATE FUNCTION fencing.protect(guarded regclass) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format(
        'CREATE TRIGGER fencing BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON %s '
        'FOR EACH STATEMENT EXECUTE FUNCTION fencing.guard()', guarded);
    EXECUTE format('ALTER PUBLICATION shop ADD TABLE %s', guarded);
END $$;

CREATE VIEW fencing.protected AS
    SELECT t.tgrelid::regclass AS guarded
    FROM pg_trigger t
    WHERE t.tgname = 'fencing' AND t.tgfoid = 'fencing.guard'::regproc;

SELECT fencing.protect('fencing.heartbeat');
SELECT fencing.protect('fencing.trial');

-- Called every second by the scheduler of the site that is open.
CREATE FUNCTION fencing.beat() RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    term fencing.term;
BEGIN
    SELECT * INTO STRICT term FROM fencing.term;
    IF term.is_open AND clock_timestamp() < (SELECT ends_at FROM fencing.lease) THEN
        PERFORM set_config('fencing.epoch', term.epoch::text, true);
        INSERT INTO fencing.heartbeat VALUES (term.site, clock_timestamp())
            ON CONFLICT (site) DO UPDATE SET beat_at = excluded.beat_at;
    END IF;
END $$;

-- The last beat is written once no other write is under way: who has heard it has heard
-- everything.
CREATE FUNCTION fencing.close(new_epoch bigint) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
    term fencing.term;
BEGIN
    SELECT * INTO STRICT term FROM fencing.term FOR UPDATE;
    IF term.epoch > new_epoch THEN
        RAISE EXCEPTION 'epoch % is over, % was reached', new_epoch, term.epoch;
    END IF;
    PERFORM fencing.beat();
    UPDATE fencing.term SET epoch = new_epoch, is_open = false, since = clock_timestamp();
    RETURN new_epoch;
END $$;

-- Subscriptions off first, so that nothing of the old epoch is applied after this.
-- Logical replication does not carry sequences: each starts well above its column.
-- asked_at: see renew().
CREATE FUNCTION fencing.open(new_epoch bigint, lease_s integer, asked_at timestamptz) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
    term fencing.term;
    subscription name;
    owned record;
BEGIN
    SELECT * INTO STRICT term FROM fencing.term FOR UPDATE;
    IF term.epoch > new_epoch THEN
        RAISE EXCEPTION 'epoch % is over, % was reached', new_epoch, term.epoch;
    END IF;
    IF term.is_open AND term.epoch = new_epoch THEN
        RETURN fencing.renew(new_epoch, lease_s, asked_at);
    END IF;
    FOR subscription IN
        SELECT s.subname FROM pg_subscription s
        JOIN pg_database d ON d.oid = s.subdbid AND d.datname = current_database()
        WHERE s.subenabled
    LOOP
        EXECUTE format('ALTER SUBSCRIPTION %I DISABLE', subscription);
    END LOOP;
    FOR owned IN
        SELECT d.objid::regclass AS sequence, d.refobjid::regclass AS relation, a.attname AS attribute
        FROM pg_depend d
        JOIN pg_class c ON c.oid = d.objid AND c.relkind = 'S'
        JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
        WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass
            AND d.deptype IN ('a', 'i')
    LOOP
        EXECUTE format(
            'SELECT setval(%L, greatest(coalesce(max(%I), 0), (SELECT last_value FROM %s)) + 10000) FROM %s',
            owned.sequence, owned.attribute, owned.sequence, owned.relation);
    END LOOP;
    UPDATE fencing.term SET epoch = new_epoch, is_open = true, since = clock_timestamp();
    RETURN fencing.renew(new_epoch, lease_s, asked_at);
END $$;

-- Only the epoch in force is renewed: a keeper that is behind renews nothing. asked_at is
-- this database's own clock, read before the epoch was: the lease runs from there. A site
-- that stood still carries out after its replacement what it was sent before, and must not
-- grant itself another lease by that.
CREATE FUNCTION fencing.renew(current_epoch bigint, lease_s integer, asked_at timestamptz) RETURNS bigint
LANGUAGE plpgsql AS $$
BEGIN
    UPDATE fencing.lease SET ends_at = greatest(ends_at, asked_at + make_interval(secs => lease_s))
        WHERE EXISTS (SELECT FROM fencing.term WHERE is_open AND epoch = current_epoch);
    IF NOT FOUND THEN
        RAISE EXCEPTION 'epoch % is not in force here', current_epoch;
    END IF;
    RETURN current_epoch;
END $$;

CREATE FUNCTION fencing.try_write(believed bigint) RETURNS bigint
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM set_config('fencing.epoch', believed::text, true);
    INSERT INTO fencing.trial VALUES (believed, clock_timestamp())
        ON CONFLICT (epoch) DO UPDATE SET tried_at = excluded.tried_at;
    RETURN believed;
END $$;

-- Seconds since 1970; nothing heard yet is the beginning of time, never now.
CREATE FUNCTION fencing.beat_at() RETURNS numeric
LANGUAGE sql STABLE AS $$
    SELECT coalesce(max(extract(epoch FROM h.beat_at)), 0)
    FROM fencing.heartbeat h JOIN fencing.term t ON t.site = h.site
$$;

CREATE FUNCTION fencing.heard_at() RETURNS numeric
LANGUAGE sql STABLE AS $$
    SELECT coalesce(max(extract(epoch FROM h.beat_at)), 0)
    FROM fencing.heartbeat h JOIN fencing.term t ON t.site <> h.site
$$;

CREATE FUNCTION fencing.rehearse() RETURNS jsonb
LANGUAGE plpgsql STABLE AS $$
DECLARE
    term fencing.term;
    unguarded text;
BEGIN
    SELECT * INTO STRICT term FROM fencing.term;
    SELECT string_agg(c.oid::regclass::text, ', ') INTO unguarded
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition
        AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'fencing', 'cron')
        AND c.oid NOT IN (SELECT guarded FROM fencing.protected);
    IF unguarded IS NOT NULL THEN
        RAISE EXCEPTION 'not guarded: %', unguarded;
    END IF;
    IF NOT term.is_open AND NOT EXISTS (SELECT FROM pg_subscription s
        JOIN pg_database d ON d.oid = s.subdbid AND d.datname = current_database()
        WHERE s.subenabled)
    THEN
        RAISE EXCEPTION '% is closed and hears nobody', term.site;
    END IF;
    RETURN to_jsonb(term);
END $$;

-- Only a closed site throws its copy away, and only in the epoch that closed it.
CREATE FUNCTION fencing.discard(current_epoch bigint) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
    term fencing.term;
    guarded regclass;
BEGIN
    SELECT * INTO STRICT term FROM fencing.term FOR UPDATE;
    IF term.is_open OR term.epoch <> current_epoch THEN
        RAISE EXCEPTION '% is not closed in epoch %', term.site, current_epoch;
    END IF;
    FOR guarded IN SELECT p.guarded FROM fencing.protected p LOOP
        EXECUTE format('ALTER TABLE %s DISABLE TRIGGER fencing', guarded);
    END LOOP;
    EXECUTE (SELECT format('TRUNCATE %s', string_agg(p.guarded::text, ', ')) FROM fencing.protected p);
    FOR guarded IN SELECT p.guarded FROM fencing.protected p LOOP
        EXECUTE format('ALTER TABLE %s ENABLE TRIGGER fencing', guarded);
    END LOOP;
    RETURN current_epoch;
END $$;

CREATE FUNCTION fencing.unseeded() RETURNS bigint
LANGUAGE sql STABLE AS $$
    SELECT count(*) FROM pg_subscription_rel WHERE srsubstate <> 'r'
$$;

-- Independent of the order of rows; a sum of hashes is enough to find, not to prove.
CREATE FUNCTION fencing.fingerprint() RETURNS jsonb
LANGUAGE plpgsql STABLE AS $$
DECLARE
    guarded regclass;
    counted jsonb;
    all_of_them jsonb := '{}';
BEGIN
    FOR guarded IN
        SELECT p.guarded FROM fencing.protected p
        WHERE p.guarded <> 'fencing.heartbeat'::regclass ORDER BY p.guarded::text
    LOOP
        EXECUTE format(
            'SELECT jsonb_build_array(count(*), coalesce(sum(hashtextextended(t::text, 0)), 0)) FROM %s t', guarded)
            INTO counted;
        all_of_them := all_of_them || jsonb_build_object(guarded::text, counted);
    END LOOP;
    RETURN all_of_them;
END $$;
