-- Boutique, another shop product: articles have one key of their own, purchases keep the shop's numbering.

CREATE TABLE merchants (
    id TEXT PRIMARY KEY NOT NULL,
    email TEXT NOT NULL UNIQUE,
    joined_at TEXT NOT NULL
);

CREATE TABLE boutiques (
    id TEXT PRIMARY KEY NOT NULL,
    merchant_id TEXT NOT NULL REFERENCES merchants (id) ON DELETE RESTRICT,
    name TEXT NOT NULL,
    sector TEXT NOT NULL,
    opened_at TEXT NOT NULL
);

-- id is "<boutique>/<reference>": two shops may sell the same reference
CREATE TABLE articles (
    id TEXT PRIMARY KEY NOT NULL,
    boutique_id TEXT NOT NULL REFERENCES boutiques (id) ON DELETE CASCADE,
    reference TEXT NOT NULL,
    title TEXT NOT NULL,
    description TEXT NOT NULL,
    attributes TEXT NOT NULL,
    price REAL NOT NULL CHECK (price >= 0),
    UNIQUE (boutique_id, reference)
);

CREATE TABLE purchases (
    boutique_id TEXT NOT NULL REFERENCES boutiques (id) ON DELETE CASCADE,
    reference TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('received', 'in-preparation', 'delivered')),
    recipient TEXT NOT NULL,
    delivery_address TEXT NOT NULL,
    invoice_address TEXT NOT NULL,
    shipping TEXT NOT NULL,
    total REAL NOT NULL,
    placed_at TEXT,
    PRIMARY KEY (boutique_id, reference)
);

CREATE TABLE purchase_lines (
    boutique_id TEXT NOT NULL,
    line_number INTEGER NOT NULL,
    purchase_reference TEXT NOT NULL,
    article_id TEXT NOT NULL REFERENCES articles (id) ON DELETE RESTRICT,
    quantity INTEGER NOT NULL CHECK (quantity > 0),
    amount REAL NOT NULL,
    PRIMARY KEY (boutique_id, line_number),
    FOREIGN KEY (boutique_id, purchase_reference) REFERENCES purchases (boutique_id, reference) ON DELETE CASCADE
);

CREATE INDEX purchase_lines_by_purchase ON purchase_lines (boutique_id, purchase_reference);
CREATE INDEX purchase_lines_by_article ON purchase_lines (article_id);
