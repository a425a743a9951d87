-- Everything MariaDB 10.11 can declare, and values at the edges of it. One statement ends with its line.
SET sql_mode = 'NO_AUTO_VALUE_ON_ZERO,ALLOW_INVALID_DATES,NO_ENGINE_SUBSTITUTION', time_zone = '+00:00';
CREATE SEQUENCE `order numbers` START WITH 100 INCREMENT BY 5 MINVALUE 10 MAXVALUE 99999 CACHE 20 CYCLE COMMENT 'of ours; and ''theirs''';
CREATE SEQUENCE downwards START WITH -1 INCREMENT BY -1 MINVALUE -1000 MAXVALUE -1 NOCACHE;
CREATE TABLE numbers (
  id INT(8) UNSIGNED ZEROFILL NOT NULL AUTO_INCREMENT PRIMARY KEY,
  tiny TINYINT(1) UNSIGNED, small SMALLINT(5) ZEROFILL, medium MEDIUMINT, big BIGINT UNSIGNED, signed_big BIGINT(20),
  widest DECIMAL(65,30) UNSIGNED, money DECIMAL(12,2) ZEROFILL, f FLOAT, f73 FLOAT(7,3) UNSIGNED, d DOUBLE, d2 DOUBLE(20,4) UNSIGNED ZEROFILL,
  bit_one BIT(1) DEFAULT b'1', bits BIT(63), all_bits BIT(64), y YEAR(4), flag BOOLEAN NOT NULL DEFAULT FALSE
) ENGINE=InnoDB COMMENT='back\\slash ''quote'' "double" `tick`\n; -- # /* é😀';
INSERT INTO numbers VALUES (0, 255, 32767, -8388608, 18446744073709551615, -9223372036854775808, REPEAT('9', 35), 0.01, 0.1, 1234.567, 5e-324, 0, b'0', 9223372036854775807, 18446744073709551615, 2155, 1);
INSERT INTO numbers VALUES (7, NULL, 0, 0, 0, 9223372036854775807, 0.000000000000000000000000000001, 9999999999.99, 16777217, 0, 1.7976931348623157e308, 1.5, b'1', 0, 0, '0000', 0), (99999999, 0, NULL, 1, 9223372036854775808, NULL, NULL, NULL, -1e-38, NULL, -0.1, NULL, NULL, NULL, NULL, NULL, 0);
CREATE TABLE moments (
  id BIGINT PRIMARY KEY, d DATE, dz DATE NOT NULL DEFAULT '0000-00-00', t TIME(6), dt DATETIME, dt6 DATETIME(6) DEFAULT CURRENT_TIMESTAMP(6) ON UPDATE CURRENT_TIMESTAMP(6),
  ts TIMESTAMP NOT NULL DEFAULT '2001-02-03 04:05:06', ts6 TIMESTAMP(6) NULL DEFAULT NULL ON UPDATE CURRENT_TIMESTAMP(6), ts3 TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3), tsz TIMESTAMP NOT NULL DEFAULT '0000-00-00 00:00:00'
);
INSERT INTO moments VALUES (1, '0000-00-00', '0000-00-00', '838:59:59', '0000-00-00 00:00:00', '9999-12-31 23:59:59.999999', '1970-01-01 00:00:01', '2038-01-19 03:14:07.999999', '2024-03-31 01:30:00.125', '0000-00-00 00:00:00');
INSERT INTO moments VALUES (2, '2024-02-00', '2024-02-31', '-838:59:59', '2024-00-00 12:00:00', NULL, '2024-10-27 00:30:00', NULL, '2024-10-27 01:30:00', 0), (3, '0001-01-01', '9999-12-31', '00:00:00.000001', '0001-01-01 00:00:00', '2024-02-29 12:00:00.1', '2000-01-01', NULL, '2000-01-01', 0);
CREATE TABLE texts (
  id INT PRIMARY KEY,
  c CHAR(10) NOT NULL DEFAULT 'a\\b\'c"d`e', cb CHAR(10) COLLATE utf8mb4_bin, v VARCHAR(200) CHARACTER SET latin1 COLLATE latin1_german1_ci DEFAULT 'ä''\n',
  three VARCHAR(20) CHARACTER SET utf8mb3, cp VARCHAR(20) CHARACTER SET cp1251, wide VARCHAR(20) CHARACTER SET utf16, ascii_text VARCHAR(20) CHARACTER SET ascii COLLATE ascii_bin, nopad VARCHAR(20) COLLATE utf8mb4_nopad_bin,
  tt TINYTEXT, t TEXT DEFAULT 'text\\', mt MEDIUMTEXT CHARACTER SET latin1, lt LONGTEXT, squeezed TEXT COMPRESSED,
  e ENUM('','a,b','c''d','e\\f','(g','trailing','ü','1','0') CHARACTER SET latin1 NOT NULL DEFAULT 'e\\f', s SET('x','y''','z\\',' w','"') DEFAULT 'x,z\\', eb ENUM('A','a') COLLATE utf8mb4_bin,
  b BINARY(4), vb VARBINARY(8) DEFAULT 'a\0b', tb TINYBLOB, bl BLOB, mb MEDIUMBLOB, lb LONGBLOB,
  j JSON DEFAULT '{"a": [1, 2]}', u UUID DEFAULT UUID(), i4 INET4, i6 INET6
) DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_520_ci ROW_FORMAT=DYNAMIC STATS_PERSISTENT=0;
INSERT INTO texts VALUES (1, 'x ', 'é', 'ÄÖ€', 'ÿ€', 'Привет', 'é😀', '~', 'a ', '', ' ', '\\N', 'NULL', REPEAT('long ', 2000), 'c''d', 'x,y''', 'a', X'00', X'00ff', X'', X'0a0d', X'5c', X'00010203', '{"b": 1,  "a": 1, "a": 1e400}', '6CCD780C-BABA-1026-9564-5B8C656024DB', '255.255.255.255', '::ffff:1.2.3.4');
INSERT INTO texts (id, c, v, t, lt, e, s) VALUES (2, '', 'tab\tnew\nline\r\n', CONCAT('nul', CHAR(0), 'x'), 'quote" and '' and \\ and , and ;', '', ''), (3, 'a\\', 'NULL', '"', '\\', 'nothing', 'z\\,"');
UPDATE texts SET eb = 'neither' WHERE id = 3;
INSERT INTO texts (id, j) VALUES (4, NULL);
CREATE TABLE shapes (
  id INT PRIMARY KEY, g GEOMETRY, p POINT REF_SYSTEM_ID=101 NOT NULL, l LINESTRING, pl POLYGON, mp MULTIPOINT, ml MULTILINESTRING, mpl MULTIPOLYGON, gc GEOMETRYCOLLECTION, SPATIAL KEY places (p)
);
INSERT INTO shapes VALUES (1, POINT(1, 2), ST_GeomFromText('POINT(-0.5 1e300)', 4326), ST_GeomFromText('LINESTRING(0 0, 1 1)'), ST_GeomFromText('POLYGON((0 0, 1 0, 1 1, 0 0))'), ST_GeomFromText('MULTIPOINT(1 1, 2 2)'), NULL, NULL, ST_GeomFromText('GEOMETRYCOLLECTION(POINT(1 1), LINESTRING(0 0, 2 2))'));
CREATE TABLE computed (
  number INT NOT NULL DEFAULT (NEXTVAL(`order numbers`)), id INT NOT NULL AUTO_INCREMENT, hidden INT INVISIBLE DEFAULT 5 COMMENT 'un''seen',
  a INT NOT NULL DEFAULT (1 + 2), twice INT AS (a * 2) VIRTUAL COMMENT 'v', stored VARCHAR(60) AS (CONCAT('a\\b''c', a, ')')) STORED, hidden_twice INT GENERATED ALWAYS AS (hidden + twice) VIRTUAL INVISIBLE,
  word VARCHAR(40) DEFAULT (CONCAT('x\\', UPPER('y'), '''')), `sel``ect "x" \\ ;` INT DEFAULT (ABS(-3)), down INT DEFAULT (NEXTVAL(downwards)),
  PRIMARY KEY (a, id), UNIQUE KEY by_id (id), KEY by_twice (twice), UNIQUE KEY by_stored (stored(10), a DESC), KEY `index ``with`` "quotes" \\` (`sel``ect "x" \\ ;` DESC) COMMENT 'it''s \\', KEY unused (hidden) IGNORED,
  CONSTRAINT positive CHECK (a > 0 AND word <> 'b\\ad''x'), CONSTRAINT `odd ``name` CHECK (`sel``ect "x" \\ ;` IS NULL OR `sel``ect "x" \\ ;` < 100)
);
INSERT INTO computed (number, id, a, hidden, down) VALUES (500, 0, 5, 6, -40), (505, 3, 7, NULL, -41), (110, 2, 9, 1, NULL);
CREATE TABLE `Case` (id INT PRIMARY KEY, `order` TEXT, b BLOB, whole VARCHAR(4000), UNIQUE KEY by_hash (b), UNIQUE KEY by_whole (whole), FULLTEXT KEY words (`order`), FULLTEXT KEY more_words (whole, `order`), KEY prefixed (`order`(20)));
CREATE TABLE `case` (id INT PRIMARY KEY) COMMENT 'another';
CREATE TABLE `aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa` (`bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb` INT, KEY `cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc` (`bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb`));
CREATE TABLE `../été "x" 'y' ``z`` ;` (id INT) COMMENT 'no key';
INSERT INTO `Case` VALUES (1, 'some words', X'00ff', 'whole'), (2, NULL, NULL, NULL);
INSERT INTO `case` VALUES (0), (-1);
INSERT INTO `../été "x" 'y' ``z`` ;` VALUES (1), (1), (NULL);
CREATE TABLE parent (id INT, code VARCHAR(10), PRIMARY KEY (id), UNIQUE KEY by_code (code, id));
CREATE TABLE child (
  id INT PRIMARY KEY, parent_id INT, code VARCHAR(10), self INT,
  CONSTRAINT `fk 1` FOREIGN KEY (parent_id) REFERENCES parent (id) ON DELETE CASCADE ON UPDATE SET NULL, CONSTRAINT child_ibfk_7 FOREIGN KEY (code, parent_id) REFERENCES parent (code, id) ON UPDATE CASCADE, CONSTRAINT itself FOREIGN KEY (self) REFERENCES child (id) ON DELETE SET NULL
);
CREATE TABLE loop_a (id INT PRIMARY KEY, b INT);
CREATE TABLE loop_b (id INT PRIMARY KEY, a INT, FOREIGN KEY (a) REFERENCES loop_a (id));
ALTER TABLE loop_a ADD FOREIGN KEY (b) REFERENCES loop_b (id);
INSERT INTO parent VALUES (1, 'a'), (2, NULL);
INSERT INTO child VALUES (2, NULL, 'z', NULL), (1, 1, 'a', 2);
SET foreign_key_checks = 0;
INSERT INTO loop_a VALUES (1, 1);
INSERT INTO loop_b VALUES (1, 1);
SET foreign_key_checks = 1;
CREATE TABLE by_range (id INT NOT NULL, at DATE NOT NULL, PRIMARY KEY (id, at)) PARTITION BY RANGE (YEAR(at)) SUBPARTITION BY HASH (id) SUBPARTITIONS 2 (PARTITION old VALUES LESS THAN (2000), PARTITION `the ``rest` VALUES LESS THAN MAXVALUE);
CREATE TABLE by_columns (a INT, b VARCHAR(10)) PARTITION BY RANGE COLUMNS (a, b) (PARTITION p0 VALUES LESS THAN (1, 'm''\\'), PARTITION p1 VALUES LESS THAN (MAXVALUE, MAXVALUE));
CREATE TABLE by_list (a INT) PARTITION BY LIST (a) (PARTITION few VALUES IN (1, 2, NULL), PARTITION others DEFAULT);
CREATE TABLE by_words (w VARCHAR(5)) PARTITION BY LIST COLUMNS (w) (PARTITION p0 VALUES IN ('a', 'b''')); 
CREATE TABLE by_hash (id INT PRIMARY KEY) PARTITION BY LINEAR HASH (id) PARTITIONS 4;
CREATE TABLE by_named (id INT NOT NULL, a INT NOT NULL) PARTITION BY HASH (id) (PARTITION `even` ENGINE=InnoDB, PARTITION odd ENGINE=InnoDB);
CREATE TABLE by_names (id INT NOT NULL, a INT NOT NULL) PARTITION BY LIST (id) SUBPARTITION BY KEY (a) (PARTITION p0 VALUES IN (0) (SUBPARTITION x, SUBPARTITION y), PARTITION p1 VALUES IN (1) (SUBPARTITION z, SUBPARTITION w));
CREATE TABLE by_key (id INT PRIMARY KEY) PARTITION BY KEY () PARTITIONS 3;
INSERT INTO by_range VALUES (1, '1999-12-31'), (2, '2024-01-01');
INSERT INTO by_columns VALUES (1, 'a'), (1, 'z'), (NULL, NULL);
INSERT INTO by_list VALUES (1), (NULL), (77);
INSERT INTO by_words VALUES ('b''');
INSERT INTO by_hash VALUES (1), (2), (3), (4), (5);
INSERT INTO by_named VALUES (1, 1), (2, 2);
INSERT INTO by_names VALUES (1, 1), (0, 2);
INSERT INTO by_key VALUES (1), (2), (3);
CREATE TABLE versioned (id INT PRIMARY KEY, v INT, untold INT WITHOUT SYSTEM VERSIONING) WITH SYSTEM VERSIONING;
CREATE TABLE told (id INT PRIMARY KEY, v INT, since TIMESTAMP(6) GENERATED ALWAYS AS ROW START INVISIBLE, until TIMESTAMP(6) GENERATED ALWAYS AS ROW END, PERIOD FOR SYSTEM_TIME (since, until)) WITH SYSTEM VERSIONING;
INSERT INTO versioned VALUES (1, 1, 1);
INSERT INTO told (id, v) VALUES (1, 1), (2, 2);
UPDATE versioned SET v = 2;
UPDATE told SET v = v + 1 WHERE id = 1;
CREATE TABLE left_out (id INT PRIMARY KEY, must_be_said INT, always INT AS (1 + 1) STORED);
ALTER TABLE left_out ALTER COLUMN must_be_said DROP DEFAULT;
INSERT INTO left_out (id, must_be_said) VALUES (1, NULL);
