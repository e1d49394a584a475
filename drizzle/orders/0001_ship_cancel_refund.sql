CREATE TABLE "orders"."order_history" (
	"order_id" text NOT NULL,
	"version" bigint NOT NULL,
	"what" text NOT NULL,
	"amount_minor" bigint,
	"note" text,
	"at" text NOT NULL,
	CONSTRAINT "order_history_order_id_version_pk" PRIMARY KEY("order_id","version"),
	CONSTRAINT "order_history_amount" CHECK (("orders"."order_history"."what" in ('capture_requested', 'captured', 'refund_requested', 'refunded')) = ("orders"."order_history"."amount_minor" is not null))
);--> statement-breakpoint
ALTER TABLE "orders"."orders" DROP CONSTRAINT "orders_state";--> statement-breakpoint
ALTER TABLE "orders"."orders" ADD COLUMN "shipping" jsonb;--> statement-breakpoint
ALTER TABLE "orders"."orders" ADD COLUMN "carrier" text;--> statement-breakpoint
ALTER TABLE "orders"."orders" ADD COLUMN "tracking_number" text;--> statement-breakpoint
ALTER TABLE "orders"."orders" ADD COLUMN "captured_minor" bigint DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "orders"."orders" ADD COLUMN "refunded_minor" bigint DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "orders"."orders" ADD COLUMN "capture_requested_minor" bigint DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "orders"."orders" ADD COLUMN "refund_requested_minor" bigint DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "orders"."orders" ADD COLUMN "payment_version" bigint DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "orders"."order_history" ADD CONSTRAINT "order_history_order_id_orders_id_fk" FOREIGN KEY ("order_id") REFERENCES "orders"."orders"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "orders"."orders" ADD CONSTRAINT "orders_captured" CHECK ("orders"."orders"."captured_minor" between 0 and "orders"."orders"."gross_minor");--> statement-breakpoint
ALTER TABLE "orders"."orders" ADD CONSTRAINT "orders_refunded" CHECK ("orders"."orders"."refunded_minor" between 0 and "orders"."orders"."captured_minor");--> statement-breakpoint
ALTER TABLE "orders"."orders" ADD CONSTRAINT "orders_capture_requested" CHECK ("orders"."orders"."capture_requested_minor" between "orders"."orders"."captured_minor" and "orders"."orders"."gross_minor");--> statement-breakpoint
ALTER TABLE "orders"."orders" ADD CONSTRAINT "orders_refund_requested" CHECK ("orders"."orders"."refund_requested_minor" between 0 and "orders"."orders"."captured_minor");--> statement-breakpoint
ALTER TABLE "orders"."orders" ADD CONSTRAINT "orders_state" CHECK ("orders"."orders"."state" in ('placed', 'paid', 'shipping', 'shipped', 'cancelled'));--> statement-breakpoint
-- Until now an order was paid by one capture of its whole total.
UPDATE "orders"."orders" SET "captured_minor" = "gross_minor", "capture_requested_minor" = "gross_minor" WHERE "state" = 'paid';--> statement-breakpoint
INSERT INTO "orders"."order_history" ("order_id", "version", "what", "at")
SELECT "id", 1, 'placed', "placed_at" FROM "orders"."orders";--> statement-breakpoint
-- When an order became paid stands in the journal alone.
INSERT INTO "orders"."order_history" ("order_id", "version", "what", "at")
SELECT o."id", 2, 'paid', coalesce(to_char(j."announced_at" AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), o."placed_at")
FROM "orders"."orders" o
LEFT JOIN "orders"."journal" j ON j."key" = o."id" AND j."name" = 'orders.paid'
WHERE o."state" = 'paid'
ON CONFLICT DO NOTHING;
