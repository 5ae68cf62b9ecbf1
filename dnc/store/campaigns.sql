-- Briefs of campaigns, each version a row and the newest last; one without a text says that the campaign was removed. And
-- what a key may do, as words separated by commas. Older stores get both with their next change.
create table if not exists campaigns (name varchar, version integer, sha256 varchar, text varchar, added_at timestamp);
alter table keys add column if not exists rights varchar
