-- The shop: what it sells, what visitors have gathered, and what they ordered. No card number and no security code has a column here.
-- Ids are text, amounts minor units, instants microseconds since 1970, so that the statements are the same as in PostgreSQL.

create table products (
    id text primary key,
    slug text not null constraint product_slug_taken unique,
    category text not null,
    name_en text not null,
    name_pt text not null,
    description_en text not null,
    description_pt text not null,
    image_url text not null,
    price_minor_units bigint not null constraint price_positive check (price_minor_units > 0),
    created_at bigint not null
);
create index products_in_category on products (category, name_pt);

-- A cart knows the id of the order it will become. Every change of the cart gives it a new one: an id stands for one content.
create table carts (
    visitor text primary key,
    order_id text not null constraint cart_order_unique unique,
    changed_at bigint not null
);

create table cart_lines (
    visitor text not null references carts (visitor) on delete cascade,
    product_id text not null references products (id),
    quantity bigint not null constraint cart_quantity_in_range check (quantity between 1 and 99),
    added_at bigint not null,
    primary key (visitor, product_id)
);

-- The id is the request id at the bank.
create table orders (
    id text primary key,
    visitor text,
    status text not null constraint order_status_known check (status in ('pending', 'approved', 'declined', 'not_charged')),
    decline_reason text,
    total_minor_units bigint not null constraint total_positive check (total_minor_units > 0),
    card_last_four text not null constraint card_last_four_only check (length(card_last_four) = 4),
    card_expiry_month bigint not null check (card_expiry_month between 1 and 12),
    card_expiry_year bigint not null,
    account_id text,
    account_version bigint,
    created_at bigint not null,
    decided_at bigint,
    looked_at bigint,
    constraint decline_has_reason check ((status = 'declined') = (decline_reason is not null)),
    constraint decided_has_time check ((status in ('approved', 'declined')) = (decided_at is not null))
);
create index orders_of_visitor on orders (visitor, created_at);
create index orders_unsettled on orders (looked_at) where status in ('pending', 'not_charged');

-- The price is the one of the moment of ordering.
create table order_items (
    id text primary key,
    order_id text not null references orders (id),
    place bigint not null,
    product_id text not null references products (id),
    quantity bigint not null constraint item_quantity_in_range check (quantity between 1 and 99),
    price_minor_units bigint not null constraint item_price_positive check (price_minor_units > 0),
    constraint order_item_place unique (order_id, place)
);
