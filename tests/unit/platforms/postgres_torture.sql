-- What PostgreSQL can be asked to keep, each at least once, and awkwardly where it can be.
CREATE EXTENSION citext;
CREATE EXTENSION hstore;
CREATE EXTENSION btree_gist;
CREATE SCHEMA "other Schema";
CREATE EXTENSION ltree SCHEMA "other Schema";
CREATE COLLATION loose (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
CREATE TYPE mood AS ENUM ('sad', 'so so', 'it''s "fine"', '');
COMMENT ON TYPE mood IS 'how one is';
CREATE TYPE "other Schema"."Level" AS ENUM ('low', 'high');
CREATE DOMAIN price AS numeric(12,2) NOT NULL DEFAULT 9.99 CONSTRAINT positive CHECK (VALUE >= 0);
COMMENT ON DOMAIN price IS 'what it costs';
COMMENT ON CONSTRAINT positive ON DOMAIN price IS 'never below';
CREATE DOMAIN gross AS price CHECK (VALUE < 1000000);
CREATE DOMAIN tags AS text[] CHECK (cardinality(VALUE) < 10);
CREATE DOMAIN loosely AS text COLLATE loose;
CREATE DOMAIN raw AS bytea;
CREATE TYPE spot AS (x int, "the y" text COLLATE "C", how mood);
COMMENT ON COLUMN spot."the y" IS 'upwards';
CREATE DOMAIN where_at AS spot CHECK ((VALUE).x > 0);
CREATE TYPE span AS RANGE (SUBTYPE = float8, SUBTYPE_DIFF = float8mi, MULTIRANGE_TYPE_NAME = spans);
CREATE TYPE words AS RANGE (SUBTYPE = text, COLLATION = "C");

CREATE SEQUENCE free START 100 INCREMENT 5 MINVALUE 10 MAXVALUE 100000 CACHE 7 CYCLE;
COMMENT ON SEQUENCE free IS 'nobody''s';
CREATE SEQUENCE downwards AS smallint INCREMENT -1 MINVALUE -32000 MAXVALUE -1 START -1;

CREATE TABLE people (
    id serial PRIMARY KEY,
    name varchar(60) NOT NULL DEFAULT 'nobody',
    mail citext COLLATE "C" UNIQUE,
    how mood NOT NULL DEFAULT 'so so',
    hows mood[] DEFAULT '{sad}',
    level "other Schema"."Level",
    paid gross,
    labels tags DEFAULT ARRAY['a', 'b'],
    loose text COLLATE loose,
    loosely loosely,
    raw raw,
    spot spot, at where_at, spots spot[],
    span span, spans spans, words words,
    days daterange DEFAULT daterange(CURRENT_DATE, NULL), number int4range,
    attributes hstore DEFAULT ''::hstore,
    path "other Schema".ltree,
    noted timestamptz(3) NOT NULL DEFAULT now(),
    shout text GENERATED ALWAYS AS (upper(name)) STORED,
    parent int CONSTRAINT "their parent" REFERENCES people ON DELETE SET NULL DEFERRABLE INITIALLY DEFERRED,
    down smallint NOT NULL DEFAULT nextval('downwards'),
    document jsonb DEFAULT '{"a": [1, "it''s"]}',
    amount numeric, share real, double double precision, fixed char(4),
    address inet, flags bit(3), free_numbers bit varying(9), money money, plain xml,
    at_noon timetz DEFAULT '12:00+02', lasting interval day to second(2), grid int[][], "char" "char",
    CONSTRAINT "named; check" CHECK (name <> 'x; DROP TABLE people' AND parent <> id),
    CONSTRAINT "other -- name" UNIQUE (name, mail) INCLUDE (how) DEFERRABLE
);
COMMENT ON TABLE people IS 'who''s who';
COMMENT ON COLUMN people.name IS E'a \\ and a ''quote''\nand a line';
COMMENT ON CONSTRAINT "named; check" ON people IS 'odd';
COMMENT ON CONSTRAINT "their parent" ON people IS 'a self-reference';
COMMENT ON CONSTRAINT "other -- name" ON people IS 'twice';
ALTER SEQUENCE people_id_seq INCREMENT 3 MAXVALUE 30000;
CREATE INDEX "an index" ON people USING btree (lower(name) COLLATE "C" text_pattern_ops DESC NULLS LAST, parent) INCLUDE (paid)
    WITH (fillfactor = 70) WHERE name IS NOT NULL AND how <> 'sad';
COMMENT ON INDEX "an index" IS 'quick';
CREATE INDEX ON people USING gin (labels);
CREATE INDEX ON people USING gin (document jsonb_path_ops);
CREATE INDEX ON people USING gist (span);
CREATE INDEX ON people USING hash (name);
CREATE INDEX ON people USING brin (noted) WITH (pages_per_range = 8);
CREATE INDEX ON people (noted DESC, id NULLS FIRST, name COLLATE "C");
CREATE UNIQUE INDEX only_happy ON people ((document ->> 'a'), (id + 1)) WHERE how = 'sad';
ALTER TABLE people ADD CONSTRAINT at_once EXCLUDE USING gist (parent WITH =, number WITH &&)
    WHERE (number IS NOT NULL) DEFERRABLE INITIALLY DEFERRED;
INSERT INTO people (name, mail, how, hows, level, paid, labels, loose, loosely, raw, spot, at, spots, span, spans, words, number,
    attributes, path, parent, amount, share, double, fixed, address, flags, free_numbers, money, plain, lasting, grid, "char")
VALUES ('Zoë', 'Z@x', 'it''s "fine"', '{sad,NULL,"so so"}', 'high', 1.50, '{x,NULL,"",NULL}', 'Straße', 'STRASSE', '\x00ff',
    '(1,"a,b",sad)', '(7,,)', '{"(1,,)",NULL}', '[1,2)', '{[1,2),[3,)}', '[a,b)', '[1,5)', 'a=>NULL, "b c"=>"\"x"', 'a.b',
    NULL, 1.000, '-0', '-0', 'ab', '10.0.0.1/8', '101', '1', '1.23', '<a b="1"/>', '1 day 02:03:04.5', '[0:1][5:5]={{1},{2}}', 'x'),
    ('', '', '', '{}', 'low', 0, '{}', '', '', '', '(,,)', NULL, '{}', 'empty', '{}', 'empty', '[5,9)', '', '',
    1, 'NaN', 'NaN', 'Infinity', '', '::1', '000', '', NULL, '', '-1 day', '{}', ''),
    ('\N', NULL, 'sad', NULL, NULL, 3, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 4,
    '-Infinity', '3.4028235e+38', '5e-324', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);

CREATE TABLE "Mixed Case; -- ""quoted""" (
    "Id" bigint GENERATED ALWAYS AS IDENTITY (START WITH 1000 INCREMENT BY 10 CACHE 5) PRIMARY KEY,
    "select" int GENERATED BY DEFAULT AS IDENTITY,
    "a_name_of_sixty_three_bytes_which_is_as_long_as_the_server_takes" text
);
INSERT INTO "Mixed Case; -- ""quoted""" ("a_name_of_sixty_three_bytes_which_is_as_long_as_the_server_takes")
SELECT n FROM generate_series(1, 20) n;

CREATE TABLE "other Schema".pairs (
    a int, b int, c int, mark text,
    CONSTRAINT pairs_pkey PRIMARY KEY (b, a),
    CONSTRAINT distinctly UNIQUE NULLS NOT DISTINCT (c)
);
CREATE TABLE "other Schema".halves (
    a int, b int, c int, id uuid DEFAULT gen_random_uuid(),
    CONSTRAINT both_or_none FOREIGN KEY (b, a) REFERENCES "other Schema".pairs MATCH FULL ON UPDATE CASCADE,
    CONSTRAINT some_of_them FOREIGN KEY (b, a) REFERENCES "other Schema".pairs ON DELETE SET NULL (a),
    CONSTRAINT to_a_unique FOREIGN KEY (c) REFERENCES "other Schema".pairs (c) ON DELETE SET DEFAULT ON UPDATE RESTRICT
);
INSERT INTO "other Schema".pairs VALUES (1, 2, 3, 'x'), (2, 1, NULL, '');
INSERT INTO "other Schema".halves (a, b, c) VALUES (1, 2, 3), (NULL, NULL, NULL);
ALTER TABLE "other Schema".halves ADD CONSTRAINT never CHECK (a > 5) NOT VALID;
ALTER TABLE "other Schema".halves ADD CONSTRAINT never_there FOREIGN KEY (a) REFERENCES people NOT VALID;

CREATE TABLE hens (id int PRIMARY KEY, egg int NOT NULL);
CREATE TABLE eggs (id int PRIMARY KEY, hen int NOT NULL REFERENCES hens DEFERRABLE);
INSERT INTO hens VALUES (1, 1);
INSERT INTO eggs VALUES (1, 1);
ALTER TABLE hens ADD FOREIGN KEY (egg) REFERENCES eggs DEFERRABLE INITIALLY DEFERRED;

CREATE TABLE sales (id bigint, at date NOT NULL, place text DEFAULT 'x', PRIMARY KEY (id, at, place),
    CHECK (at > '1999-01-01')) PARTITION BY RANGE (at);
CREATE TABLE sales_old PARTITION OF sales FOR VALUES FROM (MINVALUE) TO ('2020-01-01');
CREATE TABLE sales_new PARTITION OF sales FOR VALUES FROM ('2020-01-01') TO ('2030-01-01') PARTITION BY LIST (place);
CREATE TABLE "other Schema".sales_paris PARTITION OF sales_new FOR VALUES IN ('Paris', 'it''s; --');
CREATE TABLE sales_elsewhere PARTITION OF sales_new DEFAULT PARTITION BY HASH (id);
CREATE TABLE sales_0 PARTITION OF sales_elsewhere FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE sales_1 PARTITION OF sales_elsewhere FOR VALUES WITH (MODULUS 2, REMAINDER 1);
CREATE INDEX sales_by_place ON sales (place);
INSERT INTO sales SELECT n, date '2019-06-01' + n * 30, (ARRAY['Paris', 'it''s; --', 'Lyon'])[n % 3 + 1] FROM generate_series(1, 30) n;
CREATE TABLE by_expression (a text, b int) PARTITION BY RANGE (lower(a) COLLATE "C", (b + 1));
CREATE TABLE by_expression_all PARTITION OF by_expression FOR VALUES FROM (MINVALUE, MINVALUE) TO (MAXVALUE, MAXVALUE);
INSERT INTO by_expression VALUES ('A', 1), ('b', 2);

ALTER TABLE sales_old ADD CONSTRAINT "only old" CHECK (at < '2020-01-01'), ADD CONSTRAINT own_unique UNIQUE (at, id);
COMMENT ON CONSTRAINT "only old" ON sales_old IS 'of its own';
CREATE INDEX "own, too" ON sales_0 (upper(place)) WHERE id > 3;
CREATE TABLE marks (id int, mark text DEFAULT '-') PARTITION BY HASH (id);
CREATE TABLE marks_0 PARTITION OF marks (PRIMARY KEY (id)) FOR VALUES WITH (MODULUS 1, REMAINDER 0);
INSERT INTO marks VALUES (1), (2);

CREATE TABLE beasts (id int, name text NOT NULL DEFAULT 'beast', CONSTRAINT named CHECK (name <> ''),
    CONSTRAINT nobody CHECK (false) NO INHERIT);
CREATE TABLE dogs (bark text, CONSTRAINT loud CHECK (bark <> '')) INHERITS (beasts);
CREATE TABLE puppies (age int) INHERITS (dogs);
ALTER TABLE puppies ALTER name SET DEFAULT 'puppy';
INSERT INTO dogs VALUES (1, 'Rex', 'wuff'), (2, 'Rex', NULL);
INSERT INTO puppies (id) VALUES (3);

CREATE UNLOGGED TABLE scratch (id serial, note text) WITH (fillfactor = 50, autovacuum_enabled = off);
INSERT INTO scratch (note) VALUES ('x');
CREATE TABLE "a Whole" (whole beasts, wholes "other Schema".pairs[]);
INSERT INTO "a Whole" VALUES ('(1,Rex)', '{"(1,2,3,x)"}');
CREATE TABLE without_columns ();
INSERT INTO without_columns SELECT FROM generate_series(1, 3);
CREATE TABLE computed (a int GENERATED ALWAYS AS (1 + 1) STORED);
INSERT INTO computed DEFAULT VALUES;
CREATE TABLE without_rows (a int, b text DEFAULT 'x' || 'y');
CREATE TABLE without_key (a int, b text);
INSERT INTO without_key VALUES (1, 'twice'), (1, 'twice'), (NULL, NULL);
CREATE VIEW seen AS SELECT name FROM people;
ALTER DOMAIN raw ADD CONSTRAINT never_that_long CHECK (length(VALUE) > 99) NOT VALID;
