-- Ruche, an enterprise social network: many customer companies in one database, told apart by companies.id.

CREATE TABLE countries (
    id INTEGER PRIMARY KEY,
    code TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL
);

CREATE TABLE companies (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    country_id INTEGER REFERENCES countries (id) ON DELETE RESTRICT,
    owner_id INTEGER REFERENCES members (id) ON DELETE SET NULL,
    subscription TEXT NOT NULL,
    settings TEXT,
    created_at TEXT NOT NULL
);

-- badge has no type on purpose: each site of each customer numbers its people in its own way
CREATE TABLE members (
    id INTEGER PRIMARY KEY,
    company_id INTEGER REFERENCES companies (id) ON DELETE CASCADE,
    email TEXT NOT NULL,
    first_name TEXT,
    last_name TEXT NOT NULL,
    job_title TEXT,
    bio TEXT,
    locale TEXT,
    country_id INTEGER REFERENCES countries (id) ON DELETE RESTRICT,
    manager_id INTEGER REFERENCES members (id) ON DELETE SET NULL,
    badge,
    score REAL,
    status TEXT NOT NULL DEFAULT 'active',
    is_active INTEGER NOT NULL DEFAULT 1 CHECK (is_active IN (0, 1)),
    password_hash TEXT,
    last_seen_at TEXT,
    created_at TEXT NOT NULL,
    UNIQUE (company_id, email)
);

CREATE TABLE groups (
    id INTEGER PRIMARY KEY,
    company_id INTEGER NOT NULL REFERENCES companies (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    description TEXT,
    visibility TEXT NOT NULL DEFAULT 'public',
    pinned_post_id INTEGER REFERENCES posts (id) ON DELETE SET NULL,
    created_by INTEGER REFERENCES members (id) ON DELETE SET NULL,
    created_at TEXT NOT NULL,
    UNIQUE (company_id, name)
);

CREATE TABLE memberships (
    group_id INTEGER NOT NULL REFERENCES groups (id) ON DELETE CASCADE,
    member_id INTEGER NOT NULL REFERENCES members (id) ON DELETE CASCADE,
    role TEXT NOT NULL DEFAULT 'member',
    joined_at TEXT NOT NULL,
    PRIMARY KEY (group_id, member_id)
);

CREATE TABLE posts (
    id INTEGER PRIMARY KEY,
    company_id INTEGER NOT NULL REFERENCES companies (id) ON DELETE CASCADE,
    group_id INTEGER REFERENCES groups (id) ON DELETE CASCADE,
    author_id INTEGER NOT NULL REFERENCES members (id) ON DELETE CASCADE,
    title TEXT,
    body TEXT NOT NULL,
    is_announcement INTEGER NOT NULL DEFAULT 0 CHECK (is_announcement IN (0, 1)),
    view_count INTEGER NOT NULL DEFAULT 0,
    created_at TEXT NOT NULL,
    updated_at TEXT
);

CREATE TABLE comments (
    id INTEGER PRIMARY KEY,
    post_id INTEGER NOT NULL REFERENCES posts (id) ON DELETE CASCADE,
    parent_id INTEGER REFERENCES comments (id) ON DELETE CASCADE,
    author_id INTEGER NOT NULL REFERENCES members (id) ON DELETE CASCADE,
    body TEXT NOT NULL,
    created_at TEXT NOT NULL
);

-- target_id points at posts or at comments, as target_type says: no database can declare that
CREATE TABLE reactions (
    id INTEGER PRIMARY KEY,
    member_id INTEGER NOT NULL REFERENCES members (id) ON DELETE CASCADE,
    target_type TEXT NOT NULL,
    target_id INTEGER NOT NULL,
    kind TEXT NOT NULL,
    created_at TEXT NOT NULL,
    UNIQUE (target_type, target_id, member_id, kind)
);

CREATE TABLE messages (
    id INTEGER PRIMARY KEY,
    sender_id INTEGER NOT NULL REFERENCES members (id) ON DELETE CASCADE,
    recipient_id INTEGER NOT NULL REFERENCES members (id) ON DELETE CASCADE,
    body TEXT,
    sent_at TEXT NOT NULL,
    read_at TEXT,
    deleted_at TEXT
);

CREATE TABLE tags (
    id INTEGER PRIMARY KEY,
    company_id INTEGER NOT NULL REFERENCES companies (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    colour TEXT,
    UNIQUE (company_id, name)
);

-- no key: the product let the same tag be put on a post twice, and both rows count
CREATE TABLE post_tags (
    post_id INTEGER NOT NULL REFERENCES posts (id) ON DELETE CASCADE,
    tag_id INTEGER NOT NULL REFERENCES tags (id) ON DELETE CASCADE
);

-- uploaded_by is a member's id that was never declared as one
CREATE TABLE files (
    id INTEGER PRIMARY KEY,
    post_id INTEGER REFERENCES posts (id) ON DELETE CASCADE,
    uploaded_by INTEGER NOT NULL,
    name TEXT NOT NULL,
    mime_type TEXT NOT NULL,
    size INTEGER NOT NULL,
    content BLOB,
    created_at TEXT NOT NULL
);

CREATE TABLE audit_log (
    id INTEGER PRIMARY KEY,
    company_id INTEGER REFERENCES companies (id) ON DELETE SET NULL,
    actor_id INTEGER REFERENCES members (id) ON DELETE SET NULL,
    action TEXT NOT NULL,
    detail TEXT,
    happened_at TEXT NOT NULL
);

-- indexes

CREATE INDEX members_by_manager ON members (manager_id);
CREATE INDEX memberships_by_member ON memberships (member_id);
CREATE INDEX posts_by_company ON posts (company_id);
CREATE INDEX posts_by_group ON posts (group_id);
CREATE INDEX posts_by_author ON posts (author_id);
CREATE INDEX comments_by_post ON comments (post_id);
CREATE INDEX comments_by_parent ON comments (parent_id);
CREATE INDEX comments_by_author ON comments (author_id);
CREATE INDEX reactions_by_member ON reactions (member_id);
CREATE INDEX messages_by_sender ON messages (sender_id);
CREATE INDEX messages_by_recipient ON messages (recipient_id);
CREATE INDEX post_tags_by_post ON post_tags (post_id);
CREATE INDEX post_tags_by_tag ON post_tags (tag_id);
CREATE INDEX files_by_post ON files (post_id);
