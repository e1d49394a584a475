CREATE TABLE "reporting"."sales_by_country" (
	"currency" text NOT NULL,
	"day" text NOT NULL,
	"country" text NOT NULL,
	"orders" bigint NOT NULL,
	"gross_minor" bigint NOT NULL,
	CONSTRAINT "sales_by_country_currency_day_country_pk" PRIMARY KEY("currency","day","country"),
	CONSTRAINT "sales_by_country_counted" CHECK (orders >= 0 and gross_minor >= 0)
);--> statement-breakpoint
CREATE TABLE "reporting"."sales_by_product" (
	"currency" text NOT NULL,
	"day" text NOT NULL,
	"sku" text NOT NULL,
	"name" text NOT NULL,
	"named_at" text NOT NULL,
	"orders" bigint NOT NULL,
	"units" bigint NOT NULL,
	"gross_minor" bigint NOT NULL,
	CONSTRAINT "sales_by_product_currency_day_sku_pk" PRIMARY KEY("currency","day","sku"),
	CONSTRAINT "sales_by_product_counted" CHECK (orders >= 0 and units >= 0 and gross_minor >= 0)
);--> statement-breakpoint
ALTER TABLE "reporting"."sales_by_day" DROP CONSTRAINT "sales_by_day_counted";--> statement-breakpoint
ALTER TABLE "reporting"."sales_by_day" ADD COLUMN "refunded_minor" bigint DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "reporting"."sold_orders" ADD COLUMN "country" text DEFAULT 'ZZ' NOT NULL;--> statement-breakpoint
ALTER TABLE "reporting"."sold_orders" ADD COLUMN "refunded_minor" bigint DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "reporting"."sold_orders" ADD COLUMN "lines" jsonb DEFAULT '[]'::jsonb NOT NULL;--> statement-breakpoint
ALTER TABLE "reporting"."sold_orders" ADD COLUMN "is_cancelled" boolean DEFAULT false NOT NULL;--> statement-breakpoint
ALTER TABLE "reporting"."sold_orders" ADD COLUMN "version" bigint DEFAULT 1 NOT NULL;--> statement-breakpoint
ALTER TABLE "reporting"."sales_by_day" ADD CONSTRAINT "sales_by_day_refunded" CHECK (refunded_minor between 0 and gross_minor);--> statement-breakpoint
ALTER TABLE "reporting"."sales_by_day" ADD CONSTRAINT "sales_by_day_counted" CHECK (orders >= 0 and gross_minor >= 0);--> statement-breakpoint
ALTER TABLE "reporting"."sold_orders" ADD CONSTRAINT "sold_orders_refunded_minor" CHECK (refunded_minor between 0 and gross_minor);--> statement-breakpoint
-- The orders that were counted so far were kept without their countries: all are counted again, from the journals.
DELETE FROM "reporting"."sales_by_day";--> statement-breakpoint
DELETE FROM "reporting"."sold_orders";--> statement-breakpoint
DELETE FROM "reporting"."parked" WHERE "source" = 'orders';--> statement-breakpoint
DELETE FROM "reporting"."cursors" WHERE "source" = 'orders';
