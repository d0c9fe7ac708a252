begin;
select set_config('search_path', 'ceiling', true), set_config('app.tenant_id', 'ceiling', true);
insert into points (run, key, value) values (gen_random_uuid(), 'loss', random());
commit;
