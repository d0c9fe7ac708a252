-- What an organization may store (infra/decisions/0038-storage-quotas.md).

alter table public.tenants
    -- Bytes; null: without a limit.
    add column storage_quota bigint constraint tenants_storage_quota check (storage_quota >= 0);
