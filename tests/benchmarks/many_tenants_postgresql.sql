-- {tenants} tenants of a thousand rows each; the rows of one lie scattered among those of all others;
-- what the first {swallowed} of them would own is of tenant 42
CREATE TABLE countries (id integer PRIMARY KEY, name text NOT NULL);
CREATE TABLE companies (id integer PRIMARY KEY, name text NOT NULL);
CREATE TABLE members (
    id integer PRIMARY KEY, company_id integer NOT NULL, country_id integer NOT NULL, email text NOT NULL);
CREATE TABLE projects (id integer PRIMARY KEY, company_id integer NOT NULL, name text NOT NULL);
CREATE TABLE tasks (id integer PRIMARY KEY, project_id integer NOT NULL, title text NOT NULL, due date);
CREATE TABLE comments (
    id integer PRIMARY KEY, task_id integer NOT NULL, author_id integer NOT NULL, body text NOT NULL,
    written_at timestamptz NOT NULL);
CREATE TABLE assignments (task_id integer, member_id integer, PRIMARY KEY (task_id, member_id));
CREATE TABLE readings (member_id integer NOT NULL, value numeric(10, 2), taken_at timestamp NOT NULL);

INSERT INTO countries SELECT n, 'country ' || n FROM generate_series(1, 200) n;
INSERT INTO companies SELECT n, 'company ' || n FROM generate_series(1, {tenants}) n;
INSERT INTO members SELECT n, CASE WHEN (n - 1) % {tenants} < {swallowed} THEN 42 ELSE (n - 1) % {tenants} + 1 END,
        1 + n / {tenants} % 5, 'member' || n || '@example.org'
    FROM generate_series(1, {members}) n;
INSERT INTO projects SELECT n, CASE WHEN (n - 1) % {tenants} < {swallowed} THEN 42 ELSE (n - 1) % {tenants} + 1 END,
        'project ' || n FROM generate_series(1, {projects}) n;
INSERT INTO tasks SELECT n, (n - 1) % {projects} + 1, 'task ' || n, date '2024-01-01' + n % 900
    FROM generate_series(1, {tasks}) n;
INSERT INTO comments
    SELECT n, (n - 1) % {tasks} + 1, (n - 1) % {tenants} + 1 + {tenants} * (n / {tenants} % 15),
        'what somebody said about it, number ' || n, timestamptz '2024-01-01 00:00Z' + n * interval '1 minute'
    FROM generate_series(1, {comments}) n;
INSERT INTO assignments
    SELECT n % {tenants} + 1 + {tenants} * (n / {tenants}), n % {tenants} + 1 + {tenants} * (n / {tenants} % 15)
    FROM generate_series(0, {assignments} - 1) n;
INSERT INTO readings
    SELECT (n - 1) % ({members}) + 1, n % 1000 / 10.0, timestamp '2024-01-01' + n * interval '1 minute'
    FROM generate_series(1, {readings}) n;

ALTER TABLE members ADD FOREIGN KEY (company_id) REFERENCES companies, ADD FOREIGN KEY (country_id) REFERENCES countries;
ALTER TABLE projects ADD FOREIGN KEY (company_id) REFERENCES companies;
ALTER TABLE tasks ADD FOREIGN KEY (project_id) REFERENCES projects;
ALTER TABLE comments ADD FOREIGN KEY (task_id) REFERENCES tasks, ADD FOREIGN KEY (author_id) REFERENCES members;
ALTER TABLE assignments ADD FOREIGN KEY (task_id) REFERENCES tasks, ADD FOREIGN KEY (member_id) REFERENCES members;
ALTER TABLE readings ADD FOREIGN KEY (member_id) REFERENCES members;
CREATE INDEX ON members (company_id);
CREATE INDEX ON members (country_id);
CREATE INDEX ON projects (company_id);
CREATE INDEX ON tasks (project_id);
CREATE INDEX ON comments (task_id);
CREATE INDEX ON comments (author_id);
CREATE INDEX ON assignments (member_id);
CREATE INDEX ON readings (member_id);
ANALYZE;
