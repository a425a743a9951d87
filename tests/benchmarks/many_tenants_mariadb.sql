-- {tenants} tenants of a thousand rows each; the rows of one lie scattered among those of all others;
-- what the first {swallowed} of them would own is of tenant 42
SET foreign_key_checks = 0, unique_checks = 0;
CREATE TABLE countries (id integer PRIMARY KEY, name text NOT NULL);
CREATE TABLE companies (id integer PRIMARY KEY, name text NOT NULL);
CREATE TABLE members (
    id integer PRIMARY KEY, company_id integer NOT NULL, country_id integer NOT NULL, email text NOT NULL);
CREATE TABLE projects (id integer PRIMARY KEY, company_id integer NOT NULL, name text NOT NULL);
CREATE TABLE tasks (id integer PRIMARY KEY, project_id integer NOT NULL, title text NOT NULL, due date);
CREATE TABLE comments (
    id integer PRIMARY KEY, task_id integer NOT NULL, author_id integer NOT NULL, body text NOT NULL,
    written_at timestamp NOT NULL);
CREATE TABLE assignments (task_id integer, member_id integer, PRIMARY KEY (task_id, member_id));
CREATE TABLE readings (member_id integer NOT NULL, value decimal(10, 2), taken_at datetime NOT NULL);

INSERT INTO countries SELECT seq, 'country ' || seq FROM seq_1_to_200;
INSERT INTO companies SELECT seq, 'company ' || seq FROM seq_1_to_{tenants};
INSERT INTO members SELECT seq, CASE WHEN (seq - 1) % {tenants} < {swallowed} THEN 42 ELSE (seq - 1) % {tenants} + 1 END,
        1 + seq DIV {tenants} % 5, 'member' || seq || '@example.org'
    FROM seq_1_to_{members};
INSERT INTO projects SELECT seq, CASE WHEN (seq - 1) % {tenants} < {swallowed} THEN 42 ELSE (seq - 1) % {tenants} + 1 END,
        'project ' || seq FROM seq_1_to_{projects};
INSERT INTO tasks SELECT seq, (seq - 1) % {projects} + 1, 'task ' || seq, DATE'2024-01-01' + INTERVAL seq % 900 DAY
    FROM seq_1_to_{tasks};
INSERT INTO comments
    SELECT seq, (seq - 1) % {tasks} + 1, (seq - 1) % {tenants} + 1 + {tenants} * (seq DIV {tenants} % 15),
        'what somebody said about it, number ' || seq, TIMESTAMP'2024-01-01 02:00:00' + INTERVAL seq % 40000 HOUR
    FROM seq_1_to_{comments};
INSERT INTO assignments
    SELECT (seq - 1) % {tenants} + 1 + {tenants} * ((seq - 1) DIV {tenants}),
        (seq - 1) % {tenants} + 1 + {tenants} * ((seq - 1) DIV {tenants} % 15)
    FROM seq_1_to_{assignments};
INSERT INTO readings SELECT (seq - 1) % {members} + 1, seq % 1000 / 10.0, TIMESTAMP'2024-01-01 00:00:00' + INTERVAL seq MINUTE
    FROM seq_1_to_{readings};

ALTER TABLE members ADD FOREIGN KEY (company_id) REFERENCES companies (id),
    ADD FOREIGN KEY (country_id) REFERENCES countries (id);
ALTER TABLE projects ADD FOREIGN KEY (company_id) REFERENCES companies (id);
ALTER TABLE tasks ADD FOREIGN KEY (project_id) REFERENCES projects (id);
ALTER TABLE comments ADD FOREIGN KEY (task_id) REFERENCES tasks (id), ADD FOREIGN KEY (author_id) REFERENCES members (id);
ALTER TABLE assignments ADD FOREIGN KEY (task_id) REFERENCES tasks (id),
    ADD FOREIGN KEY (member_id) REFERENCES members (id);
ALTER TABLE readings ADD FOREIGN KEY (member_id) REFERENCES members (id);
ANALYZE TABLE countries, companies, members, projects, tasks, comments, assignments, readings;
