-- Owners decide which provider vouches for members. (A new organization gets its rows when it is founded.)
insert into role_permissions (role, permission)
select distinct role, 'identity:write' from role_permissions where role = 'owner';
