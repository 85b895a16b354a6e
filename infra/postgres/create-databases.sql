-- The bank's three databases and the shop's, made where they are missing. They may live in clusters of their own: nothing joins across them.
-- Card numbers exist only in the vault, so it can be given its own users, its own backups and its own machine.
select format('create database %I', wanted)
from unnest(array['codebank_events', 'codebank_vault', 'codebank_read', 'codebank_store']) as wanted
where not exists (select from pg_database where datname = wanted)
\gexec
