"""Products as they are met in the field, in a few lines each: their tables, their rows, and what a draft should find.

A line is a table with its number of rows; its first column is its key, or `a&b` where two columns are the key. A column
says what it holds, and so writes the answer key: nobody has to keep the two alike.

    account_id>accounts     ids of another table, which nothing declares; >accounts.code is another column of it
    owner_id>users?         empty in half of the rows
    order_id>orders!        one in ten rows points at what is gone
    a+order_id>orders       both columns of its key
    item_type:item_id>>Post=posts|Task=tasks     the type says of which table
    item_type:item_id~>>Task=tasks     the ids stand as text
    position#50             whole numbers below 50 that mean nothing
    id@                     ids that are UUIDs
    code=fr|de|es           one of these texts
    name                    some text
"""

from __future__ import annotations

import random
import re
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from tests.conformance.platforms import Platform

Row = dict[str, Any]
_LINE = re.compile(r"(\S+) (\d+): (.+)")


@dataclass(frozen=True, kw_only=True)
class Product:
    """`root` is what the tenant should be looked for in; `shared` and `left` what should become of other tables."""

    name: str
    text: str
    root: str
    shared: frozenset[str] = frozenset()
    left: frozenset[str] = frozenset()
    missed: frozenset[str] = frozenset()  # references that no name and no value tells


@dataclass(frozen=True, kw_only=True)
class Made:
    """A product's rows and what is true of its columns."""

    keys: dict[str, tuple[str, ...]]
    rows: dict[str, list[Row]]
    references: set[str] = field(default_factory=set)  # table.column → parent.column
    types: set[str] = field(default_factory=set)  # table.column where type_column = value → parent


def made(product: Product) -> Made:
    """The same rows every time."""
    chance = random.Random(product.name)  # noqa: S311 - nothing is to be kept secret
    found = Made(keys={}, rows={})
    lines = [match.groups() for match in map(_LINE.fullmatch, product.text.strip().splitlines()) if match]
    assert len(lines) == len(product.text.strip().splitlines()), product.name
    for table, count, columns in lines:  # keys first: references go both ways
        key, *_ = columns.split(", ")
        found.keys[table] = tuple(re.split(r"[>@=]", name)[0] for name in key.split("&"))
        found.rows[table] = [dict(_keyed(key, number, chance)) for number in range(1, int(count) + 1)]
    for part in (0, 1):
        for table, _, columns in lines:
            key, *others = columns.split(", ")
            for column in others if part else (name for name in key.split("&") if ">" in name):
                _fill(found, table, column, chance)
    for table, rows in found.rows.items():
        found.rows[table] = list({tuple(row[name] for name in found.keys[table]): row for row in rows}.values())
    return found


def _keyed(key: str, number: int, chance: random.Random) -> Iterator[tuple[str, Any]]:
    for part in key.split("&"):
        name, _, texts = part.partition("=")
        if ">" not in part:
            uuid4 = str(uuid.UUID(int=chance.getrandbits(128), version=4))
            yield (
                part.rstrip("@").split("=")[0],
                texts.split("|")[number - 1] if texts else uuid4 if "@" in name else number,
            )


def _fill(found: Made, table: str, column: str, chance: random.Random) -> None:
    rows = found.rows[table]
    if ">>" in column:
        return _fill_typed(found, table, column, chance)
    name, arrow, target = re.split(r"[#=]", column)[0].rstrip("@").partition(">")
    if "+" in name:
        return _fill_both(found, table, name, target, chance)
    if not arrow:
        for number, row in enumerate(rows):
            row[name] = _meaningless(column, number, chance)
        return None
    optional, gone = target.endswith("?"), target.endswith("!")
    parent, dot, key = target.rstrip("?!").partition(".")
    key = key if dot else found.keys[parent][-1]
    known = [row[key] for row in found.rows[parent]]
    for row in rows:
        row[name] = None if optional and chance.random() < 0.5 else chance.choice(known)
        if gone and chance.random() < 0.1:
            row[name] = 900_000 + chance.randrange(1000)
    found.references.add(f"{table}.{name} → {parent}.{key}")
    return None


def _fill_both(found: Made, table: str, names: str, parent: str, chance: random.Random) -> None:
    """Rows of the parent that have what the row has in the first column."""
    (first, second), (tenant, number) = names.split("+"), found.keys[parent]
    for row in found.rows[table]:
        row[second] = chance.choice([one[number] for one in found.rows[parent] if one[tenant] == row[first]])
    found.references.add(f"{table}.{names} → {parent}.{tenant}+{number}")


def _fill_typed(found: Made, table: str, column: str, chance: random.Random) -> None:
    names, _, said = column.partition(">>")
    type_column, id_column = names.split(":")
    types = dict(pair.split("=") for pair in said.split("|"))
    for row in found.rows[table]:
        value = chance.choice(list(types))
        row[type_column] = value
        row[id_column] = chance.choice(found.rows[types[value]])[found.keys[types[value]][-1]]
    found.types.update(
        f"{table}.{id_column} where {type_column} = {value} → {parent}" for value, parent in types.items()
    )


def _meaningless(column: str, number: int, chance: random.Random) -> Any:
    name, _, most = column.partition("#")
    if most:
        return chance.randrange(int(most))
    name, _, texts = column.partition("=")
    if texts:
        return chance.choice(texts.split("|"))
    return f"{name.rstrip('@')} {number} {chance.randrange(1000)}"


def fill(platform: Platform, found: Made) -> None:
    """The product in a database, without a single foreign key declared."""
    for table, rows in found.rows.items():
        columns = {name: _type(next((row[name] for row in rows if row[name] is not None), "")) for name in rows[0]}
        declared = ", ".join(f"{_quoted(name)} {type_}" for name, type_ in columns.items())
        key = ", ".join(_quoted(name) for name in found.keys[table])
        platform.run(f"CREATE TABLE {_quoted(table)} ({declared}, PRIMARY KEY ({key}));")
        platform.insert(table, [tuple(row.values()) for row in rows])


def _type(value: object) -> str:
    return "INTEGER" if isinstance(value, int) else "VARCHAR(120)"


def _quoted(name: str) -> str:
    return f'"{name}"'


PRODUCTS = (
    Product(
        name="rails",
        root="accounts.id",
        shared=frozenset({"plans", "countries", "currencies", "blobs"}),
        left=frozenset({"schema_migrations", "ar_internal_metadata"}),
        text="""
accounts 6: id, name, plan_id>plans, country_id>countries, stripe_customer_id, tax_id, seats_count#40
plans 3: id, name, currency_id>currencies, position#9
countries 12: id, name, iso_code
currencies 4: id, name
users 60: id, account_id>accounts, email, invited_by_id>users?, sign_in_count#90, session_token_id, locale=fr|en
teams 14: id, account_id>accounts, name, lead_id>users?, parent_id>teams?
team_memberships 90: id, team_id>teams, user_id>users, role=admin|member, position#12
projects 25: id, account_id>accounts, owner_id>users, name, status#4, external_id#5000
tasks 160: id, project_id>projects, assignee_id>users?, created_by_id>users, parent_task_id>tasks?, priority#5
comments 120: id, commentable_type:commentable_id>>Project=projects|Task=tasks, author_id>users!, body
attachments 50: id, record_type:record_id>>Task=tasks|Blog::Comment=comments, blob_id>blobs, name
blobs 50: id, key, byte_size#90000, checksum, content_type=image/png|text/plain
invoices 40: id, account_id>accounts, billing_address_id>addresses, invoice_no#40, total#5000
addresses 30: id, account_id>accounts, street, zip_code#90000
line_items 90: id, invoice_id>invoices!, quantity#12, price#500, product_id>products
products 11: id, account_id>accounts, sku_no#11, name
audit_events 70: id, user_id>users, account_id>accounts, trackable_type:trackable_id~>>Invoice=invoices|User=users, ip
favorites 40: id, user_id>users, favorable_type:favorable_id>>projects=projects|tasks=tasks
schema_migrations 20: version#900000
ar_internal_metadata 1: key, value
""",
    ),
    Product(
        name="gestion",
        root="societe.id_societe",
        shared=frozenset({"pays", "taux_tva", "unites"}),
        left=frozenset({"sequences"}),
        text="""
societe 5: id_societe, raison_sociale, code_pays>pays.code, siret, effectif#200
pays 6: code=fr|be|ch|de|it|es, libelle
utilisateur 25: id_utilisateur, id_societe>societe, nom, courriel, code_postal#95000, matricule#25
client 40: id_client, id_societe>societe, nom, code_pays>pays.code, id_commercial>utilisateur?
adresses 45: id_adresse, id_client>client, rue, ville
commandes 80: id_commande, id_client>client, id_adresse_livraison>adresses, cree_par>utilisateur, num_commande#80
lignes_commande 200: id_ligne, commande_id>commandes!, id_produit>produits, quantite#9, id_tva>taux_tva
produits 30: id_produit, id_societe>societe, libelle, id_unite>unites, num_lot#30, stock#30
taux_tva 3: id_tva, libelle, taux#20
unites 4: id_unite, libelle
factures 50: id_facture, id_commande>commandes, valide_par>utilisateur?, num_facture#50, montant#9000
travaux 20: id_travail, id_client>client, responsable_id>utilisateur, objet
journaux 60: id_journal, type_objet:id_objet>>commande=commandes|facture=factures, id_utilisateur>utilisateur, action
sequences 3: nom, valeur#900
""",
    ),
    Product(
        name="prisma",
        root="Workspace.id",
        shared=frozenset({"FeatureFlag"}),
        left=frozenset({"Migration"}),
        text="""
Workspace 5: id@, name, slug
User 40: id@, email, name, defaultWorkspaceId>Workspace?, referralCode
Membership 80: workspaceId>Workspace&userId>User, role=admin|viewer
Project 20: id@, workspaceId>Workspace, name, createdBy>User, leadUserId>User?
Issue 150: id@, projectId>Project, reporter>User, assigneeId>User?, parentIssueId>Issue?, sequenceNo#150, externalId
IssueLabel 90: issueId>Issue&labelId>Label
Label 15: id@, workspaceId>Workspace, name
Note 60: id@, entityType:entityId>>Issue=Issue|Project=Project, authorId>User, text
Webhook 12: id@, workspaceId>Workspace, url, secretKey
Delivery 90: id@, hookUuid>Webhook, statusCode#600, requestId
FlagUse 30: id@, flag>FeatureFlag, workspaceId>Workspace
FeatureFlag 6: id@, name
Migration 9: id, name
""",
    ),
    Product(
        name="composite",
        root="tenant_id",
        shared=frozenset({"tenants", "units"}),
        text="""
tenants 4: id, name
sites 20: tenant_id>tenants&id, name
devices 60: tenant_id>tenants&id, tenant_id+site_id>sites, name, serial_no#60
readings 200: tenant_id>tenants&id, tenant_id+device_id>devices, value#500, unit_id>units
alarms 40: tenant_id>tenants&id, tenant_id+reading_id>readings, level#3
units 5: id, name
""",
    ),
    Product(
        name="prefixed",
        root="tbl_company.company_no",
        shared=frozenset({"tbl_status", "tbl_categories"}),
        left=frozenset({"tbl_version"}),
        text="""
tbl_company 4: company_no, company_name, boxes#10
tbl_employee 30: employee_no, company_no>tbl_company, name, boss_no>tbl_employee?, status>tbl_status, badge#30
tbl_status 4: id, name
tbl_customer 40: customer_no, company_no>tbl_company, name, salesperson_employee_no>tbl_employee
tbl_orders 90: order_no, customer_no>tbl_customer, approvedby>tbl_employee?, shipno#90, paid#2
tbl_order_lines 200: line_no, order_no>tbl_orders!, productid>tbl_products, qty#9
tbl_products 20: productid, company_no>tbl_company, categoryid>tbl_categories, name, valid#2
tbl_categories 6: categoryid, name
tbl_people_notes 30: note_no, employee_no>tbl_employee, note
tbl_version 1: version, name
""",
    ),
    Product(
        name="django",
        root="crm_organization.id",
        shared=frozenset({"crm_industry", "auth_user"}),
        left=frozenset(
            {"auth_user_groups", "auth_group", "django_content_type", "django_admin_log", "django_migrations"}
        ),
        text="""
auth_user 30: id, username, email
auth_group 5: id, name
auth_user_groups 40: id, user_id>auth_user, group_id>auth_group
crm_organization 5: id, name, industry_id>crm_industry
crm_industry 8: id, name
crm_membership 40: id, user_id>auth_user, organization_id>crm_organization
crm_contact 60: id, organization_id>crm_organization, owner_id>auth_user, name, phone_number#90000
crm_deal 50: id, contact_id>crm_contact!, stage=won|lost, amount#9000, previous_deal_id>crm_deal?
crm_dealactivity 80: id, deal_id>crm_deal, user_id>auth_user, kind=call|mail
django_content_type 9: id, app_label=crm|auth, model
django_admin_log 40: id, user_id>auth_user, content_type_id>django_content_type, object_id#50, action_flag#4
django_migrations 30: id, app, name
""",
    ),
    Product(
        name="legacy",
        root="agencies.agencyid",
        shared=frozenset({"depts", "media"}),
        left=frozenset({"settings", "carriers"}),
        missed=frozenset({"shipment.via → carriers.id", "emp.altered → emp.empid"}),
        text="""
agencies 4: agencyid, agencyname, boxes#9
depts 6: deptid, name
emp 25: empid, agencyid>agencies, name, dept_id>depts, reportsto>emp?, altered>emp?, grade#5, paid#2
cust 40: custid, agencyid>agencies, name, fk_emp>emp, credit_no#40
shipment 60: id, cust_id>cust, via>carriers, approvedby>emp?, items#9, sequence#60
carriers 3: id, name
media 8: id, title
folder 15: id, agency_ref>agencies, folder_parent>folder?, cover_media_id>media?
remark 50: id, sourcetype:source_id>>shipment=shipment|cust=cust, create_uid>emp, text
settings 5: name, value
""",
    ),
)
