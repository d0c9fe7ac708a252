-- What older files said in more policies, in organizations that were made with them: one where a project's table had four, and none where nothing is shown by a link.
do $do$
declare
    held record;
    tables constant oid[] := array(
        select d.objid from pg_depend d
        where d.refclassid = 'pg_namespace'::regclass and d.refobjid = '{schema}'::regnamespace and d.classid = 'pg_class'::regclass
    );
    own constant text := $$nullif(current_setting('app.tenant_id', true), '') = '{tenant}'$$;
begin
    for held in
        select c.relname, pg_get_expr(p.polqual, p.polrelid) as see, pg_get_expr(p.polwithcheck, p.polrelid) as change
        from pg_policy p join pg_class c on c.oid = p.polrelid
        where p.polrelid = any (tables) and p.polname = 'project_change' and c.relname <> 'projects'
    loop
        execute format('drop policy project_see on {schema}.%1$I; drop policy project_change on {schema}.%1$I; drop policy project_add on {schema}.%1$I; '
            'drop policy project_remove on {schema}.%1$I; create policy project_rows on {schema}.%1$I as restrictive to assay_part using (%2$s) with check (%3$s)',
            held.relname, held.see, held.change);
    end loop;
    for held in
        select c.relname, pg_get_expr(p.polqual, p.polrelid) as shown
        from pg_policy p join pg_class c on c.oid = p.polrelid
        where p.polrelid = any (tables) and p.polname = 'link_see' and not p.polpermissive
    loop
        execute format('drop policy link_see on {schema}.%I', held.relname);
        if held.shown <> 'false' then
            execute format('create policy link_see on {schema}.%I for select to assay_link using (%s and (%s))', held.relname, own, held.shown);
        end if;
    end loop;
    -- Who comes by a link may ask every table; what it shows is for the policies to say.
    for held in
        select c.relname from pg_class c
        where c.oid = any (tables) and c.relkind = 'r' and c.relforcerowsecurity and not has_table_privilege('assay_link', c.oid, 'select')
    loop
        execute format('grant select on {schema}.%I to assay_link', held.relname);
    end loop;
    for held in
        select c.relname from pg_policy p join pg_class c on c.oid = p.polrelid
        where p.polrelid = any (tables) and p.polname = 'gate' and 0 = any (p.polroles)
    loop
        execute format('alter policy gate on {schema}.%I to assay_app', held.relname);
    end loop;
end $do$;

-- Of organizations that have it still.
create or replace function link_shows(held_in text, shown text) returns void language plpgsql as $$
begin
    execute format('create policy link_see on {schema}.%I for select to assay_link using (%s and (%s))', held_in,
        $own$nullif(current_setting('app.tenant_id', true), '') = '{tenant}'$own$, shown);
end $$;
