-- Briefs of campaigns, and what a key may do, as words separated by commas.
create table if not exists campaigns (name varchar, sha256 varchar, text varchar, added_at timestamp);
alter table keys add column if not exists rights varchar
