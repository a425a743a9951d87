-- The customer Agora already serves: nothing of hers may change, whatever is loaded beside her and taken back.
-- camille.bouvier@vauclair.example works for Vauclair and keeps the books of this joinery too.

INSERT INTO accounts (id, email, full_name, is_active, created_at) VALUES
    ('7b0c2a6e-0000-5000-8000-000000000001', 'camille.bouvier@vauclair.example', 'Camille Bouvier', 1, '2021-03-02T08:00:00Z'),
    ('7b0c2a6e-0000-5000-8000-000000000002', 'ines@menuiserie-aubin.example', 'Inès Aubin', 1, '2021-03-02T08:05:00Z'),
    ('7b0c2a6e-0000-5000-8000-000000000003', 'marc@menuiserie-aubin.example', 'Marc Aubin', 1, '2021-03-02T08:06:00Z'),
    ('7b0c2a6e-0000-5000-8000-000000000004', 'atelier@menuiserie-aubin.example', 'L''atelier', 0, NULL);

INSERT INTO organisations (id, name, slug, country, owner_account_id, created_at) VALUES
    ('7b0c2a6e-0000-5000-8000-000000000010', 'Menuiserie Aubin', 'menuiserie-aubin', 'France',
     '7b0c2a6e-0000-5000-8000-000000000002', '2021-03-02T08:00:00Z');

INSERT INTO profiles (account_id, organisation_id, display_name, title, locale, country_code, score, status, statistics_key)
SELECT id, '7b0c2a6e-0000-5000-8000-000000000010', full_name, NULL, 'fr', 'FR', 1.5, 'present', NULL
FROM accounts;

INSERT INTO spaces (id, organisation_id, name, visibility, pinned_entry_id, created_by, created_at) VALUES
    ('7b0c2a6e-0000-5000-8000-000000000020', '7b0c2a6e-0000-5000-8000-000000000010', 'Chantiers', 'open',
     '7b0c2a6e-0000-5000-8000-000000000101', '7b0c2a6e-0000-5000-8000-000000000002', '2021-03-02T09:00:00Z');

INSERT INTO space_members (space_id, account_id, role, joined_at)
SELECT '7b0c2a6e-0000-5000-8000-000000000020', id, 'participant', '2021-03-03T09:00:00Z'
FROM accounts;

INSERT INTO entries (id, kind, organisation_id, space_id, author_id, title, body, created_at)
WITH RECURSIVE numbers (n) AS (SELECT 101 UNION ALL SELECT n + 1 FROM numbers WHERE n < 160)
SELECT
    '7b0c2a6e-0000-5000-8000-000000000' || n,
    'post',
    '7b0c2a6e-0000-5000-8000-000000000010',
    '7b0c2a6e-0000-5000-8000-000000000020',
    '7b0c2a6e-0000-5000-8000-00000000000' || (1 + n % 3),
    'Chantier n° ' || (n - 100),
    '<p>Pose terminée, voir <a href="/people/7b0c2a6e-0000-5000-8000-000000000003">Marc</a>.</p>',
    date('2021-04-01', '+' || (n - 101) || ' days') || 'T17:00:00Z'
FROM numbers;

INSERT INTO reactions (entry_id, account_id, code, created_at)
SELECT id, '7b0c2a6e-0000-5000-8000-000000000002', '1F44D', created_at
FROM entries;

INSERT INTO labels (id, organisation_id, name, colour) VALUES
    ('7b0c2a6e-0000-5000-8000-000000000030', '7b0c2a6e-0000-5000-8000-000000000010', 'urgent', '#c0392b');

INSERT INTO entry_labels (entry_id, label_id)
SELECT id, '7b0c2a6e-0000-5000-8000-000000000030' FROM entries WHERE id <= '7b0c2a6e-0000-5000-8000-000000000105'
UNION ALL
SELECT '7b0c2a6e-0000-5000-8000-000000000101', '7b0c2a6e-0000-5000-8000-000000000030';

INSERT INTO attachments (id, entry_id, uploaded_by, file_name, media_type, size, content, created_at) VALUES
    ('7b0c2a6e-0000-5000-8000-000000000040', '7b0c2a6e-0000-5000-8000-000000000101',
     '7b0c2a6e-0000-5000-8000-000000000003', 'mesures.txt', 'text/plain', 11, X'6c61722e2031323020636d', '2021-04-01T17:00:00Z');

INSERT INTO notifications (account_id, entry_id, reason, created_at)
SELECT '7b0c2a6e-0000-5000-8000-000000000001', id, 'new-entry', created_at
FROM entries
LIMIT 10;
INSERT INTO notifications (account_id, entry_id, reason, created_at) VALUES
    ('7b0c2a6e-0000-5000-8000-000000000002', NULL, 'welcome', '2021-03-02T08:05:00Z');
