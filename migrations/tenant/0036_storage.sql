-- How much the organization stores (infra/decisions/0038-storage-quotas.md): each content once, and parts that wait for the rest of their file.

create table storage (
    one boolean primary key default true check (one),
    -- Bytes. Triggers alone write it.
    bytes bigint not null check (bytes >= 0)
);

-- Bytes of the parts that have come; of one that came again, of both.
alter table artifact_uploads add column size bigint not null default 0 check (size >= 0);
grant update (size) on artifact_uploads to assay_job;

-- Under the lock of the one row: what is stored side by side is counted one after the other.
create function count_storage() returns trigger language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    update {schema}.storage set bytes = bytes + coalesce(new.size, 0) - coalesce(old.size, 0);
    return null;
end $$;
create trigger count_storage after insert or delete or update of size on blobs for each row execute function count_storage();
create trigger count_storage after delete or update of size on artifact_uploads for each row execute function count_storage();

-- Nobody stores anything from here to the end of the transaction: the triggers wait for whoever does, and have them wait.
insert into storage (bytes) select coalesce(sum(size), 0) from blobs;

-- What is stored, and what may be. Whoever stores a file asks, also who sees nothing else of the organization.
create function stored() returns table (bytes bigint, quota bigint) language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select s.bytes, (select t.storage_quota from public.tenants t where t.id = '{tenant}') from {schema}.storage s
$$;
