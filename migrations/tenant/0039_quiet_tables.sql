-- Tables that change all the time and whose statistics change no plan: what is asked of them goes by index whatever they hold (`access::pool`). An analysis tells
-- every connection to read their description anew; of a thousand organizations at work at once, thousands within seconds, after which each connection has to
-- read everything anew, again and again. The rows that change hold a few numbers, and their old versions are taken away by whoever writes the next.
alter table access_decisions set (autovacuum_analyze_threshold = 1000000, autovacuum_vacuum_threshold = 10000);
alter table audit_entries set (autovacuum_analyze_threshold = 1000000);
alter table audit_head set (autovacuum_analyze_threshold = 1000000, autovacuum_vacuum_threshold = 10000);
