-- An act stands in the log before the entry of a change to what may be done in the organization, or not at all: it is refused its entry when the epoch that it was
-- begun at has passed. `p_epoch` null: at any epoch.
drop function audit_append(timestamptz, text[], text[], text[], text[], text[], text[], text[], text[], text[], text[], text[], text[], text[]);
create function audit_append(
    p_at timestamptz, p_actor_kind text[], p_actor_id text[], p_actor text[], p_credential_id text[],
    p_action text[], p_subject_kind text[], p_subject_id text[], p_subject_name text[],
    p_outcome text[], p_detail text[], p_request_id text[], p_address text[], p_text text[],
    p_epoch bigint default null
) returns bigint
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    head {schema}.audit_head%rowtype;
    micros text;
    entry text;
    hashes bytea[] := '{}';
begin
    select * into strict head from {schema}.audit_head for update;
    -- Whoever raised the epoch has the entry of it before this one: it is committed, and seen, by whoever has the lock now.
    if p_epoch is distinct from coalesce((select t.authz_epoch from public.tenants t where t.id = '{tenant}'), -1) and p_epoch is not null then
        raise exception 'the epoch is not % any more', p_epoch using errcode = 'AS001';
    end if;
    head.at := greatest(head.at, date_trunc('microseconds', p_at));
    micros := {schema}.audit_field((extract(epoch from head.at) * 1000000)::bigint::text);
    for i in 1 .. cardinality(p_text) loop
        entry := '13:assay-audit-1,36:{tenant},' || {schema}.audit_field((head.seq + i)::text) || micros || p_text[i];
        head.hash := sha256('chain1'::bytea || head.hash || sha256('\x00'::bytea || convert_to(entry, 'UTF8')));
        hashes := hashes || head.hash;
    end loop;
    insert into {schema}.audit_entries
    select head.seq + e.place, head.at, e.actor_kind, e.actor_id, e.actor, e.credential_id, e.action,
        e.subject_kind, e.subject_id, e.subject_name, e.outcome, e.detail, e.request_id, e.address, e.hash
    from unnest(p_actor_kind, p_actor_id, p_actor, p_credential_id, p_action, p_subject_kind, p_subject_id, p_subject_name,
            p_outcome, p_detail, p_request_id, p_address, hashes) with ordinality
        as e (actor_kind, actor_id, actor, credential_id, action, subject_kind, subject_id, subject_name,
            outcome, detail, request_id, address, hash, place)
    order by e.place;
    head.seq := head.seq + cardinality(p_text);
    update {schema}.audit_head set seq = head.seq, at = head.at, hash = head.hash;
    return head.seq;
end $$;
