CREATE TABLE "catalog"."categories" (
	"slug" text PRIMARY KEY NOT NULL,
	"name" text NOT NULL,
	"parent" text
);--> statement-breakpoint
CREATE TABLE "catalog"."further_prices" (
	"sku" text NOT NULL,
	"currency" text NOT NULL,
	"amount_minor" bigint NOT NULL,
	CONSTRAINT "further_prices_sku_currency_pk" PRIMARY KEY("sku","currency"),
	CONSTRAINT "further_prices_amount_not_negative" CHECK ("catalog"."further_prices"."amount_minor" >= 0),
	CONSTRAINT "further_prices_currency_code" CHECK ("catalog"."further_prices"."currency" ~ '^[A-Z]{3}$')
);--> statement-breakpoint
CREATE TABLE "catalog"."product_categories" (
	"category" text NOT NULL,
	"product_id" text NOT NULL,
	CONSTRAINT "product_categories_category_product_id_pk" PRIMARY KEY("category","product_id")
);--> statement-breakpoint
ALTER TABLE "catalog"."products" ADD COLUMN "status" text DEFAULT 'published' NOT NULL;--> statement-breakpoint
ALTER TABLE "catalog"."products" ADD COLUMN "skus" text DEFAULT '' NOT NULL;--> statement-breakpoint
ALTER TABLE "catalog"."products" ADD COLUMN "view" json;--> statement-breakpoint
ALTER TABLE "catalog"."products" ADD COLUMN "version" bigint DEFAULT 1 NOT NULL;--> statement-breakpoint
ALTER TABLE "catalog"."products" ADD COLUMN "search" "tsvector" GENERATED ALWAYS AS (setweight(to_tsvector('english'::regconfig, regexp_replace(regexp_replace(normalize(name, NFKD), '[\u0300-\u036f]+', '', 'g'), '[!-/:-@[-`{-~]+', ' ', 'g')) || to_tsvector('simple'::regconfig, regexp_replace(regexp_replace(normalize(name, NFKD), '[\u0300-\u036f]+', '', 'g'), '[!-/:-@[-`{-~]+', ' ', 'g')), 'A')
        || setweight(to_tsvector('simple'::regconfig, regexp_replace(regexp_replace(normalize(code || ' ' || skus, NFKD), '[\u0300-\u036f]+', '', 'g'), '[!-/:-@[-`{-~]+', ' ', 'g')), 'A')
        || setweight(to_tsvector('english'::regconfig, regexp_replace(regexp_replace(normalize(coalesce(description, ''), NFKD), '[\u0300-\u036f]+', '', 'g'), '[!-/:-@[-`{-~]+', ' ', 'g')) || to_tsvector('simple'::regconfig, regexp_replace(regexp_replace(normalize(coalesce(description, ''), NFKD), '[\u0300-\u036f]+', '', 'g'), '[!-/:-@[-`{-~]+', ' ', 'g')), 'B')) STORED;--> statement-breakpoint
ALTER TABLE "catalog"."variants" ADD COLUMN "choices" jsonb DEFAULT '[]'::jsonb NOT NULL;--> statement-breakpoint
ALTER TABLE "catalog"."categories" ADD CONSTRAINT "categories_parent_categories_slug_fk" FOREIGN KEY ("parent") REFERENCES "catalog"."categories"("slug") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "catalog"."further_prices" ADD CONSTRAINT "further_prices_sku_variants_sku_fk" FOREIGN KEY ("sku") REFERENCES "catalog"."variants"("sku") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "catalog"."product_categories" ADD CONSTRAINT "product_categories_category_categories_slug_fk" FOREIGN KEY ("category") REFERENCES "catalog"."categories"("slug") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "catalog"."product_categories" ADD CONSTRAINT "product_categories_product_id_products_id_fk" FOREIGN KEY ("product_id") REFERENCES "catalog"."products"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "categories_parent" ON "catalog"."categories" USING btree ("parent");--> statement-breakpoint
CREATE INDEX "product_categories_product" ON "catalog"."product_categories" USING btree ("product_id");--> statement-breakpoint
CREATE INDEX "products_published" ON "catalog"."products" USING btree ("position") WHERE status = 'published';--> statement-breakpoint
CREATE INDEX "products_search" ON "catalog"."products" USING gin ("search");--> statement-breakpoint
ALTER TABLE "catalog"."products" ADD CONSTRAINT "products_status" CHECK ("catalog"."products"."status" in ('draft', 'published'));--> statement-breakpoint
ALTER TABLE "catalog"."products" ADD CONSTRAINT "products_version_positive" CHECK ("catalog"."products"."version" > 0);--> statement-breakpoint
-- Products of before are shown as they were, with the one list price of each variant.
UPDATE "catalog"."products" p
SET "skus" = v.skus,
    "view" = json_build_object(
      'id', p.id, 'code', p.code, 'name', p.name, 'description', p.description, 'status', p.status,
      'categories', json_build_array(), 'options', json_build_array(), 'variants', v.variants)
FROM (
  SELECT product_id, string_agg(sku, ' ' ORDER BY position) AS skus,
    json_agg(json_build_object(
      'sku', sku, 'title', title,
      'price', json_build_object('amountMinor', amount_minor, 'currency', currency),
      'prices', json_build_array(json_build_object('amountMinor', amount_minor, 'currency', currency)),
      'choices', choices, 'stocked', stocked) ORDER BY position) AS variants
  FROM "catalog"."variants" GROUP BY product_id
) v
WHERE v.product_id = p.id;--> statement-breakpoint
ALTER TABLE "catalog"."products" ALTER COLUMN "view" SET NOT NULL;
