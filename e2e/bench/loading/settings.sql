CREATE SCHEMA history;

CREATE TABLE history.settings (
  batches integer NOT NULL,
  live_batches integer NOT NULL,
  tasks integer GENERATED ALWAYS AS (batches * 100) STORED,
  started_ms bigint NOT NULL DEFAULT floor(extract(epoch FROM now() - interval '30 days 20 minutes')) * 1000,
  on_start bytea NOT NULL,
  on_success bytea NOT NULL,
  origin text NOT NULL,
  lane uuid NOT NULL,
  kinds text[] NOT NULL DEFAULT '{extract,transform,load,verify,notify,resize,transcode,thumbnail,publish,archive,
    crawl,parse,index,rank,report,invoice,charge,refund,reconcile,export}',
  entities text[] NOT NULL DEFAULT '{orders,customers,payments,parcels,articles,videos,sessions,ledgers}',
  regions text[] NOT NULL DEFAULT '{eu-west,eu-north,us-east,ap-south}'
);
