-- Agora, the product that takes over: one account a person whoever the employer is, one profile an employer.

CREATE TABLE accounts (
    id TEXT PRIMARY KEY NOT NULL,
    email TEXT NOT NULL UNIQUE,
    full_name TEXT NOT NULL,
    is_active INTEGER NOT NULL DEFAULT 1 CHECK (is_active IN (0, 1)),
    created_at TEXT
);

CREATE TABLE organisations (
    id TEXT PRIMARY KEY NOT NULL,
    name TEXT NOT NULL,
    slug VARCHAR(60) NOT NULL UNIQUE CHECK (slug = lower(slug)),
    country TEXT,
    owner_account_id TEXT REFERENCES accounts (id) ON DELETE SET NULL,
    created_at TEXT NOT NULL
);

CREATE TABLE profiles (
    account_id TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    organisation_id TEXT NOT NULL REFERENCES organisations (id) ON DELETE CASCADE,
    display_name TEXT NOT NULL,
    title TEXT,
    bio TEXT,
    locale TEXT CHECK (locale IN ('ar', 'de', 'en', 'es', 'fr', 'he', 'nb', 'pl')),
    country_code VARCHAR(2),
    manager_account_id TEXT REFERENCES accounts (id) ON DELETE SET NULL,
    badge TEXT,
    score REAL,
    status TEXT NOT NULL CHECK (status IN ('present', 'awaited', 'suspended', 'former')),
    statistics_key VARCHAR(32) UNIQUE,
    last_seen_at TEXT,
    PRIMARY KEY (account_id, organisation_id)
);

CREATE TABLE spaces (
    id TEXT PRIMARY KEY NOT NULL,
    organisation_id TEXT NOT NULL REFERENCES organisations (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    description TEXT,
    visibility TEXT NOT NULL CHECK (visibility IN ('open', 'closed', 'hidden')),
    pinned_entry_id TEXT REFERENCES entries (id) ON DELETE SET NULL,
    created_by TEXT REFERENCES accounts (id) ON DELETE SET NULL,
    created_at TEXT NOT NULL,
    UNIQUE (organisation_id, name)
);

CREATE TABLE space_members (
    space_id TEXT NOT NULL REFERENCES spaces (id) ON DELETE CASCADE,
    account_id TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    role TEXT NOT NULL CHECK (role IN ('owner', 'moderator', 'participant', 'visitor')),
    joined_at TEXT NOT NULL,
    PRIMARY KEY (space_id, account_id)
);

-- whatever a person wrote: a post, a comment on one, a message to somebody
CREATE TABLE entries (
    id TEXT PRIMARY KEY NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('post', 'comment', 'message')),
    organisation_id TEXT REFERENCES organisations (id) ON DELETE CASCADE,
    space_id TEXT REFERENCES spaces (id) ON DELETE CASCADE,
    thread_id TEXT REFERENCES entries (id) ON DELETE CASCADE,
    parent_id TEXT REFERENCES entries (id) ON DELETE CASCADE,
    author_id TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    recipient_id TEXT REFERENCES accounts (id) ON DELETE CASCADE,
    title TEXT,
    body TEXT NOT NULL,
    format TEXT NOT NULL DEFAULT 'html' CHECK (format IN ('html', 'text')),
    is_announcement INTEGER NOT NULL DEFAULT 0 CHECK (is_announcement IN (0, 1)),
    created_at TEXT NOT NULL,
    edited_at TEXT,
    read_at TEXT,
    CHECK (kind <> 'post' OR organisation_id IS NOT NULL),
    CHECK (kind <> 'comment' OR thread_id IS NOT NULL),
    CHECK (kind <> 'message' OR recipient_id IS NOT NULL)
);

CREATE TABLE reactions (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    entry_id TEXT NOT NULL REFERENCES entries (id) ON DELETE CASCADE,
    account_id TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    code VARCHAR(8) NOT NULL,
    created_at TEXT NOT NULL,
    UNIQUE (entry_id, account_id, code)
);

CREATE TABLE labels (
    id TEXT PRIMARY KEY NOT NULL,
    organisation_id TEXT NOT NULL REFERENCES organisations (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    colour TEXT,
    UNIQUE (organisation_id, name)
);

-- no key: how often a label was put on an entry is its weight
CREATE TABLE entry_labels (
    entry_id TEXT NOT NULL REFERENCES entries (id) ON DELETE CASCADE,
    label_id TEXT NOT NULL REFERENCES labels (id) ON DELETE CASCADE
);

CREATE TABLE attachments (
    id TEXT PRIMARY KEY NOT NULL,
    entry_id TEXT REFERENCES entries (id) ON DELETE CASCADE,
    uploaded_by TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    file_name VARCHAR(255) NOT NULL,
    media_type TEXT NOT NULL,
    size INTEGER NOT NULL CHECK (size = length(content)),
    content BLOB NOT NULL,
    created_at TEXT NOT NULL
);

-- Agora's own: no mapping fills it, and what it points at takes its rows along when deleted
CREATE TABLE notifications (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    account_id TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    entry_id TEXT REFERENCES entries (id) ON DELETE CASCADE,
    reason TEXT NOT NULL,
    created_at TEXT NOT NULL
);

CREATE INDEX profiles_by_organisation ON profiles (organisation_id);
CREATE INDEX profiles_by_manager ON profiles (manager_account_id);
CREATE INDEX space_members_by_account ON space_members (account_id);
CREATE INDEX entries_by_organisation ON entries (organisation_id);
CREATE INDEX entries_by_space ON entries (space_id);
CREATE INDEX entries_by_thread ON entries (thread_id);
CREATE INDEX entries_by_parent ON entries (parent_id);
CREATE INDEX entries_by_author ON entries (author_id);
CREATE INDEX entries_by_recipient ON entries (recipient_id);
CREATE INDEX reactions_by_account ON reactions (account_id);
CREATE INDEX entry_labels_by_entry ON entry_labels (entry_id);
CREATE INDEX entry_labels_by_label ON entry_labels (label_id);
CREATE INDEX attachments_by_entry ON attachments (entry_id);
CREATE INDEX attachments_by_uploader ON attachments (uploaded_by);
CREATE INDEX spaces_by_pinned ON spaces (pinned_entry_id);
CREATE INDEX notifications_by_account ON notifications (account_id);
CREATE INDEX notifications_by_entry ON notifications (entry_id);
