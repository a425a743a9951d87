-- A catalog as version 0001 left it; kept so that every later version is seen to open it.
BEGIN TRANSACTION;
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0001');
CREATE TABLE archives (
	archive_id VARCHAR(200) NOT NULL, 
	location TEXT NOT NULL, 
	tenant VARCHAR(200) NOT NULL, 
	"plan" VARCHAR(64) NOT NULL, 
	created_at VARCHAR(40) NOT NULL, 
	rows BIGINT NOT NULL, 
	bytes BIGINT NOT NULL, 
	fingerprint VARCHAR(64) NOT NULL, 
	fence JSON NOT NULL, 
	PRIMARY KEY (archive_id)
);
INSERT INTO "archives" VALUES('ete-20261122T011758Z-1a2b3c4d','file:///store/ete-20261122T011758Z-1a2b3c4d','Société Été','ete-exit','2026-11-22T01:17:58Z',2098,70000,'cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd','{"kind": "sqlite-copy"}');
CREATE TABLE reports (
	run_id VARCHAR(80) NOT NULL, 
	format VARCHAR(10) NOT NULL, 
	path TEXT NOT NULL, 
	sha256 VARCHAR(64) NOT NULL, 
	PRIMARY KEY (run_id, format), 
	FOREIGN KEY(run_id) REFERENCES runs (run_id)
);
CREATE TABLE runs (
	run_id VARCHAR(80) NOT NULL, 
	kind VARCHAR(20) NOT NULL, 
	number INTEGER NOT NULL, 
	"plan" VARCHAR(64) NOT NULL, 
	tenant VARCHAR(200) NOT NULL, 
	state VARCHAR(10) NOT NULL, 
	verdict VARCHAR(10), 
	source TEXT, 
	archive TEXT, 
	target TEXT, 
	seal VARCHAR(64), 
	of_run VARCHAR(80), 
	plan_file TEXT, 
	started_at VARCHAR(40) NOT NULL, 
	finished_at VARCHAR(40), 
	error JSON, 
	host VARCHAR(255) NOT NULL, 
	process INTEGER NOT NULL, 
	PRIMARY KEY (run_id), 
	CONSTRAINT uq_runs_plan_kind_number UNIQUE ("plan", kind, number), 
	FOREIGN KEY(of_run) REFERENCES runs (run_id)
);
INSERT INTO "runs" VALUES('20261122T011758-snapshot-3f2a','snapshot',1,'ete-exit','Société Été','done','green','sqlite:///ruche.db',NULL,NULL,NULL,NULL,'plan.yaml','2026-11-22T01:17:58.000Z','2026-11-22T01:17:58.000Z',NULL,'host.example',4711);
INSERT INTO "runs" VALUES('20261122T011900-migration-91c4','migration',1,'ete-exit','Société Été','failed',NULL,NULL,'file:///store/ete-20261122T011758Z-1a2b3c4d','sqlite:///agora.db','abababababababababababababababababababababababababababababababab',NULL,NULL,'2026-11-22T01:19:00.000Z','2026-11-22T01:19:00.000Z','{"what": "the disk is full", "where": "agora.db", "next": "free some space"}','host.example',4711);
CREATE INDEX ix_archives_tenant ON archives (tenant);
CREATE INDEX ix_runs_plan ON runs ("plan");
COMMIT;
